"""Whether training is stable: the error along the line between two trainings of a ticket, against weights remaining.

The two begin with the same weights and see the images in different orders (Frankle, Dziugaite, Roy & Carbin 2020,
"Linear Mode Connectivity and the Lottery Ticket Hypothesis").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from explorer.events import VARIANTS, Interpolated
from explorer.measures import Mean
from explorer.state import State
from explorer.views import words
from explorer.views.chart import (
    Align,
    Chart,
    MarginLabel,
    Mark,
    Span,
    Tone,
    columns,
    frame,
    margin_labels,
    per_cent,
    roof,
)
from explorer.views.level_axis import LevelAxis, Measured
from explorer.views.means import shown_level
from explorer.views.placement import free_height
from explorer.views.selection import Selection
from explorer.views.table import Table, cell, range_cells, range_columns

BARRIER, ERROR = 0, 1  # the two panels
STABLE = 2.0
"""Points of error below which two trainings count as connected, and training as stable (Frankle et al. 2020)."""

WAY: tuple[tuple[Align, float, str], ...] = (
    ("left", 0.0, "one training"),
    ("center", 0.5, "halfway"),
    ("right", 1.0, "another"),
)
"""What is written along the line: how it is aligned, at which share of the way, and the words."""

Lines = Mapping[int, Sequence[Interpolated]]


def barrier(accuracy: Sequence[float]) -> float:
    """Return the error barrier along a line, in points: its highest error less the mean error of its two ends.

    Args:
        accuracy: the shares of right answers along it, 0–1.
    """
    return 100 * ((accuracy[0] + accuracy[-1]) / 2 - min(accuracy))


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the chart depends on: while it stays the same, there is nothing new to draw."""
    lines = tuple((level, len(lines)) for level, lines in _lines(state).items())
    return shown_level(state, selection.level), lines, state.ended is None


def connectivity(state: State, selection: Selection) -> Chart:
    """Draw two panels: the barrier at every level, and the error along the line at the one on screen.

    Above, the barrier of test error (points) against weights remaining (log, sparser to the right): each point is the
    mean over lines with its range, and below the dense tone's line training is stable. Below, the test error (per
    cent) on the way from one training to another: the mean over the level's lines with its range, the dense network's
    behind it.
    """
    axis, lines = LevelAxis(state.experiment, shown_level(state, selection.level)), _lines(state)
    x, barriers = axis.span, _barriers(lines, "test")
    top = roof(value.high for value in barriers.values())
    highest = roof(100 * (1 - min(line.test_accuracy)) for of in lines.values() for line in of)
    upper, lower = Span.around(0, top, 0.61, 0.09), Span.around(0, highest, 0.115, 0.595)

    marks = axis.strip(upper.first - upper.share(0.075), upper.last)
    marks |= frame(x, upper, {height: f"{height:g}" for height in (0, top / 2, top)}, BARRIER)
    marks |= frame(x, lower, per_cent([0, highest / 2, highest]), ERROR, " below")
    marks |= axis.ticks(upper.first - upper.share(0.045), BARRIER)
    foot = lower.first - lower.share(0.05)
    for align, part, said in WAY:
        row = (x.first + part * (x.last - x.first), foot, said)
        marks[f"way {said}"] = Mark("texts", "muted", columns("texts", [row]), ERROR, align=align)
    where = words.remaining(state.experiment.density(axis.level))
    marks |= _title("", x, upper, BARRIER, "Error barrier, in points")
    marks |= _title(" below", x, lower, ERROR, f"Test error along the line, at {where} of the weights")
    marks["stable"] = Mark("rules", "dense", columns("rules", [(x.first, STABLE, x.last, STABLE)]), width=1.4)
    marks |= axis.line("ticket", barriers, 0, BARRIER)
    point = [(0.0, barriers[0].mean)] if 0 in barriers else []
    marks["dense point"] = Mark("points", "dense", columns("points", point), BARRIER, size=1.1)
    value = columns("texts", _value(axis, barriers, upper))
    marks["value"] = Mark("texts", "ticket", value, BARRIER, align="center", bold=True)
    labels = [MarginLabel("dense", x.last, STABLE, f"Stable below {STABLE:g}")]
    labels += axis.margin({variant: barriers if variant == "ticket" else {} for variant in VARIANTS})
    marks |= margin_labels(labels, x.last + x.share(0.02), x, upper, gap=upper.share(0.055), panel=BARRIER)
    marks |= _along(axis, lines, lower)
    waiting = [((x.first + x.last) / 2, 0.75 * top, _waiting(state, lines))]
    marks["waiting"] = Mark("texts", "muted", columns("texts", waiting), BARRIER, align="center")
    return Chart("connectivity", x, (upper, lower), marks, _summary(state, selection, barriers), _notes(axis, lines))


