"""A back end for a GPU: the networks of a population train together, all of them in each step.

One small network leaves a GPU waiting for the next command most of the time. So all that every network has is one
tensor here, its first dimension the networks, and a step of the whole population is one CUDA graph: recorded once,
and started again for every mini-batch by a single command. From the top down:

* `PopulationBackEnd` cuts what trains together into parts that fit into memory, and tells what happens, as the
  reference does and in its order;
* `Population` is such a part: it trains from one evaluation to the next, in pieces of some steps. What a piece needs
  from the host (batch order, learning rates, augmentation, disabled units) is drawn as the reference draws it and sent
  in one go while the piece before is being worked on; the graph itself counts which step it is at;
* `Networks` is the arithmetic, forward: fully connected layers as one product of all networks (`baddbmm`); whatever
  comes before them, convolutions and what belongs to them, is the reference's module called for one network after the
  other. A convolution of one mini-batch is work enough for a GPU, and in a graph it costs little to start one more.

The gradient of the sum of all losses is, in the part of each network, that of its own loss, and the optimizers treat
every element by itself. So the networks do not touch one another, and one that diverges goes on alone, unheard.

On a CPU the same runs without a graph, for tests; there the other back ends are faster.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby, islice, takewhile

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from explorer.architectures import Linear, Shape
from explorer.events import Arrays, Diverged, Evaluated, Event, Network, NetworkStarted, NetworkTrained
from explorer.experiment import MEASURED, Experiment
from explorer.randomness import generator
from explorer.training import Start, Watch, found, tell
from explorer.training.images import Augmentation, Images, augmented
from explorer.training.module import BEAT, CHUNK, CHUNK_OF_CONVOLUTIONS, ModuleBackEnd, batches, build, optimizer

ROOM = 4 << 30  # bytes that the networks of a part may take; fixed, so that no number depends on what a GPU has
PER_PARAMETER = 17  # bytes: value, gradient, two moments, and a byte of the mask
PER_VALUE = 16  # bytes: what an image becomes in a layer, normalized and past ReLU, and a gradient
PER_EVALUATED = 32  # bytes: an input of a fully connected layer, with room for eight of them
PIECE = 128  # steps at most between two looks at the clock
WARM_UP = 3  # steps before a graph is recorded, in which the libraries and the optimizer set themselves up


class PopulationBackEnd(ModuleBackEnd):
    """Trains the networks of a population together; see the head of this file.

    A network's numbers agree with the reference's to rounding. They are the same each time for the same population on
    the same device; in another company they may round otherwise.
    """

    name = "torch-population"

    def __call__(self, starts: Iterable[tuple[Network, Start]], watch: Watch) -> Iterator[Event]:
        """Train a population; see `explorer.training.BackEnd`. Ended or closed, it gives the memory back."""
        try:
            yield from self._train_all(starts, watch)
        finally:
            if self.device == "cuda":
                torch.cuda.synchronize()
                torch.cuda.empty_cache()

    def _train_all(self, starts: Iterable[tuple[Network, Start]], watch: Watch) -> Iterator[Event]:
        everyone = {}
        for network, start in starts:
            everyone[network] = start
            yield NetworkStarted(network, start.masks, start.initial)
        recorder = Recorder(self.device)
        parts = [Population(self.experiment, part, self._train, recorder) for part in split(self.experiment, everyone)]
        for last in self.experiment.evaluations:
            for part in parts:
                if last < part.iteration or not part.alive:  # it begins later, or all of it diverged
                    continue
                yield from self._with_progress(part, part.advance(last))
                measured = ((self._train, MEASURED), (self._validation, None), (self._test, None))
                yield from self._with_progress(part, part.evaluate(measured))
                for scores in part.scores:
                    yield from tell(scores, watch, partial(part.weights, scores.network))
        for part in parts:
            for network in part.alive:
                final, rewind = part.weights(network), part.rewind.get(network, {})
                yield NetworkTrained(network, *everyone[network], final, rewind)


def split(experiment: Experiment, starts: Mapping[Network, Start]) -> Iterator[dict[Network, Start]]:
    """Cut a population, in its order, into parts that begin at the same iteration and fit into memory."""
    layers = experiment.network.walk(experiment.data.shape, experiment.data.classes)
    values = sum(math.prod(layer.output(inputs)) for layer, inputs in layers)
    parameters = sum(parameter.size for parameter in experiment.parameters)
    room = max(1, ROOM // (PER_PARAMETER * parameters + PER_VALUE * experiment.batch * values))
    for _, group in groupby(starts, lambda network: experiment.begins(network.variant, network.level)):
        networks = list(group)
        count = math.ceil(len(networks) / room)  # as many parts as it takes, of about the same size
        for part in np.array_split(np.arange(len(networks)), count):
            yield {networks[place]: starts[networks[place]] for place in part}


def mini_batches(experiment: Experiment, network: Network, first: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the training images' indices of each iteration, and offsets and flip of each if they are augmented."""
    augmentation = Augmentation(experiment, network)
    for iteration, rows in enumerate(batches(experiment, network, first, experiment.iterations), first):
        crops = {"crops": np.column_stack(augmentation.of(rows, iteration))} if experiment.augment else {}
        yield {"rows": rows, **crops}


