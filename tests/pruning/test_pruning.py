"""Counts and masks of a pruning, against plain arithmetic."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from explorer import pruning
from tests.strategies import rates


@st.composite
def layers(draw):
    """A layer's scores, with many ties, and which of its weights are alive."""
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=4, max_side=6))
    scores = draw(arrays.arrays(np.float32, shape, elements=st.integers(-3, 3).map(float)))
    return scores, draw(arrays.arrays(bool, shape))


@given(st.integers(0, 10**8), rates)
@example(100, "0.29")  # 28.999999999999996 in floating point
@example(5, "0.5")  # to the even neighbour it would be 2
@example(235_200, "0.2")
def test_cut_is_rate_times_alive_rounded_half_up(alive, rate):
    exact = (Decimal(alive) * Decimal(rate)).quantize(Decimal(1), ROUND_HALF_UP)
    assert pruning.cut(alive, Fraction(str(float(rate)))) == exact


@given(st.lists(layers(), min_size=1, max_size=4), st.booleans(), st.data())
def test_of_each_group_the_lowest_go_and_ties_go_by_index(found, together, data):
    """Against a plain sort of (score, place of the layer, place in the layer)."""
    names = "abcd"[: len(found)]
    scores = {name: layer[0] for name, layer in zip(names, found, strict=True)}
    masks = {name: layer[1] for name, layer in zip(names, found, strict=True)}
    before = {name: mask.copy() for name, mask in masks.items()}
    groups = []
    for of_group in [tuple(names)] if together else [(name,) for name in names]:
        alive = sum(int(masks[name].sum()) for name in of_group)
        groups.append((of_group, data.draw(st.integers(0, alive))))
    pruned = pruning.prune(scores, masks, groups)
    for of_group, left in groups:
        places = [(n, k) for n in of_group for k in range(masks[n].size) if masks[n].flat[k]]
        places.sort(key=lambda place: (scores[place[0]].flat[place[1]], place))
        kept = places[len(places) - left :]
        assert {(n, k) for n in of_group for k in np.flatnonzero(pruned[n])} == set(kept)
    for name in names:
        assert np.array_equal(masks[name], before[name])
        assert pruned[name].shape == masks[name].shape


@given(arrays.array_shapes(min_dims=2, max_dims=4, max_side=8), st.data())
def test_scatter_keeps_its_count(shape, data):
    count = data.draw(st.integers(0, int(np.prod(shape))))
    mask = pruning.scatter(shape, count, np.random.default_rng(data.draw(st.integers(0, 99))))
    assert (mask.shape, mask.dtype, mask.sum()) == (shape, bool, count)


def test_scatter_favours_no_place():
    random = np.random.default_rng(0)
    hits = sum(pruning.scatter((5, 4), 6, random).astype(int) for _ in range(4_000))
    assert abs(hits - 1_200).max() < 6 * np.sqrt(4_000 * 0.3 * 0.7)
