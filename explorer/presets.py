"""Experiments by name."""

from __future__ import annotations

from typing import NamedTuple

from explorer.errors import Refused, nearest, one_of, sentence
from explorer.experiment import Experiment

DEFAULT = "sixty-seconds"


class Preset(NamedTuple):
    """An experiment with its title on the page, and what it is for."""

    title: str
    about: str
    experiment: Experiment

    @property
    def cost(self) -> int:
        """The network-iterations of the experiment, where no network diverges."""
        return self.experiment.network_iterations


PRESETS: dict[str, Preset] = {
    DEFAULT: Preset(
        "Sixty seconds",
        "Half a minute to a minute on two cores: the three curves part on 5,000 digits",
        Experiment(dataset="digits", prune=0.42, levels=5, replicates=3, iterations=1_000, evaluate=50),
    ),
    "paper-lenet": Preset(
        "Paper: Lenet-300-100 on MNIST",
        "Lenet-300-100 on MNIST as in the paper: 20 levels of 20%, 50,000 iterations, 5 replicates, 3 reinits and 2 "
        "random sparse networks of each",
        Experiment(reinit_draws=3, sparse_draws=2),
    ),
}


def preset(name: str) -> Experiment:
    """Return the experiment called `name`. Raises `Refused` with the nearest right name."""
    if name not in PRESETS:
        raise Refused({"preset": sentence("Preset", repr(name), one_of(PRESETS), nearest(name, PRESETS))})
    return PRESETS[name].experiment