def table(state: State, selection: Selection) -> Table:
    """Return the barriers of each level that has lines; the selection makes no difference."""
    lines = _lines(state)
    test, train = (_barriers(lines, split) for split in ("test", "train"))
    rows = tuple(
        (
            cell(level),
            cell(100 * state.experiment.density(level), 1),
            cell(len(of)),
            *range_cells(test[level], 2),
            *range_cells(train[level], 2),
            "yes" if test[level].mean < STABLE else "no",
        )
        for level, of in lines.items()
    )
    names = range_columns("barrier of test error"), range_columns("barrier of training error")
    return Table(
        ("level", "weights remaining", "lines", *names[0], *names[1], "stable"),
        rows,
        f"Error barriers between trainings of a ticket, in points; below {STABLE:g} of test error training is stable.",
    )


def _lines(state: State) -> Lines:
    """Return the lines of every level whose tickets are all trained, as far as they did not diverge."""
    found = {}
    for level in sorted(state.by_level):
        tickets = state.find("ticket", level).values()
        lines = [known.line for known in tickets if known.line]
        if lines and all(known.trained for known in tickets):
            found[level] = lines
    return found


def _barriers(lines: Lines, split: str) -> Measured:
    """Return the mean and range of each level's barriers on the "train" or "test" images."""
    return {level: Mean.of([barrier(getattr(line, f"{split}_accuracy")) for line in of]) for level, of in lines.items()}


def _stands(value: Mean) -> str:
    return "stable" if value.mean < STABLE else "not stable"


def _title(of: str, x: Span, y: Span, panel: int, title: str) -> dict[str, Mark]:
    rows = [(x.first, y.last + y.share(0.055), title)]
    return {f"title{of}": Mark("texts", "ink", columns("texts", rows), panel, bold=True)}


def _along(axis: LevelAxis, lines: Lines, lower: Span) -> dict[str, Mark]:
    """Draw the error along the lines of the level on screen and, behind it, of the dense network."""
    x, labels, marks = axis.span, list[MarginLabel](), dict[str, Mark]()
    tones: tuple[tuple[Tone, int], ...] = (("dense", 0), ("ticket", axis.level))
    for tone, level in tones:
        band, line = [], []
        if level in lines and (tone == "dense" or level):
            errors = 100 * (1 - np.array([one.test_accuracy for one in lines[level]]))
            at = x.first + (x.last - x.first) * np.array(lines[level][0].places)
            band = list(zip(at, errors.min(0), errors.max(0), strict=True))
            line = list(zip(at, errors.mean(0), strict=True))
            labels.append(MarginLabel(tone, *line[-1], words.TITLES[tone]))
        marks[f"band along {tone}"] = Mark("band", tone, columns("band", band), ERROR)
        marks[f"line along {tone}"] = Mark("line", tone, columns("line", line), ERROR)
    return marks | margin_labels(labels, x.last + x.share(0.02), x, lower, gap=lower.share(0.055), panel=ERROR)


def _value(axis: LevelAxis, barriers: Measured, upper: Span) -> list[tuple[float, float, str]]:
    """Write the barrier of the level on screen near its marker, clear of lines where there is room."""
    value = barriers.get(axis.level)
    if value is None:
        return []
    text, near, half = upper.share(0.042), upper.share(0.058), axis.span.share(0.028)
    taken = axis.crossing(barriers, axis.selected - half, axis.selected + half, upper.share(0.012))
    taken += [(at - upper.share(part), at + upper.share(part)) for at, part in ((value.mean, 0.02), (STABLE, 0.006))]
    height = free_height([value.mean + near, value.mean - near], upper.first + text / 2, upper.last, text, taken)
    return [(axis.selected, height, f"{value.mean:.1f}")]


def _waiting(state: State, lines: Lines) -> str:
    if lines:
        return ""
    if state.experiment.ticket_draws < 2:
        return "Train each ticket twice to see this: ticket_draws=2."
    return "No line was measured." if state.ended else "A point is added when a level is done."


def _notes(axis: LevelAxis, lines: Lines) -> list[tuple[float, str]]:
    """Say each level's barriers and the errors that they are made of."""
    test, train = (_barriers(lines, split) for split in ("test", "train"))
    notes = []
    for level, place in enumerate(axis.places):
        said = [axis.heading(level)]
        for title, of in (("Barrier", test), ("on training images", train)):
            if level in of:
                said.append(
                    f"{title} {of[level].mean:.1f} ({of[level].low:.1f}–{of[level].high:.1f}), {_stands(of[level])}"
                )
        notes.append((place, "\n".join(said)))
    return notes


def _summary(state: State, selection: Selection, barriers: Measured) -> str:
    if not barriers:
        return "Error barrier against weights remaining: no line between two trainings is measured."
    level = shown_level(state, selection.level)
    level = level if level in barriers else max(barriers)
    value, where = barriers[level], words.remaining(state.experiment.density(level), exact=True)
    return f"At {where} of the weights the barrier between two trainings is {value.mean:.1f} points: {_stands(value)}."
