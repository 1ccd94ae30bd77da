"""A Chromium on this machine: which one, with what flags, and what a page says that is opened in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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
PATIENCE = 180.0  # seconds to wait for a page's word


class NoBrowser(ExplorerError):  # noqa: N818 (a name that reads as a sentence where it is caught)
    """There is no Chromium to draw with."""


def find(others: Iterable[str] = ()) -> str | None:
    """Return the browser to use: the one that EXPLORER_BROWSER names, one on the PATH, or one of `others`."""
    named = os.environ.get("EXPLORER_BROWSER")
    candidates = (path for names in ((named,) if named else NAMES, () if named else others) for path in names)
    return next((path for name in candidates if (path := shutil.which(name)) and _runs(path)), None)


def answer(page: str, fragment: str) -> bytes:
    """Open a page at a fragment such as "pictures", unseen, and return what it posts to the address that it came from.

    Raises `NoBrowser` where there is none, and `ExplorerError` where the browser ends or the page says nothing.
    """
    browser = find()
    if browser is None:
        raise NoBrowser(ADVICE)
    said: list[bytes] = []
    with (
        _serving(page.encode(), said) as address,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        _opened(browser, f"--user-data-dir={profile}", f"{address}#{fragment}") as process,
    ):
        deadline = time.monotonic() + PATIENCE
        while not said:
            if process.poll() is not None:
                raise ExplorerError(f"{browser} ended with status {process.returncode} instead of showing a page.")
            if time.monotonic() > deadline:
                raise ExplorerError(f"{browser} was given {PATIENCE:g} seconds for a page, and nothing came of it.")
            time.sleep(0.05)
    return said[0]


@contextmanager
def _serving(page: bytes, said: list[bytes]) -> Iterator[str]:
    """Serve one page to this machine, and note what is posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def do_POST(self) -> None:
            said.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *about: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def _opened(browser: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a browser that nobody sees, and end it."""
    own = [NO_SANDBOX] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [browser, *FLAGS, *own, "--window-size={},{}".format(*SIZE), *arguments]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        try:
            yield process
        finally:
            process.terminate()


def _runs(path: str) -> bool:
    """Tell that it is no stub that asks for something else to be installed, and lacks no library."""
    return subprocess.run([path, "--version"], capture_output=True).returncode == 0
