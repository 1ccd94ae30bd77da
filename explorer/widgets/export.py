"""The Export drawer: pictures of what is on screen, tables, a network, and the whole run as one file."""

from __future__ import annotations

import asyncio
import html
import logging
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import ipywidgets

from explorer.errors import ExplorerError
from explorer.events import VARIANTS
from explorer.runs import Run
from explorer.runs.export import Choice, files
from explorer.views import words
from explorer.views.explanations import EXPLANATIONS
from explorer.widgets.download import Download
from explorer.widgets.panels import VIEWS
from explorer.widgets.side import button
from explorer.widgets.tools import Drawer
from explorer.widgets.view import box, text

NOTHING = "There is nothing to export yet; start a search, or open a run."
COMMAND = "from explorer.cli import main; main()"
TYPES = {"csv": "text/csv", "network": "application/octet-stream", "html": "text/html"}


class OnScreen(NamedTuple):
    """What an export is taken from.

    Args:
        folder: the run directory, finished or still being written.
        replicate: the one whose network is on screen.
        level: the one that is on screen.
    """

    folder: Path
    replicate: int
    level: int


Work = Callable[[OnScreen], Awaitable[str]]
"""What a button does; returns the name of the file that was saved."""


class Export(Drawer):
    """Everything that can be taken away, each with a button. One thing is taken at a time.

    Args:
        on_screen: says what an export is taken from; None while there is nothing.
        reveal: brings a view on screen, of which a picture is taken there.
    """

    def __init__(self, on_screen: Callable[[], OnScreen | None], reveal: Callable[[str], None]) -> None:
        self._on_screen, self._reveal, self._download = on_screen, reveal, Download()
        self._buttons: list[ipywidgets.Button] = []
        self._task: asyncio.Task[None] | None = None
        self._said = text("", "lt-export-said")
        variants = [(words.TITLES[variant], variant) for variant in VARIANTS]
        self._variant = ipywidgets.Dropdown(options=variants, description="variant")
        self._when = ipywidgets.Dropdown(options=["final", "initial"], description="weights")
        network = self._row("network", "Of the level and replicate on screen", {"Network": self._network})
        network.children = (network.children[0], self._variant, self._when, *network.children[1:])
        csv = {name.capitalize(): partial(self._table, f"{name}.csv") for name in ("curves", "summary", "measures")}
        super().__init__(
            "Export",
            text("<h3>Pictures of what is on screen</h3>"),
            *(self._row(view, EXPLANATIONS[view].title, self._pictures(view)) for view in VIEWS),
            text("<h3>Data</h3>"),
            self._row(
                "csv", "Every evaluation, a row for each trained network, or for each level and variant (CSV)", csv
            ),
            text("<h3>A network</h3>"),
            network,
            text("<h3>The whole run</h3>"),
            self._row(
                "html", "One file that replays with no server and no Python (HTML)", {"Offline page": self._page}
            ),
            self._said,
            self._download,
        )
        self.add_class("lt-needs-python")

    def _row(self, what: str, title: str, works: Mapping[str, Work]) -> ipywidgets.Box:
        """Return a line of the drawer: what there is, and a button for each way to take it."""
        buttons = [
            button(label, f"Save {label} on this machine", partial(self._begin, work)) for label, work in works.items()
        ]
        self._buttons += buttons
        row = box("lt-export-row", text(html.escape(title)), *buttons)
        row.add_class(f"lt-export-{what}")
        return row

    def _pictures(self, view: str) -> dict[str, Work]:
        return {kind.upper(): partial(self._picture, view, kind) for kind in ("svg", "png")}

    def _begin(self, work: Work, _label: str) -> None:
        """Do what a button is for, while the page goes on."""
        what = self._on_screen()
        if what is None:
            self._say(NOTHING)
        else:
            self._lock(True)
            self._task = asyncio.get_running_loop().create_task(self._run(work, what))

    async def _run(self, work: Work, what: OnScreen) -> None:
        try:
            self._say("Making the file…")
            self._say(f"Saved {await work(what)}.")
        except ExplorerError as error:
            self._say(str(error), wrong=True)
        except Exception as error:  # whatever it is, the drawer must not stay locked, nor say nothing
            logging.getLogger(__name__).exception("an export failed")
            self._say(f"The export failed: {type(error).__name__}.", wrong=True)
        finally:
            self._lock(False)

    async def _picture(self, view: str, kind: str, what: OnScreen) -> str:
        name = f"{what.folder.name}-{view}.{kind}"
        self._reveal(view)
        await self._download.save_picture(name, view, EXPLANATIONS[view].title, kind)
        return name

    async def _table(self, name: str, what: OnScreen) -> str:
        made = await asyncio.to_thread(lambda: files(Run.open(what.folder), ["csv"]))
        return await self._deliver("csv", what, name, made[name])

    async def _network(self, what: OnScreen) -> str:
        choice = Choice(self._variant.value, what.replicate, what.level, when=self._when.value)
        made = await asyncio.to_thread(lambda: files(Run.open(what.folder), ["network"], choice))
        return await self._deliver("network", what, *made.popitem())

    async def _page(self, what: OnScreen) -> str:
        return await self._deliver("html", what, "replay.html", await asyncio.to_thread(_offline_page, what.folder))

    async def _deliver(self, kind: str, what: OnScreen, name: str, content: bytes) -> str:
        name = f"{what.folder.name}-{name}"
        await self._download.save(name, content, TYPES[kind], lambda share: self._say(f"Sending {name}: {share:.0%}"))
        return name

    def _say(self, said: str, wrong: bool = False) -> None:
        self._said.value = f'<p role="status" class="{"lt-wrong" if wrong else ""}">{html.escape(said)}</p>'

    def _lock(self, locked: bool) -> None:
        for one in self._buttons:
            one.disabled = locked


def _offline_page(folder: Path) -> bytes:
    """Return a run's offline page, made in a process of its own: its seconds of work shall not be felt on the live one.

    Raises `ExplorerError` with what the command says where it fails.
    """
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", COMMAND, "export", str(folder.absolute()), out, "--what", "html"]
        ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", stdin=subprocess.DEVNULL)
        if ended.returncode:
            last = (ended.stderr.strip().splitlines() or ["The page could not be made."])[-1]
            raise ExplorerError(last.removeprefix("lottery: "))
        return (Path(out) / "replay.html").read_bytes()
