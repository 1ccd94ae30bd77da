"""What a run is taken away as: tables, single networks in torch's own layout, a page that replays, and pictures.

To add a kind, write a function like `_csv` and put it into `KINDS`; the command and its help follow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from explorer.browser import NoBrowser
from explorer.errors import Refused, RunError, nearest, one_of, sentence
from explorer.events import VARIANTS, Network, Variant
from explorer.runs import tensors
from explorer.runs.run import MOMENTS, Run, When

ALL = "all"


class Choice(NamedTuple):
    """Which network is exported, as it was before ("initial") or after ("final") training.

    A dense network may also be as it was where tickets are rewound to ("rewind"). `level` is None for the last one that
    is trained.
    """

    variant: Variant = "ticket"
    replicate: int = 0
    level: int | None = None
    draw: int = 0
    when: When = "final"


FINAL_TICKET = Choice()


def network(
    run: Run,
    variant: Variant = "ticket",
    replicate: int = 0,
    level: int = 0,
    draw: int = 0,
    when: When = "final",
) -> bytes:
    """Return one network as a safetensors file: float32, torch's names and layout, pruned weights zero.

    Its metadata says what it is: `experiment` and `network` (JSON), `when`, and `sha256`. To recompute that, hash the
    tensors' bytes (little-endian, row by row) one after another in the order of their names:

        digest = hashlib.sha256()
        for name, values in sorted(safetensors.numpy.load_file(path).items()):
            digest.update(values.tobytes())

    The same network gives the same bytes. Raises `RunError` where the network or its weights are not there.
    """
    weights = run.weights(variant, replicate, level, draw, when)
    weights = {name: np.ascontiguousarray(values, dtype="<f4") for name, values in sorted(weights.items())}
    digest = hashlib.sha256()
    for values in weights.values():
        digest.update(values.tobytes())
    metadata = {
        "experiment": run.experiment.to_json(),
        "network": json.dumps(Network(variant, replicate, level, draw)._asdict()),
        "when": when,
        "sha256": digest.hexdigest(),
    }
    return tensors.serialize(weights, metadata)


def files(run: Run, what: Iterable[str] = (ALL,), choice: Choice = FINAL_TICKET) -> dict[str, bytes]:
    """Return the files that an export of a run consists of, by name.

    Args:
        run: the run.
        what: kinds of `KINDS`; "all" stands for each that this run has something for and this machine can make.
        choice: the network that is exported.

    Raises:
        Refused: a kind, a variant or a moment that there is not.
        RunError: the run does not hold what is asked for.
        NoBrowser: pictures are asked for by their name, and there is no browser to draw them.
    """
    what = list(what)
    for label, given, names in (
        *(("what", kind, (*KINDS, ALL)) for kind in what),
        ("variant", choice.variant, VARIANTS),
        ("when", choice.when, MOMENTS),
    ):
        if given not in names:
            raise Refused({label: sentence(label, repr(given), one_of(names), nearest(given, names))})
    made: dict[str, bytes] = {}
    for kind, make in KINDS.items():
        if kind in what:
            made |= make(run, choice)
        elif ALL in what:
            with suppress(NoBrowser):
                made |= make(run, choice)
    if not made:
        raise RunError(f"{run.path} has nothing to export: no {choice.variant} of it is trained yet.")
    return made


def export(
    run: Run, out: str | Path, what: Iterable[str] = (ALL,), choice: Choice = FINAL_TICKET, force: bool = False
) -> list[Path]:
    """Write an export into a folder, which is made where it is missing, and return the files.

    Raises like `files`, and `RunError` when the folder cannot be written, or holds one of the files already and
    `force` does not say to replace it; then nothing is written.
    """
    made = {Path(out) / name: content for name, content in files(run, what, choice).items()}
    there = [] if force else [str(path) for path in made if path.exists()]
    if there:
        raise RunError(f"{', '.join(there)} would be replaced; give another folder, or --force.")
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
        for path, content in made.items():
            tensors.write_whole(path, content)
    except OSError as error:
        raise RunError(f"{out} cannot be written ({error.strerror}); give another folder.") from None
    return list(made)


def _csv(run: Run, choice: Choice) -> dict[str, bytes]:
    """Return the tables of `Run`, numbers in full and in their units; that of lines where there are any."""
    tables = {"curves.csv": run.curves(), "summary.csv": run.summary(), "measures.csv": run.measures()}
    lines = run.connectivity()
    if len(lines):
        tables["connectivity.csv"] = lines
    return {name: str(table.to_csv(index=False, lineterminator="\n")).encode() for name, table in tables.items()}


def _network(run: Run, choice: Choice) -> dict[str, bytes]:
    """Return the chosen network, or nothing where none is trained and none is asked for by its level."""
    variant, replicate, level, draw, when = choice
    if level is None:
        trained = [
            n.level for n, known in run.state.networks.items() if known.trained and n[:2] == (variant, replicate)
        ]
        if not trained:
            return {}
        level = max(trained)
    who = tensors.path(Path(), Network(variant, replicate, level, draw)).stem
    return {f"{who}-{when}.safetensors": network(run, variant, replicate, level, draw, when)}


def _html(run: Run, choice: Choice) -> dict[str, bytes]:
    """Return the whole run as one page that replays offline."""
    from explorer.widgets.offline import page  # only who wants it waits for widgets to load

    return {"replay.html": page(run).encode()} if run.state.networks else {}


def _pictures(run: Run, choice: Choice) -> dict[str, bytes]:
    """Return every view of the last level, as SVG and PNG."""
    from explorer.widgets.pictures import pictures

    return pictures(run) if run.state.networks else {}


KINDS: Mapping[str, Callable[[Run, Choice], dict[str, bytes]]] = {
    "csv": _csv,
    "network": _network,
    "html": _html,
    "pictures": _pictures,
}
"""Kind → the function that returns its files by name; no files where a run has nothing for it."""
