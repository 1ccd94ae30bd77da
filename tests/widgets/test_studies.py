"""The drawer of studies: what it costs, what runs, what came of it, and how it is gone on with."""

import asyncio
import shutil
import threading
from itertools import chain, repeat

import pytest

from explorer import Explorer, Refused, RunError, Session, Study
from explorer.events import Evaluated
from explorer.runs.writer import STUDY
from explorer.studies import STUDIES
from explorer.studies.study_session import StudySession
from explorer.views import words
from explorer.widgets.controls import Controls
from explorer.widgets.studies import FIGURES, YOURS
from explorer.widgets.study_page import StudyPage
from tests.support import is_one_sentence, until


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of runs, with nothing in it."""
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def pair(tiny, monkeypatch):
    """A study of two experiments of a second each, listed among the paper's figures."""
    name = "figure-4c-talk"
    experiments = (("one-shot", tiny.but(protocol="one-shot")), ("iterative", tiny))
    study = Study(name, "Figure 4c: pruning in one shot", "Two small ones.", experiments, "4c", "talk")
    monkeypatch.setitem(STUDIES, name, study)
    return study


@pytest.fixture
def explorer(folder, pair):
    """A page with the drawer open."""
    explorer = Explorer(device="cpu")
    explorer._key("f")
    yield explorer
    explorer.close()


def ask(explorer, want, which):
    """What the browser sends."""
    explorer._studies._list._handle_custom_msg({"want": want, "which": str(which)}, [])
    explorer._draw()


def press(explorer, pair):
    """Choose the study and press "Start study"."""
    explorer._studies._list.chosen = pair.name
    explorer._studies._button.click()
    assert explorer.status == "running"


def finish(explorer):
    """Draw on, as the pump does, until nothing runs any more."""
    until(lambda: explorer._draw() or explorer._alive is None)
    explorer._draw()
    return explorer.status


def page(explorer):
    """Open the drawer anew, at the study that is on screen."""
    explorer._drawers.close()
    explorer._key("f")
    return explorer._studies._page


def line(explorer):
    """What the side says of the study."""
    return "" if explorer._side._study.layout.display == "none" else explorer._side._study.description


def test_every_figure_is_listed_with_its_sizes_and_what_they_cost(explorer):
    figures = explorer._studies._list.figures
    assert len(figures) == len({study.figure for study in STUDIES.values()})
    assert [figure["called"] for figure in figures][-1] == "Figures 38–41"
    listed = {size["name"]: size for figure in figures for size in figure["sizes"]}
    for name, study in STUDIES.items():
        same = [other for other in STUDIES.values() if other.experiments == study.experiments]
        assert name in listed or any(other.name in listed and other.figure == study.figure for other in same)
        if name in listed:
            assert listed[name]["iterations"] == words.rounded(study.cost)
            assert listed[name]["time"] == "–", "nothing was tried where there is no loop"


def test_controls_give_every_experiment_of_every_study_back():
    controls = Controls(STUDIES["figure-1-paper"].experiments[0][1], lambda: None)
    for study in STUDIES.values():
        for _, experiment in study.experiments:
            controls.set(experiment)
            assert controls.experiment == experiment


def test_a_study_runs_from_its_first_experiment_to_its_last(explorer, pair, folder):
    press(explorer, pair)
    assert not explorer._studies.is_open
    assert explorer._side.controls._controls["levels"].entry.disabled
    assert line(explorer) == "Figure 4c, talk: one-shot, 1 of 2"
    seen = [line(explorer)]
    until(lambda: explorer._draw() or seen.append(line(explorer)) or "paper" in seen[-1])
    assert list(dict.fromkeys(seen)) == [
        "Figure 4c, talk: one-shot, 1 of 2",
        "Figure 4c, talk: iterative, 2 of 2",
        "Figure 4c, talk: against the paper",
    ]
    assert finish(explorer) == "finished"
    assert Study.open(explorer._study.folder).status == "finished"

    shown = page(explorer)
    said = [row.children[1].description for row in shown._rows.children]
    assert said == ["one-shot", "iterative"]
    assert "protocol one-shot" in shown._rows.children[0].children[2].value
    assert "finished, on screen" in shown._rows.children[1].children[2].value
    judged = Study.open(explorer._study.folder).verdict()
    assert len(judged)
    for row in judged.itertuples():
        assert row.claim in shown._verdict.value
        assert f"<b>{row.judgement}</b>" in shown._verdict.value
    assert "2 of 2 finished" in shown._said.value
    assert shown._comparison._plot.chart.name == "compare"

    shown._rows.children[0].children[1].click()
    explorer._draw()
    assert explorer.run.path == explorer.run.path.parent / "one-shot"
    assert explorer.run is not shown._run.run("one-shot"), "that one is read in a thread of its own, and no run by two"
    assert explorer.experiment.protocol == "one-shot"
    assert (explorer._study, line(explorer), explorer._studies.is_open) == (None, "", False)


