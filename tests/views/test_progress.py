"""How far a search is, and how its numbers are written."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import Experiment, search
from explorer.events import VARIANTS, Ended, Evaluated, Network, NetworkStarted, NetworkTrained, Progress
from explorer.state import State, fold, fold_all
from explorer.views import words
from explorer.views.progress import EVALUATED, SETTLED, SPARSE, images_left, network_iterations, progress, strip


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


def glimpses(experiment, step, image, warm_up, back_end="made up"):
    """The states of a made-up search, and the seconds at each: so long for a step, and for each image evaluated.

    A sparse back end takes a share of that: the density, and a little.
    """
    state, seconds, steps = State(experiment), warm_up, 0
    dense_step, dense_image = step, image
    for level in range(experiment.levels + 1):
        density, always = experiment.density(level), SPARSE.get(back_end, 1)
        share = always + (1 - always) * density
        step, image = share * dense_step, share * dense_image
        variants = VARIANTS if level else VARIANTS[:1]
        networks = [Network(v, r, level) for v in variants for r in range(experiment.replicates)]
        state = fold_all(state, map(NetworkStarted, networks))
        for first, last in pairwise((0, *experiment.evaluations)):
            for network in networks:
                for iteration in range(first + 1, last + 1):
                    seconds, steps = seconds + step, steps + 1
                    if iteration % 10 == 0:
                        state = fold(state, Progress(network, iteration, steps, seconds, "CPU", back_end))
                        yield state, seconds
                seconds += image * experiment.evaluated
                state = fold(state, Evaluated(network, last, *6 * [0.5]))
                state = fold(state, Progress(network, last, steps, seconds, "CPU", back_end))
                yield state, seconds
        state = fold_all(state, map(NetworkTrained, networks))


def told(left):
    """The seconds in a time left, such as 1 min 05 s left."""
    units = {"s": 1, "min": 60, "h": 3600}
    words = left.removesuffix(" left").replace(",", "").split()
    return sum(int(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize("dataset", ["digits", "mnist"])
@pytest.mark.parametrize("share", [0.2, 0.4, 0.7])
@pytest.mark.parametrize("back_end", ["made up", "numba"])
def test_time_left_is_never_far_off(dataset, share, back_end):
    """However dear an evaluation is: a half of what was reckoned with, or nearly twice as much."""
    experiment = Experiment(dataset=dataset, prune=0.42, levels=3, replicates=2, iterations=600, evaluate=50)
    step, warm_up = 0.005, 0.3
    made = list(glimpses(experiment, step, share * step / experiment.batch, warm_up, back_end))
    _, whole = made[-1]
    first = next(seconds for state, seconds in made if progress(state).left)
    assert all(bool(progress(state).left) == (seconds >= SETTLED) for state, seconds in made)
    for state, seconds in made:
        if seconds >= first:
            assert told(progress(state).left) == pytest.approx(whole - seconds, rel=0.5, abs=1)
            if share == EVALUATED:  # then only the warm-up is in the way, which counts for less and less
                reckoned = (whole - seconds) * seconds / (seconds - warm_up)
                assert told(progress(state).left) == pytest.approx(reckoned, abs=0.51)


def test_nothing_is_left_at_the_end_and_before_it_all_that_is_not_done():
    experiment = Experiment(dataset="digits", prune=0.5, levels=1, replicates=2, iterations=40)
    networks = 2 + 2 * 3
    a_network = 40 * 60 + EVALUATED * 3 * (1000 + 500 + 1000)  # evaluated at 0, 20 and 40
    assert images_left(State(experiment)) == networks * a_network
    *_, (last, _) = glimpses(experiment, 0.01, 0.0, 0.0)
    assert images_left(last) == 0
    thrice = experiment.but(ticket_draws=3)
    a_line = EVALUATED * 11 * (1000 + 1000)
    assert images_left(State(thrice)) == pytest.approx((3 * 4 + 4) * a_network + 2 * 4 * a_line)


def test_no_time_is_told_while_a_first_evaluation_lasts_long():
    """As that of convolutions does: seconds have gone, and nothing is measured yet."""
    network = Network("ticket", 0, 0)
    state = fold(State(Experiment(dataset="digits", replicates=1)), NetworkStarted(network))
    assert progress(fold(state, Progress(network, 0, 0, 2 * SETTLED, "CPU", "torch"))).left == ""


def test_no_time_is_told_of_what_has_ended_or_was_read(moments):
    for moment in moments:
        if moment.state.ended or moment.state.progress is None:
            assert progress(moment.state).left == ""
        else:
            assert ("device", "CPU, numba") in progress(moment.state).figures


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


@given(st.integers(0, 10**13))
def test_a_size_is_told_in_its_largest_unit(number):
    said, unit = words.size(number).split()
    one = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[unit]
    assert float(said) * one == pytest.approx(number, rel=0.06)
    assert unit == "GB" or float(said) <= 1000


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.01, "1 s"),
        (89, "89 s"),
        (91, "2 min"),
        (89 * 60, "89 min"),
        (130 * 60, "2 h 10 min"),
        (26 * 3600 + 3599, "27 h 00 min"),
        (9.2 * 86_400, "9 days"),
        (13 * 365.25 * 86_400, "13 years"),
    ],
)
def test_a_rough_time_is_written_in_one_unit_or_two(seconds, said):
    assert words.roughly(seconds) == said


@given(st.integers(0, 10**11))
def test_a_rounded_number_is_near_and_short(number):
    said = words.rounded(number)
    millions = said.endswith("M")
    value = float(said.removesuffix("M").replace(",", "")) * (1e6 if millions else 1)
    assert value == pytest.approx(number, rel=0.05 if millions else 0, abs=0)
    assert len(said) <= len("100,000M")
