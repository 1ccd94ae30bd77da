"""A run as one HTML file that replays with no server and no Python.

The page is drawn here as it would be for a person who looks at every moment, every level and every layer, and
what each widget shows is written down whenever it changes. `assets/offline.js` plays that back, with the same
style sheet and the same JavaScript for charts, heatmaps and the strip of levels.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Iterator, Sequence
from typing import Any

import anywidget
import ipywidgets

from explorer.history import Moment
from explorer.places import place
from explorer.runs import Run
from explorer.views.explanations import EXPLANATIONS
from explorer.views.story import OF_ONE_NETWORK
from explorer.widgets.explorer import Explorer
from explorer.widgets.main import ROOMS
from explorer.widgets.panels import VIEWS
from explorer.widgets.playback import LEVEL_SECONDS, SPEEDS
from explorer.widgets.plot import Plot, bokehjs

KINDS: tuple[type[ipywidgets.DOMWidget], ...] = (
    anywidget.AnyWidget,
    ipywidgets.Box,
    ipywidgets.HTML,
    ipywidgets.Button,
    ipywidgets.Dropdown,
    ipywidgets.ToggleButtons,
    ipywidgets.Text,
)
NEEDS_PYTHON = {
    *("lt-studies", "lt-study", "lt-runs", "lt-share", "lt-export", "lt-buttons", "lt-state", "lt-progress", "lt-adds"),
    *("lt-needs-python", "lt-ask", "lt-presence"),
}
"""Style classes of what is left out, because it does nothing without Python."""

MOST_MOMENTS = 400  # of a longer history every second, third, … moment is kept, and the last one of each level
DIGITS = 7  # of every number: an iteration is kept exactly, and whatever is drawn far finer than a pixel
STANDS = ("density", "masks")  # for all that is presented: the caption tells of every replicate, or of one network
WAYS = [(measure, presents) for presents in ("", *STANDS) for measure in ("final", "early stop")]

Track = dict[tuple[int, str], list[tuple[int, int]]]
"""(widget, trait) → (frame, number of the value) wherever it changed."""


def page(run: Run, replays: bool = True) -> str:
    """Return a run as a self-contained page. One that does not replay only shows each level as it ended.

    Raises `RunError` where the run cannot be read.
    """
    recorder = Recorder(run, replays)
    try:
        return recorder.page()
    finally:
        recorder.close()


def kept(moments: Sequence[Moment], most: int = MOST_MOMENTS) -> list[int]:
    """Return the numbers of the moments to keep: at most `most` at even steps, and the last one of each level."""
    step = max(1, -(-len(moments) // most))
    last = {moment.level: number for number, moment in enumerate(moments)}
    return sorted({*range(0, len(moments), step), *last.values()})


class Recorder:
    """Looks at everything once, and writes down what it saw.

    A frame is something there is to see: a moment of the history, or after those a level as it ended.
    """

    def __init__(self, run: Run, replays: bool = True) -> None:
        self._explorer, self._run = Explorer(run=run), run
        self._explorer.record()
        self._moments = list(run.history.moments)  # of a run that is still written, those there are by now
        self._kept = kept(self._moments) if replays else []
        self._levels = range(run.state.level + 1)
        self._widgets = list(_tree(self._explorer))
        self._numbers = {id(widget): number for number, widget in enumerate(self._widgets)}
        self._values: dict[str, int] = {}  # a value as JSON → its number
        self._scripts: list[str] = []

    def page(self) -> str:
        """Return the page."""
        experiment = self._run.experiment
        recording = {
            "views": {view: EXPLANATIONS[view].title for view in VIEWS},
            "rooms": list(ROOMS.values()),
            "speeds": SPEEDS,
            "levelSeconds": LEVEL_SECONDS,
            "moments": [self._moments[number] for number in self._kept],
            "levels": len(self._levels),
            "iterations": experiment.iterations,
            "ways": WAYS,
            "stands": {view: STANDS[view in OF_ONE_NETWORK] for view in VIEWS},
            "tracks": list(self._tracks()),  # which fills in the values
            "widgets": [self._described(widget) for widget in self._widgets],
            "scripts": self._scripts,
            "values": [json.loads(value) for value in self._values],
        }
        return _asset("offline.html").format(
            title=html.escape(f"{experiment.network.title} on {experiment.data.title}"),
            left_out=html.escape(self._left_out()),
            style=_asset("explorer.css"),
            bokeh=bokehjs().source.replace("</script", "<\\/script"),
            recording=_packed(json.dumps(recording, separators=(",", ":"))),
            script=_asset("pictures.js") + _asset("offline.js"),
        )

    def close(self) -> None:
        """Let go of the explorer that was looked at."""
        self._explorer.close()

    def _left_out(self) -> str:
        """Say what of the run itself is not in the page."""
        of, there = len(self._kept), len(self._moments)
        return f"Of the replay {of:,} of {there:,} evaluations are kept." if of < there else ""

    def _tracks(self) -> Iterator[dict[str, Any]]:
        """Say how every trait changes, in each layer or in each way of looking; nothing depends on both."""
        first, *others = (parameter.name for parameter in self._run.experiment.prunable)
        ways = [self._look(first, *way) for way in WAYS]
        layers = [ways[0], *(self._look(layer, *WAYS[0]) for layer in others)]
        for key in ways[0]:
            by_layer, by_way = ([track[key] for track in tracks] for tracks in (layers, ways))
            by = "layer" if any(changes != by_layer[0] for changes in by_layer) else "way"
            changes = by_layer if by == "layer" else by_way if any(one != by_way[0] for one in by_way) else by_way[:1]
            yield {"widget": key[0], "trait": key[1], "by": by, "changes": changes}

    def _look(self, layer: str, measure: str, presents: str) -> Track:
        """Go through all frames in one way of looking at one layer."""
        track: Track = {}
        shown: dict[tuple[int, str], Any] = {}  # just now
        for frame, (number, level) in enumerate(self._frames()):
            self._explorer.look(number, level=level, layer=layer, measure=measure, presents=presents)
            for widget in self._widgets:
                for trait, value in _shown(widget):
                    key = self._numbers[id(widget)], trait
                    if key not in shown or shown[key] != value:
                        shown[key] = value
                        track.setdefault(key, []).append((frame, self._number(value)))
        return track

    def _frames(self) -> Iterator[tuple[int | None, int | None]]:
        """List the frames: (number of a moment, none) for a replay, then (none, level)."""
        yield from ((number, None) for number in self._kept)
        yield from ((None, level) for level in self._levels)

    def _number(self, value: Any) -> int:
        """Return the number of a value, which is written once however often it is seen."""
        return self._values.setdefault(json.dumps(_plain(value)), len(self._values))

    def _described(self, widget: ipywidgets.DOMWidget) -> dict[str, Any]:
        """Say what a widget is made of, as far as that never changes."""
        described: dict[str, Any] = {
            "kind": next(kind.__name__ for kind in KINDS if isinstance(widget, kind)),
            "children": [self._numbers[id(child)] for child in _children(widget)],
        }
        if isinstance(widget, anywidget.AnyWidget):
            script = str(widget._esm)
            if script not in self._scripts:
                self._scripts.append(script)
            described["script"] = self._scripts.index(script)
        if isinstance(widget, Plot):
            described["figure"] = widget.figure()
        return described


def _packed(text: str) -> str:
    """Return a text compressed, in letters: one frame is much like the next, and a page should fit into a message."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _asset(name: str) -> str:
    return place("assets", name).read_text(encoding="utf-8")


