"""Populations held against the plain reference, on a CPU, where a step runs without a graph; some need a GPU."""

import gc
import weakref
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from explorer import Experiment, search
from explorer.datasets import DATASETS, load
from explorer.events import Diverged, Evaluated, Network, NetworkTrained, Progress, WeightsSeen
from explorer.training import population
from explorer.training.images import Images
from explorer.training.module import ModuleBackEnd, batches, build, load_weights
from explorer.training.population import Population, PopulationBackEnd, Recorder, split
from tests.training.test_module import nobody, sparse_start
from tests.training.test_recipes import FewDigits
from tests.training.test_sparse import arrays, exploding, records

NETWORKS = [
    Network("ticket", 0, 1),
    Network("ticket", 1, 1),
    Network("random-reinit", 0, 1),
    Network("random-sparse", 1, 1),
]
DENSITIES = (1.0, 0.1, 0.3, 0.5)
MEASURES = [f"{name}_{what}" for name in ("train", "validation", "test") for what in ("loss", "accuracy")]

RECIPES = [
    {"optimizer": "adam", "learning_rate": 3e-3, "weight_decay": 0.01, "warmup": 7},
    {"optimizer": "sgd", "learning_rate": 0.2, "milestones": (5, 12)},
    {"optimizer": "momentum", "learning_rate": 0.05, "weight_decay": 0.01, "milestones": (9, 16), "warmup": 5},
    {"optimizer": "momentum", "learning_rate": 0.05, "dropout": 0.5},
    {"optimizer": "adam", "augment": True},
    {"optimizer": "sgd", "learning_rate": 0.2, "rewind": 8},
]

gpu = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


@pytest.fixture
def few_digits(monkeypatch):
    monkeypatch.setitem(DATASETS, "few", FewDigits("few", "Few digits", (1, 28, 28), 10, 20, 5, 5, (0, 100)))


def starts_of(experiment, networks=NETWORKS):
    return [
        (network, sparse_start(experiment, network, density))
        for network, density in zip(networks, DENSITIES, strict=True)
    ]


def parts_of(monkeypatch):
    """Collect every part that is trained."""
    parts = []

    class Spy(Population):
        def __init__(self, *given):
            super().__init__(*given)
            parts.append(self)

    monkeypatch.setattr(population, "Population", Spy)
    return parts


def same(one, other, tolerance):
    """Whether two tellings of a training have the same records, numbers and arrays but for a tolerance."""
    for plain, ours in zip(records(one), records(other), strict=True):
        assert (type(plain), plain.network) == (type(ours), ours.network)
        if isinstance(plain, Evaluated):
            assert plain.iteration == ours.iteration
            numbers = [[getattr(each, measure) for measure in MEASURES] for each in (plain, ours)]
            assert numbers[0] == pytest.approx(numbers[1], abs=tolerance)
        if isinstance(plain, NetworkTrained):
            for what in ("final", "rewind"):
                known, found = getattr(plain, what), getattr(ours, what)
                assert list(known) == list(found)
                for name, values in known.items():
                    assert found[name].dtype == np.float32
                    assert abs(values - found[name]).max(initial=0) <= tolerance


@pytest.mark.parametrize("size", [1, 60])
def test_gradients_of_a_step_are_those_of_every_network_alone(tiny, size):
    experiment, data = tiny.but(batch=size), load("tiny")
    starts = dict(starts_of(experiment))
    train = Images(data.train, None, "cpu")
    part = Population(experiment, starts, train, Recorder("cpu"))
    list(part.advance(0))
    part._send(part._draw(range(1)))
    part.step()
    for place, (network, start) in enumerate(starts.items()):
        module = build(experiment.network, experiment.data.shape, experiment.data.classes)
        load_weights(module, start.initial)
        module.double()
        (rows,) = batches(experiment, network, 0, 1)
        pixels = torch.from_numpy(data.train.images[rows]).double() / 255
        cross_entropy(module(pixels), torch.from_numpy(data.train.labels[rows])).backward()
        for name, parameter in module.named_parameters():
            plain = parameter.grad.numpy() * start.masks.get(name, 1)
            found = part.networks.parameters[name].grad[place].numpy()
            # A float is right to 6e-8 of itself; sums of some hundred of them, in layers one upon the other, to 1e-5.
            assert abs(found - plain).max() <= 1e-5 * abs(plain).max()


