"""How far training moved the surviving weights, beside how large they were (paper, Figures 19 and 20).

It depends on what the histograms depend on: `explorer.views.histogram.key` is its key too.
"""

from __future__ import annotations

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import words
from explorer.views.bins import BINS, Histogram, bars, count, edges, notes, reach
from explorer.views.chart import Chart, Mark, Span, columns, round_step
from explorer.views.on_screen import shown_layer, surviving
from explorer.views.selection import Selection
from explorer.views.table import Table, cell


def distance(state: State, selection: Selection) -> Histogram:
    """Count the surviving weights of one layer (per cent) in 60 bins of |initial| and of |final − initial|.

    Training that is under way counts with its weights as they are now.
    """
    magnitude, moved, widest = _measured(state, selection)
    before = {v: _share(values, widest) for v, values in magnitude.items()}
    after = {v: _share(values, widest) for v, values in moved.items()}
    x = Span.around(0, widest, 0.0, 0.0)
    y = Span.around(0, 1.12 * max((c.max() for c in before.values()), default=1.0), 0.16, 0.02)
    summary = _summary(shown_layer(state, selection).name, magnitude, moved)
    charts = {
        v: Chart(
            f"distance {v}",
            x,
            (y,),
            _scale(x, y)
            | bars(v, x, y, before.get(v), after.get(v), [widest * k / 4 for k in (1, 2, 3)])
            | _beyond(x, y, before.get(v), after.get(v)),
            summary,
            notes(
                0,
                widest,
                before.get(v),
                after.get(v),
                lambda share: f"{share:.1f}% began at that size",
                lambda share: f"{share:.1f}% moved that far",
            ),
        )
        for v in VARIANTS
    }
    return Histogram(charts, frozenset(magnitude), summary)


def table(state: State, selection: Selection) -> Table:
    """Return the bins: their edges, and the share of surviving weights of that magnitude, and moved that far."""
    magnitude, moved, widest = _measured(state, selection)
    bounds = edges(0, widest)
    shares = {
        f"{words.TITLES[v].lower()}, {what}": _share(values[v], widest)
        for v in VARIANTS
        for what, values in (("initial magnitude", magnitude), ("distance moved", moved))
        if v in values
    }
    return Table(
        ("from", "to", *shares),
        tuple(
            (cell(bounds[k], 4), cell(bounds[k + 1], 4), *(cell(values[k], 2) for values in shares.values()))
            for k in range(BINS)
        ),
        f"Surviving weights of {shown_layer(state, selection).name} by magnitude and by distance moved, in per cent.",
    )


def _measured(state: State, selection: Selection) -> tuple[dict[Variant, np.ndarray], dict[Variant, np.ndarray], float]:
    """Return |initial| and |now − initial| of the surviving weights by variant, and the range they are drawn over."""
    initial, trained = surviving(state, selection)
    magnitude = {v: np.abs(values) for v, values in initial.items()}
    return magnitude, {v: np.abs(now - initial[v]) for v, now in trained.items()}, reach(initial.values())


def _share(values: np.ndarray, widest: float) -> np.ndarray:
    return 100 * count(values, 0, widest) / max(len(values), 1)


def _scale(x: Span, y: Span) -> dict[str, Mark]:
    """Draw one grid line with its share at the right, where few weights are."""
    at = round_step(y.last, 2)
    text = [(x.last - x.share(0.01), at + y.share(0.06), f"{at:g}%")]
    return {
        "grid": Mark("rules", "grid", columns("rules", [(x.first, at, x.last, at)]), width=1),
        "y tick": Mark("texts", "muted", columns("texts", text), align="right"),
    }


def _beyond(x: Span, y: Span, before: np.ndarray | None, after: np.ndarray | None) -> dict[str, Mark]:
    """Say how tall the tallest bar is, where it does not fit, to the right of all that reaches as high as the words."""
    row = []
    if before is not None and after is not None and after.max() > y.last:
        as_high = np.flatnonzero(np.maximum(before, after) > y.last - y.share(0.12))[-1]
        right = edges(x.first, x.last)[as_high + 1] + x.share(0.015)
        row = [(right, y.last - y.share(0.05), f"↑ {after.max():.0f}%")]
    return {"beyond": Mark("texts", "ink", columns("texts", row))}


def _summary(layer: str, magnitude: dict[Variant, np.ndarray], moved: dict[Variant, np.ndarray]) -> str:
    if not moved:
        return f"Distance that training moved the surviving weights of {layer}: nothing is trained yet."
    parts = [
        f"{words.TITLES[v].lower()} {values.mean():.3f} from a size of {magnitude[v].mean():.3f}"
        for v, values in moved.items()
    ]
    return f"Mean distance that training moved the surviving weights of {layer}: {'; '.join(parts)}."
