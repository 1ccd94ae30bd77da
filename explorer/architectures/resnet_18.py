"""Resnet-18 as the paper calls it: the 20-layer residual network for CIFAR-10 (He et al. 2016; paper, Section 4)."""

from fractions import Fraction

from explorer.architectures.description import Architecture, AveragePool, Block, Convolution, Linear

STAGES = (16, 32, 64)

RESNET_18 = Architecture(
    name="resnet-18",
    title="Resnet-18",
    layers=(
        Convolution("conv1", STAGES[0], normalized=True),
        *(
            Block(f"block{3 * stage + number + 1}", channels, stride=2 if stage and number == 0 else 1)
            for stage, channels in enumerate(STAGES)
            for number in range(3)
        ),
        AveragePool(),
        Linear("fc", kind="output"),
    ),
    dataset="cifar10",
    iterations=30_000,
    batch=128,
    learning_rate=0.1,
    prune=0.2,
    ratio={"convolution": Fraction(1), "output": Fraction(0)},
    optimizer="momentum",
    milestones=(20_000, 25_000),
    weight_decay=1e-4,
    augment=True,
    scope="global",
)
