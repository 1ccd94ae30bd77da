"""Recipes, against torch.optim's own trajectories of modules made by hand; augmentation, against plain slicing."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import ChainedScheduler, LinearLR, MultiStepLR

from explorer import Experiment, search
from explorer.algorithm import draw_weights
from explorer.architectures import ARCHITECTURES
from explorer.datasets import DATASETS, Data, DataSet, Split, load
from explorer.events import Evaluated, Network, NetworkTrained
from explorer.randomness import generator
from explorer.training import Start
from explorer.training import module as reference
from explorer.training.images import MARGIN, Augmentation, Images, augmented, moments
from explorer.training.module import ModuleBackEnd, batches, build

NETWORK = Network("random-sparse", 1, 1)

OPTIMIZERS = {
    "adam": lambda parameters, **settings: torch.optim.Adam(parameters, **settings),
    "sgd": lambda parameters, **settings: torch.optim.SGD(parameters, **settings),
    "momentum": lambda parameters, **settings: torch.optim.SGD(parameters, momentum=0.9, **settings),
}

RECIPES = [
    {"optimizer": "adam", "learning_rate": 3e-3},
    {"optimizer": "adam", "learning_rate": 3e-3, "weight_decay": 0.01, "warmup": 7},
    {"optimizer": "sgd", "learning_rate": 0.2, "milestones": (5, 12)},
    {"optimizer": "momentum", "learning_rate": 0.05, "weight_decay": 0.01, "milestones": (9, 16), "warmup": 5},
    {"optimizer": "momentum", "learning_rate": 0.05, "dropout": 0.5},
]


class FewDigits(DataSet):
    """Thirty digits."""

    def check(self):
        pass

    def load(self):
        whole = load("digits")
        of = {"train": 20, "validation": 5, "test": 5}
        return Data(
            *(Split(getattr(whole, n).images[:size], getattr(whole, n).labels[:size]) for n, size in of.items())
        )


@pytest.fixture
def few_digits(monkeypatch):
    monkeypatch.setitem(DATASETS, "few", FewDigits("few", "Few digits", (1, 28, 28), 10, 20, 5, 5, (0, 100)))


def schedule(optimizer, experiment):
    """The learning rates as torch's schedulers make them."""
    warmup, milestones = experiment.warmup, experiment.milestones or ()
    schedulers = [MultiStepLR(optimizer, milestones, 0.1)]
    if warmup > 1:
        schedulers.append(LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1))
    return ChainedScheduler(schedulers)


def masked_start(experiment):
    random = np.random.default_rng(5)
    masks = {p.name: random.random(p.shape) < 0.4 for p in experiment.prunable}
    initial = draw_weights(experiment, NETWORK)
    return Start(masks, {name: values * masks.get(name, np.True_) for name, values in initial.items()})


def by_hand(experiment, start):
    """Train Lenet with torch's own optimizer and scheduler; dropout as a product with masks."""
    data = load(experiment.dataset).train
    linear = nn.ModuleList([nn.Linear(36, 300), nn.Linear(300, 100), nn.Linear(100, 10)]).double()
    named = dict(zip(start.initial, linear.parameters(), strict=True))
    for name, values in named.items():
        values.data = torch.from_numpy(start.initial[name].astype(np.float64))
    settings = {"lr": experiment.learning_rate, "weight_decay": experiment.weight_decay}
    optimizer = OPTIMIZERS[experiment.optimizer](linear.parameters(), **settings)
    scheduler = schedule(optimizer, experiment)
    keep = 1 - experiment.dropout
    for iteration, rows in enumerate(batches(experiment, NETWORK, 0, experiment.iterations)):
        random = generator("dropout", experiment.seed, *NETWORK, iteration)
        values = torch.from_numpy(data.images[rows].reshape(len(rows), -1) / 255)
        for layer in linear[:-1]:
            values = layer(values).relu()
            if experiment.dropout:
                values = values * torch.from_numpy((random.random(values.shape) >= experiment.dropout) / keep)
        optimizer.zero_grad()
        cross_entropy(linear[-1](values), torch.from_numpy(data.labels[rows])).backward()
        for name, mask in start.masks.items():
            named[name].grad[torch.from_numpy(~mask)] = 0
        optimizer.step()
        scheduler.step()
    return {name: values.detach().numpy() for name, values in named.items()}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: "-".join(map(str, recipe.values())))
