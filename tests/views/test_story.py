"""The sentence and the verdict, in numbers."""

import re
import statistics

import pytest

from explorer.events import VARIANTS, Ended
from explorer.state import State, fold
from explorer.views import Selection
from explorer.views.story import result, story
from explorer.views.verdict import verdict

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
                else:
                    reached = [*zip(*of_networks, strict=False)][-1:]
                    reached = reached[0] if reached else []
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


def test_the_verdict_is_told_in_its_numbers(moments):
    told = set()
    for moment in moments:
        found, said = verdict(moment.state), result(moment.state)
        if not all(moment.trained(variant, 1) for variant in VARIANTS):
            assert said is None
        elif found is None:
            assert said.headline == "No winning ticket"
        else:
            density = f"{100 * moment.state.experiment.density(found.level):.1f}%"
            assert (said.about, said.headline) == ("Winning tickets down to", density)
            numbers = " ".join(said.numbers)
            assert f"{found.accuracy.mean:.1f}% ({found.accuracy.low:.1f}–{found.accuracy.high:.1f})" in numbers
            assert f"early stop at {found.iteration.mean:.0f}" in numbers
            assert "n = 2" in numbers
        told.add(said and said.headline)
    assert len(told) >= 2