class NoOptimizer:
    """Stands for torch's, which refuses tensors without values."""

    def __init__(self):
        self.state = {}

    def step(self):
        pass

    def zero_grad(self):
        pass


@pytest.mark.parametrize("settings", [{}, {"dropout": 0.5}, {"augment": True}, {"architecture": "resnet-18"}])
def test_a_step_asks_nothing_of_the_host(settings, monkeypatch):
    """On torch's device "meta" tensors have no values, so that whatever the host would wait for raises an error.

    So does an operation on tensors of two devices.
    """
    monkeypatch.setattr(population, "optimizer", lambda experiment, parameters, rate: NoOptimizer())
    experiment = Experiment(dataset="digits", levels=1, batch=6, **{"augment": False, **settings})
    starts = dict(starts_of(experiment)[:2])
    part = Population(experiment, starts, Images(load("digits").train, None, "meta"), Recorder("meta"))
    list(part.advance(5))  # the first step is one that is recorded on a GPU
    for tensor in part.networks.parameters.values():
        assert tensor.grad.is_meta
        assert tensor.grad.shape == tensor.shape


def test_lenet_agrees_with_the_reference_after_50_steps():
    experiment = Experiment(dataset="digits", levels=1, iterations=50, seed=3)
    starts = starts_of(experiment)
    plain = records(ModuleBackEnd(experiment, load("digits"), "cpu")(starts, nobody))
    ours = records(PopulationBackEnd(experiment, load("digits"), "cpu")(starts, nobody))
    # Adam divides a gradient by its own size, so that rounding counts in full where a gradient is nearly zero: such a
    # weight may go another way by a step or two of 1.2e-3. An accuracy may be off by an image on an edge, 1.3e-3.
    same(plain, ours, 2.4e-3)
    found = arrays(ours)
    for who, values in arrays(plain).items():
        assert abs(values - found[who]).mean() < 1e-6
    for one, two in zip(plain, ours, strict=True):
        if isinstance(one, Evaluated):
            assert (one.train_loss, one.test_loss) == pytest.approx((two.train_loss, two.test_loss), abs=1e-5)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: "-".join(map(str, recipe.values())))
def test_every_recipe_leads_where_it_leads_the_reference(tiny, recipe):
    experiment = tiny.but(iterations=20, **recipe)
    starts = [(Network("ticket", 0, 0), sparse_start(experiment, Network("ticket", 0, 0), 1.0)), *starts_of(experiment)]
    told = [
        list(kind(experiment, load("tiny"), "cpu", dtype=torch.float64)(starts, nobody))
        for kind in (ModuleBackEnd, PopulationBackEnd)
    ]
    # In double precision only the order of sums differs; what is told is single.
    same(*told, 1e-6)
    assert sum(isinstance(event, NetworkTrained) for event in told[1]) == 5
    ends = [event for event in told[1] if isinstance(event, NetworkTrained)]
    assert [bool(end.rewind) for end in ends] == [bool(experiment.rewind), *[False] * 4]
    for end in ends:
        for name, values in end.final.items():
            assert abs(values - end.initial[name]).max() > 1e-3  # else there would be little to agree on


@pytest.mark.parametrize("name", ["conv-2", "resnet-18"])
def test_convolutions_blocks_and_running_statistics_are_the_references(few_digits, name):
    experiment = Experiment(architecture=name, dataset="few", levels=1, iterations=2, batch=4, learning_rate=1e-3)
    starts = starts_of(experiment)[2:]
    told = [
        list(kind(experiment, load("few"), "cpu", dtype=torch.float64)(starts, nobody))
        for kind in (ModuleBackEnd, PopulationBackEnd)
    ]
    same(*told, 1e-5)
    for end in told[1]:
        if isinstance(end, NetworkTrained):
            assert list(end.final) == [parameter.name for parameter in experiment.parameters]
            assert all(not np.array_equal(values, end.initial[name]) for name, values in end.final.items())


