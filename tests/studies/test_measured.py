"""What the paper reads off its figures, of searches whose numbers are known."""

from dataclasses import replace

import numpy as np
import pytest

from explorer import Experiment
from explorer.measures import early_stop_iteration
from explorer.studies import measured
from explorer.views.means import early_stop_accuracy
from tests.studies.made import made

PAPER = Experiment(dataset="digits", replicates=2, iterations=1_000, levels=7)
STOPS = {"ticket": [400, 300, 250, 200, 150, 100, 200, 300], "random-reinit": [400, 450, 500, 550, 600, 650, 700, 750]}
ACCURACIES = {
    "ticket": [0.90, 0.91, 0.92, 0.93, 0.92, 0.91, 0.89, 0.88],
    "random-reinit": [0.90, 0.91, 0.89, 0.905, 0.88, 0.87, 0.86, 0.85],
}


def stops(network):
    return STOPS.get(network.variant, STOPS["random-reinit"])[network.level] + 20 * network.replicate


def accuracies(network):
    return ACCURACIES.get(network.variant, ACCURACIES["random-reinit"])[network.level] + 0.01 * network.replicate


@pytest.fixture(scope="module")
def state():
    return made(PAPER, stops, accuracies)


def test_a_level_stands_for_a_density_that_is_near():
    assert measured.level_at(PAPER, 0.513) == 3
    assert measured.level_at(PAPER, 0.211) == 7
    assert measured.level_at(PAPER, 1.0) == 0
    assert measured.level_at(PAPER, 0.036) is None


def test_numbers_of_a_density(state):
    assert measured.at(state, 0.513, early_stop_iteration) == 210
    assert measured.gained(state, 0.513, early_stop_accuracy) == pytest.approx(3)
    assert measured.sooner(state, 0.513) == pytest.approx(100 * (1 - 210 / 410))
    assert measured.faster(state, 0.513) == pytest.approx(410 / 210)
    assert measured.faster(state, 0.513, "random-reinit") == pytest.approx(560 / 210)
    assert measured.over_reinit(state, 0.513, early_stop_accuracy) == pytest.approx(2.5)
    assert measured.gained(state, 0.036, early_stop_accuracy) is None
    assert measured.sooner(state, 0.036) is measured.faster(state, 0.036) is None


def test_where_curves_turn(state):
    percent = [100 * density for density in PAPER.densities]
    assert measured.fastest(state) == percent[5]
    assert measured.best_gain(state, early_stop_accuracy) == pytest.approx(3)
    assert measured.falls_below(state, early_stop_accuracy) == percent[6]
    # A level that is below and followed by one that is not does not count.
    assert measured.falls_below(state, early_stop_accuracy, "random-reinit") == percent[4]
    assert measured.earlier_down_to(state) == percent[7]
    assert measured.more_accurate_down_to(state) == percent[5]
    assert measured.within_a_point_down_to(state) == percent[5]  # a whole point is no less than a point
    assert measured.matches_down_to(state) == percent[5]
    assert measured.finds_none(state) is False
    worse = made(PAPER, stops, lambda network: 0.9 - 0.1 * network.level)
    assert measured.finds_none(worse) is True
    assert measured.matches_down_to(worse) == 100


def test_one_level_alone_does_not_tell_down_to_where(state):
    """A level that is earlier or more accurate by chance, far below the others, is not where that ends."""
    earlier = made(PAPER, lambda n: [400, 300, 300, 300, 500, 500, 500, 300][n.level] if n.variant == "ticket" else 400)
    assert measured.earlier_down_to(earlier) == 100 * PAPER.density(3)
    later = made(PAPER, lambda n: 500 if n.level else 400)
    assert measured.earlier_down_to(later) == 100, "a shortfall is a number, too"


def test_curves_that_never_fall_below_are_a_shortfall_and_not_left_out():
    assert measured.falls_below(made(PAPER), early_stop_accuracy) == 0


@pytest.mark.parametrize("levels", [(0,), (1, 2, 3, 4, 5, 6, 7)])
@pytest.mark.parametrize(
    "measure",
    [
        measured.finds_none,
        measured.matches_down_to,
        measured.within_a_point_down_to,
        measured.earlier_down_to,
        measured.more_accurate_down_to,
        lambda state: measured.falls_below(state, early_stop_accuracy),
        lambda state: measured.best_gain(state, early_stop_accuracy),
    ],
)
def test_where_all_networks_diverged_nothing_is_shown(measure, levels, state):
    """Dense networks or tickets of which none is left are no sign of anything, such as that no ticket wins."""
    networks = {n: replace(known, diverged=n.level in levels) for n, known in state.networks.items()}
    assert measure(replace(state, networks=networks)) is None


def test_orders(state):
    assert measured.mostly_below(state, "random-reinit", state, "ticket", early_stop_accuracy)
    assert measured.mostly_below(state, "ticket", state, "random-reinit", early_stop_iteration)
    assert not measured.mostly_below(state, "ticket", state, "random-reinit", early_stop_accuracy)
    assert measured.sparsest_over_dense(state, early_stop_iteration, "random-reinit") == 350
    assert measured.sparsest_over_dense(state, early_stop_accuracy, "random-reinit") == pytest.approx(-5)
    other = made(PAPER, stops, lambda network: accuracies(network) - 0.001)
    assert measured.mean_below(other, state, early_stop_accuracy, 0.25)
    assert not measured.mean_below(state, other, early_stop_accuracy, 0.25)
    short = made(PAPER.but(levels=1), stops, accuracies)
    assert measured.mostly_below(short, "ticket", short, "random-reinit", early_stop_accuracy) is None


def test_what_weights_show():
    """Half of the weights are large, and they are the ones that are kept, in half of the columns."""
    kept = np.zeros((4, 6), bool)
    kept[:, ::2] = True
    initial = np.where(kept, 3.0, 1.0).astype(np.float32)
    final = initial + np.where(kept, 0.5, 0.1).astype(np.float32)

    def arrays(network):
        masks = {"fc1.weight": kept if network.level else np.ones_like(kept)}
        return {"masks": masks, "initial": {"fc1.weight": initial}, "final": {"fc1.weight": final}}

    state = made(PAPER, arrays=arrays)
    assert measured.size_of_survivors(state, "fc1.weight") == pytest.approx(3 / 2)
    assert measured.moved_further(state, "fc1.weight") == pytest.approx(5, rel=1e-3)
    assert measured.unevenness(state, "fc1.weight", 0) == pytest.approx(1)  # 4, 0, 4, 0, 4, 0: mean 2, spread 2
    assert measured.unevenness(state, "fc1.weight", 1) == 0
    assert measured.unevenness(made(PAPER), "fc1.weight", 1) is None
