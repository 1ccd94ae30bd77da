"""Data sets: their names, shapes and splits. Only `load` touches torch."""

from __future__ import annotations

from explorer.datasets.cifar10 import CIFAR10
from explorer.datasets.description import Absent, Data, DataSet, Split
from explorer.datasets.digits import DIGITS
from explorer.datasets.from_arrays import FromArrays
from explorer.datasets.mnist import FASHION_MNIST, MNIST
from explorer.datasets.vision import folder

__all__ = ["DATASETS", "Absent", "Data", "DataSet", "FromArrays", "Split", "check", "folder", "load"]

DATASETS: dict[str, DataSet] = {dataset.name: dataset for dataset in (DIGITS, MNIST, FASHION_MNIST, CIFAR10)}


def check(name: str) -> None:
    """Raise `DataError` when a data set is neither there nor can be put there. Cheap, leaves nothing."""
    DATASETS[name].check()


def load(name: str) -> Data:
    """Read a data set, fetching it first where it is missing.

    Raises `DataError` when that fails, or it is not as it is described.
    """
    return DATASETS[name].checked(DATASETS[name].load())
