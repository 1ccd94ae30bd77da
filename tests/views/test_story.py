"""The sentence and the verdict, in numbers."""

import re
import statistics
from dataclasses import replace

import pytest

from explorer import Run
from explorer.events import VARIANTS, Ended
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.state import State, fold
from explorer.views import Selection
from explorer.views.story import caption, introduction, parting, result, story
from explorer.views.verdict import missed, verdict
from tests.support import state_of

MEASURES = {
    "final": lambda evaluations: evaluations[-1],
    "early stop": lambda evaluations: min(evaluations, key=lambda one: (one.validation_loss, one.iteration)),
}


def text(sentence):
    return "".join(said.text for said in sentence)


@pytest.mark.parametrize("measure", MEASURES)
def test_its_numbers_are_the_means(moments, shared, measure):
    said = 0
    for moment in moments:
        for level in range(1, 5):
            sentence = text(story(moment.state, Selection(level=level, measure=measure)))
            done = all(moment.trained(variant, level) for variant in VARIANTS)
            wanted = [100 * shared.experiment.density(level)]
            for variant in VARIANTS:
                of_networks = moment.evaluations(variant, level)
                if done:
                    reached = [MEASURES[measure](one) for one in of_networks]
                else:  # at the newest iteration that all networks of all three variants have reached
                    together = min((len(one) for v in VARIANTS for one in moment.evaluations(v, level)), default=0)
                    reached = [one[together - 1] for one in of_networks] if together else []
                if reached:
                    wanted.append(100 * statistics.fmean(one.test_accuracy for one in reached))
            if len(wanted) == 4:
                found = [float(number) for number in re.findall(r"(\d+\.\d)%", sentence)]
                assert found == pytest.approx(wanted, abs=0.0501)
                assert sentence.startswith("At " if done else "So far, at ")
                said += 1
    assert said > 40


def test_of_the_dense_network_it_gives_the_one_accuracy(moments):
    for moment in moments:
        sentence = text(story(moment.state, Selection(level=0)))
        together = [*zip(*moment.evaluations("ticket", 0), strict=False)][-1:]
        if together:
            reached = 100 * statistics.fmean(one.test_accuracy for one in together[0])
            (found,) = re.findall(r"266,200 weights, reaches (\d+\.\d)%\.$", sentence)
            assert float(found) == pytest.approx(reached, abs=0.0501)


def test_before_the_start_it_asks_to_start(shared):
    assert "Press Start" in text(story(State(shared.experiment), Selection()))


def test_a_failure_is_told_instead(shared):
    message = "Failed at level 2: the disk is full. 2 finished levels kept; mend the cause, then start again."
    assert text(story(fold(shared.live, Ended("failed", message)), Selection())) == message


def test_a_run_whose_dense_networks_were_cut_short_has_no_verdict(moments, shared):
    told = set()
    for moment in moments:
        said = result(moment.state)
        if not all(moment.trained(variant, 1) for variant in VARIANTS):
            assert said is None
        else:
            dense = [known.early_stop.iteration for known in moment.state.find("ticket", 0).values()]
            assert set(dense) == {shared.experiment.iterations}, "this run is that short"
            assert said.headline == "Too short to tell"
        told.add(said and said.headline)
    assert told == {None, "Too short to tell"}


def test_the_verdict_is_told_in_its_numbers():
    state = Run.open(place("assets", "recorded", DEFAULT)).state
    found, said = verdict(state), result(state)
    density = f"{100 * state.experiment.density(found.level):.1f}%"
    assert (said.about, said.headline) == ("Winning tickets down to", density)
    numbers = " ".join(said.numbers)
    assert f"{found.accuracy.mean:.1f}% ({found.accuracy.low:.1f}–{found.accuracy.high:.1f})" in numbers
    assert f"early stop at {found.iteration.mean:.0f}" in numbers
    assert "n = 3" in numbers
    miss, longest = missed(state), max(known.early_stop.iteration for known in state.find("ticket", 0).values())
    assert miss.level == found.level + 1
    left = f"{100 * state.experiment.density(miss.level):.1f}%"
    assert f"{left} stops at {miss.iteration.mean:.0f}, dense by {longest}" in numbers
    assert result(replace(state, ended=Ended("cancelled"))).about == "So far, winning tickets down to"


@pytest.mark.parametrize(
    ("levels", "lenient", "strict"),
    [
        ([(90, 30), (89, 30), (87, 30)], 2, 1),  # as accurate as the mean, as the lowest, as none
        ([(90, 30), (90, 40), (90, 50)], 2, 1),  # as early as the mean, as the latest, as none
        ([(89, 20), (91, 20)], 2, 0),  # what misses once is not made up for
        ([(95, 20), (95, 20)], 2, 2),
        ([(85, 20), (95, 20)], 0, 0),
    ],
)
def test_the_strict_verdict_stands_beside_the_headline(tiny, levels, lenient, strict):
    experiment = tiny.but(levels=len(levels), iterations=100)
    measured = {("ticket", level): [values] * 2 for level, values in enumerate(levels, 1)}
    state = state_of(experiment, measured | {("ticket", 0): [(88, 20), (92, 40)]})
    said = result(fold(state, Ended("finished")))
    left = ["none", *(f"{100 * experiment.density(level):.1f}%" for level in range(1, len(levels) + 1))]
    if lenient:
        assert (said.headline, said.strictly) == (left[lenient], left[strict])
        assert said.line.startswith(
            f"Winning tickets down to {left[lenient]}; strictly, by the dense mean: {left[strict]}; "
        )
        assert said.brief == f"Winning tickets down to {left[lenient]} (strictly {left[strict]})"
    else:
        assert said.brief == "No winning ticket", "and so none strictly"
        assert "strictly" not in said.line


def test_one_dense_network_has_no_range_and_one_verdict(tiny):
    state = state_of(tiny, {("ticket", 0): [(90, 20)], ("ticket", 1): [(90, 20)]})
    assert result(state).strictly == ""
    assert "compared exactly" in result(state).line


def test_only_what_matches_still_reaches_its_accuracy():
    state = Run.open(place("assets", "recorded", DEFAULT)).state
    last = verdict(state).level
    for level in range(1, state.experiment.levels + 1):
        assert ("still reaches" in text(story(state, Selection(level=level)))) == (level <= last)


def test_a_recorded_search_is_introduced_by_its_verdict_and_where_the_ticket_parts_from_its_controls(shared):
    state = Run.open(place("assets", "recorded", DEFAULT)).state
    said = text(introduction(state, Selection()))
    matches, parts = (f"{100 * state.experiment.density(at):.1f}%" for at in (verdict(state).level, parting(state)))
    assert re.findall(r"\d+\.\d%", said) == [matches, parts]
    for level in range(parting(state), state.experiment.levels + 1):
        lowest = min(known.last.test_accuracy for known in state.find("ticket", level).values())
        for control in VARIANTS[1:]:
            assert max(known.last.test_accuracy for known in state.find(control, level).values()) < lowest
    assert text(introduction(state, Selection(level=2))).startswith("A recorded search. At 33.7% of its weights")
    assert text(introduction(shared.live, Selection())) == f"A recorded search. {text(story(shared.live, Selection()))}"


@pytest.mark.parametrize(
    ("view", "drawn"),
    [("density", "mean and lowest to highest of 2 replicates"), ("masks", "replicate 2 of 2"), ("", "mean and lowest")],
)
def test_a_presented_view_says_whose_networks_it_draws(shared, view, drawn):
    assert caption(shared.live, Selection(presents=view, replicate=1))[1].startswith(drawn)
