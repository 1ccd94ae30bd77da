"""The numbers behind a picture, for a reader of the screen or of a file."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.measures import Mean


@dataclass(frozen=True)
class Table:
    """A table as plain text, numbers without signs of unit or thousands; a cell is empty where nothing is known.

    Args:
        columns: their headings, with the unit where it is not plain.
        rows: a cell for each column.
        caption: one sentence that says what it holds.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


def cell(number: float | None, decimals: int = 0) -> str:
    """Write one number; None is an empty cell."""
    return "" if number is None else f"{number:.{decimals}f}"


def range_columns(name: str) -> tuple[str, str, str]:
    """Return the headings of a mean over replicates and its range."""
    return (f"{name}, mean", f"{name}, lowest", f"{name}, highest")


def range_cells(value: Mean | None, decimals: int = 0) -> tuple[str, ...]:
    """Write a mean and its range."""
    return tuple(cell(number, decimals) for number in value or (None, None, None))
