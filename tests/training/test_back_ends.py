"""Which back end trains what, by the shipped table."""

import math
from dataclasses import dataclass

import pytest

from explorer import Experiment, search
from explorer.architectures import ARCHITECTURES
from explorer.events import Diverged, Evaluated, Network, WeightsSeen
from explorer.training import HOMES, SERVE, back_end, back_ends, found, load_back_end, tell
from explorer.training.module import ModuleBackEnd
from explorer.training.population import PopulationBackEnd
from explorer.training.sparse import SparseBackEnd

WHO = Network("ticket", 0, 0)


def test_every_kind_of_network_is_served_on_every_device():
    assert set(SERVE) == {(d, kind) for d in ("cpu", "cuda") for kind in ("plain", "other")}
    assert {name for served in SERVE.values() for name in served} == set(HOMES)
    for name, home in HOMES.items():
        assert (
            next(each for each in (SparseBackEnd, ModuleBackEnd, PopulationBackEnd) if each.name == name).__name__
            in home
        )


def test_a_plain_experiment_goes_to_the_sparse_step_on_a_cpu_and_into_a_population_on_a_gpu():
    experiment = Experiment(dataset="digits")
    assert back_ends(experiment, "cpu") == [SparseBackEnd, ModuleBackEnd]
    assert back_end(experiment, "cpu") is SparseBackEnd
    assert back_ends(experiment, "cuda") == [PopulationBackEnd, ModuleBackEnd]
    assert back_end(experiment, "cuda") is PopulationBackEnd
    assert back_end(Experiment(architecture="vgg-19"), "cuda") is PopulationBackEnd


def test_a_network_with_any_other_layer_goes_to_torch(tiny, monkeypatch):
    @dataclass(frozen=True)
    class Convolution:
        name: str

    plain = tiny.network
    other = type(plain)(**{**vars(plain), "layers": (Convolution("conv1"), *plain.layers)})
    monkeypatch.setitem(ARCHITECTURES, plain.name, other)
    assert back_ends(tiny, "cpu") == [ModuleBackEnd]


def test_it_is_made_ready_before_a_search_needs_it(tiny, monkeypatch):
    prepared = []
    monkeypatch.setattr(SparseBackEnd, "prepare", staticmethod(lambda: prepared.append(1)))
    load_back_end(tiny, "cpu")
    load_back_end(tiny, "no such device")  # refused where a search begins
    assert prepared == [1]


def test_a_search_has_as_many_workers_as_it_may_use_cores_and_finds_the_same(tiny, monkeypatch):
    given = []

    class Spy(SparseBackEnd):
        def __init__(self, *args):
            given.append(args[3])
            super().__init__(*args)

    monkeypatch.setattr("explorer.algorithm.back_end", lambda experiment, device: Spy)
    one, two = ([e for e in search(tiny, "cpu", cores=cores) if isinstance(e, Evaluated)] for cores in (1, 2))
    assert given == [1, 2]
    assert one == two


def test_an_evaluation_is_told_once_and_weights_to_who_watches():
    scores = found(WHO, 20, [0.5] * 6)
    weights = {"fc1.weight": object()}
    assert list(tell(scores, lambda network: False, dict)) == [Evaluated(WHO, 20, *[0.5] * 6)]
    (_, seen) = tell(scores, lambda network: network == WHO, lambda: weights)
    assert (type(seen), seen.network, seen.iteration, seen.weights) == (WeightsSeen, WHO, 20, weights)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(6))
def test_a_number_that_is_none_is_a_divergence(place, number):
    numbers = [0.5] * 6
    numbers[place] = number
    assert list(tell(found(WHO, 20, numbers), lambda network: True, dict)) == [Diverged(WHO, 20)]
