"""The networks of the plain loops are those that we train, written as anyone would."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import max_pool2d

from explorer import Experiment
from explorer.benchmarks.plain_module import plain_module
from explorer.training.module import build, load_weights


@pytest.mark.parametrize("name", ["lenet-300-100", "conv-2", "conv-4"])
def test_ours_gives_the_same_outputs_and_gradients(name):
    """With whole numbers, so that nothing is rounded, and images of few fields, so that pools find equal pixels."""
    experiment, random = Experiment(architecture=name, dataset="digits"), np.random.default_rng(3)
    weights = {p.name: random.integers(-1, 2, p.shape).astype(np.float32) for p in experiment.parameters}
    fields = random.integers(0, 3, (2, 1, 2, 2)).repeat(14, 2).repeat(14, 3)
    images, wanted = torch.from_numpy(fields).double(), torch.from_numpy(random.integers(-2, 3, (2, 10)))
    found, equal = [], []

    def look(pool, inputs, output):
        smallest = -max_pool2d(-inputs[0], 2)
        equal.append(int(((smallest == output) & (output > 0)).sum()))

    for make in (plain_module, build):
        module = make(experiment.network, experiment.data.shape, experiment.data.classes)
        load_weights(module, weights)
        module.double().to(memory_format=torch.channels_last if make is build else torch.contiguous_format)
        for part in module:
            if isinstance(part, nn.MaxPool2d):
                part.register_forward_hook(look)
        outputs = module(images)
        (outputs * wanted).sum().backward()
        found.append({"outputs": outputs.detach(), **{key: p.grad for key, p in module.named_parameters()}})
    plain, ours = found
    assert list(plain) == list(ours) == ["outputs", *(p.name for p in experiment.parameters)]
    for key, values in plain.items():
        assert torch.equal(values, ours[key]), key
        assert values.any(), key
    assert experiment.network.fully_connected or max(equal) > 1_000


def test_what_is_not_plain_is_refused():
    experiment = Experiment(architecture="vgg-19")
    with pytest.raises(TypeError, match="VGG-19"):
        plain_module(experiment.network, experiment.data.shape, experiment.data.classes)
