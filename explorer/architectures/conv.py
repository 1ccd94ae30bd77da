"""Conv-2, Conv-4 and Conv-6: small variants of VGG, the networks of the paper's Section 3 (Figure 2)."""

from fractions import Fraction

from explorer.architectures.description import Architecture, Convolution, Layer, Linear, MaxPool


def _layers(*channels: int) -> tuple[Layer, ...]:
    """Two convolutions and a pool for each entry of `channels`, then three fully connected layers."""
    layers: list[Layer] = []
    for stage, width in enumerate(channels):
        layers += (Convolution(f"conv{2 * stage + number}", width) for number in (1, 2))
        layers.append(MaxPool())
    return *layers, Linear("fc1", 256), Linear("fc2", 256), Linear("fc3", kind="output")


HALF = Fraction(1, 2)

CONV_2 = Architecture(
    name="conv-2",
    title="Conv-2",
    layers=_layers(64),
    dataset="cifar10",
    iterations=20_000,
    batch=60,
    learning_rate=2e-4,
    prune=0.2,
    ratio={"convolution": HALF, "fully connected": Fraction(1), "output": HALF},
)
CONV_4 = Architecture(
    name="conv-4",
    title="Conv-4",
    layers=_layers(64, 128),
    dataset="cifar10",
    iterations=25_000,
    batch=60,
    learning_rate=3e-4,
    prune=0.2,
    ratio={"convolution": HALF, "fully connected": Fraction(1), "output": HALF},
)
CONV_6 = Architecture(
    name="conv-6",
    title="Conv-6",
    layers=_layers(64, 128, 256),
    dataset="cifar10",
    iterations=30_000,
    batch=60,
    learning_rate=3e-4,
    prune=0.2,
    ratio={"convolution": Fraction(3, 4), "fully connected": Fraction(1), "output": HALF},
)
