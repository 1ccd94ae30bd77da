"""`lottery bench`: a very small one, whose numbers must fit together; how large they are is nobody's business here."""

import json
import math

import pytest
import torch
from rich.console import Console

from explorer import Experiment
from explorer.benchmarks import bench, memory
from explorer.benchmarks.bench import DENSITIES, Whole, measure, operations, ratio, start_at, whole_against_loops
from explorer.benchmarks.gemm import operations_a_second
from explorer.benchmarks.report import table, to_json
from explorer.cli import main
from explorer.events import Network
from explorer.training import SERVE

EXPERIMENT = Experiment(dataset="digits", levels=1)


@pytest.fixture(scope="module")
def report():
    """One round of two densities, with no whole search."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "peak_memory", lambda levels, iterations: 123_000_000)
        before, doing = torch.get_num_threads(), []
        made = measure(1, say=doing.append, densities=(1.0, 0.05), seconds=0.02)
        assert torch.get_num_threads() == before
        assert doing[0] == "round 1 of 1"
        yield made


def test_there_is_a_row_for_each_network_back_end_and_density(report):
    assert [(step.architecture, step.back_end, step.density) for step in report.steps] == [
        *(("lenet-300-100", name, density) for name in SERVE["cpu", "plain"] for density in (1.0, 0.05)),
        ("conv-2", "torch", 1.0),
    ]
    assert [(loop.architecture, loop.loop) for loop in report.loops] == [
        (architecture, loop) for architecture in ("lenet-300-100", "conv-2") for loop in ("preloaded", "DataLoader")
    ]


def test_ratios_are_those_of_the_times(report):
    loops = {(loop.architecture, loop.loop): loop for loop in report.loops}
    dense = {(step.architecture, step.back_end): step.microseconds for step in report.steps if step.density == 1}
    for step in report.steps:
        _, both = operations(EXPERIMENT if step.evaluation else Experiment(architecture=step.architecture, levels=1))
        assert step.dense == pytest.approx(dense[step.architecture, step.back_end] / step.microseconds)
        for name in ("preloaded", "DataLoader"):
            loop = loops[step.architecture, name]
            plain = loop.dense if step.density == 1 else loop.masked
            assert getattr(step, name.lower()) == pytest.approx(plain / step.microseconds)
        done = step.density * both / (step.microseconds * 1e-6)
        assert step.peak == pytest.approx(done / report.gemm)
        assert all(math.isfinite(value) and value > 0 for value in (step.microseconds, step.peak, step.evaluation or 1))


def test_the_table_has_every_number(report):
    console = Console(width=140, record=True, highlight=False, quiet=True)
    whole = Whole(305, 600, 50.0, 400.0, 2000.0)
    with console.capture() as captured:
        console.quiet = False
        console.print(table(bench.Report(**{**vars(report), "whole": whole})))
    text = captured.get()
    for step in report.steps:
        (row,) = [
            line.split()
            for line in text.splitlines()
            if line.split()[:3] == [step.architecture, step.back_end, "100%" if step.density == 1 else "5.0%"]
        ]
        assert row[3:7] == [
            f"{step.microseconds:,.0f}",
            f"{step.dense:.2f}",
            f"{step.preloaded:.2f}",
            f"{step.dataloader:.2f}",
        ]
    flat = " ".join(text.split())
    assert f"{report.gemm / 1e9:.1f} GFLOP/s" in flat
    assert "took 123 MB of memory at most" in flat
    assert "(8.0 ×)" in flat
    assert "reckoned from its parts, 2,000 s (40 ×)" in flat
    assert "medians of 1 rounds" in flat


def test_the_command_prints_json_on_stdout_and_nothing_else(report, monkeypatch, capfd):
    asked = []
    monkeypatch.setattr(bench, "measure", lambda *given: asked.append(given[:2]) or report)
    for arguments, expected in (["--json"], (7, False)), (["--rounds", "9", "--whole"], (9, True)):
        monkeypatch.setattr("sys.argv", ["lottery", "bench", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        assert not caught.value.code
        assert asked[-1] == expected
        out, err = capfd.readouterr()
        assert err == ""
        if "--json" in arguments:
            told = json.loads(out)
            assert told == json.loads(to_json(report))
            assert len(told["steps"]) == 5
            assert told["machine"]["torch"].startswith(torch.__version__.split("+")[0])
        else:
            assert "lenet-300-100" in out


def test_operations_are_those_of_the_products():
    sizes, batch = [784 * 300, 300 * 100, 100 * 10], EXPERIMENT.batch
    forward = 2 * batch * sum(sizes)
    # Backward, every layer has the gradient of its weights, and all but the first that of its inputs.
    assert operations(EXPERIMENT) == (forward, 2 * forward + 2 * batch * sum(sizes[1:]))


@pytest.mark.parametrize("density", DENSITIES)
def test_a_network_has_the_density_that_is_asked_for_in_every_layer(density):
    start = start_at(EXPERIMENT, Network("ticket", 0, 0), density)
    for mask in start.masks.values():
        assert abs(mask.mean() - density) <= 0.5 / mask.size


def test_a_ratio_is_the_median_of_the_rounds():
    assert ratio([2.0, 30.0, 4.0], [1.0, 1.0, 4.0]) == 2.0


def test_a_small_product_has_a_speed():
    assert 0 < operations_a_second(64) < math.inf


def test_memory_is_that_of_a_process_of_its_own():
    peak = memory.peak_memory(levels=1, iterations=1)
    if peak is not None:  # not said by every machine
        assert 50e6 < peak < 1.5e9


def test_a_whole_search_against_the_loops(tiny, monkeypatch):
    monkeypatch.setattr(bench, "usable_cores", lambda: 1)  # two threads of torch beside other tests take forever
    found = whole_against_loops(tiny.but(iterations=5))
    assert (found.networks, found.iterations) == (8, 5)
    assert min(found.search, found.preloaded, found.dataloader_from_parts) > 0
