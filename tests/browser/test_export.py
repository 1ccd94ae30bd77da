"""What is taken away from the page, and the link to it, in a real Chromium."""

import hashlib
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from explorer import Run
from explorer.link import from_query
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.views.explanations import EXPLANATIONS
from tests.browser.page import Explorer

pytestmark = pytest.mark.browser
RECORDED = place("assets", "recorded", DEFAULT)
HEADS = {"accuracy": "Test accuracy at 6.7% of the weights"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def take(explorer, tmp_path):
    """Press a button of the drawer, and return the one file that is saved."""
    explorer.page.keyboard.press("e")
    saved = []

    def keep(download):
        saved.append(download)

    explorer.page.on("download", keep)

    def press(button):
        saved.clear()
        with explorer.page.expect_download(timeout=120_000) as download:
            explorer.page.click(f"{button}:enabled")
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        explorer.page.locator(".lt-export-said", has_text=f"Saved {file.name}.").wait_for()
        assert len(saved) == 1
        return file

    yield press
    explorer.page.remove_listener("download", keep)


@pytest.mark.parametrize("view", ["accuracy", "density", "masks", "histogram"])
def test_a_view_is_saved_as_a_picture_of_its_own(take, view):
    drawn = ElementTree.parse(take(f".lt-export-{view} .lt-svg")).getroot()
    said = [text.text for text in drawn.iter(f"{SVG}text") if text.text]
    assert HEADS.get(view, EXPLANATIONS[view].title) in said
    assert any("Lenet-300-100 on Digits" in text for text in said)
    png = take(f".lt-export-{view} .lt-png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(png[16:20]) == 2 * int(drawn.get("width"))


def test_a_picture_has_the_theme_that_is_on_screen(explorer, take):
    explorer.page.keyboard.press("t")
    explorer.page.wait_for_selector(".lt-explorer.lt-dark")
    drawn = ElementTree.parse(take(".lt-export-accuracy .lt-svg")).getroot()
    assert drawn.find(f"{SVG}rect").get("fill") == "rgb(21, 24, 29)"
    colours = {one.get("stroke", "").lower() for one in drawn.iter()}
    assert "#f0782a" in colours


def test_a_view_that_is_put_away_is_brought_on_screen_for_its_picture(explorer, take):
    drawn = ElementTree.parse(take(".lt-export-overlap .lt-svg")).getroot()
    assert explorer.page.locator(".lt-overlap >> visible=true").count() == 1
    assert len(list(drawn.iter(f"{SVG}path"))) > 5, "the chart is in it"
    explorer.page.keyboard.press("2")
    explorer.page.wait_for_selector(".lt-presenting[data-presents=density]")
    drawn = ElementTree.parse(take(".lt-export-accuracy .lt-svg")).getroot()
    assert len(list(drawn.iter(f"{SVG}path"))) > 5
    assert explorer.page.locator(".lt-presenting[data-presents=accuracy]").count() == 1


def test_tables_are_read_by_pandas(take):
    run = Run.open(RECORDED)
    for button, table in ((".lt-curves", run.curves()), (".lt-summary", run.summary())):
        pd.testing.assert_frame_equal(pd.read_csv(take(button)), table, rtol=1e-14)


def test_a_network_is_read_and_its_digest_is_right(explorer, take):
    explorer.page.keyboard.press("ArrowLeft")
    explorer.until(lambda: "11%" in explorer.page.inner_text(".lt-accuracy h2"))
    explorer.page.keyboard.press("ArrowLeft")
    explorer.until(lambda: "20%" in explorer.page.inner_text(".lt-accuracy h2"))
    explorer.page.select_option(".lt-export-network select >> nth=0", label="Random reinit")
    explorer.page.select_option(".lt-export-network select >> nth=1", label="initial")
    file = take(".lt-export-network button")
    assert "random-reinit-r0-l3-d0-initial" in file.name
    digest, weights = hashlib.sha256(), load_file(file)
    for _, values in sorted(weights.items()):
        digest.update(values.tobytes())
    with safe_open(file, "numpy") as opened:
        assert opened.metadata()["sha256"] == digest.hexdigest()
    known = Run.open(RECORDED).weights("random-reinit", 0, 3, when="initial")
    assert all((weights[name] == values).all() for name, values in known.items())


def test_the_whole_run_is_one_page_that_opens_by_itself(explorer, take, browser):
    file = take(".lt-export-html button")
    assert file.stat().st_size < 10_000_000
    page = browser.new_page()
    page.goto(file.as_uri())
    page.locator(".lt-story", has_text="At 6.7% of its weights the ticket").wait_for()
    page.close()


def test_what_is_not_computed_yet_is_told(explorer, address):
    explorer.open(f"{address}/?seed=3")
    explorer.errors.clear()  # Voila's own farewell of a page that goes is refused (voila#1458)
    explorer.page.keyboard.press("e")
    explorer.page.click(".lt-export-csv .lt-curves")
    explorer.page.locator(".lt-export-said", has_text="There is nothing to export yet").wait_for()


def test_a_link_brings_every_setting_to_another_page(explorer, browser, address):
    explorer.set(prune="30", levels="3", replicates="2", iterations="200", seed="7")
    explorer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    explorer.page.click(".lt-share")
    explorer.page.locator(".lt-link", has_text="Copied to the clipboard.").wait_for()
    link = explorer.page.input_value(".lt-link input")
    assert explorer.page.evaluate("() => navigator.clipboard.readText()") == link
    assert link.startswith(address)
    sent, problems = from_query(urlsplit(link).query)
    assert problems == []
    assert (sent.prune, sent.levels, sent.replicates, sent.iterations, sent.seed) == (0.3, 3, 2, 200, 7)

    other = Explorer(browser, address)
    other.open(link)
    other.until(lambda: other.page.input_value(".lt-seed input") == "7")
    for name, (value,) in parse_qs(urlsplit(link).query).items():
        if other.page.locator(f".lt-{name} input[type=text]").count():
            assert other.page.input_value(f".lt-{name} input[type=text]") == value
    other.until(lambda: other.points("accuracy", "line ticket") == 0)
    other.page.close()


def test_a_hostile_link_is_shown_as_text(explorer, address):
    explorer.page.on("dialog", lambda dialog: explorer.errors.append(dialog.message))
    explorer.open(f"{address}/?seed=<script>alert(1)</script>&nonsense=1")
    explorer.until(lambda: "'<script>alert(1)</script>' is not accepted" in explorer.story)
    assert "There is no setting 'nonsense'" in explorer.story
    assert explorer.page.locator(".lt-story script").count() == 0
    assert explorer.points("accuracy", "line ticket") > 0, "the recorded search stays"
    assert not [error for error in explorer.errors if "403" not in error]
    explorer.errors.clear()


def test_where_the_clipboard_is_closed_the_link_is_there_to_be_copied(explorer):
    explorer.page.evaluate("() => (navigator.clipboard.writeText = () => Promise.reject(new Error('no')))")
    explorer.page.click(".lt-share")
    explorer.page.locator(".lt-link", has_text="This browser does not let a page copy").wait_for()
    chosen = "() => document.querySelector('.lt-link input').selectionEnd"
    assert explorer.page.evaluate(chosen) == len(explorer.page.input_value(".lt-link input"))
