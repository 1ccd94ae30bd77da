"""What a person can do with what is on screen: every view speaks to every other, by pointer and by key."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

from explorer.places import place
from explorer.presets import DEFAULT
from explorer.widgets.panels import VIEWS

pytestmark = pytest.mark.browser

PLOT = ".lt-{} .lt-plot"


def box_of(explorer, selector):
    return explorer.page.locator(selector).first.bounding_box()


def point(explorer, selector, x=0.5, y=0.5):
    """Move the pointer to a place in a thing, in shares of its width and height."""
    box = box_of(explorer, selector)
    explorer.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)


def shown_level(explorer):
    return explorer.page.locator(".lt-level-scrubber [aria-checked=true] b").inner_text()


def caption(explorer, variant="ticket"):
    return explorer.page.inner_text(f".lt-weights .lt-matrix-caption.lt-of-{variant}")


def test_the_recorded_search_is_replayed_scrubbed_and_left(explorer):
    keys = explorer.page.keyboard
    whole = explorer.points("accuracy", "line ticket")
    explorer.page.select_option(".lt-speed select", label="0.25×")  # a busy machine must not miss it
    explorer.page.locator("h1").click()
    keys.press(" ")
    explorer.wait_for("replaying")
    explorer.until(lambda: explorer.points("density", "points ticket 0") == 1)
    explorer.page.click("button.lt-replay")
    at = explorer.points("density", "points ticket 0")
    explorer.page.wait_for_timeout(700)
    assert abs(explorer.points("density", "points ticket 0") - at) <= 1, "one frame may have been on its way"

    scrubber = explorer.page.locator("input.lt-moment")
    box = scrubber.bounding_box()
    explorer.page.mouse.click(box["x"] + box["width"] * 0.62, box["y"] + box["height"] / 2)
    explorer.until(lambda: shown_level(explorer) == "20%")
    explorer.until(lambda: 0 < explorer.points("accuracy", "line ticket") < whole)
    before = explorer.points("accuracy", "line ticket")
    scrubber.focus()
    keys.press("ArrowRight")
    explorer.until(lambda: explorer.points("accuracy", "line ticket") == before + 1)
    explorer.page.locator("h1").click()
    keys.press(",")
    explorer.until(lambda: explorer.points("accuracy", "line ticket") == before)
    keys.press("ArrowLeft")
    explorer.until(lambda: shown_level(explorer) == "34%")
    keys.press("Escape")
    explorer.wait_for("idle")
    explorer.until(lambda: explorer.points("density", "points ticket 0") == 5)


def test_a_level_under_the_pointer_is_shown_everywhere_and_a_click_stays(explorer):
    at = explorer.column("density", "points ticket 0")
    span = explorer.page.evaluate(
        "() => {const x = Bokeh.documents.find(d => d.roots()[0].name === 'density').get_model_by_name('x');"
        "return [x.start, x.end]}"
    )
    share = (at[1] - span[0]) / (span[1] - span[0])
    point(explorer, PLOT.format("density"), share, 0.3)
    explorer.until(lambda: "34%" in explorer.page.inner_text(".lt-accuracy h2"))
    explorer.until(lambda: shown_level(explorer) == "34%")
    point(explorer, "h1")
    explorer.until(lambda: shown_level(explorer) == "6.7%")
    point(explorer, PLOT.format("density"), share, 0.3)
    explorer.page.mouse.down()
    explorer.page.mouse.up()
    point(explorer, "h1")
    explorer.page.wait_for_timeout(400)
    explorer.until(lambda: shown_level(explorer) == "34%")

    point(explorer, PLOT.format("accuracy"), 0.3, 0.5)
    explorer.page.mouse.down()
    explorer.page.mouse.up()
    explorer.wait_for("replaying")
    explorer.until(lambda: shown_level(explorer) == "34%")
    early = (explorer.column("density", "points ticket 0")[0] - span[0]) / (span[1] - span[0])
    point(explorer, PLOT.format("density"), early, 0.3)  # in a replay, too
    explorer.until(lambda: shown_level(explorer) == "58%")
    point(explorer, "h1")
    explorer.until(lambda: shown_level(explorer) == "34%")


def test_pixels_units_and_ranges_of_weights_are_pointed_out(explorer):
    folded, matrix = (f".lt-weights .lt-{what}.lt-of-ticket" for what in ("folded", "matrix"))
    usual = explorer.pixels(folded), explorer.pixels(matrix)
    point(explorer, f"{folded} canvas", 0.51, 0.51)
    explorer.until(lambda: caption(explorer).startswith("row 15, column 15: "))
    assert explorer.page.locator(f"{matrix} .lt-column:visible").count() == 1
    assert caption(explorer, "random-sparse").endswith("of 300 connections")
    point(explorer, f"{matrix} canvas", 0.5, 0.001)
    explorer.until(lambda: caption(explorer).startswith("unit 1: "))
    explorer.until(lambda: explorer.pixels(folded) != usual[0])
    point(explorer, "h1")
    explorer.until(lambda: caption(explorer) == "mask, one row a unit, one column a pixel")
    explorer.until(lambda: (explorer.pixels(folded), explorer.pixels(matrix)) == usual)

    plot = ".lt-weights .lt-weights-plot.lt-of-ticket .lt-plot"
    point(explorer, plot, 0.6, 0.4)
    explorer.page.mouse.down()
    point(explorer, plot, 0.9, 0.4)
    explorer.page.mouse.up()
    explorer.until(lambda: explorer.pixels(matrix) != usual[1] and explorer.pixels(folded) != usual[0])
    explorer.page.mouse.down()
    explorer.page.mouse.up()
    explorer.until(lambda: (explorer.pixels(folded), explorer.pixels(matrix)) == usual)


def test_every_view_is_explained_and_has_its_numbers(explorer):
    for room, views in (
        ("Masks and weights", "accuracy density masks histogram"),
        ("Distance", "distance"),
        ("Beyond", "supermask connectivity"),
        ("Connections", "connections overlap"),
        ("Measures", "measures"),
        ("Layers and time", "layers timing"),
    ):
        explorer.page.click(f"text={room}")
        for view in views.split():
            explorer.until(lambda view=view: explorer.page.locator(f".lt-{view} >> visible=true").count() > 0)
    asks = explorer.page.locator(".lt-ask >> visible=true")
    assert asks.count() == 4, "one for each chart on screen"
    asks.last.click()
    about = explorer.page.locator(".lt-drawer.lt-open")
    about.locator("summary").click()
    assert "weights remaining" in about.locator("table").inner_text()
    explorer.page.keyboard.press("Escape")
    about.wait_for(state="hidden")
    assert asks.last.evaluate("asked => asked === document.activeElement"), "the keyboard is where it was"


def test_the_level_on_screen_stays_in_sight_among_the_measures(explorer):
    explorer.page.click("text=Measures")
    explorer.page.set_viewport_size({"width": 1280, "height": 720})
    table, current = (explorer.page.locator(f".lt-measures {part}") for part in (".lt-table", "[aria-current]"))
    for level in (1, 5):
        explorer.page.click(f".lt-level-scrubber button >> nth={level}")
        explorer.until(lambda level=level: current.locator("th").first.inner_text() == str(level))
        for scrolled in (0, 1000):
            table.evaluate("(table, at) => { table.scrollTop = at; }", scrolled)
            box, row = table.bounding_box(), current.bounding_box()
            assert box["y"] < row["y"]
            assert row["y"] + row["height"] <= box["y"] + box["height"] + 1
    explorer.page.set_viewport_size({"width": 1440, "height": 900})


def test_a_variant_or_a_layer_in_focus_is_so_everywhere(explorer):
    faint = """variant => Bokeh.documents.find(d => d.roots()[0].name === 'density').roots()[0].renderers
        .filter(({glyph}) => glyph.type === 'Line' && glyph.tags[0] === variant)
        .every(({glyph}) => glyph.line_alpha.value < 0.5)"""
    name = ".lt-weights >> visible=true >> .lt-name.lt-of-random-reinit"
    column = ".lt-masks .lt-folded.lt-of-ticket"

    def is_faint(variant):
        return explorer.page.evaluate(faint, variant)

    explorer.page.click(name)
    explorer.until(lambda: is_faint("ticket") and is_faint("random-sparse") and not is_faint("random-reinit"))
    assert explorer.page.evaluate("at => getComputedStyle(document.querySelector(at)).opacity", column) == "0.3"
    explorer.until(lambda: explorer.page.input_value(".lt-variant select") == "Random reinit")
    explorer.page.click("text=Layers and time")
    explorer.page.locator(".lt-table caption", has_text="Random reinit of replicate 1 at 6.7%").wait_for()
    explorer.page.keyboard.press("v")
    explorer.page.locator(".lt-table caption", has_text="Random sparse").wait_for()
    explorer.page.keyboard.press("v")
    explorer.until(lambda: not any(map(is_faint, ("ticket", "random-reinit", "random-sparse"))))
    explorer.page.keyboard.press("l")
    explorer.until(lambda: explorer.page.input_value(".lt-layer select").startswith("fc2"))


def test_presenting_by_keys(explorer):
    keys = explorer.page.keyboard
    keys.press("p")
    explorer.page.locator(".lt-presenting .lt-density").wait_for()
    explorer.until(lambda: explorer.story.startswith("At 6.7% of its weights: ticket"))
    assert not explorer.page.is_visible(".lt-side")
    assert not explorer.page.is_visible(".lt-tools")
    for number, view in enumerate(list(VIEWS)[:10], start=1):
        keys.press(str(number % 10))
        explorer.page.locator(f".lt-presenting[data-presents={view}]").wait_for()
        shown = {"masks": ".lt-masks .lt-matrix", "measures": ".lt-measures .lt-table"}.get(
            view, f".lt-{view} :is(.lt-plot, table)"
        )
        explorer.until(lambda shown=shown: explorer.page.locator(f"{shown} >> visible=true").count() > 0)
        width, height = (explorer.page.viewport_size[side] for side in ("width", "height"))
        for part in explorer.page.locator(f"{shown} >> visible=true").all():
            box = part.bounding_box()
            assert box["x"] >= 0
            assert box["y"] >= 0
            assert box["x"] + box["width"] <= width + 1
            assert box["y"] + box["height"] <= height + 1
    keys.press("ArrowLeft")
    explorer.until(lambda: explorer.story.startswith("At 11.4%"))
    letters = explorer.page.evaluate(
        "() => parseFloat(getComputedStyle(document.querySelector('.lt-story p')).fontSize)"
    )
    assert letters >= 0.045 * height
    keys.press("Escape")
    explorer.page.locator(".lt-side").wait_for()


def test_dark_and_light_and_help(explorer):
    def colour(mark):
        return explorer.page.evaluate(
            "name => Bokeh.documents.find(d => d.roots()[0].name === 'accuracy').roots()[0].renderers"
            ".find(r => r.data_source.name === name).glyph.line_color.value",
            mark,
        )

    page = "() => getComputedStyle(document.querySelector('.lt-page')).backgroundColor"
    light = colour("line ticket"), explorer.pixels(".lt-folded.lt-of-ticket"), explorer.page.evaluate(page)
    explorer.page.keyboard.press("t")
    explorer.until(lambda: colour("line ticket") != light[0])
    explorer.until(lambda: explorer.pixels(".lt-folded.lt-of-ticket") != light[1])
    assert explorer.page.evaluate(page) != light[2]
    explorer.page.click("button.lt-theme")
    explorer.until(lambda: colour("line ticket") == light[0])
    explorer.page.keyboard.press("?")
    explorer.page.locator(".lt-drawer.lt-open kbd").first.wait_for()
    explorer.page.keyboard.press("Escape")
    explorer.page.locator(".lt-drawer.lt-open").wait_for(state="hidden")
    assert "lt-help" in explorer.page.evaluate("() => document.activeElement.className"), "the keyboard is where it was"


def test_keys_typed_into_fields_are_not_for_the_page(explorer):
    explorer.page.click(".lt-seed input")
    explorer.page.keyboard.type("t p?5")
    explorer.page.wait_for_timeout(500)
    assert explorer.page.input_value(".lt-seed input") == "0t p?5"
    assert explorer.page.locator(".lt-dark, .lt-presenting, .lt-drawer.lt-open").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_audit_of_accessibility_finds_nothing_serious(explorer, runs, theme):
    for name in (f"20200103-030405-{theme}", f"20200104-030405-{theme}"):
        shutil.copytree(place("assets", "recorded", DEFAULT), runs / name)
    if theme == "dark":
        explorer.page.keyboard.press("t")
        explorer.page.locator(".lt-dark").wait_for()
    for key in ("", "?", "r", "Escape", "p"):
        if key:
            explorer.page.keyboard.press(key)
            explorer.page.wait_for_timeout(500)
        if key == "r":
            for number in (0, 1):
                explorer.page.locator(".lt-run-tick").nth(number).click()
            explorer.wait_for_points("compare", "points B", 5)
        found = Axe().run(explorer.page, ".lt-explorer").response["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert not serious, [(v["id"], [n["html"][:200] for n in v["nodes"][:5]]) for v in serious]