def test_events_are_those_of_the_reference_in_its_order(tiny):
    experiment = tiny.but(rewind=25)
    starts = starts_of(experiment)
    starts[3] = starts[3][0], exploding(starts[3][1])

    def watch(network):
        return network.replicate == 1

    def story(back_end):
        return [
            (type(event), event.network, getattr(event, "iteration", None))
            for event in records(back_end(experiment, load("tiny"), "cpu")(iter(starts), watch))
        ]

    told = story(PopulationBackEnd)
    assert told == story(ModuleBackEnd)
    assert (Diverged, NETWORKS[3], 20) in told
    seen = [(network, iteration) for kind, network, iteration in told if kind is WeightsSeen]
    assert seen == [(NETWORKS[3], 0), (NETWORKS[1], 25), (NETWORKS[1], 40)]


def test_a_network_that_diverges_leaves_the_others_alone(tiny):
    starts = starts_of(tiny)
    calm = arrays(PopulationBackEnd(tiny, load("tiny"), "cpu")(starts, nobody))
    starts[3] = starts[3][0], exploding(starts[3][1])
    back_end = PopulationBackEnd(tiny, load("tiny"), "cpu")
    found = arrays(back_end(starts, nobody))
    assert {network for network, _ in calm} - {network for network, _ in found} == {NETWORKS[3]}
    for who, values in found.items():
        assert np.array_equal(values, calm[who])
    assert back_end._steps == 3 * 40 + 20  # until it was found out


def test_a_population_that_diverges_as_a_whole_ends(tiny):
    starts = [(network, exploding(sparse_start(tiny, network, 0.5))) for network in NETWORKS]
    told = records(PopulationBackEnd(tiny, load("tiny"), "cpu")(starts, nobody))
    assert told[-4:] == [Diverged(network, 20) for network in NETWORKS]


def test_bits_are_the_same_twice_and_do_not_depend_on_the_pieces(tiny, monkeypatch):
    def told():
        return list(PopulationBackEnd(tiny, load("tiny"), "cpu")(starts_of(tiny), nobody))

    one, two = told(), told()
    monkeypatch.setattr(population, "PIECE", 1)
    for other in (two, told()):
        assert records(one) == records(other)
        for who, values in arrays(one).items():
            assert np.array_equal(values, arrays(other)[who])


@pytest.mark.parametrize("recipe", RECIPES[:3], ids=lambda recipe: recipe["optimizer"])
def test_pruned_weights_and_all_moments_are_zero(tiny, monkeypatch, recipe):
    experiment, parts = tiny.but(**recipe), parts_of(monkeypatch)
    starts = starts_of(experiment)[1:]
    ends = arrays(PopulationBackEnd(experiment, load("tiny"), "cpu")(starts, nobody))
    (part,) = parts
    for name in starts[0][1].masks:
        masks = np.stack([start.masks[name] for _, start in starts])
        tensor = part.networks.tensors[name]
        moments = [values for values in part._optimizer.state[tensor].values() if values.shape == tensor.shape]
        assert len(moments) == {"adam": 2, "sgd": 0, "momentum": 1}[experiment.optimizer]
        for values in (tensor.detach(), *moments):
            assert not values[~masks].any()
            assert values[masks].any()
        for network, start in starts:
            assert not ends[network, name][~start.masks[name]].any()


