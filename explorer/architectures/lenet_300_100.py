"""Lenet-300-100, the fully connected network of the paper's Sections 2 and 4 (LeCun et al. 1998)."""

from fractions import Fraction

from explorer.architectures.description import Architecture, Linear

LENET_300_100 = Architecture(
    name="lenet-300-100",
    title="Lenet-300-100",
    layers=(Linear("fc1", 300), Linear("fc2", 100), Linear("fc3", kind="output")),
    dataset="mnist",
    iterations=50_000,
    batch=60,
    learning_rate=1.2e-3,
    prune=0.2,
    ratio={"fully connected": Fraction(1), "output": Fraction(1, 2)},
)
