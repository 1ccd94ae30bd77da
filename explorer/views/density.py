"""Accuracy and early-stopping iteration against weights remaining (paper, Figures 1, 4 and 14)."""

from __future__ import annotations

import math

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import words
from explorer.views.chart import (
    NOTHING,
    Chart,
    MarginLabel,
    Mark,
    Span,
    clipped,
    columns,
    margin_labels,
    round_step,
    ticks,
)
from explorer.views.means import (
    Mean,
    Measurement,
    accuracy_range,
    early_stop_accuracy,
    early_stop_iteration,
    final_accuracy,
    mean,
    shown_level,
)
from explorer.views.selection import Selection
from explorer.views.verdict import verdict

ACCURACY, ITERATION = 0, 1  # the two panels
Measured = list[tuple[float, Mean]]


def density(state: State, selection: Selection) -> Chart:
    """Draw two panels over one axis, log of weights remaining, sparser to the right.

    Above, test accuracy (per cent) at the end of training or at early stopping; below, the early-stopping
    iteration. Each point is a mean over replicates with its range.
    """
    experiment = state.experiment
    level, (low, high) = shown_level(state, selection.level), accuracy_range(state)
    places = [-math.log10(experiment.density(k)) for k in range(experiment.levels + 1)]
    x = Span.around(-math.log10(1.12), places[-1] - math.log10(0.88), 0.08, 0.215)
    upper = Span.around(low, high, 0.45, 0.09)
    lower = Span.around(0, experiment.iterations, 0.08, 0.65)
    measure = final_accuracy if selection.measure == "final" else early_stop_accuracy
    shown: dict[Variant, Measured] = {v: _measured(state, v, places, measure) for v in VARIANTS}
    stops: dict[Variant, Measured] = {v: _measured(state, v, places, early_stop_iteration) for v in VARIANTS}
    dense, dense_stop = mean(state, "ticket", 0, measure), mean(state, "ticket", 0, early_stop_iteration)

    marks = _selected(places, level, x, upper)
    marks |= _axes(state, places, level, x, upper, lower)
    marks |= _dense(dense, dense_stop, x)
    for variant in reversed(VARIANTS):
        marks |= _line(variant, shown[variant], ACCURACY, low, places[level])
        marks |= _line(variant, stops[variant], ITERATION, 0, places[level])
    marks |= _bracket(state, places, x, upper)
    marks |= _values(shown, stops, places[level] if level else None, upper, lower)
    labels = [MarginLabel("dense", x.last, dense.mean, f"Dense {dense.mean:.1f}")] if dense else []
    labels += [
        MarginLabel(v, m[-1][0] + x.share(0.01), m[-1][1].mean, words.TITLES[v]) for v, m in shown.items() if len(m) > 1
    ]
    marks |= margin_labels(labels, x.last + x.share(0.02), x, upper, gap=upper.share(0.055))
    stop = dense_stop
    below = [MarginLabel("dense", x.last, stop.mean, f"Dense {words.count(stop.mean)}")] if stop else []
    marks |= margin_labels(below, x.last + x.share(0.02), x, lower, gap=lower.share(0.055), panel=ITERATION)
    marks |= _training(state, places, upper)
    notes = _notes(state, places, shown, stops)
    return Chart("density", x, (upper, lower), marks, _summary(state, shown, dense), notes)


def _measured(state: State, variant: Variant, places: list[float], measure: Measurement) -> Measured:
    """Return (place, mean) of every trained level; all variants begin at the dense network."""
    found: Measured = []
    for level, place in enumerate(places):
        value = mean(state, "ticket" if level == 0 else variant, level, measure)
        if value is None:
            break
        found.append((place, value))
    return found


def _selected(places: list[float], level: int, x: Span, upper: Span) -> dict[str, Mark]:
    half = 0.42 * (places[1] - places[0])
    centre = places[level]
    strip = [(max(centre - half, x.first), min(centre + half, x.last), upper.low + upper.share(0.005), upper.last)]
    return {"selected": Mark("boxes", "selection", columns("boxes", strip))}


