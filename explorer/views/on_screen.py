"""What a selection puts on screen: the layer, each variant's network, its mask and its surviving weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.architectures import Parameter
from explorer.events import VARIANTS, Arrays, Network, Variant
from explorer.state import NetworkState, State
from explorer.views.means import shown_level
from explorer.views.remembered import remembered
from explorer.views.selection import Selection


def shown_layer(state: State, selection: Selection) -> Parameter:
    """Return the prunable parameter on screen: the one selected, or the first."""
    prunable = state.experiment.prunable
    return next((p for p in prunable if p.name == selection.layer), prunable[0])


def on_screen(state: State, selection: Selection, variant: Variant) -> tuple[Network, NetworkState | None]:
    """Return the network whose mask and weights are shown for a variant; at level 0 there are no controls."""
    network = Network(variant, selection.replicate, shown_level(state, selection.level))
    return network, state.networks.get(network)


def on_pixels(state: State, layer: Parameter) -> bool:
    """Tell whether each input of a layer is a value of the image: the first layer, unless that is a convolution."""
    return layer == state.experiment.parameters[0] and len(layer.shape) == 2


def joined(mask: NDArray[np.bool_]) -> NDArray[np.integer[Any] | np.bool_]:
    """Return how many weights join each unit with each input (units × inputs): of a convolution, those of a kernel."""
    return mask if mask.ndim == 2 else mask.sum((2, 3))


def masks_of(state: State, selection: Selection, layer: Parameter) -> dict[Variant, NDArray[np.bool_]]:
    """Return a layer's mask, in the layer's shape, for each variant that has one on screen."""
    found = {}
    for variant in VARIANTS:
        _, known = on_screen(state, selection, variant)
        if known is not None and layer.name in known.masks:
            found[variant] = read(known.masks, layer.name)
    return found


def surviving(state: State, selection: Selection) -> tuple[dict[Variant, np.ndarray], dict[Variant, np.ndarray]]:
    """Return the surviving weights of the layer on screen for each variant: initial, and as they are now, if known.

    Both are flat and in the same order. A variant of which nothing is known is absent.
    """
    layer = shown_layer(state, selection).name
    initial: dict[Variant, np.ndarray] = {}
    trained: dict[Variant, np.ndarray] = {}
    for variant in VARIANTS:
        _, known = on_screen(state, selection, variant)
        if known is None or layer not in known.initial or layer not in known.masks:
            continue
        initial[variant] = _alive(known.masks, known.initial, layer)
        now = known.final or (known.seen.weights if known.seen else {})
        if layer in now:
            trained[variant] = _alive(known.masks, now, layer)
    return initial, trained


@remembered(12)
def read(arrays: Arrays, name: str) -> NDArray[Any]:
    """Return one of a network's arrays, which may lie in a file."""
    return arrays[name]


@remembered(12)
def _alive(masks: Arrays, weights: Arrays, layer: str) -> NDArray[np.float32]:
    values: NDArray[np.float32] = weights[layer].take(_places(masks, layer))
    return values


@remembered(12)
def _places(masks: Arrays, layer: str) -> NDArray[np.intp]:
    """Return where the surviving weights are: to take them is several times faster than to look for them again."""
    return np.flatnonzero(read(masks, layer))
