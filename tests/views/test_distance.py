"""How far weights moved."""

import numpy as np
import pytest

from explorer.events import VARIANTS, Network, NetworkStarted, NetworkTrained
from explorer.state import State, fold, fold_all
from explorer.views import Selection, distance
from explorer.views.bins import BINS


def heights(chart):
    """The shares that the filled bars show, bin by bin, and those of the outline."""
    bars, edges = chart.marks["trained"].columns, np.linspace(0, chart.x.last, BINS + 1)
    shares = np.zeros(BINS)
    for left, right, top in zip(bars["left"], bars["right"], bars["top"], strict=True):
        shares[np.searchsorted(edges, (left + right) / 2) - 1] = top
    return shares, np.asarray(chart.marks["initial"].columns["y"])[1:-1:2]


def plain_shares(values, reach):
    return 100 * np.histogram(values.astype(np.float64), np.linspace(0, reach, BINS + 1))[0] / len(values)


@pytest.mark.parametrize("layer", ["fc1.weight", "fc3.weight"])
@pytest.mark.parametrize("level", [0, 4])
def test_shares_are_those_of_the_survivors_by_distance_and_magnitude(shared, layer, level):
    shown = distance(shared.live, Selection(level=level, layer=layer))
    assert shown.ready == (set(VARIANTS) if level else {"ticket"})
    for variant in shown.ready:
        chart, known = shown.charts[variant], shared.live.networks[Network(variant, 0, level)]
        initial, final = (weights[layer][known.masks[layer]] for weights in (known.initial, known.final))
        top, one_weight = chart.panels[0].last, 100 / len(initial)
        moved, magnitude = heights(chart)
        wanted = plain_shares(abs(final - initial), chart.x.last)
        # A value on an edge may fall to either side.
        assert abs(moved - np.minimum(wanted, top)).max() <= 2 * one_weight + 1e-9
        assert abs(magnitude - plain_shares(abs(initial), chart.x.last)).max() <= 2 * one_weight + 1e-9
        said = chart.marks["beyond"].columns["text"]
        assert said == ([f"↑ {wanted.max():.0f}%"] if wanted.max() > top else [])
    said = f"ticket {abs(final - initial).mean():.3f} from a size of {abs(initial).mean():.3f}"
    assert said.partition(" ")[2] in shown.summary


def test_weights_that_did_not_move_are_all_in_the_first_bin(tiny):
    network, shape = Network("ticket", 0, 0), (300, 36)
    masks = {"fc1.weight": np.ones(shape, bool)}
    initial = {"fc1.weight": np.full(shape, 0.051, np.float32)}
    state = fold(State(tiny), NetworkStarted(network, masks, initial))
    shown = distance(state, Selection())
    assert not len(shown.charts["ticket"].marks["trained"].columns["top"])
    assert "nothing is trained yet" in shown.summary
    chart = distance(fold(state, NetworkTrained(network, masks, initial, initial)), Selection()).charts["ticket"]
    moved, magnitude = heights(chart)
    assert np.flatnonzero(moved).tolist() == [0]
    assert moved[0] == pytest.approx(100)
    assert magnitude[int(0.051 / 0.2 * BINS)] == pytest.approx(100)


def test_pruned_weights_do_not_count(tiny):
    network, shape = Network("ticket", 0, 1), (300, 36)
    mask = np.zeros(shape, bool)
    mask[:3] = True
    initial = np.where(mask, np.float32(0.011), np.float32(0))
    trained = NetworkTrained(network, {"fc1.weight": mask}, {"fc1.weight": initial}, {"fc1.weight": 8 * initial})
    state = fold_all(State(tiny), [NetworkStarted(network), trained])
    chart = distance(state, Selection(level=1)).charts["ticket"]
    moved, magnitude = heights(chart)
    assert np.flatnonzero(moved).tolist() == [int(0.077 / 0.2 * BINS)]
    assert np.flatnonzero(magnitude).tolist() == [int(0.011 / 0.2 * BINS)]
