"""The Export drawer and the share link without a browser; with one they are in browser/test_export.py."""

import asyncio

import pytest

from explorer import Experiment, Explorer, ExplorerError, Run, preset
from explorer.link import to_query
from explorer.presets import DEFAULT
from explorer.runs.export import Choice, files
from explorer.widgets.export import NOTHING, _offline_page
from explorer.widgets.panels import VIEWS
from tests.support import is_one_sentence


def taken(explorer, label, monkeypatch):
    """Press a button of the drawer; return what is sent to the page by name, and what the drawer says then."""
    sent = {}

    async def save(name, content, kind, share):
        sent[name] = content

    async def save_picture(name, view, title, kind):
        sent[name] = (view, kind)

    drawer = explorer._drawers["Export"]
    monkeypatch.setattr(drawer._download, "save", save)
    monkeypatch.setattr(drawer._download, "save_picture", save_picture)

    async def press():
        next(button for button in drawer._buttons if button.description == label).click()
        assert drawer._task is None or all(button.disabled for button in drawer._buttons)
        if drawer._task:
            await drawer._task
        assert not any(button.disabled for button in drawer._buttons)

    asyncio.run(press())
    return sent, drawer._said.value


def test_tables_and_networks_are_those_of_the_command(shared, monkeypatch):
    explorer, run = Explorer(run=shared.folder), Run.open(shared.folder)
    for label, name in (("Curves", "curves.csv"), ("Summary", "summary.csv"), ("Measures", "measures.csv")):
        sent, said = taken(explorer, label, monkeypatch)
        assert sent == {f"run-{name}": files(run, ["csv"])[name]}
        assert f"Saved run-{name}." in said
    explorer.go(2)
    explorer._select(replicate=1)
    explorer._drawers["Export"]._variant.value, explorer._drawers["Export"]._when.value = "random-sparse", "initial"
    sent, _ = taken(explorer, "Network", monkeypatch)
    made = files(run, ["network"], Choice("random-sparse", 1, 2, when="initial"))
    assert sent == {f"run-{name}": content for name, content in made.items()}


def test_every_view_can_be_taken_as_svg_and_png(shared, monkeypatch):
    explorer = Explorer(run=shared.folder)
    assert [button.description for button in explorer._drawers["Export"]._buttons].count("SVG") == len(VIEWS)
    sent, _ = taken(explorer, "SVG", monkeypatch)
    assert sent == {"run-accuracy.svg": ("accuracy", "svg")}


def test_what_cannot_be_exported_is_said_in_one_sentence(shared, monkeypatch, tmp_path):
    explorer = Explorer(run=shared.folder)
    explorer.go(0)
    explorer._drawers["Export"]._variant.value = "random-sparse"
    sent, said = taken(explorer, "Network", monkeypatch)
    assert sent == {}
    assert "holds no random-sparse of replicate 0, level 0" in said
    assert "lt-wrong" in said
    with pytest.raises(ExplorerError, match="is no run directory") as caught:
        _offline_page(tmp_path)
    assert is_one_sentence(str(caught.value))


def test_a_fault_does_not_lock_the_drawer(shared, monkeypatch):
    monkeypatch.setattr("explorer.widgets.export.files", lambda *given: 1 / 0)
    sent, said = taken(Explorer(run=shared.folder), "Network", monkeypatch)
    assert sent == {}
    assert "The export failed: ZeroDivisionError." in said


def test_before_anything_is_computed_there_is_nothing_to_export(tiny, monkeypatch):
    sent, said = taken(Explorer(tiny), "Curves", monkeypatch)
    assert sent == {}
    assert NOTHING in said
    assert is_one_sentence(NOTHING)


def test_a_live_search_is_exported_as_far_as_it_is(tiny, monkeypatch):
    async def scene():
        explorer = Explorer(tiny, device="cpu")
        explorer.step()
        await asyncio.to_thread(
            lambda: [explorer.session.wait(0.05) for _ in range(200) if explorer.session.status == "running"]
        )
        assert explorer.session.status == "paused"
        return explorer

    explorer = asyncio.run(scene())
    sent, _ = taken(explorer, "Summary", monkeypatch)
    (content,) = sent.values()
    assert content.decode().count("\n") == 1 + tiny.replicates
    explorer.cancel()
    explorer.session.wait()


def test_one_drawer_is_open_at_a_time_and_escape_closes_it(shared):
    explorer = Explorer(run=shared.folder)
    drawers = explorer._drawers
    opened = lambda: [name for name, drawer in drawers.items() if drawer.is_open]  # noqa: E731
    for key, tool in (("e", "Export"), ("?", "Help")):
        explorer._key(key)
        assert opened() == [tool]
    explorer._use("Share link")
    assert opened() == ["Share link"]
    assert drawers["Share link"]._link.query == to_query(shared.experiment)
    explorer._key("Escape")
    assert opened() == []
    explorer._key("e")
    explorer._key("e")
    assert opened() == []


def test_a_link_sets_the_controls_and_names_what_it_cannot():
    explorer = Explorer()
    wanted = Experiment(dataset="digits", prune=0.3, levels=3, replicates=2, iterations=200, seed=7)
    explorer._page._answered(None, {"query": f"?{to_query(wanted)}&nonsense=1"}, [])
    explorer._draw()
    assert explorer.experiment == explorer._side.controls.experiment == explorer.state.experiment == wanted
    assert "There is no setting &#x27;nonsense&#x27;" in explorer._main._story.value
    explorer._draw()
    assert "nonsense" in explorer._main._story.value, "it is still there to be read"
    explorer._side.controls._controls["seed"].value = "8"
    explorer._main.forget_sentence()
    explorer._draw()
    assert "nonsense" not in explorer._main._story.value


def test_a_hostile_link_is_shown_as_text_and_the_recorded_search_stays():
    explorer = Explorer()
    explorer._page._answered(None, {"query": "?seed=<script>alert(1)</script>&nonsense=1"}, [])
    explorer._draw()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in explorer._main._story.value
    assert "<script" not in explorer._main._story.value
    assert explorer.experiment == preset(DEFAULT)
    assert explorer.state.networks


def test_a_link_does_not_end_a_search(tiny):
    async def scene():
        explorer = Explorer(tiny, device="cpu")
        explorer.step()
        session = explorer.session
        explorer._page._answered(None, {"query": "?seed=7"}, [])
        assert explorer.session is session
        assert explorer.experiment == tiny
        explorer.cancel()
        await asyncio.to_thread(session.wait)

    asyncio.run(scene())
