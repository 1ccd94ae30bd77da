"""Measure how fast this machine trains: the back ends against plain loops, the arithmetic, and one worker alone.

What is compared is measured in turn, round after round, so that whatever else the machine does touches all of it
alike; each number is the median of its rounds, each ratio the median of the rounds' ratios. Times of one thread are
CPU seconds of the process, which other processes touch least; where several threads are compared, or on a GPU, it is
the clock on the wall.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from explorer import pruning
from explorer.algorithm import draw_weights, order, search
from explorer.benchmarks import dataloader_loop, gemm, preloaded_loop
from explorer.benchmarks.machine import machine
from explorer.benchmarks.memory import peak_memory, whole_search
from explorer.benchmarks.plain_module import plain_module
from explorer.benchmarks.trial import begin, noise, pace
from explorer.datasets import Data, load
from explorer.events import Evaluated, Network, NetworkStarted
from explorer.experiment import Experiment
from explorer.randomness import generator
from explorer.training import BackEnd, Start, back_ends
from explorer.training.cores import usable_cores
from explorer.training.module import load_weights

ARCHITECTURES = {"lenet-300-100": "digits"}
"""The networks that are measured, each with a data set of its shape that is always there."""

CONVOLUTIONAL = "conv-2"
"""The network of convolutions that is measured, dense, on random bytes in the shape of its images."""

ON_GPU = {"lenet-300-100": ("digits", 128), "conv-2": ("digits", 15)}
"""The networks that are measured where there is a GPU: data set, and how many train together."""

DENSITIES = (1.0, 0.51, 0.21, 0.108, 0.036, 0.012)
"""Of every layer: the dense network, and the paper's levels 3, 7, 10, 15 and 20 of 20%."""

LOOPS: Mapping[str, ModuleType] = {"preloaded": preloaded_loop, "DataLoader": dataloader_loop}

DENSE_GRID = 20  # iterations between evaluations at the start of every training,
DENSE_UNTIL = 200  # and until which iteration
LOOP_STEPS = 50  # of a plain loop in one round
CONVOLUTIONAL_STEPS = 2  # of a network of convolutions, some hundred times as long as those of a fully connected one
NOISE = 600  # random images that are enough for a plain loop
TOGETHER_STEPS = 2_000  # of a population in one round, so that its steps take longer than what is between them
SIDE_BY_SIDE = 0.21  # density of the networks by which workers are compared

Seconds = dict[tuple[object, ...], list[float]]
"""What was measured, round by round, by what it was measured of."""


@dataclass(frozen=True)
class Step:
    """A network-iteration of one back end: its time (µs) and what it is compared with.

    Args:
        architecture, back_end, density: whose it is.
        microseconds: in one thread, without evaluation.
        dense: how many times faster than the same back end's dense step.
        preloaded, dataloader: how many times faster than the plain loops, which mask what is not dense.
        peak: share (0–1) of the measured GEMM peak that the arithmetic on surviving weights comes to.
        evaluation: time of an evaluated image ÷ time of a trained one, over the same quotient of their arithmetic; None
            where no evaluation was timed.
    """

    architecture: str
    back_end: str
    density: float
    microseconds: float
    dense: float
    preloaded: float
    dataloader: float
    peak: float
    evaluation: float | None


@dataclass(frozen=True)
class Loop:
    """A network-iteration of a plain loop in one thread (µs), of the dense network and of a masked one, if timed."""

    architecture: str
    loop: str
    dense: float
    masked: float | None


@dataclass(frozen=True)
class Together:
    """A network-iteration on a GPU (µs, evaluation not included) where so many dense networks train together.

    `alone` is the same (µs) where the plain module trains one after the other, and `faster` the ratio.
    """

    architecture: str
    back_end: str
    networks: int
    microseconds: float
    alone: float
    faster: float


@dataclass(frozen=True)
class Workers:
    """How many times faster so many workers are than one, by the clock on the wall, evaluation included."""

    workers: int
    faster: float


@dataclass(frozen=True)
class Whole:
    """A whole search on digits against the plain loops, all with as many threads as there are cores; seconds.

    The search and the preloaded loop are run from start to end, once. The DataLoader loop is reckoned from its parts:
    a masked step and an evaluation, as often as the search has them.
    """

    networks: int
    iterations: int
    search: float
    preloaded: float
    dataloader_from_parts: float


@dataclass(frozen=True)
class Report:
    """All that was measured; `gemm` is in floating-point operations a second, `memory` in bytes, None where unknown."""

    machine: Mapping[str, str]
    rounds: int
    gemm: float
    steps: tuple[Step, ...]
    loops: tuple[Loop, ...]
    together: tuple[Together, ...]
    workers: Workers | None
    memory: int | None
    whole: Whole | None


