"""A back end for the CPU whose work and memory are in proportion to the surviving weights: kernels in Numba.

From the bottom up, in one file, because Numba's cache on disk looks at this file only:

* vectors: `LANES` floats as one value that LLVM keeps in registers, and what can be done with them;
* layout: which weights survive, as lists that the kernels walk along;
* kernels: gather, forward, softmax, backward and Adam, and `train` and `evaluate`, which call them without the
  interpreter, so that threads run side by side;
* the back end: as many threads as workers, each advancing whole networks.

Activations lie as [layer][block][feature][lane]: a lane is an image of the mini-batch, a block `LANES` of them. Then a
weight, wherever it is, is one number that meets contiguous vectors: forward, a unit's sum stays in registers along
its survivors; backward, the gradient of a survivor is the product of two such vectors. Lanes beyond the mini-batch
see a blank image and weigh nothing. A mini-batch is gathered into lanes at each step; images to be measured are never
shuffled, and lie so from the start, as bytes.
"""

from __future__ import annotations

import math
import operator
import platform
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from itertools import islice, pairwise
from queue import SimpleQueue
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable
from numpy.typing import NDArray

from explorer.datasets import Data, Split
from explorer.events import Diverged, Evaluated, Event, Network, NetworkStarted, NetworkTrained, Preparing, Progress
from explorer.experiment import MEASURED, Experiment
from explorer.training import BackEnd, Start, Watch, found, tell
from explorer.training.cores import usable_cores
from explorer.training.module import BEAT, batches

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Result = TypeVar("Result")

LANES = 64  # images side by side: eight registers of AVX, four of AVX-512
GROUP = 8  # gradients that are summed over the lanes together, and pixels that are gathered together
ADAM = 16  # weights that Adam moves at once; the vector of parameters is padded to a multiple of it
TILE = 98  # features whose activations, 25 KB, stay in the first cache
TILED_FROM = 0.04  # density of a layer below which a tile of a row holds too few weights to be worth a start

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
# Written out, for 1 - 0.999 in single precision is wrong by 5e-5.
KEEP1, TAKE1 = np.float32(0.9), np.float32(0.1)
KEEP2, TAKE2 = np.float32(0.999), np.float32(0.001)

# A pixel ÷ 255, rounded as a division would be, from a product with 1/255 in two parts.
PIXEL = float(np.float32(1 / 255))
PIXEL_REST = float(np.float32(1 / 255 - PIXEL))

FLUSH = 0x8040  # the bits of x86's control register that take denormal numbers for zero, going in and coming out

CHUNK = 2_560  # images evaluated at once, a multiple of `LANES`
FROM_DISK = 1.0  # seconds in which kernels that were compiled before are here; beyond, they are being compiled
PIECE = 0.05  # seconds that a worker may be away in a kernel, roughly
PATIENCE = 0.2  # seconds that nobody may pull before the workers wait, too: to pause is not to pull

# --- Vectors ---------------------------------------------------------------------------------------------------------


class Vector(types.Type):
    """Numba's type of `lanes` floats in registers; LLVM takes as many as the machine needs."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(f"vector({lanes})")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """What such a vector is to LLVM."""

    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, floats(kind.lanes))


def floats(lanes: int) -> ir.Type:
    """LLVM's type of so many floats."""
    return ir.VectorType(ir.FloatType(), lanes)


def constant(lanes: int, value: float) -> ir.Constant:
    """The same float in every lane, for LLVM."""
    return ir.Constant(floats(lanes), [value] * lanes)


def pick(builder: Any, one: Any, two: Any, places: Iterable[int]) -> Any:
    """LLVM's shuffle: the lanes at `places` of two vectors, one behind the other."""
    chosen = list(places)
    return builder.shuffle_vector(one, two, ir.Constant(ir.VectorType(ir.IntType(32), len(chosen)), chosen))


def multiply_add(builder: Any, one: Any, two: Any, three: Any) -> Any:
    """One × two + three, in one instruction where the machine has it."""
    return call(builder, "fmuladd", one, two, three)


def shades(builder: Any, pixels: Any) -> Any:
    """Pixels, a byte each, ÷ 255."""
    lanes = pixels.type.count
    values = builder.uitofp(pixels, floats(lanes))
    rest = builder.fmul(values, constant(lanes, PIXEL_REST))
    return multiply_add(builder, values, constant(lanes, PIXEL), rest)


def call(builder: Any, name: str, *vectors: Any) -> Any:
    """Call LLVM's function of that name for vectors."""
    kind = vectors[0].type
    function = ir.FunctionType(kind, [kind] * len(vectors))
    name = f"llvm.{name}.v{kind.count}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), vectors)


def pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Where an element of a contiguous array is, with no check of bounds or sign."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


