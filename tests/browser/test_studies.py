"""The drawer of studies in a real Chromium: a study is chosen, runs, and is held against the paper."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

from explorer import Study
from explorer.runs.writer import STUDY
from explorer.studies import STUDIES

pytestmark = pytest.mark.browser

SLOW = 30_000
WIDER = "parts => parts.map(part => part.scrollWidth - part.clientWidth)"
NAME = "20990102-030405-one-of-my-own-0a1b2c"


@pytest.fixture
def mine(runs, shared):
    """A study of one's own with one run that is there, and one that is not."""
    study = Study(
        "one-of-my-own", "One of my own", "Two seeds.", (("a", shared.experiment), ("b", shared.experiment.but(seed=1)))
    )
    (runs / NAME).mkdir(parents=True)
    (runs / NAME / STUDY).write_text(study.to_json())
    shutil.copytree(shared.folder, runs / NAME / "a")
    yield study
    shutil.rmtree(runs / NAME)


def violations(page):
    """What axe finds in the drawer."""
    found = Axe().run(page, context=".lt-studies-drawer").response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def test_a_figure_is_chosen_run_and_seen(explorer, runs, mine):
    page = explorer.page
    page.keyboard.press("f")
    sizes = page.locator(".lt-figure-sizes label")
    sizes.first.wait_for()
    assert page.locator(".lt-figure-list > li").count() == len({study.figure for study in STUDIES.values()})
    assert page.locator(".lt-start-study").is_disabled()
    assert violations(page) == []
    chosen = page.locator("input[value=figure-19-20-talk]")
    chosen.scroll_into_view_if_needed()
    chosen.check()
    page.locator(".lt-study-cost", has_text="Figures 19–20, talk").wait_for()
    page.locator(".lt-start-study:enabled").dblclick()
    explorer.wait_for("running")
    page.locator(".lt-studies-drawer").wait_for(state="hidden")
    page.locator("button.lt-study", has_text="Figures 19–20, talk: lenet, 1 of 1").wait_for()
    assert len(list(runs.glob("*figure-19-20-talk*"))) == 1, "however often it was pressed"
    page.click("button.lt-study")
    page.locator(".lt-study-said", has_text="running, 0 of 1 finished").wait_for(timeout=SLOW)
    page.locator(".lt-comparison .lt-plot[aria-label*=weights]:visible").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    explorer.press("cancel")
    explorer.wait_for("cancelled")
    page.keyboard.press("f")
    page.locator(".lt-go-on:visible").wait_for(timeout=SLOW)

    page.get_by_role("button", name="All studies").click()
    page.locator(".lt-studies-drawer .lt-switch button", has_text="Yours").click()
    page.locator(".lt-begun-list li", has_text="One of my own").locator(".lt-study-open").click()
    page.locator(".lt-study-said", has_text="1 of 2 finished").wait_for(timeout=SLOW)
    explorer.wait_for_points("compare", "points A", 4)
    assert violations(page) == []
    page.locator(".lt-study-run", has_text="a").first.click()
    explorer.wait_for("finished")
    page.locator(".lt-studies-drawer").wait_for(state="hidden")
    page.keyboard.press("f")
    page.get_by_role("button", name="All studies").click()
    page.locator(".lt-studies-drawer .lt-switch button", has_text="The paper's figures").click()
    page.keyboard.press("Escape")


def test_the_drawer_fits_and_only_its_list_scrolls(explorer):
    page = explorer.page
    page.keyboard.press("f")
    page.locator(".lt-figure-sizes label").first.wait_for()
    for width, height in ((1280, 720), (1440, 900), (1000, 700)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        for part in (".lt-studies-drawer", ".lt-start-study"):
            box = page.locator(part).bounding_box()
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width
            assert 0 <= box["y"] <= box["y"] + box["height"] <= height
        drawer = page.locator(".lt-studies-drawer, .lt-study-list").evaluate_all(WIDER)
        assert max(drawer) <= 0, "nothing goes beyond its right edge"
    page.set_viewport_size({"width": 1440, "height": 900})
