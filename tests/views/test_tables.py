"""The numbers behind the pictures, and the table of layers."""

import math

import numpy as np
import pytest

from explorer import Run
from explorer.events import VARIANTS, Network
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.views import Selection, accuracy, connections, density, distance, histogram, layers, masks, overlap, words
from explorer.views.accuracy import table as accuracy_table
from explorer.views.connections import table as connections_table
from explorer.views.density import table as density_table
from explorer.views.distance import table as distance_table
from explorer.views.histogram import table as histogram_table
from explorer.views.layers import key
from explorer.views.masks import table as masks_table
from explorer.views.overlap import table as overlap_table
from explorer.views.table import cell
from explorer.views.tables import TABLES
from tests.support import is_one_sentence

NAMES = {v: words.TITLES[v].lower() for v in VARIANTS}


def column(table, name):
    """The numbers of a column; an empty cell is None."""
    cells = [row[table.columns.index(name)] for row in table.rows]
    return [float(cell) if cell else None for cell in cells]


@pytest.mark.parametrize("view", TABLES)
def test_a_table_is_plain_text_of_one_width_in_every_state(view, few):
    for moment in few:
        for selection in (
            Selection(),
            Selection(level=0),
            Selection(level=3, layer="fc3.weight", variant="random-sparse"),
        ):
            table = TABLES[view](moment.state, selection)
            assert is_one_sentence(table.caption)
            assert len(set(table.columns)) == len(table.columns)
            assert all(len(row) == len(table.columns) for row in table.rows)
            assert all(isinstance(cell, str) and "nan" not in cell for row in table.rows for cell in row)


def test_the_table_of_accuracy_holds_the_curves(moments):
    for moment in moments:
        table, chart = accuracy_table(moment.state, Selection(level=2)), accuracy(moment.state, Selection(level=2))
        for tone in ("dense", *VARIANTS):
            band = chart.marks[f"band {tone}"].columns
            name = words.TITLES[tone].lower()
            shown = {
                at: (low, high)
                for at, low, high in zip(
                    column(table, "iteration"),
                    column(table, f"{name}, lowest"),
                    column(table, f"{name}, highest"),
                    strict=True,
                )
                if low is not None
            }
            assert list(shown) == list(band["x"])
            floor = chart.panels[0].first
            for (low, high), drawn_low, drawn_high in zip(shown.values(), band["low"], band["high"], strict=True):
                assert (max(low, floor), max(high, floor)) == pytest.approx((drawn_low, drawn_high), abs=0.0051)


@pytest.mark.parametrize(("measure", "name"), [("final", "final accuracy"), ("early stop", "early-stop accuracy")])
def test_the_table_of_levels_holds_the_points(shared, measure, name):
    table = density_table(shared.live, Selection())
    chart = density(shared.live, Selection(measure=measure))
    assert len(table.rows) == 1 + 4 * 3
    for variant in VARIANTS:
        of_variant = [row for row in table.rows if row[2] == NAMES[variant]]
        assert [row[0] for row in of_variant] == ["1", "2", "3", "4"]
        for panel, what in ((0, name), (1, "early-stop iteration")):
            values = [float(row[table.columns.index(f"{what}, mean")]) for row in of_variant]
            floor = chart.panels[panel].first
            drawn = chart.marks[f"points {variant} {panel}"].columns["y"]
            assert [value for value in values if value >= floor] == pytest.approx(drawn, abs=0.051)


def test_the_table_of_masks_counts_what_is_left(shared):
    table = masks_table(shared.live, Selection(level=4))
    for variant, row in zip(VARIANTS, table.rows, strict=True):
        mask = shared.live.networks[Network(variant, 0, 4)].masks["fc1.weight"]
        bare = [sum(not line.any() for line in lines) for lines in (mask.T, mask)]
        assert row == (NAMES[variant], str(mask.sum()), f"{100 * mask.mean():.1f}", *map(str, bare))
    assert masks_table(shared.live, Selection(level=0)).rows[0][0] == "dense"


def test_the_tables_of_bins_hold_every_surviving_weight(shared):
    counts, shares = (table(shared.live, Selection(level=2)) for table in (histogram_table, distance_table))
    left = shared.experiment.survivors(2)["fc1.weight"]
    for table, view in ((counts, histogram), (shares, distance)):
        chart = view(shared.live, Selection(level=2)).charts["ticket"]
        assert column(table, "from")[0] == pytest.approx(chart.x.first)
        assert column(table, "to")[-1] == pytest.approx(chart.x.last)
    for name in NAMES.values():
        assert sum(column(counts, f"{name}, initial")) == left
        assert sum(column(shares, f"{name}, initial magnitude")) == pytest.approx(100, abs=0.5)


