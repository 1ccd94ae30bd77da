"""The command `lottery`. Exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import signal
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress
from rich.table import Table

from explorer.errors import DataError, ExplorerError, Refused, RunError, nearest, sentence
from explorer.events import VARIANTS, Event, Glimpse
from explorer.experiment import DRAWS, Experiment
from explorer.presets import DEFAULT, PRESETS, Preset, preset
from explorer.runs import Run
from explorer.runs.export import ALL, KINDS, Choice
from explorer.runs.export import export as export_run
from explorer.runs.records import to_line
from explorer.runs.writer import STUDY
from explorer.settings import accepted, field
from explorer.studies import STUDIES, Study, StudyRun
from explorer.studies.paper import in_short
from explorer.studies.study import SIZES
from explorer.views import Selection, measures, words
from explorer.views.measures import COLUMNS
from explorer.views.progress import progress
from explorer.views.story import result

if TYPE_CHECKING:
    from explorer.session import Session
    from explorer.studies.study_writer import StudyWriter

SIZED_BY = frozenset(("dataset", "prune", "evaluate", "levels", "replicates", "iterations", "seed", *DRAWS.values()))
"""The settings that make a study smaller or larger, which can still be held against the paper."""

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


class Flag(click.Option):
    """A setting's flag, whose help says which names there are when it is asked for."""

    def get_help_record(self, context: click.Context) -> tuple[str, str] | None:
        """Return the flag and its help."""
        entry = field(str(self.name))
        self.help = f"{entry.title}: {entry.description}; {accepted(str(self.name), typed=True)}."
        return super().get_help_record(context)


def experiment_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each setting in `FLAGS`, from the experiment's table of fields."""
    for name in reversed(FLAGS):
        metavar = {"architecture": "A", "dataset": "D", "prune": "PERCENT"}.get(name, "N")
        command = click.option(f"--{name}", cls=Flag, metavar=metavar)(command)
    return command


@lottery.command()
@click.argument("file", metavar="[EXPERIMENT.json]", required=False, type=click.Path(path_type=Path))
@click.option("--preset", "preset_name", metavar="NAME", help="Begin with one of those that `lottery presets` lists.")
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
    """Search for winning tickets and write a run directory, or one for each experiment of a study.

    Settings come from EXPERIMENT.json (or a study's study.json) or a preset, then from the flags; what is not given is
    the paper's recipe. With nothing given at all, the preset sixty-seconds runs. DIR may hold a part of the same study:
    what is finished there is not run again.
    """
    typed = {name: value for name, value in flags.items() if value is not None}
    if file is None and preset_name is None and not typed and not settings:
        preset_name = DEFAULT
    asked = _asked(file, preset_name, typed, settings)
    if isinstance(asked, Study):
        sys.exit(_search_study(asked, device, out, as_json))
    sys.exit(_search(asked, device, out, as_json))


def _search(experiment: Experiment, device: str, out: Path | None, as_json: bool) -> int:
    """Run an experiment, and return the exit status."""
    from explorer.session import Session  # torch is loaded once the settings are known to be right

    session = Session(experiment, device, out)
    interrupted = _carry_out(session, as_json)
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
    return 130 if interrupted else 0


def _search_study(study: Study, device: str, out: Path | None, as_json: bool) -> int:
    """Run the experiments of a study that are not finished, one after the other, and return the exit status."""
    from explorer.datasets import check
    from explorer.studies.study_writer import StudyWriter
    from explorer.training import resolve_device

    resolve_device(device)
    try:
        for _, experiment in study.experiments:
            check(experiment.dataset)
        writer = StudyWriter(study, out)
    except (DataError, RunError) as error:
        raise Refused({"study": str(error)}) from None
    with closing(writer):
        try:
            interrupted = _search_each(writer, device, as_json)
        except KeyboardInterrupt:  # between two searches
            interrupted = True
        if not writer.begun:
            click.echo("Interrupted before anything was computed; nothing is kept.", err=True)
        for label in writer.begun:
            click.echo(f"{label}: {_verdict(writer.folder, label)}", err=True)
        if writer.begun:
            click.echo(
                f"Interrupted. {_interrupted(writer)}" if interrupted else f"Written to {writer.folder}", err=True
            )
    return 130 if interrupted else 0