def _axes(state: State, places: list[float], level: int, x: Span, upper: Span, lower: Span) -> dict[str, Mark]:
    step = round_step(upper.last - upper.first, 5)
    heights = ticks(upper.first, upper.last, step)
    left = x.first - x.share(0.012)
    y_ticks = [(left, h, f"{h:g}" + ("%" if h == heights[-1] else "")) for h in heights]
    steps = [0, lower.last / 2, lower.last]
    written = _written(len(places), level)
    below = lower.first - lower.share(0.045)
    names = [words.remaining(state.experiment.density(k)) for k in range(len(places))]
    others = [(places[k], below, names[k]) for k in written if k != level]
    grid = [(x.first, h, x.last, h) for h in heights if h > upper.first]
    grid_below = [(x.first, s, x.last, s) for s in steps[1:]]
    title = [(x.first, lower.last + lower.share(0.055), "Early-stopping iteration")]
    note = [(x.first + x.share(0.3), lower.last + lower.share(0.055), "lower is faster")]
    floor = [(x.first, upper.first, x.last, upper.first)]
    return {
        "grid": Mark("rules", "grid", columns("rules", grid), width=1),
        "grid below": Mark("rules", "grid", columns("rules", grid_below), ITERATION, width=1),
        "axis": Mark("rules", "axis", columns("rules", floor), width=1),
        "axis below": Mark("rules", "axis", columns("rules", [(x.first, 0, x.last, 0)]), ITERATION, width=1),
        "y ticks": Mark("texts", "muted", columns("texts", y_ticks), align="right"),
        "y ticks below": Mark(
            "texts",
            "muted",
            columns("texts", [(left, s, words.count(s)) for s in steps]),
            ITERATION,
            align="right",
        ),
        "x ticks": Mark("texts", "muted", columns("texts", others), ITERATION, align="center"),
        "x tick selected": Mark(
            "texts",
            "ink",
            columns("texts", [(places[level], below, names[level])]),
            ITERATION,
            align="center",
            bold=True,
        ),
        "x label": Mark(
            "texts",
            "muted",
            columns("texts", [(x.high, below, "weights remaining")]),
            ITERATION,
            align="right",
        ),
        "title below": Mark("texts", "ink", columns("texts", title), ITERATION, bold=True),
        "note below": Mark("texts", "muted", columns("texts", note), ITERATION),
    }


def _written(count: int, selected: int) -> list[int]:
    """Choose which levels' ticks are written: every one up to 12, then every second or third, the ends always."""
    stride = 1 if count <= 12 else 2 if count <= 22 else math.ceil(count / 11)
    always = {0, selected, count - 1}
    near = {k + d for k in (selected, count - 1) for d in range(1 - stride, stride)} - always
    return sorted((set(range(0, count, stride)) - near) | always)


def _dense(dense: Mean | None, stop: Mean | None, x: Span) -> dict[str, Mark]:
    marks = {}
    for panel, value in ((ACCURACY, dense), (ITERATION, stop)):
        line = [(0.0, value.mean, x.last, value.mean)] if value else []
        marks[f"dense line {panel}"] = Mark("rules", "dense", columns("rules", line), panel, width=1.4)
        point = {"x": [0.0], "y": [value.mean]} if value else NOTHING
        marks[f"dense point {panel}"] = Mark("points", "dense", point, panel, size=1.1)
    return marks


def _line(variant: Variant, measured: Measured, panel: int, low: float, selected: float) -> dict[str, Mark]:
    measured = measured if len(measured) > 1 else []
    xs = np.array([place for place, _ in measured])
    means = np.array([m.mean for _, m in measured])
    lows, highs = (np.array([getattr(m, end) for _, m in measured]) for end in ("low", "high"))
    line_x, line_y = clipped(xs, means, low)
    points = [(p, m) for p, m in zip(xs[1:], means[1:], strict=True) if m >= low]
    big = [row for row in points if row[0] == selected]
    band = {"x": xs, "low": np.maximum(lows, low), "high": np.maximum(highs, low)}
    return {
        f"band {variant} {panel}": Mark("band", variant, band, panel),
        f"line {variant} {panel}": Mark("line", variant, {"x": line_x, "y": line_y}, panel),
        f"points {variant} {panel}": Mark("points", variant, columns("points", points), panel),
        f"selected {variant} {panel}": Mark("points", variant, columns("points", big), panel, size=1.3),
    }


