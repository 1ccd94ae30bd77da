"""VGG-19 with batch normalization and a single fully connected layer (Liu et al. 2019; paper, Section 4)."""

from fractions import Fraction

from explorer.architectures.description import Architecture, AveragePool, Convolution, Layer, Linear, MaxPool

STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels, and how many convolutions have them before the next pool."""


def _layers() -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for channels, count in STAGES:
        first = sum(isinstance(layer, Convolution) for layer in layers) + 1
        layers += (Convolution(f"conv{first + number}", channels, normalized=True) for number in range(count))
        layers.append(MaxPool())
    return *layers[:-1], AveragePool(), Linear("fc", kind="output")


VGG_19 = Architecture(
    name="vgg-19",
    title="VGG-19",
    layers=_layers(),
    dataset="cifar10",
    iterations=112_000,
    batch=64,
    learning_rate=0.1,
    prune=0.2,
    ratio={"convolution": Fraction(1), "output": Fraction(0)},
    optimizer="momentum",
    milestones=(56_000, 84_000),
    weight_decay=1e-4,
    augment=True,
    scope="global",
)
