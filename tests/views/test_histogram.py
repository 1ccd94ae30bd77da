"""Histograms of surviving weights."""

import numpy as np
import pytest

from explorer.events import VARIANTS, Network, NetworkStarted, NetworkTrained, WeightsSeen
from explorer.state import State, fold_all
from explorer.views import Selection, histogram
from explorer.views.bins import BINS


def before(chart):
    """The counts that the outline of the initial weights shows."""
    steps = chart.marks["initial"].columns
    return np.asarray(steps["y"])[1:-1:2], np.asarray(steps["x"])[::2]


def after(chart):
    """The counts of the filled bars, bin by bin, as far as they fit into the chart."""
    bars, edges = chart.marks["trained"].columns, np.linspace(chart.x.first, chart.x.last, BINS + 1)
    counts = np.zeros(BINS)
    for left, right, top in zip(bars["left"], bars["right"], bars["top"], strict=True):
        counts[np.searchsorted(edges, (left + right) / 2) - 1] = top
    return counts


def plain_counts(values, reach):
    """As many as in each bin; what is outside is in none."""
    return np.histogram(values.astype(np.float64), np.linspace(-reach, reach, BINS + 1))[0]


@pytest.mark.parametrize("layer", ["fc1.weight", "fc2.weight", "fc3.weight"])
@pytest.mark.parametrize("level", [0, 1, 4])
def test_counts_are_those_of_the_survivors_within_range(shared, layer, level):
    shown = histogram(shared.live, Selection(level=level, layer=layer))
    assert shown.ready == (set(VARIANTS) if level else {"ticket"})
    for variant in shown.ready:
        chart, known = shown.charts[variant], shared.live.networks[Network(variant, 0, level)]
        mask, reach, top = known.masks[layer], chart.x.last, chart.panels[0].last
        counts, edges = before(chart)
        assert edges[0] == -reach
        for found, values in ((counts, known.initial[layer][mask]), (after(chart), known.final[layer][mask])):
            wanted = plain_counts(values, reach)
            if wanted.max() < top:
                assert found.sum() == (abs(values) < reach).sum()
            assert abs(found - np.minimum(wanted, top)).max() <= 2  # a value on an edge may fall to either side
        assert counts.sum() == mask.sum() == shared.experiment.survivors(level)[layer]


def test_weights_beyond_the_range_are_in_no_bin(tiny):
    network, shape = Network("ticket", 0, 0), (300, 36)
    masks = {"fc1.weight": np.ones(shape, bool)}
    initial = {"fc1.weight": np.full(shape, 0.01, np.float32)}
    values = np.linspace(-0.5, 0.5, 300 * 36, dtype=np.float32)
    state = fold_all(
        State(tiny),
        [
            NetworkStarted(network, masks, initial),
            NetworkTrained(network, masks, initial, {"fc1.weight": values.reshape(shape)}),
        ],
    )
    chart = histogram(state, Selection()).charts["ticket"]
    reach = chart.x.last
    assert reach == 0.2
    counts = after(chart)
    assert counts.sum() == (abs(values) < reach).sum()
    assert abs(counts - plain_counts(values, reach)).max() <= 2
    assert counts[0] == pytest.approx(counts[1:-1].mean(), abs=2)


def test_the_filled_bars_move_with_the_network_on_screen(shared):
    watched = Network("random-reinit", 1, 2)
    state, seen = State(shared.experiment), []
    for event in shared.events:
        state = fold_all(state, [event])
        if isinstance(event, WeightsSeen):
            chart = histogram(state, Selection(level=2, replicate=1)).charts["random-reinit"]
            values = event.weights["fc1.weight"][state.networks[watched].masks["fc1.weight"]]
            wanted = np.minimum(plain_counts(values, chart.x.last), chart.panels[0].last)
            assert abs(after(chart) - wanted).max() <= 2
            seen.append(tuple(after(chart)))
    assert len(set(seen)) == len(shared.experiment.evaluations)


def test_the_range_stays_while_a_level_trains(few):
    for level in (0, 2):
        ranges = {
            (chart.x, chart.panels)
            for moment in few
            if moment.started("random-sparse" if level else "ticket", level)
            for chart in histogram(moment.state, Selection(level=level)).charts.values()
        }
        assert len(ranges) == 1


def test_the_sentence_gives_each_variants_count_and_spread(shared):
    said = histogram(shared.live, Selection(level=3)).summary
    for variant, name in zip(VARIANTS, ("ticket", "random reinit", "random sparse"), strict=True):
        known = shared.live.networks[Network(variant, 0, 3)]
        mask = known.masks["fc1.weight"]
        spreads = [known.initial["fc1.weight"][mask].std(), known.final["fc1.weight"][mask].std()]
        assert f"{name} {mask.sum():,} weights, spread {spreads[0]:.3f} to {spreads[1]:.3f}" in said


def test_before_the_first_network_nothing_is_drawn(moments):
    shown = histogram(moments[0].state, Selection())
    assert shown.ready == frozenset()
    assert all(not len(chart.marks["initial"].columns["x"]) for chart in shown.charts.values())