def test_parts_are_the_population_in_order_as_few_and_even_as_fit(tiny, monkeypatch):
    experiment = tiny.but(rewind=5)
    starts = dict.fromkeys([Network("ticket", n, 1) for n in range(7)] + [Network("random-sparse", 0, 1)])
    assert [len(part) for part in split(experiment, starts)] == [7, 1]  # tickets begin later
    monkeypatch.setattr(population, "ROOM", 0)
    assert [len(part) for part in split(experiment, starts)] == [1] * 8
    a_network = 17 * sum(parameter.size for parameter in experiment.parameters) + 16 * 60 * 410
    monkeypatch.setattr(population, "ROOM", 3 * a_network)
    parts = list(split(experiment, starts))
    assert [len(part) for part in parts] == [3, 2, 2, 1]
    assert [network for part in parts for network in part] == list(starts)
    assert list(split(experiment, {})) == []


def test_large_networks_are_a_few_at_a_time_and_small_ones_all_at_once():
    def first_part(architecture):
        starts = dict.fromkeys(Network("ticket", replicate, 0) for replicate in range(100))
        return len(next(split(Experiment(architecture=architecture), starts)))

    assert first_part("lenet-300-100") == 100
    assert 1 <= first_part("vgg-19") < 10


def test_a_population_in_parts_finds_the_same(tiny, monkeypatch):
    whole = list(PopulationBackEnd(tiny, load("tiny"), "cpu")(starts_of(tiny), nobody))
    monkeypatch.setattr(population, "ROOM", 1)
    parts = parts_of(monkeypatch)
    in_parts = list(PopulationBackEnd(tiny, load("tiny"), "cpu")(starts_of(tiny), nobody))
    assert len(parts) == 4
    assert all(part.networks.chunk == 1 for part in parts)
    same(whole, in_parts, 1e-5)


def test_weights_are_seen_as_they_were_at_the_evaluation(tiny):
    end = records(PopulationBackEnd(tiny.but(iterations=20), load("tiny"), "cpu")(starts_of(tiny), nobody))[-1]
    events = PopulationBackEnd(tiny, load("tiny"), "cpu")(starts_of(tiny), lambda network: True)
    seen = {(event.network, event.iteration): event.weights for event in events if isinstance(event, WeightsSeen)}
    for name, values in seen[end.network, 20].items():
        assert np.array_equal(values, end.final[name])


def test_progress_counts_every_step_of_every_network(tiny, monkeypatch):
    monkeypatch.setattr("explorer.training.module.BEAT", 0)
    back_end = PopulationBackEnd(tiny, load("tiny"), "cpu")
    for searched in (1, 2):  # one back end serves a whole search
        glimpses = [event for event in back_end(starts_of(tiny), nobody) if isinstance(event, Progress)]
        assert all(one.steps <= two.steps and one.seconds <= two.seconds for one, two in pairwise(glimpses))
        assert back_end._steps == searched * 4 * 40
        assert {(event.network, event.device, event.back_end) for event in glimpses} == {
            (NETWORKS[0], "CPU", "torch-population")
        }


@pytest.mark.parametrize("after", [0, 1, 5, 9])
def test_a_search_that_is_cancelled_lets_go_of_all_its_tensors(tiny, monkeypatch, after):
    experiment, parts = tiny.but(iterations=1_000_000, evaluate=1_000_000), []

    class Spy(Population):
        def __init__(self, *given):
            super().__init__(*given)
            parts.append(weakref.ref(self))

    monkeypatch.setattr(population, "Population", Spy)
    monkeypatch.setattr("explorer.training.module.BEAT", 0)
    gc.disable()
    try:
        events = PopulationBackEnd(experiment, load("tiny"), "cpu")(starts_of(experiment), nobody)
        for _ in range(after):
            next(events)
        events.close()
        assert len(parts) == (after > 4)
        assert all(part() is None for part in parts)
    finally:
        gc.enable()


