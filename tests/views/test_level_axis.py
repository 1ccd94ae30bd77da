"""The axis of levels, and the lines over it."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer import Experiment
from explorer.measures import Mean
from explorer.views.level_axis import LevelAxis
from tests.strategies import experiments


@given(experiments(), st.data())
def test_levels_stand_at_the_logarithm_of_their_density_sparser_to_the_right(experiment, data):
    axis = LevelAxis(experiment, data.draw(st.integers(0, experiment.levels)))
    assert all(math.isclose(10**-place, experiment.density(level)) for level, place in enumerate(axis.places))
    assert axis.places == sorted(axis.places)
    assert axis.span.first < axis.places[0] <= axis.places[-1] < axis.span.last


@given(st.integers(1, 20), st.data())
def test_every_tick_has_its_room_and_the_ends_and_the_selected_level_are_written(levels, data):
    experiment = experiment_of(levels)
    axis = LevelAxis(experiment, data.draw(st.integers(0, levels)))
    assert {0, axis.level, levels} <= set(axis.written) <= set(range(levels + 1))
    assert len(axis.written) <= 14
    ticks = axis.ticks(0.0)
    assert ticks["x tick selected"].columns["text"] == [axis.names[axis.level]]
    assert len(ticks["x ticks"].columns["text"]) == len(axis.written) - 1


@given(st.dictionaries(st.integers(1, 9), st.floats(0, 100), min_size=1), st.floats(0, 50))
def test_a_line_goes_through_its_means_and_has_a_gap_where_there_is_none(means, low):
    axis = LevelAxis(experiment_of(9), 0)
    measured = {level: Mean(value, value - 1, value + 1) for level, value in sorted({0: 90.0, **means}.items())}
    marks = axis.line("ticket", measured, low)
    points = marks["points ticket 0"].columns
    above = {axis.places[level]: value for level, value in means.items() if value >= low}
    assert dict(zip(points["x"], points["y"], strict=True)) == above
    line, band = marks["line ticket 0"].columns, marks["band ticket 0"].columns
    xs, ys = np.array(line["x"]), np.array(line["y"])
    for level in range(9):
        middle = (axis.places[level] + axis.places[level + 1]) / 2
        known = {level, level + 1} <= set(measured)
        crossed = [
            min(ys[k], ys[k + 1])
            for k in range(len(xs) - 1)
            if not np.isnan(ys[k : k + 2]).any() and xs[k] <= middle <= xs[k + 1]
        ]
        if not known:
            assert not crossed, "a gap is not bridged"
            assert np.interp(middle, band["x"], np.subtract(band["high"], band["low"]), right=0) == 0
        elif min(measured[level].mean, measured[level + 1].mean) >= low:
            assert crossed


def experiment_of(levels):
    return Experiment(dataset="digits", prune=0.2, levels=levels)
