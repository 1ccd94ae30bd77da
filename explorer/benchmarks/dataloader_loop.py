"""The loop that most people would write: a Dataset, a DataLoader, Adam, and masks on weights and gradients.

Only to compare speeds with; nothing else uses it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset, Subset

from explorer.datasets import Data, Split
from explorer.datasets.vision import torchvision_datasets
from explorer.experiment import MEASURED
from explorer.randomness import generator

Example = tuple[Tensor, int]


class Images(Dataset[Example]):
    """A split as torchvision's MNIST is one: an image of Pillow's, made into a tensor when it is asked for."""

    def __init__(self, split: Split) -> None:
        torchvision_datasets()  # after which transforms can be imported beside any torch
        from torchvision.transforms import Compose, ToPILImage, ToTensor

        self.images, self.labels = split.images.transpose(0, 2, 3, 1), split.labels.tolist()
        self.transform = Compose([ToPILImage(), ToTensor()])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Example:
        return self.transform(self.images[index]), self.labels[index]


class Splits(NamedTuple):
    """What is trained on, and what is evaluated: some training images, validation and test."""

    train: Images
    evaluated: tuple[Dataset[Example], ...]


def prepare(data: Data) -> Splits:
    """Have the images ready for `train`."""
    train = Images(data.train)
    return Splits(train, (Subset(train, range(min(MEASURED, len(train)))), Images(data.validation), Images(data.test)))


def train(
    model: nn.Module,
    masks: Mapping[str, Tensor],
    splits: Splits,
    batch: int,
    rate: float,
    iterations: int,
    evaluations: Container[int] = (),
) -> list[tuple[float, float]]:
    """Train a model in place; return loss and accuracy (0–1) of each split at each iteration of `evaluations`.

    Args:
        model: the network, with its initial weights.
        masks: by parameter's name, 1 where a weight is alive and 0 where it is pruned; none for the dense network.
        splits: what `prepare` returned.
        batch: images in a mini-batch.
        rate: Adam's step size.
        iterations: mini-batch steps.
        evaluations: after which of them to evaluate; 0 is before the first.
    """
    seed = int(generator("benchmark", "dataloader").integers(2**63))
    shuffled = torch.Generator().manual_seed(seed)
    loader = DataLoader(splits.train, batch_size=batch, shuffle=True, drop_last=True, generator=shuffled)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].mul_(mask)
    scores = [evaluate(model, split) for split in splits.evaluated] if 0 in evaluations else []
    iteration = 0
    while iteration < iterations:
        for pixels, labels in loader:
            optimizer.zero_grad()
            loss = cross_entropy(model(pixels), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            for name, mask in masks.items():
                gradient = parameters[name].grad
                assert gradient is not None
                gradient *= mask
            optimizer.step()
            iteration += 1
            if iteration in evaluations:
                scores += [evaluate(model, split) for split in splits.evaluated]
            if iteration == iterations:
                break
    return scores


@torch.no_grad()
def evaluate(model: nn.Module, images: Dataset[Example]) -> tuple[float, float]:
    """Return the mean cross-entropy and the share of right answers."""
    loss, right, count = 0.0, 0, 0
    for pixels, labels in DataLoader(images, batch_size=1_000):
        outputs = model(pixels)
        loss += cross_entropy(outputs, labels, reduction="sum").item()
        right += int((outputs.argmax(1) == labels).sum())
        count += len(labels)
    return loss / count, right / count