def test_arithmetic_is_exact_while_it_works_and_as_it_was_between(tiny, monkeypatch):
    def state():
        cudnn = torch.backends.cudnn
        return torch.backends.cuda.matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic

    seen, step = set(), Population.step

    def look(part):
        seen.add(state())
        step(part)

    monkeypatch.setattr(Population, "step", look)
    was, torch.backends.cuda.matmul.allow_tf32 = torch.backends.cuda.matmul.allow_tf32, True
    try:
        before = state()
        for _ in PopulationBackEnd(tiny, load("tiny"), "cpu")(starts_of(tiny), nobody):
            assert state() == before
    finally:
        torch.backends.cuda.matmul.allow_tf32 = was
    assert seen == {(False, False, False, True)}


class TestOnGPU:
    """What can only be seen where there is one."""

    pytestmark = gpu

    def test_a_search_has_the_right_densities_nested_masks_and_tickets_above_controls(self):
        experiment = Experiment(dataset="digits", prune=0.5, levels=5, replicates=3, iterations=300)
        events = list(search(experiment, "cuda"))
        trained = {event.network: event for event in events if isinstance(event, NetworkTrained)}
        assert {(e.device, e.back_end) for e in events if isinstance(e, Progress)} == {("GPU", "torch-population")}
        assert len(trained) == 3 + 5 * 9
        for network, known in trained.items():
            alive = sum(mask.sum() for mask in known.masks.values())
            assert alive / 266_200 == experiment.density(network.level)
            assert not any(known.final[name][~mask].any() for name, mask in known.masks.items())
        for replicate in range(3):
            line = [trained[Network("ticket", replicate, level)].masks for level in range(6)]
            assert not any((below[name] & ~above[name]).any() for above, below in pairwise(line) for name in above)
        last = [event for event in events if isinstance(event, Evaluated) and event.network.level == 5]
        best = {
            variant: np.mean([e.validation_loss for e in last if e.network.variant == variant and e.iteration == 300])
            for variant in ("ticket", "random-reinit", "random-sparse")
        }
        assert best["ticket"] < min(best["random-reinit"], best["random-sparse"])

    @pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: "-".join(map(str, recipe.values())))
    def test_graphs_lead_where_plain_steps_on_the_gpu_lead(self, tiny, recipe):
        experiment = tiny.but(iterations=20, **recipe)
        told = [
            list(kind(experiment, load("tiny"), "cuda", dtype=torch.float64)(starts_of(experiment), nobody))
            for kind in (ModuleBackEnd, PopulationBackEnd)
        ]
        same(*told, 1e-6)

    @pytest.mark.parametrize("name", ["conv-2", "resnet-18"])
    def test_convolutions_in_parts_lead_where_plain_steps_on_the_gpu_lead(self, few_digits, monkeypatch, name):
        experiment = Experiment(architecture=name, dataset="few", levels=1, iterations=3, batch=10, learning_rate=1e-3)
        monkeypatch.setattr(population, "ROOM", 1)  # several graphs that share their memory
        told = [
            list(kind(experiment, load("few"), "cuda", dtype=torch.float64)(starts_of(experiment), nobody))
            for kind in (ModuleBackEnd, PopulationBackEnd)
        ]
        same(*told, 1e-5)

    def test_bits_are_the_same_twice(self):
        experiment = Experiment(dataset="digits", levels=1, iterations=200)
        one, two = (
            list(PopulationBackEnd(experiment, load("digits"), "cuda")(starts_of(experiment), nobody)) for _ in range(2)
        )
        assert records(one) == records(two)
        for who, values in arrays(one).items():
            assert np.array_equal(values, arrays(two)[who])

    def test_a_search_that_is_cancelled_gives_the_memory_back(self):
        experiment = Experiment(dataset="digits", levels=1, iterations=1_000_000)
        back_end = PopulationBackEnd(experiment, load("digits"), "cuda")

        def cancelled():
            events = back_end(starts_of(experiment), nobody)
            next(event for event in events if isinstance(event, Evaluated) and event.iteration == 100)
            events.close()
            return torch.cuda.memory_allocated(), torch.cuda.memory_reserved()

        kept = cancelled()  # the libraries keep some memory of their own from their first use on
        for _ in range(3):
            assert cancelled() == kept
