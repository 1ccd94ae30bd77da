"""The search for winning tickets (Frankle & Carbin 2019, Section 1), to be read beside the paper.

A network is a node with a parent: its mask comes from the ticket one level above it, its initial weights from
the seed and who it is.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import cache, partial

import numpy as np

from explorer import pruning
from explorer.datasets import check, load
from explorer.events import VARIANTS, Arrays, Diverged, Ended, Event, Network, NetworkTrained
from explorer.experiment import Experiment
from explorer.randomness import generator
from explorer.training import Start, Watch, back_end, resolve_device

Known = Mapping[Network, NetworkTrained | Diverged]
Masks = Mapping[str, pruning.Mask]


def search(
    experiment: Experiment, device: str = "auto", known: Known | None = None, watch: Watch | None = None, cores: int = 0
) -> Generator[Event]:
    """Search for winning tickets, and train the controls of each: yields events until `Ended("finished")`.

    Train the dense network; prune the smallest weights of what it became; rewind the rest to their initial
    values; repeat. Beside each ticket train the same mask from new initial weights (random reinit) and a
    random mask from new initial weights (random sparse).

    Args:
        experiment: what to run.
        device: "auto", "cpu" or "cuda".
        known: networks that need no training again, by who they are.
        watch: asked at each evaluation of a network whether its weights are to be shown (`WeightsSeen`).
        cores: how many cores of a CPU to train on, 0 for all that there are; no number depends on it.

    Raises:
        Refused: the device is not there. Raised by the call itself, before anything runs.
        DataError: the data set is not there and cannot be fetched.
    """
    device = resolve_device(device)
    check(experiment.dataset)
    return _search(experiment, device, dict(known or {}), watch or (lambda network: False), cores)


def _search(
    experiment: Experiment, device: str, known: dict[Network, NetworkTrained | Diverged], watch: Watch, cores: int
) -> Generator[Event]:
    train = back_end(experiment, device)(experiment, load(experiment.dataset), device, cores)
    for population in order(experiment):
        todo = [network for network in population if network not in known and not ended(network, known)]
        left = cache(partial(pruned, experiment, known))  # a parent is pruned once for its three children
        starts = ((network, start(experiment, network, left(parent(network)))) for network in todo)
        for event in train(starts, watch):
            if isinstance(event, NetworkTrained | Diverged) and event.network.variant == "ticket":
                known[event.network] = event  # the next level is pruned from it
            yield event
        for network in population:  # grandparents are not needed again
            known.pop(network._replace(level=network.level - 1), None)
    yield Ended("finished")


def order(experiment: Experiment) -> list[list[Network]]:
    """List the networks of each level, which train together: the dense ones, then tickets and controls."""
    replicates = range(experiment.replicates)
    dense = [Network("ticket", replicate, 0) for replicate in replicates]
    return [dense] + [
        [Network(variant, replicate, level) for variant in VARIANTS for replicate in replicates]
        for level in range(1, experiment.levels + 1)
    ]


def parent(network: Network) -> Network:
    """Return the ticket from whose trained weights this network's mask is pruned."""
    return Network("ticket", network.replicate, network.level - 1)


def ended(network: Network, known: Known) -> bool:
    """Tell whether a network cannot be made, because a ticket above it diverged."""
    return network.level > 0 and not isinstance(known.get(parent(network)), NetworkTrained)


def pruned(experiment: Experiment, known: Known, ticket: Network) -> Masks:
    """Prune a trained ticket: which weights are left for the level below. Above the dense network, all of them."""
    if ticket.level < 0:
        return {p.name: np.ones(p.shape, dtype=bool) for p in experiment.prunable}
    trained = known[ticket]
    assert isinstance(trained, NetworkTrained)
    return pruning.prune(trained.final, trained.masks, experiment.rates)


def start(experiment: Experiment, network: Network, left: Masks) -> Start:
    """Return what a network trains from: rewind the weights that its parent's pruning has left, or draw them anew.

    A random sparse network has as many of each layer, at places drawn at random.
    """
    masks, initial = left, draw_weights(experiment, network)
    if network.variant == "random-sparse":
        random = generator("mask", experiment.seed, *network)
        masks = {name: pruning.scatter(mask.shape, int(mask.sum()), random) for name, mask in left.items()}
    return Start(masks, {name: values * masks[name] if name in masks else values for name, values in initial.items()})


def draw_weights(experiment: Experiment, network: Network) -> Arrays:
    """Draw a network's dense initial weights: Gaussian Glorot, zero biases, float32.

    A ticket's depend on seed and replicate alone, so that every level rewinds to the same ones; a
    control's depend on who it is.
    """
    who = ("ticket", network.replicate) if network.variant == "ticket" else tuple(network)
    random = generator("initial", experiment.seed, *who)
    return {
        p.name: np.zeros(p.shape, np.float32)
        if p.kind is None
        else (p.glorot_std * random.standard_normal(p.shape)).astype(np.float32)
        for p in experiment.parameters
    }
