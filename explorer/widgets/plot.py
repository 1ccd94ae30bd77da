"""The binder of charts to Bokeh."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from bokeh.core.properties import value
from bokeh.document.events import DocumentPatchedEvent
from bokeh.io import output_notebook
from bokeh.models import ColumnDataSource, Range, Range1d
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure
from bokeh.protocol import Protocol
from bokeh.resources import Resources
from IPython import get_ipython
from jupyter_bokeh import BokehModel

from explorer.views.chart import COLUMNS, Chart, Mark, Span, Tone

FONT = "Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, DejaVu Sans Condensed, sans-serif"
TEXT_PIXELS = {"small": 11.5, "middle": 12.0, "large": 14.0}

# Okabe–Ito marks, with darker shades of the same hue where a mark would be too light for text.
MARKS: dict[Tone, str] = {
    "ticket": "#D55E00",
    "random-reinit": "#0072B2",
    "random-sparse": "#009E73",
    "dense": "#767B82",
    "ink": "#1A1C20",
    "muted": "#5A5F66",
    "axis": "#85888C",
    "grid": "#ECEAE4",
    "selection": "#F1F0EB",
    "page": "#FFFFFF",
}
TEXTS: dict[Tone, str] = MARKS | {
    "ticket": "#AD4A00",
    "random-reinit": "#006BAB",
    "random-sparse": "#007A59",
    "dense": "#5A5F66",
}
WIDTHS: dict[Tone, float] = {"ticket": 3.0, "random-reinit": 2.0, "random-sparse": 2.2, "dense": 1.6}
DASHES: dict[Tone, list[int]] = {"random-reinit": [7, 4], "random-sparse": [2, 4]}
SHAPES: dict[Tone, str] = {
    "ticket": "circle",
    "random-reinit": "square",
    "random-sparse": "triangle",
    "dense": "diamond",
}
SHAPE_PIXELS = {"circle": 9.0, "square": 8.0, "triangle": 9.5, "diamond": 11.0}
BANDS: dict[Tone, float] = {"ticket": 0.22, "dense": 0.14}


def load_bokeh() -> None:
    """Bring BokehJS into the page, from this machine; its default would ask another one.

    Every explorer does this for itself, so that each cell of a notebook still works when it is opened again.
    """
    if get_ipython() is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Bokeh's own, about itself
            output_notebook(Resources(mode="inline", components=["bokeh"]), hide_banner=True)


class Plot(BokehModel):
    """Draws a `Chart` with Bokeh, and brings later charts of the same marks up to date in one message."""

    def __init__(self, chart: Chart, **traits: Any) -> None:
        self._held: list[DocumentPatchedEvent] | None = None
        self._sources: dict[str, ColumnDataSource] = {}
        self._glyphs: dict[str, GlyphRenderer[Any]] = {}
        self._figure = figure(
            x_range=Range1d(start=chart.x.low, end=chart.x.high),
            y_range=Range1d(start=chart.panels[0].low, end=chart.panels[0].high),
            sizing_mode="stretch_both",
            min_border=0,
            toolbar_location=None,
            tools="",
            outline_line_color=None,
            background_fill_color=None,
            border_fill_color=None,
        )
        self._figure.axis.visible = False
        self._figure.grid.visible = False
        for panel, span in enumerate(chart.panels[1:], start=1):
            self._figure.extra_y_ranges[str(panel)] = Range1d(start=span.low, end=span.high)
        for name, mark in chart.marks.items():
            self._sources[name] = ColumnDataSource(_plain(mark))
            self._glyphs[name] = self._draw(mark, self._sources[name])
        super().__init__(self._figure, **traits)

    def show(self, chart: Chart) -> None:
        """Send what differs from the chart that was shown last."""
        with self._batch():
            _move(self._figure.x_range, chart.x)
            _move(self._figure.y_range, chart.panels[0])
            for panel, span in enumerate(chart.panels[1:], start=1):
                _move(self._figure.extra_y_ranges[str(panel)], span)
            for name, mark in chart.marks.items():
                columns = _plain(mark)
                if columns != self._sources[name].data:
                    self._sources[name].data = columns

    def resize(self, size: str) -> None:
        """Write in letters that fit a page of this size."""
        with self._batch():
            for renderer in self._glyphs.values():
                if hasattr(renderer.glyph, "text_font_size"):
                    renderer.glyph.text_font_size = f"{TEXT_PIXELS[size]}px"

    def _draw(self, mark: Mark, source: ColumnDataSource) -> GlyphRenderer[Any]:
        """Draw one mark in its tone."""
        tone, colour = mark.tone, MARKS[mark.tone]
        width = mark.width if mark.width is not None else WIDTHS.get(tone, 1.0)
        where: dict[str, Any] = {"source": source, "level": "glyph"}
        if mark.panel:
            where["y_range_name"] = str(mark.panel)
        match mark.kind:
            case "line":
                dash = DASHES.get(tone, [])
                return self._figure.line(
                    "x", "y", line_color=colour, line_width=width, line_dash=dash, line_join="round", **where
                )
            case "band":
                alpha = BANDS.get(tone, 0.15)
                return self._figure.varea("x", "low", "high", fill_color=colour, fill_alpha=alpha, **where)
            case "points":
                shape = SHAPES[tone]
                pixels = SHAPE_PIXELS[shape] * mark.size
                edge = MARKS["page"]
                return self._figure.scatter(
                    "x", "y", marker=shape, size=pixels, fill_color=colour, line_color=edge, line_width=1, **where
                )
            case "rules":
                alpha = 0.4 if tone in SHAPES and width <= 1 else 1.0  # hairlines to the margin's labels
                return self._figure.segment(
                    "x", "y", "x_end", "y_end", line_color=colour, line_width=width, line_alpha=alpha, **where
                )
            case "boxes":
                return self._figure.quad("left", "right", "top", "bottom", fill_color=colour, line_color=None, **where)
            case "texts":
                return self._figure.text(
                    "x",
                    "y",
                    "text",
                    text_color=TEXTS[tone],
                    text_font=value(FONT),
                    text_font_size=f"{TEXT_PIXELS['middle']}px",
                    text_font_style="bold" if mark.bold else "normal",
                    text_align=mark.align,
                    text_baseline="middle",
                    **where,
                )

    @contextmanager
    def _batch(self) -> Iterator[None]:
        """Gather all changes made inside into one message: a third of the cost of sending each."""
        self._held = []
        try:
            yield
        finally:
            events, self._held = self._held, None
            if events:
                self._send_patch(events)

    def _document_patched(self, event: DocumentPatchedEvent) -> None:
        if self._held is None:
            self._send_patch([event])
        else:
            self._held.append(event)

    def _send_patch(self, events: Sequence[DocumentPatchedEvent]) -> None:
        message = Protocol().create("PATCH-DOC", list(events))
        for part in (message.header_json, message.metadata_json, message.content_json):
            self.send({"msg": "patch", "payload": part})

    def _sync_model(self, *_: Any) -> None:
        """Ignore what the browser echoes: jupyter_bokeh would apply every patch a second time."""


def _plain(mark: Mark) -> dict[str, Any]:
    """Return a mark's columns as lists, which travel inside the message instead of as buffers beside it."""
    columns = {name: mark.columns[name] for name in COLUMNS[mark.kind]}
    return {name: c.tolist() if isinstance(c, np.ndarray) else list(c) for name, c in columns.items()}


def _move(axis: Range, span: Span) -> None:
    axis.update(start=span.low, end=span.high)
