"""What the paper reads off its figures, taken from the state of a run: each is None where a run does not show it.

Densities and accuracies are returned in per cent, as the paper writes them; densities that are asked for are 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from explorer.events import Network, Variant
from explorer.experiment import Experiment
from explorer.measures import Mean, Measurement, early_stop_iteration, mean
from explorer.state import NetworkState, State
from explorer.views.means import early_stop_accuracy, final_accuracy
from explorer.views.verdict import verdict

NEAR = 1.1
"""A level stands for a density that the paper names if it is no further off than by this factor."""

SIXTH = 0.168
"""The density at which connections are counted: at the last levels a unit has so few that chance makes them uneven."""


def level_at(experiment: Experiment, density: float) -> int | None:
    """Return the level whose density is nearest to one that the paper names; None where none is within `NEAR`."""
    level = nearest_level(experiment, density)
    return level if abs(math.log(experiment.density(level) / density)) <= math.log(NEAR) else None


def nearest_level(experiment: Experiment, density: float) -> int:
    """Return the level whose density is nearest to one, by their ratio."""
    return int(np.argmin([abs(math.log(known / density)) for known in experiment.densities]))


def at(state: State, density: float, measure: Measurement, variant: Variant = "ticket") -> float | None:
    """Return the mean of a measure at the level that is nearest to a density, which the paper names in its text."""
    level = level_at(state.experiment, density)
    found = None if level is None else mean(state, variant if level else "ticket", level, measure)
    return found.mean if found else None


def gained(state: State, density: float, measure: Measurement) -> float | None:
    """Return how far the tickets' mean is above the dense networks'."""
    return less(at(state, density, measure), at(state, 1.0, measure))


def over_reinit(state: State, density: float, measure: Measurement) -> float | None:
    """Return how far the tickets' mean is above the random reinits'."""
    return less(at(state, density, measure), at(state, density, measure, "random-reinit"))


def sooner(state: State, density: float) -> float | None:
    """Return by how much of the dense networks' iterations the tickets stop earlier, in per cent."""
    ticket, dense = at(state, density, early_stop_iteration), at(state, 1.0, early_stop_iteration)
    return None if ticket is None or not dense else 100 * (1 - ticket / dense)


def faster(state: State, density: float, than: Variant | None = None) -> float | None:
    """Return how many times earlier tickets stop than a control of theirs, or than the dense network."""
    ticket = at(state, density, early_stop_iteration)
    other = at(state, density if than else 1.0, early_stop_iteration, than or "ticket")
    return None if not ticket or other is None else other / ticket


def over_levels(state: State, measure: Measurement, variant: Variant = "ticket") -> dict[int, Mean]:
    """Return a measure's mean at every level from 1 on that has one."""
    levels = range(1, state.experiment.levels + 1)
    found = {level: mean(state, variant, level, measure) for level in levels}
    return {level: value for level, value in found.items() if value}


def best_gain(state: State, measure: Measurement) -> float | None:
    """Return how far the best level's tickets are above the dense network, in the measure's unit."""
    dense, levels = mean(state, "ticket", 0, measure), over_levels(state, measure)
    return max(value.mean for value in levels.values()) - dense.mean if dense and levels else None


def falls_below(state: State, measure: Measurement, variant: Variant = "ticket") -> float | None:
    """Return the density, in per cent, from which on a variant's mean stays below dense; 0 if it never does."""
    dense, levels = mean(state, "ticket", 0, measure), over_levels(state, measure, variant)
    if dense is None or not levels:
        return None
    below = None
    for level in sorted(levels, reverse=True):
        if levels[level].mean >= dense.mean:
            break
        below = level
    return 0.0 if below is None else 100 * state.experiment.density(below)


def fastest(state: State) -> float | None:
    """Return the density, in per cent, of the level whose tickets stop earliest."""
    stops = over_levels(state, early_stop_iteration)
    return 100 * state.experiment.density(min(stops, key=lambda level: stops[level].mean)) if stops else None


def matches_down_to(state: State) -> float | None:
    """Return the density, in per cent, down to which tickets match the dense network; 100 where none does."""
    if finds_none(state) is None:
        return None
    found = verdict(state)
    return 100 * state.experiment.density(found.level if found else 0)


def within_a_point_down_to(state: State) -> float | None:
    """Return the density, in per cent, down to which tickets end less than a point below the dense network."""
    dense, levels = mean(state, "ticket", 0, final_accuracy), over_levels(state, final_accuracy)
    if dense is None or not levels:
        return None
    level = 0
    while level + 1 in levels and levels[level + 1].mean > dense.mean - 1:
        level += 1
    return 100 * state.experiment.density(level)


def train_accuracy(known: NetworkState) -> float:
    """Return the train accuracy at the end of training, in per cent."""
    return 100 * known.last.train_accuracy