class Networks:
    """Networks of one architecture as one: their tensors, stacked, and what they make of images.

    `tensors` holds (networks, *shape) by name, and `parameters` those of them that are trained.
    """

    def __init__(self, experiment: Experiment, count: int, device: str, dtype: torch.dtype) -> None:
        module = build(experiment.network, experiment.data.shape, experiment.data.classes).to("meta")
        layers = takewhile(lambda named: not isinstance(named[1], nn.Flatten), module.named_children())
        self.before = nn.Sequential(OrderedDict(layers))
        self.linear = [layer for layer in experiment.network.layers if isinstance(layer, Linear)]
        self.tensors = {
            name: torch.zeros(count, *values.shape, device=device, dtype=dtype)
            for name, values in module.state_dict().items()
        }
        self.parameters = {name: self.tensors[name].requires_grad_() for name, _ in module.named_parameters()}
        # In large networks the channels of a pixel lie side by side, as normalization and pools read them best.
        self._format = torch.channels_last if experiment.network.normalized else torch.contiguous_format
        self._dropout = experiment.dropout
        most = CHUNK if experiment.network.fully_connected else CHUNK_OF_CONVOLUTIONS
        inputs = sum(self.tensors[f"{layer.name}.weight"].shape[2] for layer in self.linear)
        self.chunk = max(1, min(most, ROOM // (PER_EVALUATED * count * inputs)))

    def __call__(self, images: Tensor, kept: Tensor | None = None) -> Tensor:
        """Return the outputs (networks, images, classes).

        Args:
            images: (networks, images, channels, height, width).
            kept: which hidden units of the fully connected layers, one layer after the other, are not disabled:
                (networks, images, units); None where all take part.
        """
        values = self._before(images).flatten(2)
        used = 0
        for layer in self.linear:
            weight, bias = self.tensors[f"{layer.name}.weight"], self.tensors[f"{layer.name}.bias"]
            values = torch.baddbmm(bias[:, None], values, weight.mT)
            if layer.kind != "output":
                values = values.relu_()
                if kept is not None:
                    values = values * kept[..., used : used + layer.units] / (1 - self._dropout)
                    used += layer.units
        return values

    def _before(self, images: Tensor) -> Tensor:
        if not len(self.before):
            return images
        names = list(self.before.state_dict())
        # Unbound and not indexed, for then the gradients are stacked and not each added to zeros of the whole.
        of_each = zip(*(self.tensors[name].unbind() for name in names), strict=True)
        outputs = []
        for tensors, pixels in zip(of_each, images.unbind(), strict=True):
            seen = pixels.contiguous(memory_format=self._format)
            outputs.append(functional_call(self.before, dict(zip(names, tensors, strict=True)), seen))
        return torch.stack(outputs)


class Recorder:
    """Records steps as CUDA graphs; on a CPU there are none.

    All graphs share the memory of what lasts no longer than a step, for never do two of them run at the same time.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        if device == "cuda":
            self._stream, self._pool = side_stream(), torch.cuda.graph_pool_handle()

    def record(self, step: Callable[[], None]) -> torch.cuda.CUDAGraph | None:
        """Do steps until the libraries and the optimizer are set up, then record one; what they did is to be undone."""
        if self.device != "cuda":
            step()
            return None
        self._stream.wait_stream(torch.cuda.current_stream())  # aside, as torch asks for
        with torch.cuda.stream(self._stream):
            for _ in range(WARM_UP):
                step()
        torch.cuda.current_stream().wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            step()
        return graph


@cache
def side_stream() -> torch.cuda.Stream:
    """Return the stream on which steps are recorded: always the same, for the libraries keep memory for each."""
    return torch.cuda.Stream()  # type: ignore[no-untyped-call]


class Population:
    """Networks that train together, always at the same iteration; it takes its memory when it is first advanced.

    Args:
        experiment: what to run.
        starts: the networks, in order, and what each trains from.
        train: the training images.
        recorder: makes a graph of its step.
    """

    def __init__(
        self, experiment: Experiment, starts: Mapping[Network, Start], train: Images, recorder: Recorder
    ) -> None:
        self.experiment, self.starts, self.train, self.recorder = experiment, starts, train, recorder
        self.everyone, self.alive = list(starts), list(starts)
        self.network = self.alive[0]  # to be named on screen
        self.iteration = experiment.begins(self.network.variant, self.network.level)
        self.scores: list[Evaluated | Diverged] = []
        self.rewind: dict[Network, Arrays] = {}
        self._ready, self._piece = False, 1
        self._done: torch.cuda.Event | None = None
        # What does not depend on the variant is drawn once for all variants.
        whose = {network[1:]: network for network in self.everyone}
        self._batches = {who: mini_batches(experiment, one, self.iteration) for who, one in whose.items()}

    def advance(self, last: int) -> Iterator[int]:
        """Train up to iteration `last`; yields the network-iterations done after each piece."""
        if not self._ready:
            self._set_up()
        self.networks.before.train()
        while self.iteration < last:
            begun, count = time.perf_counter(), min(self._piece, last - self.iteration)
            self._send(self._draw(range(self.iteration, self.iteration + count)))
            for _ in range(count):
                if self._graph:
                    self._graph.replay()
                else:
                    self.step()
            self.iteration += count
            self._keep_up()
            taken = time.perf_counter() - begun
            if taken < BEAT / 4:
                self._piece = min(2 * self._piece, PIECE)
            elif taken > BEAT / 2:
                self._piece = max(self._piece // 2, 1)
            yield count * len(self.alive)

    def step(self) -> None:
        """Train every network on its next mini-batch of this piece, with no word between host and device."""
        now = {name: values.index_select(0, self._at)[0] for name, values in self._inputs.items()}
        self._at += 1
        self._rate.copy_(now["rates"])
        pixels, labels = self.train.pixels[now["rows"]], self.train.labels[now["rows"]]
        if self.experiment.augment:
            crops = now["crops"].flatten(0, 1)
            pixels = augmented(pixels.flatten(0, 1), crops[:, :2], crops[:, 2] > 0).view(pixels.shape)
        outputs = self.networks(self.train.seen(pixels), now.get("kept"))
        losses = cross_entropy(outputs.flatten(0, 1), labels.flatten(), reduction="sum") / self.experiment.batch
        self._optimizer.zero_grad()
        losses.backward()  # type: ignore[no-untyped-call]
        for name, mask in self._masks.items():
            gradient = self.networks.parameters[name].grad
            assert gradient is not None
            gradient *= mask
        self._optimizer.step()

    def evaluate(self, splits: Sequence[tuple[Images, int | None]]) -> Iterator[int]:
        """Measure loss and accuracy of every network on train, validation and test; yields 0 after each chunk.

        Of each split at most so many images are looked at. The results are in `scores`.
        """
        self.networks.before.eval()
        count, sizes = len(self.everyone), [len(split.labels[:most]) for split, most in splits]
        sums = torch.zeros(len(splits), 2, count, dtype=torch.float64, device=self.recorder.device)
        for (split, most), (loss, right) in zip(splits, sums, strict=True):
            of_split = (torch.split(values[:most], self.networks.chunk) for values in (split.pixels, split.labels))
            for pixels, labels in zip(*of_split, strict=True):
                with torch.no_grad():
                    outputs = self.networks(split.seen(pixels).expand(count, *pixels.shape))
                    losses = cross_entropy(outputs.flatten(0, 1), labels.repeat(count), reduction="none")
                    loss += losses.view(count, -1).sum(1)
                    right += (outputs.argmax(2) == labels).sum(1)
                self._keep_up()
                yield 0
        means = sums.cpu() / torch.tensor(sizes)[:, None, None]  # all that the host waits for
        numbers = dict(zip(self.everyone, means.flatten(0, 1).T.tolist(), strict=True))
        self.scores = [found(network, self.iteration, numbers[network]) for network in self.alive]
        self.alive = [scores.network for scores in self.scores if isinstance(scores, Evaluated)]
        self.network = next(iter(self.alive), self.network)
        if 0 < self.iteration == self.experiment.rewind:
            self.rewind = {network: self.weights(network) for network in self.alive if network.level == 0}

    def weights(self, network: Network) -> dict[str, np.ndarray]:
        """Return a copy of a network's every tensor, batch normalization's running statistics included."""
        place = self.everyone.index(network)
        return {
            name: values[place].detach().to("cpu", torch.float32, copy=True).numpy()
            for name, values in self.networks.tensors.items()
        }

    def _set_up(self) -> None:
        """Take the memory, have the step recorded, and then begin."""
        experiment, device, dtype = self.experiment, self.recorder.device, self.train.dtype
        self.networks = Networks(experiment, len(self.everyone), device, dtype)
        self._at = torch.zeros(1, device=device, dtype=torch.long)
        self._rate = torch.zeros((), device=device, dtype=dtype)
        self._optimizer = optimizer(experiment, self.networks.parameters.values(), self._rate)
        self._masks = {name: self._stacked(name, "masks") for name in self.starts[self.network].masks}
        each = (len(self.everyone), experiment.batch)
        inputs: dict[str, tuple[Shape, torch.dtype]] = {"rates": ((), dtype), "rows": (each, torch.long)}
        if experiment.augment:
            inputs["crops"] = (*each, 3), torch.long
        if experiment.dropout:
            inputs["kept"] = (*each, sum(layer.units for layer in experiment.network.hidden)), torch.bool
        self._inputs = {
            name: torch.zeros(PIECE, *shape, device=device, dtype=kind) for name, (shape, kind) in inputs.items()
        }
        self._graph = self.recorder.record(self.step)
        self._optimizer.zero_grad()
        for state in self._optimizer.state.values():
            for values in state.values():
                values.zero_()
        with torch.no_grad():
            for name, values in self.networks.tensors.items():
                values.copy_(self._stacked(name, "initial"))
        self._ready = True

    def _stacked(self, name: str, what: str) -> Tensor:
        values = [getattr(start, what)[name] for start in self.starts.values()]
        return torch.from_numpy(np.stack(values)).to(self.recorder.device)

    def _draw(self, iterations: range) -> dict[str, np.ndarray]:
        """Draw what the steps of some iterations need from the host: (iterations, networks, images, ...) by name."""
        pieces = {who: list(islice(each, len(iterations))) for who, each in self._batches.items()}
        drawn = {
            name: np.stack([[one[name] for one in pieces[network[1:]]] for network in self.everyone], axis=1)
            for name in next(iter(pieces.values()))[0]
        }
        if self.experiment.dropout:
            drawn["kept"] = np.array([[self._kept(network, at) for network in self.everyone] for at in iterations])
        return drawn | {"rates": np.array([self.experiment.learning_rate_at(at) for at in iterations])}

    def _kept(self, network: Network, iteration: int) -> np.ndarray:
        """Draw which hidden units are not disabled, (images, units), layer by layer as the reference does."""
        random = generator("dropout", self.experiment.seed, *network, iteration)
        shapes = [(self.experiment.batch, layer.units) for layer in self.experiment.network.hidden]
        return np.concatenate([random.random(shape) >= self.experiment.dropout for shape in shapes], axis=1)

    def _send(self, drawn: Mapping[str, np.ndarray]) -> None:
        """Send a piece's inputs to where the step reads them, behind all that the device still has to do."""
        for name, values in drawn.items():
            here = torch.from_numpy(values).to(self._inputs[name].dtype)
            if self.recorder.device == "cuda":
                here = here.pin_memory()
            self._inputs[name][: len(here)].copy_(here, non_blocking=True)
        self._at.zero_()

    def _keep_up(self) -> None:
        """Wait until the device has done all but the last piece of work, so that it neither waits nor falls behind."""
        if self.recorder.device == "cuda":
            before, self._done = self._done, torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            self._done.record()
            if before is not None:
                before.synchronize()
