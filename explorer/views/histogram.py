"""Surviving weights, initial and trained, for each variant (paper, Figures 15, 19 and 20)."""

from __future__ import annotations

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import words
from explorer.views.bins import BINS, Histogram, bars, count, edges, notes, reach
from explorer.views.chart import Chart, Span
from explorer.views.on_screen import on_screen, shown_layer, surviving
from explorer.views.remembered import remembered
from explorer.views.selection import Selection
from explorer.views.table import Table, cell


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the histograms depend on: while it stays the same, there is nothing new to draw.

    Of networks in training they show the weights of one iteration, once all that are on screen have come to it.
    """
    parts, seen = [], []
    for variant in VARIANTS:
        network, known = on_screen(state, selection, variant)
        parts.append((network, known and (bool(known.initial), known.trained)))
        if known is not None and not known.trained:
            seen.append(known.seen.iteration if known.seen else -1)
    return (shown_layer(state, selection).name, min(seen, default=None), *parts)


def histogram(state: State, selection: Selection) -> Histogram:
    """Count the surviving weights of one layer in 60 bins: before training, and as they are now."""
    initial, trained = surviving(state, selection)
    widest = reach(initial.values())
    before = {v: count(values, -widest, widest) for v, values in initial.items()}
    after = {v: count(values, -widest, widest) for v, values in trained.items()}
    top = 1.12 * max((int(c.max()) for c in before.values()), default=1)
    summary = _summary(shown_layer(state, selection).name, initial, trained)
    charts = {v: _chart(v, before.get(v), after.get(v), widest, top, summary) for v in VARIANTS}
    return Histogram(charts, frozenset(initial), summary)


@remembered(6)
def _chart(
    variant: Variant, before: np.ndarray | None, after: np.ndarray | None, widest: float, top: float, summary: str
) -> Chart:
    x, y = Span.around(-widest, widest, 0.0, 0.0), Span.around(0, top, 0.16, 0.02)
    marks = bars(variant, x, y, before, after, [-widest / 2, 0, widest / 2])
    said = notes(
        -widest,
        widest,
        before,
        after,
        lambda n: f"{words.count(n)} initial",
        lambda n: f"{words.count(n)} trained",
    )
    return Chart(f"histogram {variant}", x, (y,), marks, summary, said)


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


def _summary(layer: str, initial: dict[Variant, np.ndarray], trained: dict[Variant, np.ndarray]) -> str:
    if not initial:
        return "There are no weights yet."
    parts = []
    for variant, values in initial.items():
        now = f" to {_spread(trained[variant]):.3f}" if variant in trained else ""
        parts.append(f"{words.TITLES[variant].lower()} {len(values):,} weights, spread {_spread(values):.3f}{now}")
    return f"Surviving weights of {layer}, initial and trained: {'; '.join(parts)}."


@remembered(12)
def _spread(values: np.ndarray) -> float:
    return float(values.std())
