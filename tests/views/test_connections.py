"""Connections of units and inputs."""

import re
from dataclasses import replace

import numpy as np
import pytest

from explorer import Refused
from explorer.events import VARIANTS, Network
from explorer.views import Selection, connections
from explorer.views.connections import of_pixel, of_unit
from tests.support import is_one_sentence

SHAPES = {"fc1.weight": (300, 784), "fc2.weight": (100, 300), "fc3.weight": (10, 100)}


@pytest.mark.parametrize("layer", SHAPES)
@pytest.mark.parametrize("level", [0, 1, 4])
def test_lines_are_the_sorted_sums_of_the_masks(shared, layer, level):
    chart = connections(shared.live, Selection(level=level, layer=layer))
    for variant in VARIANTS:
        for panel, axis in ((0, 1), (1, 0)):
            line = chart.marks[f"line {variant} {panel}"].columns
            if level == 0 and variant != "ticket":
                assert not len(line["x"])
                continue
            mask = shared.live.networks[Network(variant, 0, level)].masks[layer]
            wanted = sorted(mask.sum(axis), reverse=True)
            middles = 100 * (np.arange(len(wanted)) + 0.5) / len(wanted)
            assert np.interp(middles, line["x"], line["y"]).tolist() == wanted
            assert (line["x"][0], line["x"][-1]) == (0, 100)
            assert wanted[0] <= chart.panels[panel].last


@pytest.mark.parametrize("level", [1, 4])
def test_a_unit_is_connected_with_what_its_row_and_its_column_say(shared, level):
    selection = Selection(level=level, layer="fc1.weight", replicate=1)
    found = of_unit(shared.live, selection, 11)
    assert list(found) == list(VARIANTS)
    for variant, one in found.items():
        masks = shared.live.networks[Network(variant, 1, level)].masks
        assert np.array_equal(one.fan_in, masks["fc1.weight"][11])
        assert np.array_equal(one.fan_out, masks["fc2.weight"][:, 11])
        into, out = masks["fc1.weight"][11].sum(), masks["fc2.weight"][:, 11].sum()
        assert one.summary == f"unit 12: {into} of 784 connections in, {out} of 100 out"


def test_a_unit_of_the_output_layer_reaches_no_one(shared):
    one = of_unit(shared.live, Selection(layer="fc3.weight"), 0)["ticket"]
    assert one.fan_out.size == 0
    assert re.fullmatch(r"unit 1: \d+ of 100 connections in", one.summary)


def test_a_pixel_reaches_the_units_of_its_column(shared):
    for variant, one in of_pixel(shared.live, Selection(level=4), 8 * 28 + 21).items():
        mask = shared.live.networks[Network(variant, 0, 4)].masks["fc1.weight"]
        assert np.array_equal(one.fan_out, mask[:, 245])
        assert one.fan_in.size == 0
        assert one.summary == f"row 9, column 22: {mask[:, 245].sum()} of 300 connections"


def test_a_pixel_of_an_image_with_channels_has_the_connections_of_all_of_them(shared):
    class Coloured:
        """The shared search as if its 784 inputs were four channels of 14 × 14 pixels."""

        prunable, parameters = shared.experiment.prunable, shared.experiment.parameters
        data = replace(shared.experiment.data, shape=(4, 14, 14))
        levels = shared.experiment.levels

    state = replace(shared.live, experiment=Coloured())
    mask = shared.live.networks[Network("ticket", 0, 4)].masks["fc1.weight"]
    columns = mask[:, [15, 15 + 196, 15 + 392, 15 + 588]]
    one = of_pixel(state, Selection(level=4), 15)["ticket"]
    assert np.array_equal(one.fan_out, columns.any(1))
    assert one.summary == f"row 2, column 2: {columns.sum()} of 1200 connections"


def test_inputs_of_a_later_layer_are_numbered(shared):
    one = of_pixel(shared.live, Selection(layer="fc2.weight"), 299)["random-sparse"]
    assert re.fullmatch(r"input 300: \d+ of 100 connections", one.summary)


@pytest.mark.parametrize(
    ("ask", "layer", "given"), [(of_unit, None, 300), (of_unit, "fc3.weight", -1), (of_pixel, None, 784)]
)
def test_what_is_not_there_is_refused(shared, ask, layer, given):
    with pytest.raises(Refused) as refused:
        ask(shared.live, Selection(layer=layer), given)
    assert is_one_sentence(str(refused.value))
    assert str(given) in str(refused.value)


def test_before_the_first_network_there_are_none(moments):
    chart = connections(moments[0].state, Selection())
    assert not len(chart.marks["line ticket 0"].columns["x"])
    assert "no masks yet" in chart.summary
    assert of_pixel(moments[0].state, Selection(), 0) == {}


def test_of_a_convolution_connections_are_the_weights_of_its_kernels(convolutional):
    chart = connections(convolutional, Selection(level=2, layer="conv2.weight"))
    for variant in VARIANTS:
        mask = convolutional.networks[Network(variant, 0, 2)].masks["conv2.weight"]
        for panel, counts in ((0, mask.sum((1, 2, 3))), (1, mask.sum((0, 2, 3)))):
            line, wanted = chart.marks[f"line {variant} {panel}"].columns, sorted(counts, reverse=True)
            middles = 100 * (np.arange(64) + 0.5) / 64
            assert np.interp(middles, line["x"], line["y"]).tolist() == wanted
    assert "of 576 incoming connections" in chart.summary


@pytest.mark.parametrize(("layer", "after"), [("conv1.weight", "conv2.weight"), ("conv2.weight", "fc1.weight")])
def test_a_channel_reaches_what_its_kernels_or_its_pixels_are_connected_with(convolutional, layer, after):
    one = of_unit(convolutional, Selection(level=2, layer=layer), 5)["ticket"]
    masks = convolutional.networks[Network("ticket", 0, 2)].masks
    reached = masks[after][:, 5].reshape(64, 9) if after == "conv2.weight" else masks[after][:, 45:54]
    assert np.array_equal(one.fan_in, masks[layer][5].any((1, 2)))
    assert np.array_equal(one.fan_out, reached.any(1))
    assert one.summary == (
        f"unit 6: {masks[layer][5].sum()} of {masks[layer][5].size} connections in, "
        f"{reached.sum()} of {reached.size} out"
    )


def test_an_input_of_a_convolution_is_a_channel(convolutional):
    one = of_pixel(convolutional, Selection(level=1, layer="conv2.weight"), 7)["ticket"]
    mask = convolutional.networks[Network("ticket", 0, 1)].masks["conv2.weight"]
    assert np.array_equal(one.fan_out, mask[:, 7].any((1, 2)))
    assert one.summary == f"input 8: {mask[:, 7].sum()} of 576 connections"
