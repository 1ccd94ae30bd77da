"""Masks as pictures."""

import numpy as np
import pytest

from explorer.events import VARIANTS, Network
from explorer.state import State
from explorer.views import Selection, masks, words
from explorer.views.masks import key, pointed_out
from explorer.views.on_screen import masks_of, on_pixels

SHAPES = {"fc1.weight": (300, 784), "fc2.weight": (100, 300), "fc3.weight": (10, 100)}


def unpacked(picture):
    """The whole numbers of a picture, as whoever paints it reads them."""
    if picture.bits:
        bits = np.unpackbits(np.frombuffer(picture.values, np.uint8))
        return bits[: picture.rows * picture.columns].reshape(picture.rows, picture.columns)
    return np.frombuffer(picture.values, "<u2").reshape(picture.rows, picture.columns)


@pytest.mark.parametrize("layer", SHAPES)
@pytest.mark.parametrize("level", [1, 4])
def test_matrices_are_the_masks_of_the_three_variants(shared, layer, level):
    shown = masks(shared.live, Selection(level=level, layer=layer, replicate=1))
    assert list(shown.matrix) == list(VARIANTS)
    for variant, picture in shown.matrix.items():
        mask = shared.live.networks[Network(variant, 1, level)].masks[layer]
        assert (picture.rows, picture.columns) == SHAPES[layer]
        assert np.array_equal(unpacked(picture), mask)


@pytest.mark.parametrize("level", [0, 2, 4])
def test_folded_counts_are_the_connections_that_each_pixel_has_left(shared, level):
    shown = masks(shared.live, Selection(level=level))
    most = 0
    for variant, picture in shown.folded.items():
        mask = shared.live.networks[Network(variant, 0, level)].masks["fc1.weight"]
        counts = mask.sum(0).reshape(28, 28)
        assert np.array_equal(unpacked(picture), counts)
        assert unpacked(picture).sum() == shared.experiment.survivors(level)["fc1.weight"]
        most = max(most, counts.max())
    assert list(shown.folded) == (list(VARIANTS) if level else ["ticket"])
    assert shown.most == most
    assert {picture.darkest for picture in shown.folded.values()} == {most}


def test_only_the_first_layer_is_folded(shared):
    assert masks(shared.live, Selection(level=1, layer="fc2.weight")).folded == {}


def test_the_sentence_says_what_the_ticket_keeps(shared):
    mask = shared.live.networks[Network("ticket", 0, 4)].masks["fc1.weight"]
    bare = sum(not column.any() for column in mask.T)
    said = masks(shared.live, Selection(level=4)).summary["ticket"]
    assert f"{100 * mask.mean():.1f}% of fc1.weight" in said
    assert f"; {bare} of 784 inputs have no connection" in said


def test_every_variant_has_a_sentence_of_its_own(shared):
    said = masks(shared.live, Selection(level=4)).summary
    for variant, mask in masks_of(shared.live, Selection(level=4), shared.experiment.prunable[0]).items():
        bare = sum(not column.any() for column in mask.T)
        assert said[variant].startswith(words.TITLES[variant])
        assert f"; {bare} of 784 inputs" in said[variant]


def test_before_the_first_network_there_are_none(moments):
    shown = masks(moments[0].state, Selection())
    assert (shown.matrix, shown.folded, shown.most) == ({}, {}, 0)
    assert all("no mask yet" in said for said in shown.summary.values())


def test_the_key_changes_when_and_only_when_the_picture_does(few):
    last = None
    for selection in (Selection(), Selection(level=1), Selection(level=1, replicate=1)):
        for moment in few:
            now = (key(moment.state, selection), masks(moment.state, selection).matrix)
            if last and now[0] == last[0]:
                assert now[1] == last[1]
            last = now
    first, second = few[0].state, few[-1].state
    assert key(first, Selection()) != key(second, Selection())


@pytest.mark.parametrize("layer", ["conv1.weight", "conv2.weight"])
def test_a_convolution_is_a_grid_of_its_kernels(convolutional, layer):
    shown = masks(convolutional, Selection(level=2, layer=layer))
    for variant, picture in shown.matrix.items():
        mask = convolutional.networks[Network(variant, 0, 2)].masks[layer]
        units, inputs = mask.shape[:2]
        grid = np.zeros((4 * units - 1, 4 * inputs - 1), bool)  # units down, but across where inputs are few
        for unit in range(units):
            for channel in range(inputs):
                grid[4 * unit : 4 * unit + 3, 4 * channel : 4 * channel + 3] = mask[unit, channel]
        if layer == "conv1.weight":
            kernels = [np.pad(mask[unit, 0], ((0, 0), (0, 1))) for unit in range(units)]
            grid = np.hstack(kernels)[:, :-1]
        assert np.array_equal(unpacked(picture), grid)
        assert ("one column a unit" in picture.caption) == (layer == "conv1.weight")
        bare = sum(not mask[:, channel].any() for channel in range(inputs))
        assert f"; {bare} of {inputs} inputs" in shown.summary[variant]
    assert shown.folded == {}  # an input is a channel, not a pixel


def test_in_a_grid_of_kernels_a_unit_is_pointed_out_by_any_row_of_it(convolutional):
    parameter = convolutional.experiment.prunable[1]
    for row in range(12, 15):
        assert pointed_out((row, 9), False, 255, parameter) == {"unit": 3, "pixel": None}
    assert pointed_out((1, 13), False, 255, convolutional.experiment.prunable[0]) == {"unit": 3, "pixel": None}
    across = masks(convolutional, Selection(level=1, unit=3)).matrix["ticket"]
    assert (across.row, across.column) == (-1, 13)
    picture = masks(convolutional, Selection(level=1, layer=parameter.name, unit=3)).matrix["ticket"]
    mask = convolutional.networks[Network("ticket", 0, 1)].masks[parameter.name]
    assert picture.row == 13
    assert picture.caption.startswith(f"unit 4: {mask[3].sum()} of {64 * 9} connections in")


def test_weights_in_the_brushed_range_are_lit_in_a_grid_of_kernels(convolutional):
    selection = Selection(level=1, layer="conv2.weight", brush=(0.0, 1.0))
    known = convolutional.networks[Network("ticket", 0, 1)]
    picture = masks(convolutional, selection).matrix["ticket"]
    lit = np.unpackbits(np.frombuffer(picture.lit, np.uint8))
    wanted = known.masks["conv2.weight"] & (known.final["conv2.weight"] >= 0)
    assert lit.sum() == wanted.sum()


def test_the_first_layer_that_is_pruned_is_not_folded_where_its_inputs_are_no_pixels(tiny):
    experiment = tiny.but(architecture="conv-2", prune_convolution=0.0)
    assert experiment.prunable[0].name == "fc1.weight"
    assert not on_pixels(State(experiment), experiment.prunable[0])
    assert on_pixels(State(tiny), tiny.prunable[0])
