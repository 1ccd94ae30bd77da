"""What training came to: early stopping, how much sooner that is than the dense networks', and accuracies.

Each measure is a mean with its lowest and its highest value (paper, Section 2) over the networks of a variant and
level. Every training is one of them: of each replicate, and of each draw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.state import NetworkState, State

Measurement = Callable[[NetworkState], float]

MEASURED = (
    "early_stop_iteration",
    "speed_up",
    "early_stop_train_accuracy",
    "early_stop_test_accuracy",
    "final_train_accuracy",
    "final_test_accuracy",
)
"""The names of the measures; "early_stop" is at the early-stopping iteration, "final" at the last one."""


class Mean(NamedTuple):
    """A mean with its lowest and highest value."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Mean:
        """Return the mean of values, of which there are some."""
        return cls(float(np.mean(values)), min(values), max(values))


class Measures(NamedTuple):
    """What the training of `n` networks of one variant and level came to; the dense network is the ticket at level 0.

    `values` holds a mean for each of `MEASURED`: iterations, accuracies 0–1, and the speed-up, which may be None.
    """

    level: int
    variant: Variant
    n: int
    values: Mapping[str, Mean | None]


def measures(state: State) -> list[Measures]:
    """Return the measures of each level and variant, in order, as soon as all of its networks are trained."""
    dense, found = mean(state, "ticket", 0, early_stop_iteration), []
    for level, variant in product(range(state.experiment.levels + 1), VARIANTS):
        networks = _trained(state, variant, level)
        if networks:
            stops, ends = [known.early_stop for known in networks], [known.last for known in networks]
            values = (
                Mean.of([stop.iteration for stop in stops]),
                _speed_up(dense, [stop.iteration for stop in stops]),
                Mean.of([stop.train_accuracy for stop in stops]),
                Mean.of([stop.test_accuracy for stop in stops]),
                Mean.of([end.train_accuracy for end in ends]),
                Mean.of([end.test_accuracy for end in ends]),
            )
            found.append(Measures(level, variant, len(networks), dict(zip(MEASURED, values, strict=True))))
    return found


def mean(state: State, variant: Variant, level: int, measure: Measurement) -> Mean | None:
    """Return a measure of the trained networks of one variant and level; None until they all are."""
    networks = _trained(state, variant, level)
    return Mean.of([measure(known) for known in networks]) if networks else None


def early_stop_iteration(known: NetworkState) -> float:
    """Return the early-stopping iteration."""
    return known.early_stop.iteration


def _trained(state: State, variant: Variant, level: int) -> list[NetworkState]:
    """Return the networks of one variant and level that have not diverged; none until they all are trained."""
    networks = list(state.find(variant, level).values())
    return networks if all(known.trained for known in networks) else []


def _speed_up(dense: Mean | None, stops: Sequence[int]) -> Mean | None:
    """Return how many times as fast networks come to their early stop as the dense ones do: bigger is faster.

    It is the dense networks' mean early-stopping iteration ÷ the networks' mean, and ÷ their latest and their earliest
    for the lowest and the highest; so the dense networks' own is 1. There is none where an early stop is at iteration
    0, which is no training and can be neither faster nor slower.
    """
    if dense is None or not dense.mean or not all(stops):
        return None
    return Mean(*(dense.mean / stop for stop in (float(np.mean(stops)), max(stops), min(stops))))
