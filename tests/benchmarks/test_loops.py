"""The plain loops that speeds are compared with do train, as a loop ought to."""

import pytest
import torch

from explorer import Experiment
from explorer.benchmarks import dataloader_loop, preloaded_loop
from explorer.benchmarks.bench import model_of, start_at, torch_threads
from explorer.datasets import load
from explorer.events import Network

EXPERIMENT = Experiment(dataset="digits", levels=1)
WHO = Network("ticket", 0, 0)


@pytest.fixture(autouse=True)
def one_thread():
    """Two threads of torch get into each other's way where other tests run beside these."""
    with torch_threads(1):
        yield


@pytest.fixture(scope="module", params=[dataloader_loop, preloaded_loop], ids=["dataloader", "preloaded"])
def loop(request):
    return request.param


@pytest.fixture(scope="module")
def splits(loop):
    return loop.prepare(load("digits"))


@pytest.mark.parametrize("density", [1.0, 0.2])
def test_it_learns_digits_and_keeps_pruned_weights_at_zero(loop, splits, density):
    start = start_at(EXPERIMENT, WHO, density)
    model, masks = model_of(EXPERIMENT, start)
    assert bool(masks) is (density < 1)
    scores = loop.train(model, masks, splits, 60, 1.2e-3, 150, (0, 150))
    assert len(scores) == 2 * 3
    assert all(accuracy < 0.25 for _, accuracy in scores[:3])
    assert all(accuracy > 0.85 for _, accuracy in scores[3:])
    for name, values in model.named_parameters():
        if name in start.masks:
            assert not values.detach().numpy()[~start.masks[name]].any()
            assert values.detach().numpy()[start.masks[name]].all()


def test_what_it_measures_is_the_mean_over_all_images(loop, splits):
    model, _ = model_of(EXPERIMENT, start_at(EXPERIMENT, WHO, 1.0))
    data = load("digits")
    for split, images in zip((data.train, data.validation, data.test), splits.evaluated, strict=True):
        pixels = torch.from_numpy(split.images[:1000]).double() / 255
        labels = torch.from_numpy(split.labels[:1000])
        with torch.no_grad():
            outputs = model.double()(pixels)
        expected = (
            float(torch.nn.functional.cross_entropy(outputs, labels)),
            float((outputs.argmax(1) == labels).double().mean()),
        )
        assert loop.evaluate(model.float(), images) == pytest.approx(expected, rel=1e-5)


def test_it_trains_for_as_many_iterations_as_it_is_told(loop, splits):
    model, masks = model_of(EXPERIMENT, start_at(EXPERIMENT, WHO, 1.0))
    before = {name: values.clone() for name, values in model.named_parameters()}
    assert loop.train(model, masks, splits, 60, 1.2e-3, 0) == []
    assert all(torch.equal(values, before[name]) for name, values in model.named_parameters())
    an_epoch = 3_500 // 60
    assert len(loop.train(model, masks, splits, 60, 1.2e-3, an_epoch + 2, (an_epoch, an_epoch + 2, an_epoch + 3))) == 6