def test_the_drawer_follows_a_study_that_is_being_run(pair, folder):
    (folder / "begun").mkdir(parents=True)
    (folder / "begun" / STUDY).write_text(pair.to_json())
    label, experiment = pair.experiments[0]
    session = Session(experiment, "cpu", folder / "begun" / label)
    session.start()
    assert session.wait() == "finished"
    file = folder / "begun" / label / "events.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"")
    shown = StudyPage(*4 * [lambda *given: None])
    shown.choose(folder / "begun")
    for line in lines:  # as if it was looked at after each record
        with file.open("ab") as stream:
            stream.write(line)
        shown.look()
        shown.draw(None, startable=True)
    assert "1 of 2 finished" in shown._said.value


def test_cancel_ends_the_study_and_it_can_be_gone_on_with(explorer, pair, folder):
    press(explorer, pair)
    until(lambda: explorer._draw() or "2 of 2" in line(explorer))
    explorer._key("x")
    explorer.session.wait(60)
    assert finish(explorer) == "cancelled"
    explorer._study.wait(60)
    shown = page(explorer)
    assert "1 of 2 finished" in shown._said.value
    assert shown._on.layout.display is None
    shown._on.click()
    assert line(explorer) == "Figure 4c, talk: iterative, 2 of 2"
    assert finish(explorer) == "finished"
    assert page(explorer)._on.layout.display == "none"
    assert len(list(folder.iterdir())) == 1, "in the same directory"


def test_yours_are_listed_opened_and_gone_on_with(explorer, pair, folder):
    (folder / "begun").mkdir(parents=True)
    (folder / "begun" / STUDY).write_text(pair.to_json())
    explorer._drawers.close()
    explorer._key("f")
    explorer._studies._switch.value = YOURS
    (row,) = explorer._studies._list.yours
    assert (row["called"], row["status"], row["unfinished"]) == ("Figure 4c, talk", "interrupted", True)
    ask(explorer, "open", row["path"])
    assert "0 of 2 finished" in explorer._studies._page._said.value
    assert explorer._studies._page._rows.children[0].children[1].disabled
    explorer._studies._back()
    ask(explorer, "go on", row["path"])
    assert explorer._study.folder == folder / "begun"
    assert finish(explorer) == "finished"


def test_nothing_starts_while_a_search_runs(explorer, pair, folder):
    reached = threading.Event()
    press(explorer, pair)
    explorer.session.subscribe(lambda event: isinstance(event, Evaluated) and reached.set())
    assert reached.wait(60)
    explorer.pause()
    explorer._key("f")
    assert explorer._studies._button.disabled
    before = sorted(folder.iterdir())
    with pytest.raises(RunError, match="a search runs") as caught:
        explorer.start_study(pair)
    assert is_one_sentence(str(caught.value))
    explorer._studies._run(pair, None)
    assert "a search runs" in explorer._studies._list.said
    assert sorted(folder.iterdir()) == before
    explorer.start()
    assert finish(explorer) == "finished"


def test_under_the_open_drawer_no_key_touches_a_search(explorer, pair):
    for key in ("s", "x", " "):
        explorer._key(key)
        assert (explorer.session, explorer._playback.playing) == (None, False)
    explorer.start_study(pair)
    explorer.pause()
    for key in ("s", "x", " "):
        explorer._key(key)
        assert explorer.status == "paused"
    explorer._drawers.close()
    explorer._key("x")
    assert explorer._study.wait(60) == "cancelled"


