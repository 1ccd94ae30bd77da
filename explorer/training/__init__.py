"""Training: one small protocol, one file a back end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple, Protocol

from explorer.datasets import Data
from explorer.errors import Refused, nearest, one_of, sentence
from explorer.events import Arrays, Diverged, Evaluated, Event, Network, WeightsSeen
from explorer.experiment import Experiment

DEVICES = ("auto", "cpu", "cuda")

HOMES = {
    "numba": "explorer.training.sparse:SparseBackEnd",
    "torch": "explorer.training.module:ModuleBackEnd",
    "torch-population": "explorer.training.population:PopulationBackEnd",
}
"""Where each back end is, by name."""

SERVE = {
    ("cpu", "plain"): ("numba", "torch"),
    ("cpu", "other"): ("torch",),
    ("cuda", "plain"): ("torch-population", "torch"),
    ("cuda", "other"): ("torch-population", "torch"),
}
"""The back ends that train a plain experiment (`Experiment.plain`) or any other on a device, the one that does first.

A search begins dense and goes through all its densities with one back end, so this is the one that is faster by
`lottery bench` from density 1 down; on a GPU, where masks save nothing, the one that starts fewer kernels. Nothing is
timed when a search begins, for then a run's numbers would depend on what else the machine did.
"""

Watch = Callable[[Network], bool]

Line = Callable[[Network, Arrays, Arrays], Iterator[Event]]
"""Takes a network and the final weights of two, of the one that its line leads from and its own; yields `Interpolated`,
after glimpses, at least ten a second."""


class Start(NamedTuple):
    """What a network trains from: its masks, and the initial value of every parameter (pruned weights zero)."""

    masks: Arrays
    initial: Arrays


class BackEnd(Protocol):
    """A back end, made once for a search: trains the networks of one population and says what happens.

    Where it trains networks side by side on a CPU, it takes so many workers; 0 is one for each core.

    It advances the networks together, one evaluation interval at a time, keeps pruned weights at exactly zero,
    and yields at least ten times a second. `NetworkStarted`, `Evaluated`, then `NetworkTrained` or
    `Diverged` for each network, with glimpses between.
    """

    name: str

    def __init__(self, experiment: Experiment, data: Data, device: str, workers: int = 0) -> None: ...

    @staticmethod
    def prepare() -> None:
        """Compile or load what the first step needs, and nothing again; for most there is nothing."""

    def __call__(self, starts: Iterable[tuple[Network, Start]], watch: Watch) -> Iterator[Event]:
        """Train the networks from their starts, each made when it is asked for; `watch` says whose weights to show."""
        ...


def resolve_device(name: str) -> str:
    """Turn "auto" into the best device that is here. Raises `Refused` for a device that is not."""
    import torch

    if name not in DEVICES:
        hint = nearest(name, DEVICES)
        raise Refused({"device": sentence("Device", repr(name), one_of(DEVICES), hint)})
    here = torch.cuda.is_available()
    if name == "cuda" and not here:
        raise Refused({"device": sentence("Device", "'cuda'", "auto or cpu; this machine has no CUDA device")})
    return "cuda" if here and name != "cpu" else "cpu"


def back_ends(experiment: Experiment, device: str) -> list[type[BackEnd]]:
    """List the back ends for a device that `resolve_device` returned, the one that is chosen first; see `SERVE`."""
    homes = (HOMES[name].split(":") for name in SERVE[device, "plain" if experiment.plain else "other"])
    return [getattr(import_module(module), name) for module, name in homes]


def back_end(experiment: Experiment, device: str) -> type[BackEnd]:
    """Choose the back end for a device that `resolve_device` returned."""
    return back_ends(experiment, device)[0]


def load_back_end(experiment: Experiment, device: str) -> None:
    """Load and compile what training needs, for seconds; a device that is not here is refused later."""
    with suppress(Refused):
        back_end(experiment, resolve_device(device)).prepare()


def found(network: Network, iteration: int, numbers: Sequence[float]) -> Evaluated | Diverged:
    """Turn what an evaluation measured, in the order of `Evaluated`, into the record of it."""
    finite = all(map(math.isfinite, numbers))
    return Evaluated(network, iteration, *numbers) if finite else Diverged(network, iteration)


def tell(scores: Evaluated | Diverged, watch: Watch, weights: Callable[[], Arrays]) -> Iterator[Event]:
    """Yield the record of an evaluation, and for who watches the network the weights that it has now."""
    yield scores
    if isinstance(scores, Evaluated) and watch(scores.network):
        yield WeightsSeen(scores.network, scores.iteration, weights())


def loss_gradient(experiment: Experiment, data: Data, device: str, start: Start) -> Arrays:
    """Return the gradient of the training loss where a training begins, for the criteria that ask for it."""
    from explorer.training.module import gradient

    return gradient(experiment, data, start, device)


def line(experiment: Experiment, data: Data, device: str) -> Line:
    """Return what measures the line between two trained networks; little is done before it is called."""
    from explorer.training.interpolation import Interpolation

    return Interpolation(experiment, data, device)
