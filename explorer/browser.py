"""A Chromium on this machine: which one, with what flags, and what a page becomes in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from explorer.errors import ExplorerError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    # Silence: nothing is asked of other machines.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_SANDBOX = "--no-sandbox"  # it cannot be had by root
ADVICE = (
    "There is no Chromium that runs: install one (on Debian: apt-get install chromium), "
    "or name one in EXPLORER_BROWSER."
)
SIZE = (1440, 900)  # of the window, in pixels
BUDGET = 30_000  # milliseconds of the page's own clock, which runs ahead while the page waits
PATIENCE = 180.0  # seconds


class NoBrowser(ExplorerError):  # noqa: N818 (a name that reads as a sentence where it is caught)
    """There is no Chromium to draw with."""


def find(others: Iterable[str] = ()) -> str | None:
    """Return the browser to use: the one that EXPLORER_BROWSER names, one on the PATH, or one of `others`."""
    named = os.environ.get("EXPLORER_BROWSER")
    candidates = (path for names in ((named,) if named else NAMES, () if named else others) for path in names)
    return next((path for name in candidates if (path := shutil.which(name)) and _runs(path)), None)


def dom(page: str, fragment: str) -> str:
    """Open a page that needs nothing else at a fragment such as "pictures", and return what it becomes, as HTML.

    Raises `NoBrowser` where there is none, and `ExplorerError` where it fails.
    """
    browser = find()
    if browser is None:
        raise NoBrowser(ADVICE)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        command = [browser, *FLAGS, *([NO_SANDBOX] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
        command += [f"--user-data-dir={folder}/profile", "--window-size={},{}".format(*SIZE)]
        command += [f"--virtual-time-budget={BUDGET}", "--dump-dom", f"{file.as_uri()}#{fragment}"]
        try:
            ended = subprocess.run(command, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise ExplorerError(f"{browser} was given {PATIENCE:g} seconds for a page and did not end.") from None
    if ended.returncode:
        raise ExplorerError(f"{browser} ended with status {ended.returncode} instead of showing a page.")
    return ended.stdout.decode("utf-8", "replace")


def _runs(path: str) -> bool:
    """Tell that it is no stub that asks for something else to be installed, and lacks no library."""
    return subprocess.run([path, "--version"], capture_output=True).returncode == 0
