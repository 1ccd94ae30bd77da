"""Criteria, against a plain re-computation weight by weight, on a small search."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from explorer import Refused, search
from explorer.datasets import load
from explorer.events import Network, NetworkTrained
from explorer.pruning import CRITERIA, Criterion
from explorer.training import Start, loss_gradient

BEFORE = {"random", "magnitude-at-start", "snip"}

SCORES = {
    "magnitude": lambda initial, final, gradient: abs(final),
    "magnitude-at-start": lambda initial, final, gradient: abs(initial),
    "magnitude-increase": lambda initial, final, gradient: abs(final) - abs(initial),
    "movement": lambda initial, final, gradient: abs(final - initial),
    "snip": lambda initial, final, gradient: abs(initial * gradient),
}
"""What each criterion says of one weight."""


def trained(experiment):
    return {event.network: event for event in search(experiment, "cpu") if isinstance(event, NetworkTrained)}


def slow_gradient(experiment, start):
    """The gradient over all 300 images at once, by a module of torch's own making."""
    data = load(experiment.dataset).train
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(36, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    ).double()
    for values, of_start in zip(module.parameters(), start.initial.values(), strict=True):
        values.data = torch.from_numpy(of_start.astype(np.float64))
    pixels = torch.from_numpy(data.images.astype(np.float64) / 255)
    nn.functional.cross_entropy(module(pixels), torch.from_numpy(data.labels)).backward()
    return {name: v.grad.numpy() for name, v in zip(start.initial, module.parameters(), strict=True)}


@pytest.fixture(scope="module")
def small(tiny):
    return tiny.but(replicates=1, levels=2, iterations=20)


@pytest.mark.parametrize("scope", ["layer-wise", "global"])
@pytest.mark.parametrize("name", SCORES)
def test_tickets_keep_the_weights_with_the_highest_scores(small, name, scope):
    experiment = small.but(criterion=name, scope=scope)
    networks = trained(experiment)
    for level in (1, 2):
        above, below = (networks[Network("ticket", 0, k)] for k in (level - 1, level))
        gradient = slow_gradient(experiment, above) if name == "snip" else dict.fromkeys(above.masks, np.zeros(1))
        scores = {}
        for layer, mask in above.masks.items():
            arrays = [values.astype(np.float64) for values in (above.initial[layer], above.final[layer])]
            scores[layer] = np.where(mask, SCORES[name](*arrays, gradient[layer]), -np.inf)
        groups = [[layer] for layer in scores] if scope == "layer-wise" else [list(scores)]
        for layers in groups:
            kept = np.concatenate([scores[layer][below.masks[layer]] for layer in layers])
            cut = np.concatenate([scores[layer][above.masks[layer] & ~below.masks[layer]] for layer in layers])
            assert len(cut)
            assert kept.min() >= cut.max() - 1e-6 * abs(kept).max()
        sums = [sum(int(below.masks[layer].sum()) for layer in layers) for layers in groups]
        assert tuple(sums) == experiment.counts[level]


def test_random_pruning_favours_no_weight_and_depends_on_who_is_pruned(small):
    experiment = small.but(criterion="random", replicates=2, iterations=1)
    networks = trained(experiment)
    kept = {r: networks[Network("ticket", r, 1)].masks["fc1.weight"] for r in (0, 1)}
    assert not np.array_equal(kept[0], kept[1])
    other = trained(experiment.but(seed=1))[Network("ticket", 0, 1)].masks["fc1.weight"]
    assert not np.array_equal(kept[0], other)
    dense = networks[Network("ticket", 0, 0)]
    large = abs(dense.final["fc1.weight"]) > np.median(abs(dense.final["fc1.weight"]))
    share, n = kept[0][large].mean(), large.sum()
    assert abs(share - 0.5) < 5 * math.sqrt(0.25 / n)
    nested = networks[Network("ticket", 0, 2)].masks["fc1.weight"]
    assert not (nested & ~kept[0]).any()


@pytest.mark.parametrize("name", CRITERIA)
def test_a_criterion_that_does_not_look_at_trained_weights_acts_before_training(small, name):
    criterion = CRITERIA[name]
    assert criterion.before_training == (name in BEFORE)
    random = np.random.default_rng(0)
    arrays = {need: {"fc": random.normal(size=(4, 5))} for need in ("initial", "final", "gradient", "noise")}
    scores = criterion.scores(arrays, "fc")
    arrays["final"] = {"fc": random.normal(size=(4, 5))}
    assert np.array_equal(scores, criterion.scores(arrays, "fc")) == criterion.before_training


def test_the_gradient_of_a_masked_start_is_that_of_the_masked_network(small):
    dense = trained(small)[Network("ticket", 0, 0)]
    masks = {name: np.random.default_rng(1).random(mask.shape) < 0.3 for name, mask in dense.masks.items()}
    start = Start(masks, {name: values * masks.get(name, 1) for name, values in dense.initial.items()})
    found = loss_gradient(small, load(small.dataset), "cpu", start)
    for name, values in slow_gradient(small, start).items():
        assert abs(found[name] - values).max() < 1e-5 * abs(values).max() + 1e-8


def test_a_criterion_that_needs_what_there_is_not_is_refused():
    with pytest.raises(Refused, match="hessian is not accepted; give arguments of initial, final"):
        Criterion("curvature", lambda initial, hessian: initial * hessian)


@pytest.mark.parametrize(
    "score", [lambda: 0, lambda *final: final, lambda final, /: final, lambda final, power=2: final]
)
def test_so_is_one_that_cannot_be_given_what_it_needs(score):
    with pytest.raises(Refused, match="is not accepted; give arguments of initial, final, gradient, noise"):
        Criterion("curvature", score)
