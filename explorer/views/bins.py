"""Surviving weights counted in bins, and drawn: an outline of before, filled bars of now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from explorer.events import Variant
from explorer.views import words
from explorer.views.chart import NOTHING, Chart, Mark, Span, columns
from explorer.views.remembered import remembered

BINS = 60
REACHES = (0.2, 0.4, 0.6, 0.8, 1.2)


@dataclass(frozen=True)
class Histogram:
    """One chart a variant, over one range, with one sentence; a variant without weights yet is absent from `ready`."""

    charts: dict[Variant, Chart]
    ready: frozenset[Variant]
    summary: str


@remembered(24)
def count(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Count values in equal bins from `low` to `high`; those outside are not drawn."""
    # In place, with a bin to either side for those outside: 235,000 weights are counted several times a second.
    places = values - low
    places *= BINS / (high - low)
    np.floor(places, out=places)
    np.fmin(np.fmax(places, -1, out=places), BINS, out=places)
    places += 1
    return np.bincount(places.astype(np.int64), minlength=BINS + 2)[1:-1]


def edges(low: float, high: float) -> np.ndarray:
    """Return the bins' edges."""
    return np.linspace(low, high, BINS + 1)


def reach(initial: Iterable[np.ndarray]) -> float:
    """Choose the range when the level starts: twice the largest initial weight, which training rarely passes."""
    largest = max((_largest(values) for values in initial if values.size), default=0.0)
    return next((reach for reach in REACHES if reach >= 2 * largest), REACHES[-1])


@remembered(12)
def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max())


def bars(
    variant: Variant, x: Span, y: Span, before: np.ndarray | None, after: np.ndarray | None, at: Sequence[float]
) -> dict[str, Mark]:
    """Draw the bins before training as an outline and as they are now as bars, cut off at the top, over an axis."""
    bounds = edges(x.first, x.last)
    boxes: list[tuple[float, ...]] = []
    if after is not None:
        inset = 0.08 * (bounds[1] - bounds[0])
        boxes = [(bounds[k] + inset, bounds[k + 1] - inset, 0, min(float(n), y.last)) for k, n in enumerate(after) if n]
    steps = (
        {"x": np.repeat(bounds, 2), "y": np.concatenate(([0], np.repeat(before, 2), [0]))}
        if before is not None
        else NOTHING
    )
    below = [(t, -y.share(0.095), words.minus(t)) for t in at]
    return {
        "trained": Mark("boxes", variant, columns("boxes", boxes)),
        "initial halo": Mark("line", "page", steps, width=3.6),
        "initial": Mark("line", "ink", steps, width=1.6),
        "axis": Mark("rules", "axis", columns("rules", [(x.first, 0, x.last, 0)]), width=1),
        "ticks": Mark("rules", "axis", columns("rules", [(t, 0, t, -y.share(0.03)) for t in at]), width=1),
        "x ticks": Mark("texts", "muted", columns("texts", below), align="center"),
    }


def notes(
    low: float,
    high: float,
    before: np.ndarray | None,
    after: np.ndarray | None,
    began: Callable[[float], str],
    became: Callable[[float], str],
) -> list[tuple[float, str]]:
    """Say what each bin holds, before training and, where that is known, now; nothing where nothing is known."""
    if before is None:
        return []
    now = ["" if after is None else f", {became(n)}" for n in (before if after is None else after)]
    return [
        (middle, f"{name}: {began(n)}{said}")
        for (middle, name), n, said in zip(_bins(low, high), before, now, strict=True)
    ]


@cache
def _bins(low: float, high: float) -> list[tuple[float, str]]:
    """Return each bin's middle and its name."""
    bounds = edges(low, high).tolist()
    return [
        ((left + right) / 2, f"{words.minus(round(left, 3))} to {words.minus(round(right, 3))}")
        for left, right in pairwise(bounds)
    ]
