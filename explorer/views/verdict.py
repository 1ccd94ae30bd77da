"""Down to which level there are winning tickets."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.state import State
from explorer.views.means import Mean, early_stop_accuracy, early_stop_iteration, mean

EQUAL = 1e-9  # a mean of equal numbers may differ from them by its rounding


@dataclass(frozen=True)
class Verdict:
    """The last level before the first that does not match the dense network, and the numbers that say so.

    A level *matches* when its mean accuracy at early stopping is not below the lowest dense replicate's and
    its mean early-stopping iteration not above the highest: the paper's "commensurate", by the dense
    network's own spread.
    """

    level: int
    accuracy: Mean
    iteration: Mean
    dense_accuracy: Mean
    dense_iteration: Mean


def too_short(state: State) -> bool:
    """Tell whether a dense network's validation loss still fell at the last iteration, so that nothing can be said."""
    dense = mean(state, "ticket", 0, early_stop_iteration)
    return dense is not None and dense.low == state.experiment.iterations


def verdict(state: State) -> Verdict | None:
    """Return the verdict over the levels trained so far; None when no level matches, or none is trained."""
    dense_accuracy = mean(state, "ticket", 0, early_stop_accuracy)
    dense_iteration = mean(state, "ticket", 0, early_stop_iteration)
    found = None
    if dense_accuracy is None or dense_iteration is None:
        return None
    for level in range(1, state.experiment.levels + 1):
        accuracy = mean(state, "ticket", level, early_stop_accuracy)
        iteration = mean(state, "ticket", level, early_stop_iteration)
        if accuracy is None or iteration is None:
            break
        if accuracy.mean < dense_accuracy.low - EQUAL or iteration.mean > dense_iteration.high + EQUAL:
            break
        found = Verdict(level, accuracy, iteration, dense_accuracy, dense_iteration)
    return found
