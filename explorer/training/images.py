"""Images on the device, where they stay as bytes: what a network sees of them, and how they are augmented."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from explorer.datasets import DataSet, Split
from explorer.events import Network
from explorer.experiment import Experiment
from explorer.randomness import generator

MARGIN = 4
"""By how many pixels a crop may be off the centre."""


class Images:
    """One split on the device: pixels as bytes, and class numbers.

    Args:
        split: the images.
        moments: the mean and standard deviation of each channel that a network sees as 0 and 1, in pixels ÷ 255; None
            where pixels ÷ 255 are what it sees.
        dtype: of what it sees.
    """

    def __init__(
        self, split: Split, moments: tuple[Tensor, Tensor] | None, device: str, dtype: torch.dtype = torch.float32
    ) -> None:
        self.pixels = torch.from_numpy(split.images).to(device)
        self.labels = torch.from_numpy(split.labels).to(device)
        self.dtype = dtype
        self._moments = tuple(values.to(device, dtype)[:, None, None] for values in moments) if moments else None

    def __len__(self) -> int:
        return len(self.labels)

    def seen(self, pixels: Tensor) -> Tensor:
        """Return what a network sees of bytes."""
        seen = pixels.to(self.dtype).div_(255)  # in place: on a CPU new memory takes longer than the arithmetic
        return seen if self._moments is None else seen.sub_(self._moments[0]).div_(self._moments[1])


def moments(dataset: DataSet, train: Split) -> tuple[Tensor, Tensor] | None:
    """Return the mean and standard deviation of each channel of the training images, where they are standardized."""
    if not dataset.standardized:
        return None
    values = np.arange(256) / 255
    channels = range(train.images.shape[1])
    shares = np.array([np.bincount(train.images[:, channel].ravel(), minlength=256) for channel in channels])
    shares = shares / shares.sum(1, keepdims=True)
    mean = shares @ values
    return torch.from_numpy(mean), torch.from_numpy(np.sqrt(shares @ values**2 - mean**2))


class Augmentation:
    """Crops of images padded with black, half of them mirrored where the data set flips (He et al. 2016, Section 4.2).

    What becomes of an image is a function of (seed, replicate, level, draw, epoch), not of the variant, as the order
    of images is.
    """

    def __init__(self, experiment: Experiment, network: Network) -> None:
        self._experiment, self._who = experiment, (experiment.seed, network.replicate, network.level, network.draw)
        self._epoch, self._offsets, self._flips = -1, np.empty((0, 2), np.int64), np.empty(0, bool)

    def __call__(self, pixels: Tensor, rows: np.ndarray, iteration: int) -> Tensor:
        """Return the bytes of the training images of numbers `rows`, which are `pixels`, as this epoch shows them."""
        return augmented(pixels, *self.of(rows, iteration))

    def of(self, rows: np.ndarray, iteration: int) -> tuple[np.ndarray, np.ndarray]:
        """Say how this epoch shows the training images of numbers `rows`: offsets and flips, for `augmented`."""
        epoch = iteration // (self._experiment.data.train // self._experiment.batch)
        if epoch != self._epoch:
            random, size = generator("augment", *self._who, epoch), self._experiment.data.train
            self._offsets = random.integers(0, 2 * MARGIN + 1, (size, 2))
            self._flips = (random.random(size) < 0.5) & self._experiment.data.flips
            self._epoch = epoch
        return self._offsets[rows], self._flips[rows]


def augmented(pixels: Tensor, offsets: np.ndarray | Tensor, flips: np.ndarray | Tensor) -> Tensor:
    """Cut from each image, padded with `MARGIN` black pixels, one of its size, and mirror it.

    Args:
        pixels: (n, channels, height, width).
        offsets: row and column of the padded image at which each cut begins, (n, 2).
        flips: which are mirrored, (n,).
    """
    count, channels, height, width = pixels.shape
    top, left = torch.as_tensor(offsets, device=pixels.device)[:, None].unbind(2)
    mirrored = torch.as_tensor(flips, device=pixels.device)[:, None]
    down = torch.arange(height, device=pixels.device)
    across = torch.arange(width, device=pixels.device)
    rows, columns = top + down, left + torch.where(mirrored, across.flip(0), across)
    each = torch.arange(count, device=pixels.device)[:, None, None, None]
    channel = torch.arange(channels, device=pixels.device)[None, :, None, None]
    return pad(pixels, (MARGIN,) * 4)[each, channel, rows[:, None, :, None], columns[:, None, None, :]]
