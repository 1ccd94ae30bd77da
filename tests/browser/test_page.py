"""The page as a person meets it: in a real Chromium, through Voila, with a real search."""

import shutil

import pytest

from explorer import Run
from explorer.places import place
from explorer.presets import DEFAULT

pytestmark = pytest.mark.browser

SMALL = {"levels": "2", "replicates": "2", "iterations": "120"}
FOLDED = ".lt-folded.lt-of-{}"
MATRIX = ".lt-matrix.lt-of-{}"


def test_a_recorded_search_is_there_with_no_click(explorer):
    assert explorer.status == "idle"
    assert explorer.story.startswith("Recorded: tickets match the dense network down to 19.6% of its weights")
    assert explorer.points("accuracy", "line ticket") > 10
    assert explorer.points("density", "points ticket 0") == 5
    assert len(explorer.column("histogram random-sparse", "trained", "top")) > 10
    for chart, said in (
        (".lt-accuracy", "iteration "),
        (".lt-density", "% of the weights, level "),
        (".lt-weights-plot", " initial, "),
    ):
        box = explorer.page.locator(f"{chart} .lt-plot, {chart} > .lt-plot").first.bounding_box()
        explorer.page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] / 2)
        explorer.page.locator(".lt-tip:visible", has_text=said).wait_for()
    explorer.page.click(".lt-level-scrubber button >> nth=3")
    explorer.until(lambda: "20%" in explorer.page.inner_text(".lt-accuracy h2"))


def test_start_shows_a_ticket_being_found(explorer):
    explorer.set(**SMALL)
    explorer.start()
    assert explorer.page.is_disabled(".lt-levels input")

    explorer.wait_for_points("accuracy", "line dense", 2)
    dense_mask = explorer.pixels(MATRIX.format("ticket"))
    explorer.wait_for_points("accuracy", "line ticket", 1)
    for variant in ("ticket", "random-reinit", "random-sparse"):
        explorer.wait_for_points("accuracy", f"line {variant}", 3)
    explorer.until(lambda: explorer.pixels(MATRIX.format("ticket")) != dense_mask)
    title = explorer.page.inner_text(".lt-accuracy h2")
    bars = explorer.column("histogram ticket", "trained", "top")
    for _ in range(100):
        explorer.page.wait_for_timeout(50)
        moved = explorer.column("histogram ticket", "trained", "top")
        if bars and moved != bars:
            break
        bars = moved
    else:
        pytest.fail("the histogram did not move")
    assert explorer.page.inner_text(".lt-accuracy h2") == title, "while its network trained"
    assert explorer.status == "running"

    explorer.wait_for("finished")
    explorer.until(lambda: explorer.story.startswith("At 33.7%"))
    variants = ("ticket", "random-reinit", "random-sparse")
    points = {f"points {variant} {place}": 2 for variant in variants for place in (0, 1)}
    explorer.until(lambda: {points_: explorer.points("density", points_) for points_ in points} == points)
    explorer.until(lambda: len({explorer.pixels(FOLDED.format(variant)) for variant in variants}) == 3)
    assert "level" in explorer.page.inner_text(".lt-figures")
    assert explorer.page.inner_text("dd.lt-device") == "CPU, numba"


def test_cancel_stops_and_a_second_start_works(explorer):
    explorer.start()
    explorer.wait_for_points("accuracy", "line dense", 1)
    explorer.press("cancel")
    explorer.wait_for("cancelled", seconds=5)
    reached = explorer.points("accuracy", "line dense")
    explorer.page.wait_for_timeout(500)
    assert explorer.points("accuracy", "line dense") == reached
    explorer.set(**SMALL)
    explorer.start()
    explorer.wait_for_points("accuracy", "line ticket", 1)