def test_a_study_stays_with_its_page_where_one_experiment_ends_as_it_is_shown(explorer, pair, monkeypatch):
    explorer.start_study(pair)
    study = explorer._study
    assert study.wait(60) == "finished"
    one, two = (Session(experiment, "cpu") for _, experiment in pair.experiments)
    sessions = chain([one, one], repeat(two))  # the next one begins between two looks at which it is
    monkeypatch.setattr(StudySession, "session", property(lambda _: next(sessions)), raising=False)
    explorer._draw()
    assert explorer._study is study, "it runs on, and can be cancelled"


def test_pause_step_and_resume_act_on_what_runs(explorer, pair):
    explorer._drawers.close()
    explorer.start_study(pair)
    explorer.pause()
    assert explorer.status == "paused"
    explorer._key(" ")
    assert explorer.status == "running"
    explorer.step()
    until(lambda: explorer._draw() or explorer.status == "paused")
    assert explorer.state.done(0)
    explorer.start()
    assert finish(explorer) == "finished"


def test_a_failed_experiment_ends_the_study_with_its_message(explorer, pair, monkeypatch):
    def fail(*given, **settings):
        raise MemoryError
        yield

    press(explorer, pair)
    monkeypatch.setattr("explorer.session.search", fail)
    assert finish(explorer) == "failed"
    assert "out of memory" in explorer._main._story.value


def test_a_page_that_is_closed_interrupts_its_study(explorer, pair):
    press(explorer, pair)
    study = explorer._study
    explorer._interrupt()
    assert study.wait(60) == "interrupted"


def test_opening_a_run_ends_a_study(explorer, pair, shared):
    press(explorer, pair)
    study = explorer._study
    explorer.run = type(explorer)(run=shared.folder).run
    assert study.wait(60) == "cancelled"
    explorer._draw()
    assert explorer.state.experiment == shared.experiment


def test_nonsense_is_told_or_ignored(explorer, folder, pair):
    with pytest.raises(Refused, match="lottery presets"):
        explorer.start_study("figure-99")
    for want, which in (("open", "nowhere"), ("go on", ""), ("dance", "figure-4c-talk")):
        ask(explorer, want, which)
    explorer._studies._list.chosen = "nonsense"
    assert explorer._studies._button.disabled
    explorer._studies._button.click()
    assert explorer.status == "idle"


def test_a_study_that_is_taken_away_is_told(explorer, pair, folder):
    press(explorer, pair)
    assert finish(explorer) == "finished"
    explorer._study.wait(60)
    shutil.rmtree(explorer._study.folder)
    assert "is no study" in page(explorer)._said.value


def test_times_are_found_on_the_loop_and_only_while_nothing_runs(folder, pair, monkeypatch):
    asked = []

    def seconds(experiment, device):
        asked.append(threading.current_thread())
        return 60.0

    monkeypatch.setattr("explorer.widgets.studies.seconds", seconds)

    async def scene():
        explorer = Explorer(device="cpu")
        explorer._use("Studies")
        times = lambda: [size["time"] for figure in explorer._studies._list.figures for size in figure["sizes"]]  # noqa: E731
        while "–" in times():
            await asyncio.sleep(0.01)
        assert threading.main_thread() not in asked
        assert f"about {words.roughly(120.0)}" in times()
        explorer.close()

        busy = Explorer(device="cpu")
        busy.start_study(pair)
        busy.pause()
        before = len(asked)
        busy._use("Studies")
        while busy._studies._page.study is None:
            await asyncio.sleep(0.01)
        assert len(asked) == before
        busy.close()

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_the_switch_shows_one_list_or_the_other(explorer):
    assert explorer._studies._switch.value == FIGURES
    assert not explorer._studies._list.begun
    explorer._studies._switch.value = YOURS
    assert explorer._studies._list.begun
    assert explorer._studies._foot.layout.display == "none"