def measure(
    rounds: int,
    whole: bool = False,
    say: Callable[[str], None] = lambda doing: None,
    densities: tuple[float, ...] = DENSITIES,
    seconds: float = 0.1,
) -> Report:
    """Measure everything on this machine's CPU, and on its GPU where there is one what trains together.

    Args:
        rounds: how often each thing is measured.
        whole: whether to run a whole search, too, and the preloaded loop through the same; that takes minutes.
        say: told what is being measured.
        densities: of the networks to measure, the dense one first.
        seconds: how long the steps of one network are timed in one round, about.
    """
    with torch_threads(1):
        taken: Seconds = {}
        measured: list[_Measured | _Convolutional] = [_Convolutional(CONVOLUTIONAL)]
        measured[:0] = [_Measured(name, densities, seconds) for name in ARCHITECTURES]
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            taken.setdefault(("gemm",), []).append(1 / gemm.operations_a_second())
            for one in measured:
                one.measure(taken)
        workers = _workers(rounds, seconds, say)
        together = tuple(_together(rounds, say)) if torch.cuda.is_available() else ()
    say("memory of a whole search")
    memory = peak_memory(levels=20, iterations=20)
    return Report(
        {**machine(), "date": time.strftime("%Y-%m-%d")},
        rounds,
        1 / median(taken["gemm",]),
        tuple(step for one in measured for step in one.steps(taken)),
        tuple(loop for one in measured for loop in one.loops(taken)),
        together,
        workers,
        memory,
        whole_against_loops(whole_search(20, 600), say) if whole else None,
    )


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Give torch so many threads for now."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def start_at(experiment: Experiment, network: Network, density: float) -> Start:
    """Return a start with random masks, of the same density in every layer."""
    masks = {}
    for parameter in experiment.prunable:
        random = generator("benchmark", "mask", parameter.name, str(density))
        masks[parameter.name] = pruning.scatter(parameter.shape, round(density * parameter.size), random)
    initial = draw_weights(experiment, network)
    return Start(masks, {name: values * masks.get(name, np.True_) for name, values in initial.items()})


def model_of(experiment: Experiment, start: Start) -> tuple[nn.Module, dict[str, Tensor]]:
    """Return a plain torch module with a network's initial weights, and its masks; none for the dense one."""
    model = plain_module(experiment.network, experiment.data.shape, experiment.data.classes)
    load_weights(model, start.initial)
    masks = {name: torch.from_numpy(mask).float() for name, mask in start.masks.items()}
    return model, {} if all(mask.all() for mask in start.masks.values()) else masks


def operations(experiment: Experiment) -> tuple[int, int]:
    """Count the floating-point operations of matrix products that a mini-batch takes: forward, and forward and back."""
    model, _ = model_of(experiment, start_at(experiment, Network("ticket", 0, 0), 1.0))
    images = torch.zeros(experiment.batch, *experiment.data.shape)
    with FlopCounterMode(display=False) as counter:
        loss = model(images).sum()
        forward = counter.get_total_flops()
        loss.backward()
    return forward, counter.get_total_flops()


def time_training(
    kind: type[BackEnd],
    experiment: Experiment,
    data: Data,
    starts: Sequence[tuple[Network, Start]],
    steps: int,
    device: str = "cpu",
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float]:
    """Train networks, on a CPU in one thread; return the seconds of a step of all of them, and of an evaluation.

    At the start all evaluations are `DENSE_GRID` steps apart, at the end there are `steps` before the last one.
    """
    experiment = experiment.but(iterations=DENSE_UNTIL + steps, evaluate=1_000_000)
    last_network, _ = starts[-1]
    events = kind(experiment, data, device, 1)(starts, lambda network: False)
    times = [clock() for event in events if isinstance(event, Evaluated) and event.network == last_network]
    *dense, last = (later - earlier for earlier, later in pairwise(times))
    interval = median(dense)
    step = (last - interval) / (steps - DENSE_GRID)
    return step, interval - DENSE_GRID * step


def time_loop(loop: ModuleType, splits: Any, experiment: Experiment, start: Start, steps: int) -> float:
    """Train by a plain loop; return the CPU seconds of a step."""
    model, masks = model_of(experiment, start)
    begun = time.process_time()
    loop.train(model, masks, splits, experiment.batch, experiment.learning_rate, steps)
    return (time.process_time() - begun) / steps


