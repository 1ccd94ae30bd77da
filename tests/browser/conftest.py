"""One server and one browser for all tests of the page, and for no others: Playwright holds the thread's event loop."""

import os

import pytest

from explorer.browser import ADVICE
from tests.browser.chromium import find
from tests.browser.page import Explorer, chromium, serving


@pytest.fixture(scope="package")
def browser():
    if not find():
        if os.environ.get("CI"):
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("page") / "runs"


@pytest.fixture(scope="package")
def address(runs):
    with serving(runs) as address:
        yield address


@pytest.fixture
def explorer(browser, address):
    """The page, just opened; afterwards, that nothing complained and nothing left the machine."""
    explorer = Explorer(browser, address)
    yield explorer
    if explorer.status in ("running", "paused"):
        explorer.press("cancel")
        explorer.wait_for("cancelled")
    explorer.page.close()
    assert explorer.errors == []
    assert explorer.left_the_machine == []
