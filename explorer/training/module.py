"""The plain reference back end: one torch module a network, trained in turn, one evaluation interval at a time.

Every other back end must agree with this one.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, relu

from explorer.architectures import Architecture, Block, Convolution, Linear, MaxPool, Shape
from explorer.datasets import Data
from explorer.events import Arrays, Diverged, Evaluated, Event, Network, NetworkStarted, NetworkTrained, Progress
from explorer.experiment import MEASURED, Experiment
from explorer.randomness import generator
from explorer.training import BackEnd, Start, Watch, found, tell
from explorer.training.images import Augmentation, Images, moments

# Images evaluated at once; few enough to yield in time and to fit into memory, and fixed, so that bits are too.
CHUNK = 2_500
CHUNK_OF_CONVOLUTIONS = 250
BEAT = 0.05  # seconds between two glimpses of progress
MOMENTUM = 0.9


def build(architecture: Architecture, shape: Shape, classes: int) -> nn.Module:
    """Return the architecture as a torch module, with tensors named as in the description, and no values yet."""
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (layer, inputs) in enumerate(architecture.walk(shape, classes)):
        if isinstance(layer, Linear):
            if len(inputs) > 1:
                modules["flatten"] = nn.Flatten()
            modules[layer.name] = nn.Linear(math.prod(inputs), layer.units, device="meta")
            if layer.kind != "output":
                modules[f"{layer.name}_relu"] = nn.ReLU(inplace=True)
        elif isinstance(layer, Convolution):
            modules |= convolution(layer, inputs)
            modules[f"{layer.name}_relu"] = nn.ReLU(inplace=True)
        elif isinstance(layer, Block):
            modules[layer.name] = ResidualBlock(layer, inputs)
        elif isinstance(layer, MaxPool):
            last = next(reversed(modules), "")
            modules[f"pool{number}"] = nn.MaxPool2d(2)
            # The largest past ReLU is ReLU of the largest, and gradients are the same; so ReLU comes after the pool, on
            # a quarter of the values. What it passes back lies in memory as the images do, so that none is copied.
            if last.endswith("_relu"):
                modules.move_to_end(last)
        else:
            modules[f"pool{number}"] = nn.AdaptiveAvgPool2d(1)
    # Torch's own initial values would be drawn from its global generator, for nothing.
    return nn.Sequential(modules).to_empty(device="cpu")


def convolution(layer: Convolution, inputs: Shape) -> dict[str, nn.Module]:
    """Return a convolution and its batch normalization, by name."""
    inner = nn.Conv2d(
        inputs[0],
        layer.channels,
        layer.size,
        layer.stride,
        padding=layer.size // 2,
        bias=not layer.normalized,
        device="meta",
    )
    if not layer.normalized:
        return {layer.name: inner}
    norm = nn.BatchNorm2d(layer.channels, device="meta")
    norm.num_batches_tracked = None  # counts for nothing at a fixed momentum, and would be one more array
    return {layer.name: inner, f"{layer.name}_norm": norm}


class ResidualBlock(nn.Module):
    """A `Block`: two convolutions, and what came in, projected where its shape is another, added to them."""

    def __init__(self, block: Block, inputs: Shape) -> None:
        super().__init__()
        first, second, *shortcut = block.parts(inputs)
        of_parts = [(first, inputs), (second, block.output(inputs)), *((part, inputs) for part in shortcut)]
        self.parts: list[list[str]] = []
        for part, entering in of_parts:
            modules = convolution(part, entering)
            for name, module in modules.items():
                self.add_module(name, module)
            self.parts.append(list(modules))

    def forward(self, values: Tensor) -> Tensor:
        """Return what the block makes of a mini-batch."""
        first, second, *shortcut = self.parts
        residual = self._through(second, relu(self._through(first, values)))
        for names in shortcut:
            values = self._through(names, values)
        return relu(residual + values)

    def _through(self, names: list[str], values: Tensor) -> Tensor:
        for name in names:
            values = self.get_submodule(name)(values)
        return values


def load_weights(module: nn.Module, weights: Arrays) -> None:
    """Copy arrays into a module's tensors of the same names."""
    for name, values in module.state_dict().items():
        values.copy_(torch.from_numpy(np.array(weights[name])))


