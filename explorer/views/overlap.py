"""What the masks of a layer have in common from one replicate to another, against weights remaining.

Pruning finds a mask for each replicate's own initial weights. Where two replicates keep the same weights more often
than chance would, the data asks for these places whatever the initial weights are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from explorer.events import VARIANTS, Arrays, Variant
from explorer.measures import Mean
from explorer.state import State
from explorer.views import words
from explorer.views.chart import Chart, MarginLabel, Mark, Span, columns, frame, margin_labels
from explorer.views.level_axis import LevelAxis, Measured
from explorer.views.means import shown_level
from explorer.views.on_screen import shown_layer
from explorer.views.placement import free_height
from explorer.views.remembered import remembered
from explorer.views.selection import Selection
from explorer.views.table import Table, cell, range_cells, range_columns

WRITTEN = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)  # per cent
LEAST = 0.001  # per cent, in whose place none at all is drawn


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the overlap depends on: while it stays the same, there is nothing new to draw."""
    at_hand = tuple(network for network, known in state.networks.items() if known.masks and not known.diverged)
    return (shown_layer(state, selection).name, shown_level(state, selection.level), at_hand, len(state.networks))


def overlap(state: State, selection: Selection) -> Chart:
    """Draw the share of its surviving weights (log of per cent) that a network has in common with another replicate's.

    That is |A∩B| ÷ |A|, which is the same seen from either of the two, as both keep equally many weights of the layer;
    each point is the mean over all pairs of replicates, with its range. The dense tone's line is what masks drawn at
    random would have in common: the layer's density.
    """
    axis = LevelAxis(state.experiment, shown_level(state, selection.level))
    shown, chance = _shares(state, selection), _chance(state, selection)
    x, y = axis.span, Span.around(_log(0.7 * chance[-1]), _log(100), 0.1, 0.06)
    lines = {v: {level: Mean(*map(_log, value)) for level, value in of.items()} for v, of in shown.items()}
    by_chance = {level: Mean(*(3 * (_log(share),))) for level, share in enumerate(chance)}

    marks = axis.strip(y.low + y.share(0.005), y.last)
    marks |= frame(x, y, {_log(at): f"{at:g}%" for at in WRITTEN if _log(at) >= y.first})
    marks |= axis.ticks(y.first - y.share(0.045))
    rows = [(axis.places[level], value.mean) for level, value in by_chance.items()]
    marks["chance"] = Mark("line", "dense", columns("line", rows))
    for variant in reversed(VARIANTS):
        marks |= axis.line(variant, lines[variant], y.first)
    labels = [MarginLabel("dense", *rows[-1], "Chance alone"), *axis.margin(lines)]
    marks |= margin_labels(labels, x.last + x.share(0.02), x, y, gap=y.share(0.055))
    centre, text = (x.first + x.last) / 2, y.share(0.042)
    taken = axis.crossing(by_chance, centre - x.share(0.32), centre + x.share(0.32), text / 2)
    height = free_height([y.first + y.share(0.25)], y.first + text, y.last - text, text, taken)
    waiting = [(centre, height, _waiting(state, shown))]
    marks["waiting"] = Mark("texts", "muted", columns("texts", waiting), align="center")
    return Chart("overlap", x, (y,), marks, _summary(state, selection, shown, chance), _notes(axis, shown, chance))


def table(state: State, selection: Selection) -> Table:
    """Return each level's overlap between replicates, and what chance alone would give, in per cent."""
    shown, chance = _shares(state, selection), _chance(state, selection)
    levels = range(state.experiment.levels + 1)
    rows = [
        (
            str(level),
            cell(100 * state.experiment.density(level), 1),
            cell(chance[level], 1),
            *(text for v in VARIANTS for text in range_cells(shown[v].get(level) if level else None, 1)),
        )
        for level in levels
    ]
    names = (name for v in VARIANTS for name in range_columns(words.TITLES[v].lower()))
    return Table(
        ("level", "weights remaining", "chance alone", *names),
        tuple(rows),
        f"Share of the surviving weights of {shown_layer(state, selection).name} that two replicates both keep, "
        "in per cent.",
    )


