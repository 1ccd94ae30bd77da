"""What an architecture is described by: its layers, from which shapes, modules and pruning follow. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

Kind = Literal["convolution", "fully connected", "output"]
KINDS: tuple[Kind, ...] = ("convolution", "fully connected", "output")

Shape = tuple[int, ...]
"""What a layer takes or gives, without the mini-batch: (features,), or (channels, height, width)."""


@dataclass(frozen=True)
class Parameter:
    """One tensor of a network, named and laid out as torch does (`fc1.weight`, units × inputs).

    A weight is a matrix (units × inputs) or a stack of kernels (units × inputs × height × width); biases and all of
    batch normalization, its running statistics included, are vectors. `kind` is the kind of the layer where it may be
    pruned, else None. A vector begins as `fill` everywhere.
    """

    name: str
    shape: Shape
    kind: Kind | None = None
    fill: float = 0.0

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def is_weight(self) -> bool:
        """Whether it counts in the density, pruned or not; biases and batch normalization do not."""
        return len(self.shape) > 1

    @property
    def fans(self) -> tuple[int, int]:
        """The connections into a unit and out of an input of the dense layer; those of a kernel all count."""
        units, inputs, *kernel = self.shape
        return inputs * math.prod(kernel), units * math.prod(kernel)


@dataclass(frozen=True)
class Linear:
    """A fully connected layer of `units`, with ReLU; the output has as many as there are classes, and no ReLU."""

    name: str
    units: int = 0
    kind: Kind = "fully connected"

    def output(self, inputs: Shape) -> Shape:
        """Return the shape of what it gives."""
        return (self.units,)

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """List its tensors for inputs of a shape, which are taken as one row of features."""
        weight = Parameter(f"{self.name}.weight", (self.units, math.prod(inputs)), self.kind)
        return weight, Parameter(f"{self.name}.bias", (self.units,))


@dataclass(frozen=True)
class Convolution:
    """A convolution of odd `size`, padded so that stride 1 keeps height and width; then ReLU.

    One that is `normalized` has batch normalization, called `NAME_norm`, before ReLU and in place of a bias.
    """

    name: str
    channels: int
    size: int = 3
    stride: int = 1
    normalized: bool = False
    kind: Kind | None = "convolution"

    def output(self, inputs: Shape) -> Shape:
        """Return the shape of what it gives."""
        return (self.channels, *((length - 1) // self.stride + 1 for length in inputs[1:]))

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """List its tensors for inputs of a shape."""
        weight = Parameter(f"{self.name}.weight", (self.channels, inputs[0], self.size, self.size), self.kind)
        if not self.normalized:
            return weight, Parameter(f"{self.name}.bias", (self.channels,))
        vectors = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}
        norm = (Parameter(f"{self.name}_norm.{name}", (self.channels,), fill=fill) for name, fill in vectors.items())
        return weight, *norm


@dataclass(frozen=True)
class MaxPool:
    """The largest of every 2×2 pixels."""

    def output(self, inputs: Shape) -> Shape:
        """Return the shape of what it gives."""
        return (inputs[0], *(length // 2 for length in inputs[1:]))

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """List its tensors: there are none."""
        return ()


@dataclass(frozen=True)
class AveragePool:
    """The mean of each channel."""

    def output(self, inputs: Shape) -> Shape:
        """Return the shape of what it gives."""
        return (inputs[0], 1, 1)

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """List its tensors: there are none."""
        return ()


@dataclass(frozen=True)
class Block:
    """A residual block: two normalized convolutions, and a shortcut added before the second ReLU (He et al. 2016).

    Where it changes the shape, the shortcut is a 1×1 projection, which is never pruned.
    """

    name: str
    channels: int
    stride: int = 1

    def parts(self, inputs: Shape) -> tuple[Convolution, ...]:
        """Return the two convolutions, and the shortcut's where it is a projection; named within the block."""
        parts = (
            Convolution("conv1", self.channels, stride=self.stride, normalized=True),
            Convolution("conv2", self.channels, normalized=True),
        )
        if inputs == self.output(inputs):
            return parts
        return *parts, Convolution("shortcut", self.channels, 1, self.stride, normalized=True, kind=None)

    def output(self, inputs: Shape) -> Shape:
        """Return the shape of what it gives."""
        return Convolution(self.name, self.channels, stride=self.stride).output(inputs)

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """List the tensors of its parts."""
        first, second, *shortcut = self.parts(inputs)
        listed = [*first.parameters(inputs), *second.parameters(self.output(inputs))]
        listed += [parameter for part in shortcut for parameter in part.parameters(inputs)]
        return tuple(replace(parameter, name=f"{self.name}.{parameter.name}") for parameter in listed)


Layer = Linear | Convolution | MaxPool | AveragePool | Block


@dataclass(frozen=True)
class Architecture:
    """A network and the recipe that the paper trains it with (Frankle & Carbin 2019, Figure 2).

    `prune` is the main rate a level; `ratio` gives the rate of each kind of layer that the network has as a multiple
    of it. At each of `milestones`, iterations, the learning rate is divided by 10.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    dataset: str
    iterations: int
    batch: int
    learning_rate: float
    prune: float
    ratio: Mapping[Kind, Fraction] = field(hash=False)
    optimizer: str = "adam"
    milestones: tuple[int, ...] = ()
    weight_decay: float = 0.0
    augment: bool = False
    scope: str = "layer-wise"

    @property
    def fully_connected(self) -> bool:
        """Whether it is made of fully connected layers only."""
        return all(isinstance(layer, Linear) for layer in self.layers)

    @property
    def hidden(self) -> tuple[Linear, ...]:
        """The fully connected layers but the output, whose units dropout disables."""
        return tuple(layer for layer in self.layers if isinstance(layer, Linear) and layer.kind != "output")

    @property
    def normalized(self) -> bool:
        """Whether it has batch normalization."""
        return any(isinstance(layer, Block) or getattr(layer, "normalized", False) for layer in self.layers)

    def walk(self, shape: Shape, classes: int) -> Iterator[tuple[Layer, Shape]]:
        """Yield each layer with the shape of what it takes, for images of `shape` (channels, height, width)."""
        for layer in self.layers:
            if isinstance(layer, Linear) and layer.kind == "output":
                layer = replace(layer, units=classes)
            yield layer, shape
            shape = layer.output(shape)

    def takes(self, shape: Shape) -> bool:
        """Whether images of `shape` are large enough for its pools."""
        return all(0 not in inputs for _, inputs in self.walk(shape, 1))

    def parameters(self, shape: Shape, classes: int) -> tuple[Parameter, ...]:
        """List the tensors of the network for images of `shape`, in torch's order."""
        return tuple(p for layer, inputs in self.walk(shape, classes) for p in layer.parameters(inputs))
