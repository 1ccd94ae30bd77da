"""The networks, one file each."""

from explorer.architectures.description import Architecture, Kind, Linear, Parameter
from explorer.architectures.lenet_300_100 import LENET_300_100

ARCHITECTURES: dict[str, Architecture] = {entry.name: entry for entry in (LENET_300_100,)}

__all__ = ["ARCHITECTURES", "Architecture", "Kind", "Linear", "Parameter"]
