"""The table of runs: what each is and what came out; to open, to compare, to delete and to put back."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from explorer.errors import ExplorerError, RunError
from explorer.places import place
from explorer.runs import Run, runs_folder
from explorer.runs.catalogue import Listed, delete, restore, runs
from explorer.views import words
from explorer.views.compare import RUN_TONES
from explorer.widgets.comparison import Comparison
from explorer.widgets.plot import DASHES, SHAPES
from explorer.widgets.tools import Drawer
from explorer.widgets.view import text

POLL = 2.0  # seconds between two looks at the folder while the table is open
BATCH = 0.05  # seconds after which the table is drawn with the outcomes that are known by then


class RunTable(anywidget.AnyWidget):
    """Draws a row a run, and tells `asked` what a person wants ("open", "delete", "tick", "undo") and of which run."""

    _esm = place("assets", "runs.js")

    rows: traitlets.List[Any] = traitlets.List(help="one record a run; see `Runs._row`").tag(sync=True)
    empty = traitlets.Unicode(help="what to say where there is no run").tag(sync=True)
    said = traitlets.Unicode(help="what went wrong").tag(sync=True)
    deleted = traitlets.Unicode(help="what was deleted last, as long as it can be put back from here").tag(sync=True)

    def __init__(self, asked: Callable[[str, str], None]) -> None:
        super().__init__()
        self.add_class("lt-run-table")
        self.on_msg(lambda _widget, content, _buffers: asked(content["want"], content["run"]))


class Runs(Drawer):
    """The drawer with the table of runs, and above it the tickets of those that are ticked.

    Args:
        opened: shows a run that was read; raises `ExplorerError` where it does not.
        removed: called when the run on screen was deleted.
    """

    def __init__(self, opened: Callable[[Run], None], removed: Callable[[], None]) -> None:
        self._opened, self._removed = opened, removed
        self._listed: list[Listed] = []
        self._outcomes: dict[Listed, str] = {}
        self._compared: dict[str, Run] = {}  # by letter
        self._undo: tuple[str, bool] | None = None  # of what was deleted last: its token, and whether it was on screen
        self._shown: tuple[Path | None, str] = (None, "idle")
        self._stale = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._reading = ""  # what is said while a run is read
        self._comparison, self._table = Comparison(), RunTable(self._asked)
        self._hint, self._kept = text("", "lt-hint"), text("", "lt-kept")
        super().__init__("Runs", self._comparison, self._hint, self._table, self._kept)
        self.add_class("lt-needs-python")
        self.add_class("lt-runs-drawer")

    def show(self, path: Path | None, status: str) -> None:
        """Take in which run is on screen, None for one that is in no folder of runs, and its status."""
        if (path, status) != self._shown:
            self._shown = (path, status)
            self._stale.set()
            if self.is_open:
                self._draw()

    def reveal(self) -> None:
        """Show the runs that there are, and go along with them."""
        super().reveal()
        self._look()
        with suppress(RuntimeError):  # a plain script has no loop, and sees the runs as they are now
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def hide(self) -> None:
        """Put it away; what was deleted last can be put back when it is opened again."""
        super().hide()
        if self._watching:
            self._watching.cancel()
        self._table.said, self._watching = "", None

    async def _watch(self) -> None:
        """Look at the folder again and again; in between reckon what came out, a few runs at a time."""
        while True:
            self._stale.clear()
            waiting = [run for run in self._listed if run not in self._outcomes]
            begun = time.monotonic()
            while waiting and time.monotonic() < begun + BATCH:
                run = waiting.pop(0)
                self._outcomes[run] = await asyncio.to_thread(getattr, run, "outcome")  # a large one takes seconds
            self._draw()
            if not waiting:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stale.wait(), POLL)
                self._look()

    def _look(self) -> None:
        """Read the list of runs anew."""
        try:
            self._listed = runs()
        except RunError as error:
            self._listed, self._table.said = [], str(error)
        self._outcomes = {run: self._outcomes[run] for run in self._listed if run in self._outcomes}
        there = {run.path for run in self._listed}
        self._compared = {letter: run for letter, run in self._compared.items() if run.path in there}
        self._draw()

    def _asked(self, want: str, name: str) -> None:
        """Do what a person wants with a run, and say why where that cannot be."""
        self._table.said = ""
        run = next((run for run in self._listed if run.name == name), None)
        try:
            match want:
                case "open" if run:
                    self._open(run.path)
                case "delete" if run:
                    self._delete(run)
                case "tick" if run:
                    self._tick(run)
                case "undo" if self._undo:
                    self._restore(*self._undo)
        except ExplorerError as error:
            self._table.said = str(error)
        self._look()
        self._stale.set()

    def _delete(self, run: Listed) -> None:
        shown = self._on_screen(run)
        self._undo, self._table.deleted = (delete(run.path), shown), run.name
        if shown:
            self._removed()

    def _restore(self, token: str, shown: bool) -> None:
        self._undo, self._table.deleted = None, ""
        path = restore(token)
        if shown and self._shown[0] is None:  # nothing else came on screen since
            self._open(path)

    def _open(self, path: Path) -> None:
        """Read a run in a thread, as a large one takes seconds, and show it; a plain script has no loop, and waits."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._opened(_read(path))
            return
        if self._opening:
            self._opening.cancel()  # who chose another one meanwhile wants that
        self._reading = f"Reading {path.name} …"
        self._opening = loop.create_task(self._read_and_open(path))

    async def _read_and_open(self, path: Path) -> None:
        try:
            run = await asyncio.to_thread(_read, path)
            self._reading = ""
            self._opened(run)
        except ExplorerError as error:
            self._reading, self._table.said = "", str(error)
            self._stale.set()

    def _tick(self, listed: Listed) -> None:
        """Compare a run, by the first letter that is free, or do so no more."""
        letter = self._letter(listed)
        if letter:
            del self._compared[letter]
            return
        free = next((letter for letter in RUN_TONES if letter not in self._compared), None)
        if free is None:
            raise RunError(
                f"Compare: no more than {len(RUN_TONES)} runs go into one picture; untick another one first."
            )
        run = Run(listed.path, arrays=False)
        _ = run.state  # damage is told now, and not while drawing
        self._compared[free] = run

    def _letter(self, listed: Listed) -> str:
        return next((letter for letter, run in self._compared.items() if run.path == listed.path), "")

    def _on_screen(self, listed: Listed) -> bool:
        path = self._shown[0]
        return path is not None and path.name == listed.path.name and path.resolve() == listed.path.resolve()

    def _draw(self) -> None:
        """Bring the table, the picture and the foot up to date."""
        self._table.empty = f"No runs yet: press Start; they are kept in {runs_folder().absolute()}."
        self._table.rows = [self._row(run) for run in self._listed]
        try:
            self._draw_comparison()
        except RunError as error:  # a run that is written just now has been damaged or taken away
            self._compared, self._table.said = {}, str(error)
        path = self._shown[0]
        where = f"The run on screen is kept in <span>{html.escape(str(path.absolute()))}</span>" if path else ""
        self._kept.value = where

    def _draw_comparison(self) -> None:
        ready = len(self._compared) > 1
        ask = "" if ready or len(self._listed) < 2 else "Tick two to six runs to compare their tickets."
        self._hint.value = html.escape(self._reading) or ask
        self._comparison.show({letter: run.state for letter, run in self._compared.items()} if ready else {})

    def _row(self, run: Listed) -> dict[str, Any]:
        """Say what the table shows of a run."""
        letter = self._letter(run)
        tone = RUN_TONES.get(letter)
        which = f"/{run.path.name}" if run.study else run.name[-6:]
        return {
            "name": run.name,
            "short": run.name if len(run.name) < 24 else f"{run.name[:15]}…{which}",  # when, and which
            "path": str(run.path.absolute()),
            "when": f"{run.when:%Y-%m-%d %H:%M}",
            "settings": run.settings,
            "status": run.status,
            "outcome": self._outcomes.get(run),
            "size": words.size(run.size),
            "shown": self._on_screen(run),
            "comparable": run.experiment is not None,
            "letter": letter,
            "tone": tone or "",
            "dash": DASHES.get(tone, []) if tone else [],
            "shape": SHAPES[tone] if tone else "",
        }


def _read(path: Path) -> Run:
    """Read a run whole. Raises `RunError` where it is damaged, which leaves what is on screen."""
    run = Run.open(path)
    _ = run.state
    return run
