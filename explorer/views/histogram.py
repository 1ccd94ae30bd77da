"""Surviving weights, initial and trained, for each variant (paper, Figures 15, 19 and 20)."""

from __future__ import annotations

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import words
from explorer.views.bins import BINS, Histogram, bars, count, edges, reach
from explorer.views.chart import Chart, Span
from explorer.views.on_screen import on_screen, shown_layer, surviving
from explorer.views.selection import Selection
from explorer.views.table import Table, cell


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the histograms depend on: while it stays the same, there is nothing new to draw."""
    parts: list[object] = [shown_layer(state, selection).name]
    for variant in VARIANTS:
        network, known = on_screen(state, selection, variant)
        parts.append((network, known and (bool(known.initial), known.trained, known.seen and known.seen.iteration)))
    return tuple(parts)


def histogram(state: State, selection: Selection) -> Histogram:
    """Count the surviving weights of one layer in 60 bins: before training, and as they are now."""
    initial, trained = surviving(state, selection)
    widest = reach(initial.values())
    before = {v: count(values, -widest, widest) for v, values in initial.items()}
    after = {v: count(values, -widest, widest) for v, values in trained.items()}
    x = Span.around(-widest, widest, 0.0, 0.0)
    y = Span.around(0, 1.12 * max((int(c.max()) for c in before.values()), default=1), 0.16, 0.02)
    at = [-widest / 2, 0, widest / 2]
    summary = _summary(shown_layer(state, selection).name, initial, trained)
    charts = {
        v: Chart(
            f"histogram {v}",
            x,
            (y,),
            bars(v, x, y, before.get(v), after.get(v), at),
            summary,
            _notes(edges(-widest, widest), before.get(v), after.get(v)),
        )
        for v in VARIANTS
    }
    return Histogram(charts, frozenset(initial), summary)


def table(state: State, selection: Selection) -> Table:
    """Return the bins of the histogram: their edges, and how many surviving weights each holds before and now."""
    initial, trained = surviving(state, selection)
    widest = reach(initial.values())
    bounds = edges(-widest, widest)
    counts = {
        f"{words.TITLES[v].lower()}, {when}": count(values[v], -widest, widest)
        for v in VARIANTS
        for when, values in (("initial", initial), ("trained", trained))
        if v in values
    }
    return Table(
        ("from", "to", *counts),
        tuple(
            (cell(bounds[k], 4), cell(bounds[k + 1], 4), *(cell(values[k]) for values in counts.values()))
            for k in range(BINS)
        ),
        f"Surviving weights of {shown_layer(state, selection).name} in each bin of their value.",
    )


def _notes(bounds: np.ndarray, before: np.ndarray | None, after: np.ndarray | None) -> list[tuple[float, str]]:
    """Say how many weights each bin holds."""
    if before is None:
        return []
    trained = ["" if after is None else f", {words.count(n)} trained" for n in (before if after is None else after)]
    return [
        (
            (low + high) / 2,
            f"{words.minus(round(low, 3))} to {words.minus(round(high, 3))}: {words.count(n)} initial{t}",
        )
        for low, high, n, t in zip(bounds[:-1], bounds[1:], before, trained, strict=True)
    ]


def _summary(layer: str, initial: dict[Variant, np.ndarray], trained: dict[Variant, np.ndarray]) -> str:
    if not initial:
        return "There are no weights yet."
    parts = []
    for variant, values in initial.items():
        now = f" to {trained[variant].std():.3f}" if variant in trained else ""
        parts.append(f"{words.TITLES[variant].lower()} {len(values):,} weights, spread {values.std():.3f}{now}")
    return f"Surviving weights of {layer}, initial and trained: {'; '.join(parts)}."
