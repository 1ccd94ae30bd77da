"""The reference back end, held against a slow one in numpy and against what it promises at every step."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.optimizer import register_optimizer_step_post_hook

from explorer import Experiment
from explorer.algorithm import draw_weights
from explorer.datasets import load
from explorer.events import VARIANTS, Evaluated, Network, NetworkTrained, Progress, WeightsSeen
from explorer.training import Start
from explorer.training import module as reference
from explorer.training.module import ModuleBackEnd, batches, build

LAYERS = ("fc1", "fc2", "fc3")


def sparse_start(experiment, network, density=0.3):
    """A start with random masks, made without the algorithm."""
    random = np.random.default_rng(7)
    masks = {p.name: random.random(p.shape) < density for p in experiment.prunable}
    initial = draw_weights(experiment, network)
    return Start(masks, {name: values * masks.get(name, np.True_) for name, values in initial.items()})


def nobody(network):
    return False


class Slow:
    """Lenet-300-100 in plain numpy: forward, backward, and Adam with its moments (Kingma & Ba, Algorithm 1)."""

    def __init__(self, start, rate):
        self.weights = {name: values.astype(np.float64) for name, values in start.initial.items()}
        self.masks, self.rate, self.step = start.masks, rate, 0
        self.m = {name: np.zeros_like(values) for name, values in self.weights.items()}
        self.v = {name: np.zeros_like(values) for name, values in self.weights.items()}

    def forward(self, images):
        values = images.reshape(len(images), -1) / 255
        inputs = []
        for layer in LAYERS:
            inputs.append(values)
            sums = values @ self.weights[f"{layer}.weight"].T + self.weights[f"{layer}.bias"]
            values = np.maximum(sums, 0) if layer != "fc3" else sums
        exponents = np.exp(sums - sums.max(1, keepdims=True))
        return inputs, exponents / exponents.sum(1, keepdims=True)

    def train(self, images, labels):
        inputs, shares = self.forward(images)
        error = (shares - np.eye(10)[labels]) / len(labels)
        gradients = {}
        for layer, values in zip(reversed(LAYERS), reversed(inputs), strict=True):
            gradients[f"{layer}.weight"] = error.T @ values
            gradients[f"{layer}.bias"] = error.sum(0)
            error = (error @ self.weights[f"{layer}.weight"]) * (values > 0)
        self.step += 1
        for name, gradient in gradients.items():
            gradient = gradient * self.masks.get(name, 1)
            self.m[name] = 0.9 * self.m[name] + 0.1 * gradient
            self.v[name] = 0.999 * self.v[name] + 0.001 * gradient**2
            mean, square = self.m[name] / (1 - 0.9**self.step), self.v[name] / (1 - 0.999**self.step)
            self.weights[name] = self.weights[name] - self.rate * mean / (np.sqrt(square) + 1e-8)

    def measure(self, split):
        _, shares = self.forward(split.images)
        of_label = shares[np.arange(len(split.labels)), split.labels]
        return -np.log(of_label).mean(), (shares.argmax(1) == split.labels).mean()


@pytest.fixture(scope="module")
def fifty():
    """Fifty steps of a sparse network on real digits, done slowly."""
    experiment = Experiment(dataset="digits", prune=0.2, levels=1, iterations=50, seed=3)
    network, data = Network("random-sparse", 1, 1), load("digits")
    start = sparse_start(experiment, network)
    slow = Slow(start, experiment.learning_rate)
    for rows in batches(experiment, network, 0, 50):
        slow.train(data.train.images[rows], data.train.labels[rows])
    return experiment, network, start, data, slow


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
def test_agrees_with_plain_numpy_after_50_steps(fifty, monkeypatch, dtype, tolerance):
    experiment, network, start, data, slow = fifty
    built = []
    monkeypatch.setattr(reference, "build", lambda *args: built.append(build(*args)) or built[-1])
    events = list(ModuleBackEnd(experiment, data, "cpu", dtype=dtype)([(network, start)], nobody))
    (module,) = built
    for name, parameter in module.named_parameters():
        assert parameter.dtype == dtype
        moved = abs(slow.weights[name] - start.initial[name]).max()
        assert moved > 1e-2  # else there would be little to agree on
        assert abs(parameter.detach().numpy() - slow.weights[name]).max() < tolerance
    last = [event for event in events if isinstance(event, Evaluated)][-1]
    thousand = type(data.train)(data.train.images[:1000], data.train.labels[:1000])
    measured = [number for split in (thousand, data.validation, data.test) for number in slow.measure(split)]
    reported = [last.train_loss, last.train_accuracy, last.validation_loss, last.validation_accuracy]
    assert [*reported, last.test_loss, last.test_accuracy] == pytest.approx(measured, abs=10 * tolerance)
    (end,) = (event for event in events if isinstance(event, NetworkTrained))
    assert all(abs(end.final[name] - values).max() < max(tolerance, 1e-7) for name, values in slow.weights.items())


def test_pruned_weights_and_both_moments_are_zero_after_every_step(tiny):
    experiment, network = tiny.but(iterations=45, learning_rate=0.05), Network("ticket", 0, 1)
    start = sparse_start(experiment, network, 0.1)
    masks = [torch.from_numpy(start.masks[p.name]) if p.kind else None for p in experiment.parameters]
    checked = []

    def check(optimizer, args, keywords):
        parameters = optimizer.param_groups[0]["params"]
        for parameter, mask in zip(parameters, masks, strict=True):
            if mask is not None:
                moments = (optimizer.state[parameter][moment] for moment in ("exp_avg", "exp_avg_sq"))
                for values in (parameter, *moments):
                    assert not values[~mask].any()
                    assert values[mask].any()
        checked.append(optimizer)

    hook = register_optimizer_step_post_hook(check)
    try:
        list(ModuleBackEnd(experiment, load("tiny"), "cpu")([(network, start)], nobody))
    finally:
        hook.remove()
    assert len(checked) == 45


identities = st.tuples(*[st.integers(0, 2)] * 5)
"""(seed, replicate, level, draw, epoch)"""


@given(identities, identities)
def test_batches_are_a_function_of_seed_replicate_level_draw_and_epoch(tiny, one, two):
    def epoch(identity, variant):
        seed, replicate, level, draw, number = identity
        experiment, network = tiny.but(seed=seed), Network(variant, replicate, level, draw)
        return np.concatenate(list(batches(experiment, network, 5 * number, 5 * number + 5)))

    first = epoch(one, "ticket")
    assert sorted(first) == list(range(300))
    assert all(np.array_equal(first, epoch(one, variant)) for variant in VARIANTS[1:])
    assert np.array_equal(first, epoch(two, "ticket")) == (one == two)


@given(st.integers(1, 300), st.lists(st.integers(0, 25), min_size=1, max_size=4))
def test_batches_do_not_depend_on_where_training_is_looked_at(tiny, size, stops):
    experiment, network = tiny.but(batch=size), Network("ticket", 0, 0)
    stops = [0, *sorted(stops)]
    whole = list(batches(experiment, network, 0, stops[-1]))
    parts = [rows for first, last in pairwise(stops) for rows in batches(experiment, network, first, last)]
    assert len(whole) == stops[-1]
    assert all(len(rows) == size == len(set(rows)) for rows in whole)
    assert np.array_equal(whole, parts)


def test_an_epoch_leaves_out_what_does_not_fill_a_batch(tiny):
    rows = list(batches(tiny.but(batch=90), Network("ticket", 0, 0), 0, 6))
    for epoch in (rows[:3], rows[3:]):
        assert len(set(np.concatenate(epoch))) == 270
    assert not np.array_equal(rows[0], rows[3])


def test_a_module_has_the_experiments_parameters_in_order():
    experiment = Experiment()
    module = build(experiment.network, experiment.data.shape, experiment.data.classes)
    assert [(name, tuple(values.shape)) for name, values in module.named_parameters()] == [
        (p.name, p.shape) for p in experiment.parameters
    ]
    assert module(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


class Clock:
    """A clock that goes on by 4 ms each time someone looks."""

    now = 0.0

    def perf_counter(self):
        self.now += 0.004
        return self.now


def test_progress_counts_every_step_and_never_goes_back(tiny, monkeypatch):
    monkeypatch.setattr(reference, "BEAT", 0)
    starts = [(network, sparse_start(tiny, network)) for network in (Network("ticket", r, 0) for r in range(3))]
    glimpses = [e for e in ModuleBackEnd(tiny, load("tiny"), "cpu")(starts, nobody) if isinstance(e, Progress)]
    assert all(one.steps <= two.steps and one.seconds <= two.seconds for one, two in pairwise(glimpses))
    assert glimpses[-1].steps == 3 * tiny.iterations
    assert {event.iteration for event in glimpses} == set(range(tiny.iterations + 1))
    assert {(event.device, event.back_end) for event in glimpses} == {("CPU", "torch")}


def test_looks_up_ten_times_a_second_and_counts_no_pause(tiny, monkeypatch):
    clock, network, looked = Clock(), Network("ticket", 0, 0), [0.0]
    monkeypatch.setattr(reference, "time", clock)
    experiment = tiny.but(iterations=400, evaluate=3)  # no piece of work is longer than 20 steps, or 80 ms
    start = sparse_start(experiment, network)
    away = 0.0
    for event in ModuleBackEnd(experiment, load("tiny"), "cpu")([(network, start)], nobody):
        if isinstance(event, Progress):
            assert clock.now - looked[-1] <= 0.1
            assert event.seconds <= clock.now - away
            away += 10
            clock.now += 10
            looked.append(clock.now)
    assert len(looked) > 20


def test_weights_are_seen_with_pruned_ones_at_zero(tiny):
    network = Network("random-sparse", 0, 1)
    masks, initial = sparse_start(tiny, network)
    events = ModuleBackEnd(tiny, load("tiny"), "cpu")([(network, Start(masks, initial))], lambda network: True)
    seen = [event for event in events if isinstance(event, WeightsSeen)]
    assert [event.iteration for event in seen] == list(tiny.evaluations)
    for event in seen:
        assert not any(event.weights[name][~mask].any() for name, mask in masks.items())
