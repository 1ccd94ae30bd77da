"""The masks of one layer, side by side for the three variants (paper, Section 4; Figures 21-24 as a picture)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.architectures import Parameter
from explorer.events import VARIANTS, Network, Variant
from explorer.state import NetworkState, State
from explorer.views import words
from explorer.views.means import shown_level
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
        caption: what a row and a column are.
    """

    rows: int
    columns: int
    values: bytes
    darkest: float
    bits: bool = False
    caption: str = ""


@dataclass(frozen=True)
class Masks:
    """What is left of one layer.

    Args:
        matrix: a variant's mask, one row a unit and one column an input; absent where there is none yet.
        folded: for the first layer, how many connections each input pixel has left, as an image.
        most: the largest count of the three, at which `folded` is darkest.
        summary: one sentence.
    """

    matrix: dict[Variant, Picture]
    folded: dict[Variant, Picture]
    most: int
    summary: str


def shown_layer(state: State, selection: Selection) -> Parameter:
    """Return the prunable parameter on screen: the one selected, or the first."""
    prunable = state.experiment.prunable
    return next((p for p in prunable if p.name == selection.layer), prunable[0])


def on_screen(state: State, selection: Selection, variant: Variant) -> tuple[Network, NetworkState | None]:
    """Return the network whose mask and weights are shown for a variant; at level 0 there are no controls."""
    network = Network(variant, selection.replicate, shown_level(state, selection.level))
    return network, state.networks.get(network)


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the masks depend on: while it stays the same, there is nothing new to send."""
    known = (on_screen(state, selection, v) for v in VARIANTS)
    return (shown_layer(state, selection).name, *((network, bool(k and k.masks)) for network, k in known))


def masks(state: State, selection: Selection) -> Masks:
    """Show a layer's masks as matrices, and the first layer's folded to the image as well."""
    layer = shown_layer(state, selection)
    units, inputs = layer.shape
    first = layer is state.experiment.prunable[0]
    _, height, width = state.experiment.data.shape
    found = masks_of(state, selection, layer)
    counts = {v: mask.sum(0) for v, mask in found.items()} if first else {}
    most = max((int(c.max()) for c in counts.values()), default=0)
    caption = f"mask, one row a unit, one column {'a pixel' if first else 'an input'}"
    matrix = {
        v: Picture(units, inputs, np.packbits(mask).tobytes(), max(1e-9, 3.2 * float(mask.mean())), True, caption)
        for v, mask in found.items()
    }
    folded = {
        v: Picture(height, width, c.reshape(-1, height, width).sum(0).astype("<u2").tobytes(), most)
        for v, c in counts.items()
    }
    return Masks(matrix, folded, most, _summary(layer, found))


def table(state: State, selection: Selection) -> Table:
    """Return what the layer on screen has left in each variant."""
    layer = shown_layer(state, selection)
    level = shown_level(state, selection.level)
    rows = tuple(
        (
            words.TITLES[variant if level else "dense"].lower(),
            cell(int(mask.sum())),
            cell(100 * float(mask.mean()), 1),
            *(cell(int((~mask.any(axis)).sum())) for axis in (0, 1)),
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


def masks_of(state: State, selection: Selection, layer: Parameter) -> dict[Variant, NDArray[np.bool_]]:
    """Return a layer's mask (units × inputs) for each variant that has one on screen."""
    found = {}
    for variant in VARIANTS:
        _, known = on_screen(state, selection, variant)
        if known is not None and layer.name in known.masks:
            found[variant] = known.masks[layer.name]
    return found


def _summary(layer: Parameter, found: dict[Variant, np.ndarray]) -> str:
    if "ticket" not in found:
        return "There are no masks yet."
    left = words.remaining(float(found["ticket"].mean()), exact=True)
    bare = int((found["ticket"].sum(0) == 0).sum())
    return f"The ticket keeps {left} of {layer.name}; {bare} of {layer.shape[1]} inputs have no connection left."