def gradient(experiment: Experiment, data: Data, start: Start, device: str) -> dict[str, np.ndarray]:
    """Return the gradient of the mean training loss where a training begins, over the first 1,000 training images.

    They are seen in mini-batches, as batch normalization is made for, and neither augmented nor with units disabled.
    """
    images = Images(data.train, moments(experiment.data, data.train), device)
    module = build(experiment.network, experiment.data.shape, experiment.data.classes)
    load_weights(module, start.initial)
    module.to(device)
    count = min(MEASURED, len(images))
    with same_bits():
        for rows in torch.split(torch.arange(count, device=device), experiment.batch):
            if len(rows) > 1 or not experiment.network.normalized:
                loss = cross_entropy(module(images.seen(images.pixels[rows])), images.labels[rows], reduction="sum")
                (loss / count).backward()  # type: ignore[no-untyped-call]
    named = module.named_parameters()
    return {name: values.grad.cpu().numpy() for name, values in named if values.grad is not None}


def measure(
    experiment: Experiment, module: nn.Module, splits: Iterable[tuple[Images, int | None]]
) -> Generator[int, None, list[float]]:
    """Measure loss and accuracy on each split, of which at most so many images are looked at.

    Yields 0 after each chunk of images, and returns the numbers.
    """
    module.eval()
    chunk = CHUNK if experiment.network.fully_connected else CHUNK_OF_CONVOLUTIONS
    numbers: list[float] = []
    for split, most in splits:
        loss, right = 0.0, 0
        of_split = (torch.split(values[:most], chunk) for values in (split.pixels, split.labels))
        for pixels, labels in zip(*of_split, strict=True):
            with torch.no_grad():
                logits = module(split.seen(pixels))
                loss += float(cross_entropy(logits, labels, reduction="sum"))
                right += int((logits.argmax(1) == labels).sum())
            yield 0
        size = len(split.labels[:most])
        numbers += [loss / size, right / size]
    return numbers


def batches(experiment: Experiment, network: Network, first: int, last: int) -> Iterator[np.ndarray]:
    """Yield the training images' indices of the iterations from `first` up to `last`, without remainders of epochs.

    The order is a function of (seed, replicate, level, draw, epoch), so that variants are compared on
    the same batches.
    """
    size = experiment.batch
    an_epoch = experiment.data.train // size
    order, known_epoch = np.empty(0, dtype=np.int64), -1
    for iteration in range(first, last):
        epoch, place = divmod(iteration, an_epoch)
        if epoch != known_epoch:
            who = (experiment.seed, network.replicate, network.level, network.draw, epoch)
            order, known_epoch = generator("order", *who).permutation(experiment.data.train), epoch
        yield order[place * size : (place + 1) * size]


@contextmanager
def same_bits() -> Iterator[None]:
    """Have torch reckon the same bits each time for now, whatever runs beside it: one thread, and float32 throughout.

    On a GPU that means no TF32, which rounds what is multiplied to 10 bits, and no algorithm of cuDNN's that is chosen
    by timing or adds in any order.
    """
    threads, rounded = torch.get_num_threads(), torch.backends.cuda.matmul.allow_tf32
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = rounded


class InTraining(Protocol):
    """What progress is told of: who trains, and how far it is."""

    network: Network
    iteration: int


