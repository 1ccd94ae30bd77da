"""What holds for every view: it is a function of state and selection, and its charts keep their shape."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import Run
from explorer.events import VARIANTS
from explorer.views import (
    Selection,
    accuracy,
    connections,
    connectivity,
    density,
    distance,
    histogram,
    layers,
    masks,
    overlap,
    supermask,
    timing,
)
from explorer.views.chart import COLUMNS, MarginLabel, Span, clipped, margin_labels, round_step, ticks
from explorer.views.means import accuracy_range
from explorer.views.progress import progress, strip
from explorer.views.story import result, story
from tests.support import is_one_sentence, plain

SELECTIONS = [
    Selection(),
    Selection(level=0, measure="early stop"),
    Selection(level=2, layer="fc2.weight", variant="random-sparse", replicate=1),
    Selection(level=4, layer="fc3.weight", measure="early stop"),
]
CHARTS = {
    "accuracy": lambda state, selection: {"": accuracy(state, selection)},
    "density": lambda state, selection: {"": density(state, selection)},
    "overlap": lambda state, selection: {"": overlap(state, selection)},
    "connections": lambda state, selection: {"": connections(state, selection)},
    "timing": lambda state, selection: {"": timing(state, selection)},
    "connectivity": lambda state, selection: {"": connectivity(state, selection)},
    "supermask": lambda state, selection: {"": supermask(state, selection)},
    "histogram": lambda state, selection: histogram(state, selection).charts,
    "distance": lambda state, selection: distance(state, selection).charts,
}
READ_WEIGHTS = ("histogram", "distance", "connections", "overlap")  # which takes its time


def shape(charts):
    """What a screen is built from once: everything of a mark but its columns."""
    return [
        (name, title, mark.kind, mark.tone, mark.panel, mark.width, mark.size, mark.align, mark.bold)
        for name, chart in charts.items()
        for title, mark in chart.marks.items()
    ]


@pytest.mark.parametrize("view", CHARTS)
def test_marks_keep_names_kinds_and_order_in_every_state(view, moments, few):
    shapes = [
        shape(CHARTS[view](moment.state, selection))
        for moment in (few if view in READ_WEIGHTS else moments)
        for selection in SELECTIONS
    ]
    assert len(shapes[0]) > 5
    assert all(one == shapes[0] for one in shapes)


@pytest.mark.parametrize("view", CHARTS)
def test_a_marks_columns_are_those_of_its_kind_and_of_one_length(view, moments, few):
    for moment in few if view in READ_WEIGHTS else moments:
        for selection in SELECTIONS:
            for chart in CHARTS[view](moment.state, selection).values():
                for title, mark in chart.marks.items():
                    assert set(mark.columns) == set(COLUMNS[mark.kind]), title
                    assert len({len(column) for column in mark.columns.values()}) == 1, title
                    assert 0 <= mark.panel < len(chart.panels)


@pytest.mark.parametrize("view", CHARTS)
def test_a_chart_says_in_a_sentence_what_it_shows_and_notes_lie_on_its_axis(view, few):
    for moment in few:
        for selection in SELECTIONS:
            for chart in CHARTS[view](moment.state, selection).values():
                assert is_one_sentence(chart.summary)
                assert all(chart.x.low <= at <= chart.x.high and text for at, text in chart.notes)


def snapshot(state):
    """Everything in a state that a view could change."""
    return {
        network: (
            known.iteration,
            known.trained,
            known.diverged,
            known.evaluations,
            known.seen and [values.tobytes() for values in known.seen.weights.values()],
        )
        for network, known in state.networks.items()
    }


@pytest.mark.parametrize(
    "view",
    [
        accuracy,
        connections,
        connectivity,
        density,
        distance,
        histogram,
        layers,
        masks,
        overlap,
        story,
        supermask,
        timing,
    ],
)
def test_the_same_state_and_selection_give_the_same_and_nothing_is_changed(view, few):
    for moment in few:
        for selection in SELECTIONS[::2]:
            before = snapshot(moment.state)
            assert plain(view(moment.state, selection)) == plain(view(moment.state, selection))
            assert snapshot(moment.state) == before


@pytest.mark.parametrize("view", [strip, progress, result])
def test_views_without_a_selection_are_functions_of_the_state(view, moments):
    for moment in moments:
        assert plain(view(moment.state)) == plain(view(moment.state))


def test_no_view_shows_the_same_at_the_end_as_at_the_start(moments):
    first, last = moments[0].state, moments[-1].state
    for view in (accuracy, connections, density, distance, histogram, layers, masks, overlap, story, supermask, timing):
        assert plain(view(first, Selection())) != plain(view(last, Selection()))


@given(st.floats(-1e3, 1e3), st.floats(0.1, 1e3), st.floats(0, 0.4), st.floats(0, 0.4))
def test_a_spans_margins_are_shares_of_the_whole(first, length, before, after):
    span = Span.around(first, first + length, before, after)
    whole = span.high - span.low
    assert (span.first, span.last) == (first, first + length)
    assert span.first - span.low == pytest.approx(before * whole, abs=1e-9 * (1 + abs(first)))
    assert span.high - span.last == pytest.approx(after * whole, abs=1e-9 * (1 + abs(first)))
    assert span.share(0.5) == pytest.approx(whole / 2)


@given(st.floats(0, 100), st.floats(1, 100), st.integers(2, 8))
def test_ticks_are_a_few_multiples_of_a_round_number_within_the_axis(low, length, parts):
    step = round_step(length, parts)
    digits = f"{step:e}"[0]
    found = ticks(low, low + length, step)
    assert digits in "125"
    assert found
    assert len(found) <= 3 * parts
    assert all(low - 1e-6 <= tick <= low + length + 1e-6 for tick in found)
    assert all(abs(tick / step - round(tick / step)) < 1e-9 for tick in found)


@given(st.lists(st.floats(50, 110), min_size=1, max_size=4))
def test_margin_labels_keep_their_order_and_their_distance(heights):
    tones = ("dense", "ticket", "random-reinit", "random-sparse")[: len(heights)]
    labels = [MarginLabel(tone, 1.0, height, tone) for tone, height in zip(tones, heights, strict=True)]
    x, y = Span.around(0, 1, 0.1, 0.2), Span.around(80, 100, 0.1, 0.1)
    marks = margin_labels(labels, 1.1, x, y, gap=1.0)
    assert len(marks) == 8
    placed = {tone: marks[f"label {tone} 0"].columns for tone in tones}
    for tone, height in zip(tones, heights, strict=True):
        assert placed[tone]["text"] == [tone + (" ↓" if height < 80 else "")]
    by_height = sorted(tones, key=lambda tone: (min(max(heights[tones.index(tone)], 80), 100), placed[tone]["y"][0]))
    places = [placed[tone]["y"][0] for tone in by_height]
    assert places == sorted(places)
    assert all(two - one > 0.98 for one, two in pairwise(places))
    assert places[0] >= 80
    if len(heights) == 1 and 81 < heights[0] < 100:
        assert places == heights


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.floats(0, 100))
def test_a_clipped_line_stays_above_and_keeps_what_is_above(heights, low):
    x, y = np.arange(len(heights), dtype=float), np.array(heights)
    xs, ys = clipped(x, y, low)
    drawn = ~np.isnan(ys)
    assert (ys[drawn] >= low).all()
    assert {(a, b) for a, b in zip(x, y, strict=True) if b >= low} <= set(zip(xs[drawn], ys[drawn], strict=True))
    assert (np.diff(xs[drawn]) >= 0).all()
    assert np.allclose(np.interp(xs[drawn], x, y), ys[drawn])


@pytest.mark.parametrize("view", [accuracy, density])
def test_a_presented_view_keeps_its_marks_and_says_less(moments, view):
    for state, _ in moments:
        for level in (None, 0, 2):
            usual, presented = (view(state, Selection(level=level, presents=presents)) for presents in ("", "density"))
            assert [(n, m.kind, m.tone, m.panel) for n, m in usual.marks.items()] == [
                (n, m.kind, m.tone, m.panel) for n, m in presented.marks.items()
            ]
            written = [text for mark in presented.marks.values() for text in mark.columns.get("text", ())]
            more = [text for mark in usual.marks.values() for text in mark.columns.get("text", ())]
            assert len(written) < len(more)


def test_where_no_curve_is_drawn_the_chart_says_why(shared):
    history, said = Run.open(shared.folder).history, set()
    low = accuracy_range(shared.live)[0]
    for number in range(len(history.moments)):
        state = history.at(number)
        for level in range(5):
            chart = accuracy(state, Selection(level=level))
            tones = VARIANTS if level else ("dense",)
            drawn = any((np.nan_to_num(chart.marks[f"line {tone}"].columns["y"]) >= low).any() for tone in tones)
            (why,) = chart.marks["waiting"].columns["text"]
            assert bool(why) is not drawn
            said.add(why)
            for tone in tones:  # a marker stands where a curve has come to
                line, end = (chart.marks[f"{what} {tone}"].columns for what in ("line", "end"))
                if len(end["x"]):
                    assert (end["x"][-1], end["y"][-1]) == (line["x"][-1], line["y"][-1])
    assert f"Still below {low:g}%." in said