def _search_each(writer: StudyWriter, device: str, as_json: bool) -> bool:
    """Run what is not finished of a study; returns whether it was interrupted."""
    from explorer.session import Session
    from explorer.studies.cost import seconds

    study = writer.study
    left = [experiment for label, experiment in study.experiments if not writer.finished(label)]
    if left:
        takes = words.roughly(sum(seconds(experiment, device) for experiment in left))
        work = words.rounded(sum(experiment.network_iterations for experiment in left))
        count = words.several(len(left), "experiment")
        click.echo(f"{study.name}: {count} to run, {work} network-iterations, about {takes} here", err=True)
    for number, (label, experiment) in enumerate(study.experiments, 1):
        if writer.finished(label):
            click.echo(f"{label}: finished already", err=True)
            continue
        aside = writer.move_aside(label)
        if aside:
            click.echo(f"{label}: begins anew; the run that did not finish is now in {aside}", err=True)
        session = Session(experiment, device, writer.folder / label)
        interrupted = _carry_out(session, as_json, label, f"{label}, {number} of {len(study.labels)}: ")
        ended = session.state.ended
        if ended and ended.outcome == "failed":
            raise ExplorerError(" ".join(filter(None, (f"{label}: {ended.message}", _interrupted(writer)))))
        if interrupted:
            return True
    return False


def _verdict(folder: Path, label: str) -> str:
    """Say in a line what came out of an experiment of a study, or what became of it."""
    try:
        run = StudyRun(folder).run(label)
        found = result(run.state)
        return found.line if found else run.status
    except RunError as error:  # it was damaged before
        return str(error)


def _interrupted(writer: StudyWriter) -> str:
    """Say where an unfinished study lies, and with which command it goes on; nothing where nothing was begun."""
    command = shlex.join(["lottery", "search", str(writer.folder / STUDY), "--out", str(writer.folder)])
    return f"What was computed is in {writer.folder}; go on with: {command}" if writer.begun else ""


def _carry_out(session: Session, as_json: bool, label: str = "", about: str = "") -> bool:
    """Run a session to its end and show its progress, of a study after `about`; returns whether it was interrupted."""
    if as_json:
        session.subscribe(_print_records(label))
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
        _follow(session, about)
    except RunError as error:  # nothing ran: the folder that was given is the wrong argument
        raise Refused({"out": str(error)}) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return interrupted


def _asked(
    file: Path | None, preset_name: str | None, typed: dict[str, str], settings: tuple[str, ...]
) -> Experiment | Study:
    """Put the settings together: a file or a preset, then `--set`, then the flags; of a study, those of each."""
    if file is not None and preset_name is not None:
        raise Refused({"preset": "Give EXPERIMENT.json or --preset, not both."})
    values: dict[str, Any] = {}
    base = _read(file) if file else _known(preset_name) if preset_name else None
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            raise Refused({"set": f"--set: {setting!r} is not accepted; give FIELD=VALUE."})
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    if not isinstance(base, Study):
        return Experiment.parse(typed, base, values)
    changed = tuple((label, Experiment.parse(typed, experiment, values)) for label, experiment in base.experiments)
    if changed == base.experiments:
        return base
    # With other settings it is no longer of the paper's size, and with others than those of its size not its figure.
    figure = base.figure if {*typed, *values} <= SIZED_BY else ""
    return replace(base, experiments=changed, figure=figure, size="")


