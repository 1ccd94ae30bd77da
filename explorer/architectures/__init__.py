"""The networks, one file each family."""

from explorer.architectures.conv import CONV_2, CONV_4, CONV_6
from explorer.architectures.description import (
    KINDS,
    Architecture,
    AveragePool,
    Block,
    Convolution,
    Kind,
    Layer,
    Linear,
    MaxPool,
    Parameter,
    Shape,
)
from explorer.architectures.lenet_300_100 import LENET_300_100
from explorer.architectures.resnet_18 import RESNET_18
from explorer.architectures.vgg_19 import VGG_19

ARCHITECTURES: dict[str, Architecture] = {
    entry.name: entry for entry in (LENET_300_100, CONV_2, CONV_4, CONV_6, RESNET_18, VGG_19)
}

__all__ = [
    "ARCHITECTURES", "KINDS", "Architecture", "AveragePool", "Block", "Convolution", "Kind", "Layer", "Linear",
    "MaxPool", "Parameter", "Shape",
]  # fmt: skip
