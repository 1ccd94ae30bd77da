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
    """A layer's weights, with many ties, and which of them are alive."""
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))
    weights = draw(arrays.arrays(np.float32, shape, elements=st.integers(-3, 3).map(float)))
    return weights, draw(arrays.arrays(bool, shape))


@given(st.integers(0, 10**8), rates)
@example(100, "0.29")  # 28.999999999999996 in floating point
@example(5, "0.5")  # to the even neighbour it would be 2
@example(235_200, "0.2")
def test_cut_is_rate_times_alive_rounded_half_up(alive, rate):
    exact = (Decimal(alive) * Decimal(rate)).quantize(Decimal(1), ROUND_HALF_UP)
    assert pruning.cut(alive, Fraction(str(float(rate)))) == exact


@given(st.integers(0, 10**6), rates, st.integers(0, 8))
def test_survivors_are_what_repeated_cuts_leave(size, rate, level):
    left = [Decimal(size)]
    for _ in range(level):
        left.append(left[-1] - (left[-1] * Decimal(rate)).quantize(Decimal(1), ROUND_HALF_UP))
    assert pruning.survivors(size, Fraction(rate), level) == left[-1]


@given(layers(), st.data())
def test_the_smallest_go_and_ties_go_by_index(layer, data):
    weights, mask = layer
    count = data.draw(st.integers(0, int(mask.sum())))
    alive = [place for place in range(mask.size) if mask.flat[place]]
    kept = sorted(alive, key=lambda place: (abs(weights.flat[place]), place))[count:]
    assert sorted(np.flatnonzero(pruning.smallest(weights, mask, count))) == sorted(kept)


@given(layers(), layers(), rates)
def test_masks_nest_and_each_layer_loses_its_own_share(one, two, rate):
    weights, masks = {"a": one[0], "b": two[0]}, {"a": one[1], "b": two[1]}
    rates = {"a": Fraction(rate), "b": Fraction(rate) / 2}
    before = {name: mask.copy() for name, mask in masks.items()}
    pruned = pruning.prune(weights, masks, rates)
    for name, mask in pruned.items():
        assert not (mask & ~masks[name]).any()
        lost = int(masks[name].sum() - mask.sum())
        assert lost == pruning.cut(int(masks[name].sum()), rates[name])
        assert np.array_equal(masks[name], before[name])


@given(arrays.array_shapes(min_dims=2, max_dims=2, max_side=20), st.data())
def test_scatter_keeps_its_count(shape, data):
    size = shape[0] * shape[1]
    count = data.draw(st.integers(0, size))
    mask = pruning.scatter(shape, count, np.random.default_rng(data.draw(st.integers(0, 99))))
    assert (mask.shape, mask.dtype, mask.sum()) == (shape, bool, count)


def test_scatter_favours_no_place():
    random = np.random.default_rng(0)
    hits = sum(pruning.scatter((5, 4), 6, random).astype(int) for _ in range(4_000))
    assert abs(hits - 1_200).max() < 6 * np.sqrt(4_000 * 0.3 * 0.7)
