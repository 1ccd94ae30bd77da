"""The networks that the plain loops train, as anyone would write them: what makes our own faster is not in here.

Only to compare speeds with; nothing else uses it.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from torch import nn

from explorer.architectures import Architecture, Convolution, Linear, MaxPool, Shape


def plain_module(architecture: Architecture, shape: Shape, classes: int) -> nn.Sequential:
    """Return an architecture of the paper's Section 2 or 3 as a torch module, with tensors named as in the description.

    Raises `TypeError` for one with layers that these networks do not have.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (layer, inputs) in enumerate(architecture.walk(shape, classes)):
        if isinstance(layer, Convolution) and not layer.normalized:
            padding = layer.size // 2
            modules[layer.name] = nn.Conv2d(inputs[0], layer.channels, layer.size, layer.stride, padding)
            modules[f"{layer.name}_relu"] = nn.ReLU()
        elif isinstance(layer, MaxPool):
            modules[f"pool{number}"] = nn.MaxPool2d(2)
        elif isinstance(layer, Linear):
            if len(inputs) > 1:
                modules["flatten"] = nn.Flatten()
            modules[layer.name] = nn.Linear(math.prod(inputs), layer.units)
            if layer.kind != "output":
                modules[f"{layer.name}_relu"] = nn.ReLU()
        else:
            raise TypeError(f"{architecture.title} is not a plain network: it has {layer}")
    return nn.Sequential(modules)
