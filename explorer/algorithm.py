"""The search for winning tickets (Frankle & Carbin 2019, Section 1), to be read beside the paper.

A network is a node with a parent: its mask comes from the ticket one level above it, its initial weights from
the seed and who it is. That is the paper's own protocol; `parent` and `reset` hold the others.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import cache, partial

import numpy as np

from explorer import pruning
from explorer.datasets import check, load
from explorer.events import Arrays, Diverged, Ended, Event, Network, NetworkTrained, Variant
from explorer.experiment import Experiment
from explorer.randomness import generator
from explorer.registry import require
from explorer.reinits import OF_TICKET
from explorer.training import Line, Start, Watch, back_end, line, loss_gradient, resolve_device

Known = Mapping[Network, NetworkTrained | Diverged]
Masks = Mapping[str, pruning.Mask]
Gradient = Callable[[Start], Arrays]


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
        Refused: the device is not there, or what is searched is known from a run's file only (`explorer.register`).
            Raised by the call itself, before anything runs.
        DataError: the data set is not there and cannot be fetched.
    """
    require(experiment)
    device = resolve_device(device)
    check(experiment.dataset)
    return _search(experiment, device, dict(known or {}), watch or (lambda network: False), cores)


def _search(
    experiment: Experiment, device: str, known: dict[Network, NetworkTrained | Diverged], watch: Watch, cores: int
) -> Generator[Event]:
    data = load(experiment.dataset)
    train = back_end(experiment, device)(experiment, data, device, cores)
    gradient, measure = partial(loss_gradient, experiment, data, device), line(experiment, data, device)
    for population in order(experiment):
        todo = [network for network in population if network not in known and not ended(experiment, network, known)]
        left = cache(partial(pruned, experiment, known, gradient))  # its ticket is pruned once for three children
        starts = ((network, start(experiment, network, known, left(family(network)))) for network in todo)
        for event in train(starts, watch):
            if isinstance(event, NetworkTrained | Diverged) and event.network.variant == "ticket":
                known[event.network] = event  # the next level is pruned from it
                yield from line_to(event.network, known, measure)
            yield event
        for network in population:  # grandparents are not needed again, but where all go back to the dense network
            if network.level > 1 or not (experiment.rewind or experiment.protocol == "one-shot"):
                known.pop(network._replace(level=network.level - 1), None)
    yield Ended("finished")


def order(experiment: Experiment) -> list[list[Network]]:
    """List the networks of each level, which train together: the dense ones, then tickets and controls."""

    def of(level: int, variants: Iterable[Variant]) -> list[Network]:
        replicates = range(experiment.replicates)
        return [Network(v, r, level, draw) for v in variants for r in replicates for draw in range(experiment.draws(v))]

    return [of(0, ("ticket",)), *(of(level, experiment.variants) for level in range(1, experiment.levels + 1))]


def family(network: Network) -> Network:
    """Return the ticket of a network's replicate and level: all that are pruned from the same parent."""
    return Network("ticket", network.replicate, network.level)


def line_to(network: Network, known: Known, measure: Line) -> Iterator[Event]:
    """Measure the line from the final weights of a ticket's draw 0 to those of another draw, where both have them.

    A draw that was known before the search needs no training, and is taken to have its line.
    """
    first, other = known.get(family(network)), known[network]
    if network.draw and isinstance(first, NetworkTrained) and isinstance(other, NetworkTrained):
        yield from measure(network, first.final, other.final)


def parent(experiment: Experiment, network: Network) -> Network:
    """Return the ticket whose pruning gives a network its mask: one level above, or in one shot the dense one."""
    return Network("ticket", network.replicate, 0 if experiment.protocol == "one-shot" else network.level - 1)


def ended(experiment: Experiment, network: Network, known: Known) -> bool:
    """Tell whether a network cannot be made, because a ticket above it diverged."""
    return network.level > 0 and not isinstance(known.get(parent(experiment, network)), NetworkTrained)


