"""The explorer's page in a real Chromium, for the tests, the measurements and the screenshots."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from explorer.browser import ADVICE, FLAGS, NO_SANDBOX
from tests.browser.chromium import find
from tests.support import command_of, own_port

COLUMN = """([figure, mark, column]) =>
  Bokeh.documents.find(document => document.roots()[0].name === figure)?.get_model_by_name(mark).data[column]"""
PIXELS = """selector => {
  const canvas = document.querySelector(selector);
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, place) => (sum * 31 + value * (place % 997)) % 4294967291, 7);
}"""

LEFT = """() => [
  location.href, innerWidth, innerHeight, String(navigator.clipboard?.writeText).includes("native code"),
  ...[...document.querySelectorAll(".lt-story, .lt-status, .lt-matrix-caption, h2, .mod-active")].map(
    part => part.innerText),
  ...[...document.querySelectorAll("input, select")].map(field => `${field.checked} ${field.value}`),
  ...[...document.querySelectorAll("[aria-selected], [aria-checked], [aria-pressed], .lt-drawer")].map(part =>
    ["aria-selected", "aria-checked", "aria-pressed", "class"].map(name => part.getAttribute(name)).join(" ")),
].join("\\n")"""


@contextmanager
def serving(runs: Path, app: str = "explorer") -> Iterator[str]:
    """Serve one of the pages as `lottery explore` does, and give its address."""
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from explorer.cli import main; main()",
            "explore",
            "--port",
            str(own_port(8900)),
            "--app",
            app,
        ],
        env=environment | {"EXPLORER_RUNS": str(runs)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().removeprefix("Ready: ").strip()
        finally:
            server.terminate()
            server.wait(30)


SPARING = (  # what Playwright forbids a browser to do with the pages that nobody sees
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
)


@contextmanager
def chromium(sparing: bool = False) -> Iterator[Browser]:
    """Start the browser; a `sparing` one slows hidden pages down, as a person's does."""
    path = find()
    assert path, ADVICE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*FLAGS[1:], NO_SANDBOX],
            ignore_default_args=list(SPARING) if sparing else None,
        )
        yield browser
        browser.close()


def kernel_of(configuration: str) -> psutil.Process:
    """The process of the kernel behind a page; `configuration` is the text of its element of this name."""
    kernel = json.loads(configuration)["kernelId"]
    return next(process for process in psutil.process_iter() if kernel in " ".join(command_of(process)))


class Explorer:
    """What a person can do on the page, and what a test can see of it."""

    def __init__(self, browser: Browser, address: str, width: int = 1440, height: int = 900) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.errors: list[str] = []
        self.left_the_machine: list[str] = []
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self._requested(request.url, address))
        self.open(address)
        self._opened = self.page.evaluate(LEFT)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector(".lt-start:enabled", timeout=60_000)
        self.page.wait_for_function("() => window.Bokeh && Bokeh.documents.length >= 5", timeout=60_000)

    def _requested(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:", address.replace("http", "ws", 1))):
            self.left_the_machine.append(url)

    def put_back(self) -> bool:
        """Leave what was entered by keys, and tell whether the page is then as it was when it was opened."""
        self.page.mouse.move(0, 0)
        if self.page.locator(".lt-dark").count():
            self.page.keyboard.press("t")
        for _ in ("a drawer", "presenting", "a level or a replay"):
            self.page.keyboard.press("Escape")
        with suppress(AssertionError):
            self.until(lambda: self.page.evaluate(LEFT) == self._opened, seconds=2)
            return True
        return False

    def set(self, **fields: str) -> None:
        """Type into the controls, as a person does."""
        for name, value in fields.items():
            self.page.fill(f".lt-{name} input", value)

    def press(self, button: str) -> None:
        self.page.click(f"button.lt-{button}:enabled")

    def start(self) -> None:
        """Press Start, and wait until what was on screen before has gone."""
        self.press("start")
        self.wait_for("running")
        self.page.wait_for_function(f"rest => ({COLUMN})(rest)?.length === 0", arg=["accuracy", "line ticket", "x"])

    @property
    def kernel(self) -> psutil.Process:
        return kernel_of(self.page.text_content("#jupyter-config-data") or "")

    @property
    def status(self) -> str:
        return self.page.inner_text(".lt-status").strip()

    @property
    def story(self) -> str:
        return self.page.inner_text(".lt-story")

    def wait_for(self, status: str, seconds: float = 60) -> None:
        self.page.wait_for_function(
            "status => document.querySelector('.lt-status').innerText.trim() === status",
            arg=status,
            timeout=1000 * seconds,
        )

    def column(self, figure: str, mark: str, column: str = "x") -> list[float]:
        """One column of a mark; the figures are "accuracy", "density" and "histogram VARIANT"."""
        return self.page.evaluate(COLUMN, [figure, mark, column])

    def points(self, figure: str, mark: str) -> int:
        return len(self.column(figure, mark))

    def wait_for_points(self, figure: str, mark: str, more_than: int, seconds: float = 30) -> None:
        self.page.wait_for_function(
            f"([n, ...rest]) => ({COLUMN})(rest)?.length > n",
            arg=[more_than, figure, mark, "x"],
            timeout=1000 * seconds,
        )

    def until(self, seen: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until something holds: what a frame brings comes to its widgets one after another."""
        deadline = monotonic() + seconds
        while not seen():
            assert monotonic() < deadline, f"not seen within {seconds} s"
            self.page.wait_for_timeout(50)

    def pixels(self, selector: str) -> int:
        """A checksum of what a canvas shows."""
        return self.page.evaluate(PIXELS, f"{selector} canvas")
