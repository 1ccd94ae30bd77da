"""A Chromium for the tests: which one, and where to get one.

`python -m tests.browser.chromium` makes sure that there is one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import explorer.browser
from explorer.browser import ADVICE

PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path, end="")
"""


def find() -> str | None:
    """The browser to use: the one that the program finds, or Playwright's own."""
    return explorer.browser.find(playwrights_own())


def playwrights_own() -> Iterator[str]:
    # Asked in a process of its own, as Playwright can't be started twice in one.
    yield subprocess.run([sys.executable, "-c", PLAYWRIGHTS_OWN], capture_output=True, text=True).stdout


def ways_to_get_one() -> Iterator[list[str]]:
    """Commands to try, the least intrusive first."""
    if os.environ.get("EXPLORER_BROWSER"):
        return  # another one would not be used
    yield [sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"]
    root = os.geteuid() == 0
    if shutil.which("apt-get") and (root or (os.environ.get("CI") and shutil.which("sudo"))):
        apt = [*([] if root else ["sudo", "-n"]), "apt-get", "-qq"]
        yield [*apt, "update"]
        yield [*apt, "install", "-y", "--no-install-recommends", "chromium"]


def main() -> int:
    """Get one if there is none. In CI its absence is a failure; elsewhere the browser's tests skip."""
    if find():
        return 0
    for command in ways_to_get_one():
        print("No browser yet; trying:", *command, flush=True)
        # Captured: a way that fails fills the screen with its traceback, though the next one may work.
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
        if find():
            return 0
    print(ADVICE, file=sys.stderr)
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
