"""The layers of one network at the level on screen, one row each."""

from __future__ import annotations

import numpy as np

from explorer.architectures import Parameter
from explorer.events import Arrays, Network
from explorer.state import NetworkState, State
from explorer.views import words
from explorer.views.means import shown_level
from explorer.views.on_screen import joined, on_screen
from explorer.views.selection import Selection
from explorer.views.table import Table, cell

COLUMNS = (
    "layer",
    "shape",
    "weights",
    "left",
    "weights remaining, %",
    "dead units",
    "dead inputs",
    "mean |initial|",
    "mean |final|",
)


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the table depends on: while it stays the same, there is nothing new to show."""
    network, known = _shown(state, selection)
    return (network, known and (bool(known.masks), bool(known.initial), known.trained))


def layers(state: State, selection: Selection) -> Table:
    """List each layer of the network on screen (the selected variant's; at level 0 the dense one).

    A unit is dead when no incoming connection is left to it, an input when no outgoing one is. The means go over the
    surviving weights. What is not known yet, or was left out of a recorded run, is an empty cell; so is what cannot be
    dead, in a layer that is never pruned.
    """
    network, known = _shown(state, selection)
    known = known or NetworkState()
    experiment, level = state.experiment, network.level
    rows = [_row(layer, experiment.survivors(level).get(layer.name), known) for layer in experiment.weights]
    remaining = experiment.density(level)
    all_left = cell(experiment.left(level))
    rows.append(("all", "", cell(experiment.size), all_left, cell(100 * remaining, 1), "", "", "", ""))
    name = words.TITLES[network.variant if network.level else "dense"]
    density = words.remaining(remaining, exact=True)
    caption = f"{name} of replicate {network.replicate + 1} at {density} of the weights, layer by layer."
    return Table(COLUMNS, tuple(rows), caption)


def _shown(state: State, selection: Selection) -> tuple[Network, NetworkState | None]:
    level = shown_level(state, selection.level)
    return on_screen(state, selection, selection.variant if level and selection.variant else "ticket")


def _row(layer: Parameter, left: int | None, known: NetworkState) -> tuple[str, ...]:
    """Write a layer's row; `left` is None where a network that was pruned as one has to be looked at."""
    mask = known.masks.get(layer.name)
    if left is None and mask is not None:
        left = int(mask.sum())
    return (
        layer.name,
        " × ".join(str(length) for length in layer.shape),
        cell(layer.size),
        cell(left),
        cell(None if left is None else 100 * left / layer.size, 1),
        *(cell(None if mask is None else int((~joined(mask).any(axis)).sum())) for axis in (1, 0)),
        *(cell(_magnitude(weights, layer.name, mask), 4) for weights in (known.initial, known.final)),
    )


def _magnitude(weights: Arrays, name: str, mask: np.ndarray | None) -> float | None:
    """Return the mean magnitude of a layer's surviving weights, where they are known."""
    return None if name not in weights else float(np.abs(weights[name][... if mask is None else mask]).mean())