class _Measured:
    """One architecture: its back ends at all densities, and the plain loops."""

    def __init__(self, architecture: str, densities: tuple[float, ...], seconds: float) -> None:
        self.experiment = Experiment(
            architecture=architecture, dataset=ARCHITECTURES[architecture], levels=1, replicates=1
        )
        self.name, self.data, self.densities = architecture, load(self.experiment.dataset), densities
        self.kinds = back_ends(self.experiment, "cpu")
        network = Network("ticket", 0, 0)
        self.starts = {density: start_at(self.experiment, network, density) for density in densities}
        self.splits = {name: loop.prepare(self.data) for name, loop in LOOPS.items()}
        self.forward, self.both = operations(self.experiment)
        self.counts: dict[tuple[str, float], int] = {}
        for kind in self.kinds:  # the first time, which compiles, says how many steps a round may have
            for density, start in self.starts.items():
                kind.prepare()
                step, _ = time_training(kind, self.experiment, self.data, [(network, start)], 2 * DENSE_GRID)
                self.counts[kind.name, density] = max(2 * DENSE_GRID, round(seconds / max(step, 1e-6)))

    def measure(self, taken: Seconds) -> None:
        """Measure everything once."""
        network = Network("ticket", 0, 0)
        for density, start in self.starts.items():
            for kind in self.kinds:
                steps = self.counts[kind.name, density]
                times = time_training(kind, self.experiment, self.data, [(network, start)], steps)
                for what, seconds in zip(("step", "evaluation"), times, strict=True):
                    taken.setdefault((self.name, kind.name, density, what), []).append(seconds)
        for name, loop in LOOPS.items():
            for density in (self.densities[0], self.densities[-1]):
                seconds = time_loop(loop, self.splits[name], self.experiment, self.starts[density], LOOP_STEPS)
                taken.setdefault((self.name, name, density < 1), []).append(seconds)

    def steps(self, taken: Seconds) -> Iterator[Step]:
        """Say what was found of each back end and density."""
        images, batch = self.experiment.evaluated, self.experiment.batch
        for kind in self.kinds:
            dense = taken[self.name, kind.name, self.densities[0], "step"]
            for density in self.densities:
                step, evaluation = (taken[self.name, kind.name, density, what] for what in ("step", "evaluation"))
                yield Step(
                    self.name,
                    kind.name,
                    density,
                    microseconds=1e6 * median(step),
                    dense=ratio(dense, step),
                    preloaded=ratio(taken[self.name, "preloaded", density < 1], step),
                    dataloader=ratio(taken[self.name, "DataLoader", density < 1], step),
                    peak=density * self.both * ratio(taken["gemm",], step),
                    evaluation=ratio(evaluation, step) * batch / images / (self.forward / self.both),
                )

    def loops(self, taken: Seconds) -> Iterator[Loop]:
        """Say what was found of the plain loops."""
        for name in LOOPS:
            yield Loop(self.name, name, *(1e6 * median(taken[self.name, name, masked]) for masked in (False, True)))


class _Convolutional:
    """A network of convolutions: the back end that trains it and the plain loops, a few dense steps a round."""

    def __init__(self, architecture: str) -> None:
        self.name, self.experiment = architecture, Experiment(architecture=architecture, levels=1, replicates=1)
        self.start = start_at(self.experiment, Network("ticket", 0, 0), 1.0)
        self.kind = back_ends(self.experiment, "cpu")[0]
        self.progress = begin(self.kind, self.experiment, workers=1)
        self.splits = {name: loop.prepare(noise(self.experiment, NOISE)) for name, loop in LOOPS.items()}
        _, self.both = operations(self.experiment)

    def measure(self, taken: Seconds) -> None:
        """Measure everything once."""
        step = pace(self.progress, time.process_time, CONVOLUTIONAL_STEPS)
        taken.setdefault((self.name, self.kind.name), []).append(step)
        for name, loop in LOOPS.items():
            seconds = time_loop(loop, self.splits[name], self.experiment, self.start, CONVOLUTIONAL_STEPS)
            taken.setdefault((self.name, name), []).append(seconds)

    def steps(self, taken: Seconds) -> Iterator[Step]:
        """Say what was found of the back end."""
        step = taken[self.name, self.kind.name]
        preloaded, dataloader = (ratio(taken[self.name, name], step) for name in ("preloaded", "DataLoader"))
        peak = self.both * ratio(taken["gemm",], step)
        microseconds = 1e6 * median(step)
        yield Step(self.name, self.kind.name, 1.0, microseconds, 1.0, preloaded, dataloader, peak, evaluation=None)

    def loops(self, taken: Seconds) -> Iterator[Loop]:
        """Say what was found of the plain loops."""
        for name in LOOPS:
            yield Loop(self.name, name, 1e6 * median(taken[self.name, name]), None)


