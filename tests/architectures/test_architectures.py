"""The six networks: weights and densities as the paper has them, and modules that are what is described."""

import numpy as np
import pytest
import torch
from torch import nn

from explorer import Experiment
from explorer.algorithm import draw_weights
from explorer.architectures import ARCHITECTURES, Convolution, Linear, Parameter
from explorer.events import Network
from explorer.training.module import build, load_weights
from tests.support import PATIENCE, process

WEIGHTS = {
    "lenet-300-100": 266_200,
    "conv-2": 4_300_992,
    "conv-4": 2_425_024,
    "conv-6": 2_261_184,
    "resnet-18": 270_896,
    "vgg-19": 20_024_000,
}
"""As counted from the paper's Figure 2 (and, of Conv-6, from its layers: 1.7 million there fit no reading)."""

GOLDEN = {
    "lenet-300-100": {3: 51.3, 7: 21.1, 9: 13.5, 12: 7.0, 15: 3.6, 16: 2.9, 18: 1.9},
    "conv-2": {11: 8.8, 14: 4.6},
    "conv-4": {11: 11.1, 12: 9.2},
    "conv-6": {7: 26.6, 10: 15.3},
    "resnet-18": {4: 41.7, 6: 27.1, 7: 21.9, 10: 11.8},
    "vgg-19": {12: 6.9, 15: 3.5, 19: 1.5},
}
"""Level → weights remaining in per cent, as the paper prints them; those of Conv-6 follow from its rates."""

CONVOLUTIONS = {"lenet-300-100": 0, "conv-2": 2, "conv-4": 4, "conv-6": 6, "resnet-18": 21, "vgg-19": 16}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_weights_are_those_of_the_paper(name):
    assert Experiment(architecture=name).size == WEIGHTS[name]


@pytest.mark.parametrize(("name", "level"), [(name, level) for name, golden in GOLDEN.items() for level in golden])
def test_levels_have_the_papers_densities(name, level):
    assert round(100 * Experiment(architecture=name).density(level), 1) == GOLDEN[name][level]


@pytest.mark.parametrize("name", ["resnet-18", "vgg-19"])
def test_of_the_deep_networks_only_convolutions_are_pruned_and_no_shortcut(name):
    experiment = Experiment(architecture=name)
    never = {p.name: p.size for p in experiment.weights if p not in experiment.prunable}
    deep = {"block4.shortcut.weight": 512, "block7.shortcut.weight": 2_048} if name == "resnet-18" else {}
    assert never == {**deep, "fc.weight": 640 if name == "resnet-18" else 5_120}
    assert {p.kind for p in experiment.prunable} == {"convolution"}


@pytest.mark.parametrize("dataset", ["digits", "cifar10"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_module_has_the_described_tensors_in_torchs_order_and_layout(name, dataset):
    experiment = Experiment(architecture=name, dataset=dataset, iterations=100)
    module = build(experiment.network, experiment.data.shape, experiment.data.classes)
    assert [(name, tuple(values.shape)) for name, values in module.state_dict().items()] == [
        (p.name, p.shape) for p in experiment.parameters
    ]
    convolutions = [m for m in module.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == CONVOLUTIONS[name]
    drawn = draw_weights(experiment, Network("ticket", 0, 0))
    load_weights(module, drawn)
    for tensor, values in module.state_dict().items():
        assert np.array_equal(values.numpy(), drawn[tensor])
    seen = []
    for part in module:
        part.register_forward_hook(lambda module, inputs, output: seen.append((type(module), tuple(inputs[0].shape))))
    with torch.no_grad():
        assert module(torch.zeros(2, *experiment.data.shape)).shape == (2, 10)
    layers = {nn.Linear, nn.Conv2d}
    walked = [(2, *shape) for layer, shape in experiment.network.walk(experiment.data.shape, 10)]
    described = [
        s for s, layer in zip(walked, experiment.network.layers, strict=True) if isinstance(layer, Convolution)
    ]
    assert [shape for kind, shape in seen if kind is nn.Conv2d] == described
    assert sum(kind in layers for kind, _ in seen) == sum(
        isinstance(layer, Convolution | Linear) for layer in experiment.network.layers
    )


def test_a_network_without_training_is_normalized_to_what_batch_statistics_say():
    """In training mode the first convolution's output has, before ReLU, mean 0 and variance 1 in each channel."""
    experiment = Experiment(architecture="vgg-19", dataset="digits", iterations=100)
    module = build(experiment.network, experiment.data.shape, 10)
    load_weights(module, draw_weights(experiment, Network("ticket", 0, 0)))
    seen = []
    module.conv1_norm.register_forward_hook(lambda module, inputs, output: seen.append(output.clone()))
    with torch.no_grad():
        module.train()(torch.from_numpy(np.random.default_rng(0).random((4, 1, 28, 28), np.float32)))
    (values,) = seen
    assert values.mean((0, 2, 3)).abs().max() < 1e-4
    assert (values.var((0, 2, 3)) - 1).abs().max() < 0.05


def test_a_residual_block_adds_what_came_in(monkeypatch):
    """With convolutions of zeros a block lets through what is positive; a projecting one, its projection."""
    experiment = Experiment(architecture="resnet-18", dataset="digits", iterations=100)
    module = build(experiment.network, experiment.data.shape, 10).eval()
    load_weights(module, draw_weights(experiment, Network("ticket", 0, 0)))
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 16, 8, 8)).astype(np.float32))
    with torch.no_grad():
        for block in (module.block1, module.block4):
            block.conv1.weight.zero_()
            block.conv2.weight.zero_()
        assert torch.equal(module.block1(values), values.relu())
        kernel = module.block4.shortcut.weight[:, :, 0, 0]
        projected = torch.einsum("oc,nchw->nohw", kernel, values[:, :, ::2, ::2]) / np.sqrt(1 + 1e-5)
        assert torch.allclose(module.block4(values), projected.relu(), atol=1e-5)


def test_a_kernels_fans_are_all_of_its_places():
    assert Parameter("conv.weight", (64, 3, 3, 3), "convolution").fans == (27, 576)
    assert Parameter("fc.weight", (300, 784), "fully connected").fans == (784, 300)


@pytest.mark.parametrize(
    ("initialization", "scale", "variance"), [("glorot", 1.0, 2 / (27 + 576)), ("kaiming", 0.5, 0.25 * 2 / 27)]
)
def test_initial_weights_have_the_spread_that_is_asked_for(initialization, scale, variance):
    experiment = Experiment(architecture="conv-2", initialization=initialization, initialization_scale=scale)
    weights = draw_weights(experiment, Network("ticket", 0, 0))["conv1.weight"]
    assert weights.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / weights.size))
    assert abs(weights.mean()) < 5 * np.sqrt(variance / weights.size)


def test_batch_normalization_begins_at_scale_one_and_shift_zero():
    drawn = draw_weights(Experiment(architecture="resnet-18"), Network("random-sparse", 1, 3))
    for name, values in drawn.items():
        if "_norm." in name:
            assert set(values) == {1.0 if name.endswith(("weight", "running_var")) else 0.0}


def test_describing_loads_no_torch():
    code = "import sys, explorer.architectures, explorer.pruning; sys.exit('torch' in sys.modules)"
    with process("-c", code) as started:
        assert started.wait(PATIENCE) == 0
