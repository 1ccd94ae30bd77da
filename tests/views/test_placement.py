"""Room for words between lines."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from explorer.views.placement import HEIGHTS, free_height, free_heights

heights = st.floats(0, 100)
spans = st.lists(st.tuples(heights, st.floats(0, 20)).map(lambda span: (span[0], span[0] + span[1])), max_size=4)


@given(st.lists(st.lists(heights, min_size=1, max_size=2), min_size=1, max_size=4), spans)
def test_words_stay_inside_in_order_and_off_each_other(wanted, taken):
    found = free_heights(wanted, 0, 100, 8, taken)
    assert len(found) == len(wanted)
    assert all(0 <= height <= 100 for height in found)
    assert all(one - two >= 8 - 1e-9 for one, two in pairwise(found))


@given(heights, heights, st.floats(0, 20))
def test_words_make_way_where_there_is_room(wanted, bottom, thickness):
    height = free_height([wanted], 0, 100, 8, [(bottom, bottom + thickness)])
    assert min(height + 4, bottom + thickness) - max(height - 4, bottom) <= 1e-9 + 100 / HEIGHTS


@given(heights)
def test_words_that_are_in_nobodys_way_stay(wanted):
    assert abs(free_height([wanted], 0, 100, 8, []) - wanted) <= 100 / HEIGHTS
