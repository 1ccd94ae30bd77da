"""The kernels for survivors, held against the plain reference, and the workers that run them."""

import itertools
import shutil
import threading
import time
from concurrent.futures import wait
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

import explorer
from explorer.architectures import ARCHITECTURES, Architecture, Linear
from explorer.datasets import Split, load
from explorer.events import Diverged, Evaluated, Network, NetworkTrained, Preparing, Progress, WeightsSeen
from explorer.experiment import Experiment
from explorer.training import sparse
from explorer.training.module import ModuleBackEnd, batches, build, load_weights
from explorer.training.sparse import LANES, SparseBackEnd
from tests.support import PATIENCE, process
from tests.training.test_module import nobody, sparse_start

WHO = Network("random-sparse", 1, 1)
WIDTHS = {"output-only": (), "odd": (37, 101, 3), "wide": (260, 99)}
"""Units of the hidden layers: none, such as fit no register, and more than a tile of them."""


@pytest.fixture
def networks(tiny, monkeypatch):
    """Experiments on tiny images with other networks than the paper's."""
    for name, widths in WIDTHS.items():
        hidden = [Linear(f"fc{number}", units) for number, units in enumerate(widths)]
        layers = (*hidden, Linear("output", 0, "output"))
        ratio = {"fully connected": Fraction(1), "output": Fraction(1, 2)}
        network = Architecture(name, name, layers, "tiny", 40, 60, 1.2e-3, 0.5, ratio)
        monkeypatch.setitem(ARCHITECTURES, name, network)
    return {name: tiny.but(architecture=name, replicates=1) for name in WIDTHS}


def one_network(experiment, start, data):
    back_end = SparseBackEnd(experiment, data, "cpu")
    return sparse._Training(experiment, WHO, start, back_end.images, back_end.measured, sparse._Workers(0))


def with_biases(start):
    """The same start with random biases: else the output of an empty layer would be the same for every class."""
    random = np.random.default_rng(3)
    for name in start.initial:
        if name.endswith("bias"):
            start.initial[name][:] = random.normal(0, 0.1, start.initial[name].shape)
    return start


def plain_module(experiment, start):
    """The torch module of a start, in double precision."""
    module = build(experiment.network, experiment.data.shape, experiment.data.classes)
    load_weights(module, start.initial)
    return module.double()


def records(events):
    return [event for event in events if not isinstance(event, Progress)]


def arrays(events):
    """Every array of what networks became, by network and parameter."""
    ends = [event for event in events if isinstance(event, NetworkTrained)]
    return {(end.network, name): values for end in ends for name, values in end.final.items()}


@pytest.mark.parametrize("size", [1, 7, 60, 64, 65, 200])
@pytest.mark.parametrize("architecture", WIDTHS)
@pytest.mark.parametrize("density", [0.0, 0.03, 0.4, 1.0])
def test_gradients_of_one_step_are_the_plain_ones_of_survivors(networks, architecture, density, size):
    experiment, data = networks[architecture].but(batch=size), load("tiny")
    start = with_biases(sparse_start(experiment, WHO, density))
    one = one_network(experiment, start, data)
    one.advance(0, 1)
    module = plain_module(experiment, start)
    (rows,) = batches(experiment, WHO, 0, 1)
    pixels = torch.from_numpy(data.train.images[rows]).double() / 255
    cross_entropy(module(pixels), torch.from_numpy(data.train.labels[rows])).backward()
    gradients = one.dense(one.values.gradients)
    for name, parameter in module.named_parameters():
        plain = parameter.grad.numpy() * start.masks.get(name, 1)
        # A float is right to 6e-8 of itself; sums of some hundred of them, in layers one upon the other, to 1e-5.
        assert abs(gradients[name] - plain).max() <= 1e-5 * abs(plain).max()


