"""The Explorer without a browser: traits, controls, a recorded run, single views."""

import asyncio
import json
import shutil
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from explorer import Experiment, Explorer, Refused, Run, Session
from explorer.events import VARIANTS, Evaluated, Network
from explorer.places import place
from explorer.presets import DEFAULT, PRESETS, preset
from explorer.state import NetworkState, State
from explorer.views import words
from explorer.views.explanations import EXPLANATIONS
from explorer.views.progress import EVALUATED, seconds_an_image
from explorer.widgets.controls import OWN
from explorer.widgets.side import steps
from tests.support import PATIENCE


def controls(explorer):
    return explorer._side.controls


def test_it_opens_on_the_default_preset():
    explorer = Explorer()
    assert explorer.status == "idle"
    assert explorer.experiment == preset(DEFAULT), "the recorded search is one of the preset as it is today"
    assert controls(explorer).check() == preset(DEFAULT)
    assert explorer._main._story.value.startswith('<p class="">Recorded: ')


def test_a_recorded_run_is_shown(shared):
    explorer = Explorer(run=shared.folder)
    assert explorer.status == "finished"
    assert explorer.experiment == shared.experiment
    assert explorer.state.networks.keys() == shared.live.networks.keys()
    assert "reaches" in explorer._main._story.value
    other = Explorer()
    other.run = Run.open(shared.folder)
    other._draw()
    assert other._main._story.value == explorer._main._story.value


def test_choosing_a_level_is_one_selection_for_all(shared):
    explorer = Explorer(run=shared.folder)
    explorer.go(1)
    assert explorer.level == 1
    explorer._draw()
    assert "48.1%" in explorer._main._story.value
    assert explorer._main._strip.shown == 1


def test_settings_of_ones_own_are_in_the_list_only_while_they_are_set():
    chosen = controls(Explorer())
    titles = [known.title for known in PRESETS.values()]
    assert [title for title, _ in chosen._preset.options] == titles
    for typed in ("7", "nonsense"):
        chosen._controls["seed"].value = typed
        assert [title for title, _ in chosen._preset.options] == [*titles, OWN]
    chosen._controls["seed"].value = "0"
    assert (chosen._preset.value, chosen._preset.label) == (DEFAULT, PRESETS[DEFAULT].title)
    assert [title for title, _ in chosen._preset.options] == titles


def test_it_is_told_when_what_is_on_screen_has_other_settings(shared):
    explorer = Explorer(run=shared.folder)
    differs = lambda: explorer._draw() or explorer._side._differs.value  # noqa: E731
    assert differs() == ""
    for typed in ("7", "nonsense"):
        controls(explorer)._controls["seed"].value = typed
        assert "other settings" in differs()
    controls(explorer)._controls["seed"].value = "0"
    assert differs() == ""
    idle = Explorer(Experiment(dataset="digits", iterations=10, levels=3))
    controls(idle)._controls["seed"].value = "nonsense"
    idle._draw()
    assert idle._side._differs.value == "", "nothing is on screen"


def test_how_long_a_search_will_take_is_told_once_one_has_shown_it(tiny, monkeypatch):
    monkeypatch.setattr("explorer.views.progress.SETTLED", 0.0)
    explorer = Explorer(tiny, device="cpu")
    assert "about" not in explorer._side._adds.value
    explorer.start()
    assert explorer.session.wait(60) == "finished"
    explorer._draw()
    now = explorer.state.progress
    evaluated = 3 * (300 + 60 + 60)  # at 0, 20 and 40
    a_network = 40 * 60 + EVALUATED * evaluated
    dense = 2 + 6 * (0.02 + 0.98 * tiny.density(1))  # networks at each level, in dense ones
    assert seconds_an_image(explorer.state) == pytest.approx(now.seconds / (dense * a_network))
    controls(explorer)._controls["replicates"].value = "100"
    explorer._draw()
    whole = words.duration(now.seconds * 100 / 2)
    assert f"<b>400</b> networks, about {whole}" in explorer._side._adds.value


