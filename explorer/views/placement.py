"""Where words find room between the lines of a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

HEIGHTS = 120  # tried from the lowest to the highest
CLEAR = 8  # how much farther away words may go for each length of something that they would cover


def free_heights(
    wanted: Sequence[Sequence[float]], low: float, high: float, size: float, taken: Sequence[tuple[float, float]]
) -> list[float]:
    """Return heights for words that stand one under the other, none on another, clear of what is taken if they can.

    Args:
        wanted: for each of the words, from the top one down, the heights that would be best.
        low: the lowest height.
        high: the highest.
        size: the height of each of the words.
        taken: what they should not cover, each from one height to another.
    """
    heights = np.linspace(low, high, HEIGHTS)
    covered = np.zeros(HEIGHTS)
    for bottom, top in taken:
        covered += np.clip(np.minimum(heights + size / 2, top) - np.maximum(heights - size / 2, bottom), 0, None)
    apart = min(math.ceil(size / (heights[1] - heights[0])), HEIGHTS)
    totals: list[np.ndarray] = []
    under = np.zeros(HEIGHTS)  # the least cost of all words that are lower than ones at each height
    for places in reversed(wanted):
        away = np.abs(heights[:, None] - np.array(places)).min(1)
        totals.append(CLEAR * covered + away + under)
        under = np.concatenate([np.full(apart, np.inf), np.minimum.accumulate(totals[-1])])[:HEIGHTS]
    found, limit = [], HEIGHTS
    for total in reversed(totals):
        place = int(np.argmin(total[:limit]))
        found.append(float(heights[place]))
        limit = max(1, place - apart + 1)
    return found


def free_height(
    wanted: Sequence[float], low: float, high: float, size: float, taken: Sequence[tuple[float, float]]
) -> float:
    """Return a height for words that stand alone; see `free_heights`."""
    return free_heights([wanted], low, high, size, taken)[0]
