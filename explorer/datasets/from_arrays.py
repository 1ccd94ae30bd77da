"""A data set of one's own, made by a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.datasets.description import Data, DataSet, Split
from explorer.datasets.splits import stratified


@dataclass(frozen=True)
class FromArrays(DataSet):
    """A data set whose `arrays` are returned by a function: all images as bytes, and their labels from 0 on.

    Images are (n, channels, height, width) or, of one channel, (n, height, width); labels are (n,). They are divided
    into splits of the given sizes, which are n together, each with the classes in the same proportions.
    """

    arrays: Callable[[], tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]] = field(compare=False)

    def check(self) -> None:
        """Have nothing to ask for: the images are made when they are wanted."""

    def load(self) -> Data:
        """Make the images and divide them. Raises `DataError` where they are not as described."""
        images, labels = (np.asarray(array) for array in self.arrays())
        if images.ndim == 3:
            images = images[:, None]
        if np.issubdtype(labels.dtype, np.integer):
            labels = labels.astype(np.int64)
        sizes = (self.train, self.validation, self.test)
        pool = Split(images, labels)
        self.check_split(pool, sum(sizes), self.title)
        return Data(*stratified(pool, sizes, self.name))
