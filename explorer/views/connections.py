"""How many connections each unit and each input of a layer has left (paper, Figures 21-24)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from explorer.architectures import Parameter
from explorer.errors import Refused, sentence
from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import words
from explorer.views.chart import Chart, MarginLabel, Mark, Span, columns, frame, margin_labels, round_step, ticks
from explorer.views.means import shown_level
from explorer.views.on_screen import joined, masks_of, on_pixels, shown_layer
from explorer.views.selection import Selection
from explorer.views.table import Table, cell

INCOMING, OUTGOING = 0, 1  # the two panels
Counts = dict[Variant, NDArray[np.int64]]


@dataclass(frozen=True)
class Connections:
    """What is left of the connections of one unit or one input in one network.

    Args:
        fan_in: for each input of the layer, whether the unit is connected with it; empty for an input.
        fan_out: for each unit that it could reach, whether it does; empty for a unit of the output layer.
        summary: one sentence.
    """

    fan_in: NDArray[np.bool_]
    fan_out: NDArray[np.bool_]
    summary: str


def connections(state: State, selection: Selection) -> Chart:
    """Draw connections left, most connected first: above, into each unit; below, out of each input of the layer.

    The x axis is the rank as a share (per cent) of the units or inputs, so that layers can be compared. It depends on
    what the masks depend on: `explorer.views.masks.key` is its key too.
    """
    layer, (incoming, outgoing) = shown_layer(state, selection), _counts(state, selection)
    x = Span.around(0, 100, 0.085, 0.215)
    tops = [_top(counts) for counts in (incoming, outgoing)]
    upper, lower = Span.around(0, tops[0][-1], 0.57, 0.09), Span.around(0, tops[1][-1], 0.1, 0.56)
    below = lower.first - lower.share(0.045)
    across = [(at, below, f"{at}%") for at in (0, 25, 50, 75, 100)]
    marks = {
        **frame(x, upper, {h: words.count(h) for h in tops[0]}, INCOMING),
        **frame(x, lower, {h: words.count(h) for h in tops[1]}, OUTGOING, " below"),
        "x ticks": Mark("texts", "muted", columns("texts", across), OUTGOING, align="center"),
        "x label": Mark(
            "texts", "muted", columns("texts", [(x.high, below, "most to fewest")]), OUTGOING, align="right"
        ),
        **_title(x, upper, "Into each unit", f"{layer.shape[0]} units", INCOMING),
        **_title(x, lower, "Out of each input", f"{layer.shape[1]} inputs", OUTGOING),
    }
    dense = shown_level(state, selection.level) == 0
    for panel, (y, counts) in enumerate(((upper, incoming), (lower, outgoing))):
        for variant in reversed(VARIANTS):
            line = columns("line", _steps(counts[variant])) if variant in counts else {"x": [], "y": []}
            marks[f"line {variant} {panel}"] = Mark("line", variant, line, panel)
        labels = [
            MarginLabel(v, x.last, float(c.min()), words.TITLES["dense" if dense else v]) for v, c in counts.items()
        ]
        marks |= margin_labels(labels, x.last + x.share(0.02), x, y, gap=y.share(0.055), panel=panel)
    waiting = "" if incoming else "Connections are counted here when training begins."
    centre = [((x.first + x.last) / 2, upper.last / 2, waiting)]
    marks["waiting"] = Mark("texts", "muted", columns("texts", centre), align="center")
    return Chart(
        "connections", x, (upper, lower), marks, _summary(layer, incoming, outgoing), _notes(incoming, outgoing)
    )


def table(state: State, selection: Selection) -> Table:
    """Return the connections left at every twentieth of the units and inputs, from the most to the least connected."""
    layer, (incoming, outgoing) = shown_layer(state, selection), _counts(state, selection)
    shown = {
        f"{words.TITLES[v].lower()}, {what}": counts[v]
        for what, counts in (("into a unit", incoming), ("out of an input", outgoing))
        for v in counts
    }
    rows = tuple(
        (cell(rank), *(cell(counts[_at(rank, len(counts))]) for counts in shown.values())) for rank in range(0, 101, 5)
    )
    return Table(("rank, %", *shown), rows, f"Connections left in {layer.name}, most connected first.")


def of_unit(state: State, selection: Selection, unit: int) -> dict[Variant, Connections]:
    """Return what one unit of the layer on screen is still connected with, for each variant that has a mask.

    Units count from 0 here and from 1 in the sentence. Raises `Refused` for a unit that is not there.
    """
    layer = shown_layer(state, selection)
    units = layer.shape[0]
    _check("Unit", unit, units)
    prunable = state.experiment.prunable
    after = next((later for one, later in pairwise(prunable) if one is layer), None)
    found: dict[Variant, Connections] = {}
    for variant, mask in masks_of(state, selection, layer).items():
        fan_in, fan_out = joined(mask)[unit].astype(bool), np.empty(0, bool)
        said = f"unit {unit + 1}: {mask[unit].sum()} of {mask[unit].size} connections in"
        reached = masks_of(state, selection, after).get(variant) if after else None
        if reached is not None:
            # What follows sees a channel at each place of its kernel or, flattened, at each pixel.
            of_unit = reached.reshape(len(reached), units, -1)[:, unit]
            fan_out = np.asarray(of_unit.any(1))
            said += f", {of_unit.sum()} of {of_unit.size} out"
        found[variant] = Connections(fan_in, fan_out, said)
    return found


def of_pixel(state: State, selection: Selection, pixel: int) -> dict[Variant, Connections]:
    """Return which units of the layer on screen one of its inputs still reaches, for each variant that has a mask.

    An input of the first layer is a pixel of the image, row by row, with all of its channels; pixels, rows and
    columns count from 0 here and from 1 in the sentence. Raises `Refused` for an input that is not there.
    """
    layer = shown_layer(state, selection)
    units, inputs = layer.shape[:2]
    _, height, width = state.experiment.data.shape
    first = on_pixels(state, layer)
    _check("Pixel" if first else "Input", pixel, height * width if first else inputs)
    name = f"row {pixel // width + 1}, column {pixel % width + 1}" if first else f"input {pixel + 1}"
    found: dict[Variant, Connections] = {}
    for variant, mask in masks_of(state, selection, layer).items():
        of_pixel = mask.reshape(units, -1, height * width)[:, :, pixel] if first else mask[:, pixel].reshape(units, -1)
        said = f"{name}: {of_pixel.sum()} of {of_pixel.size} connections"
        found[variant] = Connections(np.empty(0, bool), np.asarray(of_pixel.any(1)), said)
    return found


def _check(label: str, given: int, count: int) -> None:
    if not 0 <= given < count:
        accepted = f"a whole number from 0 to {count - 1}"
        raise Refused({label.lower(): sentence(label, given, accepted)})


def _counts(state: State, selection: Selection) -> tuple[Counts, Counts]:
    """Return the connections into each unit and out of each input, most connected first, for each variant."""
    masks = masks_of(state, selection, shown_layer(state, selection))
    incoming, outgoing = ({v: np.sort(joined(m).sum(axis))[::-1] for v, m in masks.items()} for axis in (1, 0))
    return incoming, outgoing


def _top(counts: Counts) -> list[float]:
    """Return the ticks of a panel: round numbers from 0 to one that is not below any count."""
    most = max((int(c[0]) for c in counts.values()), default=1)
    step = max(1.0, round_step(most, 3))
    return ticks(0, step * math.ceil(most / step), step)


def _title(x: Span, y: Span, title: str, note: str, panel: int) -> dict[str, Mark]:
    height, after = y.last + y.share(0.055), x.first + x.share(0.24)
    return {
        f"title {panel}": Mark("texts", "ink", columns("texts", [(x.first, height, title)]), panel, bold=True),
        f"note {panel}": Mark("texts", "muted", columns("texts", [(after, height, note)]), panel),
    }


def _steps(counts: NDArray[np.int64]) -> list[tuple[float, float]]:
    """Return the outline of sorted counts over their rank in per cent: a tread for each run of equal ones."""
    ends = [*(np.flatnonzero(np.diff(counts)) + 1).tolist(), len(counts)]
    rows, begin = [], 0
    for end in ends:
        rows += [(100 * at / len(counts), float(counts[begin])) for at in (begin, end)]
        begin = end
    return rows


def _at(rank: float, count: int) -> int:
    """Return the place of a rank in per cent among `count` sorted ones."""
    return min(int(rank * count / 100), count - 1)


def _notes(incoming: Counts, outgoing: Counts) -> list[tuple[float, str]]:
    """Say what the unit and the input at each rank have left."""
    notes = []
    for rank in range(0, 101, 2) if incoming else ():
        lines = [f"at {rank}% of the units and inputs"]
        lines += [
            f"{words.TITLES[v]} {incoming[v][_at(rank, len(incoming[v]))]} in, "
            f"{outgoing[v][_at(rank, len(outgoing[v]))]} out"
            for v in incoming
        ]
        notes.append((float(rank), "\n".join(lines)))
    return notes


def _summary(layer: Parameter, incoming: Counts, outgoing: Counts) -> str:
    if "ticket" not in incoming:
        return "Connections of each unit and input: there are no masks yet."
    into, out = incoming["ticket"], outgoing["ticket"]
    return (
        f"In the ticket's {layer.name} a unit has {into[-1]} to {into[0]} of {layer.fans[0]} incoming connections "
        f"left, an input {out[-1]} to {out[0]} of {layer.fans[1]} outgoing ones."
    )