@pytest.mark.parametrize("density", [0.02, 0.3, 1.0])
def test_agrees_with_the_reference_after_50_steps(density):
    experiment = Experiment(dataset="digits", prune=0.2, levels=1, iterations=50, seed=3)
    data, start = load("digits"), sparse_start(experiment, WHO, density)
    plain = records(ModuleBackEnd(experiment, data, "cpu")([(WHO, start)], nobody))
    ours = records(SparseBackEnd(experiment, data, "cpu")([(WHO, start)], nobody))
    for one, two in zip(plain, ours, strict=True):
        assert (type(one), one.network) == (type(two), two.network)
        if isinstance(one, Evaluated):
            for measure in ("train", "validation", "test"):
                losses, accuracies = (
                    [getattr(event, f"{measure}_{what}") for event in (one, two)] for what in ("loss", "accuracy")
                )
                assert losses[0] == pytest.approx(losses[1], abs=1e-5)
                assert accuracies[0] == pytest.approx(accuracies[1], abs=0.0021)  # two images, on an edge
    expected, found = arrays(plain), arrays(ours)
    assert list(expected) == list(found)
    for who, values in expected.items():
        # Adam divides a gradient by its own size, so that rounding counts in full where a gradient is nearly zero:
        # such a weight may go another way by a share of its 50 steps of 1.2e-3.
        assert found[who].dtype == np.float32
        assert abs(values - found[who]).max() < 2e-4
        assert abs(values - found[who]).mean() < 1e-6


@pytest.mark.parametrize("never", ["prune_output", "prune_fully_connected"])
def test_layers_that_are_never_pruned_are_trained_whole(tiny, never):
    experiment, data = tiny.but(**{never: 0.0}), load("tiny")
    start = sparse_start(experiment, WHO, 0.3)
    assert len(start.masks) < 3
    runs = (kind(experiment, data, "cpu")([(WHO, start)], nobody) for kind in (ModuleBackEnd, SparseBackEnd))
    expected, found = (arrays(records(run)) for run in runs)
    assert list(expected) == list(found)
    for who, values in expected.items():
        assert abs(found[who] - values).max() < 2e-4


@pytest.mark.parametrize("size", [60, 65])
def test_pruned_weights_are_zero_and_take_no_memory(networks, size):
    experiment, data = networks["wide"].but(batch=size, learning_rate=0.05), load("tiny")
    start = sparse_start(experiment, WHO, 0.1)
    one = one_network(experiment, start, data)
    one.advance(0, 40)
    weights = one.weights()
    for name, mask in start.masks.items():
        assert not weights[name][~mask].any()
        assert weights[name][mask].all()
    survivors = sum(int(mask.sum()) for mask in start.masks.values())
    biases = sum(values.size for name, values in weights.items() if name not in start.masks)
    assert one.layout.inputs.size == survivors
    assert one.layout.units.size == one.layout.places.size == survivors - start.masks["fc0.weight"].sum()
    for vector in one.values[:4]:
        assert survivors + biases <= vector.size < survivors + biases + sparse.ADAM
        assert not vector[survivors + biases :].any()


def test_pixels_are_divided_by_255_to_be_trained_on_and_to_be_measured(tiny):
    one = one_network(tiny, sparse_start(tiny, WHO), load("tiny"))
    images = np.zeros((256, 1, 6, 6), np.uint8)
    images[:, 0, 0, 3] = np.arange(256)
    split = Split(images, np.zeros(256, np.int64))
    picked, lanes = sparse.aligned(256 * 40), sparse.lay_lanes(split)
    sparse.gather(one.layout, sparse.lay_rows(split).pixels, np.arange(256), picked)
    measured = []
    for first in range(0, 256, LANES):
        sparse.evaluate(one.layout, one.values.parameters, one.values.activations, *lanes, first, first + LANES)
        measured.append(one.values.activations[: 40 * LANES].reshape(40, LANES).copy())
    for found in (picked.reshape(4, 40, LANES), np.array(measured)):
        # Within one rounding: exact where the machine adds a product without rounding it first.
        assert found[:, 3].ravel() == pytest.approx(np.arange(256) / 255, rel=1.2e-7)
        assert not np.delete(found, 3, axis=1).any()


@pytest.mark.parametrize("chunk", [LANES, sparse.CHUNK])
@pytest.mark.parametrize("architecture", WIDTHS)
@pytest.mark.parametrize("density", [0.0, 0.03, 1.0])
def test_what_is_measured_is_what_a_plain_module_gives(networks, monkeypatch, architecture, density, chunk):
    monkeypatch.setattr(sparse, "CHUNK", chunk)
    experiment, data = networks[architecture], load("tiny")
    start = with_biases(sparse_start(experiment, WHO, density))
    scores = one_network(experiment, start, data).advance(0, 0)
    module = plain_module(experiment, start)
    for measure, split in (("train", data.train), ("validation", data.validation), ("test", data.test)):
        answers, labels = module(torch.from_numpy(split.images).double() / 255), torch.from_numpy(split.labels)
        assert getattr(scores, f"{measure}_loss") == pytest.approx(cross_entropy(answers, labels).item(), rel=1e-6)
        right = (answers.argmax(1) == labels).double().mean().item()
        assert getattr(scores, f"{measure}_accuracy") == pytest.approx(right)


