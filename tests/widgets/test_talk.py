"""The talk without a browser: scenes, keys, and the live search that goes on behind them."""

import asyncio
import re

import pytest

from explorer import Run, Session, Talk
from explorer.views.accuracy import accuracy
from explorer.views.scenes import SCENES
from explorer.widgets.panels import VIEWS


@pytest.fixture
def recorded(tiny, tmp_path):
    """A finished search of two levels."""
    session = Session(tiny.but(levels=2), "cpu", tmp_path / "recorded")
    session.start()
    assert session.wait(60) == "finished"
    return session.folder


def story(talk):
    talk._main.forget_sentence()
    talk._draw()
    return re.sub("<[^>]*>", "", talk._main._story.value)


def head(talk):
    talk._draw()
    return re.sub("<[^>]*>", " ", talk._head.value).split()


def press(talk, *keys):
    for key in keys:
        talk._key(key)
    talk._draw()


def play(talk):
    """Press space, and let more time go by than any scene lasts."""
    now = talk._playback._now()
    talk._playback._now = lambda: now
    press(talk, " ")
    assert talk._playback.playing
    now += 1000
    talk._draw()


def test_every_view_of_a_scene_is_one():
    assert all(scene.views.keys() <= VIEWS.keys() for scene in SCENES)


def test_keys_lead_through_the_scenes(recorded):
    talk = Talk(recorded)
    seen = []
    for key in ("Escape", "ArrowRight", "PageDown", "ArrowRight", "PageDown", "ArrowRight"):
        press(talk, key)
        seen.append((talk.scene, talk._page.presents))
    views = [(number, next(iter(scene.views))) for number, scene in enumerate(SCENES, 1)]
    assert seen == [*views, views[-1]]
    press(talk, "v")
    assert talk._page.presents == "histogram"
    press(talk, "v")
    assert talk._page.presents == "density"
    talk.present("overlap")
    press(talk, "v")
    assert talk._page.presents == "density", "back to what the scene is about"
    press(talk, "2", "v", "ArrowLeft", "PageUp")
    assert (talk.scene, talk._page.presents) == views[0]
    press(talk, "p", "s", "x", "7", "q")
    assert (talk.scene, talk._page.presents, talk.session) == (*views[0], None)


def test_a_scene_waits_plays_to_its_end_and_stays(recorded):
    talk = Talk(recorded)
    history = talk._source.history
    for number, scene in enumerate(SCENES, 1):
        talk.scene = number
        first, last = scene.moments(history)
        assert talk._playback.number == first
        assert "space" in head(talk)
        play(talk)
        assert (talk._playback.number, talk._playback.playing) == (last, False)
        assert "space" not in head(talk)
        press(talk, " ")
        assert talk._playback.number == first, "once more from its beginning"
    press(talk, "Escape")
    assert not talk._playback.playing


def test_within_a_scene_one_goes_by_levels_and_evaluations(recorded):
    talk = Talk(recorded)
    press(talk, ".")
    assert talk._playback.number == 1
    press(talk, "Shift+ArrowRight")
    assert talk._source.history.moments[talk._playback.number].level == 1
    press(talk, "Shift+ArrowLeft", ",")
    assert talk._source.history.moments[talk._playback.number].level == 0


def test_the_ticket_is_alone_until_its_controls_join(recorded):
    talk = Talk(recorded)
    drawn = {}
    for number in (3, 4):
        talk.scene = number
        play(talk)
        scene = talk._screen()
        marks = accuracy(scene.state, scene.selection).marks
        drawn[number] = [bool(len(marks[f"line {v}"].columns["x"])) for v in ("dense", "ticket", "random-reinit")]
    assert drawn == {3: [True, True, False], 4: [True, True, True]}


def test_a_live_search_goes_on_from_scene_to_scene(recorded):
    async def scene():
        talk = Talk(recorded, device="cpu")
        talk.scene = 2
        press(talk, "l")
        search = talk.session
        assert search is not None
        assert search.experiment == Run.open(recorded).experiment
        assert "live," in head(talk) or search.state.done(2)
        press(talk, "l")
        assert not talk.live
        assert "recording" in head(talk)
        press(talk, "3", "l")
        assert talk.session is search
        assert await asyncio.to_thread(search.wait, 60) == "finished"
        for number in range(1, 6):
            talk.scene = number
            play(talk)
            live = story(talk)
            assert "live" in head(talk)
            talk.live = False
            play(talk)
            assert story(talk) == live, "the same experiment says the same"
            talk.live = True
        assert talk.session is search
        talk.close()

    asyncio.run(scene())


def test_a_live_scene_stays_at_its_level_while_the_search_goes_on(recorded):
    async def scene():
        talk = Talk(recorded, device="cpu")
        press(talk, "l")
        await asyncio.to_thread(talk.session.wait, 60)
        talk._draw()
        assert talk.level == 0
        assert story(talk).startswith("A dense network trains")
        talk.close()

    asyncio.run(scene())


def test_space_pauses_and_resumes_what_trains(tiny, recorded):
    async def scene():
        talk = Talk(recorded, device="cpu")
        talk.experiment = tiny.but(iterations=100_000)
        press(talk, "l", " ")
        assert talk.session.status == "paused"
        assert "paused" in head(talk)
        press(talk, " ")
        assert talk.session.status == "running"
        talk.close()
        assert await asyncio.to_thread(talk._search.wait, 60) == "cancelled"

    asyncio.run(scene())


def test_the_recording_takes_over_where_the_search_fails(recorded, monkeypatch):
    def fails(*arguments, **options):
        raise MemoryError
        yield

    async def scene():
        talk = Talk(recorded, device="cpu")
        before = story(talk)
        monkeypatch.setattr("explorer.session.search", fails)
        press(talk, "l")
        await asyncio.to_thread(talk.session.wait, 60)
        assert story(talk) == before
        assert not talk.live
        assert "out of memory" in talk._notes.value
        monkeypatch.undo()
        press(talk, "l")
        assert talk.live, "it can be tried again"
        assert "out of memory" not in talk._notes.value
        talk.close()

    asyncio.run(scene())


def test_the_recording_stays_where_no_search_can_begin(recorded, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "file" / "runs"))
    talk = Talk(recorded)
    before = story(talk)
    press(talk, "l")
    assert (talk.live, talk.session, story(talk)) == (False, None, before)
    assert "cannot be written" in talk._notes.value


def test_another_run_is_another_talk(recorded, shared):
    talk = Talk(recorded)
    talk.scene = 4
    talk.run = Run.open(shared.folder)
    assert talk._source is talk.run
    assert f"{100 * shared.experiment.density(4):.1f}%" in story(talk)


def test_notes_are_shown_on_demand(recorded):
    talk = Talk(recorded)
    assert "lt-open" not in talk._notes._dom_classes
    press(talk, "n")
    assert "lt-open" in talk._notes._dom_classes
    assert SCENES[1].title in talk._notes.value, "what comes next"
    press(talk, "Escape")
    assert "lt-open" not in talk._notes._dom_classes
