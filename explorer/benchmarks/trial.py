"""A few training steps on random bytes, from which to tell how fast a network trains where its data set may not be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from explorer.algorithm import draw_weights
from explorer.datasets import Data, DataSet, Split
from explorer.events import Evaluated, Network, Progress
from explorer.experiment import Experiment
from explorer.randomness import generator
from explorer.settings import ANY_ITERATION
from explorer.training import BackEnd, Start


class Trial(Experiment):
    """An experiment as it is begun to see how fast it goes: on one mini-batch of images, so that few are evaluated."""

    @property
    def data(self) -> DataSet:
        """The data set's description, but for how many images there are."""
        return replace(super().data, train=self.batch, validation=1, test=1)


def noise(experiment: Experiment, train: int) -> Data:
    """Return random bytes in the shape of a data set's images, so many to train on and a few to evaluate."""
    random = generator("benchmark", "noise")

    def split(size: int) -> Split:
        images = random.integers(0, 256, (size, *experiment.data.shape), dtype=np.uint8)
        return Split(images, random.integers(0, experiment.data.classes, size))

    return Data(split(train), split(1), split(1))


def begin(
    kind: type[BackEnd], experiment: Experiment, networks: int = 1, device: str = "cpu", workers: int = 0
) -> Iterator[Progress]:
    """Train so many dense networks on noise, and yield the progress from their first evaluation on; close it to end."""
    endless = {"iterations": ANY_ITERATION, "evaluate": ANY_ITERATION, "learning_rate": 1e-6}  # too low to diverge
    trial = Trial(**experiment.model_dump() | endless)
    masks = {parameter.name: np.ones(parameter.shape, np.bool_) for parameter in trial.prunable}
    who = [Network("ticket", number, 0) for number in range(networks)]
    start = Start(masks, draw_weights(trial, who[0]))
    train = kind(trial, noise(trial, trial.data.train), device, workers)
    events = iter(train([(network, start) for network in who], lambda network: False))
    next(event for event in events if isinstance(event, Evaluated) and event.network == who[-1])
    yield from (event for event in events if isinstance(event, Progress))


def pace(progress: Iterator[Progress], clock: Callable[[], float], steps: int = 1, seconds: float = 0.0) -> float:
    """Return the time of a network-iteration by a clock, over so many of them and seconds at least."""
    first, begun = next(progress).steps, clock()
    for now in progress:
        done, taken = now.steps - first, clock() - begun
        if done >= steps and taken >= seconds:
            break
    return taken / done
