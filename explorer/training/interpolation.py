"""How networks do on the straight line between the weights of two that were trained from one start.

Where the error hardly rises between two that saw their images in different orders, training is stable: it leads to one
linearly connected minimum, whatever the order (Frankle, Dziugaite, Roy & Carbin 2020, "Linear Mode Connectivity and
the Lottery Ticket Hypothesis").
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import cached_property

import torch

from explorer.datasets import Data
from explorer.events import Arrays, Event, Interpolated, Network, Preparing
from explorer.experiment import MEASURED, PLACES, Experiment
from explorer.training.images import Images, moments
from explorer.training.module import build, load_weights, measure, same_bits


class Interpolation:
    """Measures the line between two networks, by the plain reference, wherever they were trained.

    Every tensor is interpolated, batch normalization's running statistics too, and nothing is trained.
    """

    def __init__(self, experiment: Experiment, data: Data, device: str) -> None:
        self.experiment, self.data, self.device = experiment, data, device

    def __call__(self, network: Network, one: Arrays, other: Arrays) -> Iterator[Event]:
        """Measure the line to a network; see `explorer.training.Line`."""
        experiment, numbers = self.experiment, list[list[float]]()
        module = build(experiment.network, experiment.data.shape, experiment.data.classes).to(self.device)
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for place in PLACES:
            load_weights(module, {name: (1 - place) * start + place * other[name] for name, start in one.items()})
            measuring = measure(experiment, module, self._splits)
            while (measured := _go_on(measuring)) is None:
                yield Preparing("Measuring the line between two draws of a ticket")
            numbers.append(measured)
        yield Interpolated(network, PLACES, *zip(*numbers, strict=True))

    @cached_property
    def _splits(self) -> tuple[tuple[Images, int | None], ...]:
        """What is looked at: the training images on which train loss is measured, and the test images."""
        of_channels = moments(self.experiment.data, self.data.train)
        train, test = (Images(split, of_channels, self.device) for split in (self.data.train, self.data.test))
        return (train, MEASURED), (test, None)


@same_bits()
def _go_on(measuring: Generator[int, None, list[float]]) -> list[float] | None:
    """Measure one chunk of images more, and return the numbers after the last."""
    try:
        next(measuring)
    except StopIteration as done:
        numbers: list[float] = done.value
        return numbers
    return None