def test_pause_step_and_resume(explorer):
    explorer.set(**SMALL)
    explorer.press("step")
    explorer.wait_for("paused")
    explorer.until(lambda: explorer.points("accuracy", "line dense") > 0)
    explorer.until(lambda: explorer.story.startswith("The dense"))
    assert explorer.points("accuracy", "line ticket") == 0
    explorer.press("step")
    explorer.wait_for("running")
    explorer.wait_for("paused")
    explorer.until(lambda: explorer.points("density", "points ticket 0") == 1)
    assert explorer.page.inner_text("button.lt-start") == "Resume"
    explorer.press("start")
    explorer.wait_for("finished")


def test_a_wrong_value_is_refused_beside_its_control(explorer):
    for field, value, accepted in (
        ("prune", "0", "a percentage from 1 to 99"),
        ("prune", "100", "a percentage from 1 to 99"),
        ("prune", "-3", "a percentage from 1 to 99"),
        ("prune", "nan", "a percentage from 1 to 99"),
        ("levels", "90", "at most"),
        ("seed", "<b>one</b>", "a whole number"),
        ("iterations", "", "a whole number"),
    ):
        right = explorer.page.input_value(f".lt-{field} input")
        explorer.set(**{field: value})
        message = explorer.page.locator(f".lt-{field} [role=alert]")
        message.wait_for()
        assert accepted in message.inner_text()
        assert value in message.inner_text()
        explorer.page.wait_for_selector("button.lt-start:disabled")
        control, box = (explorer.page.locator(f".lt-{field}").bounding_box(), message.bounding_box())
        assert box["x"] >= control["x"] + control["width"]
        assert abs(box["y"] - control["y"]) < control["height"]
        explorer.set(**{field: right})
        message.wait_for(state="detached")
        explorer.page.wait_for_selector("button.lt-start:enabled")


def test_what_is_selected_is_shown_everywhere(explorer, runs):
    explorer.set(**SMALL)
    explorer.start()
    explorer.wait_for("finished")
    first_layer = explorer.pixels(MATRIX.format("ticket"))
    explorer.page.select_option(".lt-layer select", label="fc2 · 100 × 300")
    explorer.until(lambda: explorer.page.locator(".lt-masks.lt-no-fold").count() == 1)
    explorer.until(lambda: explorer.pixels(MATRIX.format("ticket")) != first_layer)

    explorer.page.click(".lt-level-scrubber button >> nth=1")
    explorer.until(lambda: "58%" in explorer.page.inner_text(".lt-accuracy h2"))
    explorer.until(lambda: explorer.story.startswith("At 58.1%"))
    rows = Run.open(max(runs.iterdir())).summary().query("variant == 'ticket' and level > 0").groupby("level")
    at_the_end, early = (100 * rows[f"{when}_test_accuracy"].mean() for when in ("final", "early_stop"))
    assert at_the_end.tolist() != pytest.approx(early.tolist())
    explorer.until(lambda: explorer.column("density", "points ticket 0", "y") == pytest.approx(at_the_end.tolist()))
    explorer.page.click("text=at early stop")
    explorer.until(lambda: explorer.column("density", "points ticket 0", "y") == pytest.approx(early.tolist()))


def test_a_failure_is_told_and_the_page_goes_on(explorer, runs):
    explorer.start()
    explorer.wait_for_points("accuracy", "line dense", 1)
    for run in runs.iterdir():
        shutil.rmtree(run / "tensors", ignore_errors=True)  # the run's folder is taken away while it trains
    explorer.wait_for("failed", seconds=30)
    explorer.until(lambda: explorer.story.startswith("Failed at level 0"))
    assert explorer.points("accuracy", "line dense") > 0, "what was computed stays"
    explorer.set(**SMALL)
    explorer.start()
    explorer.wait_for_points("accuracy", "line dense", 1)


