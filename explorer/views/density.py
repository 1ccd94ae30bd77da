"""Accuracy and early-stopping iteration against weights remaining (paper, Figures 1, 4 and 14)."""

from __future__ import annotations

from dataclasses import replace

from explorer.events import VARIANTS, Variant
from explorer.measures import Mean, Measurement, early_stop_iteration, mean
from explorer.state import State
from explorer.views import words
from explorer.views.chart import (
    NOTHING,
    Chart,
    MarginLabel,
    Mark,
    Span,
    columns,
    frame,
    margin_labels,
    nothing,
    per_cent,
    round_step,
    ticks,
)
from explorer.views.level_axis import LevelAxis, Measured
from explorer.views.means import accuracy_range, early_stop_accuracy, final_accuracy, shown_level
from explorer.views.placement import free_height, free_heights
from explorer.views.selection import Selection
from explorer.views.table import Table, cell, range_cells, range_columns
from explorer.views.verdict import too_short, verdict

ACCURACY, ITERATION = 0, 1  # the two panels
TEXT, THIN = 0.042, 0.012  # height of words and of a line, as shares of the chart's height
Words = list[tuple[float, float, str]]


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the chart depends on: while it stays the same, there is nothing new to draw."""
    done = tuple(state.done(level) for level in range(state.level + 1))
    level = shown_level(state, selection.level)
    return level, selection.measure, bool(selection.presents), done, state.diverged, state.ended is None


def density(state: State, selection: Selection) -> Chart:
    """Draw two panels over one axis, log of weights remaining, sparser to the right.

    Above, test accuracy (per cent) at the end of training or at early stopping; below, the early-stopping
    iteration. Each point is a mean over replicates with its range.
    """
    axis = LevelAxis(state.experiment, shown_level(state, selection.level))
    x, (low, high) = axis.span, accuracy_range(state)
    presents = bool(selection.presents)
    upper = Span.around(low, high, 0.14 if presents else 0.45, 0.12)
    lower = Span.around(0, state.experiment.iterations, *((0.14, 0.85) if presents else (0.08, 0.65)))
    measure = final_accuracy if selection.measure == "final" else early_stop_accuracy
    shown: dict[Variant, Measured] = {v: _measured(state, v, measure) for v in VARIANTS}
    stops: dict[Variant, Measured] = {v: _measured(state, v, early_stop_iteration) for v in VARIANTS}
    dense, dense_stop = shown["ticket"].get(0), stops["ticket"].get(0)

    marks = axis.strip(upper.low + upper.share(0.005), upper.last)
    marks |= frame(x, upper, per_cent(ticks(low, high, round_step(high - low, 2.5 if presents else 5))), ACCURACY)
    iterations = {at: words.count(at) for at in (0, lower.last / 2, lower.last)}
    marks |= frame(x, lower, iterations, ITERATION, " below")
    marks |= axis.ticks(lower.first - lower.share(0.045), ITERATION)
    marks |= _titles(x, lower)
    marks |= _dense(dense, dense_stop, x)
    for variant in reversed(VARIANTS):
        marks |= axis.line(variant, shown[variant], low, ACCURACY)
        marks |= axis.line(variant, stops[variant], 0, ITERATION)
    marks |= _bracket(state, axis, upper)
    values = _values(axis, shown, upper)
    marks |= {f"value {v}": _value(v, values.get(v, [])) for v in VARIANTS}
    marks |= {"value early stop": _value("ticket", [] if presents else _early_stop(axis, stops, lower), ITERATION)}
    labels = (
        [MarginLabel("dense", x.last, dense.mean, "Dense" if presents else f"Dense {dense.mean:.1f}")] if dense else []
    )
    labels += axis.margin(shown)
    marks |= margin_labels(labels, x.last + x.share(0.02), x, upper, gap=upper.share(0.055))
    stop = dense_stop
    below = [MarginLabel("dense", x.last, stop.mean, f"Dense {words.count(stop.mean)}")] if stop else []
    marks |= margin_labels(below, x.last + x.share(0.02), x, lower, gap=lower.share(0.055), panel=ITERATION)
    marks |= _training(state, axis, shown, [row for rows in values.values() for row in rows], upper)
    if presents:  # one panel, to be read from afar: the lower one keeps nothing but the axis of levels
        marks |= {n: replace(m, columns=nothing(m)) for n, m in marks.items() if m.panel and not n.startswith("x ")}
    notes = _notes(axis, shown, stops)
    return Chart("density", x, (upper, lower), marks, _summary(state, shown, dense), notes)


def table(state: State, selection: Selection) -> Table:
    """Return both accuracies and the early-stopping iteration of each variant at each level that is done."""
    measures = ((final_accuracy, 2), (early_stop_accuracy, 2), (early_stop_iteration, 1))
    rows = []
    for level in range(state.experiment.levels + 1):
        for variant in VARIANTS if level else VARIANTS[:1]:
            values = [(mean(state, variant, level, measure), decimals) for measure, decimals in measures]
            if values[0][0]:
                name = words.TITLES[variant if level else "dense"].lower()
                remaining = cell(100 * state.experiment.density(level), 1)
                cells = (text for value, decimals in values for text in range_cells(value, decimals))
                rows.append((cell(level), remaining, name, *cells))
    names = ("final accuracy", "early-stop accuracy", "early-stop iteration")
    return Table(
        ("level", "weights remaining", "variant", *(column for name in names for column in range_columns(name))),
        tuple(rows),
        "Test accuracy and weights remaining, in per cent, and the early-stopping iteration, at each level.",
    )


def _measured(state: State, variant: Variant, measure: Measurement) -> Measured:
    """Return the mean of every trained level; all variants begin at the dense network."""
    means = {
        level: mean(state, "ticket" if level == 0 else variant, level, measure)
        for level in range(state.experiment.levels + 1)
    }
    return {level: value for level, value in means.items() if value}


def _titles(x: Span, lower: Span) -> dict[str, Mark]:
    height = lower.last + lower.share(0.055)
    title, note = [(x.first, height, "Early-stopping iteration")], [(x.first + x.share(0.3), height, "lower is faster")]
    return {
        "title below": Mark("texts", "ink", columns("texts", title), ITERATION, bold=True),
        "note below": Mark("texts", "muted", columns("texts", note), ITERATION),
    }


def _dense(dense: Mean | None, stop: Mean | None, x: Span) -> dict[str, Mark]:
    marks = {}
    for panel, value in ((ACCURACY, dense), (ITERATION, stop)):
        line = [(0.0, value.mean, x.last, value.mean)] if value else []
        marks[f"dense line {panel}"] = Mark("rules", "dense", columns("rules", line), panel, width=1.4)
        point = {"x": [0.0], "y": [value.mean]} if value else NOTHING
        marks[f"dense point {panel}"] = Mark("points", "dense", point, panel, size=1.1)
    return marks


def _bracket(state: State, axis: LevelAxis, upper: Span) -> dict[str, Mark]:
    """Span the levels that match the dense network."""
    found, x = None if too_short(state) else verdict(state), axis.span
    rules: list[tuple[float, ...]] = []
    text: list[tuple[float, float, str]] = []
    if found:
        end, height, foot = (
            axis.places[found.level],
            upper.last + upper.share(0.05),
            upper.last + upper.share(0.035),
        )
        rules = [(0, height, end, height), (0, foot, 0, height), (end, foot, end, height)]
        said = f"matches dense down to {words.remaining(state.experiment.density(found.level), exact=True)}"
        wide = end > 0.5 * x.last  # no room to its right: write above it, clear of the lines
        text = [(0, height + upper.share(0.036), said)] if wide else [(end + x.share(0.012), height, said)]
    return {
        "bracket": Mark("rules", "ticket", columns("rules", rules), width=1.4),
        "bracket words": Mark("texts", "ticket", columns("texts", text)),
    }


def _values(axis: LevelAxis, shown: dict[Variant, Measured], upper: Span) -> dict[Variant, Words]:
    """Write the selected level's values near its markers: the best on top, clear of lines where there is room."""
    at_level = {v: measured[axis.level] for v, measured in shown.items() if axis.level and axis.level in measured}
    ranked = sorted(at_level, key=lambda v: at_level[v].mean, reverse=True)
    near, half, text = upper.share(0.0375), axis.span.share(0.028), upper.share(TEXT)
    taken = _taken(axis, shown, axis.selected, half, upper)
    taken += [(value.mean - upper.share(0.02), value.mean + upper.share(0.02)) for value in at_level.values()]
    inside = [max(at_level[v].mean, upper.first) for v in ranked]
    wanted = [[value + near, value - near][: 1 + bool(rank)] for rank, value in enumerate(inside)]
    heights = free_heights(wanted, upper.first + text / 2, upper.last, text, taken)
    said = {v: f"{at_level[v].mean:.1f}" + (" ↓" if at_level[v].mean < upper.first else "") for v in ranked}
    return {v: [(axis.selected, height, said[v])] for v, height in zip(ranked, heights, strict=True)}


