"""Records as lines of JSON, and back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import get_args

from explorer.events import (
    VARIANTS,
    Diverged,
    Ended,
    Evaluated,
    Interpolated,
    Network,
    NetworkStarted,
    NetworkTrained,
    Outcome,
    Record,
)
from explorer.runs import tensors

KINDS: dict[str, type[Record]] = {
    kind.__name__: kind for kind in (NetworkStarted, Evaluated, Interpolated, NetworkTrained, Diverged, Ended)
}
ARRAYS = ("masks", "initial", "final", "rewind")
ACCEPTED: dict[str, type | tuple[type, ...]] = {"float": (float, int), "int": int, "str": str, "Outcome": str}
NUMBERS = "tuple[float, ...]"
NETWORK = {"variant": "str", "replicate": "int", "level": "int", "draw": "int"}
WORDS = {"variant": VARIANTS, "outcome": get_args(Outcome)}


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
    """Read what `to_line` wrote; the arrays are read from the run directory, if any, when they are asked for.

    Raises ValueError, KeyError or TypeError for what is no record: a run may come from anywhere.
    """
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError("this is no record")
    kind = KINDS[values.pop("record")]
    del values["sequence"]
    _check(kind, values)
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    if "variant" in values:
        values["network"] = Network(**{name: values.pop(name) for name in Network._fields})
    names = {entry.name for entry in dataclasses.fields(kind)}.intersection(ARRAYS)
    if names and folder is not None:
        arrays = dict(zip(ARRAYS, tensors.read(tensors.path(folder, values["network"])), strict=True))
        values |= {name: arrays[name] for name in names}
    return kind(**values)


def _check(kind: type[Record], values: dict[str, object]) -> None:
    """Raise ValueError where a value is not of its field's type, or no word that it may be."""
    types = {entry.name: str(entry.type) for entry in dataclasses.fields(kind)} | NETWORK
    for name, value in values.items():
        if not _is(value, types.get(name, "")) or (name in WORDS and value not in WORDS[name]):
            raise ValueError(f"{name} is {value!r}")
    lengths = {len(value) for value in values.values() if isinstance(value, list)}
    if lengths and (len(lengths) > 1 or min(lengths) < 2):
        raise ValueError(f"a line has {sorted(lengths)} places")


def _is(value: object, of: str) -> bool:
    """Tell whether a value from JSON may be that of a field, by the field's type; of no other is anything known."""
    if of == NUMBERS:
        return isinstance(value, list) and all(_is(number, "float") for number in value)
    return isinstance(value, ACCEPTED.get(of, object)) and value is not True