def ratio(slow: list[float], fast: list[float]) -> float:
    """Return how many times faster one thing is than another: the median of the rounds."""
    return median(one / two for one, two in zip(slow, fast, strict=True))


def _workers(rounds: int, seconds: float, say: Callable[[str], None]) -> Workers | None:
    """Compare as many workers as there are cores with one; None where there is one core."""
    count = usable_cores()
    if count == 1:
        return None
    say(f"{count} workers against one")
    experiment = Experiment(dataset="digits", levels=1, iterations=DENSE_UNTIL, replicates=2 * count)
    kind, data = back_ends(experiment, "cpu")[0], load(experiment.dataset)
    networks = [Network("ticket", replicate, 0) for replicate in range(experiment.replicates)]
    starts = [(network, start_at(experiment, network, SIDE_BY_SIDE)) for network in networks]

    def run(workers: int) -> float:
        begun = 0.0
        for event in kind(experiment, data, "cpu", workers)(starts, lambda network: False):
            if isinstance(event, NetworkStarted) and not begun:
                begun = time.perf_counter()
        return time.perf_counter() - begun

    times = [(run(1), run(count)) for _ in range(rounds)]
    return Workers(count, median(one / many for one, many in times))


def _together(rounds: int, say: Callable[[str], None]) -> Iterator[Together]:
    for name, (dataset, networks) in ON_GPU.items():
        say(f"{networks} networks of {name} together")
        experiment = Experiment(architecture=name, dataset=dataset, levels=1, replicates=1)
        yield together(experiment, networks, rounds, TOGETHER_STEPS)


def together(experiment: Experiment, networks: int, rounds: int, steps: int, device: str = "cuda") -> Together:
    """Compare the back end that is chosen on a GPU with the plain module, which trains one network after the other."""
    kind, *_, plain = back_ends(experiment, "cuda")
    data, start = load(experiment.dataset), start_at(experiment, Network("ticket", 0, 0), 1.0)
    starts = [(Network("ticket", replicate, 0), start) for replicate in range(networks)]

    def run(kind: type[BackEnd], starts: Sequence[tuple[Network, Start]]) -> float:
        step, _ = time_training(kind, experiment, data, starts, steps, device, time.perf_counter)
        return step / len(starts)

    times = [(run(kind, starts), run(plain, starts[:1])) for _ in range(rounds + 1)][1:]  # the first loads libraries
    ours, alone = (list(each) for each in zip(*times, strict=True))
    in_microseconds = 1e6 * median(ours), 1e6 * median(alone)
    return Together(experiment.architecture, kind.name, networks, *in_microseconds, ratio(alone, ours))


def whole_against_loops(experiment: Experiment, say: Callable[[str], None] = lambda doing: None) -> Whole:
    """Run a whole search, then the preloaded loop through as many trainings, and reckon the DataLoader loop."""
    say("a whole search")
    begun, data = time.perf_counter(), load(experiment.dataset)
    for _ in search(experiment, "cpu"):
        pass
    searched = time.perf_counter() - begun
    networks = [network for population in order(experiment) for network in population]
    dense, masked = (start_at(experiment, Network("ticket", 0, 0), density) for density in (1.0, SIDE_BY_SIDE))
    evaluations = experiment.evaluations

    def run(loop: ModuleType, splits: Any, start: Start, iterations: int, evaluations: tuple[int, ...] = ()) -> float:
        model, masks = model_of(experiment, start)
        begun = time.perf_counter()
        loop.train(model, masks, splits, experiment.batch, experiment.learning_rate, iterations, evaluations)
        return time.perf_counter() - begun

    with torch_threads(usable_cores()):
        splits, preloaded = preloaded_loop.prepare(data), 0.0
        for number, network in enumerate(networks):
            say(f"the preloaded loop: network {number + 1} of {len(networks)}")
            start = masked if network.level else dense
            preloaded += run(preloaded_loop, splits, start, experiment.iterations, evaluations)
        say("the DataLoader loop's parts")
        part = partial(run, dataloader_loop, dataloader_loop.prepare(data), masked)
        step = median(part(LOOP_STEPS) / LOOP_STEPS for _ in range(7))
        evaluation = median(part(0, (0,)) for _ in range(7))
    a_network = experiment.iterations * step + len(evaluations) * evaluation
    return Whole(len(networks), experiment.iterations, searched, preloaded, len(networks) * a_network)