def _early_stop(axis: LevelAxis, stops: dict[Variant, Measured], lower: Span) -> Words:
    """Write the ticket's early-stopping iteration at the selected level near its marker."""
    stop = stops["ticket"].get(axis.level) if axis.level else None
    if stop is None:
        return []
    text, near = lower.share(TEXT), lower.share(0.045)
    taken = _taken(axis, stops, axis.selected, axis.span.share(0.03), lower)
    taken.append((stop.mean - lower.share(0.02), stop.mean + lower.share(0.02)))
    wanted = [stop.mean + near, stop.mean - near]
    height = free_height(wanted, lower.first + text / 2, lower.last, text, taken)
    return [(axis.selected, height, words.count(stop.mean))]


def _value(variant: Variant, rows: Words, panel: int = ACCURACY) -> Mark:
    return Mark("texts", variant, columns("texts", rows), panel, align="center", bold=True)


def _taken(
    axis: LevelAxis, shown: dict[Variant, Measured], at: float, half: float, y: Span
) -> list[tuple[float, float]]:
    """Return what words that reach `half` to either side of `at` would cover: the lines, the dense one too."""
    thin, dense = y.share(THIN), shown["ticket"].get(0)
    taken = [span for measured in shown.values() for span in axis.crossing(measured, at - half, at + half, thin)]
    return [*taken, (dense.mean - thin / 2, dense.mean + thin / 2)] if dense else taken


