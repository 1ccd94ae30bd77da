"""The table of runs: what a person asks for in it happens, in the folder and on the page."""

import asyncio
import shutil
import threading

import pytest

from explorer import Explorer, Run, Session
from explorer.events import Evaluated
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.runs.catalogue import runs
from explorer.views import compare, words
from explorer.views.compare import RUN_TONES
from tests.support import is_one_sentence

RECORDED = place("assets", "recorded", DEFAULT)
OLD, NEW = "20260102-030405-lenet-300-100-digits-0a1b2c", "20260103-030405-lenet-300-100-digits-0d1e2f"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of runs: two of them."""
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    for name in (OLD, NEW):
        shutil.copytree(RECORDED, tmp_path / "runs" / name)
    return tmp_path / "runs"


@pytest.fixture
def explorer(folder):
    """A page with the table open."""
    explorer = Explorer()
    explorer._use("Runs")
    yield explorer
    explorer.close()


def table(explorer):
    return explorer._runs._table


def rows(explorer):
    return {row["name"]: row for row in table(explorer).rows}


def ask(explorer, want, run=""):
    """What the browser sends."""
    table(explorer)._handle_custom_msg({"want": want, "run": run}, [])
    explorer._draw()


def test_each_run_is_a_row_with_what_it_is(explorer, folder):
    assert [row["name"] for row in table(explorer).rows] == [NEW, OLD]
    for run in runs(folder):
        row = rows(explorer)[run.name]
        assert (row["settings"], row["status"], row["size"]) == (run.settings, run.status, words.size(run.size))
        assert row["path"] == str(folder / run.name)
        assert run.name.startswith(row["short"].split("…")[0])
        assert run.name.endswith(row["short"].split("…")[1])
        assert not row["shown"]


def test_outcomes_follow_on_the_loop(folder):
    async def scene():
        explorer = Explorer()
        explorer._use("Runs")
        assert [row["outcome"] for row in table(explorer).rows] == [None, None]
        while None in [row["outcome"] for row in table(explorer).rows]:
            await asyncio.sleep(0.01)
        assert [row["outcome"] for row in table(explorer).rows] == [run.outcome for run in runs(folder)]
        explorer._use("Runs")
        await asyncio.sleep(0)
        assert explorer._runs._watching is None

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_run_that_appears_elsewhere_appears_here(folder, monkeypatch):
    monkeypatch.setattr("explorer.widgets.runs.POLL", 0.01)

    async def scene():
        explorer = Explorer()
        explorer._use("Runs")
        shutil.copytree(RECORDED, folder / "another")
        while "another" not in rows(explorer):
            await asyncio.sleep(0.01)
        explorer.close()

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_opening_a_run_shows_it_and_closes_the_table(explorer, folder):
    ask(explorer, "open", OLD)
    assert explorer.run.path == folder / OLD
    assert explorer.status == "finished"
    assert not explorer._runs.is_open
    explorer._use("Runs")
    assert [row["shown"] for row in table(explorer).rows] == [False, True]
    assert str(folder / OLD) in explorer._runs._kept.value


def test_deleting_and_putting_back(explorer, folder):
    ask(explorer, "delete", OLD)
    assert (table(explorer).deleted, list(rows(explorer))) == (OLD, [NEW])
    assert not (folder / OLD).exists()
    ask(explorer, "undo")
    assert (table(explorer).deleted, list(rows(explorer))) == ("", [NEW, OLD])
    assert Run.open(folder / OLD).state.networks.keys() == Run.open(RECORDED).state.networks.keys()
    assert explorer.status == "idle"


def test_what_was_deleted_last_can_be_put_back(explorer, folder):
    ask(explorer, "delete", OLD)
    ask(explorer, "delete", NEW)
    assert table(explorer).deleted == NEW
    ask(explorer, "undo")
    ask(explorer, "undo")
    assert list(rows(explorer)) == [NEW]
    ask(explorer, "delete", NEW)
    explorer._use("Runs")
    explorer._use("Runs")
    assert table(explorer).deleted == NEW, "also when the table was closed meanwhile"
    ask(explorer, "undo")
    assert (table(explorer).deleted, list(rows(explorer))) == ("", [NEW])


def test_deleting_the_run_on_screen_leaves_its_settings_and_undo_shows_it_again(explorer, folder):
    ask(explorer, "open", OLD)
    told = explorer._main._story.value
    explorer._use("Runs")
    ask(explorer, "delete", OLD)
    assert (explorer.run, explorer.status, explorer.state.networks) == (None, "idle", {})
    assert explorer.experiment == Run.open(RECORDED).experiment
    assert "Press Start" in explorer._main._story.value
    assert explorer._runs._kept.value == ""
    ask(explorer, "undo")
    assert (explorer.run.path, explorer.status) == (folder / OLD, "finished")
    assert explorer._main._story.value == told


def test_undo_leaves_alone_what_came_on_screen_since(explorer, folder):
    for name in (OLD, NEW):
        ask(explorer, "open", name)
        explorer._use("Runs")
        if name == OLD:
            ask(explorer, "delete", OLD)
            undo = explorer._runs._undo
    explorer._runs._undo = undo
    ask(explorer, "undo")
    assert explorer.run.path == folder / NEW
    assert (folder / OLD).exists()


def test_a_search_that_runs_is_neither_deleted_nor_ended_by_the_way(folder, tiny):
    explorer = Explorer(tiny.but(iterations=400), device="cpu")
    explorer.start()
    session = explorer.session
    session.pause()
    try:
        explorer._use("Runs")
        name = session.folder.name
        assert rows(explorer)[name]["status"] == "running"
        explorer._draw()
        for want, run in (("delete", name), ("open", OLD)):
            ask(explorer, want, run)
            assert is_one_sentence(table(explorer).said)
            assert "cancel" in table(explorer).said
            assert explorer.session is session
            assert session.status == "paused"
        assert set(rows(explorer)) == {name, OLD, NEW}
        assert rows(explorer)[name]["shown"]
    finally:
        explorer.close()
        session.wait(60)
    ask(explorer, "tick", OLD)
    assert table(explorer).said == "", "what was wrong is told until something else is asked for"


def test_two_runs_that_are_ticked_are_compared_by_letters_that_stay(explorer, folder):
    drawn = explorer._runs._comparison
    ask(explorer, "tick", NEW)
    assert drawn.children == ()
    ask(explorer, "tick", OLD)
    assert [row["letter"] for row in table(explorer).rows] == ["A", "B"]
    _, plot, numbers = drawn.children
    state = Run.open(RECORDED).state
    assert plot.chart.summary == compare({"A": state, "B": state}).summary
    assert numbers.value.count("<tr>") == 1 + 2 * len(state.by_level), "a head and a row for each level of each run"
    ask(explorer, "tick", NEW)
    assert [row["letter"] for row in table(explorer).rows] == ["", "B"]
    assert drawn.children == ()
    ask(explorer, "delete", OLD)
    ask(explorer, "undo")
    assert [row["letter"] for row in table(explorer).rows] == ["", ""]


def test_no_more_runs_are_compared_than_there_are_ways_to_draw_one(explorer, folder):
    for number in range(len(RUN_TONES)):
        shutil.copytree(RECORDED, folder / f"more-{number}")
    ask(explorer, "undo")  # which looks again
    for name in rows(explorer):
        ask(explorer, "tick", name)
    assert sorted(row["letter"] for row in table(explorer).rows) == ["", "", *RUN_TONES]
    assert is_one_sentence(table(explorer).said)


def test_a_run_that_grows_is_compared_as_it_is_now(explorer, tiny, folder):
    session, paused = Session(tiny, "cpu", folder / "growing"), threading.Event()
    session.subscribe(lambda event: (session.pause(), paused.set()) if isinstance(event, Evaluated) else None)
    session.start()
    assert paused.wait(60)
    explorer._runs._look()
    ask(explorer, "tick", "growing")
    ask(explorer, "tick", OLD)
    before = explorer._runs._comparison._plot.chart.summary
    session._subscribers.clear()
    session.start()
    assert session.wait(60) == "finished"
    explorer._runs._look()
    assert explorer._runs._comparison._plot.chart.summary != before
    assert rows(explorer)["growing"]["status"] == "finished"


@pytest.mark.parametrize("file", ["run.json", "events.jsonl"])
def test_a_damaged_run_is_told_and_all_else_goes_on(explorer, folder, file):
    (folder / OLD / file).write_text("{}\n")
    before = explorer._main._story.value
    for want in ("tick", "open"):
        ask(explorer, want, OLD)
        assert "is damaged" in table(explorer).said
        assert (explorer.run, explorer._main._story.value) == (None, before)
    ask(explorer, "open", NEW)
    assert table(explorer).said == ""
    assert explorer.run.path == folder / NEW


def test_a_run_that_is_damaged_while_it_is_on_screen_does_not_hold_the_page(explorer, folder):
    ask(explorer, "open", OLD)
    with (folder / OLD / "events.jsonl").open("a") as file:
        file.write("{}\n")
    explorer._draw()
    assert "is damaged" in explorer._main._story.value
    ask(explorer, "open", NEW)
    assert "is damaged" not in explorer._main._story.value
    assert explorer.status == "finished"


def test_what_is_not_in_the_list_is_not_touched(explorer, folder, tmp_path):
    other = shutil.copytree(RECORDED, tmp_path / "elsewhere")
    for want in ("open", "delete", "tick", "format"):
        for name in ("../elsewhere", str(other), "", "no-such-run"):
            ask(explorer, want, name)
    assert other.exists()
    assert explorer.status == "idle"


def test_without_runs_it_says_where_they_will_be(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "none"))
    explorer = Explorer()
    explorer._use("Runs")
    assert table(explorer).rows == []
    assert table(explorer).empty == f"No runs yet: press Start; they are kept in {tmp_path / 'none'}."


def test_one_drawer_is_open_at_a_time_and_escape_closes_it(explorer):
    explorer._key("?")
    assert [name for name, drawer in explorer._drawers.items() if drawer.is_open] == ["Help"]
    explorer._key("r")
    assert [name for name, drawer in explorer._drawers.items() if drawer.is_open] == ["Runs"]
    explorer._key("Escape")
    assert not any(drawer.is_open for drawer in explorer._drawers.values())
