"""The binder of charts to Bokeh."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import anywidget
import numpy as np
import traitlets
from bokeh.core.properties import value
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure
from bokeh.resources import Resources
from ipywidgets import widget_serialization

from explorer.places import place
from explorer.views.chart import COLUMNS, Chart, Mark, Tone
from explorer.views.compare import RUN_TONES

FONT = "Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, DejaVu Sans Condensed, sans-serif"
UNSEEN = "#00000000"  # until the browser has dressed the mark
WIDTHS: dict[Tone, float] = {"ticket": 3.0, "random-reinit": 2.0, "random-sparse": 2.2, "dense": 1.6}
WIDTHS |= dict.fromkeys(RUN_TONES.values(), 2.2)
DASHES: dict[Tone, list[int]] = {
    "random-reinit": [7, 4],
    "random-sparse": [2, 4],
    "run-b": [8, 4],
    "run-c": [2, 4],
    "run-d": [9, 3, 2, 3],
    "run-e": [16, 4],
    "run-f": [9, 3, 2, 3, 2, 3],
}
SHAPES: dict[Tone, str] = {
    "ticket": "circle",
    "random-reinit": "square",
    "random-sparse": "triangle",
    "dense": "diamond",
    "run-a": "circle",
    "run-b": "square",
    "run-c": "triangle",
    "run-d": "diamond",
    "run-e": "inverted_triangle",
    "run-f": "star",
}
SHAPE_PIXELS = {
    "circle": 9.0,
    "square": 8.0,
    "triangle": 9.5,
    "diamond": 11.0,
    "inverted_triangle": 9.5,
    "star": 13.0,
}
BANDS: dict[Tone, float] = {"ticket": 0.22, "dense": 0.14}


class BokehJS(anywidget.AnyWidget):
    """BokehJS itself, which every plot of a kernel shares and nothing has to fetch."""

    _esm = "export default {}"

    source = traitlets.Unicode(help="the script").tag(sync=True)


@cache
def bokehjs() -> BokehJS:
    """Return the one widget that carries BokehJS."""
    return BokehJS(source=Resources(mode="inline", components=["bokeh"]).js_raw[0])


class Plot(anywidget.AnyWidget):
    """Draws a `Chart` with Bokeh, in the colours and letters of the style sheet.

    The browser asks for the figure whenever it puts it on a page, and then gets the columns that differ from
    one chart to the next, all in one message; Bokeh's own document protocol is not needed for that.
    """

    _esm = place("assets", "plot.js")

    library = traitlets.Instance(BokehJS, help="BokehJS").tag(sync=True, **widget_serialization)
    brush: Any = traitlets.Any(None, help="the range of x that is brushed; None where none is").tag(sync=True)
    brushes = traitlets.Bool(False, help="whether one can drag over a range of x").tag(sync=True)

    def __init__(self, chart: Chart, **traits: Any) -> None:
        super().__init__(library=bokehjs(), **traits)
        self._brushed: Callable[[tuple[float, float] | None], None] = lambda brush: None
        self._pointed: Callable[[int | None, bool], None] = lambda note, click: None
        self.chart, self._numbers = chart, _numbers(chart)
        self.on_msg(self._received)

    def show(self, chart: Chart) -> None:
        """Send what differs from the chart that was shown last."""
        if chart is self.chart:
            return
        before, self.chart, self._numbers = self._numbers, chart, _numbers(chart)
        spans, columns = (
            {name: value for name, value in new.items() if value != old[name]}
            for old, new in zip(before, self._numbers, strict=True)
        )
        if spans or columns:
            self.send({"spans": spans, "columns": columns, **self._words()})

    def on_point(self, pointed: Callable[[int | None, bool], None]) -> None:
        """Call `pointed` with the number of the note that the pointer is at, and whether it was clicked."""
        self._pointed = pointed

    def on_brush(self, brushed: Callable[[tuple[float, float] | None], None]) -> None:
        """Let a person drag over the chart, and call `brushed` with the range of x; None when it is let go of."""
        self.brushes, self._brushed = True, brushed

    def _received(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        if "wants" in content:
            self._send_figure()
        elif "note" in content:
            self._pointed(content["note"], content["click"])
        elif "brush" in content:
            self._brushed(tuple(content["brush"]) if content["brush"] else None)

    def figure(self) -> Any:
        """Return the figure as BokehJS takes it."""
        return json_item(draw(self.chart))

    def content(self) -> Iterator[tuple[str, Any]]:
        """List what the chart holds, by the names of its spans and marks."""
        spans, columns = self._numbers
        yield from ((f"spans {name}", span) for name, span in spans.items())
        yield from ((f"columns {name}", data) for name, data in columns.items())
        yield from self._words().items()

    def _send_figure(self) -> None:
        self.send({"figure": self.figure(), **self._words()})

    def _words(self) -> dict[str, Any]:
        """Return what is said on hover, and what the chart shows, for those who cannot see it."""
        return {"notes": list(self.chart.notes), "summary": self.chart.summary}


def draw(chart: Chart) -> figure:
    """Return a chart as a Bokeh figure, in which each mark's source and each axis' range has its name."""
    x, *panels = (Range1d(start=low, end=high, name=name) for name, (low, high) in _numbers(chart)[0].items())
    plot = figure(
        name=chart.name,
        x_range=x,
        y_range=panels[0],
        sizing_mode="stretch_both",
        min_border=0,
        toolbar_location=None,
        tools="",
        outline_line_color=None,
        background_fill_color=None,
        border_fill_color=None,
    )
    plot.axis.visible = False
    plot.grid.visible = False
    for panel in panels[1:]:
        plot.extra_y_ranges[str(panel.name)] = panel
    for name, mark in chart.marks.items():
        _draw(plot, mark, ColumnDataSource(dict(mark.columns), name=name))
    return plot


def _numbers(chart: Chart) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what may change in a chart: its spans and its columns, by name, as JSON has them."""
    spans = {"x": chart.x} | {f"y{panel}": span for panel, span in enumerate(chart.panels)}
    return (
        {name: [span.low, span.high] for name, span in spans.items()},
        {name: _columns(mark) for name, mark in chart.marks.items()},
    )


