"""The talk: five scenes on stage, each from a recorded search or, at a key press, from one that runs now."""

from __future__ import annotations

import html
from pathlib import Path

import traitlets

from explorer.errors import ExplorerError
from explorer.runs import Run
from explorer.session import Session
from explorer.state import State
from explorer.views import Selection
from explorer.views.progress import progress
from explorer.views.scenes import SCENES, Scene
from explorer.views.story import Sentence
from explorer.widgets.explorer import RECORDED, Explorer
from explorer.widgets.side import RUNNING
from explorer.widgets.view import text

KEYS = {
    "→ ←": "the next scene, the one before; a clicker's keys too",
    "1 to 5": "a scene",
    "space": "play the scene, or pause; while it trains live, pause and resume the training",
    "l": "from the recording to a live search of the same experiment, and back",
    "v": "another view of the scene, where it has one",
    "Shift → ←": "within the scene, a level on, a level back",
    ", .": "an evaluation back, an evaluation on",
    "n": "the speaker's notes",
    "t": "dark or light",
    "?": "this list",
    "Esc": "close what is open; else the scene from its beginning",
}


class Talk(Explorer):
    """A talk of ten minutes: `Talk()` in a notebook's cell, or on a page of its own.

    Args:
        run: the recorded search to tell of, or its directory; the one that comes with the program when not given.
        device: where a live search trains: "auto", "cpu" or "cuda".
    """

    scene = traitlets.Int(1, min=1, max=len(SCENES), help="the scene on screen, from 1")
    live = traitlets.Bool(False, help="whether it shows a search that runs here, and not the recorded one")
    shortcuts = KEYS

    def __init__(self, run: Run | str | Path | None = None, device: str = "auto") -> None:
        self._head, self._notes = text("", "lt-talk-head"), text("", "lt-talk-notes")
        self._search: Session | None = None
        self._failure = ""
        super().__init__(run=RECORDED if run is None else run, device=device)
        self._recording = self._source
        self._main.tell_presented = self._tell
        self._main.children = (self._head, *self._main.children, self._notes)
        self.add_class("lt-talk")
        self.observe(lambda change: self._enter(), "scene")
        self.observe(lambda change: self._switch(change["new"]), "live")
        self._enter()

    @property
    def session(self) -> Session | None:
        """The live search, on screen or not: it goes on while the recording is shown."""
        return self._search

    def present(self, view: str = "density") -> None:
        """Show a view, and at once all that belongs to it. Raises `Refused` like `view`."""
        super().present(view)
        self._main.forget_sentence()
        self._draw()

    def replay(self) -> None:
        """Play the scene, or pause it; while it trains live, pause and resume the training."""
        history = self._source.history
        first, last = self._played.moments(history)
        if self._playback.playing:
            self._playback.pause()
        elif self._search and self._trains:
            self._search.pause() if self._search.status == "running" else self._search.start()
        elif history.moments:
            if self._playback.number is None or self._playback.number >= last:
                self._playback.seek(first, history)
            self.level = None
            self._playback.play(history, 0, until=last)
        self.refresh()

    @property
    def _played(self) -> Scene:
        return SCENES[self.scene - 1]

    @property
    def _last_level(self) -> int:
        return self._played.levels(self._source.experiment)[1]

    @property
    def _trains(self) -> bool:
        """Whether a search is on screen that has still to come to the end of the scene."""
        return self.live and self._source.status in RUNNING and not self._source.state.done(self._last_level)

    def _enter(self) -> None:
        """Begin the scene: what is trained waits to be played, what is not yet is followed."""
        scene, history = self._played, self._source.history
        self._playback.leave()
        self._playback.speed = scene.speed
        self.level = None
        if history.moments and not self._trains:
            self._playback.seek(scene.moments(history)[0], history)
        (self.add_class if scene.variants == ("ticket",) else self.remove_class)("lt-ticket-alone")
        self._select(variants=scene.variants)
        self.present(next(iter(scene.views)))

    def _tell(self, state: State, selection: Selection) -> Sentence:
        views = self._played.views
        return views.get(selection.presents, next(iter(views.values())))(state, selection)

    def _key(self, key: str) -> None:
        """Do what a key is for; `KEYS` lists them."""
        match key:
            case "ArrowRight" | "PageDown":
                self.scene = min(self.scene + 1, len(SCENES))
            case "ArrowLeft" | "PageUp":
                self.scene = max(self.scene - 1, 1)
            case "Shift+ArrowRight" | "Shift+ArrowLeft":
                super()._key(key.removeprefix("Shift+"))
            case " ":
                self.replay()
            case "l":
                self.live = not self.live
            case "v":
                views, shown = [*self._played.views], self._selection.presents
                self.present(views[views.index(shown) - 1 if shown in views else 0])
            case "n":
                self._toggle_notes()
            case "Escape" if not self._help.is_open:
                self._toggle_notes() if self._notes_are_open else self._enter()
            case "," | "." | "t" | "?" | "Escape":
                super()._key(key)
            case _ if key.isdigit() and 1 <= int(key) <= len(SCENES):
                self.scene = int(key)

    @property
    def _notes_are_open(self) -> bool:
        return "lt-open" in self._notes._dom_classes

    def _toggle_notes(self) -> None:
        (self._notes.remove_class if self._notes_are_open else self._notes.add_class)("lt-open")

    def _open(self, run: Run | None) -> None:
        super()._open(run)
        if run is not None:
            self._recording, self._search, self.live = run, None, False
            self._enter()

    def _switch(self, live: bool) -> None:
        """Put the live search on screen, begun where there is none that goes on, or the recorded one."""
        if live:
            self._failure = ""
            try:
                self._begin_search()
            except ExplorerError as error:
                self._fall_back(str(error))
                return
        self._put_on_screen(self._search if live and self._search else self._recording)
        self._enter()

    def _begin_search(self) -> None:
        """Begin the live search, unless there is one that goes on or is finished. Raises like `Session.start`."""
        if self._search is None or self._search.status not in (*RUNNING, "finished"):
            session = self._new_session()
            if session is not None:  # a recorded experiment is one that can be set
                session.start()
            self._search = session
        elif self._search.status == "paused":
            self._search.start()

    def _fall_back(self, failure: str) -> None:
        """Go on with the recording; why is for the speaker only."""
        self._failure, self.live = failure, False

    def _draw(self) -> None:
        last = self._last_level
        if self.live and self._playback.number is None and self.level is None and self._source.state.level > last:
            self.level = last  # the search goes on for the scenes to come; this one stays
        super()._draw()
        ended = self._source.state.ended
        failure = ended.message if ended and ended.outcome == "failed" else self._problem
        if self.live and failure:
            self._fall_back(failure)
        self._head.value = self._heading()
        self._notes.value = self._noted()

    def _heading(self) -> str:
        """Return the title, where the pictures come from, and the scene's number."""
        moment, last = self._playback.number, self._played.moments(self._source.history)[1]
        waits = moment is not None and moment < last and not self._playback.playing
        state = self._source.state
        source = "live" if self.live else "recording"
        if self._trains:
            paused = ", paused" if self._source.status == "paused" else ""
            source = f"live, level {state.level} of {state.experiment.levels}{paused}"
        said = ("space plays" if waits else "", source, f"{self.scene} / {len(SCENES)}")
        return f"<h1>{self._played.title}</h1><p>{''.join(f'<span>{part}</span>' for part in said if part)}</p>"

    def _noted(self) -> str:
        """Return the speaker's notes, how the live search stands, and what comes next."""
        said = [self._played.notes]
        if self._failure:
            said.append(f"The live search cannot be shown: {self._failure}")
        elif self._search:
            now = progress(self._search.state)
            said.append(f"Live search: {', '.join(filter(None, (self._search.status, now.left)))}.")
        if self.scene < len(SCENES):
            said.append(f"Next: {SCENES[self.scene].title}")
        return "<h2>Notes</h2>" + "".join(f"<p>{html.escape(line)}</p>" for line in said)
