"""What a data set is: described without torch, loaded only when asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from explorer.errors import DataError, sentence


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

    def checked(self, data: Data) -> Data:
        """Return images and labels that are as they are described. Raises `DataError` where they are not."""
        for name in ("train", "validation", "test"):
            self.check_split(getattr(data, name), getattr(self, name), f"{self.title}, {name}")
        return data

    def check_split(self, split: Split, size: int, what: str) -> None:
        """Raise `DataError` where a split of `size` images is not as it is described; `what` names it."""
        images, labels = np.asarray(split.images), np.asarray(split.labels)
        kinds = images.dtype == np.uint8 and labels.dtype == np.int64
        if not kinds or images.shape != (size, *self.shape) or labels.shape != (size,):
            given = f"{images.dtype} images {images.shape} with {labels.dtype} labels {labels.shape}"
            raise DataError(sentence(what, given, f"uint8 {(size, *self.shape)} with int64 {(size,)}"))
        if size and not 0 <= labels.min() <= labels.max() < self.classes:
            raise DataError(sentence(what, f"labels {labels.min()} to {labels.max()}", f"0 to {self.classes - 1}"))


@dataclass(frozen=True)
class Absent(DataSet):
    """A data set as a run's file describes it: all but its images."""

    def check(self) -> None:
        """Raise `DataError`, for the images are not there."""
        raise DataError(f"{self.title} is known from a run's file only; register it first.")

    def load(self) -> Data:
        """Raise `DataError`, for the images are not there."""
        self.check()
        raise AssertionError
