"""The masks of one layer, side by side for the three variants (paper, Section 4; Figures 21-24 as a picture)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.architectures import Parameter, Shape
from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import words
from explorer.views.connections import of_pixel, of_unit
from explorer.views.histogram import key as histogram_key
from explorer.views.means import shown_level
from explorer.views.on_screen import joined, masks_of, on_pixels, on_screen, shown_layer, surviving
from explorer.views.selection import Selection
from explorer.views.table import Table, cell


@dataclass(frozen=True)
class Picture:
    """A grid of whole numbers to be painted: `values` row by row, darkest at `darkest`.

    Args:
        rows: height.
        columns: width.
        values: little-endian uint16, or packed bits when `bits`.
        darkest: the value painted darkest.
        bits: whether `values` holds one bit a cell, most significant first.
        caption: what a row and a column are, or what is left of the one that is pointed out.
        row: to be pointed out; none where negative.
        column: the same.
        lit: of bits, which cells are to stand out from the others; all where empty.
    """

    rows: int
    columns: int
    values: bytes
    darkest: float
    bits: bool = False
    caption: str = ""
    row: int = -1
    column: int = -1
    lit: bytes = b""


@dataclass(frozen=True)
class Masks:
    """What is left of one layer.

    Args:
        matrix: a variant's mask, one row a unit and one column an input, absent where there is none yet. Of a
            convolution it is a grid of kernels with blank cells between; units run across where there are few inputs.
        folded: for the first layer, how many connections each input pixel has left, as an image.
        most: the largest count of the three, at which `folded` is darkest.
        summary: one sentence for each variant.
    """

    matrix: dict[Variant, Picture]
    folded: dict[Variant, Picture]
    most: int
    summary: dict[Variant, str]


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the masks depend on: while it stays the same, there is nothing new to send."""
    known = (on_screen(state, selection, v) for v in VARIANTS)
    pointed = selection.unit, selection.pixel, selection.brush
    moving = histogram_key(state, selection) if selection.brush else ()
    layer = shown_layer(state, selection).name
    return (layer, pointed, moving, *((network, bool(k and k.masks)) for network, k in known))


def masks(state: State, selection: Selection) -> Masks:
    """Show a layer's masks as matrices, and the first layer's folded to the image as well, where pixels are its inputs.

    Of a unit that is pointed out, the folded image shows where it still looks; weights in the brushed range are lit.
    """
    layer = shown_layer(state, selection)
    units, inputs, *kernel = layer.shape
    first = on_pixels(state, layer)
    _, height, width = state.experiment.data.shape
    unit, pixel = _within(selection.unit, units), _within(selection.pixel, height * width if first else inputs)
    found = masks_of(state, selection, layer)
    lit = {v: _lit(state, selection, v, mask) for v, mask in found.items()} if selection.brush else found
    looking = {v: m[unit : unit + 1] if unit >= 0 else m for v, m in lit.items()} if first else {}
    folds = {v: m.sum(0).reshape(-1, height, width).sum(0) for v, m in looking.items()}
    most = max((int(counts.max()) for counts in folds.values()), default=0)
    down, across = ("an input", "a unit") if _turned(layer.shape) else ("a unit", "a pixel" if first else "an input")
    tiles = f" of {' × '.join(map(str, kernel))} kernels" if kernel else ""
    said = f"mask, one row{tiles} {down}, one column {across}"
    at = [_middle(number, layer) for number in (unit, pixel)]
    if _turned(layer.shape):
        at.reverse()
    pointed = of_unit(state, selection, unit) if unit >= 0 else of_pixel(state, selection, pixel) if pixel >= 0 else {}
    matrix = {
        v: Picture(
            len(tiled),
            tiled.shape[1],
            np.packbits(tiled).tobytes(),
            max(1e-9, 3.2 * float(mask.mean())),
            bits=True,
            caption=pointed[v].summary if v in pointed else said,
            row=at[0],
            column=at[1],
            lit=np.packbits(_tiled(lit[v])).tobytes() if selection.brush else b"",
        )
        for v, mask in found.items()
        for tiled in (_tiled(mask),)
    }
    row, column = divmod(pixel, width) if pixel >= 0 else (-1, -1)
    folded = {
        v: Picture(height, width, counts.astype("<u2").tobytes(), max(1.6, most), row=row, column=column)
        for v, counts in folds.items()
    }
    return Masks(matrix, folded, most, {v: _summary(layer, v, found.get(v)) for v in VARIANTS})