def pruned(experiment: Experiment, known: Known, gradient: Gradient, network: Network) -> Masks:
    """Prune the parent of a network: which weights are left. Of the dense network, all of them."""
    if network.level == 0:
        return {p.name: np.ones(p.shape, dtype=bool) for p in experiment.prunable}
    trained = _trained(known, parent(experiment, network))
    criterion = pruning.CRITERIA[experiment.criterion]
    arrays = {"initial": trained.initial, "final": trained.final}
    if "gradient" in criterion.needs:
        arrays["gradient"] = gradient(Start(trained.masks, trained.initial))
    if "noise" in criterion.needs:
        random = generator("noise", experiment.seed, *trained.network)
        arrays["noise"] = {name: random.random(mask.shape) for name, mask in trained.masks.items()}
    scores = {name: criterion.scores(arrays, name) for name in trained.masks}
    names = (group.names for group in experiment.groups)
    return pruning.prune(scores, trained.masks, zip(names, experiment.counts[network.level], strict=True))


def start(experiment: Experiment, network: Network, known: Known, left: Masks) -> Start:
    """Return what a network trains from: its ticket's mask on the weights that the protocol resets it to.

    A control's weights are drawn anew, or made of its ticket's own; a random sparse network has as many of each layer,
    at places drawn at random.
    """
    masks, initial = left, reset(experiment, network, known)
    if network.variant == "random-reinit" and experiment.reinit in OF_TICKET:
        initial = reinitialized(experiment, network, initial, masks)
    elif network.variant == "random-sparse":
        random = generator("mask", experiment.seed, *network)
        masks = {name: pruning.scatter(mask.shape, int(mask.sum()), random) for name, mask in left.items()}
    return Start(masks, {name: values * masks[name] if name in masks else values for name, values in initial.items()})


def reset(experiment: Experiment, network: Network, known: Known) -> Arrays:
    """Return the weights that a network begins with, before its mask.

    A ticket's are the original ones, or those that its replicate's dense training had a little later ("late
    rewinding", Frankle et al. 2019), or, if training is continued, those that its parent's training led to.
    """
    if network.level and experiment.from_ticket(network.variant):
        if experiment.protocol == "continued":
            return _trained(known, parent(experiment, network)).final
        if experiment.rewind:
            return _trained(known, Network("ticket", network.replicate, 0)).rewind
        network = family(network)
    return draw_weights(experiment, network)


def reinitialized(experiment: Experiment, network: Network, initial: Arrays, masks: Masks) -> Arrays:
    """Make a control's initial weights of its ticket's: new values for the survivors, by `Experiment.reinit`."""
    random, made = generator("reinit", experiment.seed, *network), dict(initial)
    for weight in experiment.weights:
        values = made[weight.name] = np.zeros(weight.shape, np.float32)
        alive = masks.get(weight.name, np.ones(weight.shape, dtype=bool))
        start = initial[weight.name][alive]
        values[alive] = OF_TICKET[experiment.reinit](start, experiment.spread(weight), experiment.noise, random)
    return made


def draw_weights(experiment: Experiment, network: Network) -> Arrays:
    """Draw a network's dense initial weights: Gaussian with the dense layer's spread, float32; zero biases.

    A ticket's depend on seed and replicate alone, so that every level rewinds to the same ones; a
    control's depend on who it is.
    """
    who = ("ticket", network.replicate) if network.variant == "ticket" else tuple(network)
    random = generator("initial", experiment.seed, *who)
    return {
        p.name: (experiment.spread(p) * random.standard_normal(p.shape)).astype(np.float32)
        if p.is_weight
        else np.full(p.shape, p.fill, np.float32)
        for p in experiment.parameters
    }


def _trained(known: Known, network: Network) -> NetworkTrained:
    trained = known[network]
    assert isinstance(trained, NetworkTrained)
    return trained
