"""How far a search is, and how its numbers are written."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import search
from explorer.events import Ended, Network, NetworkTrained
from explorer.state import State, fold
from explorer.views import words
from explorer.views.progress import network_iterations, progress, strip


def test_the_share_grows_from_nothing_to_all(moments):
    shares = [progress(moment.state).share for moment in moments]
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(one <= two for one, two in pairwise(shares))


def test_work_is_counted_in_network_iterations(moments, shared):
    total = (2 + 4 * 6) * shared.experiment.iterations
    for moment in moments:
        done, of = network_iterations(moment.state)
        trained = sum(isinstance(event, NetworkTrained) for event in moment.events)
        assert of == total
        assert trained * shared.experiment.iterations <= done <= total


def test_time_left_is_the_work_left_at_the_pace_so_far(moments):
    told = 0
    for moment in moments:
        now, glimpse = progress(moment.state), moment.state.progress
        if glimpse and not moment.state.ended:
            done, total = network_iterations(moment.state)
            assert now.left == f"{words.duration((total - done) * glimpse.seconds / glimpse.steps)} left"
            assert ("device", "CPU") in now.figures
            told += 1
        else:
            assert now.left == ""
    assert told > 20


def test_the_strip_shows_what_has_become_of_each_level(moments, shared):
    for moment in moments:
        stops = strip(moment.state)
        assert [stop.remaining for stop in stops] == ["100%", "48%", "23%", "11%", "5.4%"]
        for level, stop in enumerate(stops):
            variants = ("ticket", "random-reinit", "random-sparse") if level else ("ticket",)
            begun = bool(moment.started("ticket", level))
            done = all(moment.trained(variant, level) for variant in variants)
            assert stop.stage == ("done" if done else "training" if begun else "to come")
            assert stop.share == 1 if done else 0 <= stop.share <= 1


def test_a_level_in_which_a_search_failed_is_marked(moments):
    middle = next(moment.state for moment in moments if moment.state.level == 2)
    stages = [stop.stage for stop in strip(fold(middle, Ended("failed", "why")))]
    assert stages == ["done", "done", "failed", "to come", "to come"]


@pytest.mark.parametrize("doomed", [Network("ticket", 0, 1), Network("random-sparse", 1, 2), Network("ticket", 1, 0)])
def test_a_search_in_which_networks_diverge_still_gets_to_the_end(tiny, explode, doomed):
    explode(doomed)
    experiment = tiny.but(levels=2, iterations=20)
    state = State(experiment)
    for event in search(experiment, "cpu"):
        state = fold(state, event)
    assert state.diverged == 1
    done, total = network_iterations(state)
    assert done == total
    assert progress(state).share == 1


@given(st.floats(0, 1))
def test_weights_remaining_have_a_decimal_where_they_need_it(density):
    rounded, exact = words.remaining(density), words.remaining(density, exact=True)
    for said in (rounded, exact):
        assert said.endswith("%")
    assert float(exact[:-1]) == pytest.approx(100 * density, abs=0.0500001)
    assert float(rounded[:-1]) == pytest.approx(100 * density, abs=0.500001 if density > 0.09 else 0.0500001)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (90_061, "25 h 01 min"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds, said):
    assert words.duration(seconds) == said