def test_a_preset_sets_all_controls_and_typing_makes_them_ones_own():
    explorer = Explorer(Experiment(dataset="digits", iterations=10, levels=3))
    chosen = controls(explorer)
    assert chosen._preset.value == OWN
    chosen._preset.value = DEFAULT
    assert chosen.check() == preset(DEFAULT)
    chosen._controls["seed"].value = "7"
    assert chosen._preset.value == OWN
    assert chosen.experiment == preset(DEFAULT).but(seed=7)
    assert explorer.state.experiment.seed == 7, "an idle page shows what would run"


@pytest.mark.parametrize("typed", ["0", "100", "-3", "nan", "inf", "", "20,5", "1e99", "\N{GREEK SMALL LETTER PI}"])
def test_nonsense_in_the_percentage_stays_as_typed_and_is_refused(typed):
    explorer = Explorer()
    control = controls(explorer)._controls["prune"]
    control.value = typed
    assert control.value == typed
    assert controls(explorer).experiment is None
    assert "Prune per level" in control._message.value
    explorer.start()
    assert explorer.session is None
    assert explorer.status == "idle"


def test_the_slider_and_the_field_follow_each_other():
    control = controls(Explorer())._controls["prune"]
    control.slider.value = 30
    assert control.value == "30"
    control.value = "12.5"
    assert control.slider.value == 12
    assert control.value == "12.5"


def test_what_cannot_start_is_told_and_leaves_the_page_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "file" / "runs"))
    explorer = Explorer()
    explorer.start()
    before = explorer.state
    explorer._draw()
    assert (explorer.session, explorer.status, explorer.state) == (None, "idle", before)
    assert "cannot be written" in explorer._main._story.value


def test_a_device_that_is_not_there_is_told():
    explorer = Explorer(device="quantum")
    explorer.start()
    explorer._draw()
    assert "Device: &#x27;quantum&#x27; is not accepted" in explorer._main._story.value


def test_a_view_of_its_own_shares_session_and_selection(shared):
    explorer = Explorer(run=shared.folder)
    _, alone, said, about = explorer.view("masks").children
    assert said.value == EXPLANATIONS["masks"].sentence
    explorer._main._actions.explain(("density",), None)
    assert explorer._about.is_open
    alone._actions.explain(("masks",), None)
    assert about.is_open
    assert not explorer._about.is_open, "only one is open at a time"
    before = alone._matrix["ticket"].values
    explorer.level = 1
    explorer._draw()
    assert alone._matrix["ticket"].values != before
    assert alone._matrix["ticket"].values == explorer._main._masks._matrix["ticket"].values
    with pytest.raises(Refused, match="did you mean masks"):
        explorer.view("mask")


def test_a_view_that_is_closed_is_drawn_no_more(shared):
    explorer = Explorer(run=shared.folder)
    known = len(explorer._main._views)
    explorer.view("accuracy").close()
    explorer._draw()
    assert len(explorer._main._views) == known
    assert explorer._page.comm is not None