def down_to(state: State, measure: Measurement, holds: Callable[[float, float], bool]) -> float | None:
    """Return the density, in per cent, down to which a relation holds between the means of ticket and dense.

    That is the end of the longest stretch of levels at which it does, so that one level alone, which may be chance,
    counts for little; 100 where it never does.
    """
    dense, levels = mean(state, "ticket", 0, measure), over_levels(state, measure)
    if dense is None or not levels:
        return None
    stretch, longest = 0, (0, 0)  # how many levels it has held by now; the most that it ever did, and the last of them
    for level in sorted(levels):
        stretch = stretch + 1 if holds(levels[level].mean, dense.mean) else 0
        longest = max(longest, (stretch, level if stretch else 0))
    return 100 * state.experiment.density(longest[1])


def earlier_down_to(state: State) -> float | None:
    """Return the density, in per cent, down to which tickets stop earlier than the dense network."""
    return down_to(state, early_stop_iteration, lambda ticket, dense: ticket < dense)


def more_accurate_down_to(state: State) -> float | None:
    """Return the density, in per cent, down to which tickets are more accurate than dense at early stopping."""
    return down_to(state, early_stop_accuracy, lambda ticket, dense: ticket > dense)


def is_above(one: float | None, other: float | None, times: float = 1.0) -> bool | None:
    """Tell whether one number is above another, or above so many times the other, if both are known."""
    return None if one is None or other is None else bool(one > times * other)


def finds_none(state: State) -> bool | None:
    """Tell whether no level matches the dense network; None where there is nothing to be matched, or to match."""
    known = mean(state, "ticket", 0, early_stop_accuracy) and over_levels(state, early_stop_accuracy)
    return verdict(state) is None if known else None


def sparsest_over_dense(state: State, measure: Measurement, variant: Variant) -> float | None:
    """Return how far a variant's mean at the sparsest level is above the dense networks'."""
    dense, levels = mean(state, "ticket", 0, measure), over_levels(state, measure, variant)
    return levels[max(levels)].mean - dense.mean if dense and levels else None


def mostly_below(
    lower: State, variant: Variant, upper: State, other: Variant, measure: Measurement, density: float = 0.55
) -> bool | None:
    """Tell whether a variant's means are below another's, maybe another run's, at most levels from a density on."""
    lows, ups = over_levels(lower, measure, variant), over_levels(upper, measure, other)
    levels = [level for level in lows.keys() & ups.keys() if lower.experiment.density(level) <= density]
    return sum(lows[k].mean < ups[k].mean for k in levels) > len(levels) / 2 if levels else None


def mean_below(lower: State, upper: State, measure: Measurement, density: float) -> bool | None:
    """Tell whether the tickets of one run are on average below another's, over the levels from a density on."""
    lows, ups = over_levels(lower, measure), over_levels(upper, measure)
    levels = [level for level in lows.keys() & ups.keys() if lower.experiment.density(level) <= density]
    return sum(lows[k].mean - ups[k].mean for k in levels) < 0 if levels else None


def less(one: float | None, other: float | None) -> float | None:
    """Return the difference of two numbers, if both are known."""
    return None if one is None or other is None else one - other


def _of_arrays(state: State, level: int, look: Callable[[NetworkState, NetworkState], float | None]) -> float | None:
    """Return the mean over replicates of something seen in the dense network and in the ticket of a level."""
    values = []
    for network, dense in state.find("ticket", 0).items():
        ticket = state.networks.get(Network("ticket", network.replicate, level))
        if ticket is not None and ticket.trained and not network.draw:
            values.append(look(dense, ticket))
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def size_of_survivors(state: State, layer: str) -> float | None:
    """Return the survivors' mean |initial weight| at the sparsest level over that of all weights of the layer."""

    def look(dense: NetworkState, ticket: NetworkState) -> float | None:
        if layer not in dense.initial or layer not in ticket.masks:
            return None
        initial = np.abs(dense.initial[layer])
        return float(initial[ticket.masks[layer]].mean() / initial.mean())

    return _of_arrays(state, state.level, look)


def moved_further(state: State, layer: str) -> float | None:
    """Return how many times further the dense training moved weights that survive the next pruning than the others."""

    def look(dense: NetworkState, ticket: NetworkState) -> float | None:
        if layer not in dense.final or layer not in dense.initial or layer not in ticket.masks:
            return None
        moved = np.abs(dense.final[layer] - dense.initial[layer])
        return float(moved[ticket.masks[layer]].mean() / moved[~ticket.masks[layer]].mean())

    return _of_arrays(state, 1, look)


def unevenness(state: State, layer: str, axis: int) -> float | None:
    """Return the spread of connections left over their mean, near `SIXTH`: of units (axis 1) or of inputs (axis 0)."""

    def look(dense: NetworkState, ticket: NetworkState) -> float | None:
        if layer not in ticket.masks:
            return None
        counts = ticket.masks[layer].sum(axis)
        return float(counts.std() / counts.mean())

    return _of_arrays(state, nearest_level(state.experiment, SIXTH), look)
