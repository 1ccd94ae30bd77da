"""What an architecture is described by: its layers, from which shapes, modules and pruning follow. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Kind = Literal["fully connected", "output"]


@dataclass(frozen=True)
class Linear:
    """A fully connected layer of `units`; the network's last one is its output and has no activation."""

    name: str
    units: int
    kind: Kind = "fully connected"


@dataclass(frozen=True)
class Parameter:
    """One tensor of a network, named and laid out as torch does (`fc1.weight`, units × inputs).

    `kind` is the kind of the layer when the parameter is pruned, and None for a bias, which never is.
    """

    name: str
    shape: tuple[int, ...]
    kind: Kind | None

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def glorot_std(self) -> float:
        """Standard deviation of the Gaussian Glorot initialization, √(2 / (fan_in + fan_out)), of the dense layer."""
        fan_out, fan_in = self.shape
        return math.sqrt(2 / (fan_in + fan_out))


@dataclass(frozen=True)
class Architecture:
    """A network and the recipe that the paper trains it with (Frankle & Carbin 2019, Figure 2).

    `prune` is the main rate a level; `ratio` gives the rate of each kind of layer as a multiple of it.
    """

    name: str
    title: str
    layers: tuple[Linear, ...]
    dataset: str
    iterations: int
    batch: int
    learning_rate: float
    prune: float
    ratio: dict[Kind, Fraction]

    def parameters(self, shape: tuple[int, ...], classes: int) -> tuple[Parameter, ...]:
        """List the parameters of the network for images of `shape` (channels, height, width), in order."""
        parameters, inputs = [], math.prod(shape)
        for layer in self.layers:
            units = classes if layer.kind == "output" else layer.units
            parameters.append(Parameter(f"{layer.name}.weight", (units, inputs), layer.kind))
            parameters.append(Parameter(f"{layer.name}.bias", (units,), None))
            inputs = units
        return tuple(parameters)