def _training(
    state: State, axis: LevelAxis, shown: dict[Variant, Measured], values: Words, upper: Span
) -> dict[str, Mark]:
    """Say which level trains now, which has no point until it is done, and before the first that points will come."""
    x, text, line = axis.span, upper.share(TEXT), upper.share(0.045)
    rows: Words = []
    if state.level > 0 and not state.done(state.level) and not state.ended:
        place, half = axis.places[state.level], x.share(0.055)
        taken = _taken(axis, shown, place, half, upper)
        taken += [(h - text / 2, h + text / 2) for at, h, _ in values if abs(at - place) < half + x.share(0.028)]
        height = free_height([upper.first + 1.4 * line], upper.first + line, upper.last - line, 2 * line, taken)
        rows = [(place, height + line / 2, "training"), (place, height - line / 2, "now")]
    waiting: Words = []
    if not state.done(1):
        centre, half = (axis.places[0] + axis.places[-1]) / 2, x.share(0.22)
        taken = _taken(axis, shown, centre, half, upper)
        taken += [(h - text / 2, h + text / 2) for at, h, _ in rows if abs(at - centre) < half + x.share(0.055)]
        height = free_height([upper.first + upper.share(0.25)], upper.first + line, upper.last - line, text, taken)
        waiting = [(centre, height, "A point is added when a level is done.")]
    return {
        "training now": Mark("texts", "muted", columns("texts", rows), align="center"),
        "waiting": Mark("texts", "muted", columns("texts", waiting), align="center"),
    }


def _notes(axis: LevelAxis, shown: dict[Variant, Measured], stops: dict[Variant, Measured]) -> list[tuple[float, str]]:
    """Say each variant's mean and range at every level."""
    notes = []
    for level, place in enumerate(axis.places):
        lines = [axis.heading(level)]
        for variant in VARIANTS if level else VARIANTS[:1]:
            if level in shown[variant]:
                title = words.TITLES[variant if level else "dense"]
                value, stop = shown[variant][level], stops[variant][level]
                lines.append(
                    f"{title} {value.mean:.1f} ({value.low:.1f}–{value.high:.1f}), early stop {words.count(stop.mean)}"
                )
        notes.append((place, "\n".join(lines)))
    return notes


def _summary(state: State, shown: dict[Variant, Measured], dense: Mean | None) -> str:
    if dense is None:
        return "Accuracy against weights remaining: no level is done yet."
    last = max(shown["ticket"])
    if last == 0:
        return f"Accuracy against weights remaining: the dense network reaches {dense.mean:.1f}%."
    said = ", ".join(f"{words.TITLES[v].lower()} {shown[v][last].mean:.1f}%" for v in VARIANTS if last in shown[v])
    where = words.remaining(state.experiment.density(last), exact=True)
    return f"Accuracy against weights remaining: dense {dense.mean:.1f}%; at {where} of the weights {said}."