def test_a_recipe_leads_where_torchs_own_optimizer_does(tiny, recipe, monkeypatch):
    experiment = tiny.but(iterations=20, levels=1, **recipe)
    start, built = masked_start(experiment), []
    monkeypatch.setattr(reference, "build", lambda *args: built.append(build(*args)) or built[-1])
    list(ModuleBackEnd(experiment, load("tiny"), "cpu", dtype=torch.float64)([(NETWORK, start)], lambda network: False))
    found = {name: values.detach().numpy() for name, values in built[0].named_parameters()}
    for name, values in by_hand(experiment, start).items():
        assert abs(values - start.initial[name]).max() > 1e-3  # else there would be little to agree on
        assert abs(found[name] - values).max() < 1e-9
        assert not found[name][~start.masks.get(name, np.ones(values.shape, bool))].any()


@given(st.integers(0, 40), st.sets(st.integers(1, 49), max_size=3), st.floats(1e-4, 10))
def test_learning_rates_are_those_of_torchs_schedulers(warmup, milestones, rate):
    experiment = Experiment(
        iterations=50, warmup=warmup, milestones=tuple(sorted(milestones)), learning_rate=rate, optimizer="sgd"
    )
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = schedule(optimizer, experiment)
    for iteration in range(50):
        assert experiment.learning_rate_at(iteration) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(("name", "drops"), [("resnet-18", (20_000, 25_000)), ("vgg-19", (56_000, 84_000))])
