"""The drawer of studies: the paper's figures with what each costs, to be run here, and those that were begun."""

from __future__ import annotations

import asyncio
import html
import logging
import math
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from explorer.errors import ExplorerError, RunError
from explorer.places import place
from explorer.runs import Run
from explorer.studies import STUDIES, Study
from explorer.studies.begun import Begun, begun
from explorer.studies.cost import seconds
from explorer.studies.study import SIZES
from explorer.views import words
from explorer.widgets.side import button
from explorer.widgets.study_page import StudyPage
from explorer.widgets.tools import Drawer
from explorer.widgets.view import box, text

UNKNOWN = "–"
POLL = 2.0  # seconds between two looks at the folder of runs while the drawer is open
FIGURES, YOURS = "The paper's figures", "Yours"
WAIT = "A search runs on this page; a study can start when it has ended."
ABOUT_SIZES = "; ".join(f"<b>{size}</b> is {what}" for size, what in reversed(SIZES.items()))

Start = Callable[[Study, Path | None], None]
"""Runs a study into a new directory, or goes on with one; raises `ExplorerError` where it does not."""


class StudyList(anywidget.AnyWidget):
    """Draws the figures, of which one is chosen in a size, or the studies begun.

    It tells `asked` what a person wants, to "open" or to "go on", and in which directory.
    """

    _esm = place("assets", "studies.js")

    figures: traitlets.List[Any] = traitlets.List(help="one record a figure; see `Studies._figure`").tag(sync=True)
    yours: traitlets.List[Any] = traitlets.List(help="one record a directory; see `Studies._yours`").tag(sync=True)
    begun = traitlets.Bool(False, help="whether those that were begun are shown, or the figures").tag(sync=True)
    chosen = traitlets.Unicode(help="the name of the study that is chosen").tag(sync=True)
    empty = traitlets.Unicode(help="what to say where no study was begun").tag(sync=True)
    said = traitlets.Unicode(help="what went wrong").tag(sync=True)

    def __init__(self, asked: Callable[[str, str], None]) -> None:
        super().__init__()
        self.add_class("lt-study-list")
        self.on_msg(lambda _widget, content, _buffers: asked(content["want"], content["which"]))