class ModuleBackEnd(BackEnd):
    """Trains each network as a torch module of its own, with masked gradients and torch's own optimizers.

    One back end serves a whole search, so that its pace is measured over all of it. It trains in turn,
    however many workers there may be.
    """

    name = "torch"

    def __init__(
        self,
        experiment: Experiment,
        data: Data,
        device: str,
        workers: int = 0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.experiment, self.device, self.dtype = experiment, device, dtype
        of_channels = moments(experiment.data, data.train)
        splits = (Images(split, of_channels, device, dtype) for split in (data.train, data.validation, data.test))
        self._train, self._validation, self._test = splits
        self._steps, self._seconds, self._beat = 0, 0.0, 0.0

    def __call__(self, starts: Iterable[tuple[Network, Start]], watch: Watch) -> Iterator[Event]:
        """Train a population; see `explorer.training.BackEnd`."""
        training = {}
        for network, start in starts:
            training[network] = _Training(self.experiment, network, start, self.device, self.dtype)
            yield NetworkStarted(network, start.masks, start.initial)
        for first, last in pairwise((0, *self.experiment.evaluations)):
            for network, one in list(training.items()):
                if last < one.iteration:  # it begins later
                    continue
                yield from self._with_progress(one, one.advance(self._train, max(first, one.iteration), last))
                measured = ((self._train, MEASURED), (self._validation, None), (self._test, None))
                yield from self._with_progress(one, one.evaluate(*measured))
                if isinstance(one.scores, Diverged):
                    del training[network]
                yield from tell(one.scores, watch, one.weights)
        for network, one in training.items():
            yield NetworkTrained(network, *one.start, one.weights(), one.rewind)

    def _with_progress(self, one: InTraining, work: Iterator[int]) -> Iterator[Progress]:
        """Do `work`, and look up every `BEAT` seconds."""
        while self._work(work):
            device = "GPU" if self.device == "cuda" else "CPU"
            yield Progress(one.network, one.iteration, self._steps, self._seconds, device, self.name)
            self._beat = time.perf_counter()

    @same_bits()
    def _work(self, work: Iterator[int]) -> bool:
        """Do `work` until the next beat, counting its steps and the time; returns whether it was cut short."""
        begun = time.perf_counter()
        try:
            for steps in work:
                self._steps += steps
                if time.perf_counter() - self._beat > BEAT:
                    return True
            return False
        finally:
            self._seconds += time.perf_counter() - begun


class _Training:
    """One network in training: its module, its optimizer and its masks."""

    def __init__(self, experiment: Experiment, network: Network, start: Start, device: str, dtype: torch.dtype) -> None:
        self.experiment, self.network, self.start = experiment, network, start
        self.iteration = experiment.begins(network.variant, network.level)
        self.scores: Evaluated | Diverged
        self.rewind: Arrays = {}
        self.module = build(experiment.network, experiment.data.shape, experiment.data.classes)
        load_weights(self.module, start.initial)
        # With channels last, convolutions and pools read what lies together: on a CPU Conv-2 trains a fifth faster.
        self.module.to(device, dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        named = dict(self.module.named_parameters())
        self.masked = [
            (p, torch.empty_like(p.data).copy_(torch.from_numpy(start.masks[name])))
            for name, p in named.items()
            if name in start.masks and not start.masks[name].all()
        ]
        self.optimizer = optimizer(experiment, named.values())
        self._augment = Augmentation(experiment, network) if experiment.augment else None
        if experiment.dropout:
            for layer in experiment.network.hidden:
                self.module.get_submodule(f"{layer.name}_relu").register_forward_hook(self._disable)

    def advance(self, train: Images, first: int, last: int) -> Iterator[int]:
        """Train from iteration `first` to `last`; yields 1 after each mini-batch."""
        self.module.train()
        for indices in batches(self.experiment, self.network, first, last):
            rows = torch.from_numpy(indices).to(train.labels.device)
            pixels = train.pixels[rows]
            if self._augment:
                pixels = self._augment(pixels, indices, self.iteration)
            if self.experiment.dropout:
                self._random = generator("dropout", self.experiment.seed, *self.network, self.iteration)
            for group in self.optimizer.param_groups:
                group["lr"] = self.experiment.learning_rate_at(self.iteration)
            loss = cross_entropy(self.module(train.seen(pixels)), train.labels[rows])
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for parameter, mask in self.masked:
                assert parameter.grad is not None
                # Masking the gradient, not the weight, also keeps all of the optimizer's moments at zero.
                parameter.grad *= mask
            self.optimizer.step()
            self.iteration += 1
            yield 1

    def evaluate(self, *splits: tuple[Images, int | None]) -> Iterator[int]:
        """Measure loss and accuracy on train, validation and test, as `measure` does; the result is in `scores`."""
        numbers = yield from measure(self.experiment, self.module, splits)
        self.scores = found(self.network, self.iteration, numbers)
        if self.network.level == 0 and 0 < self.iteration == self.experiment.rewind:
            self.rewind = self.weights()

    def weights(self) -> dict[str, np.ndarray]:
        """Return a copy of every tensor, batch normalization's running statistics included."""
        return {
            name: values.detach().to("cpu", torch.float32, copy=True, memory_format=torch.contiguous_format).numpy()
            for name, values in self.module.state_dict().items()
        }

    def _disable(self, module: nn.Module, inputs: object, values: Tensor) -> Tensor:
        """Disable units at random in training, and raise the others, so that the sum stays (Srivastava et al. 2014).

        Which are, is a function of who the network is and of the iteration.
        """
        if not module.training:
            return values
        dropped = self.experiment.dropout
        kept = torch.from_numpy(self._random.random(values.shape) >= dropped).to(values.device)
        return values * kept / (1 - dropped)


def optimizer(
    experiment: Experiment, parameters: Iterable[Tensor], rate: float | Tensor | None = None
) -> torch.optim.Optimizer:
    """Return the experiment's optimizer, fresh; `rate` is its own, or a tensor that says it anew at each step."""
    rate, decay = experiment.learning_rate if rate is None else rate, experiment.weight_decay
    if experiment.optimizer == "adam":
        on_gpu = isinstance(rate, Tensor) and rate.is_cuda
        return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True, capturable=on_gpu)
    momentum = MOMENTUM if experiment.optimizer == "momentum" else 0.0
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, weight_decay=decay, fused=True)
