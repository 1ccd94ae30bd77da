"""How many weights a pruning takes and which: plain counts and masks, no torch. By what: `criteria.py`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from explorer.architectures import Kind
from explorer.errors import Refused, sentence
from explorer.pruning.criteria import CRITERIA, Criterion, Weights, absent

__all__ = ["CRITERIA", "Criterion", "Group", "Mask", "Weights", "absent", "cut", "prune", "scatter"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """Layers that are pruned as one: a single layer of a `kind`, or all that are pruned, where that is global.

    A level cuts `rate` of the group's survivors, of which there are `size` at first.
    """

    names: tuple[str, ...]
    size: int
    rate: Fraction
    kind: Kind | None = None

    def __str__(self) -> str:
        return self.names[0] if len(self.names) == 1 else "the network"


def cut(alive: int, rate: Fraction) -> int:
    """Return how many of `alive` weights a pruning at `rate` takes: the product, exactly, rounded half up."""
    return math.floor(rate * alive + Fraction(1, 2))


def prune(
    scores: Mapping[str, Weights], masks: Mapping[str, Mask], groups: Iterable[tuple[tuple[str, ...], int]]
) -> dict[str, Mask]:
    """Return masks in which of each group so many weights are left, those with the lowest scores cut, ties by index.

    Args:
        scores: of every weight, by layer.
        masks: which of them are alive, in the same shapes.
        groups: the layers that are pruned as one, and how many weights of them to leave.

    Raises:
        Refused: a score of a weight that is alive is no number.

    Source: the paper, Section 2; of groups of several layers, Section 4 ("global pruning").
    """
    pruned = {name: np.array(mask) for name, mask in masks.items()}
    for names, left in groups:
        alive = {name: np.flatnonzero(pruned[name]) for name in names}
        of_group = np.concatenate([scores[name].ravel()[alive[name]] for name in names])
        if np.isnan(of_group).any():
            where = names[0] if len(names) == 1 else "the network"
            wanted = f"a number for every surviving weight of {where}"
            raise Refused({"criterion": sentence("Criterion", "a score that is no number", wanted)})
        lost = lowest(of_group, of_group.size - left)
        for name, gone in zip(names, np.split(lost, np.cumsum([len(alive[name]) for name in names])[:-1]), strict=True):
            pruned[name].ravel()[alive[name][gone]] = False
    return pruned


def lowest(scores: Weights, count: int) -> Mask:
    """Return which `count` of the scores are the lowest, ties by index; in time linear in their number."""
    if count == 0:
        return np.zeros(scores.shape, dtype=bool)
    highest = np.partition(scores, count - 1)[count - 1]
    taken: Mask = scores < highest
    ties = np.flatnonzero(scores == highest)
    taken[ties[: count - int(taken.sum())]] = True
    return taken


def scatter(shape: tuple[int, ...], count: int, random: np.random.Generator) -> Mask:
    """Return a mask of `shape` with `count` weights alive at places drawn uniformly: a random sparse layer."""
    mask = np.zeros(math.prod(shape), dtype=bool)
    mask[random.permutation(mask.size)[:count]] = True
    return mask.reshape(shape)
