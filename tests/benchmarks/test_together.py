"""What `lottery bench` measures on a GPU: how it is reckoned, and where there is one, that it is measured."""

from dataclasses import replace
from io import StringIO

import pytest
import torch
from rich.console import Console

from explorer.benchmarks import bench
from explorer.benchmarks.bench import Report, Together, time_training, together
from explorer.benchmarks.report import table
from explorer.events import Evaluated, Network
from explorer.training import back_ends


def test_a_population_is_compared_with_networks_one_after_the_other(tiny, monkeypatch):
    trained, kinds = [], back_ends(tiny, "cuda")
    seconds = iter([100.0, 100.0, 0.006, 0.02, 0.012, 0.02, 0.009, 0.06])  # first the round that loads libraries

    def time_training(kind, experiment, data, starts, steps, device, clock):
        trained.append((kind, len({network for network, _ in starts}), steps, device))
        return next(seconds), 0.0

    monkeypatch.setattr(bench, "time_training", time_training)
    found = together(tiny, networks=3, rounds=3, steps=50, device="cpu")
    assert trained == 4 * [(kinds[0], 3, 50, "cpu"), (kinds[-1], 1, 50, "cpu")]
    # Of the rounds' 2, 4 and 3 ms against 20, 20 and 60 ms, the medians; and the median of 10, 5 and 20 times.
    numbers = found.microseconds, found.alone, found.faster
    assert (found.architecture, found.back_end, found.networks) == ("lenet-300-100", "torch-population", 3)
    assert numbers == pytest.approx((3_000, 20_000, 10))


def test_a_step_and_an_evaluation_are_told_apart_by_the_grid(tiny):
    networks = [Network("ticket", replicate, 0) for replicate in range(3)]
    now = 0.0

    class Clocked:
        """A step of all takes 2 s, an evaluation of all 5 s, and to tell of each network 1 s."""

        def __init__(self, experiment, data, device, workers):
            self.evaluations = experiment.evaluations

        def __call__(self, starts, watch):
            nonlocal now
            iteration = 0
            for at in self.evaluations:
                now += 2 * (at - iteration) + 5
                iteration = at
                for network, _ in starts:
                    now += 1
                    yield Evaluated(network, at, *[0.0] * 6)

    starts = [(network, None) for network in networks]
    found = time_training(Clocked, tiny, None, starts, 50, "cpu", lambda: now)
    assert found == pytest.approx((2, 5 + 3))


def test_it_is_told_with_its_ratio_and_not_at_all_without_a_gpu():
    one = Together("lenet-300-100", "torch-population", 128, 5.25, 315.0, 60.0)
    report = Report({}, 7, 1e9, (), (), (one,), None, None, None)

    def text(report):
        console = Console(width=200, file=StringIO())
        console.print(table(report))
        return " ".join(console.file.getvalue().split())

    said = "128 networks of lenet-300-100 together on the GPU: 5.2 µs a network-iteration; one after the other 315.0 µs"
    assert f"{said} (60.0 ×)." in text(report)
    assert "GPU" not in text(replace(report, together=()))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_population_on_a_gpu_has_a_speed(tiny):
    found = together(tiny, networks=4, rounds=1, steps=100)
    assert min(found.microseconds, found.alone, found.faster) > 0
