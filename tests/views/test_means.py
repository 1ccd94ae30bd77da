"""Means, curves and the verdict, recomputed plainly from events."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.events import VARIANTS, Network
from explorer.measures import early_stop_iteration, mean
from explorer.views import Selection, accuracy, density
from explorer.views.means import accuracy_range, curve, early_stop_accuracy, final_accuracy
from explorer.views.verdict import missed, verdict
from tests.support import state_of

LEVELS = range(5)


def stop(evaluations):
    """The first evaluation with the least validation loss."""
    least = min(one.validation_loss for one in evaluations)
    return next(one for one in evaluations if one.validation_loss == least)


MEASURES = {
    final_accuracy: lambda evaluations: 100 * evaluations[-1].test_accuracy,
    early_stop_accuracy: lambda evaluations: 100 * stop(evaluations).test_accuracy,
    early_stop_iteration: lambda evaluations: stop(evaluations).iteration,
}


def plain_curve(moment, variant, level):
    """Iterations and (mean, lowest, highest) accuracy in per cent, where all replicates have been."""
    of_networks = moment.evaluations(variant, level)
    reached = list(zip(*of_networks, strict=False))
    points = [[100 * one.test_accuracy for one in together] for together in reached]
    iterations = [together[0].iteration for together in reached]
    return iterations, [(statistics.fmean(p), min(p), max(p)) for p in points]


def test_a_curve_is_the_mean_where_all_replicates_have_been(moments):
    for moment in moments:
        for variant in VARIANTS:
            for level in LEVELS:
                iterations, points = plain_curve(moment, variant, level)
                found = curve(moment.state, variant, level)
                assert list(found.iterations) == iterations
                assert np.allclose(np.transpose([found.mean, found.low, found.high]), np.reshape(points, (-1, 3)))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_mean_is_over_replicates_once_all_are_trained(measure, moments):
    for moment in moments:
        for variant in VARIANTS:
            for level in LEVELS:
                found = mean(moment.state, variant, level, measure)
                if moment.trained(variant, level):
                    values = [MEASURES[measure](one) for one in moment.evaluations(variant, level)]
                    assert found == pytest.approx((statistics.fmean(values), min(values), max(values)))
                else:
                    assert found is None


def test_the_accuracy_chart_draws_the_curves_of_its_level(moments):
    for moment in moments:
        for level in (1, 4):
            chart = accuracy(moment.state, Selection(level=level))
            for tone, variant, of in (("dense", "ticket", 0), *((v, v, level) for v in VARIANTS)):
                iterations, points = plain_curve(moment, variant, of)
                low = chart.panels[0].first
                above = [(i, p[0]) for i, p in zip(iterations, points, strict=True) if p[0] >= low]
                line, band = chart.marks[f"line {tone}"].columns, chart.marks[f"band {tone}"].columns
                drawn = list(zip(line["x"], line["y"], strict=True))
                assert all(any(np.allclose(point, other) for other in drawn) for point in above)
                assert list(band["x"]) == iterations
                assert np.allclose(band["low"], [max(p[1], low) for p in points])
                assert np.allclose(band["high"], [max(p[2], low) for p in points])
                label = chart.marks[f"label {tone} 0"].columns["text"]
                assert [f"{points[-1][0]:.1f}" in text for text in label] == ([True] if points else [])


@pytest.mark.parametrize("measure", ["final", "early stop"])
def test_the_density_chart_has_a_point_for_every_level_that_is_done(measure, moments, shared):
    recompute = {"final": MEASURES[final_accuracy], "early stop": MEASURES[early_stop_accuracy]}[measure]
    for moment in moments:
        chart = density(moment.state, Selection(measure=measure))
        for panel, of_network in enumerate((recompute, MEASURES[early_stop_iteration])):
            for variant in VARIANTS:
                wanted = {}
                done = [level for level in LEVELS[1:] if moment.trained(variant, level)]
                for level in done:
                    value = statistics.fmean(of_network(one) for one in moment.evaluations(variant, level))
                    wanted[-np.log10(shared.experiment.density(level))] = value
                low = chart.panels[panel].first
                points = chart.marks[f"points {variant} {panel}"].columns
                above = [(place, value) for place, value in wanted.items() if value >= low]
                assert np.allclose(np.transpose([points["x"], points["y"]]), np.reshape(above, (-1, 2)))
    assert done == [1, 2, 3, 4]


def test_the_axis_is_the_data_sets_own_unless_the_dense_network_misses_it(moments, tiny):
    assert {accuracy_range(moment.state) for moment in moments} == {(84, 95)}
    assert accuracy_range(state_of(tiny, {("ticket", 0): [(90, 20)]})) == (20, 90)
    assert accuracy_range(state_of(tiny, {("ticket", 0): [(21, 20)]})) == (0, 100)


def test_diverged_networks_are_left_out_of_means_and_counted(tiny):
    lost = Network("random-reinit", 1, 1)
    measured = {("ticket", 0): [(90, 20)] * 2, ("random-reinit", 1): [(80, 40), (10, 0)]}
    state = state_of(tiny, measured, {lost})
    assert mean(state, "random-reinit", 1, final_accuracy) == pytest.approx((80, 80, 80))
    assert list(curve(state, "random-reinit", 1).mean) == [80]
    assert state.diverged == 1
    assert mean(state_of(tiny, measured), "random-reinit", 1, final_accuracy) == pytest.approx((45, 10, 80))


def test_a_variant_whose_networks_all_diverged_has_no_mean(tiny):
    measured = {("ticket", 0): [(90, 20)], ("random-reinit", 1): [(10, 0)]}
    state = state_of(tiny, measured, {Network("random-reinit", 0, 1)})
    assert mean(state, "random-reinit", 1, final_accuracy) is None
    assert list(curve(state, "random-reinit", 1).mean) == []


def test_a_variants_line_goes_on_after_a_level_in_which_all_of_it_diverged(tiny):
    experiment = tiny.but(levels=3)
    lost = {Network("random-sparse", replicate, 2) for replicate in range(2)}
    measured = {("ticket", 0): [(88, 20)] * 2}
    measured |= {(v, level): [(80, 20)] * 2 for level in (1, 2, 3) for v in VARIANTS}
    chart = density(state_of(experiment, measured, lost), Selection(level=2))
    places = {level: -math.log10(experiment.density(level)) for level in range(4)}
    points = {v: list(chart.marks[f"points {v} 0"].columns["x"]) for v in VARIANTS}
    assert points["ticket"] == [places[1], places[2], places[3]]
    assert points["random-sparse"] == [places[1], places[3]]
    assert chart.marks["value random-sparse"].columns["text"] == []
    assert "Random sparse" not in dict(chart.notes)[places[2]]
    assert "Random sparse 80.0" in dict(chart.notes)[places[3]]


@pytest.mark.parametrize("percents", [(80, 60, 40), (84, 20, 19), (70, 70, 70), (89.9, 89.8, 20)])
def test_the_values_of_a_level_stand_apart(tiny, percents):
    measured = {("ticket", 0): [(90, 20)] * 2}
    measured |= {(v, 1): [(percent, 20)] * 2 for v, percent in zip(VARIANTS, percents, strict=True)}
    chart = density(state_of(tiny, measured), Selection(level=1))
    panel = chart.panels[0]
    heights = [chart.marks[f"value {v}"].columns["y"][0] for v in VARIANTS]
    assert heights == sorted(heights, reverse=True)
    assert all(one - two > panel.share(0.04) for one, two in pairwise(heights))
    assert all(panel.first < height <= panel.last for height in heights)


pairs = st.lists(st.tuples(st.integers(85, 95), st.sampled_from([0, 20, 40])), min_size=2, max_size=2)


@given(st.lists(pairs, min_size=1, max_size=4))
def test_the_verdict_is_the_last_level_before_the_first_that_does_not_match(tiny, replicates):
    state = state_of(tiny.but(levels=3), {("ticket", level): values for level, values in enumerate(replicates)})
    dense = replicates[0]
    matching = 0
    for values in replicates[1:]:
        accuracy, iteration = (statistics.fmean(column) for column in zip(*values, strict=True))
        if accuracy < min(a for a, _ in dense) - 1e-9 or iteration > max(i for _, i in dense):
            break
        matching += 1
    found = verdict(state)
    assert (found.level if found else 0) == matching
    if found:
        assert found.accuracy.mean == pytest.approx(statistics.fmean(a for a, _ in replicates[matching]))
        assert found.dense_iteration.high == max(i for _, i in dense)
    miss = missed(state)
    assert (miss.level if miss else None) == (matching + 1 if matching + 1 < len(replicates) else None)
    if miss:
        worse, later = not miss.as_accurate, not miss.as_early
        assert worse == (accuracy < min(a for a, _ in dense) - 1e-9)
        assert later == (iteration > max(i for _, i in dense))


@given(st.lists(pairs, min_size=2, max_size=4))
def test_the_strict_verdict_goes_by_the_dense_mean(tiny, replicates):
    state = state_of(tiny.but(levels=3), {("ticket", level): values for level, values in enumerate(replicates)})
    (accuracy, iteration), *levels = ([statistics.fmean(column) for column in zip(*v, strict=True)] for v in replicates)
    misses = [level for level, (a, i) in enumerate(levels, 1) if a < accuracy - 1e-9 or i > iteration]
    strict, lenient = verdict(state, strict=True), verdict(state)
    assert (strict.level if strict else 0) == min(misses, default=len(replicates)) - 1
    assert (strict.level if strict else 0) <= (lenient.level if lenient else 0)


def test_without_a_trained_dense_network_there_is_no_verdict(moments):
    assert verdict(moments[0].state) is None
    for moment in moments:
        if not moment.trained("ticket", 0):
            assert verdict(moment.state) is None
