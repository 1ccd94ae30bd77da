"""The rows of measures; the measures themselves are tested in tests/test_measures.py."""

import pytest

from explorer.measures import measures as measured
from explorer.views import Selection, measures
from explorer.views.measures import COLUMNS, key, table
from tests.support import state_of


def test_a_row_reads_as_its_measures(shared):
    rows = measures(shared.live, Selection(level=2))
    for row, of in zip(rows, measured(shared.live), strict=True):
        assert (row.level, row.tone, row.n) == (of.level, of.variant if of.level else "dense", of.n)
        assert float(row.remaining) == pytest.approx(100 * shared.experiment.density(of.level), abs=0.051)
        assert row.selected == (of.level == 2)
        for (written, span), (name, value) in zip(row.values, of.values.items(), strict=True):
            texts = (written, *span.split("–"))
            scale = 100 if name.endswith("accuracy") else 1
            digits = {"early_stop_iteration": 0.51, "speed_up": 0.0051}.get(name, 0.051)
            assert [float(text) for text in texts] == pytest.approx([scale * number for number in value], abs=digits)


def test_one_network_has_no_range_and_an_early_stop_before_training_no_speed(tiny):
    dense, ticket = measures(state_of(tiny, {("ticket", 0): [(90, 1200)], ("ticket", 1): [(80, 0)]}), Selection())
    assert dense.values == (("1,200", ""), ("1.00", ""), ("0.0", ""), ("90.0", ""), ("0.0", ""), ("90.0", ""))
    assert ticket.values[:2] == (("0", ""), ("–", ""))
    assert (dense.remaining, dense.selected, ticket.selected) == ("100", False, True)


def test_the_numbers_behind_them_are_those_of_the_run(shared):
    found = table(shared.live, Selection())
    assert len(found.rows) == 1 + 3 * 4
    for row, of in zip(found.rows, measured(shared.live), strict=True):
        numbers = [COLUMNS[name].scale * number for name, value in of.values.items() for number in value]
        assert [float(text) for text in row[4:]] == pytest.approx(numbers, abs=0.051)


def test_the_key_changes_when_and_only_when_the_rows_do(moments):
    last = None
    for moment in moments:
        now = key(moment.state, Selection(level=1)), measures(moment.state, Selection(level=1))
        if last and now[0] == last[0]:
            assert now[1] == last[1]
        last = now
    assert key(moments[-1].state, Selection(level=1)) != key(moments[-1].state, Selection(level=2))