for operation, instruction in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):

    @type_callable(operation)
    def lanewise(context: Any) -> Any:
        """Say what kind of value two vectors of the same length become: another one."""
        return lambda one, two: one if isinstance(one, Vector) and one == two else None

    @lower_builtin(operation, Vector, Vector)
    def lower(context: Any, builder: Any, sig: Any, args: Any, instruction: str = instruction) -> Any:
        """Emit the instruction."""
        return getattr(builder, instruction)(*args)


@intrinsic
def at(typing: Any, array: Any, index: Any) -> Any:
    """array[index], with no check of bounds or sign."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(pointer(context, builder, sig.args[0], *args))
        return builder.zext(value, ir.IntType(64)) if sig.return_type != sig.args[0].dtype else value

    element = array.dtype
    return (types.int64 if isinstance(element, types.Integer) else element)(array, types.int64), emit


def loader(lanes: int) -> Any:
    """Make the function that reads so many floats from an array, from an index on."""

    @intrinsic
    def load(typing: Any, array: Any, index: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            place = pointer(context, builder, sig.args[0], *args)
            return builder.load(builder.bitcast(place, floats(lanes).as_pointer()), align=4)

        return Vector(lanes)(array, types.int64), emit

    return load


load, load_group, load_adam = loader(LANES), loader(GROUP), loader(ADAM)


@intrinsic
def load_pixels(typing: Any, array: Any, index: Any) -> Any:
    """Read a pixel of `LANES` images side by side, from an index on, and divide it by 255."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        run = ir.VectorType(ir.IntType(8), LANES)
        place = builder.bitcast(pointer(context, builder, sig.args[0], *args), run.as_pointer())
        return shades(builder, builder.load(place, align=1))

    return Vector(LANES)(array, types.int64), emit


