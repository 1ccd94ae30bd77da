"""A replay shows what was, moment by moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import Run
from explorer.events import Evaluated, Glimpse, Network, NetworkTrained
from explorer.history import History, Moment
from explorer.state import State, fold_all


@pytest.fixture(scope="module")
def records(shared):
    return [event for event in shared.events if not isinstance(event, Glimpse)]


def of(experiment, records):
    history = History(experiment)
    for record in records:
        history.append(record)
    return history


def test_there_is_a_moment_for_each_evaluation_of_each_level(shared, records):
    evaluations = shared.experiment.evaluations
    expected = [(level, iteration) for level in range(shared.experiment.levels + 1) for iteration in evaluations]
    assert of(shared.experiment, records).moments == expected


def test_the_last_moment_is_the_end(shared, records):
    history = of(shared.experiment, records)
    assert history.at(-1) == fold_all(State(shared.experiment), records)
    with pytest.raises(IndexError):
        history.at(len(history.moments))
    with pytest.raises(IndexError):
        History(shared.experiment).at(0)


@given(order=st.lists(st.integers(0, 10_000), min_size=1, max_size=4), upto=st.integers(1, 10_000))
def test_a_moment_holds_all_that_came_before_the_next_in_whatever_order_one_asks(shared, records, order, upto):
    some = records[: 1 + upto % len(records)]
    history = of(shared.experiment, some)
    for number in (n % len(history.moments) for n in order):
        level, iteration = history.moments[number]
        state = history.at(number)
        evaluations = [e for known in state.networks.values() for e in known.evaluations]
        expected = [
            e for e in some if isinstance(e, Evaluated) and (e.network.level, e.iteration) <= (level, iteration)
        ]
        assert sorted(evaluations, key=repr) == sorted(expected, key=repr)
        assert state == fold_all(State(shared.experiment), some[: state.records])
        trained = [e for e in some[: state.records] if isinstance(e, NetworkTrained)]
        assert all(e.network.level <= level for e in trained)


@given(level=st.integers(0, 9), iteration=st.integers(-1, 500))
def test_finding_a_moment(shared, records, level, iteration):
    history = of(shared.experiment, records)
    before = [k for k, moment in enumerate(history.moments) if moment <= (level, iteration)]
    assert history.find(level, iteration) == (before[-1] if before else 0)
    assert history.moments[history.find(level)].level == min(level, shared.experiment.levels)


def test_a_diverged_network_does_not_hold_up_a_moment(shared):
    network, other = Network("ticket", 0, 0), Network("ticket", 1, 0)
    history = History(shared.experiment)
    measured = (1.0,) * 6
    for record in (
        Evaluated(network, 0, *measured),
        Evaluated(network, 20, *measured),
        Evaluated(other, 20, *measured),
    ):
        history.append(record)
    assert history.moments == [Moment(0, 0), Moment(0, 20)]


def test_a_run_and_a_session_have_the_same_history(shared):
    run = Run.open(shared.folder)
    assert [run.history.at(k).records for k in (0, 7, -1)] == [shared.live_history.at(k).records for k in (0, 7, -1)]
