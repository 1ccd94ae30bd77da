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


@pytest.fixture(scope="package")
def kept():
    """The page that the last test left as it had found it, if it did: opening one takes seconds."""
    pages = []
    yield pages
    for page in pages:
        page.page.close()


@pytest.fixture
def explorer(browser, address, kept):
    """The page, as it opens; afterwards, that nothing complained and nothing left the machine."""
    explorer = kept.pop() if kept else Explorer(browser, address)
    yield explorer
    if explorer.status in ("running", "paused"):
        explorer.press("cancel")
        explorer.wait_for("cancelled")
    errors, left_the_machine = explorer.errors, explorer.left_the_machine
    if not errors and not left_the_machine and explorer.put_back():
        kept.append(explorer)
    else:
        explorer.page.close()
    assert errors == []
    assert left_the_machine == []
