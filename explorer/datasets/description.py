"""What a data set is: described without torch, loaded only when asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Split:
    """Images (n, channels, height, width) as bytes, and their labels (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Data:
    """The three splits of a data set. They depend on the data set alone, never on an experiment's seed."""

    train: Split
    validation: Split
    test: Split


@dataclass(frozen=True)
class DataSet(ABC):
    """A data set as experiments and screens know it.

    `train`, `validation` and `test` are the sizes of its splits; `accuracy_range` is the range, in
    per cent, that charts of its accuracy show. A network sees pixels ÷ 255, of a `standardized` one less the mean of
    their channel in the training split, and divided by its standard deviation. Where images are augmented, they are
    mirrored only if it `flips`.
    """

    name: str
    title: str
    shape: tuple[int, int, int]
    classes: int
    train: int
    validation: int
    test: int
    accuracy_range: tuple[float, float]
    standardized: bool = field(default=False, kw_only=True)
    flips: bool = field(default=False, kw_only=True)

    @abstractmethod
    def check(self) -> None:
        """Raise `DataError` when the images are neither there nor can be put there. Cheap, leaves nothing."""

    @abstractmethod
    def load(self) -> Data:
        """Read the images, fetching them first where they are missing. Raises `DataError` when that fails."""
