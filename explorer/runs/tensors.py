"""One safetensors file a network: its mask packed to bits, and what survives of its weights.

`mask:NAME` holds the mask's bits; `initial:NAME`, `final:NAME` and, of a dense network that tickets are rewound into,
`rewind:NAME` the values of the survivors in the mask's order, or all values of a parameter that is never pruned. Shapes
stand in the metadata. No pickle anywhere.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from explorer.errors import RunError
from explorer.events import Arrays, Network

FOLDER = "tensors"


def path(folder: Path, network: Network) -> Path:
    """Return the file of a network in a run directory."""
    return folder / FOLDER / "{}-r{}-l{}-d{}.safetensors".format(*network)


def write(
    file: Path, masks: Arrays, initial: Arrays, final: Arrays, rewind: Arrays, precision: type = np.float32
) -> None:
    """Write a network whole or not at all; `final` is empty while it trains, `rewind` where there is none."""
    tensors: dict[str, NDArray[Any]] = {f"mask:{name}": np.packbits(mask) for name, mask in masks.items()}
    for moment, weights in (("initial", initial), ("final", final), ("rewind", rewind)):
        for name, values in weights.items():
            alive = values[masks[name]] if name in masks else values.ravel()
            tensors[f"{moment}:{name}"] = np.ascontiguousarray(alive, dtype=precision)
    shapes = {name: json.dumps(values.shape) for name, values in {**masks, **initial, **final}.items()}
    write_whole(file, serialize(tensors, shapes))


def serialize(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file whose bytes depend on nothing but what is in it.

    The library writes the header's metadata in any order; here the header is put in the order of its names.
    """
    content = save(dict(tensors), dict(metadata))
    (length,) = struct.unpack("<Q", content[:8])
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # tensors begin at a multiple of 8 bytes
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def write_whole(file: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it and rename it, so that no one ever reads a part."""
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


class Tensors(Mapping[str, NDArray[Any]]):
    """The masks of one network, or its weights of one moment, each read from its file when it is asked for.

    Args:
        file: the network's file.
        moment: "mask", "initial", "final" or "rewind".
    """

    def __init__(self, file: Path, moment: str) -> None:
        self._file, self._moment = file, moment
        with _opened(file) as tensors:
            shapes = tensors.metadata()
            if shapes is None:
                raise RunError(f"{file} is damaged: it names no parameters.")
            self._shapes = {name: tuple(json.loads(shape)) for name, shape in sorted(shapes.items())}
            keys = set(tensors.keys())
        self._names = [name for name in self._shapes if f"{moment}:{name}" in keys]

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._names:
            raise KeyError(name)
        with _opened(self._file) as tensors:
            shape = self._shapes[name]
            mask = None
            if f"mask:{name}" in tensors.keys():  # noqa: SIM118 (a safetensors file is no dict)
                bits = np.unpackbits(tensors.get_tensor(f"mask:{name}"), count=math.prod(shape))
                mask = bits.astype(bool).reshape(shape)
            if self._moment == "mask":
                assert mask is not None
                return mask
            values = tensors.get_tensor(f"{self._moment}:{name}")
        if mask is None:
            return np.reshape(values, shape).astype(np.float32)
        weights = np.zeros(shape, np.float32)
        weights[mask] = values
        return weights

    def __contains__(self, name: object) -> bool:
        return name in self._names  # a mapping's own way is to read the array, and views ask at each frame

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """Open a network's file. Raises `RunError` when it is damaged."""
    try:
        with safe_open(file, "numpy") as tensors:
            yield tensors
    except (SafetensorError, OSError) as error:
        raise RunError(f"{file} cannot be read ({error}).") from None


def read(file: Path) -> tuple[Arrays, Arrays, Arrays, Arrays]:
    """Return a network's masks, initial, final and rewind weights, read lazily; empty where the file is not there."""
    if not file.exists():
        return {}, {}, {}, {}
    return Tensors(file, "mask"), Tensors(file, "initial"), Tensors(file, "final"), Tensors(file, "rewind")
