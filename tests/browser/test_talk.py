"""The talk as its speaker leads it: by keys, in a real Chromium."""

import re

import pytest

from tests.browser.page import Explorer, serving

pytestmark = pytest.mark.browser

FITS = """() => [...document.querySelectorAll(".lt-story p, :is(.lt-talk-head, .lt-source) .widget-html-content")]
  .every((box) => box.scrollHeight <= box.clientHeight + 1 && box.scrollWidth <= box.clientWidth + 1)"""
STAGE = {  # what is seen of each scene's views, top to bottom between the sentences and the foot
    1: [".lt-accuracy .lt-plot"],
    2: [".lt-folded.lt-of-ticket canvas", ".lt-matrix.lt-of-ticket canvas"],
    3: [".lt-accuracy .lt-plot"],
    4: [".lt-accuracy .lt-plot"],
    5: [".lt-density .lt-plot"],
}
SIZES = ((1024, 768), (1280, 720), (1920, 1080), (1440, 900))


class Talk(Explorer):
    def open(self, address):
        self.page.goto(address)
        self.page.wait_for_selector(".lt-talk-head h1", timeout=60_000)
        self.page.wait_for_function("() => window.Bokeh && Bokeh.documents.length", timeout=30_000)

    @property
    def head(self):
        return self.page.inner_text(".lt-talk-head")

    def type(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def fits(self, scene, width, height):
        """Whether nothing overflows or overlaps."""
        whole = "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        if self.page.evaluate(whole) != [width, height] or not self.page.evaluate(FITS):
            return False
        top = self.page.locator(".lt-story p").bounding_box()
        foot = self.page.locator(".lt-source").bounding_box()
        boxes = [self.page.locator(shown).bounding_box() for shown in STAGE[scene]]
        return all(
            box
            and box["y"] >= top["y"] + top["height"]
            and box["y"] + box["height"] <= foot["y"] + 1
            and box["x"] >= 0
            and box["x"] + box["width"] <= width
            and box["height"] > 0.45 * height
            for box in boxes
        )


@pytest.fixture
def talk(browser, tmp_path):
    with serving(tmp_path / "runs", app="talk") as address:
        talk = Talk(browser, address)
        yield talk
        talk.page.close()
    assert talk.errors == []
    assert talk.left_the_machine == []


def test_five_scenes_by_keys_and_one_of_them_live(talk):
    said = set()
    for scene in range(1, 6):
        talk.until(lambda scene=scene: re.search(rf"recording\s+{scene} / 5", talk.head))
        said |= {talk.page.inner_text(".lt-talk-head h1"), talk.story}
        assert talk.story.count(". ") <= 1, "two sentences at most"
        for width, height in SIZES:
            talk.page.set_viewport_size({"width": width, "height": height})
            talk.until(lambda scene=scene, width=width, height=height: talk.fits(scene, width, height))
        begun = talk.story
        talk.type(" ")
        talk.until(lambda: "space plays" not in talk.head)
        talk.until(lambda begun=begun: talk.story != begun, seconds=30)
        talk.type("ArrowRight")
    assert len(said) == 10, "every scene has a title and sentences of its own"
    talk.type("v")
    talk.until(lambda: talk.page.locator(".lt-weights-plot.lt-of-ticket").first.is_visible())
    talk.until(lambda: talk.page.evaluate(FITS))

    talk.type("1", " ")
    talk.until(
        lambda: re.match(r"A dense network trains all of its 266,200 weights\. It recognizes \d\d\.\d%", talk.story)
    )
    talk.until(lambda: "space plays" not in talk.head)
    recorded = talk.story
    talk.type("l")
    talk.until(lambda: "live, level 0 of 5" in talk.head)
    talk.type("n")
    talk.until(lambda: "Live search: running" in talk.page.inner_text(".lt-talk-notes"))
    talk.type("Escape", "PageDown")
    talk.until(lambda: "Prune, rewind, repeat" in talk.head)
    talk.until(lambda: "live, level 1 of 5" in talk.head, seconds=180)
    talk.until(lambda: "58.1% of the weights" in talk.story)
    talk.type("l")
    talk.until(lambda: re.search(r"recording\s+2 / 5", talk.head))
    talk.type("l", "1")
    talk.until(lambda: re.search(r"space plays\s+live\s+1 / 5", talk.head))  # its level is trained: nothing starts anew
    talk.type(" ")
    talk.until(lambda: talk.story == recorded)  # the same experiment on the same machine
    talk.type("3")
    talk.until(lambda: re.search(r"live, level [1-5] of 5\s+3 / 5", talk.head))


def test_no_key_leaves_anything_broken(talk):
    talk.type("?")
    talk.until(lambda: "the speaker's notes" in talk.page.inner_text(".lt-help-text"))
    talk.type("Escape", "t")
    talk.until(lambda: talk.page.locator(".lt-explorer.lt-dark").count() == 1)
    assert not talk.page.locator(".lt-help-text").is_visible()
    before = talk.story
    talk.type(".", ".")
    talk.until(lambda: talk.story != before)
    talk.type("Shift+ArrowRight")
    talk.until(lambda: "Test accuracy at 58%" in talk.page.inner_text(".lt-accuracy h2"))
    talk.type("p", "s", "x", "r", "e", "0", "9", "Escape")
    talk.until(lambda: talk.story == before)
    talk.type("End", "ArrowLeft", "5", "ArrowRight", "PageUp")
    talk.until(lambda: re.search(r"recording\s+4 / 5", talk.head))
    assert talk.fits(4, 1440, 900)
