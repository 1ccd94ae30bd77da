"""Who a network is, and everything that a search can say: small frozen records.

*Records* are the run: they depend on the experiment alone, and are written. *Glimpses* are for eyes: they
are never written, and no number depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

Variant = Literal["ticket", "random-reinit", "random-sparse"]
VARIANTS: tuple[Variant, ...] = ("ticket", "random-reinit", "random-sparse")

Outcome = Literal["finished", "cancelled", "failed"]

Arrays = Mapping[str, NDArray[Any]]
"""Parameter → array: a dict when fresh, read lazily from its file once written."""


class Network(NamedTuple):
    """Who a network is. `draw` counts repeats; the dense network is the ticket at level 0."""

    variant: Variant
    replicate: int
    level: int
    draw: int = 0


@dataclass(frozen=True)
class NetworkStarted:
    """Record: a network begins to train.

    Args:
        network: who it is.
        masks: which weights of each prunable parameter are alive, bool.
        initial: the start of every parameter, float32; pruned weights are zero. Batch normalization's running
            statistics are parameters, too.
    """

    network: Network
    masks: Arrays = field(default_factory=dict, compare=False, repr=False)
    initial: Arrays = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Evaluated:
    """Record: a network's mean cross-entropy and share of right answers (0–1) on the three splits."""

    network: Network
    iteration: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True)
class NetworkTrained:
    """Record: a network is trained; `final` holds every parameter, pruned weights zero.

    `rewind` holds a dense network's at the iteration that tickets are rewound to; it is empty where that is 0.
    """

    network: Network
    masks: Arrays = field(default_factory=dict, compare=False, repr=False)
    initial: Arrays = field(default_factory=dict, compare=False, repr=False)
    final: Arrays = field(default_factory=dict, compare=False, repr=False)
    rewind: Arrays = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Interpolated:
    """Record: how networks do that lie on the line between the final weights of a ticket's draw 0 and of another draw.

    It comes right before its `NetworkTrained`, so that a level that is done has its lines. Each tuple has an entry for
    each place.

    Args:
        network: the other draw.
        places: where the networks lie, from 0, which is draw 0, to 1, which is the other draw.
        train_loss: mean cross-entropy on the training images that are evaluated.
        train_accuracy: share of right answers on them, 0–1.
        test_loss: the same of the test images.
        test_accuracy: the same of them.
    """

    network: Network
    places: tuple[float, ...]
    train_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    test_loss: tuple[float, ...]
    test_accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Diverged:
    """Record: a network's loss is no longer a number; it is left out of means, and the rest goes on."""

    network: Network
    iteration: int


@dataclass(frozen=True)
class Ended:
    """Record: nothing more will come. `message` says why, where it did not simply finish."""

    outcome: Outcome
    message: str = ""


@dataclass(frozen=True)
class Preparing:
    """Glimpse: training waits for something that is made first; `what` says for what, in words."""

    what: str


@dataclass(frozen=True)
class Progress:
    """Glimpse: where the search is, and its pace.

    Args:
        network: the one that trains just now.
        iteration: how far it is.
        steps: network-iterations (one mini-batch step of one network) done by this process.
        seconds: the time they took, evaluation included and pauses not.
        device: "CPU" or "GPU".
        back_end: the back end's name.
    """

    network: Network
    iteration: int
    steps: int
    seconds: float
    device: str
    back_end: str


@dataclass(frozen=True)
class WeightsSeen:
    """Glimpse: the weights of a network in training, float32, pruned weights zero."""

    network: Network
    iteration: int
    weights: Arrays = field(compare=False, repr=False)


Record = NetworkStarted | Evaluated | Interpolated | NetworkTrained | Diverged | Ended
Glimpse = Preparing | Progress | WeightsSeen
Event = Record | Glimpse
