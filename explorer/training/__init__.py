"""Training: one small protocol, one file a back end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

from explorer.datasets import Data
from explorer.errors import Refused, nearest, one_of, sentence
from explorer.events import Arrays, Event, Network
from explorer.experiment import Experiment

DEVICES = ("auto", "cpu", "cuda")

Watch = Callable[[Network], bool]


class Start(NamedTuple):
    """What a network trains from: its masks, and the initial value of every parameter (pruned weights zero)."""

    masks: Arrays
    initial: Arrays


class BackEnd(Protocol):
    """A back end, made once for a search: trains the networks of one population and says what happens.

    It advances the networks together, one evaluation interval at a time, keeps pruned weights at exactly zero,
    and yields at least ten times a second. `NetworkStarted`, `Evaluated`, then `NetworkTrained` or
    `Diverged` for each network, with glimpses between.
    """

    name: str

    def __init__(self, experiment: Experiment, data: Data, device: str) -> None: ...

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


def load_back_end(name: str) -> None:
    """Load what training on a device needs, which takes a second; a device that is not here is refused later."""
    with suppress(Refused):
        back_end(resolve_device(name))


def back_end(device: str) -> type[BackEnd]:
    """Choose the back end for a device that `resolve_device` returned."""
    from explorer.training.module import ModuleBackEnd

    return ModuleBackEnd


def loss_gradient(experiment: Experiment, data: Data, device: str, start: Start) -> Arrays:
    """Return the gradient of the training loss where a training begins, for the criteria that ask for it."""
    from explorer.training.module import gradient

    return gradient(experiment, data, start, device)
