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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import ExplorerError, Refused, sentence

Weights = NDArray[np.floating[Any]]
NEEDS = ("initial", "final", "gradient", "noise")


@dataclass(frozen=True)
class Criterion:
    """A criterion by its name, and the arrays that it needs, of `NEEDS`.

    Raises `Refused` for a function that needs what there is not.
    """

    name: str
    score: Callable[..., Weights] = field(compare=False)
    needs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        arguments = inspect.signature(self.score).parameters
        by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        unknown = [str(one) for one in arguments.values() if one.name not in NEEDS or one.kind not in by_name]
        if unknown or not arguments:
            given, wanted = unknown[0] if unknown else "no argument", f"arguments of {', '.join(NEEDS)}"
            raise Refused({"criterion": sentence(f"Criterion {self.name}", given, wanted)})
        object.__setattr__(self, "needs", tuple(arguments))

    @property
    def before_training(self) -> bool:
        """Whether it says what to prune before a network is trained."""
        return "final" not in self.needs

    def scores(self, arrays: Mapping[str, Mapping[str, Weights]], layer: str) -> Weights:
        """Score a layer's weights from the arrays that are needed, each by layer.

        Raises `Refused` where there is not one score for each.
        """
        needed = {need: arrays[need][layer].view() for need in self.needs}
        for values in needed.values():
            values.flags.writeable = False  # they are the run's records
        scores, shape = np.asarray(self.score(**needed)), needed[self.needs[0]].shape
        if scores.shape != shape:
            given, wanted = f"scores of shape {scores.shape} for {layer}", f"one for each weight, in shape {shape}"
            raise Refused({"criterion": sentence(f"Criterion {self.name}", given, wanted)})
        return scores


def absent(name: str, needs: Iterable[str]) -> Criterion:
    """Return a criterion as a run's file describes it, which cannot score."""

    def score(**arrays: Weights) -> Weights:
        raise ExplorerError(f"Criterion {name} is known from a run's file only; register it first.")

    arguments = [inspect.Parameter(need, inspect.Parameter.KEYWORD_ONLY) for need in needs]
    score.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    return Criterion(name, score)


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