def _read(file: Path) -> Experiment | Study:
    """Read an experiment, or the file of a study."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise Refused({"file": f"{file} cannot be read ({error.strerror})."}) from None
    holds: object = None
    with suppress(ValueError):
        holds = json.loads(text)
    is_study = isinstance(holds, dict) and "experiments" in holds
    return Study.from_json(text) if is_study else Experiment.from_json(text)


def _known(name: str) -> Experiment | Study:
    """Return the preset or the study of a name."""
    if name in STUDIES:
        return STUDIES[name]
    if name in PRESETS:
        return preset(name)
    hint = nearest(name, [*PRESETS, *STUDIES])
    raise Refused({"preset": sentence("Preset", repr(name), "a name that `lottery presets` lists", hint)})


def _print_records(label: str) -> Callable[[Event], None]:
    """Return a subscriber that prints each record as a line of JSON, of a study's with the label first."""
    lines = itertools.count()

    def show(event: Event) -> None:
        if not isinstance(event, Glimpse):
            line = to_line(next(lines), event)
            with suppress(BrokenPipeError):  # who read the lines has gone; the run is still written
                click.echo(json.dumps({"label": label, **json.loads(line)}) if label else line)

    return show


def _follow(session: Session, about: str) -> None:
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
            where = f"{about}level {state.level} of {state.experiment.levels}, {density} of the weights"
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
    bigger is faster. Of a study's directory, the same of each, and what the paper says
    beside what came out.
    """
    console = Console(highlight=False, markup=False)
    console.width = max(console.width, 120)  # a table cut off says nothing
    if not (folder / STUDY).exists():
        _show(console, Run.open(folder))
        return
    there = StudyRun(folder)
    console.print(f"{there.study.title}: {there.status}\n{there.study.about}")
    for label in there.study.labels:
        if label not in there.runs:
            console.print(f"\n{label}: not begun")
        else:
            _show(console, there.run(label), f"\n{label}: ")
    rows = there.judged()
    if rows:
        table = Table(box=SIMPLE)
        for head in ("the paper says", "paper", "here", "judgement", "why"):
            table.add_column(head)
        for row in rows:
            table.add_row(*row)
        console.print(table)
        console.print(in_short(rows))


def _show(console: Console, run: Run, about: str = "") -> None:
    """Print the tables of a run."""
    experiment, state = run.experiment, run.state
    console.print(f"{about}{words.settings(experiment)}: {run.status}")
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
@click.option("--device", default="auto", metavar="auto|cpu|cuda", help="For which device to reckon the times.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of JSON objects on stdout, with every setting.")
def presets(device: str, as_json: bool) -> None:
    """List presets and the paper's figures: what each runs, its cost, and the time that it would take here.

    The times are rough; for them a few steps of each kind of network are tried, once on a machine.
    """
    from explorer.studies.cost import seconds

    with Console(stderr=True).status("Looking") as status:
        listed: list[tuple[str, Preset | Study, float]] = [
            *((name, known, seconds(known.experiment, device, status.update)) for name, known in PRESETS.items()),
            *((name, study, seconds(study, device, status.update)) for name, study in STUDIES.items()),
        ]
    if as_json:
        click.echo(json.dumps([_as_json(*one) for one in listed], indent=1))
        return
    titled, told = "", dict[object, str]()
    for name, known, takes in listed:
        if known.title != titled:
            titled = known.title
            click.echo(f"\n{titled}")
            click.echo(textwrap.fill(known.about, 98, initial_indent="  ", subsequent_indent="  "))
        same = told.setdefault(known.experiments, name) if isinstance(known, Study) else name
        cost = f"{words.rounded(known.cost)} network-iterations, about {words.roughly(takes)} here"
        click.echo(f"    {name:24}{cost}{'' if same == name else f' (as {same})'}")
    click.echo("\nSizes:")
    for size, what in SIZES.items():
        click.echo(f"    {size:24}{what}")
    click.echo("\nRun one with: lottery search --preset NAME")


def _as_json(name: str, known: Preset | Study, takes: float) -> dict[str, Any]:
    """Return what is listed of a preset or a study, with every setting."""
    about: dict[str, Any] = {"name": name, "title": known.title, "about": known.about}
    about |= {"network_iterations": known.cost, "seconds": takes}
    if isinstance(known, Preset):
        return about | {"experiment": known.experiment.model_dump()}
    experiments = {label: experiment.model_dump() for label, experiment in known.experiments}
    return about | {"figure": known.figure, "size": known.size, "experiments": experiments}


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
