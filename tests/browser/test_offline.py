"""A run as one page, opened from the disk in a real Chromium: no server, no Python, no network."""

import pytest

from explorer import Run
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.widgets.offline import page
from explorer.widgets.panels import VIEWS
from tests.browser.page import COLUMN, PIXELS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    file = tmp_path_factory.mktemp("offline") / "replay.html"
    file.write_text(page(Run.open(place("assets", "recorded", DEFAULT))))
    return file


@pytest.fixture
def opened(browser, file):
    """The page from the disk; afterwards, that nothing complained and nothing was asked for."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    page, complaints, requests = context.new_page(), [], []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_function("() => window.Bokeh && Bokeh.documents.length >= 5")
    yield page
    context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []


def title(page):
    return page.inner_text(".lt-accuracy h2")


def test_it_shows_the_run_as_it_ended(opened):
    assert "At 6.7% of its weights the ticket" in opened.inner_text(".lt-story")
    assert "6.7%" in title(opened)
    for figure, mark in (("accuracy", "line ticket"), ("density", "points ticket 0"), ("histogram ticket", "trained")):
        assert len(opened.evaluate(COLUMN, [figure, mark, "x" if figure != "histogram ticket" else "top"])) > 4
    shapes = {opened.evaluate(PIXELS, f".lt-folded.lt-of-{variant} canvas") for variant in ("ticket", "random-sparse")}
    assert len(shapes) == 2
    assert opened.is_disabled(".lt-seed input")
    for gone in ("lt-start", "lt-export", "lt-share", "lt-runs"):
        assert opened.locator(f".{gone}").count() == 0


def test_space_replays_and_pauses_and_escape_ends_it(opened):
    end = opened.evaluate(COLUMN, ["accuracy", "line ticket", "x"])
    opened.keyboard.press("Space")
    opened.wait_for_function("() => document.querySelector('.lt-accuracy h2').innerText.includes('dense')")
    opened.wait_for_function("() => document.querySelector('.lt-accuracy h2').innerText.includes('58%')")
    opened.keyboard.press("Space")
    held = opened.input_value(".lt-moment")
    opened.wait_for_timeout(500)
    assert opened.input_value(".lt-moment") == held
    opened.keyboard.press(".")
    assert int(opened.input_value(".lt-moment")) > int(held)
    opened.keyboard.press("Escape")
    assert opened.evaluate(COLUMN, ["accuracy", "line ticket", "x"]) == end


def test_it_is_scrubbed_to_any_moment_and_any_level(opened):
    opened.fill(".lt-moment", "2500")  # of 1,000 iterations a level: level 2
    opened.wait_for_function("() => document.querySelector('.lt-accuracy h2').innerText.includes('34%')")
    assert max(opened.evaluate(COLUMN, ["accuracy", "line ticket", "x"])) == 500
    opened.click(".lt-back-to-live")
    opened.click(".lt-level-scrubber button >> nth=1")
    assert "58%" in title(opened)
    opened.keyboard.press("ArrowRight")
    assert "34%" in title(opened)


def test_layers_measures_themes_and_presenting_work(opened):
    first = opened.evaluate(PIXELS, ".lt-matrix.lt-of-ticket canvas")
    opened.select_option(".lt-layer select", index=1)
    assert opened.evaluate(PIXELS, ".lt-matrix.lt-of-ticket canvas") != first
    assert opened.locator(".lt-masks.lt-no-fold").count() == 1
    at_the_end = opened.evaluate(COLUMN, ["density", "points ticket 0", "y"])
    opened.click("text=at early stop")
    assert opened.evaluate(COLUMN, ["density", "points ticket 0", "y"]) != at_the_end
    colour = "() => getComputedStyle(document.querySelector('.lt-page')).backgroundColor"
    light = opened.evaluate(colour)
    opened.keyboard.press("t")
    assert opened.evaluate(colour) != light
    for number, view in enumerate(list(VIEWS)[:10], start=1):
        opened.keyboard.press(str(number % 10))
        assert opened.locator(f".lt-presenting[data-presents={view}]").count() == 1
        opened.keyboard.press("p")
        assert opened.locator(".lt-presenting").count() == 0
    opened.keyboard.press("?")
    assert opened.is_visible(".lt-help-text")
