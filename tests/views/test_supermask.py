"""Test accuracy before training."""

from itertools import pairwise

import pytest

from explorer import search
from explorer.events import VARIANTS, Evaluated, Network, NetworkStarted
from explorer.state import State, fold_all
from explorer.views import Selection, supermask
from explorer.views.supermask import key, table
from tests.support import plain


def test_points_are_the_mean_of_the_first_evaluations(shared):
    chart = supermask(shared.live, Selection())
    for variant in VARIANTS:
        firsts = [
            [
                100 * event.test_accuracy
                for event in shared.events
                if isinstance(event, Evaluated) and event.iteration == 0 and event.network[::2] == (variant, level)
            ]
            for level in range(1, 5)
        ]
        assert [len(of_level) for of_level in firsts] == [2] * 4
        points, band = (chart.marks[f"{what} {variant} 0"].columns for what in ("points", "band"))
        assert points["y"] == pytest.approx([sum(of_level) / 2 for of_level in firsts])
        assert band["low"][1:] == pytest.approx([min(of_level) for of_level in firsts])
        assert band["high"][1:] == pytest.approx([max(of_level) for of_level in firsts])
    assert chart.marks["chance"].columns["y"] == [10]


def test_a_tickets_mask_tells_digits_apart_before_training_and_no_other_does(shared):
    shown = {v: supermask(shared.live, Selection()).marks[f"points {v} 0"].columns["y"] for v in VARIANTS}
    assert min(shown["ticket"]) > 30 > max(*shown["random-reinit"], *shown["random-sparse"])


def test_a_level_is_shown_from_when_all_of_its_networks_are_evaluated(moments):
    for moment in moments:
        for variant in VARIANTS:
            chart = supermask(moment.state, Selection())
            begun = [k for k in range(1, 5) if moment.evaluations(variant, k) and all(moment.evaluations(variant, k))]
            assert len(chart.marks[f"points {variant} 0"].columns["x"]) == len(begun)


def test_the_table_holds_the_points_and_where_training_begins(tiny):
    experiment = tiny.but(levels=2, replicates=1, iterations=20, rewind=7)
    state = fold_all(State(experiment), search(experiment, "cpu"))
    rows = table(state, Selection()).rows
    assert [row[2:4] for row in rows] == [
        ("dense", "0"),
        *2 * [("ticket", "7"), ("random reinit", "0"), ("random sparse", "0")],
    ]
    ticket = state.networks[Network("ticket", 0, 2)].evaluations[0]
    assert ticket.iteration == 7
    assert rows[4][4:] == 3 * (f"{100 * ticket.test_accuracy:.2f}",)


def test_the_note_says_what_tickets_begin_with(tiny):
    for settings, said in (
        ({}, "Masks on initial weights, and nothing trained."),
        ({"rewind": 7}, "Tickets begin at iteration 7, to which they are rewound."),
        ({"protocol": "continued"}, "Tickets begin with the trained weights of the level above."),
    ):
        assert supermask(State(tiny.but(**settings)), Selection()).marks["note"].columns["text"] == [said]


def test_the_axis_has_room_for_all_points_and_for_chance(moments, tiny):
    for state in (State(tiny), *(moment.state for moment in moments)):
        chart = supermask(state, Selection())
        heights = [
            y
            for name, mark in chart.marks.items()
            if name.startswith(("band", "chance"))
            for y in mark.columns.get("high", mark.columns.get("y"))
        ]
        assert max(heights) <= chart.panels[0].last


def test_the_key_changes_when_and_only_when_the_chart_does(moments):
    changed = 0
    for selection in (Selection(), Selection(level=1)):
        for one, two in pairwise(moments):
            same = key(one.state, selection) == key(two.state, selection)
            drawn = [plain(supermask(moment.state, selection)) for moment in (one, two)]
            assert not same or drawn[0] == drawn[1]
            changed += not same
    assert 0 < changed < 2 * len(moments)


def test_before_any_level_it_says_what_will_come(tiny):
    empty = State(tiny)
    begun = fold_all(
        empty, [NetworkStarted(Network("ticket", 0, 0)), Evaluated(Network("ticket", 0, 0), 0, *[0.1] * 6)]
    )
    for state in (empty, begun):
        assert supermask(state, Selection()).marks["waiting"].columns["text"] == [
            "A point is added when a level begins."
        ]
    assert supermask(begun, Selection()).marks["dense point"].columns["y"] == pytest.approx([10])