def test_the_table_of_connections_reads_the_lines(shared):
    table, chart = (view(shared.live, Selection(level=3)) for view in (connections_table, connections))
    for variant in VARIANTS:
        for panel, what in ((0, "into a unit"), (1, "out of an input")):
            line = chart.marks[f"line {variant} {panel}"].columns
            values = column(table, f"{NAMES[variant]}, {what}")
            assert (values[0], values[-1]) == (line["y"][0], line["y"][-1])
            assert values == sorted(values, reverse=True)
            assert set(values) <= set(line["y"])


def test_the_table_of_overlap_holds_the_points(shared):
    table, chart = (view(shared.live, Selection()) for view in (overlap_table, overlap))
    for variant in VARIANTS:
        drawn = chart.marks[f"points {variant} 0"].columns["y"]
        assert column(table, f"{NAMES[variant]}, mean")[1:] == pytest.approx([10**y for y in drawn], abs=0.051)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_layers_are_counted_from_the_masks_and_weights(shared, variant):
    table = layers(shared.live, Selection(level=4, variant=variant, replicate=1))
    known = shared.live.networks[Network(variant, 1, 4)]
    for row, (name, mask) in zip(table.rows, sorted(known.masks.items()), strict=False):
        survivors = [weights[name][mask].astype(float) for weights in (known.initial, known.final)]
        means = [math.fsum(abs(value) for value in values) / len(values) for values in survivors]
        dead = [sum(not line.any() for line in lines) for lines in (mask, mask.T)]
        shape = f"{mask.shape[0]} × {mask.shape[1]}"
        wanted = (name, shape, str(mask.size), str(mask.sum()), f"{100 * mask.mean():.1f}", *map(str, dead))
        assert row[:-2] == wanted
        assert [float(text) for text in row[-2:]] == pytest.approx(means, abs=0.00006)
    assert table.rows[-1][:5] == ("all", "", "266200", str(sum(m.sum() for m in known.masks.values())), "5.4")
    assert words.TITLES[variant] in table.caption


def test_what_a_run_does_not_hold_is_an_empty_cell():
    recorded = Run.open(place("assets", "recorded", DEFAULT)).state
    (first, *_) = layers(recorded, Selection(level=5, replicate=2)).rows
    assert first[:3] == ("fc1.weight", "300 × 784", "235200")
    assert first[3] == str(recorded.experiment.survivors(5)["fc1.weight"])
    assert "" not in first[5:7]  # of this replicate its masks are kept
    assert first[7:] == ("", "")


def test_the_key_of_the_layers_changes_when_and_only_when_the_table_does(few):
    last = None
    for selection in (Selection(), Selection(level=1), Selection(level=1, variant="random-sparse")):
        for moment in few:
            now = key(moment.state, selection), layers(moment.state, selection)
            if last and now[0] == last[0]:
                assert now[1] == last[1]
            last = now
    assert key(few[0].state, Selection()) != key(few[-1].state, Selection())


def test_every_view_shows_a_convolution_and_a_network_that_is_pruned_as_one(convolutional, pruned_as_one):
    for state in (convolutional, pruned_as_one):
        for level in (0, 1, 2):
            for parameter in state.experiment.prunable:
                selection = Selection(level=level, layer=parameter.name)
                for name, table in TABLES.items():
                    assert bool(table(state, selection).rows) is (name != "connectivity"), name  # of one draw
                for view in (masks, histogram, distance, connections, overlap):
                    view(state, selection)


def test_layers_that_are_never_pruned_are_listed_and_count(pruned_as_one):
    found = layers(pruned_as_one, Selection(level=2))
    masks = pruned_as_one.networks[Network("ticket", 0, 2)].masks
    left = {row[0]: row[3] for row in found.rows}
    assert list(masks) == ["conv1.weight", "conv2.weight"]
    for layer in pruned_as_one.experiment.weights:
        assert left[layer.name] == cell(int(masks[layer.name].sum()) if layer.name in masks else layer.size)
    assert left["all"] == cell(sum(int(text) for name, text in left.items() if name != "all"))


def test_chance_in_a_network_that_is_pruned_as_one_is_what_its_tickets_keep_of_a_layer(pruned_as_one):
    rows = overlap_table(pruned_as_one, Selection(layer="conv1.weight")).rows
    for level in (1, 2):
        kept = [pruned_as_one.networks[Network("ticket", r, level)].masks["conv1.weight"].mean() for r in (0, 1)]
        assert rows[level][2] == cell(100 * float(np.mean(kept)), 1)
