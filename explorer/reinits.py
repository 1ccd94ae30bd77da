"""Where the initial weights of a random reinit come from: drawn anew, or made of its ticket's own.

Each of these makes new weights of the survivors of a layer and takes away something that a ticket has: which weight has
which value, its magnitude, or some of its exactness. What stays is not what makes a ticket win.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Reinit = Callable[[Values, float, float, np.random.Generator], Values]
"""Takes the surviving initial weights of a ticket's layer, flat; the standard deviation with which the layer was
initialized; the setting `noise`; and random numbers. Returns as many weights."""

DRAWN = "drawn"


def shuffled(start: Values, spread: float, noise: float, random: np.random.Generator) -> Values:
    """Give the ticket's values to other survivors of the layer: the same values, elsewhere."""
    return random.permutation(start)


def constant(start: Values, spread: float, noise: float, random: np.random.Generator) -> Values:
    """Keep the signs, and make all magnitudes the initialization's spread (Zhou et al. 2019, Section 4.2)."""
    return np.float32(spread) * np.sign(start)


def resampled(start: Values, spread: float, noise: float, random: np.random.Generator) -> Values:
    """Draw from the distribution of the ticket's own values (Frankle & Carbin 2019, Figure 17)."""
    return random.choice(start, start.size)


def noisy(start: Values, spread: float, noise: float, random: np.random.Generator) -> Values:
    """Add Gaussian noise of so many of the initialization's standard deviations (Frankle & Carbin 2019, Figure 25)."""
    return (start + noise * spread * random.standard_normal(start.size)).astype(np.float32)


OF_TICKET: Mapping[str, Reinit] = {"shuffled": shuffled, "constant": constant, "resampled": resampled, "noise": noisy}
"""The ways that begin with the ticket's own initial weights, by name."""

REINITS: Mapping[str, str] = {
    DRAWN: "new initial weights",
    "shuffled": "its initial weights shuffled",
    "constant": "its signs, one magnitude",
    "resampled": "weights from its own distribution",
    "noise": "noise on its initial weights",
}
"""All ways by name, with what they put in place of the ticket's initial weights, as a sentence says it."""
