"""The views as widgets: each draws itself from (state, selection), on the page or alone in a notebook's cell."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import NamedTuple

import ipywidgets

from explorer.events import VARIANTS, Variant
from explorer.state import State
from explorer.views import Selection, accuracy, density, histogram, masks, words
from explorer.views.accuracy import note, title
from explorer.views.histogram import key as histogram_key
from explorer.views.masks import key as masks_key
from explorer.views.masks import shown_layer
from explorer.views.means import shown_level
from explorer.widgets.heatmap import Heatmap
from explorer.widgets.plot import Plot

NOTES: dict[Variant, str] = {
    "ticket": "pruned mask, original start",
    "random-reinit": "same mask, new start",
    "random-sparse": "random mask, new start",
}


def text(content: str, *classes: str) -> ipywidgets.HTML:
    """Return a piece of HTML with style classes."""
    widget = ipywidgets.HTML(content)
    for name in classes:
        widget.add_class(name)
    return widget


def box(style: str, *children: ipywidgets.Widget) -> ipywidgets.Box:
    """Return a box with a style class."""
    widget = ipywidgets.Box(children)
    widget.add_class(style)
    return widget


def head(title: str, note: str = "") -> str:
    """Return the head of a view: its title and a note beside it."""
    return f"<h2>{html.escape(title)}</h2><p>{html.escape(note)}</p>"


class Actions(NamedTuple):
    """What a person can do in a view.

    Args:
        select: change fields of the selection.
        go: show a level, or the moment when it came to an iteration.
        step: go so many evaluations on, or back.
        preview: show a level for as long as the pointer is there; None ends it.
        follow: show what is newest.
    """

    select: Callable[..., None]
    go: Callable[[int, int | None], None]
    step: Callable[[int], None]
    preview: Callable[[int | None], None]
    follow: Callable[[], None]


class View(ipywidgets.Box):
    """A view as a widget, made for a first state and brought up to date with `show`.

    A kind of view says what it is made of in `_make`, and draws in `_show`.
    """

    name = ""
    _shown: object = None

    def __init__(self, state: State, selection: Selection, actions: Actions) -> None:
        self._actions = actions
        super().__init__(self._make(state, selection))
        self.add_class("lt-view")
        self.add_class(f"lt-{self.name}")

    def show(self, state: State, selection: Selection) -> None:
        """Draw what is known for what is selected; nothing is sent where nothing has changed."""
        key = state.experiment, self._key(state, selection)
        if key != self._shown:
            self._shown = key
            self._show(state, selection)

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        raise NotImplementedError

    def _show(self, state: State, selection: Selection) -> None:
        raise NotImplementedError

    def _key(self, state: State, selection: Selection) -> object:
        """Return what the view depends on: while it stays the same, there is nothing new to draw."""
        return state.records, selection


class AccuracyView(View):
    """Test accuracy against iteration."""

    name = "accuracy"

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._head = text("", "lt-head")
        self._plot = Plot(accuracy(state, selection))
        self._plot.add_class("lt-plot")
        self._plot.on_point(self._pointed)
        return [self._head, self._plot]

    def _show(self, state: State, selection: Selection) -> None:
        self._head.value = head(title(state, selection), note(state, selection))
        chart = accuracy(state, selection)
        self._level, self._iterations = shown_level(state, selection.level), [round(at) for at, _ in chart.notes]
        self._plot.show(chart)

    def _pointed(self, note: int | None, click: bool) -> None:
        """Go back to the iteration that was clicked."""
        if click and note is not None and note < len(self._iterations):
            self._actions.go(self._level, self._iterations[note])


class DensityView(View):
    """Accuracy and early stopping against weights remaining, and the switch between the two accuracies."""

    name = "density"

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._plot = Plot(density(state, selection))
        self._plot.add_class("lt-plot")
        self._switch = ipywidgets.ToggleButtons(
            options=[("at the end", "final"), ("at early stop", "early stop")], value=selection.measure
        )
        self._switch.add_class("lt-measure")
        self._switch.observe(lambda change: self._actions.select(measure=change["new"]), "value")
        self._plot.on_point(self._pointed)
        top = ipywidgets.Box([text(head("Accuracy against weights remaining"), "lt-head"), self._switch])
        top.add_class("lt-heads")
        return [top, self._plot]

    def _show(self, state: State, selection: Selection) -> None:
        self._switch.value = selection.measure
        self._plot.show(density(state, selection))

    def _pointed(self, level: int | None, click: bool) -> None:
        """Show the level under the pointer everywhere; stay there after a click."""
        if click and level is not None:
            self._actions.go(level, None)
        else:
            self._actions.preview(level)


class MasksView(View):
    """The mask of one layer for each variant, as a matrix and, for the first layer, folded to the image."""

    name = "masks"

    most = 0

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._folded = {v: _heatmap(v, "No mask yet", "lt-folded") for v in VARIANTS}
        self._matrix = {v: _heatmap(v, "Masks appear here when level 1 begins.", "lt-matrix") for v in VARIANTS}
        self._captions = {v: text("", "lt-caption", "lt-matrix-caption", f"lt-of-{v}") for v in VARIANTS}
        children: list[ipywidgets.Widget] = []
        for v in VARIANTS:
            children += [
                name(v, "lt-alone"),
                text("input pixels", "lt-caption", "lt-folded-caption", f"lt-of-{v}"),
                self._folded[v],
                self._captions[v],
                self._matrix[v],
            ]
        return children

    def _key(self, state: State, selection: Selection) -> object:
        return masks_key(state, selection)

    def _show(self, state: State, selection: Selection) -> None:
        seen = masks(state, selection)
        self.most = seen.most
        folds = shown_layer(state, selection) is state.experiment.prunable[0]
        (self.remove_class if folds else self.add_class)("lt-no-fold")
        for v in VARIANTS:
            matrix = seen.matrix.get(v)
            self._folded[v].show(seen.folded.get(v), f"{words.TITLES[v]}: connections each input pixel has left")
            self._matrix[v].show(matrix, f"{words.TITLES[v]}: {seen.summary}")
            self._captions[v].value = matrix.caption if matrix else "mask"


class HistogramView(View):
    """Surviving weights, initial and trained, for each variant."""

    name = "histogram"

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._charts = {v: Plot(chart) for v, chart in histogram(state, selection).charts.items()}
        self._boxes: dict[Variant, ipywidgets.Box] = {}
        children: list[ipywidgets.Widget] = []
        for v, plot in self._charts.items():
            plot.add_class("lt-plot")
            self._boxes[v] = box("lt-weights-plot", plot, text("No weights yet", "lt-waiting"))
            self._boxes[v].add_class(f"lt-of-{v}")
            legend = 'surviving weights <i class="lt-initial"></i>initial <i class="lt-trained"></i>trained'
            children += [
                name(v, "lt-alone"),
                text(legend, "lt-caption", "lt-weights-caption", f"lt-of-{v}"),
                self._boxes[v],
            ]
        return children

    def _key(self, state: State, selection: Selection) -> object:
        return histogram_key(state, selection)

    def _show(self, state: State, selection: Selection) -> None:
        seen = histogram(state, selection)
        for v, plot in self._charts.items():
            plot.show(seen.charts[v])
            (self._boxes[v].remove_class if v in seen.ready else self._boxes[v].add_class)("lt-empty")


VIEWS: dict[str, type[View]] = {view.name: view for view in (AccuracyView, DensityView, MasksView, HistogramView)}


def name(variant: Variant, *classes: str) -> ipywidgets.HTML:
    """Return a variant's name with its mark, dash and note."""
    return text(
        f'<i class="lt-mark"></i><b>{words.TITLES[variant]}</b><span>{NOTES[variant]}</span>',
        "lt-name",
        f"lt-of-{variant}",
        *classes,
    )


def _heatmap(variant: Variant, waiting: str, place: str) -> Heatmap:
    heatmap = Heatmap(tone=variant, waiting=waiting)
    heatmap.add_class(place)
    heatmap.add_class(f"lt-of-{variant}")
    return heatmap
