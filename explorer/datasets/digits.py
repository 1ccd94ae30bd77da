"""The embedded digits: 5,000 of MNIST, always there."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np

from explorer.datasets.description import Data, DataSet, Split
from explorer.datasets.splits import stratified
from explorer.errors import DataError
from explorer.places import place


@dataclass(frozen=True)
class Embedded(DataSet):
    """A data set that comes with the program, as one file in `assets/`."""

    def check(self) -> None:
        """Have nothing to ask for: the images came with the program."""

    def load(self) -> Data:
        """Read the images. Raises `DataError` when the file was lost or damaged."""
        file = place("assets", f"{self.name}.npz")
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                pool = Split(arrays["images"][:, None], arrays["labels"].astype(np.int64))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise DataError(f"{self.title} cannot be read ({error}); install the program again.") from error
        return Data(*stratified(pool, (self.train, self.validation, self.test), self.name))


DIGITS = Embedded("digits", "Digits (5,000 of MNIST)", (1, 28, 28), 10, 3_500, 500, 1_000, (84, 95))