def test_the_papers_milestones_move_with_the_iterations(name, drops):
    experiment = Experiment(architecture=name)
    assert experiment.drops == drops
    tenth = experiment.but(iterations=experiment.iterations // 10)
    assert tenth.drops == tuple(at // 10 for at in drops)
    rates = [tenth.learning_rate_at(at) for at in (0, tenth.drops[0] - 1, *tenth.drops)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_dropout_is_of_the_whole_identity_and_of_the_iteration_and_not_of_evaluation(tiny):
    experiment = tiny.but(iterations=1, dropout=0.5)

    def ends(experiment, network):
        start = masked_start(experiment)
        events = list(ModuleBackEnd(experiment, load("tiny"), "cpu")([(network, start)], lambda network: False))
        (end,) = (event for event in events if isinstance(event, NetworkTrained))
        return end.final["fc2.weight"], [e.train_loss for e in events if isinstance(e, Evaluated)]

    one, losses = ends(experiment, NETWORK)
    assert np.array_equal(one, ends(experiment, NETWORK)[0])
    assert losses[0] == ends(experiment.but(dropout=0.0), NETWORK)[1][0]
    for other in (Network("ticket", 1, 1), NETWORK._replace(draw=1)):
        assert not np.array_equal(one, ends(experiment, other)[0])


@given(st.integers(0, 99))
def test_a_crop_is_a_slice_of_the_padded_image_and_a_flip_its_mirror(seed):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (5, 3, 6, 7), dtype=np.uint8)
    offsets, flips = random.integers(0, 2 * MARGIN + 1, (5, 2)), random.random(5) < 0.5
    found = augmented(torch.from_numpy(pixels), offsets, flips).numpy()
    for image, (top, left), flip, cut in zip(pixels, offsets, flips, found, strict=True):
        padded = np.pad(image, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
        wanted = padded[:, top : top + 6, left : left + 7]
        assert np.array_equal(cut, wanted[:, :, ::-1] if flip else wanted)


def test_augmentation_is_a_function_of_the_image_and_epoch_and_not_of_the_variant(tiny):
    experiment = tiny.but(augment=True)
    pixels = torch.from_numpy(load("tiny").train.images[:20])
    rows = np.arange(20)

    def seen(network=NETWORK, iteration=0, seed=0, chosen=rows):
        return Augmentation(experiment.but(seed=seed), network)(pixels[chosen], chosen, iteration).numpy()

    assert np.array_equal(seen(), seen(Network("ticket", 1, 1)))
    assert np.array_equal(seen(), seen(iteration=4))  # five mini-batches of 60 make an epoch of 300
    assert np.array_equal(seen()[[3, 1]], seen(chosen=np.array([3, 1])))
    others = (
        seen(iteration=5),
        seen(seed=1),
        *(seen(NETWORK._replace(**{k: 2})) for k in ("replicate", "level", "draw")),
    )
    assert all(not np.array_equal(one, other) for one, other in itertools.combinations((seen(), *others), 2))


def test_only_images_of_a_data_set_that_flips_are_mirrored_and_of_them_half(tiny, monkeypatch):
    experiment, rows = tiny.but(augment=True), np.arange(300)
    pixels = torch.from_numpy(load("tiny").train.images)
    kept = Augmentation(experiment, NETWORK)(pixels, rows, 0).numpy()
    monkeypatch.setitem(DATASETS, "tiny", replace(experiment.data, flips=True))
    flipped = Augmentation(experiment, NETWORK)(pixels, rows, 0).numpy()
    same = (flipped == kept).all((1, 2, 3))
    mirrored = (flipped == kept[..., ::-1]).all((1, 2, 3))
    assert (same | mirrored).all()
    assert abs((mirrored & ~same).mean() - 0.5) < 5 * np.sqrt(0.25 / 300)


def test_a_standardized_data_set_is_seen_with_mean_zero_and_deviation_one():
    random = np.random.default_rng(0)
    images = random.normal([[[[90]], [[120]], [[200]]]], [[[[30]], [[10]], [[20]]]], (50, 3, 8, 8)).clip(0, 255)
    split = Split(images.astype(np.uint8), np.zeros(50, np.int64))
    colours = FewDigits("colours", "Colours", (3, 8, 8), 10, 50, 0, 0, (0, 100), standardized=True)
    of_channels = moments(colours, split)
    plain = split.images / 255
    assert of_channels[0].numpy() == pytest.approx(plain.mean((0, 2, 3)))
    assert of_channels[1].numpy() == pytest.approx(plain.std((0, 2, 3)))
    one = Images(split, of_channels, "cpu", torch.float64)
    seen = one.seen(one.pixels)
    assert one.pixels.dtype == torch.uint8
    assert seen.mean((0, 2, 3)).abs().max() < 1e-9
    assert (seen.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-9
    assert moments(DATASETS["digits"], split) is None


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_trains_a_level_on_digits(name, few_digits):
    experiment = Experiment(
        architecture=name, dataset="few", levels=1, replicates=1, iterations=2, batch=10, learning_rate=1e-3
    )
    trained = {e.network: e for e in search(experiment, "cpu") if isinstance(e, NetworkTrained)}
    dense, ticket, reinit, sparse = trained.values()
    names = [p.name for p in experiment.parameters]
    for network, known in trained.items():
        assert list(known.final) == list(known.initial) == names
        alive = sum(int(mask.sum()) for mask in known.masks.values())
        never = experiment.size - sum(p.size for p in experiment.prunable)
        assert alive + never == experiment.left(network.level)
        for parameter in experiment.parameters:
            begun, became = known.initial[parameter.name], known.final[parameter.name]
            mask = known.masks.get(parameter.name, np.ones(parameter.shape, bool))
            assert not begun[~mask].any()
            assert not became[~mask].any()
            assert not np.array_equal(begun, became)  # running statistics, too
            if network.variant == "ticket":
                assert np.array_equal(begun, dense.initial[parameter.name] * mask)
    for layer, mask in ticket.masks.items():
        assert np.array_equal(reinit.masks[layer], mask)
        assert sparse.masks[layer].sum() == mask.sum()
