"""Initial weights that are not read but drawn again: a network is known by who it is, and its start follows from that.

A run that was made small holds none, but a check of those it had: where another version of numpy draws other
numbers, they are not known rather than wrong.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from explorer.algorithm import draw_weights
from explorer.events import Arrays, Network
from explorer.experiment import Experiment
from explorer.state import NetworkState

KEY = "drawn"
"""The check's place in run.json."""


class Drawn(Mapping[str, NDArray[np.float32]]):
    """The initial weights of one network, pruned weights zero, each drawn when it is asked for."""

    def __init__(self, experiment: Experiment, network: Network, masks: Arrays) -> None:
        self._experiment, self._network, self._masks = experiment, network, masks

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        values = _draw(self._experiment, self._network)[name]
        return values * self._masks[name] if name in self._masks else values

    def __iter__(self) -> Iterator[str]:
        return (parameter.name for parameter in self._experiment.parameters)

    def __len__(self) -> int:
        return len(self._experiment.parameters)


def check(experiment: Experiment, networks: Mapping[Network, NetworkState]) -> int | None:
    """Return a check of what is drawn; None where a network began from anything else, to the last bit."""
    for network, known in networks.items():
        again = Drawn(experiment, network, known.masks)
        if any(not np.array_equal(values, again[name]) for name, values in known.initial.items()):
            return None
    return digest(experiment)


@lru_cache(1)
def digest(experiment: Experiment) -> int:
    """Return a check of the first dense network's initial weights as they are drawn here."""
    values = _draw(experiment, Network("ticket", 0, 0))
    return zlib.crc32(b"".join(values[name].tobytes() for name in sorted(values)))


@lru_cache(4)
def _draw(experiment: Experiment, network: Network) -> Arrays:
    return draw_weights(experiment, network)