def test_another_run_of_the_same_experiment_is_drawn_anew(shared, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(shared.folder, folder)
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    for line in lines:
        if "test_accuracy" in line:
            line["test_accuracy"] /= 2
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    explorer = Explorer(run=shared.folder)
    charts = [explorer._main._own[k]._plot for k in (0, 1)]
    before = [plot.chart.summary for plot in charts]
    explorer.run = Run.open(folder)
    explorer._draw()
    assert all(plot.chart.summary != said for plot, said in zip(charts, before, strict=True))


def test_a_brush_is_in_all_its_charts_and_ends_with_the_run(shared):
    explorer = Explorer(run=shared.folder)
    plots = explorer._main._own[3]._charts
    explorer._select(brush=(0.1, 0.2))
    explorer._draw()
    assert [plot.brush for plot in plots.values()] == [(0.1, 0.2)] * 3
    explorer.run = Run.open(place("assets", "recorded", DEFAULT))
    explorer._draw()
    assert [plot.brush for plot in plots.values()] == [None] * 3


def test_a_level_that_was_not_reached_cannot_be_chosen(shared):
    explorer = Explorer(run=shared.folder)
    explorer.go(99)
    assert explorer.level is None


def test_it_searches_live_on_a_loop(tiny):
    async def scene():
        explorer = Explorer(tiny, device="cpu")
        explorer.start()
        assert explorer.status == "running"
        explorer.start()  # a second click changes nothing
        session = explorer.session
        await asyncio.to_thread(session.wait, 60)
        explorer._draw()
        assert explorer.session is session
        assert explorer.status == "finished"
        explorer.close()

    asyncio.run(scene())


def test_another_run_of_the_same_shape_is_another_picture(shared, tmp_path):
    other = Session(shared.experiment.but(seed=1, levels=1, iterations=20), "cpu", tmp_path / "run")
    other.start()
    assert other.wait() == "finished"
    explorer = Explorer(run=shared.folder)
    explorer.level = 1
    explorer._draw()
    before = explorer._main._masks._matrix["ticket"].values
    explorer.run = Run.open(tmp_path / "run")
    explorer.level = 1
    explorer._draw()
    assert explorer._main._masks._matrix["ticket"].values != before
    assert (
        explorer._main._masks._matrix["ticket"].values
        == Explorer(run=tmp_path / "run")._main._masks._matrix["ticket"].values
    )


def test_a_run_that_goes_away_is_told_once_and_the_page_goes_on(shared, tmp_path):
    shutil.copytree(shared.folder, tmp_path / "run")
    explorer = Explorer(run=tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "tensors")
    explorer.level = 1
    explorer._draw()
    assert "cannot be read" in explorer._main._story.value
    explorer.cancel()
    explorer.run = Run.open(shared.folder)
    explorer._draw()
    assert "cannot be read" not in explorer._main._story.value
    assert explorer.status == "finished"


def test_a_run_that_another_process_writes_is_followed(tiny, tmp_path):
    session = Session(tiny.but(iterations=200), "cpu", tmp_path / "run")
    paused = threading.Event()
    session.subscribe(lambda event: (session.pause(), paused.set()) if isinstance(event, Evaluated) else None)
    session.start()
    assert paused.wait(30)
    explorer = Explorer(run=tmp_path / "run")
    assert explorer.status == "running"
    assert explorer._side._buttons["Cancel"].disabled
    assert not explorer._side._buttons["Start"].disabled
    known = explorer.state.records
    session._subscribers.clear()
    session.start()
    assert session.wait(60) == "finished"
    explorer._draw()
    assert explorer.status == "finished"
    assert explorer.state.records > known


def test_the_trait_and_the_controls_are_one(shared):
    explorer = Explorer(Experiment(dataset="digits", iterations=10, levels=3))
    controls(explorer)._controls["seed"].value = "7"
    assert explorer.experiment.seed == 7
    explorer.experiment = explorer.experiment.but(levels=2, seed=3)
    assert controls(explorer)._controls["levels"].value == "2"
    assert controls(explorer).experiment == explorer.experiment == explorer.state.experiment


def test_a_level_that_is_not_there_is_the_nearest_that_is(shared):
    explorer = Explorer(run=shared.folder)
    explorer.level = 99
    explorer._draw()
    assert explorer._main._strip.shown == shared.experiment.levels


def test_the_sentence_that_was_left_in_peace_is_written_in_the_end(shared):
    async def scene():
        explorer = Explorer(run=shared.folder)
        explorer.go(2, 0)
        explorer._draw()
        explorer.walk(3)
        explorer._draw()
        held = explorer._main._story.value
        explorer.look(explorer._playback.number)
        wanted, explorer._main._story.value = explorer._main._story.value, held
        assert wanted != held, "numbers went on while the sentence stood"
        explorer._draw()
        while explorer._main._story.value == held:
            await asyncio.sleep(0.05)
        assert explorer._main._story.value == wanted
        explorer.close()

    asyncio.run(asyncio.wait_for(scene(), PATIENCE))


def test_a_level_under_the_pointer_does_not_outlive_what_it_was_pointed_at_in(shared):
    explorer = Explorer(run=shared.folder)
    explorer._look_at(1)
    assert explorer._screen().selection.level == 1
    explorer.go(3, 0)  # a replay, while the pointer is still there
    assert explorer._screen().selection.level is None
    assert explorer.state.level == 3
    explorer.follow()
    explorer.run = Run.open(place("assets", "recorded", DEFAULT))
    assert explorer._screen().selection.level is None


def test_what_training_waits_for_is_told_instead_of_a_story(tiny):
    explorer, known = Explorer(tiny), State(tiny)
    for state, expected in (known, "Reading the data…"), (replace(known, preparing="Compiling"), "Compiling…"):
        explorer._main.show_story(explorer._screen()._replace(state=state, newest=state, status="running"))
        assert explorer._main._story.value == f'<p class="">{expected}</p>'


@pytest.mark.parametrize(("usable", "left"), [(8, 7), (2, 1), (1, 1)])
def test_a_search_leaves_a_core_to_the_page(tiny, monkeypatch, usable, left):
    monkeypatch.setattr("explorer.widgets.explorer.usable_cores", lambda: usable)
    assert Explorer(tiny)._new_session().cores == left


def test_another_architecture_brings_what_has_no_control_and_leaves_what_has_one():
    settings = controls(Explorer())
    before, chosen = settings.experiment, settings._controls["architecture"]
    chosen.value = "resnet-18"
    now = settings.experiment
    assert now == before.but(architecture="resnet-18")
    assert (now.optimizer, now.batch, now.dataset, now.prune) == ("momentum", 128, before.dataset, before.prune)
    chosen.value = "lenet-300-100"
    assert settings.experiment == before


def test_what_is_wrong_with_a_setting_without_a_control_stands_beside_the_architecture():
    settings = controls(Explorer())
    said = {name: settings._controls[name]._message for name in ("architecture", "iterations")}
    settings.set(settings.experiment.but(rewind=100))
    settings._controls["iterations"].value = "50"
    assert settings.experiment is None
    assert "Rewind to: 100 with Iterations 50 is not accepted; give at most 49." in said["architecture"].value
    assert not said["iterations"].value
    settings._controls["iterations"].value = "200"
    assert not said["architecture"].value


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ["smallest 42%", "to their initial values", "Repeat"]),
        ({"rewind": 1_000, "iterations": 2_000}, ["smallest 42%", "to iteration 1,000", "Repeat"]),
        ({"protocol": "continued", "criterion": "movement"}, ["42% of it by movement", "as they are", "Repeat"]),
        ({"protocol": "one-shot"}, ["smallest 42%", "to their initial values", "for every level at once"]),
    ],
)
def test_the_steps_are_those_of_the_protocol(settings, said):
    for piece, step in zip(said, steps(preset(DEFAULT).but(**settings))[1:], strict=True):
        assert piece in step


def test_weights_that_are_on_screen_are_looked_at_seldom_and_of_all_variants_at_one_iteration(tiny, monkeypatch):
    explorer, clock = Explorer(tiny), [100.0]
    monkeypatch.setattr("explorer.widgets.glimpses.time", SimpleNamespace(monotonic=lambda: clock[0]))
    session, looks = explorer._source, []
    networks = [Network(variant, 0, 1) for variant in VARIANTS]
    for iteration in range(0, 200, 20):
        for network in networks:
            clock[0] += 0.05  # an evaluation of all three takes 0.15 s
            known = {**session.state.networks, network: NetworkState(iteration=iteration)}
            session.state = replace(session.state, networks=known)
            looks.append((iteration, explorer._glimpses.due(session, network)))
    assert not explorer._glimpses.due(session, Network("ticket", 1, 1)), "another replicate is on screen"
    asked = {iteration: {due for at, due in looks if at == iteration} for iteration, _ in looks}
    assert all(len(answers) == 1 for answers in asked.values())
    assert [at for at, (due,) in asked.items() if due] == [0, 60, 120, 180]
