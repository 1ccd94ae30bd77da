"""The binder of charts to Bokeh, against a browser that is a dictionary."""

import json
import math
import re
from typing import get_args

import pytest

from explorer import places
from explorer.state import State, fold
from explorer.views import Selection, accuracy, density
from explorer.views.chart import COLUMNS, RunTone
from explorer.widgets.plot import DASHES, SHAPES, Plot, draw


def plain(chart):
    """What a browser should hold: every mark's columns, gaps as None."""
    gap = lambda entry: None if isinstance(entry, float) and math.isnan(entry) else entry  # noqa: E731
    return {n: {c: [gap(e) for e in list(m.columns[c])] for c in COLUMNS[m.kind]} for n, m in chart.marks.items()}


@pytest.mark.parametrize("view", [accuracy, density])
def test_the_changes_add_up_to_the_chart(shared, view, monkeypatch):
    state = State(shared.experiment)
    plot = Plot(view(state, Selection()))
    sent = []
    monkeypatch.setattr(plot, "send", lambda message: sent.append(json.loads(json.dumps(message, allow_nan=False))))
    held, spans = plain(view(state, Selection())), {}
    for place, event in enumerate(shared.events):
        state = fold(state, event)
        if place % 25 == 0 or place == len(shared.events) - 1:
            plot.show(view(state, Selection()))
    for message in sent:
        held |= message["columns"]
        spans |= message["spans"]
    last = view(state, Selection())
    assert held == plain(last)
    for name, (low, high) in spans.items():
        span = last.x if name == "x" else last.panels[int(name[1:])]
        assert (low, high) == (span.low, span.high)
    sent.clear()
    plot.show(last)
    assert sent == [], "what has not changed is not sent"


def test_a_figure_made_later_shows_what_is_known_by_then(shared, monkeypatch):
    plot = Plot(accuracy(State(shared.experiment), Selection()))
    sent = []
    monkeypatch.setattr(plot, "send", sent.append)
    last = accuracy(shared.live, Selection())
    plot.show(last)
    plot._handle_custom_msg({"wants": "figure"}, [])
    figure = sent[-1]["figure"]
    assert "line ticket" in json.dumps(figure)
    made = draw(last)
    sources = {renderer.data_source.name: renderer.data_source for renderer in made.renderers}
    assert list(sources) == list(last.marks)
    assert list(sources["line ticket"].data["x"]) == list(last.marks["line ticket"].columns["x"])


def contrast(one, two):
    """How much one colour stands out from another, from 1 to 21 (WCAG 2, relative luminance)."""

    def luminance(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_can_be_told_from_what_it_stands_on(theme):
    style = places.place("assets", "explorer.css").read_text()
    palettes = re.findall(rf"\.lt-{theme} {{([^}}]*)}}", style)
    colours = dict(re.findall(r"--lt-([\w-]+): (#[0-9a-f]{6});", "".join(palettes)))
    marks = [*SHAPES, "axis", "ink"]
    texts = [*(f"{tone}-text" for tone in SHAPES), "ink", "muted", "error"]
    for ground in ("page", "side", "selection"):
        grounds = colours[ground]
        assert [m for m in marks if (ground == "page" or "run" not in m) and contrast(colours[m], grounds) < 3] == []
        assert [t for t in texts if (ground == "page" or "run" not in t) and contrast(colours[t], grounds) < 4.5] == []
    assert contrast(colours["error"], colours["error-page"]) >= 4.5


def test_no_two_runs_differ_in_colour_alone():
    runs = get_args(RunTone)
    assert len({tuple(DASHES.get(tone, [])) for tone in runs}) == len({SHAPES[tone] for tone in runs}) == len(runs)
