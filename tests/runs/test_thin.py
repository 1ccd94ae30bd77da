"""A run made small: what is kept is right, and what is left out is said."""

import json
from dataclasses import replace

import numpy as np
import pytest

from explorer import Run, RunError
from explorer.events import VARIANTS, Network
from explorer.places import place
from explorer.presets import DEFAULT, preset
from explorer.runs.thin import thin

WEIGHTS = 6_000_000  # with which nothing goes but what always does


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("most", [WEIGHTS, 2_500_000, 1_000_000])
def test_it_fits_and_keeps_every_curve_and_one_replicates_masks(shared, tmp_path, most):
    whole, out = Run.open(shared.folder), tmp_path / "thin"
    left_out = thin(whole, out, most, replicate=1)
    assert [file.name for file in tmp_path.iterdir()] == ["thin"]
    small = Run.open(out)
    assert size(out) <= most
    assert small.status == "finished"
    assert small.curves().equals(whole.curves())
    assert small.state.paces == whole.state.paces
    bare = 0
    for level in range(shared.experiment.levels + 1):
        for variant in VARIANTS if level else VARIANTS[:1]:
            for name, mask in whole.mask(variant, 1, level).items():
                assert np.array_equal(small.mask(variant, 1, level)[name], mask)
            known = small.state.networks[(variant, 1, level, 0)]
            if not known.final:
                bare += 1
                assert not known.initial
                assert f"{variant} at level {level}" in left_out
                continue
            for name, weights in whole.weights(variant, 1, level).items():
                kept = small.weights(variant, 1, level)[name]
                assert kept.dtype == np.float32
                assert np.allclose(kept, weights, rtol=1e-3, atol=1e-4)
    assert (bare > 0) == (most == 1_000_000)
    assert json.loads((out / "run.json").read_text())["left_out"] == left_out


def test_masks_of_the_other_replicates_are_the_first_to_go(shared, tmp_path):
    whole, network = Run.open(shared.folder), Network("ticket", 0, 2)
    assert "masks" not in thin(whole, tmp_path / "all", WEIGHTS, replicate=1)
    there = Run.open(tmp_path / "all")
    assert np.array_equal(there.mask(*network)["fc1.weight"], whole.mask(*network)["fc1.weight"])
    with pytest.raises(RunError, match="not kept in this run"):
        there.weights(*network)
    assert "masks and weights of all replicates but number 2" in thin(whole, tmp_path / "few", 2_500_000, replicate=1)
    with pytest.raises(RunError, match="holds no ticket of replicate 0"):
        Run.open(tmp_path / "few").mask(*network)


def test_initial_weights_are_drawn_again_to_the_last_bit(shared, tmp_path):
    whole, out = Run.open(shared.folder), tmp_path / "thin"
    thin(whole, out, WEIGHTS)
    assert not any(b"initial:" in file.read_bytes() for file in (out / "tensors").iterdir())
    small = Run.open(out)
    for network in (Network("ticket", 0, 0), Network("ticket", 0, 3), Network("random-sparse", 0, 2)):
        initial = small.weights(*network, when="initial")
        assert list(initial) == [parameter.name for parameter in shared.experiment.parameters]
        for name, weights in whole.weights(*network, when="initial").items():
            assert np.array_equal(initial[name], weights)
    started = small.history.at(small.history.find(3, 0)).networks[Network("ticket", 0, 3)]
    assert started.initial
    assert not started.final  # a replay has them before a network is trained, too


def test_initial_weights_that_would_be_drawn_otherwise_are_not_known(shared, tmp_path):
    out = tmp_path / "thin"
    thin(Run.open(shared.folder), out, WEIGHTS)
    about = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**about, "drawn": about["drawn"] + 1}))
    known = Run.open(out).state.networks[Network("ticket", 0, 3)]
    assert known.final
    assert not known.initial


def test_initial_weights_that_were_not_drawn_are_written(shared, tmp_path):
    run, network = Run.open(shared.folder), Network("ticket", 0, 2)
    known = run.state.networks[network]
    shifted = {name: values * np.float32(1.5) for name, values in known.initial.items()}
    networks = {**run.state.networks, network: replace(known, initial=shifted)}
    run._state = replace(run.state, networks=networks)
    thin(run, tmp_path / "thin", 2 * WEIGHTS)
    small = Run.open(tmp_path / "thin").weights(*network, when="initial")
    for name, values in shifted.items():
        assert np.allclose(small[name], values, rtol=1e-3, atol=1e-4)


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
    assert sorted(run.state.paces) == list(range(run.experiment.levels + 1))
    assert all(known.masks for known in run.state.networks.values())
    of_one = [known for network, known in run.state.networks.items() if network.replicate == 0]
    assert all(known.initial and known.final for known in of_one)
