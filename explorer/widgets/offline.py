"""A run as one HTML file that replays with no server and no Python.

The page is drawn here as it would be for a person who looks at every moment, every level and every layer, and
what each widget shows is written down whenever it changes. `assets/offline.js` plays that back, with the same
style sheet and the same JavaScript for charts, heatmaps and the strip of levels.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator, Sequence
from typing import Any

import anywidget
import ipywidgets

from explorer.places import place
from explorer.runs import Run
from explorer.widgets.explorer import Explorer
from explorer.widgets.plot import Plot, bokehjs

KINDS: tuple[type[ipywidgets.DOMWidget], ...] = (
    anywidget.AnyWidget,
    ipywidgets.Box,
    ipywidgets.HTML,
    ipywidgets.Button,
    ipywidgets.Dropdown,
    ipywidgets.ToggleButtons,
    ipywidgets.Text,
    ipywidgets.IntSlider,
)
MOST_FRAMES = 400  # of a longer history every second, third, … moment is kept
WAYS = [(measure, presents) for presents in ("", "density") for measure in ("final", "early stop")]

Track = dict[tuple[int, str], list[tuple[int, int]]]
"""(widget, trait) → (frame, number of the value) wherever it changed."""


def page(run: Run) -> str:
    """Return a run as a self-contained page. Raises `RunError` where it cannot be read."""
    return Recorder(run).page()


class Recorder:
    """Looks at everything once, and writes down what it saw."""

    def __init__(self, run: Run) -> None:
        self._explorer = Explorer(run=run)
        self._run, self._moments = run, run.history.moments
        self._kept = range(0, len(self._moments), -(-len(self._moments) // MOST_FRAMES) or 1)
        self._widgets = list(_tree(self._explorer))
        self._numbers = {id(widget): number for number, widget in enumerate(self._widgets)}
        self._values: dict[str, int] = {}
        self._scripts: list[str] = []

    def page(self) -> str:
        """Return the page."""
        layers = [parameter.name for parameter in self._run.experiment.prunable]
        ways = [self._look(layers[0], *way) for way in WAYS]
        others = [ways[0], *(self._look(layer, *WAYS[0]) for layer in layers[1:])]
        tracks = [
            {
                "widget": widget,
                "trait": trait,
                "by": "layer" if by is others else "way",
                "changes": [t[key] for t in by],
            }
            for key in ways[0]
            for widget, trait in (key,)
            for by in ((others,) if any(o[key] != ways[0][key] for o in others) else (ways,))
        ]
        levels = self._run.state.level + 1
        recording = {
            "moments": [self._moments[k] for k in self._kept],
            "levels": levels,
            "iterations": self._run.experiment.iterations,
            "ways": WAYS,
            "widgets": [self._described(widget) for widget in self._widgets],
            "scripts": self._scripts,
            "values": [json.loads(value) for value in self._values],
            "tracks": tracks,
        }
        title = f"{self._run.experiment.network.title} on {self._run.experiment.data.title}"
        return (
            place("assets", "offline.html")
            .read_text(encoding="utf-8")
            .format(
                title=html.escape(title),
                style=place("assets", "explorer.css").read_text(encoding="utf-8"),
                bokeh=bokehjs().source.replace("</script", "<\\/script"),
                recording=json.dumps(recording, separators=(",", ":")).replace("</", "<\\/"),
                script=place("assets", "offline.js").read_text(encoding="utf-8"),
            )
        )

    def _look(self, layer: str, measure: str, presents: str) -> Track:
        """Go through all moments, then all levels, in one way of looking."""
        explorer = self._explorer
        track: Track = {}
        shown: dict[tuple[int, str], str] = {}
        for frame, (number, level) in enumerate(self._frames()):
            explorer.look(number, level=level, layer=layer, measure=measure, presents=presents)
            for widget in self._widgets:
                for trait, value in _shown(widget):
                    key = self._numbers[id(widget)], trait
                    written = json.dumps(value, separators=(",", ":"))
                    if shown.get(key) != written:
                        shown[key] = written
                        track.setdefault(key, []).append((frame, self._values.setdefault(written, len(self._values))))
        return track

    def _frames(self) -> Iterator[tuple[int | None, int | None]]:
        """List what there is to see: (moment, level); the moments of a replay, then each level as it ended."""
        yield from ((number, None) for number in self._kept)
        yield from ((None, level) for level in range(self._run.state.level + 1))

    def _described(self, widget: ipywidgets.DOMWidget) -> dict[str, Any]:
        """Say what a widget is made of, as far as that never changes."""
        described: dict[str, Any] = {
            "kind": _kind(widget),
            "children": [self._numbers[id(w)] for w in _children(widget)],
        }
        if isinstance(widget, anywidget.AnyWidget):
            script = str(widget._esm)
            if script not in self._scripts:
                self._scripts.append(script)
            described["script"] = self._scripts.index(script)
        if isinstance(widget, Plot):
            described["figure"] = widget.figure()
        return described


def _tree(widget: ipywidgets.DOMWidget) -> Iterator[ipywidgets.DOMWidget]:
    yield widget
    for child in _children(widget):
        yield from _tree(child)


def _children(widget: ipywidgets.DOMWidget) -> Sequence[ipywidgets.DOMWidget]:
    return widget.children if isinstance(widget, ipywidgets.Box) else ()


def _kind(widget: ipywidgets.DOMWidget) -> str:
    return next(kind.__name__ for kind in KINDS if isinstance(widget, kind))


def _shown(widget: ipywidgets.DOMWidget) -> Iterator[tuple[str, Any]]:
    """List what a widget shows just now, trait by trait; of a plot, column by column."""
    yield "classes", list(widget._dom_classes)
    yield "hidden", widget.layout.display == "none"
    match widget:
        case Plot():
            yield from widget.content()
            yield "summary", widget.summary
        case anywidget.AnyWidget():
            for name in widget.trait_names(sync=True):
                if not name.startswith("_") and name not in ("layout", "tabbable", "tooltip"):
                    value = getattr(widget, name)
                    yield name, {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        case ipywidgets.HTML():
            yield "value", widget.value
        case ipywidgets.Button():
            yield "description", widget.description
            yield "tooltip", widget.tooltip
        case ipywidgets.Dropdown() | ipywidgets.ToggleButtons():
            yield "description", widget.description
            yield "options", [str(label) for label, _ in _options(widget)]
            yield "index", widget.index
        case ipywidgets.Text():
            yield "description", widget.description
            yield "value", widget.value


def _options(widget: Any) -> list[tuple[str, Any]]:
    return [option if isinstance(option, tuple) else (option, option) for option in widget.options]
