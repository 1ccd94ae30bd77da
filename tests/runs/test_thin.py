"""A run made small: what is kept is right, and what is left out is said."""

import json

import numpy as np
import pytest

from explorer import Run, RunError
from explorer.events import VARIANTS
from explorer.places import place
from explorer.presets import DEFAULT, preset
from explorer.runs.thin import thin


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("most", [20_000_000, 3_000_000, 1_500_000])
def test_it_fits_and_keeps_every_curve_and_one_replicates_masks(shared, tmp_path, most):
    whole, out = Run.open(shared.folder), tmp_path / "thin"
    left_out = thin(whole, out, most, replicate=1)
    small = Run.open(out)
    assert size(out) <= most
    assert small.status == "finished"
    assert small.curves().equals(whole.curves())
    bare = 0
    for level in range(shared.experiment.levels + 1):
        for variant in VARIANTS if level else VARIANTS[:1]:
            for name, mask in whole.mask(variant, 1, level).items():
                assert np.array_equal(small.mask(variant, 1, level)[name], mask)
            known = small.state.networks[(variant, 1, level, 0)]
            if not known.final:
                bare += 1
                assert f"{variant} at level {level}" in left_out
                continue
            for name, weights in whole.weights(variant, 1, level).items():
                kept = small.weights(variant, 1, level)[name]
                assert kept.dtype == np.float32
                assert np.allclose(kept, weights, rtol=1e-3, atol=1e-4)
    assert (bare > 0) == (most < 20_000_000)
    assert json.loads((out / "run.json").read_text())["left_out"] == left_out
    with pytest.raises(RunError, match="holds no ticket of replicate 0"):
        small.mask("ticket", 0, 1)


def test_what_cannot_fit_is_refused_and_leaves_nothing(shared, tmp_path):
    with pytest.raises(RunError, match="alone take"):
        thin(Run.open(shared.folder), tmp_path / "thin", 1000)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RunError, match="there already"):
        thin(Run.open(shared.folder), tmp_path, 1_000_000)


def test_the_recorded_search_that_is_shipped():
    folder = place("assets", "recorded", DEFAULT)
    run = Run.open(folder)
    assert size(folder) <= 5_000_000
    assert run.experiment == preset(DEFAULT)
    assert run.status == "finished"
