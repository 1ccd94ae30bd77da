"""The loop of who knows that images of this size fit into memory: tensors made once, shuffled indices, fused Adam.

Only to compare speeds with; nothing else uses it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from explorer.datasets import Data, Split
from explorer.experiment import MEASURED
from explorer.randomness import generator


class Images(NamedTuple):
    """One split: pixels ÷ 255, and class numbers."""

    pixels: Tensor
    labels: Tensor


class Splits(NamedTuple):
    """What is trained on, and what is evaluated: some training images, validation and test."""

    train: Images
    evaluated: tuple[Images, ...]


def prepare(data: Data) -> Splits:
    """Load all images into memory, as tensors."""

    def load(split: Split) -> Images:
        return Images(torch.from_numpy(split.images).float() / 255, torch.from_numpy(split.labels))

    train = load(data.train)
    return Splits(train, (Images(*(values[:MEASURED] for values in train)), load(data.validation), load(data.test)))


def train(
    model: nn.Module,
    masks: Mapping[str, Tensor],
    splits: Splits,
    batch: int,
    rate: float,
    iterations: int,
    evaluations: Container[int] = (),
) -> list[tuple[float, float]]:
    """Train a model in place, as `dataloader_loop.train` does, which says what is given and returned."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].mul_(mask)
    scores = [evaluate(model, split) for split in splits.evaluated] if 0 in evaluations else []
    pixels, labels = splits.train
    an_epoch = len(labels) // batch
    for iteration in range(iterations):
        epoch, place = divmod(iteration, an_epoch)
        if place == 0:
            order = torch.from_numpy(generator("benchmark", "preloaded", epoch).permutation(len(labels)))
        rows = order[place * batch : (place + 1) * batch]
        optimizer.zero_grad()
        loss = cross_entropy(model(pixels[rows]), labels[rows])
        loss.backward()  # type: ignore[no-untyped-call]
        for name, mask in masks.items():
            gradient = parameters[name].grad
            assert gradient is not None
            gradient *= mask
        optimizer.step()
        if iteration + 1 in evaluations:
            scores += [evaluate(model, split) for split in splits.evaluated]
    return scores


@torch.no_grad()
def evaluate(model: nn.Module, images: Images) -> tuple[float, float]:
    """Return the mean cross-entropy and the share of right answers."""
    outputs = model(images.pixels)
    loss = cross_entropy(outputs, images.labels).item()
    return loss, (outputs.argmax(1) == images.labels).float().mean().item()
