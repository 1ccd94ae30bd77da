"""The command `lottery`. Exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted."""

from __future__ import annotations

import itertools
import json
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress
from rich.table import Table

from explorer.errors import ExplorerError, Refused, RunError, sentence
from explorer.events import VARIANTS, Event, Glimpse
from explorer.experiment import Experiment, accepted, field
from explorer.presets import DEFAULT, PRESETS, preset
from explorer.runs import Run
from explorer.runs.export import ALL, KINDS, Choice
from explorer.runs.export import export as export_run
from explorer.runs.records import to_line
from explorer.views import Selection, measures, words
from explorer.views.measures import COLUMNS
from explorer.views.progress import progress
from explorer.views.story import result

if TYPE_CHECKING:
    from explorer.session import Session

UNITS = {"": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}

FLAGS = ("architecture", "dataset", "prune", "levels", "iterations", "replicates", "seed")
"""The settings with a flag of their own; `--set` reaches every one."""


def main() -> NoReturn:
    """Run the command, and turn what is refused or fails into one sentence and an exit status."""
    try:
        sys.exit(lottery.main(standalone_mode=False))
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ExplorerError as error:
        click.echo(f"lottery: {error}", err=True)
        sys.exit(2 if isinstance(error, Refused) else 1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lottery-explorer", prog_name="lottery")
def lottery() -> None:
    """See the lottery ticket hypothesis: search for winning tickets, and compare them with their controls."""


def experiment_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each setting in `FLAGS`, from the experiment's table of fields."""
    for name in reversed(FLAGS):
        entry = field(name)
        metavar = {"architecture": "A", "dataset": "D", "prune": "PERCENT"}.get(name, "N")
        text = f"{entry.title}: {entry.description}; {accepted(name, typed=True)}."
        command = click.option(f"--{name}", metavar=metavar, help=text)(command)
    return command


@lottery.command()
@click.argument("file", metavar="[EXPERIMENT.json]", required=False, type=click.Path(path_type=Path))
@click.option("--preset", "preset_name", metavar="NAME", help=f"Begin with a preset: {', '.join(PRESETS)}.")
@experiment_flags
@click.option(
    "--device",
    default="auto",
    metavar="auto|cpu|cuda",
    help="Where to train; auto takes a GPU if there is one.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Set any field, as files hold it (prune=0.2).",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run directory (default: a new one).")
@click.option("--json", "as_json", is_flag=True, help="Print the records on stdout, a line of JSON each.")
def search(
    file: Path | None,
    preset_name: str | None,
    device: str,
    settings: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Search for winning tickets and write a run directory.

    Settings come from EXPERIMENT.json or a preset, then from the flags; what is not given is the paper's
    recipe. With nothing given at all, the preset sixty-seconds runs.
    """
    typed = {name: value for name, value in flags.items() if value is not None}
    if file is None and preset_name is None and not typed and not settings:
        preset_name = DEFAULT
    experiment = _experiment(file, preset_name, typed, settings)

    from explorer.session import Session  # torch is loaded once the settings are known to be right

    session = Session(experiment, device, out)
    if as_json:
        session.subscribe(_print_records())
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:  # a second time: at once, even where a search cannot be asked to end, as in a download
            raise KeyboardInterrupt
        interrupted = True
        session.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        session.start()
        _follow(session)
    except RunError as error:  # nothing ran: the folder that was given is the wrong argument
        raise Refused({"out": str(error)}) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    ended = session.state.ended
    if ended and ended.outcome == "failed":
        raise ExplorerError(ended.message + (f" The run is in {session.folder}." if session.folder else ""))
    if session.folder is None:
        click.echo("Interrupted before anything was computed; nothing is kept.", err=True)
    else:
        found = result(session.state)
        if found:
            click.echo(found.line, err=True)
        where = "Interrupted; what was computed is in" if interrupted else "Written to"
        click.echo(f"{where} {session.folder}", err=True)
    sys.exit(130 if interrupted else 0)


def _experiment(
    file: Path | None, preset_name: str | None, typed: dict[str, str], settings: tuple[str, ...]
) -> Experiment:
    """Put the settings together: a file or a preset, then `--set`, then the flags."""
    if file is not None and preset_name is not None:
        raise Refused({"preset": "Give EXPERIMENT.json or --preset, not both."})
    base = preset(preset_name) if preset_name else None
    if file is not None:
        try:
            base = Experiment.from_json(file.read_bytes())
        except OSError as error:
            raise Refused({"file": f"{file} cannot be read ({error.strerror})."}) from None
    values: dict[str, Any] = {}
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            raise Refused({"set": f"--set: {setting!r} is not accepted; give FIELD=VALUE."})
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return Experiment.parse(typed, base, values)


def _print_records() -> Callable[[Event], None]:
    """Return a subscriber that prints each record as a line of JSON."""
    lines = itertools.count()

    def show(event: Event) -> None:
        if not isinstance(event, Glimpse):
            with suppress(BrokenPipeError):  # who read the lines has gone; the run is still written
                click.echo(to_line(next(lines), event))

    return show


def _follow(session: Session) -> None:
    """Show progress and time left on stderr until the session ends: a bar, or a line a level where none can move."""
    console = Console(stderr=True, highlight=False, markup=False)
    columns = ("{task.description}", BarColumn(), "{task.percentage:>3.0f}%", "{task.fields[left]}")
    said: int | str = ""
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=1.0, left="")
        while session.wait(0.2) in ("running", "paused"):
            state = session.state
            now = progress(state)
            density = words.remaining(state.experiment.density(state.level), exact=True)
            where = f"level {state.level} of {state.experiment.levels}, {density} of the weights"
            bar.update(task, completed=now.share, description=state.preparing or where, left=now.left)
            news = state.level if state.networks else state.preparing
            if bar.disable and news != said:
                said = news
                level = ": ".join(filter(None, (where, now.left)))
                click.echo(level if state.networks else state.preparing, err=True)
    session.wait()  # for whoever still prints the last records


@lottery.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def show(folder: Path) -> None:
    """Show what a run directory holds: early stopping, speed-up and accuracies of each level and variant.

    Each is a mean with its range. A speed-up is the dense networks' mean early-stopping iteration ÷ a network's own:
    bigger is faster.
    """
    run = Run.open(folder)
    experiment, state = run.experiment, run.state
    console = Console(highlight=False, markup=False)
    console.width = max(console.width, 120)  # a table cut off says nothing
    console.print(f"{words.settings(experiment)}: {run.status}")
    heads = [column.head.replace(" at ", "\nat ") for column in COLUMNS.values()]
    for part in (slice(4), slice(4, None)):  # at early stopping, and at the end: beside each other they are too wide
        table = Table("level", "weights %", "variant", "n", *heads[part], box=SIMPLE, padding=(0, 1, 0, 0))
        for row in measures(state, Selection()):
            values = (f"{mean} ({span})" if span else mean for mean, span in row.values[part])
            table.add_row(str(row.level), row.remaining, row.tone, str(row.n), *values)
        console.print(table)
    found = result(state)
    if found:
        console.print(found.line)
    if state.ended and state.ended.message:
        console.print(state.ended.message)


@lottery.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", "size", default="5MB", metavar="SIZE", help="At most this much, such as 5MB or 800kB.")
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
def thin(folder: Path, size: str, out: Path) -> None:
    """Copy a run so that it fits into SIZE: every curve, all masks, and one replicate's weights, as far as they fit."""
    from explorer.runs.thin import thin as thin_run

    click.echo(thin_run(Run.open(folder), out, _bytes(size)))


@lottery.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--what",
    multiple=True,
    default=(ALL,),
    metavar="KIND",
    help=f"{', '.join(KINDS)} or {ALL} (default); may be repeated.",
)
@click.option("--variant", default="ticket", metavar="V", help=f"Of the network: {', '.join(VARIANTS)}.")
@click.option("--replicate", default="0", metavar="N", help="Of the network, from 0 (default).")
@click.option("--level", metavar="N", help="Of the network, 0 for the dense one (default: the last that is trained).")
@click.option(
    "--when",
    default="final",
    metavar="MOMENT",
    help="Its weights before or after training, or where tickets are rewound to: initial, final, rewind.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def export(
    folder: Path,
    out: Path,
    what: tuple[str, ...],
    variant: str,
    replicate: str,
    level: str | None,
    when: str,
    force: bool,
) -> None:
    """Export a run into the folder OUT.

    Tables (csv), one network with torch's names (network: safetensors), one page that replays offline (html), every
    view of the last level as SVG and PNG (pictures; for which a Chromium is needed). Nothing is written where a file
    is there already, unless --force is given.
    """
    run = Run.open(folder)
    numbers = (_whole("--replicate", replicate), None if level is None else _whole("--level", level))
    try:
        choice = Choice(variant, *numbers, when=when)  # type: ignore[arg-type]  # names are looked at there
        for path in export_run(run, out, what, choice, force):
            click.echo(path)
    except RunError as error:  # the run is one: what is asked of it, or the folder, is the wrong argument
        raise Refused({"export": str(error)}) from None


def _whole(flag: str, text: str) -> int:
    """Turn what was typed into a whole number from 0."""
    if not text.isdecimal():
        raise Refused({flag: sentence(flag, repr(text), "a whole number from 0")})
    return int(text)


def _bytes(size: str) -> int:
    """Turn a size such as 5MB into bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(kb|mb|gb|)", size.strip().lower())
    if found is None:
        raise Refused({"to": sentence("--to", repr(size), "a size such as 5MB or 800kB")})
    return int(float(found[1]) * UNITS[found[2]])


@lottery.command()
def presets() -> None:
    """List the presets."""
    for name, known in PRESETS.items():
        click.echo(f"{name}: {known.about}")
        click.echo(f"  {known.experiment.to_json()}")


@lottery.command()
@click.option(
    "--rounds", default=7, type=click.IntRange(min=1), metavar="N", help="How often to time each (default: 7)."
)
@click.option("--whole", is_flag=True, help="A whole search, too, against the plain loops: some ten minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def bench(rounds: int, whole: bool, as_json: bool) -> None:
    """Measure how fast this machine's CPU trains, against plain PyTorch loops: about two minutes."""
    from explorer.benchmarks.bench import measure
    from explorer.benchmarks.report import table, to_json

    with Console(stderr=True).status("loading") as status:
        report = measure(rounds, whole, status.update)
    if as_json:
        click.echo(to_json(report))
    else:
        console = Console(highlight=False, markup=False)
        console.width = max(console.width, 120)  # a table cut off says nothing
        console.print(table(report))


@lottery.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Where to serve (default: the first free from 8866; one that is taken is passed over).",
)
@click.option(
    "--app", default="explorer", metavar="APP", help="What to serve: explorer (default), or talk, for a stage."
)
def explore(port: int | None, app: str) -> None:
    """Serve the page on this machine and say where to look."""
    from explorer.serve import serve

    sys.exit(serve(port, app))