def test_nothing_scrolls_and_all_is_in_place(explorer):
    for width, height in ((1280, 720), (1440, 900), (1920, 1080)):
        explorer.page.set_viewport_size({"width": width, "height": height})
        explorer.page.wait_for_timeout(600)
        scroll = "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert explorer.page.evaluate(scroll) == [width, height]
        for view in (".lt-accuracy", ".lt-density", ".lt-matrix.lt-of-random-sparse", ".lt-cancel", ".lt-figures"):
            box = explorer.page.locator(view).bounding_box()
            assert box["x"] >= 0
            assert box["y"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height


def test_a_narrow_page_is_read_from_top_to_bottom(explorer):
    explorer.page.set_viewport_size({"width": 1000, "height": 700})
    explorer.set(prune="120", levels="x")
    places = []
    for part in (".lt-story", ".lt-density", ".lt-matrix.lt-of-ticket", ".lt-prune .lt-message p", ".lt-cancel"):
        explorer.page.locator(part).scroll_into_view_if_needed()
        box = explorer.page.locator(part).bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 1000
        assert 0 <= box["y"] <= box["y"] + box["height"] < 701
        places.append(box["y"] + explorer.page.evaluate("document.querySelector('.lt-page').scrollTop"))
    assert places == sorted(places)
    explorer.set(prune="42", levels="5")
    explorer.page.set_viewport_size({"width": 1440, "height": 900})


def test_a_reload_starts_afresh(explorer, address):
    explorer.start()
    explorer.open(address)
    assert explorer.status == "idle"


def test_runs_are_opened_compared_deleted_and_put_back(explorer, runs):
    first, second = "20200102-030405-lenet-300-100-digits-0a1b2c", "20200101-030405-lenet-300-100-digits-0d1e2f"
    for name in (first, second):
        shutil.copytree(place("assets", "recorded", DEFAULT), runs / name)
    page = explorer.page

    def row(name):
        return page.locator(f".lt-run-table tr[data-run='{name}']")

    page.click("button.lt-runs")
    row(first).locator("b", has_text="Winning tickets down to 19.6%").wait_for()

    for name in (first, second):
        row(name).locator(".lt-run-tick").click()
    explorer.wait_for_points("compare", "points B", 5)
    assert row(second).locator(".lt-run-letter").inner_text() == "B"
    page.locator(".lt-comparison .lt-plot[aria-label*='B dense 94.8%, ticket 94.4% at 6.7%']").wait_for()
    page.locator(".lt-comparison .lt-plot").hover()
    page.locator(".lt-tip:visible", has_text="B  ").wait_for()

    row(second).locator(".lt-run-delete").click()
    row(second).wait_for(state="detached")
    assert not (runs / second).exists()
    assert page.evaluate("() => document.activeElement.className") == "lt-undo", "the keyboard stays in the table"
    assert page.locator(".lt-run-deleted").inner_text().startswith(f"Deleted {second}.")
    page.keyboard.press("Enter")
    row(second).wait_for()
    assert (runs / second).exists()

    row(second).locator(".lt-run-open").click()
    explorer.wait_for("finished")
    page.locator(".lt-runs-drawer").wait_for(state="hidden")
    page.keyboard.press("r")
    page.locator(".lt-kept", has_text=str(runs / second)).wait_for()
    assert row(second).get_attribute("aria-current") == "true"
    assert row(second).locator(".lt-run-open").is_disabled()
    row(second).locator(".lt-run-delete").click()
    explorer.wait_for("idle")
    explorer.until(lambda: explorer.points("accuracy", "line ticket") == 0)
    page.click(".lt-undo")
    explorer.wait_for("finished")
    explorer.until(lambda: explorer.points("accuracy", "line ticket") > 10)


def test_the_table_goes_along_with_a_search(explorer):
    page = explorer.page
    page.keyboard.press("r")
    explorer.set(**SMALL)
    explorer.start()
    current = page.locator(".lt-run-table tr[aria-current=true]")
    current.locator("i", has_text="running").wait_for()
    assert current.locator(".lt-run-open").is_disabled()
    current.locator(".lt-run-delete").click()
    page.locator(".lt-run-problem", has_text="is being written; cancel the search first").wait_for()
    explorer.wait_for("finished")
    current.locator("i", has_text="finished").wait_for()
    explorer.set(seed="7")
    page.locator(".lt-differs", has_text="other settings").wait_for()
