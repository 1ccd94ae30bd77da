"""Every view of a run as a picture, for the command: a real Chromium, and a page that nobody sees."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest

from explorer import Experiment, ExplorerError, Run
from explorer.browser import answer
from explorer.events import Network, NetworkStarted
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.runs import Writer
from explorer.views.explanations import EXPLANATIONS
from explorer.widgets.panels import VIEWS
from explorer.widgets.pictures import pictures
from tests.browser.chromium import find
from tests.support import is_one_sentence

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("named")]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def named(browser, monkeypatch):
    """The program is told of the browser that the tests found."""
    monkeypatch.setenv("EXPLORER_BROWSER", find())


def test_every_view_is_drawn_with_its_title_and_what_was_run():
    made = pictures(Run.open(place("assets", "recorded", DEFAULT)))
    assert list(made) == [f"{view}.{kind}" for view in VIEWS for kind in ("svg", "png")]
    for view in VIEWS:
        drawn = ElementTree.parse(io.BytesIO(made[f"{view}.svg"])).getroot()
        said = [text.text for text in drawn.iter(f"{SVG}text") if text.text]
        title = EXPLANATIONS[view].title
        assert drawn.find(f"{SVG}title").text == title
        assert ("Test accuracy at 6.7% of the weights" if view == "accuracy" else title) in said
        assert "Lenet-300-100 on Digits" in said[-1]
        assert "level 5: 6.7% of the weights" in said[-1]
        assert drawn.find(f"{SVG}rect").get("fill") == "rgb(255, 255, 255)"
        assert drawn.find(f".//{SVG}foreignObject") is None
        png = made[f"{view}.png"]
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
        assert (width, height) == (2 * int(drawn.get("width")), 2 * int(drawn.get("height")))
        assert 400 < height < 1_000, "there was room for it, and not too much"
    assert made["accuracy.svg"].count(b"<path") > 5
    assert made["measures.svg"].count(b"Random sparse") == 5, "all of the table, of which the page shows a part"
    assert made["masks.svg"].count(b"<image") == 6


def test_a_run_that_has_only_begun_has_pictures(tmp_path):
    experiment = Experiment(dataset="digits", levels=1, iterations=20)
    writer = Writer(experiment, "cpu", "torch", tmp_path / "run")
    masks = {parameter.name: np.ones(parameter.shape, bool) for parameter in experiment.prunable}
    writer.write(NetworkStarted(Network("ticket", 0, 0), masks))
    writer.close()
    assert b"Test accuracy of the dense network" in pictures(Run.open(tmp_path / "run"))["accuracy.svg"]


def test_what_the_page_or_the_browser_cannot_is_one_sentence(tmp_path, monkeypatch):
    assert answer("<script>fetch('/', {method: 'POST', body: location.hash})</script>", "here") == b"#here"
    monkeypatch.setattr("explorer.browser.PATIENCE", 2.0)
    stub = tmp_path / "stub"
    stub.write_text('#!/bin/sh\n[ "$1" = --version ]\n')
    stub.chmod(0o755)
    for browser, page, said in ((find(), "<p>", "nothing came of it"), (str(stub), "<p>", "ended with status 1")):
        monkeypatch.setenv("EXPLORER_BROWSER", browser)
        with pytest.raises(ExplorerError, match=said) as caught:
            answer(page, "pictures")
        assert is_one_sentence(str(caught.value))
