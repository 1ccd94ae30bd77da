"""One study in the drawer: its tickets in one picture, a row for each experiment, and the table against the paper."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import ipywidgets

from explorer.errors import ExplorerError, RunError
from explorer.runs import Run
from explorer.state import State
from explorer.studies import Study, StudyRun
from explorer.studies.claims import Row
from explorer.studies.paper import in_short
from explorer.views.compare import RUN_TONES
from explorer.views.story import result
from explorer.widgets.comparison import Comparison
from explorer.widgets.plot import DASHES
from explorer.widgets.side import button
from explorer.widgets.view import box, text

COLUMNS = ("The paper says", "paper", "here", "judgement", "why")


GO_ON = "Run what is not finished; an experiment that was interrupted begins anew, and what it had is kept aside"


class _Known(NamedTuple):
    """What was read of a study: its status, that and the state of each of its runs by label, and the paper's claims."""

    path: Path
    status: str
    statuses: Mapping[str, str]
    states: Mapping[str, State]
    rows: list[Row]


class StudyPage(ipywidgets.Box):
    """Shows a study that was chosen, as `look` has read it last. `path` and `study` say which; None where none is.

    Args:
        leave: puts the drawer away.
        opened: shows a run that was read; raises `ExplorerError` where it does not.
        back: goes back to the list of studies.
        go_on: runs what is left of the study.
    """

    def __init__(
        self,
        leave: Callable[[], None],
        opened: Callable[[Run], None],
        back: Callable[[], None],
        go_on: Callable[[], None],
    ) -> None:
        self.path: Path | None = None
        self._leave, self._opened = leave, opened
        self._run: StudyRun | None = None
        self._known: _Known | None = None
        self._drawn: object = None
        self._problem = ""
        self._labels: tuple[str, ...] = ()
        self._shown: Path | None = None
        self._head, self._said = text("", "lt-study-head"), text("", "lt-study-said")
        self._rows, self._comparison = box("lt-study-rows"), Comparison()
        self._verdict = text("", "lt-study-verdict")
        self._on = button(
            "Go on",
            GO_ON,
            lambda _: go_on(),
        )
        back_button = button("All studies", "Back to the list", lambda _: back())
        top = box("lt-study-top", self._head, self._on, back_button)
        super().__init__([top, self._said, self._verdict, self._comparison, self._rows])
        self.add_class("lt-study-page")

    @property
    def study(self) -> Study | None:
        """The study that is shown."""
        return self._run.study if self._run else None

    def choose(self, path: Path | None) -> None:
        """Show another study, or the same one anew; nothing where there is none."""
        self.path, self._run, self._known, self._drawn, self._problem = path, None, None, None, ""

    def say(self, problem: str) -> None:
        """Say what went wrong, until something else is opened."""
        self._problem, self._drawn = problem, None

    def look(self) -> None:
        """Read what there is by now; may take seconds, touches no widget, and is for one thread at a time."""
        path, run = self.path, self._run
        if path is None:
            return
        try:
            run = run or StudyRun(path)
            states = {label: one.state for label, one in run.runs.items()}
            statuses = {label: one.status for label, one in run.runs.items()}
            known = _Known(path, run.status, statuses, states, run.judged())
        except ExplorerError as error:
            if path == self.path:
                self._problem = str(error)
            return
        if path == self.path:  # who chose another one meanwhile wants that
            self._run, self._known = run, known

    def draw(self, shown: Path | None, startable: bool) -> None:
        """Bring it up to date; `shown` is the run on screen, and `startable` whether nothing runs on this page."""
        known, run = self._known, self._run
        about = (known, self._problem, shown, startable, self.path)
        if self.path is None or about == self._drawn:
            return
        self._drawn, self._shown = about, shown
        wrong = f'<p class="lt-wrong" role="alert">{html.escape(self._problem)}</p>' if self._problem else ""
        if known is None or run is None:
            self._head.value = f"<h3>{html.escape(self.path.name)}</h3>"
            self._said.value, self._verdict.value = wrong or "<p>Reading the study…</p>", ""
            self._rows.children, self._labels = (), ()
            self._comparison.layout.display = self._on.layout.display = "none"  # what is drawn once is kept
            return
        study = run.study
        self._head.value = f"<h3>{html.escape(study.title or study.name)}</h3><p>{html.escape(study.about)}</p>"
        done = list(known.statuses.values()).count("finished")
        self._said.value = wrong + _sentence(study, known, done)
        self._on.layout.display = None if startable and known.status not in ("running", "finished") else "none"
        self._verdict.value = _table(known.rows) if known.rows else ""
        letters = dict(zip(study.labels, RUN_TONES, strict=False))
        self._comparison.layout.display = None if known.states else "none"
        if known.states:
            self._comparison.show({letters[label]: state for label, state in known.states.items()})
        self._draw_rows(study, known, letters)

    def _draw_rows(self, study: Study, known: _Known, letters: Mapping[str, str]) -> None:
        if self._labels != study.labels:
            self._labels = study.labels
            self._rows.children = [self._row(label) for label in study.labels]
        for row, label in zip(self._rows.children, study.labels, strict=True):
            mark, asked, said = row.children
            status, state = known.statuses.get(label, ""), known.states.get(label)
            mark.value = _mark(letters[label])
            asked.disabled = not status
            found = result(state) if state else None
            failed = state.ended.message if state and state.ended else ""
            on_screen = status and self.path and self._shown and self._shown.resolve() == (self.path / label).resolve()
            said.value = _cells(
                study.differences[label] or "the paper's recipe",
                (status or "not begun") + (", on screen" if on_screen else ""),
                failed or (found.title if found else ""),
            )

    def _row(self, label: str) -> ipywidgets.Box:
        asked = ipywidgets.Button(description=label, tooltip=f"Show the run of {label}")
        asked.add_class("lt-study-run")
        asked.on_click(lambda _: self._show(label))
        return box("lt-study-row", text("", "lt-study-mark"), asked, text("", "lt-study-outcome"))

    def _show(self, label: str) -> None:
        """Put the run of an experiment on screen, where it is not there already."""
        if self._run is None or self.path is None:
            return
        try:
            if self._shown is None or self._shown.resolve() != (self.path / label).resolve():
                self._opened(Run.open(self._run.run(label).path))  # one of its own: ours is read in another thread
            self._leave()
        except ExplorerError as error:
            self.say(str(error))
            self.draw(self._shown, startable=not isinstance(error, RunError))