def _shares(state: State, selection: Selection) -> Mapping[Variant, Measured]:
    """Return the overlap (per cent) at every level that has two masks; all variants begin at the dense network."""
    layer = shown_layer(state, selection).name
    shares: dict[Variant, dict[int, Mean]] = {}
    for variant in VARIANTS:
        of_levels = shares[variant] = {}
        for level in range(state.level + 1):
            networks = state.find("ticket" if level == 0 else variant, level)
            masks = [(n.replicate, _packed(k.masks, layer)) for n, k in networks.items() if layer in k.masks]
            pairs = combinations(masks, 2)
            values = [100 * _in_common(one, other) for (r, one), (q, other) in pairs if r != q]
            if values:
                of_levels[level] = Mean.of(values)
    return shares


def _log(share: float) -> float:
    return math.log10(max(share, LEAST))


def _chance(state: State, selection: Selection) -> list[float]:
    """Return the density of the layer at every level, in per cent: the mean overlap of masks drawn at random.

    Where the network is pruned as one, it is the tickets' mean, and of levels without a mask the whole network's.
    """
    layer, experiment = shown_layer(state, selection), state.experiment
    chance = []
    for level in range(experiment.levels + 1):
        left: float | None = experiment.survivors(level).get(layer.name)
        if left is None:
            tickets = state.find("ticket", level).values()
            counts = [np.bitwise_count(_packed(k.masks, layer.name)).sum() for k in tickets if layer.name in k.masks]
            left = float(np.mean(counts)) if counts else experiment.density(level) * layer.size
        chance.append(100 * left / layer.size)
    return chance


@remembered(512)
def _packed(masks: Arrays, layer: str) -> NDArray[np.uint8]:
    """Return a mask packed to bits; each is read from its file once."""
    return np.packbits(masks[layer])


def _in_common(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the share of the weights of one mask that are also in the other."""
    return float(np.bitwise_count(one & other).sum() / np.bitwise_count(one).sum())


def _waiting(state: State, shown: Mapping[Variant, Measured]) -> str:
    if any(len(measured) > 1 for measured in shown.values()):
        return ""
    if state.experiment.replicates < 2:
        return "Overlap is between replicates; this search has one."
    if any(len(state.find("ticket", level)) > 1 for level in range(1, state.level + 1)):
        return "Overlap needs two replicates' masks; this run keeps one's."
    if state.ended:
        return "No level has the masks of two replicates."
    return "Masks are compared here when level 1 begins."


def _notes(axis: LevelAxis, shown: Mapping[Variant, Measured], chance: list[float]) -> list[tuple[float, str]]:
    """Say each variant's overlap at every level."""
    notes = []
    for level, place in enumerate(axis.places):
        measured = [(words.TITLES[v], shown[v][level]) for v in VARIANTS if level and level in shown[v]]
        lines = [f"{title} {value.mean:.1f}% ({value.low:.1f}–{value.high:.1f})" for title, value in measured]
        notes.append((place, "\n".join([axis.heading(level), *lines, f"Chance alone {chance[level]:.1f}%"])))
    return notes


def _summary(state: State, selection: Selection, shown: Mapping[Variant, Measured], chance: list[float]) -> str:
    layer, measured = shown_layer(state, selection).name, shown["ticket"]
    if len(measured) < 2:
        return f"Masks of {layer} against weights remaining: there are no two replicates to compare yet."
    level = shown_level(state, selection.level)
    level = level if level in measured else max(measured)
    density = words.remaining(state.experiment.density(level), exact=True)
    return (
        f"At {density} of the weights two tickets have {measured[level].mean:.1f}% of their surviving weights of "
        f"{layer} in common; chance alone would give {chance[level]:.1f}%."
    )
