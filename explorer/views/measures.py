"""What training came to, a row for each variant at each level: early stopping, speed-up and accuracies."""

from __future__ import annotations

from typing import NamedTuple

from explorer.measures import Mean, Measures
from explorer.measures import measures as measured
from explorer.state import State
from explorer.views import words
from explorer.views.chart import Tone
from explorer.views.means import shown_level
from explorer.views.selection import Selection
from explorer.views.table import Table, cell, range_cells, range_columns


class Column(NamedTuple):
    """How a measure is written: its head, and its decimals once it is multiplied by `scale`."""

    head: str
    decimals: int
    scale: int = 1


COLUMNS = {
    "early_stop_iteration": Column("early stop", 0),
    "speed_up": Column("speed-up ×", 2),
    "early_stop_train_accuracy": Column("train % at early stop", 1, 100),
    "early_stop_test_accuracy": Column("test % at early stop", 1, 100),
    "final_train_accuracy": Column("train % at the end", 1, 100),
    "final_test_accuracy": Column("test % at the end", 1, 100),
}


class Row(NamedTuple):
    """A variant at a level, as a person reads it.

    Args:
        level: 0 for the dense network.
        selected: whether it is the level on screen.
        remaining: the level's weights remaining, without the sign of per cent.
        tone: the variant, or "dense".
        n: over how many networks the means go.
        values: for each of `COLUMNS` the mean and the range, such as ("94.3", "94.0–94.6"); one network has no range.
    """

    level: int
    selected: bool
    remaining: str
    tone: Tone
    n: int
    values: tuple[tuple[str, str], ...]


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the rows depend on: while it stays the same, there is nothing new to show."""
    trained = sum(known.trained for known in state.networks.values())
    return shown_level(state, selection.level), trained, len(state.networks), state.diverged


def measures(state: State, selection: Selection) -> list[Row]:
    """List the variants of each level whose networks are all trained."""
    shown = shown_level(state, selection.level)
    return [
        Row(
            of.level,
            of.level == shown,
            words.remaining(state.experiment.density(of.level), exact=True).removesuffix("%"),
            _tone(of),
            of.n,
            tuple(_written(value, COLUMNS[name], of.n) for name, value in of.values.items()),
        )
        for of in measured(state)
    ]


def table(state: State, selection: Selection) -> Table:
    """Return the same numbers, each in a cell of its own; the selection makes no difference."""
    rows = tuple(
        (
            cell(of.level),
            cell(100 * state.experiment.density(of.level), 1),
            words.TITLES[_tone(of)].lower(),
            cell(of.n),
            *(text for name, value in of.values.items() for text in _cells(value, COLUMNS[name])),
        )
        for of in measured(state)
    )
    names = (name for column in COLUMNS.values() for name in range_columns(column.head))
    return Table(
        ("level", "weights remaining, %", "variant", "n", *names),
        rows,
        "Early stopping, speed-up (the dense networks' mean early stop ÷ a network's own) and accuracy at each level.",
    )


def _tone(of: Measures) -> Tone:
    return of.variant if of.level else "dense"


def _cells(value: Mean | None, column: Column) -> tuple[str, ...]:
    return range_cells(value and Mean(*(column.scale * number for number in value)), column.decimals + 1)


def _written(value: Mean | None, column: Column, n: int) -> tuple[str, str]:
    if value is None:
        return "–", ""
    mean, low, high = (f"{column.scale * number:,.{column.decimals}f}" for number in value)
    return mean, f"{low}–{high}" if n > 1 else ""
