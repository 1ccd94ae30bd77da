"""Curves and accuracies in per cent, as views draw them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from explorer.events import Evaluated, Variant
from explorer.measures import mean
from explorer.state import NetworkState, State
from explorer.views.remembered import remembered


class Curve(NamedTuple):
    """Accuracy (per cent) against iteration, at the iterations that every replicate has reached."""

    iterations: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curve(state: State, variant: Variant, level: int) -> Curve:
    """Return the mean curve of test accuracy of one variant at one level; empty before all were evaluated."""
    return _curve(*(known.evaluations for known in state.find(variant, level).values()))


@remembered(12)
def _curve(*networks: tuple[Evaluated, ...]) -> Curve:
    """Return the mean curve of networks' evaluations; the page asks for the same one several times a frame."""
    reached = min(map(len, networks), default=0)
    if not reached:
        return Curve(*(np.empty(0) for _ in range(4)))
    values = np.array([[100 * e.test_accuracy for e in evaluations[:reached]] for evaluations in networks])
    iterations = np.array([e.iteration for e in networks[0][:reached]])
    return Curve(iterations, values.mean(0), values.min(0), values.max(0))


def averaged(state: State, level: int) -> str:
    """Write how many networks a level's means go over, of each variant where they differ: "5", or "5, 15, 10".

    Those that diverged are left out.
    """
    variants = state.experiment.variants if level else state.experiment.variants[:1]
    counts = [len(state.find(variant, level)) or state.expected(variant, level) for variant in variants]
    return ", ".join(map(str, counts if len(set(counts)) > 1 else counts[:1]))


def final_accuracy(known: NetworkState) -> float:
    """Test accuracy at the end of training, in per cent."""
    return 100 * known.last.test_accuracy


def early_stop_accuracy(known: NetworkState) -> float:
    """Test accuracy at the early-stopping iteration, in per cent."""
    return 100 * known.early_stop.test_accuracy


def shown_level(state: State, selected: int | None) -> int:
    """Return the level on screen: the one selected, as far as there is one, or the one that trains."""
    return state.level if selected is None else min(max(selected, 0), state.experiment.levels)


def accuracy_range(state: State) -> tuple[float, float]:
    """Return the y range of accuracies in per cent: the data set's own, or all when the dense network misses it.

    It changes once at most, when the dense networks are trained, so that axes do not jump.
    """
    low, high = state.experiment.data.accuracy_range
    dense = mean(state, "ticket", 0, final_accuracy)
    return (0.0, 100.0) if dense is not None and dense.mean < low + (high - low) / 5 else (low, high)
