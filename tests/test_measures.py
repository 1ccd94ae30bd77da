"""What training came to, on networks made by hand; over a whole run it is reckoned anew in runs/test_run.py."""

import pytest

from explorer.events import VARIANTS, Evaluated, Network, NetworkStarted, NetworkTrained
from explorer.measures import MEASURED, measures
from explorer.state import fold, fold_all
from tests.support import state_of


def speed_ups(state):
    return {of.level: of.values["speed_up"] for of in measures(state)}


def test_a_speed_up_is_the_dense_mean_by_the_networks_mean_latest_and_earliest_stop(tiny):
    state = state_of(tiny, {("ticket", 0): [(90, 20), (90, 40)], ("ticket", 1): [(90, 10), (90, 30)]})
    assert speed_ups(state) == {0: pytest.approx((1, 0.75, 1.5)), 1: pytest.approx((1.5, 1, 3))}


@pytest.mark.parametrize(
    ("dense", "ticket", "known"),
    [
        ([0, 0], [20, 40], set()),
        ([0, 40], [20, 40], {1}),
        ([20, 40], [0, 40], {0}),
        ([20, 40], [20, 40], {0, 1}),
    ],
)
def test_an_early_stop_before_training_has_no_speed(tiny, dense, ticket, known):
    stops = {("ticket", level): [(90, at) for at in of_level] for level, of_level in enumerate((dense, ticket))}
    found = speed_ups(state_of(tiny, stops))
    assert {level for level, value in found.items() if value} == known
    assert set(found) == {0, 1}, "all else is still told"


def test_draws_are_networks_like_others(tiny):
    state = state_of(tiny, {("ticket", 0): [(90, 20)], ("random-reinit", 1): [(80, 20), (70, 40)]})
    again = Network("random-reinit", 1, 1, 2)
    more = (NetworkStarted(again), Evaluated(again, 30, 1, 0.5, 1, 0, 1, 0.9), NetworkTrained(again))
    *_, found = measures(fold_all(state, more))
    assert (found.level, found.variant, found.n) == (1, "random-reinit", 3)
    assert found.values["early_stop_iteration"] == (30, 20, 40)
    assert found.values["final_test_accuracy"] == pytest.approx((0.8, 0.7, 0.9))
    assert found.values["early_stop_train_accuracy"] == pytest.approx((0.5 / 3, 0, 0.5))


def test_what_still_trains_is_left_out_and_what_diverged_is_not_counted(tiny):
    lost = Network("random-sparse", 1, 1)
    measured = {("ticket", 0): [(90, 20)] * 2, ("random-sparse", 1): [(80, 40), (10, 0)]}
    state = state_of(tiny, measured, {lost})
    assert [(of.level, of.variant, of.n) for of in measures(state)] == [(0, "ticket", 2), (1, "random-sparse", 1)]
    state = fold(state, NetworkStarted(Network("random-sparse", 0, 1, 1)))
    assert [of.level for of in measures(state)] == [0]


def test_a_row_for_each_level_and_variant_in_order(shared):
    assert [(of.level, of.variant) for of in measures(shared.live)] == [(0, "ticket")] + [
        (level, variant) for level in range(1, 5) for variant in VARIANTS
    ]
    assert all(tuple(of.values) == MEASURED for of in measures(shared.live))
