"""Criteria: which weights are pruned first. Each is one small function, of a layer's arrays, that scores its weights.

A criterion asks by the names of its arguments for what it needs, all in the layer's shape:

* `initial`: the weights that the training began with;
* `final`: the weights after it;
* `gradient`: of the training loss where the training began, over the first 1,000 training images;
* `noise`: uniform random numbers.

One that needs no `final` acts before training. The weights with the lowest scores go.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating[Any]]
NEEDS = ("initial", "final", "gradient", "noise")


@dataclass(frozen=True)
class Criterion:
    """A criterion by its name. Raises ValueError for a function that needs what there is not."""

    name: str
    score: Callable[..., Weights]

    def __post_init__(self) -> None:
        unknown = [need for need in self.needs if need not in NEEDS]
        if unknown:
            raise ValueError(f"Criterion {self.name}: {unknown[0]} is not accepted; give arguments of {NEEDS}.")

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The arrays that it needs, of `NEEDS`."""
        return tuple(inspect.signature(self.score).parameters)

    @property
    def before_training(self) -> bool:
        """Whether it says what to prune before a network is trained."""
        return "final" not in self.needs

    def scores(self, arrays: Mapping[str, Mapping[str, Weights]], layer: str) -> Weights:
        """Score a layer's weights from the arrays that are needed, each by layer."""
        return self.score(**{need: arrays[need][layer] for need in self.needs})


def magnitude(final: Weights) -> Weights:
    """Keep what ended large: the paper's criterion (Section 2)."""
    return np.abs(final)


def random(noise: Weights) -> Weights:
    """Keep any: what a criterion has to beat."""
    return noise


def magnitude_at_start(initial: Weights) -> Weights:
    """Keep what began large (Frankle & Carbin 2019, Figure 18; "large init" in Zhou et al. 2019)."""
    return np.abs(initial)


def magnitude_increase(initial: Weights, final: Weights) -> Weights:
    """Keep what grew most (Zhou et al. 2019, Figure 3)."""
    return np.abs(final) - np.abs(initial)


def movement(initial: Weights, final: Weights) -> Weights:
    """Keep what moved furthest (Zhou et al. 2019, Figure 3)."""
    return np.abs(final - initial)


def snip(initial: Weights, gradient: Weights) -> Weights:
    """Keep what the loss depends on most at the start: |weight × gradient| (Lee et al. 2019, Equation 6)."""
    return np.abs(initial * gradient)


CRITERIA: dict[str, Criterion] = {
    criterion.name: criterion
    for criterion in (
        Criterion("magnitude", magnitude),
        Criterion("random", random),
        Criterion("magnitude-at-start", magnitude_at_start),
        Criterion("magnitude-increase", magnitude_increase),
        Criterion("movement", movement),
        Criterion("snip", snip),
    )
}