@intrinsic
def store(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write a vector into an array, from an index on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = pointer(context, builder, sig.args[0], *args[:2])
        builder.store(args[2], builder.bitcast(place, args[2].type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, vector), emit


def splatter(lanes: int) -> Any:
    """Make the function that puts one float into every lane."""

    @intrinsic
    def splat(typing: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            empty = ir.Constant(floats(lanes), ir.Undefined)
            first = builder.insert_element(empty, args[0], ir.Constant(ir.IntType(32), 0))
            return pick(builder, first, empty, [0] * lanes)

        return Vector(lanes)(types.float32), emit

    return splat


splat, splat_adam = splatter(LANES), splatter(ADAM)


@intrinsic
def fma(typing: Any, one: Any, two: Any, three: Any) -> Any:
    """One × two + three, lane by lane."""
    return one(one, two, three), lambda context, builder, sig, args: multiply_add(builder, *args)


@intrinsic
def where_larger(typing: Any, one: Any, two: Any, then: Any, otherwise: Any) -> Any:
    """`then` in lanes where one > two, `otherwise` in the others and where one of the two is not a number."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args[:2]), *args[2:])

    return then(one, two, then, otherwise), emit


@intrinsic
def exponential(typing: Any, vector: Any) -> Any:
    """The exponential of numbers that are 0 or less, right to 2e-7 of itself; NaN stays NaN.

    2 to a whole power is put together from bits; the rest, at most ln 2 / 2, goes into a polynomial.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = sig.return_type.lanes

        def number(value: float) -> Any:
            return constant(lanes, float(np.float32(value)))

        integers = ir.VectorType(ir.IntType(32), lanes)
        lowest = number(-87.0)  # beyond, the result would be denormal
        power = builder.select(builder.fcmp_ordered("<", args[0], lowest), lowest, args[0])
        magic = number(1.5 * 2**23)  # added to a small number, it leaves that number's nearest integer in the low bits
        shifted = multiply_add(builder, power, number(math.log2(math.e)), magic)
        whole = builder.fsub(shifted, magic)
        rest = multiply_add(builder, whole, number(-0.693359375), power)  # ln 2 in two parts (Cephes)
        rest = multiply_add(builder, whole, number(2.12194440e-4), rest)
        result = number(1 / 5040)
        for factorial in (720, 120, 24, 6, 2, 1, 1):
            result = multiply_add(builder, result, rest, number(1 / factorial))
        bits = builder.shl(builder.bitcast(shifted, integers), ir.Constant(integers, [23] * lanes))
        # The sum adds the whole power to the exponent.
        return builder.bitcast(builder.add(bits, builder.bitcast(result, integers)), floats(lanes))

    return vector(vector), emit


@intrinsic
def products(typing: Any, one: Any, two: Any) -> Any:
    """Multiply two vectors and add up their eighths, so that the sum of `GROUP` lanes is the vectors' product."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def part(vector: Any, first: int, width: int) -> Any:
            return pick(builder, vector, vector, range(first, first + width))

        width = 2 * GROUP  # a register of AVX-512, or two of AVX
        partial = builder.fmul(part(args[0], 0, width), part(args[1], 0, width))
        for first in range(width, LANES, width):
            partial = multiply_add(builder, part(args[0], first, width), part(args[1], first, width), partial)
        return builder.fadd(part(partial, 0, GROUP), part(partial, GROUP, GROUP))

    return Vector(GROUP)(one, two), emit


@intrinsic
def sums(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """The sums over the lanes of eight short vectors, as the lanes of one: a tree of additions of neighbours."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def neighbours(one: Any, two: Any) -> Any:  # in halves of four, as the machine's shuffles go
            even = pick(builder, one, two, (0, 2, 8, 10, 4, 6, 12, 14))
            odd = pick(builder, one, two, (1, 3, 9, 11, 5, 7, 13, 15))
            return builder.fadd(even, odd)

        level = list(args)
        for _ in range(2):
            level = [neighbours(*pair) for pair in zip(level[::2], level[1::2], strict=True)]
        one, two = level
        low = pick(builder, one, two, (0, 1, 2, 3, 8, 9, 10, 11))
        high = pick(builder, one, two, (4, 5, 6, 7, 12, 13, 14, 15))
        return builder.fadd(low, high)

    return a(a, b, c, d, e, f, g, h), emit


@intrinsic
def total(typing: Any, vector: Any) -> Any:
    """The sum over the lanes of a short vector."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, width = args[0], GROUP
        while width > 1:
            width //= 2
            low = pick(builder, vector, vector, range(width))
            vector = builder.fadd(low, pick(builder, vector, vector, range(width, 2 * width)))
        return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))

    return types.float32(vector), emit


@intrinsic
def adam_step(typing: Any, mean: Any, square: Any, rate: Any, correction: Any) -> Any:
    """How far Adam moves: rate × mean ÷ (√square × correction + ε)."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        mean, square, rate, correction = args
        root = call(builder, "sqrt", square)
        small = constant(sig.return_type.lanes, float(np.float32(EPSILON)))
        return builder.fdiv(builder.fmul(rate, mean), multiply_add(builder, root, correction, small))

    return mean(mean, square, rate, correction), emit


@intrinsic
def transpose(
    typing: Any, images: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any, lanes: Any, here: Any
) -> Any:
    """Read `GROUP` pixels at each of eight places of `images`; write them ÷ 255, a pixel of all eight side by side."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = ir.IntType(8)
        run = ir.VectorType(byte, GROUP)
        rows = []
        for place in args[1:9]:
            start = pointer(context, builder, sig.args[0], args[0], place)
            rows.append(builder.load(builder.bitcast(start, run.as_pointer()), align=1))
        width = GROUP
        while len(rows) > 1:
            pairs = zip(rows[::2], rows[1::2], strict=True)
            rows = [pick(builder, one, two, range(2 * width)) for one, two in pairs]
            width *= 2
        mixed = pick(builder, rows[0], rows[0], [GROUP * row + pixel for pixel in range(GROUP) for row in range(GROUP)])
        for pixel in range(GROUP):
            eight = pick(builder, mixed, mixed, range(GROUP * pixel, GROUP * (pixel + 1)))
            values = shades(builder, eight)
            index = builder.add(args[10], ir.Constant(ir.IntType(64), pixel * LANES))
            place = pointer(context, builder, sig.args[9], args[9], index)
            builder.store(values, builder.bitcast(place, floats(GROUP).as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(images, *[types.int64] * 8, lanes, types.int64), emit


@intrinsic
def flush_denormals(typing: Any) -> Any:
    """Take denormal numbers for zero in this thread, where the machine is an x86; returns the state before."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        before = _control(builder, "stmxcsr", None)
        _control(builder, "ldmxcsr", builder.or_(before, ir.Constant(before.type, FLUSH)))
        return before

    return types.int32(), emit


@intrinsic
def restore_denormals(typing: Any, before: Any) -> Any:
    """Undo `flush_denormals`."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _control(builder, "ldmxcsr", args[0])
        return context.get_dummy_value()

    return types.void(types.int32), emit


def _control(builder: Any, instruction: str, value: Any) -> Any:
    """Read (`stmxcsr`) or write (`ldmxcsr`) x86's control register of floating-point arithmetic."""
    word, byte = ir.IntType(32), ir.IntType(8).as_pointer()
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ir.Constant(word, 0)
    cell = cgutils.alloca_once(builder, word)
    if value is not None:
        builder.store(value, cell)
    kind = ir.FunctionType(ir.VoidType(), [byte])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{instruction}")
    builder.call(function, [builder.bitcast(cell, byte)])
    return builder.load(cell)


# --- Layout ----------------------------------------------------------------------------------------------------------


class Layout(NamedTuple):
    """Where everything of a network is: its survivors as lists, layer after layer.

    The vector of parameters holds the values of all layers' survivors, then all biases. A layer's survivors are sorted
    by tile of its inputs, then unit, then input; those of one tile and unit are a segment.

    Args:
        widths: features of the input (padded to a multiple of `GROUP`) and units of each layer.
        tiles: into how many tiles each layer's inputs are cut.
        first_segment: each layer's first segment.
        segments: where each segment begins in the parameters, and at last where the last one ends.
        inputs: the input of each survivor.
        first_fan: each layer's first fan, the survivors of one input; the first layer has none, for its inputs have no
            gradient.
        fans: where each fan begins in the two lists that follow, and at last where the last one ends.
        units: the survivors of the fans: their units,
        places: and where they are in the parameters.
        biases: where each layer's biases begin in the parameters.
        activations: where each layer's inputs begin, and its outputs next, in vectors of `LANES` for one block.
    """

    widths: Numbers
    tiles: Numbers
    first_segment: Numbers
    segments: Numbers
    inputs: NDArray[np.uint32]
    first_fan: Numbers
    fans: Numbers
    units: NDArray[np.uint32]
    places: NDArray[np.uint32]
    biases: Numbers
    activations: Numbers


class Values(NamedTuple):
    """The numbers of one network in training: parameters, Adam's two moments, gradients; activations, their gradients.

    The first four are vectors of the layout's parameters, the others have `LANES` floats a feature and block.
    """

    parameters: Floats
    mean: Floats
    square: Floats
    gradients: Floats
    activations: Floats
    errors: Floats


def aligned(size: int) -> Floats:
    """Return zeros that begin where a cache line does: vectors across two lines cost twice."""
    memory = np.zeros(size + 16, np.float32)
    skip = -memory.ctypes.data % 64 // 4
    return memory[skip : skip + size]


# --- Kernels ---------------------------------------------------------------------------------------------------------


def kernel(function: Callable[..., Any]) -> Any:
    """Have a function compiled when it is first called, and kept on disk where there is a place for it."""
    options = {"nogil": True, "error_model": "numpy", "boundscheck": False}
    try:
        return njit(function, cache=True, **options)
    except RuntimeError:  # neither beside this file nor in the user's caches can anything be written
        return njit(function, **options)


@kernel
def gather(layout: Layout, images: Bytes, rows: Numbers, activations: Floats) -> None:
    """Put the images of some rows (a multiple of `LANES`) into the lanes of the first activations."""
    width = layout.widths[0]
    for lane in range(0, rows.size, GROUP):
        a, b, c, d = rows[lane], rows[lane + 1], rows[lane + 2], rows[lane + 3]
        e, f, g, h = rows[lane + 4], rows[lane + 5], rows[lane + 6], rows[lane + 7]
        here = lane // LANES * width * LANES + lane % LANES
        for x in range(0, width, GROUP):
            transpose(
                images,
                a * width + x,
                b * width + x,
                c * width + x,
                d * width + x,
                e * width + x,
                f * width + x,
                g * width + x,
                h * width + x,
                activations,
                here + x * LANES,
            )


@kernel
def forward(layout: Layout, parameters: Floats, activations: Floats, layer: int, blocks: int, block: int) -> None:
    """Compute a layer's outputs for one block, with ReLU after all layers but the last."""
    units, tiles = layout.widths[layer + 1], layout.tiles[layer]
    source = (layout.activations[layer] * blocks + block * layout.widths[layer]) * LANES
    target = (layout.activations[layer + 1] * blocks + block * units) * LANES
    hidden = layer + 2 < layout.widths.size
    zero = splat(np.float32(0))
    segment = layout.first_segment[layer]
    for tile in range(tiles):
        for unit in range(units):
            here = target + unit * LANES
            value = splat(at(parameters, layout.biases[layer] + unit)) if tile == 0 else load(activations, here)
            for k in range(at(layout.segments, segment), at(layout.segments, segment + 1)):
                weight = splat(at(parameters, k))
                value = fma(weight, load(activations, source + at(layout.inputs, k) * LANES), value)
            if hidden and tile == tiles - 1:
                value = where_larger(zero, value, zero, value)  # not the other way round, which would lose NaN
            store(activations, here, value)
            segment += 1


@kernel
def softmax(
    layout: Layout,
    activations: Floats,
    errors: Floats,
    labels: Numbers,
    rows: Numbers,
    batch: int,
    blocks: int,
    block: int,
) -> None:
    """Compute the gradient of the mean cross-entropy over the mini-batch by the last layer's outputs, for one block."""
    layers = layout.widths.size - 1
    classes = layout.widths[layers]
    outputs = (layout.activations[layers] * blocks + block * classes) * LANES
    peak = load(activations, outputs)
    for k in range(1, classes):
        output = load(activations, outputs + k * LANES)
        peak = where_larger(output, peak, output, peak)
    whole = splat(np.float32(0))
    for k in range(classes):
        share = exponential(load(activations, outputs + k * LANES) - peak)
        whole = whole + share
        store(errors, outputs + k * LANES, share)
    scale = np.empty(LANES, np.float32)
    store(scale, 0, whole)
    for lane in range(LANES):
        scale[lane] = np.float32(1) / (scale[lane] * np.float32(batch)) if block * LANES + lane < batch else 0
    whole = load(scale, 0)
    for k in range(classes):
        store(errors, outputs + k * LANES, load(errors, outputs + k * LANES) * whole)
    for lane in range(min(LANES, batch - block * LANES)):
        errors[outputs + labels[rows[block * LANES + lane]] * LANES + lane] -= np.float32(1) / np.float32(batch)


@kernel
def backward(
    layout: Layout, parameters: Floats, activations: Floats, errors: Floats, layer: int, blocks: int, block: int
) -> None:
    """Compute the gradient by a layer's inputs, before their ReLU, for one block."""
    inputs = layout.widths[layer]
    source = (layout.activations[layer + 1] * blocks + block * layout.widths[layer + 1]) * LANES
    target = (layout.activations[layer] * blocks + block * inputs) * LANES
    zero = splat(np.float32(0))
    for x in range(inputs):
        fan = layout.first_fan[layer] + x
        value = zero
        for k in range(at(layout.fans, fan), at(layout.fans, fan + 1)):
            weight = splat(at(parameters, at(layout.places, k)))
            value = fma(weight, load(errors, source + at(layout.units, k) * LANES), value)
        store(errors, target + x * LANES, where_larger(load(activations, target + x * LANES), zero, value, zero))


@kernel
def gradient(layout: Layout, values: Values, layer: int, blocks: int, block: int) -> None:
    """Compute the gradients of a layer's survivors and biases from one block; those of blocks add up."""
    units = layout.widths[layer + 1]
    source = (layout.activations[layer] * blocks + block * layout.widths[layer]) * LANES
    target = (layout.activations[layer + 1] * blocks + block * units) * LANES
    inputs, gradients, activations = layout.inputs, values.gradients, values.activations
    ones = splat(np.float32(1))
    for unit in range(units):
        place = layout.biases[layer] + unit
        before = gradients[place] if block else np.float32(0)
        gradients[place] = before + total(products(load(values.errors, target + unit * LANES), ones))
    segment = layout.first_segment[layer]
    for _ in range(layout.tiles[layer]):
        for unit in range(units):
            error = load(values.errors, target + unit * LANES)
            k, stop = at(layout.segments, segment), at(layout.segments, segment + 1)
            segment += 1
            while k + GROUP <= stop:
                a = products(error, load(activations, source + at(inputs, k) * LANES))
                b = products(error, load(activations, source + at(inputs, k + 1) * LANES))
                c = products(error, load(activations, source + at(inputs, k + 2) * LANES))
                d = products(error, load(activations, source + at(inputs, k + 3) * LANES))
                e = products(error, load(activations, source + at(inputs, k + 4) * LANES))
                f = products(error, load(activations, source + at(inputs, k + 5) * LANES))
                g = products(error, load(activations, source + at(inputs, k + 6) * LANES))
                h = products(error, load(activations, source + at(inputs, k + 7) * LANES))
                eight = sums(a, b, c, d, e, f, g, h)
                store(gradients, k, load_group(gradients, k) + eight if block else eight)
                k += GROUP
            while k < stop:
                one = total(products(error, load(activations, source + at(inputs, k) * LANES)))
                gradients[k] = gradients[k] + one if block else one
                k += 1


@kernel
def adam(values: Values, rate: float, step: int) -> None:
    """Move every parameter by Adam (Kingma & Ba 2015, Algorithm 1), in the `step`-th step from 1 on."""
    pace = splat_adam(np.float32(rate / (1 - BETA1**step)))
    correction = splat_adam(np.float32(1 / math.sqrt(1 - BETA2**step)))
    keep1, take1, keep2, take2 = splat_adam(KEEP1), splat_adam(TAKE1), splat_adam(KEEP2), splat_adam(TAKE2)
    for k in range(0, values.parameters.size, ADAM):
        slope = load_adam(values.gradients, k)
        mean = fma(keep1, load_adam(values.mean, k), take1 * slope)
        square = fma(keep2, load_adam(values.square, k), take2 * slope * slope)
        store(values.mean, k, mean)
        store(values.square, k, square)
        store(values.parameters, k, load_adam(values.parameters, k) - adam_step(mean, square, pace, correction))


@kernel
def train(
    layout: Layout, values: Values, images: Bytes, labels: Numbers, rows: Numbers, batch: int, rate: float, done: int
) -> None:
    """Train for some iterations.

    Args:
        layout: where the network's parameters and activations are.
        values: the network's numbers, which change.
        images: uint8, flat: images of as many pixels as the layout has inputs, the last one blank.
        labels: their classes.
        rows: the images of each iteration, (iterations, blocks × LANES), the blank one beyond the batch.
        batch: how many of them count.
        rate: Adam's step size.
        done: how many iterations have gone before.
    """
    before = flush_denormals()
    layers, blocks = layout.widths.size - 1, rows.shape[1] // LANES
    for i in range(rows.shape[0]):
        gather(layout, images, rows[i], values.activations)
        for block in range(blocks):
            for layer in range(layers):
                forward(layout, values.parameters, values.activations, layer, blocks, block)
            softmax(layout, values.activations, values.errors, labels, rows[i], batch, blocks, block)
            for layer in range(layers - 1, -1, -1):
                if layer:
                    backward(layout, values.parameters, values.activations, values.errors, layer, blocks, block)
                gradient(layout, values, layer, blocks, block)
        adam(values, rate, done + i + 1)
    restore_denormals(before)


@kernel
def evaluate(
    layout: Layout, parameters: Floats, activations: Floats, lanes: Bytes, labels: Numbers, first: int, last: int
) -> tuple[float, int]:
    """Return the sum of the cross-entropies and the number of right answers of the images from `first` to `last`.

    `first` is a multiple of `LANES`; the images lie in `lanes` as activations do, as [block][pixel][lane], a byte each.
    """
    before = flush_denormals()
    layers = layout.widths.size - 1
    pixels, classes, outputs = layout.widths[0], layout.widths[layers], layout.activations[layers] * LANES
    wholes, largest, answers = np.empty(LANES, np.float32), np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    loss, right = 0.0, 0
    for start in range(first, last, LANES):
        for x in range(pixels):
            store(activations, x * LANES, load_pixels(lanes, start * pixels + x * LANES))
        for layer in range(layers):
            forward(layout, parameters, activations, layer, 1, 0)
        peak, answer = load(activations, outputs), splat(np.float32(0))
        for k in range(1, classes):
            output = load(activations, outputs + k * LANES)
            answer = where_larger(output, peak, splat(np.float32(k)), answer)  # the first of the largest
            peak = where_larger(output, peak, output, peak)
        whole = splat(np.float32(0))
        for k in range(classes):
            whole = whole + exponential(load(activations, outputs + k * LANES) - peak)
        store(wholes, 0, whole)
        store(largest, 0, peak)
        store(answers, 0, answer)
        product = 1.0  # its logarithm is the sum of logarithms; a factor is at most the number of classes
        for lane in range(min(LANES, last - start)):
            label = at(labels, start + lane)
            product *= wholes[lane]
            loss += largest[lane] - at(activations, outputs + label * LANES + lane)
            right += np.int64(answers[lane]) == label
        loss += math.log(product)
    restore_denormals(before)
    return loss, right


# --- The back end ----------------------------------------------------------------------------------------------------


class Images(NamedTuple):
    """Images as the kernels read them: pixels, a byte each, padded to a multiple of `GROUP`, flat; class numbers."""

    pixels: Bytes
    labels: Numbers


def lay_rows(split: Split) -> Images:
    """Lay out a split to train on: image by image, for batches to pick from; a blank one at the end."""
    count, features = len(split.images), math.prod(split.images.shape[1:])
    pixels = np.zeros((count + 1, padded(features, GROUP)), np.uint8)
    pixels[:count, :features] = split.images.reshape(count, features)
    return Images(pixels.ravel(), np.array(split.labels, np.int64))


def lay_lanes(split: Split, most: int | None = None) -> Images:
    """Lay out a split, or its first images, to be measured: as activations lie, for their order never changes."""
    images, labels = split.images[:most], split.labels[:most]
    count, features = len(images), math.prod(images.shape[1:])
    pixels = np.zeros((padded(count, LANES), padded(features, GROUP)), np.uint8)
    pixels[:count, :features] = images.reshape(count, features)
    lanes = pixels.reshape(-1, LANES, pixels.shape[1]).swapaxes(1, 2)
    return Images(np.ascontiguousarray(lanes).ravel(), np.array(labels, np.int64))


def padded(size: int, whole: int) -> int:
    """Round up to a multiple."""
    return -(-size // whole) * whole


def lay_out(masks: list[NDArray[np.bool_]]) -> tuple[Layout, list[Numbers]]:
    """Lay out a network; also returns which elements of each flat weight its survivors are, in the layout's order."""
    widths = [masks[0].shape[1], *(len(mask) for mask in masks)]
    tiles, segments, inputs, fans, units, places, elements = [], [], [], [], [], [], []
    alive = 0
    for layer, mask in enumerate(masks):
        unit, x = np.nonzero(mask)
        tiled = unit.size >= TILED_FROM * mask.size
        tiles.append(-(-mask.shape[1] // TILE) if tiled else 1)
        segment = x // TILE * len(mask) + unit if tiled else unit
        order = np.argsort(segment, kind="stable")
        unit, x, segment = unit[order], x[order], segment[order]
        elements.append(unit * mask.shape[1] + x)
        inputs.append(x)
        segments.append(np.bincount(segment, minlength=tiles[-1] * len(mask)))
        if layer:
            order = np.lexsort((unit, x))
            fans.append(np.bincount(x, minlength=mask.shape[1]))
            units.append(unit[order])
            places.append(alive + order)
        alive += unit.size

    def starts(sizes: Iterable[int]) -> Numbers:
        return np.cumsum([0, *sizes], dtype=np.int64)

    def joined(lists: list[Any]) -> Any:
        return np.concatenate([np.empty(0, np.int64), *lists])

    padded_widths = [padded(widths[0], GROUP), *widths[1:]]
    layout = Layout(
        widths=np.array(padded_widths),
        tiles=np.array(tiles),
        first_segment=starts(map(len, segments)),
        segments=starts(joined(segments)),
        inputs=joined(inputs).astype(np.uint32),
        first_fan=starts([0, *map(len, fans)]),
        fans=starts(joined(fans)),
        units=joined(units).astype(np.uint32),
        places=joined(places).astype(np.uint32),
        biases=alive + starts(widths[1:]),
        activations=starts(padded_widths),
    )
    return layout, elements


class SparseBackEnd(BackEnd):
    """Trains each network in one thread, by kernels that know of its survivors only; as many at once as workers.

    A network's numbers, and the order of events, depend on nothing beside it, so not on the number of workers.

    Args:
        experiment: what to run.
        data: its images, which stay in memory as bytes.
        device: "cpu".
        workers: how many threads train; 0 is as many as this process may use cores.
    """

    name = "numba"

    def __init__(self, experiment: Experiment, data: Data, device: str, workers: int = 0) -> None:
        self.experiment, self.workers = experiment, workers or usable_cores()
        self.images = lay_rows(data.train)
        self.measured = (lay_lanes(data.train, MEASURED), lay_lanes(data.validation), lay_lanes(data.test))
        self._steps, self._seconds, self._beat = 0, 0.0, 0.0

    def __call__(self, starts: Iterable[tuple[Network, Start]], watch: Watch) -> Iterator[Event]:
        """Train a population; see `explorer.training.BackEnd`."""
        with _Workers(self.workers) as workers, closing(self._train(starts, watch, workers)) as events:
            yield from self._prepare(workers)
            begun = time.perf_counter()
            for event in events:
                self._seconds += time.perf_counter() - begun
                workers.leave()
                yield event
                workers.resume()
                begun = time.perf_counter()

    @staticmethod
    def prepare() -> None:
        """Compile the kernels, or read them from the disk, by calling them for no iteration and no image."""
        layout, _ = lay_out([np.ones((1, GROUP), np.bool_)])
        values = Values(*(aligned(0) for _ in Values._fields))
        images = Images(np.zeros(GROUP, np.uint8), np.zeros(0, np.int64))
        train(layout, values, *images, np.zeros((0, LANES), np.int64), 1, 0.1, 0)
        evaluate(layout, values.parameters, values.activations, *images, 0, 0)

    def _prepare(self, workers: _Workers) -> Iterator[Preparing]:
        """Have the kernels ready before anything trains, and say so where that takes its time."""
        work, begun = workers.submit(self.prepare), time.perf_counter()
        while not done(work, BEAT):
            if time.perf_counter() - begun > FROM_DISK:
                yield Preparing("Compiling the training step, once on this machine")
        work.result()

    def _train(self, starts: Iterable[tuple[Network, Start]], watch: Watch, workers: _Workers) -> Generator[Event]:
        """Keep the workers busy: a network's next interval waits for a worker as soon as its last one is told of."""
        intervals = list(pairwise((0, *self.experiment.evaluations)))
        before, everyone = self._steps, []
        training: dict[Network, tuple[_Training, Future[Evaluated | Diverged]]] = {}
        try:
            for network, start in starts:
                one = _Training(self.experiment, network, start, self.images, self.measured, workers)
                everyone.append(one)
                yield NetworkStarted(network, start.masks, start.initial)
                training[network] = one, workers.submit(one.advance, *intervals[0])
            for following in (*intervals[1:], None):
                for network, (one, work) in list(training.items()):
                    while not done(work, self._until_beat()) or self._until_beat() == 0:
                        self._steps = before + sum(each.iteration for each in everyone)
                        yield Progress(network, one.iteration, self._steps, self._seconds, "CPU", self.name)
                        self._beat = time.perf_counter()
                    scores = work.result()
                    yield from tell(scores, watch, one.weights)
                    if isinstance(scores, Diverged):
                        del training[network]
                    elif following is not None:
                        training[network] = one, workers.submit(one.advance, *following)
            for network, (one, _) in training.items():
                yield NetworkTrained(network, *one.start, one.weights())
        finally:
            self._steps = before + sum(each.iteration for each in everyone)

    def _until_beat(self) -> float:
        """Seconds until the next glimpse of progress is due."""
        return max(0.0, self._beat + BEAT - time.perf_counter())


class _Workers:
    """Threads that do what is given to them, in its order, while someone pulls events.

    They are daemons, unlike an executor's threads: a search that someone has left off must not keep Python from ending.
    """

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._resumed, self._left_at, self._dismissed = threading.Event(), math.inf, False
        self._threads = [threading.Thread(target=self._work, name="training", daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[..., Result], *args: object) -> Future[Result]:
        """Have the function called by the next worker that is free."""
        future: Future[Result] = Future()

        def task() -> None:
            try:
                future.set_result(function(*args))
            except BaseException as error:  # raised again by who asks for the result
                future.set_exception(error)

        self._tasks.put(task)
        return future

    def leave(self) -> None:
        """Let the workers wait, if `resume` is not called before `PATIENCE` runs out."""
        self._resumed.clear()
        self._left_at = time.perf_counter()

    def resume(self) -> None:
        """Let the workers go on."""
        self._left_at = math.inf
        self._resumed.set()

    def go_on(self) -> bool:
        """Asked by a worker between two pieces of work, it waits if it has to; False when the worker is to stop."""
        while not self._dismissed and time.perf_counter() - self._left_at > PATIENCE:
            self._resumed.wait()
        return not self._dismissed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop what is going on, and wait until all threads have ended."""
        self._dismissed = True
        self._resumed.set()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def done(work: Future[Any], seconds: float) -> bool:
    """Wait until work is done, or so many seconds; `concurrent.futures.wait` would take as long as two steps."""
    with suppress(TimeoutError):
        work.exception(seconds)  # of the work itself, returned and not raised
    return work.done()


class _Training:
    """One network in training: its layout, and its numbers."""

    def __init__(
        self,
        experiment: Experiment,
        network: Network,
        start: Start,
        images: Images,
        measured: tuple[Images, ...],
        workers: _Workers,
    ) -> None:
        self.experiment, self.network, self.start = experiment, network, start
        self.images, self.measured, self.workers, self.iteration = images, measured, workers, 0
        self.order = batches(experiment, network, 0, experiment.iterations)
        self.weight_names, self.bias_names = zip(*layers(experiment), strict=True)
        whole = {name: np.ones(start.initial[name].shape, dtype=bool) for name in self.weight_names}
        masks = {**whole, **start.masks}  # a layer that is never pruned has none
        self.layout, self.elements = lay_out([np.asarray(masks[name]) for name in self.weight_names])
        self.blocks = padded(experiment.batch, LANES) // LANES
        size = padded(self.layout.biases[-1], ADAM)
        features = int(self.layout.activations[-1]) * LANES * self.blocks
        parameters, mean, square, gradients = (aligned(size) for _ in range(4))
        self.values = Values(parameters, mean, square, gradients, aligned(features), aligned(features))
        survivors = [start.initial[name].ravel()[where] for name, where in self._survivors()]
        initial = np.concatenate([*survivors, *(start.initial[name] for name in self.bias_names)])
        parameters[: initial.size] = initial

    def advance(self, first: int, last: int) -> Evaluated | Diverged:
        """Train from iteration `first` to `last`, then measure; cut short where the workers stop."""
        batch, rate = self.experiment.batch, self.experiment.learning_rate
        at_once = min(self._iterations_at_once(), last - first)
        rows = np.full((at_once, self.blocks * LANES), len(self.images.labels))  # the blank image
        while self.iteration < last and self.workers.go_on():
            count = min(at_once, last - self.iteration)
            for i, chosen in enumerate(islice(self.order, count)):
                rows[i, :batch] = chosen
            train(self.layout, self.values, *self.images, rows[:count], batch, rate, self.iteration)
            self.iteration += count
        return self._evaluate()

    def weights(self) -> dict[str, Floats]:
        """Return a copy of every parameter, dense."""
        return self.dense(self.values.parameters)

    def dense(self, vector: Floats) -> dict[str, Floats]:
        """Spread a vector of the parameters' length over arrays of their shapes, with zeros for pruned weights."""
        spread, begun = {name: np.zeros(values.shape, np.float32) for name, values in self.start.initial.items()}, 0
        for name, where in self._survivors():
            spread[name].reshape(-1)[where] = vector[begun : begun + where.size]
            begun += where.size
        for name in self.bias_names:
            spread[name][:] = vector[begun : begun + spread[name].size]
            begun += spread[name].size
        return spread

    def _survivors(self) -> Iterator[tuple[str, Numbers]]:
        return zip(self.weight_names, self.elements, strict=True)

    def _iterations_at_once(self) -> int:
        """How many iterations take about `PIECE` seconds, at 10 billion products a second."""
        products = self.blocks * LANES * (3 * self.layout.inputs.size + 3_000)
        return max(1, round(PIECE * 1e10 / products))

    def _evaluate(self) -> Evaluated | Diverged:
        numbers: list[float] = []
        for images in self.measured:
            size, loss, right = len(images.labels), 0.0, 0
            for first in range(0, size, CHUNK):
                if not self.workers.go_on():
                    break
                last, values = min(first + CHUNK, size), self.values
                part = evaluate(self.layout, values.parameters, values.activations, *images, first, last)
                loss, right = loss + part[0], right + part[1]
            numbers += [loss / size, right / size]
        return found(self.network, self.iteration, numbers)


def layers(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Yield the names of each layer's weight and bias."""
    names = [parameter.name for parameter in experiment.parameters]
    return zip(names[::2], names[1::2], strict=True)