def _bracket(state: State, places: list[float], x: Span, upper: Span) -> dict[str, Mark]:
    """Span the levels that match the dense network."""
    found = verdict(state)
    rules: list[tuple[float, ...]] = []
    text: list[tuple[float, float, str]] = []
    if found:
        end, height, foot = (
            places[found.level],
            upper.last + upper.share(0.05),
            upper.last + upper.share(0.035),
        )
        rules = [(0, height, end, height), (0, foot, 0, height), (end, foot, end, height)]
        said = f"matches dense down to {words.remaining(state.experiment.density(found.level), exact=True)}"
        inside = end > 0.62 * x.last  # no room to its right: write under the bracket's line
        text = [(x.share(0.01), height - upper.share(0.04), said)] if inside else [(end + x.share(0.012), height, said)]
    return {
        "bracket": Mark("rules", "ticket", columns("rules", rules), width=1.4),
        "bracket words": Mark("texts", "ticket", columns("texts", text)),
    }


def _values(
    shown: dict[Variant, Measured], stops: dict[Variant, Measured], selected: float | None, upper: Span, lower: Span
) -> dict[str, Mark]:
    """Write the selected level's values at its markers, the ticket's early stop too."""
    at_level = {
        v: value for v, measured in shown.items() for place, value in measured if place == selected and selected
    }
    ranked = sorted(at_level, key=lambda v: at_level[v].mean, reverse=True)
    heights: dict[Variant, float] = {}
    gap = upper.share(0.05)
    for rank, v in enumerate(ranked):
        value = max(at_level[v].mean, upper.first)
        if rank == 0:
            heights[v] = value + gap * 0.75
        else:
            above = max(at_level[ranked[rank - 1]].mean, upper.first)
            roomy = above - value > 1.7 * gap
            heights[v] = value + gap * 0.75 if roomy else min(value - gap * 0.75, heights[ranked[rank - 1]] - gap)
    marks = {}
    for v in VARIANTS:
        row = []
        if v in at_level:
            value = at_level[v].mean
            said = f"{value:.1f}" + (" ↓" if value < upper.first else "")
            row = [(selected, max(heights[v], upper.first + gap / 2), said)]
        marks[f"value {v}"] = Mark("texts", v, columns("texts", row), align="center", bold=True)
    early = [value for place, value in stops["ticket"] if place == selected and selected]
    row = [(selected, e.mean + lower.share(0.045), words.count(e.mean)) for e in early]
    marks["value early stop"] = Mark("texts", "ticket", columns("texts", row), ITERATION, align="center", bold=True)
    return marks


def _training(state: State, places: list[float], upper: Span) -> dict[str, Mark]:
    """Say which level trains now; it has no point until it is done."""
    now = state.level > 0 and not state.done(state.level) and not state.ended
    place = places[state.level]
    rows = [(place, upper.first + upper.share(s), t) for s, t in ((0.085, "training"), (0.04, "now"))] if now else []
    first = [
        (
            (places[0] + places[-1]) / 2,
            upper.first + upper.share(0.25),
            "A point is added when a level is done.",
        )
    ]
    empty = first if not state.done(1) else []
    return {
        "training now": Mark("texts", "muted", columns("texts", rows), align="center"),
        "waiting": Mark("texts", "muted", columns("texts", empty), align="center"),
    }


def _notes(
    state: State, places: list[float], shown: dict[Variant, Measured], stops: dict[Variant, Measured]
) -> list[tuple[float, str]]:
    """Say each variant's mean and range at every level."""
    notes = []
    for level, place in enumerate(places):
        density = words.remaining(state.experiment.density(level), exact=True)
        lines = [f"{density} of the weights, level {level}" if level else "all of the weights"]
        for variant in VARIANTS if level else VARIANTS[:1]:
            if level < len(shown[variant]):
                title = words.TITLES[variant if level else "dense"]
                value, stop = shown[variant][level][1], stops[variant][level][1]
                lines.append(
                    f"{title} {value.mean:.1f} ({value.low:.1f}–{value.high:.1f}), early stop {words.count(stop.mean)}"
                )
        notes.append((place, "\n".join(lines)))
    return notes


def _summary(state: State, shown: dict[Variant, Measured], dense: Mean | None) -> str:
    if dense is None:
        return "Accuracy against weights remaining: no level is done yet."
    last = len(shown["ticket"]) - 1
    if last < 1:
        return f"Accuracy against weights remaining: the dense network reaches {dense.mean:.1f}%."
    said = ", ".join(
        f"{words.TITLES[v].lower()} {shown[v][last][1].mean:.1f}%" for v in VARIANTS if len(shown[v]) > last
    )
    where = words.remaining(state.experiment.density(last), exact=True)
    return f"Accuracy against weights remaining: dense {dense.mean:.1f}%; at {where} of the weights {said}."
