"""Test accuracy against iteration, the three variants racing with the dense network behind (paper, Figure 3)."""

from __future__ import annotations

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.measures import Mean, early_stop_iteration, mean
from explorer.state import State
from explorer.views import words
from explorer.views.chart import (
    NOTHING,
    Chart,
    MarginLabel,
    Mark,
    Span,
    Tone,
    clipped,
    columns,
    frame,
    margin_labels,
    per_cent,
    round_step,
    ticks,
)
from explorer.views.means import Curve, accuracy_range, averaged, curve, shown_level
from explorer.views.selection import Selection
from explorer.views.table import Table, cell, range_cells, range_columns


def title(state: State, selection: Selection) -> str:
    """Return the view's title."""
    level = shown_level(state, selection.level)
    density = words.remaining(state.experiment.density(level))
    return f"Test accuracy at {density} of the weights" if level else "Test accuracy of the dense network"


def note(state: State, selection: Selection) -> str:
    """Say over how many networks the means go."""
    return f"mean and range, n = {averaged(state, shown_level(state, selection.level))}"


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the curves depend on: while it stays the same, there is nothing new to draw."""
    level = shown_level(state, selection.level)
    reached = tuple(
        tuple(sorted(len(known.evaluations) for known in state.find(variant, at).values())[:1])
        for variant, at in (("ticket", 0), *((v, level) for v in VARIANTS))
    )
    networks = len(state.by_level.get(level, {})), state.diverged
    return level, bool(selection.presents), reached, networks, state.done(0), state.done(level), state.ended is None


def accuracy(state: State, selection: Selection) -> Chart:
    """Draw mean test accuracy (per cent) against iteration, with bands from the lowest to the highest replicate."""
    level, (low, high) = shown_level(state, selection.level), accuracy_range(state)
    x = Span.around(0, state.experiment.iterations, 0.075, 0.27)
    y = Span.around(low, high, 0.085, 0.03)
    all_curves = _curves(state, level)
    dense, curves = all_curves["dense"], {v: all_curves[v] for v in VARIANTS}

    marks = _axes(x, y, 2.5 if selection.presents else 5)
    marks |= _curve("dense", dense, low)
    for variant in reversed(VARIANTS):
        marks |= _curve(variant, curves[variant], low)
    marks |= _early_stops(state, level, x, y)
    ends = [
        MarginLabel(
            tone,
            c.iterations[-1],
            c.mean[-1],
            words.TITLES[tone] + ("" if selection.presents else f" {c.mean[-1]:.1f}"),
        )
        for tone, c in all_curves.items()
        if len(c.mean)
    ]
    marks |= margin_labels(ends, x.last + x.share(0.03), x, y, gap=y.share(0.055))
    waiting = _waiting(state, level, all_curves, low)
    centre = (x.first + x.last) / 2
    marks["waiting"] = Mark(
        "texts", "muted", columns("texts", [(centre, low + (high - low) * 0.25, waiting)]), align="center"
    )
    return Chart("accuracy", x, (y,), marks, _summary(state, level, dense, curves), _notes(all_curves))


def table(state: State, selection: Selection) -> Table:
    """Return the curves of the level on screen and the dense one: a row for each iteration that one has reached."""
    level = shown_level(state, selection.level)
    curves = {tone: c for tone, c in _curves(state, level).items() if tone == "dense" or level}
    values = {
        tone: dict(zip(c.iterations.tolist(), map(Mean, c.mean, c.low, c.high), strict=True))
        for tone, c in curves.items()
    }
    iterations = sorted(set().union(*values.values()))
    rows = tuple(
        (cell(at), *(text for of_tone in values.values() for text in range_cells(of_tone.get(at), 2)))
        for at in iterations
    )
    names = (name for tone in curves for name in range_columns(words.TITLES[tone].lower()))
    return Table(("iteration", *names), rows, f"{title(state, selection)}, in per cent.")


def _curves(state: State, level: int) -> dict[Tone, Curve]:
    """Return the dense network's curve and those of the variants, which are empty at level 0."""
    curves: dict[Tone, Curve] = {"dense": curve(state, "ticket", 0)}
    return curves | {v: curve(state, v, level if level else -1) for v in VARIANTS}


