"""Records as lines of JSON, and back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from explorer.events import Diverged, Ended, Evaluated, Network, NetworkStarted, NetworkTrained, Record
from explorer.runs import tensors

KINDS: dict[str, type[Record]] = {
    kind.__name__: kind for kind in (NetworkStarted, Evaluated, NetworkTrained, Diverged, Ended)
}
ARRAYS = ("masks", "initial", "final")


def to_line(sequence: int, record: Record) -> str:
    """Write a record, without its arrays, as one line of JSON."""
    line: dict[str, object] = {"sequence": sequence, "record": type(record).__name__}
    for entry in dataclasses.fields(record):
        value = getattr(record, entry.name)
        if entry.name == "network":
            line |= value._asdict()
        elif entry.name not in ARRAYS:
            line[entry.name] = value
    return json.dumps(line)


def from_line(line: str | bytes, folder: Path | None) -> Record:
    """Read what `to_line` wrote; the arrays are read from the run directory, if any, when they are asked for."""
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError("this is no record")
    kind = KINDS[values.pop("record")]
    del values["sequence"]
    if "variant" in values:
        values["network"] = Network(**{name: values.pop(name) for name in Network._fields})
    names = {entry.name for entry in dataclasses.fields(kind)}.intersection(ARRAYS)
    if names and folder is not None:
        arrays = dict(zip(ARRAYS, tensors.read(tensors.path(folder, values["network"])), strict=True))
        values |= {name: arrays[name] for name in names}
    return kind(**values)