def _columns(mark: Mark) -> dict[str, list[Any]]:
    """Return a mark's columns as JSON has them, which knows no NaN: a gap is None."""
    return {name: _plain(mark.columns[name]) for name in COLUMNS[mark.kind]}


def _plain(column: Any) -> list[Any]:
    entries = column.tolist() if isinstance(column, np.ndarray) else column
    return [entry if isinstance(entry, str) else None if math.isnan(entry) else float(entry) for entry in entries]


def _draw(plot: figure, mark: Mark, source: ColumnDataSource) -> None:
    """Draw one mark. Its colours and the size of its letters are the browser's: the tag names the tone."""
    tone = mark.tone
    width = mark.width if mark.width is not None else WIDTHS.get(tone, 1.0)
    where: dict[str, Any] = {"source": source, "level": "glyph", "tags": [tone]}
    if mark.panel:
        where["y_range_name"] = f"y{mark.panel}"
    match mark.kind:
        case "line":
            plot.line(
                "x",
                "y",
                line_color=UNSEEN,
                line_width=width,
                line_dash=DASHES.get(tone, []),
                line_join="round",
                **where,
            )
        case "band":
            plot.varea("x", "low", "high", fill_color=UNSEEN, fill_alpha=BANDS.get(tone, 0.15), **where)
        case "points":
            shape = SHAPES[tone]
            plot.scatter("x", "y", marker=shape, color=UNSEEN, size=SHAPE_PIXELS[shape] * mark.size, **where)
        case "rules":
            alpha = 0.4 if tone in SHAPES and width <= 1 else 1.0  # hairlines to the margin's labels
            plot.segment("x", "y", "x_end", "y_end", line_color=UNSEEN, line_width=width, line_alpha=alpha, **where)
        case "boxes":
            plot.quad("left", "right", "top", "bottom", fill_color=UNSEEN, line_color=None, **where)
        case "texts":
            plot.text(
                "x",
                "y",
                "text",
                text_color=UNSEEN,
                text_font=value(FONT),
                text_font_style="bold" if mark.bold else "normal",
                text_align=mark.align,
                text_baseline="middle",
                **where,
            )