def _axes(x: Span, y: Span, parts: float) -> dict[str, Mark]:
    heights = ticks(y.first, y.last, round_step(y.last - y.first, parts))
    along = ticks(0, x.last, max(1, round_step(x.last, 5)))
    below = y.first - y.share(0.045)
    bottom = [(at, below, words.count(at)) for at in along]
    label = [(x.last + x.share(0.05), below, "iterations")]
    return {
        **frame(x, y, per_cent(heights)),
        "x ticks": Mark("texts", "muted", columns("texts", bottom), align="center"),
        "x label": Mark("texts", "muted", columns("texts", label)),
    }


def _curve(tone: Tone, c: Curve, low: float) -> dict[str, Mark]:
    band = {"x": c.iterations, "low": np.maximum(c.low, low), "high": np.maximum(c.high, low)}
    x, y = clipped(c.iterations, c.mean, low)
    end = {"x": c.iterations[-1:], "y": c.mean[-1:]} if len(c.mean) and c.mean[-1] >= low else NOTHING
    return {
        f"band {tone}": Mark("band", tone, band),
        f"line {tone}": Mark("line", tone, {"x": x, "y": y}),
        f"end {tone}": Mark("points", tone, end),  # how far it has come; elsewhere a marker would look like a find
    }


def _early_stops(state: State, level: int, x: Span, y: Span) -> dict[str, Mark]:
    """Mark each variant's mean early-stopping iteration on the axis, once its level is done."""
    marks = {}
    places: dict[Tone, Mean | None] = {"dense": mean(state, "ticket", 0, early_stop_iteration)}
    places |= {v: mean(state, v, level, early_stop_iteration) if level else None for v in VARIANTS}
    for tone, stop in places.items():
        points = {"x": [stop.mean], "y": [y.first]} if stop else NOTHING
        marks[f"early stop {tone}"] = Mark("points", tone, points)
    dense = places["dense"]
    said = (
        "early stop, mean" if places.get("ticket") else f"Dense: early stop {words.count(dense.mean)}" if dense else ""
    )
    # The words stand beside the dense marker: to its left where they would run into the margin.
    late = dense is not None and dense.mean > 0.55 * x.last
    at = (dense.mean if dense else 0) + x.share(-0.015 if late else 0.015)
    row = [(at, y.first + y.share(0.04), said)] if dense else []
    after, before = ([], row) if late else (row, [])
    marks["early stop after"] = Mark("texts", "muted", columns("texts", after))
    marks["early stop before"] = Mark("texts", "muted", columns("texts", before), align="right")
    return marks


def _notes(curves: dict[Tone, Curve]) -> list[tuple[float, str]]:
    """Say each curve's mean and range at every iteration that one of them has reached."""
    lines: dict[int, list[str]] = {}
    for tone, c in curves.items():
        for iteration, *values in zip(c.iterations.tolist(), c.mean, c.low, c.high, strict=True):
            lines.setdefault(iteration, []).append("{} {:.1f} ({:.1f}–{:.1f})".format(words.TITLES[tone], *values))
    return [(at, "\n".join((f"iteration {words.count(at)}", *said))) for at, said in sorted(lines.items())]


def _waiting(state: State, level: int, curves: dict[Tone, Curve], low: float) -> str:
    """Say why there is no curve of the level on screen, where none is drawn."""
    if not state.networks:
        return "The curves grow here while the networks train."
    trains = [c for tone, c in curves.items() if (tone == "dense") is (level == 0) and len(c.mean)]
    if not trains:
        return "The curves appear here as soon as the level trains."
    return "" if any(max(c.mean) >= low for c in trains) else f"Still below {low:g}%."


def _summary(state: State, level: int, dense: Curve, curves: dict[Variant, Curve]) -> str:
    if not len(dense.mean):
        return "Test accuracy against iteration: nothing is trained yet."
    parts = [f"dense {dense.mean[-1]:.1f}%"]
    parts += [f"{words.TITLES[v].lower()} {c.mean[-1]:.1f}%" for v, c in curves.items() if len(c.mean)]
    density = words.remaining(state.experiment.density(level), exact=True)
    return f"Test accuracy against iteration at {density} of the weights: {', '.join(parts)}."
