"""What ends with the page, what does not, and what the page says when Python ends."""

import psutil
import pytest

from explorer import Run
from tests.browser.page import Explorer, serving
from tests.browser.tab import Tab
from tests.support import until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server whose kernels wait 4 seconds for their page, and the folder of its runs."""
    runs = tmp_path_factory.mktemp("presence") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_PATIENCE", "4")
        with serving(runs) as address:
            yield address, runs


@pytest.fixture
def searching(browser, impatient):
    """A page whose search is on its way."""
    explorer = Explorer(browser, impatient[0])
    explorer.start()
    explorer.wait_for_points("accuracy", "line dense", 1)
    yield explorer
    explorer.page.close()


def newest(runs):
    return Run.open(max(runs.iterdir()))


def was_interrupted(runs, kernel):
    psutil.wait_procs([kernel], timeout=60)
    assert not kernel.is_running()
    run = newest(runs)
    assert run.status == "interrupted"
    assert len(run.curves()) > 1
    assert run.mask()["fc1.weight"].all()


def test_a_page_that_vanishes_takes_its_search_and_its_kernel_along(searching, impatient):
    kernel = searching.kernel
    searching.page.close()  # as in a crash: Playwright lets it say no farewell
    was_interrupted(impatient[1], kernel)


def test_a_page_that_is_closed_does_so_at_once(searching, impatient):
    kernel = searching.kernel
    searching.page.close(run_before_unload=True)
    was_interrupted(impatient[1], kernel)


def test_a_reload_ends_the_search_and_starts_afresh(searching, impatient):
    kernel = searching.kernel
    searching.open(impatient[0])
    assert searching.status == "idle"
    was_interrupted(impatient[1], kernel)
    assert searching.kernel != kernel
    searching.until(lambda: "was interrupted. Runs has what" in searching.story)


def test_a_hidden_page_keeps_its_search(browser, impatient):
    tab = Tab(browser, impatient[0])
    tab.press("start")
    until(lambda: tab.text(".lt-status") == "running")
    kernel = tab.kernel
    tab.hide()
    run = newest(impatient[1])
    known = run.state.records
    for _ in range(3):  # for longer than the kernel's patience
        until(lambda known=known: run.state.records > known + 20)
        known = run.state.records
    assert kernel.is_running()
    assert run.status == "running"
    assert tab.evaluate("document.hidden")
    tab.show()
    assert tab.text(".lt-presence") == ""
    tab.close()


def test_python_that_goes_is_told_and_the_picture_stays(searching):
    picture = """() => ['.lt-side', '.lt-density', '.lt-matrix', '.lt-status'].map(
        part => JSON.stringify(document.querySelector(part).getBoundingClientRect()))"""
    searching.press("pause")
    searching.wait_for("paused")
    before = searching.page.evaluate(picture)
    searching.kernel.kill()
    notice = searching.page.get_by_role("alert").filter(has_text="The connection to Python is lost.")
    notice.wait_for(timeout=30_000)
    assert "reload the page" in notice.inner_text()
    assert searching.page.evaluate(picture) == before