def _tree(widget: ipywidgets.DOMWidget) -> Iterator[ipywidgets.DOMWidget]:
    yield widget
    for child in _children(widget):
        yield from _tree(child)


def _children(widget: ipywidgets.DOMWidget) -> list[ipywidgets.DOMWidget]:
    children = widget.children if isinstance(widget, ipywidgets.Box) else ()
    return [child for child in children if isinstance(child, KINDS) and NEEDS_PYTHON.isdisjoint(child._dom_classes)]


def _shown(widget: ipywidgets.DOMWidget) -> Iterator[tuple[str, Any]]:
    """List what a widget shows just now, trait by trait; of a plot, column by column."""
    yield "classes", list(widget._dom_classes)
    yield "hidden", widget.layout.display == "none"
    match widget:
        case Plot():
            yield from widget.content()
        case anywidget.AnyWidget():
            for name in widget.trait_names(sync=True):
                if not name.startswith("_") and name not in ("layout", "tabbable", "tooltip"):
                    yield name, getattr(widget, name)
        case ipywidgets.HTML():
            yield "value", widget.value
        case ipywidgets.Button():
            yield "description", widget.description
            yield "tooltip", widget.tooltip
            yield "disabled", widget.disabled
        case ipywidgets.Dropdown() | ipywidgets.ToggleButtons():
            yield "description", widget.description
            yield "options", [str(option[0] if isinstance(option, tuple) else option) for option in widget.options]
            yield "index", widget.index
        case ipywidgets.Text():
            yield "description", widget.description
            yield "value", widget.value


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: bytes as text, and no digits that nobody sees."""
    match value:
        case float():
            return float(f"{value:.{DIGITS}g}")
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
