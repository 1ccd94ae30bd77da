"""What masks have in common."""

from itertools import pairwise

import numpy as np
import pytest

from explorer import Run
from explorer.events import VARIANTS, Diverged, Network, NetworkStarted
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.runs.tensors import Tensors
from explorer.runs.thin import thin
from explorer.state import State, fold, fold_all
from explorer.views import Selection, overlap
from explorer.views.overlap import key, table
from tests.support import plain


def points(chart, variant):
    """The overlap in per cent that a variant's points show, level by level."""
    columns = chart.marks[f"points {variant} 0"].columns
    return 10 ** np.array(columns["y"])


@pytest.mark.parametrize("layer", ["fc1.weight", "fc3.weight"])
def test_points_are_the_share_of_survivors_that_both_replicates_keep(shared, layer):
    chart = overlap(shared.live, Selection(layer=layer))
    for variant in VARIANTS:
        wanted = []
        for level in range(1, 5):
            one, other = (shared.live.networks[Network(variant, r, level)].masks[layer] for r in (0, 1))
            both = set(np.flatnonzero(one)) & set(np.flatnonzero(other))
            wanted.append(100 * len(both) / one.sum())
        assert points(chart, variant) == pytest.approx(wanted)


def test_chance_is_the_layers_density_and_random_masks_are_near_it(shared):
    chart = overlap(shared.live, Selection())
    chance = 10 ** np.array(chart.marks["chance"].columns["y"])
    size = 300 * 784
    assert chance == pytest.approx([100 * shared.experiment.survivors(k)["fc1.weight"] / size for k in range(5)])
    assert points(chart, "random-sparse") == pytest.approx(chance[1:], rel=0.05)
    assert points(chart, "ticket")[-1] > 1.1 * chance[-1]


def test_the_range_goes_over_all_pairs_of_replicates(tiny):
    experiment = tiny.but(replicates=3)
    masks = np.zeros((3, 300, 36), bool)
    masks[0, :100], masks[1, 50:150], masks[2, 90:190] = True, True, True  # 50, 10 and 60 of 100 rows in common
    started = [NetworkStarted(Network("ticket", r, 1), {"fc1.weight": masks[r]}) for r in range(3)]
    state = fold_all(State(experiment), started)
    row = dict(zip(table(state, Selection()).columns, table(state, Selection()).rows[1], strict=True))
    assert (row["ticket, mean"], row["ticket, lowest"], row["ticket, highest"]) == ("40.0", "10.0", "60.0")
    assert row["random sparse, mean"] == ""
    state = fold(state, Diverged(Network("ticket", 2, 1), 20))
    assert table(state, Selection()).rows[1][3:6] == ("50.0", "50.0", "50.0")


def test_a_run_that_keeps_the_masks_of_one_replicate_says_so(shared, tiny, tmp_path):
    thin(Run.open(place("assets", "recorded", DEFAULT)), tmp_path / "thin", 3_500_000)
    recorded = Run.open(tmp_path / "thin").state
    states = (recorded, State(tiny), State(tiny.but(replicates=1)), shared.live)
    kept, begins, alone, shown = (overlap(s, Selection()).marks["waiting"].columns["text"][0] for s in states)
    assert kept == "Overlap needs two replicates' masks; this run keeps one's."
    assert begins == "Masks are compared here when level 1 begins."
    assert alone == "Overlap is between replicates; this search has one."
    assert shown == ""
    assert not len(overlap(recorded, Selection()).marks["points ticket 0"].columns["x"])


def test_the_key_changes_when_and_only_when_the_chart_does(moments):
    changed = 0
    for selection in (Selection(), Selection(level=1, layer="fc2.weight")):
        for one, two in pairwise(moments):
            same = key(one.state, selection) == key(two.state, selection)
            drawn = [plain(overlap(moment.state, selection)) for moment in (one, two)]
            assert not same or drawn[0] == drawn[1]
            changed += not same
    assert 0 < changed < len(moments)


def test_a_mask_is_read_once(shared, monkeypatch):
    state, reads = Run.open(shared.folder).state, []
    read = Tensors.__getitem__
    monkeypatch.setattr(Tensors, "__getitem__", lambda self, name: reads.append(name) or read(self, name))
    overlap(state, Selection(layer="fc2.weight"))
    assert len(reads) == 2 + 4 * 6
    overlap(state, Selection(layer="fc2.weight", level=3))
    assert len(reads) == 2 + 4 * 6
