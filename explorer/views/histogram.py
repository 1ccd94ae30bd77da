"""Surviving weights, initial and trained, for each variant (paper, Figures 15, 19 and 20)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import words
from explorer.views.chart import Chart, Mark, Span, columns
from explorer.views.masks import on_screen, shown_layer
from explorer.views.selection import Selection

BINS = 60
REACHES = (0.2, 0.4, 0.6, 0.8, 1.2)


@dataclass(frozen=True)
class Histogram:
    """One chart a variant, over one range, with one sentence; a variant without weights yet is absent."""

    charts: dict[Variant, Chart]
    ready: frozenset[Variant]
    summary: str


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the histograms depend on: while it stays the same, there is nothing new to draw."""
    parts: list[object] = [shown_layer(state, selection).name]
    for variant in VARIANTS:
        network, known = on_screen(state, selection, variant)
        parts.append((network, known and (bool(known.initial), known.trained, known.seen and known.seen.iteration)))
    return tuple(parts)


def histogram(state: State, selection: Selection) -> Histogram:
    """Count the surviving weights of one layer in 60 bins: before training, and as they are now."""
    layer = shown_layer(state, selection)
    initial: dict[Variant, np.ndarray] = {}
    trained: dict[Variant, np.ndarray] = {}
    for variant in VARIANTS:
        _, known = on_screen(state, selection, variant)
        if known is None or layer.name not in known.initial or layer.name not in known.masks:
            continue
        mask = known.masks[layer.name]
        initial[variant] = known.initial[layer.name][mask]
        now = known.final or (known.seen.weights if known.seen else {})
        if layer.name in now:
            trained[variant] = now[layer.name][mask]
    reach = _reach(initial)
    edges = np.linspace(-reach, reach, BINS + 1)
    before = {v: _count(values, reach) for v, values in initial.items()}
    after = {v: _count(values, reach) for v, values in trained.items()}
    tallest = max((int(c.max()) for c in before.values()), default=1)
    summary = _summary(layer.name, initial, trained)
    charts = {v: _chart(v, edges, before.get(v), after.get(v), 1.12 * tallest, reach, summary) for v in VARIANTS}
    return Histogram(charts, frozenset(initial), summary)


def _count(values: np.ndarray, reach: float) -> np.ndarray:
    """Count values in equal bins over ±reach; those outside are not drawn."""
    places = np.floor((values + reach) * (BINS / (2 * reach)))
    return np.bincount(places[(places >= 0) & (places < BINS)].astype(np.int64), minlength=BINS)


def _reach(initial: dict[Variant, np.ndarray]) -> float:
    """Choose the range when the level starts: twice the largest initial weight, which training rarely passes."""
    largest = max((float(np.abs(v).max()) for v in initial.values() if v.size), default=0.0)
    return next((reach for reach in REACHES if reach >= 2 * largest), REACHES[-1])


def _chart(
    variant: Variant,
    edges: np.ndarray,
    before: np.ndarray | None,
    after: np.ndarray | None,
    top: float,
    reach: float,
    summary: str,
) -> Chart:
    x = Span.around(-reach, reach, 0.0, 0.0)
    y = Span.around(0, top, 0.16, 0.02)
    bars: list[tuple[float, ...]] = []
    if after is not None:
        inset = 0.08 * (edges[1] - edges[0])
        bars = [(edges[k] + inset, edges[k + 1] - inset, 0, min(float(n), top)) for k, n in enumerate(after) if n]
    steps: dict[str, np.ndarray] = {"x": np.empty(0), "y": np.empty(0)}
    if before is not None:
        heights = np.concatenate(([0], np.repeat(before, 2), [0]))
        steps = {"x": np.repeat(edges, 2), "y": heights}
    at = [-reach / 2, 0, reach / 2] if reach != 0.2 else [-0.1, 0, 0.1]
    below = -y.share(0.095)
    return Chart(
        f"histogram {variant}",
        x,
        (y,),
        {
            "trained": Mark("boxes", variant, columns("boxes", bars)),
            "initial halo": Mark("line", "page", steps, width=3.6),
            "initial": Mark("line", "ink", steps, width=1.6),
            "axis": Mark("rules", "axis", columns("rules", [(-reach, 0, reach, 0)]), width=1),
            "ticks": Mark("rules", "axis", columns("rules", [(t, 0, t, -y.share(0.03)) for t in at]), width=1),
            "x ticks": Mark(
                "texts", "muted", columns("texts", [(t, below, words.minus(t)) for t in at]), align="center"
            ),
        },
        summary,
        _notes(edges, before, after),
    )


def _notes(edges: np.ndarray, before: np.ndarray | None, after: np.ndarray | None) -> list[tuple[float, str]]:
    """Say how many weights each bin holds."""
    if before is None:
        return []
    trained = ["" if after is None else f", {words.count(n)} trained" for n in (before if after is None else after)]
    return [
        (
            (low + high) / 2,
            f"{words.minus(round(low, 3))} to {words.minus(round(high, 3))}: {words.count(n)} initial{t}",
        )
        for low, high, n, t in zip(edges[:-1], edges[1:], before, trained, strict=True)
    ]


def _summary(layer: str, initial: dict[Variant, np.ndarray], trained: dict[Variant, np.ndarray]) -> str:
    if not initial:
        return "There are no weights yet."
    parts = []
    for variant, values in initial.items():
        now = f" to {trained[variant].std():.3f}" if variant in trained else ""
        parts.append(f"{words.TITLES[variant].lower()} {len(values):,} weights, spread {values.std():.3f}{now}")
    return f"Surviving weights of {layer}, initial and trained: {'; '.join(parts)}."
