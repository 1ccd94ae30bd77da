"""The fold of events: what is known of a search, live, replayed or read from a file. No torch.

A state is immutable, so that a thread may fold on while another draws what it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from explorer.events import (
    Arrays,
    Diverged,
    Ended,
    Evaluated,
    Event,
    Glimpse,
    Interpolated,
    Network,
    NetworkStarted,
    NetworkTrained,
    Preparing,
    Progress,
    Variant,
    WeightsSeen,
)
from explorer.experiment import Experiment


@dataclass(frozen=True)
class NetworkState:
    """What is known of one network. The arrays are empty where they are not known; `line` leads to it from draw 0.

    Like a record it is compared without its arrays, which are dear to read and have no one truth value.
    """

    masks: Arrays = field(default_factory=dict, compare=False)
    initial: Arrays = field(default_factory=dict, compare=False)
    final: Arrays = field(default_factory=dict, compare=False)
    rewind: Arrays = field(default_factory=dict, compare=False)
    seen: WeightsSeen | None = None
    evaluations: tuple[Evaluated, ...] = ()
    line: Interpolated | None = None
    iteration: int = 0
    trained: bool = False
    diverged: bool = False

    @cached_property
    def early_stop(self) -> Evaluated:
        """The evaluation at the early-stopping iteration: the first minimum of validation loss (paper, Section 2)."""
        return min(self.evaluations, key=lambda evaluation: evaluation.validation_loss)

    @property
    def last(self) -> Evaluated:
        """The latest evaluation; of a trained network, the one at its last iteration."""
        return self.evaluations[-1]


class Pace(NamedTuple):
    """Network-iterations done, the seconds that they took, evaluation included and pauses not, and where it was."""

    steps: int
    seconds: float
    device: str
    back_end: str


@dataclass(frozen=True)
class State:
    """What is known of a search. Build it with `fold`; `records` counts those folded, and no glimpses.

    `preparing` says what training waits for just now, in words. `paces` holds the measured pace of each level, for
    eyes only: no record holds it, no number depends on it.
    """

    experiment: Experiment
    networks: Mapping[Network, NetworkState] = field(default_factory=dict)
    records: int = 0
    preparing: str = ""
    progress: Progress | None = None
    paces: Mapping[int, Pace] = field(default_factory=dict)
    ended: Ended | None = None

    def find(self, variant: Variant, level: int) -> dict[Network, NetworkState]:
        """Return the networks of one variant and level that have not diverged, by replicate and draw."""
        of_level = self.by_level.get(level, {})
        return {n: known for n, known in of_level.items() if n.variant == variant and not known.diverged}

    def only(self, variants: Collection[Variant]) -> State:
        """Return what is known of some variants; the dense network is the ticket's."""
        networks = {network: known for network, known in self.networks.items() if network.variant in variants}
        return self if len(networks) == len(self.networks) else replace(self, networks=networks)

    @cached_property
    def by_level(self) -> Mapping[int, Mapping[Network, NetworkState]]:
        """The networks of each level that has begun."""
        levels: dict[int, dict[Network, NetworkState]] = {}
        for network, known in self.networks.items():
            levels.setdefault(network.level, {})[network] = known
        return levels

    @cached_property
    def level(self) -> int:
        """The level that is training, or the last one that did; 0 before the first."""
        return max(self.by_level, default=0)

    def expected(self, variant: Variant, level: int) -> int:
        """How many networks of this variant and level there are, or will be when no ticket diverges."""
        return self.experiment.replicates * self.experiment.draws(variant) if level or variant == "ticket" else 0

    def done(self, level: int) -> bool:
        """Whether every network of a level that could train has ended, and some of them well."""
        of_level = self.by_level.get(level, {}).values()
        started = any(known.trained for known in of_level)
        return started and all(known.trained or known.diverged for known in of_level)

    @property
    def diverged(self) -> int:
        """How many networks diverged, and are left out of means."""
        return sum(known.diverged for known in self.networks.values())


def fold(state: State, event: Event) -> State:
    """Return the state after one more event."""
    if not isinstance(event, Glimpse):
        state = replace(state, records=state.records + 1)
    if state.preparing:
        state = replace(state, preparing="")
    match event:
        case Preparing(what):
            return replace(state, preparing=what)
        case NetworkStarted(network, masks, initial):
            begins = state.experiment.begins(network.variant, network.level)
            return _with(state, network, NetworkState(masks=masks, initial=initial, iteration=begins))
        case Evaluated(network, iteration):
            known = state.networks[network]
            evaluations = (*known.evaluations, event)
            return _with(state, network, replace(known, evaluations=evaluations, iteration=iteration))
        case Interpolated(network):
            return _with(state, network, replace(state.networks[network], line=event))
        case NetworkTrained(network, masks, initial, final, rewind):
            known = state.networks[network]
            known = replace(known, masks=masks, initial=initial, final=final, rewind=rewind, seen=None, trained=True)
            return _with(state, network, known)
        case Diverged(network, iteration):
            known = state.networks[network]
            return _with(state, network, replace(known, iteration=iteration, seen=None, diverged=True))
        case WeightsSeen(network):
            return _with(state, network, replace(state.networks[network], seen=event))
        case Progress(network, iteration):
            known = replace(state.networks[network], iteration=iteration)
            return replace(_with(state, network, known), progress=event, paces=_paces(state, event))
        case Ended():
            return replace(state, ended=event)


def fold_all(state: State, events: Iterable[Event]) -> State:
    """Fold a run of events."""
    for event in events:
        state = fold(state, event)
    return state


def evaluated(state: State) -> Iterator[tuple[Network, NetworkState]]:
    """List the networks that were evaluated and have not diverged, in the order in which they began."""
    return ((n, known) for n, known in state.networks.items() if known.evaluations and not known.diverged)


def _with(state: State, network: Network, known: NetworkState) -> State:
    return replace(state, networks={**state.networks, network: known})


def _paces(state: State, now: Progress) -> dict[int, Pace]:
    """Count what was done since the last glimpse to the level that trains; glimpses count on from the first one."""
    level, before = now.network.level, state.progress
    known = state.paces.get(level)
    steps, seconds = (known.steps, known.seconds) if known else (0, 0.0)
    steps += now.steps - (before.steps if before else 0)
    seconds += now.seconds - (before.seconds if before else 0.0)
    return {**state.paces, level: Pace(steps, seconds, now.device, now.back_end)}