def exploding(start):
    """The same start with small activations, and gradients beyond the largest float."""
    scales = {"fc1.weight": 1e-30, "fc2.weight": 1e20, "fc3.weight": 1e20}
    initial = {name: values * np.float32(scales.get(name, 1)) for name, values in start.initial.items()}
    return start._replace(initial=initial)


@pytest.fixture
def population(tiny):
    """Five networks of several densities; one diverges."""
    experiment = tiny.but(batch=70)
    starts = []
    for replicate, density in enumerate((1.0, 0.5, 0.1, 0.02, 0.3)):
        network = Network("ticket", replicate, 1)
        start = sparse_start(experiment, network, density)
        starts.append((network, exploding(start) if replicate == 1 else start))
    return experiment, starts


def test_events_are_those_of_the_reference_in_its_order(population):
    experiment, starts = population

    def watch(network):
        return network.replicate in (1, 2)

    def story(back_end):
        return [
            (type(event), event.network, getattr(event, "iteration", None))
            for event in records(back_end(experiment, load("tiny"), "cpu")(iter(starts), watch))
        ]

    told = story(SparseBackEnd)
    assert told == story(ModuleBackEnd)
    assert (Diverged, starts[1][0], 20) in told
    seen = [event for event in told if event[0] is WeightsSeen]
    assert [event for event in seen if event[1].replicate == 2] == [
        (WeightsSeen, starts[2][0], iteration) for iteration in experiment.evaluations
    ]
    assert {event[1].replicate for event in seen} <= {1, 2}


def test_weights_are_seen_as_they_were_at_the_evaluation(population):
    experiment, starts = population
    short = SparseBackEnd(experiment.but(iterations=20), load("tiny"), "cpu")(starts[2:3], nobody)
    end = records(short)[-1]
    events = SparseBackEnd(experiment, load("tiny"), "cpu", workers=2)(starts, lambda network: True)
    seen = {(event.network, event.iteration): event.weights for event in events if isinstance(event, WeightsSeen)}
    for name, values in seen[end.network, 20].items():
        assert np.array_equal(values, end.final[name])


def test_bits_depend_neither_on_the_workers_nor_on_company(population):
    experiment, starts = population
    runs = [
        records(SparseBackEnd(experiment, load("tiny"), "cpu", workers)(starts, nobody)) for workers in (1, 2, 2, 7)
    ]
    assert runs[0] == runs[1] == runs[2] == runs[3]  # scores are compared to the last bit
    for events in runs[1:]:
        for who, values in arrays(runs[0]).items():
            assert np.array_equal(values, arrays(events)[who])
    alone = records(SparseBackEnd(experiment, load("tiny"), "cpu")(starts[3:4], nobody))
    for who, values in arrays(alone).items():
        assert np.array_equal(values, arrays(runs[0])[who])


def test_bits_do_not_depend_on_how_work_is_cut_into_pieces(population, monkeypatch):
    experiment, starts = population
    whole = arrays(SparseBackEnd(experiment, load("tiny"), "cpu")(starts, nobody))
    monkeypatch.setattr(sparse, "PIECE", 0)
    for who, values in arrays(SparseBackEnd(experiment, load("tiny"), "cpu")(starts, nobody)).items():
        assert np.array_equal(values, whole[who])


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_search_that_is_cancelled_leaves_no_thread(population, after):
    experiment, starts = population
    experiment = experiment.but(iterations=1_000_000, evaluate=1_000_000)
    before = threading.enumerate()
    events = SparseBackEnd(experiment, load("tiny"), "cpu", workers=2)(starts, nobody)
    for _ in range(after):
        next(events)
    events.close()
    assert threading.enumerate() == before


def test_an_error_in_a_worker_is_raised_and_leaves_no_thread(population, monkeypatch):
    experiment, starts = population

    def fail(*args):
        raise RuntimeError("broken")

    before = threading.enumerate()
    monkeypatch.setattr(sparse, "train", fail)
    with pytest.raises(RuntimeError, match="broken"):
        list(SparseBackEnd(experiment, load("tiny"), "cpu", workers=2)(starts, nobody))
    assert threading.enumerate() == before


