"""The history of a search: its records in their order, and the state after any of them. No torch.

A replay is nothing but this: who shows a state shows an earlier one instead.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from explorer.events import Evaluated, NetworkStarted, Record
from explorer.experiment import Experiment
from explorer.state import Pace, State, fold_all


class Moment(NamedTuple):
    """What a replay shows at once: the networks of a level, all at one iteration."""

    level: int
    iteration: int


class History:
    """Grows with a search; one thread may append while another reads.

    `moments` are those that have begun, in order: one for each evaluation of each level. `paces` are those of
    the whole search, which no record holds; every state is given them.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.moments: list[Moment] = []
        self.paces: Mapping[int, Pace] = {}
        self._records: list[Record] = []
        self._begins: list[int] = []  # of each moment: how many records came before it
        self._levels: list[int] = []  # the same of each level
        self._states: dict[int, State] = {0: State(experiment)}  # by records folded: where levels begin
        self._latest = (0, self._states[0])  # what was asked for last, since a replay asks for the next

    def append(self, record: Record) -> None:
        """Add the next record."""
        match record:
            case NetworkStarted(network):
                self._begin(Moment(network.level, 0))
            case Evaluated(network, iteration):
                self._begin(Moment(network.level, iteration))
        self._records.append(record)

    def at(self, number: int) -> State:
        """Return the state at the end of a moment. Raises `IndexError` for one that has not begun."""
        following = range(len(self.moments))[number] + 1
        end = self._begins[following] if following < len(self._begins) else len(self._records)
        count = max(known for known in (*self._states, self._latest[0]) if known <= end)
        state = self._latest[1] if count == self._latest[0] else self._states[count]
        for stop in (*(level for level in self._levels if count < level < end), end):
            state = fold_all(state, self._records[count:stop])
            if stop < end:
                self._states[stop] = state
            count = stop
        if state.paces is not self.paces:
            state = replace(state, paces=self.paces)
        self._latest = (end, state)
        return state

    def find(self, level: int, iteration: float = float("inf")) -> int:
        """Return the number of the last moment that is not after an iteration of a level; 0 before the first."""
        return max(0, bisect_right(self.moments, (level, iteration)) - 1)

    def _begin(self, moment: Moment) -> None:
        last = self.moments[-1] if self.moments else None
        if last is not None and moment <= last:
            return
        if last is None or moment.level > last.level:
            self._levels.append(len(self._records))
        self._begins.append(len(self._records))
        self.moments.append(moment)
