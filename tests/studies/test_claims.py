"""A claim is judged by what was run, and says why where it cannot be."""

import pytest

from explorer import Experiment
from explorer.studies import Study
from explorer.studies.claims import Claim, judge
from tests.studies.made import made

PAPER = Experiment(levels=3, replicates=2)
STUDY = Study("own", "Own", "One of one's own.", (("one", PAPER), ("other", PAPER.but(seed=1))))
TALK = Study("own", "Own", "One of one's own.", (("one", PAPER.but(dataset="digits", iterations=1_000, prune=0.5)),))
SHORT = "too short: the dense networks' validation loss still fell at the end"


def number(found, accepted=(0.25, 0.75)):
    return Claim("tickets win by", ("one",), lambda state: found, 0.5, accepted, " points")


def order(found):
    return Claim("tickets win", ("one", "other"), lambda one, other: found)


@pytest.fixture(scope="module")
def states():
    return {label: made(experiment) for label, experiment in STUDY.experiments}


@pytest.mark.parametrize(
    ("found", "judgement"),
    [(0.25, "reproduced"), (0.75, "reproduced"), (0.24, "not reproduced"), (-1, "not reproduced")],
)
def test_a_number_is_reproduced_within_its_range(found, judgement, states):
    row = judge(number(found), STUDY, states)
    assert (row.paper, row.judgement, row.reason) == ("0.5 points", judgement, "0.25 points to 0.75 points counts")
    assert row.here == f"{found} points".replace("-", "\N{MINUS SIGN}")


@pytest.mark.parametrize(("found", "said", "judgement"), [(True, "yes", "reproduced"), (False, "no", "not reproduced")])
def test_an_order_holds_or_not(found, said, judgement, states):
    assert judge(order(found), STUDY, states)[1:] == ("yes", said, judgement, "")


def test_a_number_of_a_smaller_run_is_shown_and_not_judged():
    row = judge(number(0.5), TALK, {"one": made(TALK.experiments[0][1])})
    assert (row.here, row.judgement) == ("0.5 points", "not comparable")
    assert row.reason == "Digits (5,000 of MNIST), not MNIST, 1,000 iterations, not 50,000, levels of 50%, not 20%"


def test_a_density_that_levels_do_not_lead_to_is_not_judged():
    study = Study("own", "Own", "One of one's own.", (("one", PAPER),))  # three levels, down to 51.3%
    states = {"one": made(PAPER)}
    for paper, judgement, reason in (
        (5, "not comparable", "levels down to 51.3% only"),
        (50, "not reproduced", "up to 50% counts"),
    ):
        claim = Claim("tickets win down to", ("one",), lambda state: 51.3, paper, (0, paper), "%", of_density=True)
        row = judge(claim, study, states)
        assert (row.here, row.judgement, row.reason) == ("51.3%", judgement, reason)


def test_an_order_of_a_smaller_run_is_judged():
    claim = Claim("tickets win", ("one",), lambda one: True)
    assert judge(claim, TALK, {"one": made(TALK.experiments[0][1])}).judgement == "reproduced"


def test_what_cannot_be_judged_says_why(states):
    one = states["one"]
    unfinished = made(PAPER, ended=False)
    short = made(PAPER, stops=lambda network: PAPER.iterations)
    for claim, study, known, reason in (
        (order(True), STUDY, {"one": one}, "not finished: other"),
        (order(True), STUDY, {"one": unfinished, "other": unfinished}, "not finished: one, other"),
        (order(True), TALK, {"one": one}, "not part of this size"),
        (order(None), STUDY, states, "these runs do not show it"),
        (
            order(True),
            STUDY,
            states | {"other": short},
            "too short: the dense networks' validation loss still fell at the end",
        ),
    ):
        row = judge(claim, study, known)
        assert (row.judgement, row.reason) == ("not comparable", reason)


@pytest.mark.parametrize(
    ("accepted", "counts"),
    [((0.25, float("inf")), "0.25 points or more counts"), ((0, 0.7), "up to 0.7 points counts")],
)
def test_an_open_range_is_said_in_words(accepted, counts, states):
    assert judge(number(0.5, accepted), STUDY, states).reason == counts


def test_an_order_of_a_smaller_run_says_how_small_it_is():
    claim = Claim("tickets win", ("one",), lambda one: True)
    row = judge(claim, TALK, {"one": made(TALK.experiments[0][1])})
    assert row.reason.startswith("an order; Digits (5,000 of MNIST), not MNIST, 1,000 iterations")


def test_a_density_that_is_never_reached_is_said_in_a_word():
    claim = Claim("tickets fall below at", ("one",), lambda one: 0.0, 2.9, (1.8, 4.6), "%", of_density=True)
    assert claim.number(0.0) == "never"
    assert claim.number(2.9) == "2.9%"