def test_progress_comes_while_workers_work_and_counts_every_step(population, monkeypatch):
    experiment, starts = population
    monkeypatch.setattr(sparse, "BEAT", 0.002)
    back_end = SparseBackEnd(experiment, load("tiny"), "cpu", workers=2)
    for searched in (1, 2):  # one back end serves a whole search
        glimpses = [event for event in back_end(starts[2:], nobody) if isinstance(event, Progress)]
        assert glimpses
        steps = [event.steps for event in glimpses]
        assert steps == sorted(steps)
        assert steps[0] >= (searched - 1) * 120
        assert back_end._steps == searched * 120
        assert {(event.device, event.back_end) for event in glimpses} == {("CPU", "numba")}


def test_it_says_that_it_compiles_before_anything_trains(population, monkeypatch):
    experiment, starts = population
    without = records(SparseBackEnd(experiment, load("tiny"), "cpu")(starts, nobody))
    monkeypatch.setattr(sparse, "FROM_DISK", 0)
    monkeypatch.setattr(SparseBackEnd, "prepare", staticmethod(lambda: time.sleep(0.3)))
    events = list(SparseBackEnd(experiment, load("tiny"), "cpu")(starts, nobody))
    said = list(itertools.takewhile(lambda event: isinstance(event, Preparing), events))
    assert set(said) == {Preparing("Compiling the training step, once on this machine")}
    assert records(events[len(said) :]) == without


def test_once_prepared_nothing_is_compiled_again(population):
    experiment, starts = population
    SparseBackEnd.prepare()
    list(SparseBackEnd(experiment, load("tiny"), "cpu")(starts[2:], nobody))
    assert [len(kernel.signatures) for kernel in (sparse.train, sparse.evaluate)] == [1, 1]


@pytest.mark.parametrize("kept", [True, False])
def test_kernels_are_compiled_with_or_without_a_place_to_keep_them(tmp_path, monkeypatch, kept):
    shutil.copytree(Path(explorer.__file__).parent, tmp_path / "explorer", ignore=shutil.ignore_patterns("__pycache__"))
    no_folder = tmp_path / "explorer" / "training" / "__pycache__"
    no_folder.touch()  # a file stands where the folder would be made
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "caches" if kept else no_folder / "caches"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "from explorer.training.sparse import SparseBackEnd, __file__; SparseBackEnd.prepare(); print(__file__)"
    with process("-c", code) as started:
        out, err = started.communicate(timeout=PATIENCE)
    assert (started.returncode, err) == (0, "")
    assert str(tmp_path) in out
    assert any(tmp_path.rglob("*.nbi")) is kept


def test_workers_wait_while_nobody_pulls(monkeypatch):
    monkeypatch.setattr(sparse, "PATIENCE", 0)
    workers = sparse._Workers(1)
    assert workers.submit(workers.go_on).result() is True
    for let_go, expected in ((workers.resume, True), (lambda: workers.__exit__(), False)):
        workers.leave()
        task = workers.submit(workers.go_on)
        assert not wait([task], 0.05).done
        let_go()
        assert task.result() is expected


def test_a_search_that_is_left_off_does_not_keep_python_from_ending():
    code = """
from explorer import Experiment
from explorer.algorithm import pruned, start
from explorer.datasets import load
from explorer.events import Network
from explorer.training.sparse import SparseBackEnd
experiment = Experiment(dataset="digits", levels=1, iterations=1_000_000, evaluate=1_000_000)
network = Network("ticket", 0, 0)
SparseBackEnd.prepare()
train = SparseBackEnd(experiment, load("digits"), "cpu")
begun = start(experiment, network, {}, pruned(experiment, {}, dict, network))
events = train([(network, begun)], lambda network: False)
print(type(next(events)).__name__, type(next(events)).__name__)
"""
    with process("-c", code) as started:
        out, err = started.communicate(timeout=PATIENCE)
    assert (started.returncode, out.split()[:1], err) == (0, ["NetworkStarted"], "")


def test_denormal_numbers_are_flushed_in_the_kernel_only(population):
    experiment, starts = population
    one = one_network(experiment, starts[0][1], load("tiny"))
    one.advance(0, 1)
    assert np.float32(1e-40) * np.float32(0.5) > 0
