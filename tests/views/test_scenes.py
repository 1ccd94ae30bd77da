"""The scenes of the talk as data: for runs of any shape, with sentences in the run's own numbers."""

import re

import numpy as np
import pytest
from hypothesis import given

from explorer import Run
from explorer.events import VARIANTS, Ended
from explorer.presets import PRESETS
from explorer.state import State
from explorer.views import Selection
from explorer.views.scenes import SCENES
from explorer.views.story import result
from tests.strategies import experiments


def told(scene, state, level=None, view=None):
    """What is said in a scene, as text."""
    view = view or next(iter(scene.views))
    said = scene.views[view](state.only(scene.variants), Selection(level=level, presents=view, variants=scene.variants))
    return "".join(piece.text for piece in said)


def numbers(text):
    return [float(found) for found in re.findall(r"(\d+\.\d+)%", text)]


@given(experiments())
def test_every_scene_has_its_levels_in_every_search(experiment):
    for scene in SCENES:
        first, last = scene.levels(experiment)
        assert 0 <= first <= last <= experiment.levels
    assert SCENES[0].levels(experiment) == (0, 0)
    assert SCENES[-1].levels(experiment) == (0, experiment.levels)
    assert all(scene.levels(experiment)[1] > 0 for scene in SCENES[1:])


def test_a_scene_is_played_from_its_first_level_to_the_end_of_its_last(shared):
    history = shared.live_history
    for scene in SCENES:
        first, last = (history.moments[number] for number in scene.moments(history))
        levels = scene.levels(shared.experiment)
        whole = shared.experiment.iterations
        assert (first.level, last.level) == levels
        assert (first.iteration, last.iteration) == (0 if levels[0] == levels[1] else whole, whole)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.title)
def test_something_short_is_said_at_every_moment(shared, scene):
    history = shared.live_history
    states = [State(shared.experiment), *map(history.at, range(0, len(history.moments), 5)), shared.live]
    for state in states:
        for view in scene.views:
            said = told(scene, state, view=view)
            assert said.endswith(".")
            assert len(said) <= 130
            assert len(re.findall(r"[a-z%]\. ", said)) <= 1, "two sentences at most"


def test_the_sentences_are_in_the_numbers_of_the_run(shared):
    summary = Run.open(shared.folder).summary()
    final = 100 * summary.groupby(["variant", "level"]).final_test_accuracy.mean()
    learns, _, still, start, _ = SCENES
    dense = pytest.approx(final["ticket", 0], abs=0.051)
    assert numbers(told(learns, shared.live, 0)) == [dense]
    assert f"{sum(p.size for p in shared.experiment.prunable):,} weights" in told(learns, shared.live, 0)
    for level in range(1, 5):
        density = pytest.approx(100 * shared.experiment.density(level), abs=0.051)
        values = [pytest.approx(final[variant, level], abs=0.051) for variant in VARIANTS]
        assert numbers(told(still, shared.live, level)) == [density, values[0], dense]
        assert numbers(told(start, shared.live, level)) == [density, *values]


def test_what_pruning_leaves_is_counted_in_the_mask(shared):
    run, prunes = Run.open(shared.folder), SCENES[1]
    connections = run.mask(variant="ticket", replicate=0, level=3)["fc1.weight"].sum(0)
    assert f"{connections.min()} to {connections.max()} of 300" in told(prunes, shared.live, 3)
    assert "a pixel has 300 connections" in told(prunes, shared.live, 0)


def test_the_last_scene_gives_the_verdict_and_what_it_does_not_say(shared):
    last = SCENES[-1]
    assert told(last, shared.live).startswith(f"{result(shared.live).title}. ")
    assert "no time" in told(last, shared.live)
    assert "inning" not in told(last, shared.live_history.at(0)), "no verdict before there is one"
    run = Run.open(shared.folder)
    expected = []
    for variant in ("ticket", "random-reinit"):
        which = {"variant": variant, "replicate": 0, "level": 4}
        mask = run.mask(**which)["fc1.weight"]
        initial, final = (run.weights(**which, when=when)["fc1.weight"][mask] for when in ("initial", "final"))
        expected += [np.abs(initial).mean(), np.abs(final - initial).mean()]
    sizes = [float(found) for found in re.findall(r"0\.\d{3}", told(last, shared.live, 4, "histogram"))]
    assert sizes == pytest.approx(expected, abs=0.00051)


def test_a_live_search_at_an_earlier_level_is_told_of_as_it_is(shared):
    dense_only = shared.live_history.at(shared.live_history.find(0, 100))
    for scene in SCENES:
        assert "dense network" in told(scene, dense_only) or "train again" in told(scene, dense_only)


def test_who_diverged_is_told(shared):
    gone = shared.live
    for network in shared.live.find("ticket", 2):
        known = gone.networks[network]
        gone = State(gone.experiment, {**gone.networks, network: type(known)(diverged=True)}, ended=Ended("finished"))
    for scene in SCENES:
        for view in scene.views:
            assert "every network of ticket diverged" in told(scene, gone, 2, view)


def test_the_presets_have_room_for_all_scenes():
    for experiment in (preset.experiment for preset in PRESETS.values()):
        levels = [scene.levels(experiment)[1] for scene in SCENES]
        assert levels[2] < levels[3], "the controls join at a sparser level"