def pointed_out(at: tuple[int, int] | None, folded: bool, width: int, layer: Parameter) -> dict[str, int | None]:
    """Return the selection's unit and pixel for a row and column of a layer's picture, so many columns wide."""
    if at is None:
        return {"unit": None, "pixel": None}
    row, column = at
    if folded:
        return {"unit": None, "pixel": row * width + column}
    return {"unit": (column if _turned(layer.shape) else row) // _pitch(layer), "pixel": None}


def _turned(shape: Shape) -> bool:
    """Tell whether units run across: a first convolution has so few inputs that its picture would be a thread."""
    return len(shape) > 2 and shape[0] > 4 * shape[1]


def _pitch(layer: Parameter) -> int:
    """Return how many cells of the picture there are from one unit to the next: of a kernel, one of them blank."""
    return layer.shape[2] + 1 if len(layer.shape) > 2 else 1


def _middle(number: int, layer: Parameter) -> int:
    """Return the row or column of the picture in the middle of a unit's or an input's; negative where there is none."""
    return number * _pitch(layer) + (_pitch(layer) - 1) // 2 if number >= 0 else -1


def _tiled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask as a picture: kernels as tiles, a row of them a unit, with a blank cell between."""
    if mask.ndim == 2:
        return mask
    kernels = mask.swapaxes(0, 1) if _turned(mask.shape) else mask
    tiles = np.pad(kernels, ((0, 0), (0, 0), (0, 1), (0, 1))).transpose(0, 2, 1, 3)
    down, height, across, width = tiles.shape
    return tiles.reshape(down * height, across * width)[:-1, :-1]


def _within(number: int | None, count: int) -> int:
    """Return a number that stands for one of `count`, else -1: another layer has fewer."""
    return number if number is not None and 0 <= number < count else -1


def _lit(state: State, selection: Selection, variant: Variant, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which weights lie in the brushed range, as they are now where that is known, else as they began."""
    initial, now = surviving(state, selection)
    values, (low, high) = now.get(variant, initial.get(variant)), selection.brush or (0.0, 0.0)
    lit = np.zeros_like(mask)
    if values is not None:
        lit[mask] = (values >= low) & (values <= high)
    return lit


def table(state: State, selection: Selection) -> Table:
    """Return what the layer on screen has left in each variant."""
    layer = shown_layer(state, selection)
    level = shown_level(state, selection.level)
    rows = tuple(
        (
            words.TITLES[variant if level else "dense"].lower(),
            cell(int(mask.sum())),
            cell(100 * float(mask.mean()), 1),
            *(cell(int((~joined(mask).any(axis)).sum())) for axis in (0, 1)),
        )
        for variant, mask in masks_of(state, selection, layer).items()
    )
    return Table(
        (
            "variant",
            "weights left",
            "weights remaining, %",
            "inputs without a connection",
            "units without a connection",
        ),
        rows,
        f"What is left of {layer.name}, which has {layer.size} weights, {layer.shape[1]} inputs and "
        f"{layer.shape[0]} units.",
    )


def _summary(layer: Parameter, variant: Variant, mask: NDArray[np.bool_] | None) -> str:
    name = words.TITLES[variant]
    if mask is None:
        return f"{name}: there is no mask yet."
    left, bare = words.remaining(float(mask.mean()), exact=True), int((~joined(mask).any(0)).sum())
    return f"{name} keeps {left} of {layer.name}; {bare} of {layer.shape[1]} inputs have no connection left."
