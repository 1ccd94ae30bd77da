"""The tickets of several runs in one picture: accuracy against weights remaining, each beside its dense network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from explorer.measures import mean
from explorer.state import State
from explorer.views import words
from explorer.views.chart import (
    Chart,
    MarginLabel,
    Mark,
    RunTone,
    Span,
    columns,
    frame,
    margin_labels,
    per_cent,
    round_step,
    ticks,
)
from explorer.views.level_axis import LevelAxis, Measured
from explorer.views.means import accuracy_range, final_accuracy
from explorer.views.table import Table, cell, range_cells, range_columns

RUN_TONES: dict[str, RunTone] = {
    "A": "run-a",
    "B": "run-b",
    "C": "run-c",
    "D": "run-d",
    "E": "run-e",
    "F": "run-f",
}
"""How the runs that are compared are named, and how each of them is drawn."""

DECADE = {True: (1.0, 0.5, 0.2), False: (1.0, 0.8, 0.6, 0.4, 0.3, 0.2)}
"""Densities that are written along the axis, and a tenth of them, and so on; more where it is shorter than a decade."""


class _Ticket(NamedTuple):
    """The tickets of a run: where each level stands, and the mean accuracy (per cent) of those that are done."""

    axis: LevelAxis
    measured: Measured


def compare(states: Mapping[str, State]) -> Chart:
    """Draw test accuracy (per cent) at the end of training against weights remaining (log, sparser to the right).

    Each run is a line through its tickets' means over replicates, and a thin level one at its dense network's.

    Args:
        states: the runs by letter, one of `RUN_TONES`, which says how it is drawn; networks, data sets and levels
            may differ.
    """
    tickets = {letter: _ticket(states[letter]) for letter in RUN_TONES if letter in states}
    sparsest = min((state.experiment.densities[-1] for state in states.values()), default=0.1)
    ranges = [accuracy_range(state) for state in states.values()] or [(0.0, 100.0)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    x = Span.around(-math.log10(1.12), -math.log10(0.88 * sparsest), 0.055, 0.05)
    y = Span.around(low, high, 0.12, 0.06)

    marks = frame(x, y, per_cent(ticks(low, high, round_step(high - low, 5)))) | _ticks(sparsest, x, y)
    for letter, tone in RUN_TONES.items():
        measured = tickets[letter].measured if letter in tickets else {}
        dense = measured.get(0)
        level = [(0.0, dense.mean), (x.last, dense.mean)] if dense and dense.mean >= low else []
        trace = tickets[letter].axis.trace(measured, low) if measured else []
        points = [(tickets[letter].axis.places[k], value.mean) for k, value in measured.items() if value.mean >= low]
        marks |= {
            f"dense {letter}": Mark("line", tone, columns("line", level), width=1.0),
            f"line {letter}": Mark("line", tone, columns("line", trace)),
            f"points {letter}": Mark("points", tone, columns("points", points)),
        }
    labels = [_label(letter, ticket, x) for letter, ticket in tickets.items() if ticket.measured]
    marks |= margin_labels(labels, x.last + x.share(0.022), x, y, gap=y.share(0.075), tones=tuple(RUN_TONES.values()))
    waiting = [] if labels else [((x.first + x.last) / 2, (low + high) / 2, "A point is added when a level is done.")]
    marks |= {"waiting": Mark("texts", "muted", columns("texts", waiting), align="center")}
    return Chart("compare", x, (y,), marks, _summary(tickets), _notes(tickets, x))


def table(states: Mapping[str, State]) -> Table:
    """Return the accuracy of each run's tickets at each level that is done."""
    rows = tuple(
        (letter, cell(level), cell(100 * ticket.axis.experiment.density(level), 1), *range_cells(value, 2))
        for letter, ticket in ((letter, _ticket(state)) for letter, state in states.items())
        for level, value in ticket.measured.items()
    )
    return Table(
        ("run", "level", "weights remaining", *range_columns("final accuracy")),
        rows,
        "Test accuracy of the tickets and weights remaining, in per cent, of each run at each level.",
    )


def _ticket(state: State) -> _Ticket:
    found = {level: mean(state, "ticket", level, final_accuracy) for level in range(state.experiment.levels + 1)}
    return _Ticket(LevelAxis(state.experiment, 0), {level: value for level, value in found.items() if value})


def _ticks(sparsest: float, x: Span, y: Span) -> dict[str, Mark]:
    """Write round densities under the axis."""
    decades = range(math.ceil(-math.log10(sparsest)) + 1)
    densities = [part / 10**decade for decade in decades for part in DECADE[sparsest < 0.1]]
    height, room = y.first - y.share(0.065), x.high - x.share(0.15)
    written = [(-math.log10(d), height, words.remaining(d)) for d in densities if -math.log10(d) <= room]
    label = [(x.high, height, "weights remaining")]
    return {
        "x ticks": Mark("texts", "muted", columns("texts", written), align="center"),
        "x label": Mark("texts", "muted", columns("texts", label), align="right"),
    }


def _label(letter: str, ticket: _Ticket, x: Span) -> MarginLabel:
    """Name a run in the margin, level with its sparsest tickets, however far they go.

    Its hairline begins in the margin too: across the picture, at the height of lines that mean something, it would be
    taken for one of them.
    """
    return MarginLabel(RUN_TONES[letter], x.last, ticket.measured[max(ticket.measured)].mean, letter)


def _notes(tickets: Mapping[str, _Ticket], x: Span) -> list[tuple[float, str]]:
    """Say each run's mean and range wherever it has a level; levels that all but coincide share a note."""
    said = sorted(
        (ticket.axis.places[level], letter, _said(ticket, letter, level))
        for letter, ticket in tickets.items()
        for level in ticket.measured
    )
    groups: list[list[tuple[float, str, str]]] = []
    for entry in said:
        if groups and entry[0] - groups[-1][0][0] < x.share(0.01):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return [(group[0][0], "\n".join(_lines(group))) for group in groups]


def _lines(group: Sequence[tuple[float, str, str]]) -> list[str]:
    return [text for _, _, text in sorted(group, key=lambda entry: entry[1])]


def _said(ticket: _Ticket, letter: str, level: int) -> str:
    value, density = ticket.measured[level], ticket.axis.experiment.density(level)
    where = f"{words.remaining(density, exact=True)}, level {level}" if level else "dense"
    return f"{letter}  {value.mean:.1f} ({value.low:.1f}–{value.high:.1f}), {where}"


def _summary(tickets: Mapping[str, _Ticket]) -> str:
    begun = {letter: ticket for letter, ticket in tickets.items() if ticket.measured}
    if not begun:
        return "Accuracy of runs against weights remaining: no level is done yet."
    return f"Accuracy of runs against weights remaining: {'; '.join(_stands(*entry) for entry in begun.items())}."


def _stands(letter: str, ticket: _Ticket) -> str:
    """Say what a run's dense network reaches, and its sparsest tickets."""
    last, dense = max(ticket.measured), ticket.measured.get(0)
    parts = [f"dense {dense.mean:.1f}%"] if dense else []
    if last:
        where = words.remaining(ticket.axis.experiment.density(last), exact=True)
        parts.append(f"ticket {ticket.measured[last].mean:.1f}% at {where} of the weights")
    return f"{letter} {', '.join(parts)}"
