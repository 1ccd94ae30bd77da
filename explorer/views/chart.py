"""What a chart is made of: named marks in data coordinates. Whoever draws it needs to know nothing of its subject.

Every text, grid line and margin label is a mark too, so that a chart looks the same wherever it is drawn.
A chart's marks keep their names, kinds and order from one state to the next; only their columns change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from explorer.events import Variant

RunTone = Literal["run-a", "run-b", "run-c", "run-d", "run-e", "run-f"]
Tone = Variant | RunTone | Literal["dense", "ink", "muted", "axis", "grid", "selection", "page"]
Align = Literal["left", "center", "right"]
Kind = Literal["line", "band", "points", "rules", "boxes", "texts"]
Columns = Mapping[str, Sequence[Any] | np.ndarray]

VARIANT_TONES: tuple[Tone, ...] = ("dense", "random-sparse", "random-reinit", "ticket")
ROOFS = (4.0, 10.0, 20.0, 50.0, 100.0)
NOTHING: dict[str, list[float]] = {"x": [], "y": []}

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "line": ("x", "y"),
    "band": ("x", "low", "high"),
    "points": ("x", "y"),
    "rules": ("x", "y", "x_end", "y_end"),
    "boxes": ("left", "right", "bottom", "top"),
    "texts": ("x", "y", "text"),
}


@dataclass(frozen=True)
class Mark:
    """One kind of thing drawn in one tone.

    Args:
        kind: what is drawn; `COLUMNS` says which columns it takes.
        tone: whose colour, dash and shape it has.
        columns: the data, all of one length; empty where there is nothing to draw yet.
        panel: which y axis it is measured on.
        width: of a line, in pixels; None is the tone's own.
        size: of points, relative to their usual size.
        align: of texts, where x is.
        bold: of texts.
    """

    kind: Kind
    tone: Tone
    columns: Columns
    panel: int = 0
    width: float | None = None
    size: float = 1.0
    align: Align = "left"
    bold: bool = False


@dataclass(frozen=True)
class Span:
    """The whole width or height of a chart, in data coordinates, and the part of it that holds data."""

    low: float
    high: float
    first: float
    last: float

    @classmethod
    def around(cls, first: float, last: float, before: float, after: float) -> Span:
        """Put margins around data from `first` to `last`; `before` and `after` are shares of the whole."""
        whole = (last - first) / (1 - before - after)
        return cls(first - before * whole, last + after * whole, first, last)

    def share(self, part: float) -> float:
        """Return the length of a share of the whole, in data coordinates."""
        return part * (self.high - self.low)


@dataclass(frozen=True)
class Chart:
    """A chart as plain data.

    Args:
        name: which chart it is.
        x: its horizontal axis.
        panels: its vertical axes.
        marks: what is drawn, in order.
        summary: one sentence that says what it shows.
        notes: what to say to who points at a place: (x, lines of text).
    """

    name: str
    x: Span
    panels: tuple[Span, ...]
    marks: Mapping[str, Mark]
    summary: str
    notes: Sequence[tuple[float, str]] = ()


def nothing(mark: Mark) -> Columns:
    """Return a mark's columns with nothing in them."""
    return {name: [] for name in COLUMNS[mark.kind]}


def columns(kind: Kind, rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    """Turn rows into the named columns of a kind of mark."""
    names = COLUMNS[kind]
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def frame(x: Span, y: Span, heights: Mapping[float, str], panel: int = 0, of: str = "") -> dict[str, Mark]:
    """Draw the floor of a panel, and grid lines at the heights written at its left; `of` ends the marks' names."""
    left = x.first - x.share(0.012)
    grid = [(x.first, height, x.last, height) for height in heights if height > y.first]
    written = [(left, height, text) for height, text in heights.items()]
    return {
        f"grid{of}": Mark("rules", "grid", columns("rules", grid), panel, width=1),
        f"axis{of}": Mark("rules", "axis", columns("rules", [(x.first, y.first, x.last, y.first)]), panel, width=1),
        f"y ticks{of}": Mark("texts", "muted", columns("texts", written), panel, align="right"),
    }


def per_cent(heights: Sequence[float]) -> dict[float, str]:
    """Write heights as per cent, with the sign on the top one only."""
    return {height: f"{height:g}" + ("%" if height == heights[-1] else "") for height in heights}


def roof(values: Iterable[float]) -> float:
    """Return the top of an axis from 0 to at most 100: one of a few, so that it rarely changes while values come."""
    highest = max(values, default=0.0)
    return next((top for top in ROOFS if highest <= top), ROOFS[-1])


@dataclass(frozen=True)
class MarginLabel:
    """A name in the right margin that belongs to the point (x, y)."""

    tone: Tone
    x: float
    y: float
    text: str


def margin_labels(
    labels: Sequence[MarginLabel],
    at: float,
    x: Span,
    y: Span,
    gap: float,
    panel: int = 0,
    tones: Sequence[Tone] = VARIANT_TONES,
) -> dict[str, Mark]:
    """Write names at a fixed x, level with their last values but never closer than `gap`, joined by hairlines.

    Returns a "label" and a "leader" mark for each of the tones; a value below the axis is marked with an arrow.
    """
    ordered = sorted(labels, key=lambda label: label.y)
    inside = [min(max(label.y, y.first), y.last) for label in ordered]
    places = list(inside)
    for _ in range(60):  # push neighbours apart until they are
        for one, two in zip(range(len(places)), range(1, len(places)), strict=False):
            overlap = gap - (places[two] - places[one])
            if overlap > 0:
                places[one] -= overlap / 2
                places[two] += overlap / 2
        if places:
            lift = max(0.0, y.first + gap / 2 - places[0])
            places = [place + lift for place in places]
    marks: dict[str, Mark] = {}
    for tone in tones:
        mine = [
            (label, end, place) for label, end, place in zip(ordered, inside, places, strict=True) if label.tone == tone
        ]
        texts = [(at, place, label.text + (" ↓" if label.y < y.first else "")) for label, _, place in mine]
        leaders = [(label.x, end, at - x.share(0.012), place) for label, end, place in mine if label.y >= y.first]
        bold = tone != "dense"
        name = f"{tone} {panel}"
        marks[f"leader {name}"] = Mark("rules", tone, columns("rules", leaders), panel, width=1)
        marks[f"label {name}"] = Mark("texts", tone, columns("texts", texts), panel, bold=bold)
    return marks


def ticks(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of `step` from `low` to `high`."""
    first = int(np.ceil(low / step - 1e-9))
    return [step * k for k in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def round_step(span: float, parts: float) -> float:
    """Return the round number (1, 2 or 5 × 10ⁿ) that cuts `span` into about `parts`."""
    raw = span / parts
    power = 10.0 ** np.floor(np.log10(raw))
    return float(min((1, 2, 5, 10), key=lambda m: abs(m * power - raw)) * power)


def clipped(x: np.ndarray, y: np.ndarray, low: float) -> tuple[np.ndarray, np.ndarray]:
    """Cut a line off where it falls below `low`, exactly on the boundary."""
    xs, ys = [], []
    for k in range(len(x)):
        if k and (y[k - 1] < low) != (y[k] < low):
            t = (low - y[k - 1]) / (y[k] - y[k - 1])
            xs.append(x[k - 1] + t * (x[k] - x[k - 1]))
            ys.append(low)
        if y[k] >= low:
            xs.append(x[k])
            ys.append(y[k])
        elif ys and not np.isnan(ys[-1]):
            xs.append(x[k])
            ys.append(np.nan)
    return np.array(xs, dtype=float), np.array(ys, dtype=float)
