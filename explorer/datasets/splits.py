"""Dividing images into splits that hold the classes in the same proportions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explorer.datasets.description import Split
from explorer.randomness import generator


def stratified(pool: Split, sizes: Sequence[int], name: str) -> list[Split]:
    """Divide a pool into splits of the given sizes, all with the classes in the same proportions.

    Who goes where, and the order within each split, depend on `name` and the pool's labels alone.
    """
    rng = generator("split", name)
    order = rng.permutation(len(pool.labels))
    standing = np.empty(len(order))
    for label in np.unique(pool.labels):
        members = order[pool.labels[order] == label]
        standing[members] = (np.arange(len(members)) + 0.5) / len(members)
    # Standing in line like this, every stretch of the line holds all classes in proportion.
    line = order[np.argsort(standing[order], kind="stable")]
    parts = np.split(line, np.cumsum(sizes)[:-1])
    return [Split(pool.images[part], pool.labels[part]) for part in map(rng.permutation, parts)]