def _sentence(study: Study, known: _Known, done: int) -> str:
    """Say how the study stands, and how close it came to the paper."""
    of = f"{done} of {len(study.labels)} finished"
    status = "" if known.status == "finished" else known.status
    said = in_short(known.rows) if known.rows else ""
    stands = ", ".join(filter(None, (study.size, status, of)))
    return f"<p><b>{html.escape(said)}</b> {html.escape(stands)}</p>"


def _table(rows: list[Row]) -> str:
    """Write the paper's claims beside what came out here."""
    above = ["", *(row.reason for row in rows)][: len(rows)]
    whys = ["as above" if row.reason == last != "" else row.reason for row, last in zip(rows, above, strict=True)]
    heads = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    written = "".join(
        f'<tr class="{"lt-apart" if row.judgement == "not comparable" else ""}"><td>{html.escape(row.says)}</td>'
        f"<td>{html.escape(row.paper)}</td><td>{html.escape(row.here)}</td>"
        f"<td><b>{row.judgement}</b></td><td>{html.escape(why)}</td></tr>"
        for row, why in zip(rows, whys, strict=True)
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{written}</tbody></table>"


def _mark(letter: str) -> str:
    """Write a letter, and draw the line that goes with it in the picture."""
    tone = RUN_TONES[letter]
    line = (
        f'<svg width="30" height="8" aria-hidden="true"><line x1="0" x2="30" y1="4" y2="4" stroke="var(--lt-{tone})" '
        f'stroke-width="2.2" stroke-dasharray="{" ".join(map(str, DASHES.get(tone, [])))}"/></svg>'
    )
    return f'<b style="color:var(--lt-{tone}-text)">{letter}</b>{line}'


def _cells(*said: str) -> str:
    return "".join(f"<span>{html.escape(piece)}</span>" for piece in said)
