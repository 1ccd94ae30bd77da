"""The plain reference back end: one torch module a network, trained in turn, one evaluation interval at a time.

Every other back end must agree with this one.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from explorer.architectures import Architecture
from explorer.datasets import Data, Split
from explorer.events import Arrays, Diverged, Evaluated, Event, Network, NetworkStarted, NetworkTrained, Progress
from explorer.experiment import MEASURED, Experiment
from explorer.randomness import generator
from explorer.training import BackEnd, Start, Watch, found, tell

CHUNK = 2_500  # images evaluated at once; small enough to yield in time, and fixed, so that bits are too
BEAT = 0.05  # seconds between two glimpses of progress


def build(architecture: Architecture, shape: tuple[int, ...], classes: int) -> nn.Module:
    """Return the architecture as a torch module, with parameters named as in the description, and no values yet."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    inputs = math.prod(shape)
    for layer in architecture.layers:
        units = classes if layer.kind == "output" else layer.units
        layers[layer.name] = nn.Linear(inputs, units, device="meta")
        if layer.kind != "output":
            layers[f"{layer.name}_relu"] = nn.ReLU()
        inputs = units
    # Torch's own initial values would be drawn from its global generator, for nothing.
    return nn.Sequential(layers).to_empty(device="cpu")


def load_weights(module: nn.Module, weights: Arrays) -> None:
    """Copy arrays into a module's parameters of the same names."""
    module.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in weights.items()})


def batches(experiment: Experiment, network: Network, first: int, last: int) -> Iterator[np.ndarray]:
    """Yield the training images' indices of the iterations from `first` up to `last`, without remainders of epochs.

    The order is a function of (seed, replicate, level, draw, epoch), so that variants are compared on
    the same batches.
    """
    size = experiment.batch
    an_epoch = experiment.data.train // size
    order, known_epoch = np.empty(0, dtype=np.int64), -1
    for iteration in range(first, last):
        epoch, place = divmod(iteration, an_epoch)
        if epoch != known_epoch:
            who = (experiment.seed, network.replicate, network.level, network.draw, epoch)
            order, known_epoch = generator("order", *who).permutation(experiment.data.train), epoch
        yield order[place * size : (place + 1) * size]


class Images(NamedTuple):
    """One split on the device: pixels ÷ 255 and class numbers."""

    pixels: Tensor
    labels: Tensor


@contextmanager
def _one_thread() -> Iterator[None]:
    """Give torch one thread for now: then a network's bits depend on nothing that runs beside it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class ModuleBackEnd(BackEnd):
    """Trains each network as a torch module of its own, with masked gradients and torch's fused Adam.

    One back end serves a whole search, so that its pace is measured over all of it. It trains in turn,
    however many workers there may be.
    """

    name = "torch"

    def __init__(
        self,
        experiment: Experiment,
        data: Data,
        device: str,
        workers: int = 0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.experiment, self.device, self.dtype = experiment, device, dtype
        self._train, validation, test = map(self._images, (data.train, data.validation, data.test))
        self._measured = (Images(*(values[:MEASURED] for values in self._train)), validation, test)
        self._steps, self._seconds, self._beat = 0, 0.0, 0.0

    def __call__(self, starts: Iterable[tuple[Network, Start]], watch: Watch) -> Iterator[Event]:
        """Train a population; see `explorer.training.BackEnd`."""
        training = {}
        for network, start in starts:
            training[network] = _Training(self.experiment, network, start, self.device, self.dtype)
            yield NetworkStarted(network, start.masks, start.initial)
        for first, last in pairwise((0, *self.experiment.evaluations)):
            for network, one in list(training.items()):
                yield from self._with_progress(one, one.advance(self._train, first, last))
                yield from self._with_progress(one, one.evaluate(*self._measured))
                if isinstance(one.scores, Diverged):
                    del training[network]
                yield from tell(one.scores, watch, one.weights)
        for network, one in training.items():
            yield NetworkTrained(network, *one.start, one.weights())

    def _images(self, split: Split) -> Images:
        pixels = torch.from_numpy(split.images).to(self.device).to(self.dtype) / 255
        return Images(pixels, torch.from_numpy(split.labels).to(self.device))

    def _with_progress(self, one: _Training, work: Iterator[int]) -> Iterator[Progress]:
        """Do `work`, and look up every `BEAT` seconds."""
        while self._work(work):
            device = "GPU" if self.device == "cuda" else "CPU"
            yield Progress(one.network, one.iteration, self._steps, self._seconds, device, self.name)
            self._beat = time.perf_counter()

    @_one_thread()
    def _work(self, work: Iterator[int]) -> bool:
        """Do `work` until the next beat, counting its steps and the time; returns whether it was cut short."""
        begun = time.perf_counter()
        try:
            for steps in work:
                self._steps += steps
                if time.perf_counter() - self._beat > BEAT:
                    return True
            return False
        finally:
            self._seconds += time.perf_counter() - begun


class _Training:
    """One network in training: its module, its optimizer and its masks."""

    def __init__(self, experiment: Experiment, network: Network, start: Start, device: str, dtype: torch.dtype) -> None:
        self.experiment, self.network, self.start, self.iteration = experiment, network, start, 0
        self.scores: Evaluated | Diverged
        self.module = build(experiment.network, experiment.data.shape, experiment.data.classes)
        load_weights(self.module, start.initial)
        self.module.to(device, dtype)
        named = dict(self.module.named_parameters())
        self.masked = [(named[name], torch.from_numpy(mask).to(device, dtype)) for name, mask in start.masks.items()]
        self.optimizer = torch.optim.Adam(named.values(), lr=experiment.learning_rate, fused=True)

    def advance(self, train: Images, first: int, last: int) -> Iterator[int]:
        """Train from iteration `first` to `last`; yields 1 after each mini-batch."""
        for indices in batches(self.experiment, self.network, first, last):
            rows = torch.from_numpy(indices).to(train.labels.device)
            loss = cross_entropy(self.module(train.pixels[rows]), train.labels[rows])
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for parameter, mask in self.masked:
                assert parameter.grad is not None
                # Masking the gradient, not the weight, also keeps both of Adam's moments at zero.
                parameter.grad *= mask
            self.optimizer.step()
            self.iteration += 1
            yield 1

    def evaluate(self, *splits: Images) -> Iterator[int]:
        """Measure loss and accuracy on train, validation and test; yields 0 after each chunk of images.

        The result is in `scores`.
        """
        numbers: list[float] = []
        for split in splits:
            loss, right = 0.0, 0
            for pixels, labels in zip(torch.split(split.pixels, CHUNK), torch.split(split.labels, CHUNK), strict=True):
                with torch.no_grad():
                    logits = self.module(pixels)
                    loss += float(cross_entropy(logits, labels, reduction="sum"))
                    right += int((logits.argmax(1) == labels).sum())
                yield 0
            numbers += [loss / len(split.labels), right / len(split.labels)]
        self.scores = found(self.network, self.iteration, numbers)

    def weights(self) -> dict[str, np.ndarray]:
        """Return a copy of every parameter."""
        return {
            name: values.detach().to("cpu", torch.float32, copy=True).numpy()
            for name, values in self.module.named_parameters()
        }
