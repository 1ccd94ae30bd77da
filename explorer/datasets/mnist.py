"""MNIST and Fashion-MNIST, read and downloaded by torchvision."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorer.datasets.description import Data, DataSet, Split
from explorer.datasets.splits import stratified
from explorer.datasets.vision import folder, torchvision_datasets
from explorer.errors import DataError, sentence

_FILES = {
    "train-images-idx3-ubyte": 16 + 60_000 * 28 * 28,
    "train-labels-idx1-ubyte": 8 + 60_000,
    "t10k-images-idx3-ubyte": 16 + 10_000 * 28 * 28,
    "t10k-labels-idx1-ubyte": 8 + 10_000,
}


@dataclass(frozen=True)
class Mnist(DataSet):
    """A data set in MNIST's four files, plain or as .gz. `source` is what torchvision calls it."""

    source: str

    @property
    def raw(self) -> Path:
        """Where the four files lie."""
        return folder() / self.source / "raw"

    def check(self) -> None:
        """Raise `DataError` when the files are not there and cannot be put there."""
        there = next(path for path in (self.raw, *self.raw.parents) if os.access(path, os.F_OK))
        writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        if not writable and not _FILES.items() <= self._present().items():
            wanted = f"a folder that can be written, or one with {', '.join(_FILES)} in {self.source}/raw"
            raise DataError(sentence("Data folder (EXPLORER_DATA)", folder(), wanted))

    def load(self) -> Data:
        """Read the images, downloading them where they are missing. Raises `DataError` when that fails."""
        self.check()
        try:
            pool, rest = self._read(train=True), self._read(train=False)
        except Exception as error:  # torchvision raises anything from AssertionError to URLError
            raise DataError(self._trouble(error)) from error
        train, validation = stratified(pool, (self.train, self.validation), self.name)
        (test,) = stratified(rest, (self.test,), f"{self.name} test")
        return Data(train, validation, test)

    def _read(self, train: bool) -> Split:
        """Read one of the two sets that were published."""
        read = getattr(torchvision_datasets(), self.source)(folder(), train=train, download=True)
        split = Split(read.data.numpy()[:, None], read.targets.numpy().astype(np.int64))
        size = self.train + self.validation if train else self.test
        if split.images.shape != (size, *self.shape) or split.labels.shape != (size,):
            raise ValueError(f"{len(split.images)} images and {len(split.labels)} labels instead of {size}")
        return split

    def _present(self) -> dict[str, int]:
        """Return the names and sizes of the files that can be seen."""
        try:
            return {path.name: path.stat().st_size for path in self.raw.iterdir()}
        except OSError:
            return {}

    def _trouble(self, error: Exception) -> str:
        """Say what is missing or damaged, and what to do about it, in one sentence."""
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        reason = re.sub(r"^<urlopen error (?:\[Errno -?\d+\] )?(.*)>$", r"\1", reason)  # only the words in it
        present = self._present()
        missing = [f"{name}.gz" for name in _FILES if not present.keys() & {name, f"{name}.gz"}]
        if missing:
            remedy = f"put {', '.join(missing)} into {self.raw}"
            return f"{self.title} is not there and could not be downloaded ({reason}); {remedy}."
        wrong = [name if name in present else f"{name}.gz" for name in _FILES if present.get(name) != _FILES[name]]
        return f"{self.title} cannot be read ({reason}); replace {', '.join(wrong or _FILES)} in {self.raw}."


MNIST = Mnist("mnist", "MNIST", (1, 28, 28), 10, 55_000, 5_000, 10_000, (94, 99), "MNIST")
FASHION_MNIST = Mnist(
    "fashion-mnist", "Fashion-MNIST", (1, 28, 28), 10, 55_000, 5_000, 10_000, (80, 92), "FashionMNIST"
)
