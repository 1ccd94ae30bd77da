"""How many weights a pruning takes and which: plain counts and masks, no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Weights = NDArray[np.float32]


def cut(alive: int, rate: Fraction) -> int:
    """Return how many of `alive` weights a pruning at `rate` takes: the product, exactly, rounded half up."""
    return math.floor(rate * alive + Fraction(1, 2))


def survivors(size: int, rate: Fraction, level: int) -> int:
    """Return how many of `size` weights are left after `level` prunings at `rate`."""
    for _ in range(level):
        size -= cut(size, rate)
    return size


def smallest(weights: Weights, mask: Mask, count: int) -> Mask:
    """Return `mask` less the `count` surviving weights of smallest magnitude, ties by index (paper, Section 2).

    Args:
        weights: the trained weights of one layer.
        mask: which of them are alive, in the same shape.
        count: how many to take away.
    """
    alive = np.flatnonzero(mask)
    order = np.argsort(np.abs(weights.ravel()[alive]), kind="stable")
    pruned = mask.copy()
    pruned.ravel()[alive[order[:count]]] = False
    return pruned


def prune(weights: Mapping[str, Weights], masks: Mapping[str, Mask], rates: Mapping[str, Fraction]) -> dict[str, Mask]:
    """Return the masks one level down: in each layer, its rate × alive weights of smallest magnitude cut."""
    return {name: smallest(weights[name], mask, cut(int(mask.sum()), rates[name])) for name, mask in masks.items()}


def scatter(shape: tuple[int, ...], count: int, random: np.random.Generator) -> Mask:
    """Return a mask of `shape` with `count` weights alive at places drawn uniformly: a random sparse layer."""
    mask = np.zeros(math.prod(shape), dtype=bool)
    mask[random.permutation(mask.size)[:count]] = True
    return mask.reshape(shape)