class Studies(Drawer):
    """The drawer of studies. While it is open it looks at the folder of runs again and again.

    Args:
        start: runs a study.
        opened: shows a run that was read; raises `ExplorerError` where it does not.
        busy: tells whether a search runs on this page.
        device: where it would run: "auto", "cpu" or "cuda".
    """

    def __init__(
        self, start: Start, opened: Callable[[Run], None], busy: Callable[[], bool], device: str = "auto"
    ) -> None:
        self._start, self._busy, self._device = start, busy, device
        self._begun: list[Begun] = []
        self._times: dict[str, float] = {}  # seconds that each study takes here, as far as they are known
        self._on_screen: tuple[Path | None, Path | None, str] = (None, None, "idle")
        self._stale = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._trying: asyncio.Task[None] | None = None
        self._list, self._page = StudyList(self._asked), StudyPage(self.hide, opened, self._back, self._go_on)
        self._list.observe(lambda change: self._draw(), "chosen")
        self._switch = ipywidgets.ToggleButtons(options=[FIGURES, YOURS])
        self._switch.add_class("lt-switch")
        self._switch.observe(lambda change: self._draw(), "value")
        self._cost = text("", "lt-study-cost")
        self._button = button("Start study", "Run its experiments here, one after the other", self._start_chosen)
        self._foot = box("lt-study-foot", self._cost, self._button)
        self._sizes = text(ABOUT_SIZES, "lt-hint")
        self._lists = box("lt-study-lists", box("lt-heads", self._switch, self._sizes), self._list, self._foot)
        super().__init__("Studies", self._lists, self._page)
        self.add_class("lt-needs-python")
        self.add_class("lt-studies-drawer")
        self._draw()

    def show(self, study: Path | None, run: Path | None, status: str) -> None:
        """Take in the directory of the study and of the run on screen, if any, and how they stand."""
        if (study, run, status) == self._on_screen:
            return
        another = study != self._on_screen[0]
        self._on_screen = study, run, status
        self._stale.set()
        if self.is_open:
            if another and study:
                self._page.choose(study)
            self._draw()

    def reveal(self) -> None:
        """Show the study that is on screen, or else what there is."""
        super().reveal()
        if self._on_screen[0]:
            self._page.choose(self._on_screen[0])
        self._look()
        try:
            self._watching = asyncio.get_running_loop().create_task(self._watch())
        except RuntimeError:  # a plain script has no loop, and sees what there is now
            self._page.look()
            self._draw()

    def hide(self) -> None:
        """Put it away."""
        super().hide()
        for task in (self._watching, self._trying):
            if task:
                task.cancel()
        self._list.said, self._watching, self._trying = "", None, None

    async def _watch(self) -> None:
        """Look at the studies again and again, and try how long each would take as long as nothing runs."""
        while True:
            self._stale.clear()
            await asyncio.to_thread(self._page.look)  # a large study takes seconds
            self._look()
            if not self._busy() and (self._trying is None or self._trying.done()):
                self._trying = asyncio.get_running_loop().create_task(self._try())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), POLL)

    async def _try(self) -> None:
        """Find out how long each study would take here; that of a figure's talk comes first, as it takes a moment."""
        for study in sorted(STUDIES.values(), key=lambda study: study.cost):
            if study.name in self._times:
                continue
            taken = 0.0
            for _, experiment in study.experiments:
                if self._busy():
                    return
                try:
                    taken += await asyncio.to_thread(seconds, experiment, self._device)
                except ExplorerError:  # a device that is not here: no time can be told
                    return
                except Exception:  # too little memory, it may be: not tried again
                    logging.getLogger(__name__).debug("a trial of %s failed", study.name, exc_info=True)
                    taken = math.nan
            self._times[study.name] = taken
            self._draw()

    def _look(self) -> None:
        """Read the list of studies anew."""
        try:
            self._begun = begun()
        except RunError as error:
            self._begun, self._list.said = [], str(error)
        self._draw()

    def _asked(self, want: str, which: str) -> None:
        """Do what a person wants, and say why where that cannot be."""
        self._list.said = ""
        one = next((one for one in self._begun if str(one.path) == which), None)
        match want:
            case "open" if one:
                self._open(one.path)
            case "go on" if one:
                self._run(one.study, one.path)
        self._draw()

    def _start_chosen(self, _label: str) -> None:
        chosen = STUDIES.get(self._list.chosen)
        if chosen:
            self._run(chosen, None)

    def _go_on(self) -> None:
        if self._page.path and self._page.study:
            self._run(self._page.study, self._page.path)

    def _run(self, study: Study, folder: Path | None) -> None:
        """Run a study, and make room for it to be seen."""
        try:
            self._start(study, folder)
        except ExplorerError as error:
            self._list.said = str(error)
            self._page.say(str(error))
        else:
            self.hide()
        self._draw()

    def _open(self, path: Path) -> None:
        """Show one study, as soon as it is read."""
        self._page.choose(path)
        if self._watching is None:
            self._page.look()
        self._stale.set()

    def _back(self) -> None:
        self._page.choose(None)
        self._draw()

    def _draw(self) -> None:
        """Bring everything up to date; widgets send only what has changed."""
        opened, busy = self._page.path is not None, self._busy()
        self._lists.layout.display = "none" if opened else None
        self._page.layout.display = None if opened else "none"
        self._page.draw(self._on_screen[1], startable=not busy)
        yours = self._switch.value == YOURS
        with self._list.hold_sync():
            self._list.begun = yours
            self._list.empty = "No study yet: choose one of the paper's figures."
            self._list.yours = [self._yours(one, busy) for one in self._begun]
            self._list.figures = [self._figure([*of]) for _, of in groupby(STUDIES.values(), lambda one: one.figure)]
        self._foot.layout.display = self._sizes.layout.display = "none" if yours else None
        chosen = STUDIES.get(self._list.chosen)
        self._button.disabled = busy or chosen is None
        self._cost.value = _cost(chosen, self._times, busy)

    def _figure(self, sizes: list[Study]) -> dict[str, Any]:
        """Say what the list shows of a figure: the sizes that differ, the smallest first."""
        first = sizes[0]
        called, _, title = first.title.partition(": ")
        apart = {one.experiments: one for one in reversed(sizes)}  # an evening may be the paper's
        return {
            "number": called.removeprefix("Figures ").removeprefix("Figure "),
            "called": called,
            "title": title[:1].upper() + title[1:],
            "about": first.about,
            "sizes": [self._size(one) for one in apart.values()],
        }

    def _size(self, study: Study) -> dict[str, str]:
        searches = f"{len(study.experiments)} searches" if len(study.experiments) > 1 else "1 search"
        return {
            "name": study.name,
            "size": study.size,
            "trains": f"{searches}, {words.several(study.networks, 'network')}",
            "iterations": words.rounded(study.cost),
            "time": _here(study, self._times),
        }

    def _yours(self, one: Begun, busy: bool) -> dict[str, Any]:
        """Say what the list shows of a study that was begun."""
        return {
            "path": str(one.path),
            "when": f"{one.when:%Y-%m-%d %H:%M}",
            "called": one.study.called,
            "title": one.study.title.partition(": ")[2] or one.study.about,
            "status": one.status,
            "finished": f"{one.finished} of {len(one.study.labels)} done",
            "unfinished": one.status not in ("finished", "running"),
            "busy": busy,
        }


def _here(study: Study, times: dict[str, float]) -> str:
    taken = times.get(study.name, math.nan)
    return UNKNOWN if math.isnan(taken) else f"about {words.roughly(taken)}"


def _cost(study: Study | None, times: dict[str, float], busy: bool) -> str:
    """Say what the study that is chosen comes to, or what to do."""
    if study is None:
        return f"<p>{WAIT if busy else 'Choose a figure in one of its sizes.'}</p>"
    searches = "1 search" if len(study.experiments) == 1 else f"{len(study.experiments)} searches one after the other"
    here = _here(study, times)
    time = "" if here == UNKNOWN else f", {here} here"
    said = f"{searches}, {words.rounded(study.cost)} network-iterations{time}"
    return f"<p><b>{html.escape(study.called)}</b> {WAIT if busy else said}</p>"
