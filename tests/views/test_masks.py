"""Masks as pictures."""

import numpy as np
import pytest

from explorer.events import VARIANTS, Network
from explorer.views import Selection, masks, words
from explorer.views.masks import key
from explorer.views.on_screen import masks_of

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
