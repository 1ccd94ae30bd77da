"""Runs in one picture: the numbers of each, whatever the others are."""

import math

import numpy as np
import pytest

from explorer import Experiment, Run, search
from explorer.events import Network
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.state import State, fold
from explorer.views import compare
from explorer.views.chart import COLUMNS
from explorer.views.compare import RUN_TONES, table
from tests.support import is_one_sentence, plain

EMPTY = State(Experiment(dataset="digits", prune=0.5, levels=2, iterations=10))


@pytest.fixture(scope="module")
def recorded():
    return Run(place("assets", "recorded", DEFAULT), arrays=False)


@pytest.fixture(scope="module")
def pairs(shared, recorded, moments):
    """Runs that differ in settings and in how far they are, two and two."""
    begun = [moment.state for moment in moments[::9]]
    return [{"A": one, "C": recorded.state} for one in [*begun, EMPTY]] + [{}, dict.fromkeys(RUN_TONES, shared.live)]


def accuracies(run):
    """The mean, lowest and highest accuracy (per cent) of each level's tickets, out of pandas."""
    tickets = run.summary().query("variant == 'ticket'").groupby("level")["final_test_accuracy"]
    return {level: (100 * of.mean(), 100 * of.min(), 100 * of.max()) for level, of in tickets}


def test_each_run_is_drawn_at_its_own_densities_and_means(shared, recorded):
    runs = {"B": Run(shared.folder), "E": recorded}
    chart = compare({letter: run.state for letter, run in runs.items()})
    for letter, run in runs.items():
        expected = accuracies(run)
        for mark in ("line", "points"):
            drawn = chart.marks[f"{mark} {letter}"].columns
            assert drawn["x"] == pytest.approx([-math.log10(run.experiment.density(level)) for level in expected])
            assert drawn["y"] == pytest.approx([mean for mean, _, _ in expected.values()])
        assert chart.marks[f"dense {letter}"].columns["y"] == pytest.approx(2 * [expected[0][0]])
    for letter in set(RUN_TONES) - set(runs):
        assert all(len(chart.marks[f"{mark} {letter}"].columns["x"]) == 0 for mark in ("dense", "line", "points"))


def test_marks_keep_names_kinds_and_order_whatever_is_compared(pairs):
    shapes = [
        [(name, mark.kind, mark.tone, mark.width) for name, mark in compare(states).marks.items()] for states in pairs
    ]
    assert all(shape == shapes[0] for shape in shapes)
    for states in pairs:
        for name, mark in compare(states).marks.items():
            assert set(mark.columns) == set(COLUMNS[mark.kind]), name
            assert len({len(column) for column in mark.columns.values()}) == 1, name


def test_all_that_is_drawn_lies_in_the_picture(pairs):
    for states in pairs:
        chart = compare(states)
        y = chart.panels[0]
        for mark in chart.marks.values():
            for name, column in mark.columns.items():
                if name != "text":
                    span = chart.x if name.startswith("x") else y
                    drawn = np.array(column, float)
                    assert np.all(np.isnan(drawn) | ((drawn >= span.low) & (drawn <= span.high)))


def test_ticks_are_some_and_do_not_touch(pairs):
    for states in pairs:
        chart = compare(states)
        ticks = chart.marks["x ticks"].columns["x"]
        assert 2 <= len(ticks) <= 16
        assert ticks == sorted(ticks)
        assert min(np.diff(ticks)) > chart.x.share(0.04)


def test_it_says_in_words_what_it_shows(pairs):
    for states in pairs:
        chart = compare(states)
        assert is_one_sentence(chart.summary)
        assert all(chart.x.low <= at <= chart.x.high and said for at, said in chart.notes)
        assert [at for at, _ in chart.notes] == sorted(at for at, _ in chart.notes)


def test_every_level_of_every_run_is_noted_once(shared, recorded):
    runs = {"A": Run(shared.folder), "B": recorded}
    said = "\n".join(text for _, text in compare({letter: run.state for letter, run in runs.items()}).notes)
    for letter, run in runs.items():
        for level, (mean, low, high) in accuracies(run).items():
            where = f"{100 * run.experiment.density(level):.1f}%, level {level}" if level else "dense"
            assert said.count(f"{letter}  {mean:.1f} ({low:.1f}–{high:.1f}), {where}") == 1


def test_runs_with_the_same_levels_share_their_notes(shared):
    notes = compare({"A": shared.live, "B": shared.live}).notes
    assert [text.splitlines()[0][2:] for _, text in notes] == [text.splitlines()[1][2:] for _, text in notes]
    assert len(notes) == shared.experiment.levels + 1


def test_a_level_that_is_not_done_and_one_that_diverged_leave_no_point(shared, tiny, explode):
    explode(Network("ticket", 0, 1), Network("ticket", 1, 1))
    state = State(tiny)
    for event in search(tiny, "cpu"):
        state = fold(state, event)
    assert list(compare({"A": state}).marks["points A"].columns["x"]) == [0.0]


def test_the_table_holds_the_same_numbers(shared, recorded):
    runs = {"A": Run(shared.folder), "B": recorded}
    found = table({letter: run.state for letter, run in runs.items()})
    expected = [
        (letter, f"{level}", *(f"{value:.2f}" for value in values))
        for letter, run in runs.items()
        for level, values in accuracies(run).items()
    ]
    assert [(run, level, *values) for run, level, _, *values in found.rows] == expected
    assert is_one_sentence(found.caption)
    assert all(len(row) == len(found.columns) for row in found.rows)


def test_it_is_a_function_of_the_states_and_of_their_letters(pairs, shared):
    for states in pairs:
        assert plain(compare(states)) == plain(compare(dict(reversed(states.items()))))
    assert plain(compare({"A": shared.live})) != plain(compare({"B": shared.live}))
