"""The views as widgets: each draws itself from (state, selection), on the page or alone in a notebook's cell."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

import ipywidgets

from explorer.events import VARIANTS, Variant
from explorer.experiment import Experiment
from explorer.reinits import DRAWN
from explorer.state import State
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
    measures,
    overlap,
    supermask,
    timing,
    words,
)
from explorer.views.accuracy import key as accuracy_key
from explorer.views.accuracy import note, title
from explorer.views.bins import Histogram
from explorer.views.chart import Chart
from explorer.views.connectivity import key as connectivity_key
from explorer.views.density import key as density_key
from explorer.views.explanations import EXPLANATIONS
from explorer.views.histogram import key as histogram_key
from explorer.views.layers import key as layers_key
from explorer.views.masks import key as masks_key
from explorer.views.masks import pointed_out
from explorer.views.means import shown_level
from explorer.views.measures import COLUMNS, Row
from explorer.views.measures import key as measures_key
from explorer.views.on_screen import on_pixels, shown_layer
from explorer.views.overlap import key as overlap_key
from explorer.views.supermask import key as supermask_key
from explorer.views.table import Table
from explorer.widgets.heatmap import Heatmap
from explorer.widgets.plot import Plot
from explorer.widgets.view import View, box, head, text

STARTS: Mapping[str, str] = {
    DRAWN: "new start",
    "shuffled": "its start shuffled",
    "constant": "signs of its start",
    "resampled": "its start resampled",
    "noise": "its start and noise",
}
"""What a random reinit trains from, by `Experiment.reinit`."""


MASKS_COME = "No mask yet"


def waiting(state: State, selection: Selection, variant: Variant) -> str:
    """Say why there is nothing of a variant, where nothing is to come; empty where it is on its way."""
    if variant not in state.experiment.variants:
        return "Not part of this search"
    if shown_level(state, selection.level) == 0 and variant != "ticket":
        return "No controls at level 0" if state.networks else ""
    return "Not kept in this run" if state.ended else ""


class ChartView(View):
    """A view that is one chart under its head."""

    def _draw(self, state: State, selection: Selection) -> Chart:
        raise NotImplementedError

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._chart = self._draw(state, selection)
        self._plot = Plot(self._chart)
        self._plot.add_class("lt-plot")
        self._plot.on_point(self._pointed)
        return [self.heads("", *self._beside(selection)), self._plot]

    def _show(self, state: State, selection: Selection) -> None:
        self._chart = self._draw(state, selection)
        self._plot.show(self._chart)

    def _beside(self, selection: Selection) -> list[ipywidgets.Widget]:
        """Return what stands beside the title."""
        return []

    def _pointed(self, note: int | None, click: bool) -> None:
        """Do what pointing at a note is for."""


class LevelsView(ChartView):
    """A chart with a note for each level, which is shown everywhere while the pointer is on it, and after a click."""

    def _pointed(self, note: int | None, click: bool) -> None:
        if click and note is not None:
            self._actions.go(note, None)
        else:
            self._actions.preview(note)


class AccuracyView(ChartView):
    """Test accuracy against iteration; a click goes back to the iteration."""

    name = "accuracy"

    def _draw(self, state: State, selection: Selection) -> Chart:
        return accuracy(state, selection)

    def _key(self, state: State, selection: Selection) -> object:
        return accuracy_key(state, selection)

    def _show(self, state: State, selection: Selection) -> None:
        super()._show(state, selection)
        self.title.value = head(title(state, selection), note(state, selection))
        self._level = shown_level(state, selection.level)

    def _pointed(self, note: int | None, click: bool) -> None:
        if click and note is not None and note < len(self._chart.notes):
            self._actions.go(self._level, round(self._chart.notes[note][0]))


class DensityView(LevelsView):
    """Accuracy and early stopping against weights remaining, and the switch between the two accuracies."""

    name = "density"

    def _draw(self, state: State, selection: Selection) -> Chart:
        return density(state, selection)

    def _key(self, state: State, selection: Selection) -> object:
        return density_key(state, selection)

    def _show(self, state: State, selection: Selection) -> None:
        self._switch.value = selection.measure
        super()._show(state, selection)

    def _beside(self, selection: Selection) -> list[ipywidgets.Widget]:
        self._switch = ipywidgets.ToggleButtons(
            options=[("at the end", "final"), ("at early stop", "early stop")],
            value=selection.measure,
            tooltips=["accuracy at the last iteration", "accuracy where the validation loss was least"],
        )
        self._switch.add_class("lt-measure")
        self._switch.add_class("lt-switch")
        self._switch.observe(lambda change: self._actions.select(measure=change["new"]), "value")
        return [self._switch]


class OverlapView(LevelsView):
    """The overlap of masks between replicates."""

    name = "overlap"

    def _draw(self, state: State, selection: Selection) -> Chart:
        return overlap(state, selection)

    def _key(self, state: State, selection: Selection) -> object:
        return overlap_key(state, selection)


class TimingView(LevelsView):
    """Measured time a network-iteration."""

    name = "timing"

    def _draw(self, state: State, selection: Selection) -> Chart:
        return timing(state, selection)


class ConnectivityView(LevelsView):
    """The error barrier between two trainings of each ticket, and the error along the line."""

    name = "connectivity"

    def _draw(self, state: State, selection: Selection) -> Chart:
        return connectivity(state, selection)

    def _key(self, state: State, selection: Selection) -> object:
        return connectivity_key(state, selection)


class SupermaskView(LevelsView):
    """Test accuracy before training."""

    name = "supermask"

    def _draw(self, state: State, selection: Selection) -> Chart:
        return supermask(state, selection)

    def _key(self, state: State, selection: Selection) -> object:
        return supermask_key(state, selection)


class ConnectionsView(ChartView):
    """Connections of each unit and input."""

    name = "connections"

    def _draw(self, state: State, selection: Selection) -> Chart:
        return connections(state, selection)

    def _key(self, state: State, selection: Selection) -> object:
        return masks_key(state, replace(selection, unit=None, pixel=None, brush=None))


class MasksView(View):
    """The mask of one layer for each variant, as a matrix and, for the first layer, folded to the image."""

    name = "masks"

    most = 0

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._folded = {v: self._heatmap(v, MASKS_COME, "lt-folded") for v in VARIANTS}
        self._matrix = {v: self._heatmap(v, MASKS_COME, "lt-matrix") for v in VARIANTS}
        self._captions = {v: text("", "lt-caption", "lt-matrix-caption", f"lt-of-{v}") for v in VARIANTS}
        self._names = Names("lt-alone")
        children: list[ipywidgets.Widget] = [alone_heads(self)]
        for v in VARIANTS:
            children += [
                self._names.widgets[v],
                text("connections of a pixel", "lt-caption", "lt-folded-caption", f"lt-of-{v}"),
                self._folded[v],
                self._captions[v],
                self._matrix[v],
            ]
        return children

    def _key(self, state: State, selection: Selection) -> object:
        return masks_key(state, selection), state.ended is None

    def _show(self, state: State, selection: Selection) -> None:
        self._names.show(state.experiment)
        seen = masks(state, selection)
        self.most, self._layer = seen.most, shown_layer(state, selection)
        (self.remove_class if on_pixels(state, self._layer) else self.add_class)("lt-no-fold")
        for v in VARIANTS:
            matrix = seen.matrix.get(v)
            self._folded[v].waiting = self._matrix[v].waiting = waiting(state, selection, v) or MASKS_COME
            self._folded[v].show(seen.folded.get(v), f"{words.TITLES[v]}: connections each input pixel has left")
            self._matrix[v].show(matrix, seen.summary[v])
            self._captions[v].value = html.escape(matrix.caption) if matrix else "mask"

    def _heatmap(self, variant: Variant, waiting: str, place: str) -> Heatmap:
        heatmap = Heatmap(tone=variant, waiting=waiting)
        heatmap.add_class(place)
        heatmap.add_class(f"lt-of-{variant}")
        folded = place == "lt-folded"
        heatmap.on_point(lambda at: self._actions.select(**pointed_out(at, folded, heatmap.columns, self._layer)))
        return heatmap


class WeightsView(View):
    """Weights counted in bins, a chart for each variant. Dragging over a chart lights those weights in the masks."""

    legend, brushes = "", False

    def _count(self, state: State, selection: Selection) -> Histogram:
        raise NotImplementedError

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._charts = {v: Plot(chart) for v, chart in self._count(state, selection).charts.items()}
        self._boxes: dict[Variant, ipywidgets.Box] = {}
        self._waiting: dict[Variant, ipywidgets.HTML] = {}
        self._names = Names("lt-alone")
        children: list[ipywidgets.Widget] = [alone_heads(self)]
        for v, plot in self._charts.items():
            plot.add_class("lt-plot")
            if self.brushes:
                plot.on_brush(lambda brush: self._actions.select(brush=brush))  # drawn in all three when it comes back
            self._waiting[v] = text("No weights yet", "lt-waiting")
            self._boxes[v] = box("lt-weights-plot", plot, self._waiting[v])
            self._boxes[v].add_class(f"lt-of-{v}")
            children += [
                self._names.widgets[v],
                text(f"<span>surviving weights</span> {self.legend}", "lt-caption", "lt-weights-caption", f"lt-of-{v}"),
                self._boxes[v],
            ]
        return children

    def _key(self, state: State, selection: Selection) -> object:
        return histogram_key(state, selection), selection.brush, state.ended is None

    def _show(self, state: State, selection: Selection) -> None:
        self._names.show(state.experiment)
        seen = self._count(state, selection)
        for v, plot in self._charts.items():
            self._waiting[v].value = waiting(state, selection, v) or "No weights yet"
            plot.show(seen.charts[v])
            plot.brush = selection.brush if self.brushes else None
            (self._boxes[v].remove_class if v in seen.ready else self._boxes[v].add_class)("lt-empty")


class HistogramView(WeightsView):
    """Surviving weights, initial and trained, for each variant."""

    name = "histogram"
    legend = '<i class="lt-initial"></i>initial <i class="lt-trained"></i>trained'
    brushes = True

    def _count(self, state: State, selection: Selection) -> Histogram:
        return histogram(state, selection)


class DistanceView(WeightsView):
    """How far training moved the surviving weights, for each variant."""

    name = "distance"
    legend = '<i class="lt-initial"></i>size before <i class="lt-trained"></i>distance moved'

    def _count(self, state: State, selection: Selection) -> Histogram:
        return distance(state, selection)


class LayersView(View):
    """The layers of the network on screen, a row each."""

    name = "layers"

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        self._table = text("", "lt-table")
        return [self.heads(), self._table]

    def _key(self, state: State, selection: Selection) -> object:
        return layers_key(state, selection)

    def _show(self, state: State, selection: Selection) -> None:
        self._table.value = as_html(layers(state, selection))


class MeasuresView(View):
    """What training came to, a row for each variant at each level; those of the level on screen stay in sight."""

    name = "measures"

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        heads, self._table = self.heads(), text("", "lt-table")
        self.title.value = head(
            EXPLANATIONS[self.name].title, "mean and range over n networks; a bigger speed-up is faster"
        )
        return [heads, self._table]

    def _key(self, state: State, selection: Selection) -> object:
        return measures_key(state, selection)

    def _show(self, state: State, selection: Selection) -> None:
        rows = measures(state, selection)
        self._table.value = _measures_as_html(rows) if rows else "<p>A row is added when a variant is trained.</p>"


VIEWS: dict[str, type[View]] = {
    view.name: view
    for view in (
        AccuracyView,
        DensityView,
        MasksView,
        HistogramView,
        DistanceView,
        ConnectionsView,
        OverlapView,
        LayersView,
        TimingView,
        MeasuresView,
        ConnectivityView,
        SupermaskView,
    )
}


class Names:
    """The variants' names with their marks, dashes and notes, which are the search's."""

    def __init__(self, *classes: str) -> None:
        self.widgets = {v: text("", "lt-name", f"lt-of-{v}", *classes) for v in VARIANTS}

    def show(self, experiment: Experiment) -> None:
        """Say what each variant is in a search."""
        for variant, said in notes(experiment).items():
            named = f'<i class="lt-mark"></i><b>{words.TITLES[variant]}</b><span>{said}</span>'
            self.widgets[variant].value = named


def notes(experiment: Experiment) -> dict[Variant, str]:
    """Say in a few words which mask and which weights each variant trains from."""
    start = "its trained weights" if experiment.protocol == "continued" else "original start"
    if experiment.rewind:
        start = f"weights of iteration {words.count(experiment.rewind)}"
    return {
        "ticket": f"pruned mask, {start}",
        "random-reinit": f"same mask, {STARTS[experiment.reinit]}",
        "random-sparse": "random mask, new start",
    }


def alone_heads(view: View) -> ipywidgets.Box:
    """Return the head of a view that has one only when it stands alone."""
    heads = view.heads()
    heads.add_class("lt-alone")
    return heads


def as_html(table: Table) -> str:
    """Write a table for a screen and for its reader."""
    columns = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in table.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(entry)}</td>' for entry in row)}</tr>" for row in table.rows)
    caption = f"<caption>{html.escape(table.caption)}</caption>"
    return f"<table>{caption}<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"


def _measures_as_html(rows: list[Row]) -> str:
    """Write a row for each variant, and the level once beside its variants."""
    levels = []
    for level, group in groupby(rows, key=lambda row: row.level):
        of_level = list(group)
        about = "".join(
            f'<th scope="rowgroup" rowspan="{len(of_level)}">{x}</th>' for x in (level, of_level[0].remaining)
        )
        current = ' aria-current="true"' if of_level[0].selected else ""
        levels.append(f"<tbody{current}><tr>{about}{'</tr><tr>'.join(map(_row_as_html, of_level))}</tr></tbody>")
    heads = ("level", "weights %", "variant", "n", *(column.head for column in COLUMNS.values()))
    columns = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return f"<table><thead><tr>{columns}</tr></thead>{''.join(levels)}</table>"


def _row_as_html(row: Row) -> str:
    values = "".join(f"<td><span>{mean}</span><small>{span}</small></td>" for mean, span in row.values)
    return f'<th scope="row" class="lt-tone-{row.tone}">{words.TITLES[row.tone]}</th><td>{row.n}</td>{values}'
