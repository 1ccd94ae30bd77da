"""The error barrier between two trainings of a ticket."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import Run, search
from explorer.algorithm import order
from explorer.events import Diverged, Ended, Evaluated, Interpolated, Network, NetworkStarted, NetworkTrained
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.state import State, fold, fold_all
from explorer.views import Selection, connectivity
from explorer.views.connectivity import barrier, key, table
from tests.support import is_one_sentence, plain

PLACES = (0.0, 0.25, 1.0)


def together(networks):
    """What happens to the networks of a level: all begin, then each ends, some at the end of a line."""
    yield from map(NetworkStarted, networks)
    for network in networks:
        yield Evaluated(network, 0, *[0.5] * 6)
    for network in networks:
        if network.variant == "ticket" and network[1:] in LINES:
            train, test = LINES[network[1:]]
            yield Interpolated(network, PLACES, (1.0, 1.0, 1.0), train, (1.0, 1.0, 1.0), test)
        yield NetworkTrained(network)


LINES = {  # by (replicate, level, draw): accuracies on training and on test images
    (0, 0, 1): ((1.0, 0.9, 1.0), (0.9, 0.7, 0.8)),  # barriers of 10 and 15 points
    (1, 0, 1): ((1.0, 1.0, 1.0), (0.9, 0.85, 0.9)),  # 0 and 5
    (0, 1, 1): ((1.0, 1.0, 0.98), (0.9, 0.89, 0.92)),  # 1 and 2
    (1, 1, 1): ((1.0, 1.0, 1.0), (0.9, 0.95, 0.9)),  # 0 and 0
}


@pytest.fixture(scope="module")
def twice(tiny):
    return tiny.but(levels=2, replicates=2, ticket_draws=2)


@pytest.fixture(scope="module")
def states(twice):
    """Every state of a search that is cancelled after level 1."""
    states = [State(twice)]
    for population in order(twice)[:2]:
        for event in together(population):
            states.append(fold(states[-1], event))
    return [*states, fold(states[-1], Ended("cancelled"))]


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=12))
def test_a_barrier_is_the_highest_error_less_the_mean_of_the_ends(right):
    accuracy = [number / 1000 for number in right]
    errors = [100 * (1 - share) for share in accuracy]
    assert barrier(accuracy) == pytest.approx(max(errors) - (errors[0] + errors[-1]) / 2)
    assert barrier(accuracy) >= -1e-9


def test_points_are_the_mean_barriers_of_test_error_with_their_range(states, twice):
    chart = connectivity(states[-1], Selection())
    assert chart.marks["dense point"].columns["y"] == pytest.approx([10])
    assert chart.marks["points ticket 0"].columns["y"] == pytest.approx([1])
    band = chart.marks["band ticket 0"].columns
    assert (band["low"], band["high"]) == (pytest.approx([5, 0]), pytest.approx([15, 2]))
    assert chart.panels[0].last >= 15
    assert chart.marks["stable"].columns["y"] == [2.0]
    assert chart.marks["waiting"].columns["text"] == [""]


def test_the_lower_panel_holds_the_error_along_the_lines_of_the_level_on_screen(states):
    for level, errors in ((0, (10, 22.5, 15)), (1, (10, 8, 9))):
        chart = connectivity(states[-1], Selection(level=level))
        tone = "ticket" if level else "dense"
        line, band = (chart.marks[f"{what} along {tone}"].columns for what in ("line", "band"))
        assert line["y"] == pytest.approx(errors)
        assert (band["low"][1], band["high"][1]) == pytest.approx((15, 30) if level == 0 else (5, 11))
        x = chart.x
        assert [(at - x.first) / (x.last - x.first) for at in line["x"]] == pytest.approx(PLACES)
        assert len(chart.marks["line along ticket"].columns["x"]) == (3 if level else 0)
        assert len(chart.marks["line along dense"].columns["x"]) == 3
    assert not len(connectivity(states[-1], Selection(level=2)).marks["line along ticket"].columns["x"])


def test_the_table_has_both_barriers_and_says_where_training_is_stable(states):
    made = table(states[-1], Selection())
    assert made.rows == (
        ("0", "100.0", "2", "10.00", "5.00", "15.00", "5.00", "0.00", "10.00", "no"),
        ("1", made.rows[1][1], "2", "1.00", "0.00", "2.00", "0.50", "0.00", "1.00", "yes"),
    )
    (_, dense), (_, ticket), (_, none) = connectivity(states[-1], Selection()).notes
    assert "Barrier 10.0 (5.0–15.0), not stable" in dense
    assert "Barrier 1.0 (0.0–2.0), stable" in ticket
    assert "Barrier" not in none


def test_a_level_is_shown_when_all_of_its_tickets_are_trained(states):
    for state in states:
        trained = [
            level for level in (0, 1) if len([k for k in state.find("ticket", level).values() if k.trained]) == 4
        ]
        assert [int(row[0]) for row in table(state, Selection()).rows] == trained


def test_a_draw_that_diverged_has_no_line(twice):
    lost = Network("ticket", 1, 0, 1)
    events = [event for event in together(order(twice)[0]) if event.network != lost]
    state = fold_all(State(twice), [NetworkStarted(lost), *events, Diverged(lost, 20)])
    assert connectivity(state, Selection()).marks["dense point"].columns["y"] == pytest.approx([15])
    assert [row[2] for row in table(state, Selection()).rows] == ["1"]


def test_where_nothing_is_drawn_the_chart_says_why(tiny, twice, states):
    recorded = Run.open(place("assets", "recorded", DEFAULT)).state
    for state, why in (
        (recorded, "Train each ticket twice to see this: ticket_draws=2."),
        (State(tiny), "Train each ticket twice to see this: ticket_draws=2."),
        (State(twice), "A point is added when a level is done."),
        (fold(State(twice), Ended("cancelled")), "No line was measured."),
    ):
        chart = connectivity(state, Selection())
        assert chart.marks["waiting"].columns["text"] == [why]
        assert not any(len(next(iter(mark.columns.values()))) for name, mark in chart.marks.items() if "ticket" in name)
        assert is_one_sentence(chart.summary)
        assert table(state, Selection()).rows == ()


def test_the_key_changes_when_and_only_when_the_chart_does(states):
    changed = 0
    for one, two in pairwise(states):
        same = key(one, Selection(level=1)) == key(two, Selection(level=1))
        drawn = [plain(connectivity(state, Selection(level=1))) for state in (one, two)]
        assert not same or drawn[0] == drawn[1]
        changed += not same
    assert changed == 3  # a level of lines, another, and the end
    assert key(states[-1], Selection(level=0)) != key(states[-1], Selection(level=1))


def test_the_chart_of_a_real_run_holds_its_lines(tiny):
    experiment = tiny.but(levels=1, replicates=2, iterations=20, ticket_draws=3)
    state = fold_all(State(experiment), search(experiment, "cpu"))
    chart = connectivity(state, Selection(level=1))
    lines = [k.line.test_accuracy for n, k in state.networks.items() if n[0] == "ticket" and n.level == 1 and n.draw]
    assert len(lines) == 4
    errors = 100 * (1 - np.array(lines))
    assert chart.marks["line along ticket"].columns["y"] == pytest.approx(errors.mean(0))
    assert chart.marks["points ticket 0"].columns["y"] == pytest.approx([np.mean([barrier(line) for line in lines])])
    assert chart.summary.startswith("At 50.6% of the weights the barrier between two trainings is ")
