"""States of one search as they followed each other, and what its events say without a fold."""

from typing import NamedTuple

import pytest

from explorer import search
from explorer.events import Evaluated, NetworkStarted, NetworkTrained
from explorer.state import State, fold, fold_all


class Moment(NamedTuple):
    """A state, and the events that led to it."""

    state: State
    events: tuple

    def started(self, variant, level):
        """The replicates of a variant at a level."""
        networks = [e.network for e in self.events if isinstance(e, NetworkStarted)]
        return [n for n in networks if (n.variant, n.level) == (variant, level)]

    def evaluations(self, variant, level):
        """What was measured of each of them, in lists."""
        found = {network: [] for network in self.started(variant, level)}
        for event in self.events:
            if isinstance(event, Evaluated) and event.network in found:
                found[event.network].append(event)
        return list(found.values())

    def trained(self, variant, level):
        """Whether all of them are trained."""
        trained = {e.network for e in self.events if isinstance(e, NetworkTrained)}
        return bool(self.started(variant, level)) and trained >= set(self.started(variant, level))


@pytest.fixture(scope="session")
def moments(shared):
    """Forty moments of the shared search, from before its first event to after its last."""
    count = len(shared.events)
    wanted = {round(k * count / 38) for k in range(39)} | {0, 1, count - 1, count}
    state, moments = State(shared.experiment), []
    for number in range(count + 1):
        if number in wanted:
            moments.append(Moment(state, shared.events[:number]))
        if number < count:
            state = fold(state, shared.events[number])
    return moments


@pytest.fixture(scope="session")
def few(moments):
    """Ten of the moments, for views that read weights."""
    return [*moments[::5], moments[-1]]


@pytest.fixture(scope="module")
def convolutional(tiny):
    """What is known of a finished search in Conv-2, two levels deep; two replicates."""
    experiment = tiny.but(architecture="conv-2", levels=2, iterations=1)
    return fold_all(State(experiment), search(experiment, "cpu"))


@pytest.fixture(scope="module")
def pruned_as_one(tiny):
    """The same, pruned globally, in its convolutions only."""
    experiment = tiny.but(architecture="conv-2", levels=2, iterations=1, scope="global", prune_fully_connected=0.0)
    experiment = experiment.but(prune_output=0.0)
    return fold_all(State(experiment), search(experiment, "cpu"))
