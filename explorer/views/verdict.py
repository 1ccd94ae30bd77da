"""Down to which level there are winning tickets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from explorer.measures import Mean, early_stop_iteration, mean
from explorer.state import State
from explorer.views.means import early_stop_accuracy

EQUAL = 1e-9  # a mean of equal numbers may differ from them by its rounding


@dataclass(frozen=True)
class Standing:
    """How a level's tickets stand to the dense network, at early stopping.

    A level *matches* when its mean accuracy at early stopping is not below the lowest dense replicate's and
    its mean early-stopping iteration not above the highest: the paper's "commensurate", by the dense
    network's own spread. It matches *strictly* when the same holds by the mean of the dense networks.
    """

    level: int
    accuracy: Mean
    iteration: Mean
    dense_accuracy: Mean
    dense_iteration: Mean

    @property
    def as_accurate(self) -> bool:
        """Whether the mean accuracy is that of a dense replicate, or better."""
        return self.accuracy.mean >= self.dense_accuracy.low - EQUAL

    @property
    def as_early(self) -> bool:
        """Whether the mean early-stopping iteration is that of a dense replicate, or earlier."""
        return self.iteration.mean <= self.dense_iteration.high + EQUAL

    @property
    def matches(self) -> bool:
        """Whether the level is as accurate and as early as the dense network."""
        return self.as_accurate and self.as_early

    @property
    def matches_strictly(self) -> bool:
        """Whether the level is as accurate and as early as the mean of the dense networks."""
        accurate = self.accuracy.mean >= self.dense_accuracy.mean - EQUAL
        return accurate and self.iteration.mean <= self.dense_iteration.mean + EQUAL


def too_short(state: State) -> bool:
    """Tell whether every dense network's validation loss still fell at the last iteration: then nothing can be said."""
    dense = mean(state, "ticket", 0, early_stop_iteration)
    return dense is not None and dense.low == state.experiment.iterations


def verdict(state: State, strict: bool = False) -> Standing | None:
    """Return the last level before the first that does not match; None when no level matches, or none is trained.

    `strict` asks for the levels that match strictly, which are never more.
    """
    matching = takewhile(lambda one: one.matches_strictly if strict else one.matches, _standings(state))
    return max(matching, key=lambda one: one.level, default=None)


def missed(state: State) -> Standing | None:
    """Return the first level that does not match; None when all that are trained do."""
    return next((one for one in _standings(state) if not one.matches), None)


def _standings(state: State) -> Iterator[Standing]:
    """Return how the levels trained so far stand, in order."""
    dense_accuracy = mean(state, "ticket", 0, early_stop_accuracy)
    dense_iteration = mean(state, "ticket", 0, early_stop_iteration)
    for level in range(1, state.experiment.levels + 1):
        accuracy = mean(state, "ticket", level, early_stop_accuracy)
        iteration = mean(state, "ticket", level, early_stop_iteration)
        if not (dense_accuracy and dense_iteration and accuracy and iteration):
            break
        yield Standing(level, accuracy, iteration, dense_accuracy, dense_iteration)
