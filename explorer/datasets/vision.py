"""Data sets that torchvision reads and downloads, the folder they lie in, and an import that works beside any torch."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
import platformdirs

from explorer.datasets.description import Data, DataSet, Split
from explorer.datasets.splits import stratified
from explorer.errors import DataError, sentence


def folder() -> Path:
    """Return the folder of data sets in torchvision's layout: EXPLORER_DATA, or a cache of the user's."""
    given = os.environ.get("EXPLORER_DATA")
    return Path(given).expanduser() if given else platformdirs.user_cache_path("lottery-explorer") / "data"


def torchvision_datasets() -> ModuleType:
    """Import torchvision's data sets, late, because that takes a second or two."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        # A torchvision built for CUDA cannot load its operators beside a torch for CPUs, and stops when it
        # describes them. We need none of them: it is enough that their names are known.
        from torch.library import define

        for name in ("nms", "qnms"):
            define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    datasets: ModuleType = torchvision.datasets
    return datasets


@dataclass(frozen=True)
class Published(DataSet):
    """A data set that was published as files, a pool to train on and a test set.

    Args:
        source: what torchvision calls it.
        place: where its files lie in `folder()`.
        files: their names and sizes in bytes.
        packed: what stands behind a name where the file is packed; empty where it never is.
    """

    source: str
    place: str
    files: Mapping[str, int] = field(hash=False)
    packed: str = ""

    @property
    def where(self) -> Path:
        """The folder that its files lie in."""
        return folder() / self.place

    def check(self) -> None:
        """Raise `DataError` when the files are not there and cannot be put there."""
        there = next(path for path in (self.where, *self.where.parents) if os.access(path, os.F_OK))
        writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        if not writable and not self.files.items() <= self._present().items():
            wanted = f"a folder that can be written, or one with {', '.join(self.files)} in {self.place}"
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
        """Read one of the two sets that were published: grey images as rows, or colours last."""
        read = getattr(torchvision_datasets(), self.source)(folder(), train=train, download=True)
        images = np.asarray(read.data)
        images = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
        split = Split(np.ascontiguousarray(images), np.asarray(read.targets, dtype=np.int64))
        size = self.train + self.validation if train else self.test
        if split.images.shape != (size, *self.shape) or split.labels.shape != (size,):
            raise ValueError(f"{len(split.images)} images and {len(split.labels)} labels instead of {size}")
        return split

    def _present(self) -> dict[str, int]:
        """Return the names and sizes of the files that can be seen."""
        try:
            return {path.name: path.stat().st_size for path in self.where.iterdir()}
        except OSError:
            return {}

    def _trouble(self, error: Exception) -> str:
        """Say what is missing or damaged, and what to do about it, in one sentence."""
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        reason = re.sub(r"^<urlopen error (?:\[Errno -?\d+\] )?(.*)>$", r"\1", reason)  # only the words in it
        present = self._present()
        packed = {name: f"{name}{self.packed}" for name in self.files}
        missing = [packed[name] for name in self.files if not present.keys() & {name, packed[name]}]
        if missing:
            remedy = f"put {', '.join(missing)} into {self.where}"
            return f"{self.title} is not there and could not be downloaded ({reason}); {remedy}."
        wrong = [
            name if name in present else packed[name] for name in self.files if present.get(name) != self.files[name]
        ]
        return f"{self.title} cannot be read ({reason}); replace {', '.join(wrong or self.files)} in {self.where}."
