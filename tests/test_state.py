"""The fold of events."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import Run
from explorer.events import (
    VARIANTS,
    Diverged,
    Ended,
    Evaluated,
    Glimpse,
    Network,
    NetworkStarted,
    NetworkTrained,
    Preparing,
    Progress,
    WeightsSeen,
)
from explorer.state import NetworkState, State, fold, fold_all

ONE, TWO = Network("ticket", 0, 0), Network("ticket", 1, 0)
BELOW = Network("random-sparse", 1, 1)


def evaluated(network, iteration, validation_loss=1.0):
    return Evaluated(network, iteration, 1.0, 0.5, validation_loss, 0.5, 1.0, 0.5)


def progress(network, iteration):
    return Progress(network, iteration, 10, 1.0, "CPU", "torch")


@given(st.lists(st.sampled_from([0.5, 0.25, 0.75, 2.0]), min_size=1, max_size=12))
def test_early_stopping_is_the_first_minimum_of_validation_loss(losses):
    known = NetworkState(evaluations=tuple(evaluated(ONE, 20 * k, loss) for k, loss in enumerate(losses)))
    first = next(k for k, loss in enumerate(losses) if all(loss <= other for other in losses))
    assert known.early_stop.iteration == 20 * first
    assert known.last.iteration == 20 * (len(losses) - 1)


def test_a_network_goes_from_started_to_trained(tiny):
    weights = {"fc1.weight": object()}
    state = fold(State(tiny), NetworkStarted(ONE, weights, weights))
    known = state.networks[ONE]
    assert (known.masks, known.initial, known.trained, known.iteration) == (weights, weights, False, 0)
    state = fold_all(state, [evaluated(ONE, 0), progress(ONE, 13), WeightsSeen(ONE, 13, weights)])
    known = state.networks[ONE]
    assert (known.iteration, known.seen.iteration, state.progress.iteration) == (13, 13, 13)
    state = fold_all(state, [evaluated(ONE, 20), NetworkTrained(ONE, weights, weights, weights)])
    known = state.networks[ONE]
    assert (known.iteration, known.trained, known.seen, known.final) == (20, True, None, weights)
    assert [one.iteration for one in known.evaluations] == [0, 20]


def test_a_diverged_network_is_counted_and_not_found(tiny):
    glimpses = [progress(ONE, 7), WeightsSeen(ONE, 7, {})]
    state = fold_all(State(tiny), [NetworkStarted(ONE), NetworkStarted(TWO), *glimpses, Diverged(ONE, 20)])
    assert list(state.find("ticket", 0)) == [TWO]
    assert state.diverged == 1
    assert (state.networks[ONE].iteration, state.networks[ONE].seen) == (20, None)


def test_a_level_is_done_when_all_that_could_train_has_ended_and_some_well(tiny):
    state, done = State(tiny), []
    for event in (NetworkStarted(ONE), NetworkStarted(TWO), Diverged(ONE, 0), NetworkTrained(TWO)):
        done.append(state.done(0))
        state = fold(state, event)
    assert done == [False] * 4
    assert state.done(0)
    assert not state.done(1)
    assert not fold_all(State(tiny), [NetworkStarted(ONE), Diverged(ONE, 0)]).done(0)


def test_the_level_is_the_deepest_that_began(tiny):
    state = State(tiny)
    assert state.level == 0
    assert fold_all(state, [NetworkStarted(ONE), NetworkStarted(BELOW)]).level == 1


@pytest.mark.parametrize("outcome", ["finished", "cancelled", "failed"])
def test_the_end_is_kept_with_its_reason(tiny, outcome):
    assert fold(State(tiny), Ended(outcome, "why")).ended == Ended(outcome, "why")


def test_what_training_waits_for_is_known_until_something_else_is_said(tiny):
    waiting = fold(State(tiny), Preparing("Compiling"))
    assert (State(tiny).preparing, waiting.preparing, waiting.records) == ("", "Compiling", 0)
    for event in (NetworkStarted(ONE), Ended("failed", "why")):
        assert fold(waiting, event).preparing == ""


def test_folding_changes_no_earlier_state(tiny):
    state = fold_all(State(tiny), [NetworkStarted(ONE), evaluated(ONE, 0)])
    before = copy.deepcopy(state)
    fold_all(state, [progress(ONE, 9), evaluated(ONE, 20), NetworkTrained(ONE), NetworkStarted(BELOW), Ended("failed")])
    assert state == before


def test_states_whose_arrays_are_read_anew_can_be_compared(shared):
    one, other = Run.open(shared.folder).state, Run.open(shared.folder).state
    assert one == other
    before = next(number for number, record in enumerate(shared.events) if isinstance(record, NetworkTrained))
    assert fold_all(State(shared.experiment), shared.events[:before]) != fold_all(
        State(shared.experiment), shared.events[: before + 1]
    ), "a network that has come to be trained makes a difference"


def test_without_glimpses_the_fold_ends_the_same(shared):
    records = [event for event in shared.events if not isinstance(event, Glimpse)]
    state = fold_all(State(shared.experiment), records)
    assert state.networks == shared.live.networks
    assert state.ended == shared.live.ended


def test_a_state_of_some_variants_knows_all_of_them_and_no_others(shared):
    state = shared.live
    ticket = state.only(("ticket",))
    assert ticket.networks == {n: known for n, known in state.networks.items() if n.variant == "ticket"}
    assert (ticket.ended, ticket.records, ticket.level) == (state.ended, state.records, state.level)
    assert state.only(VARIANTS) is state
