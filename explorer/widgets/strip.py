"""The strip of levels, and the scrubber at its foot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from explorer.history import Moment
from explorer.places import place
from explorer.views.progress import Stop


class Strip(anywidget.AnyWidget):
    """One button a level, and a scrubber over all iterations of all levels.

    Args:
        chosen: called with a level that a person chose.
        sought: called with a level and an iteration that a person went to.
        stepped: called with how many evaluations a person went on, or back.
    """

    _esm = place("assets", "strip.js")

    stops: traitlets.List[Any] = traitlets.List(help="one record a level").tag(sync=True)
    shown = traitlets.Int(0, help="the level on screen").tag(sync=True)
    whole = traitlets.Int(0, help="the iterations of all levels; 0 while there is no history").tag(sync=True)
    moment = traitlets.Int(0, help="how many of them had gone by at the moment on screen").tag(sync=True)
    said = traitlets.Unicode("", help="the moment on screen, in words").tag(sync=True)
    replaying = traitlets.Bool(False, help="whether an earlier moment is on screen").tag(sync=True)

    def __init__(
        self, chosen: Callable[[int], object], sought: Callable[[int, int], object], stepped: Callable[[int], object]
    ) -> None:
        super().__init__()
        self._chosen, self._sought, self._stepped, self._iterations = chosen, sought, stepped, 1
        self.add_class("lt-level-scrubber")
        self.on_msg(self._received)

    def show(self, stops: list[Stop], shown: int, iterations: int, at: Moment | None, replaying: bool) -> None:
        """Draw the levels of so many iterations each, and the moment on screen, in one message."""
        self._iterations = iterations
        with self.hold_sync():
            self.stops, self.shown, self.replaying = [asdict(stop) for stop in stops], shown, replaying
            self.whole = iterations * len(stops) if at else 0
            self.moment = iterations * at.level + at.iteration if at else 0
            self.said = f"level {at.level}, iteration {at.iteration:,}" if at else ""

    def _received(self, _widget: object, said: dict[str, int], _buffers: object) -> None:
        if "level" in said:
            self._chosen(said["level"])
        elif "step" in said:
            self._stepped(said["step"])
        else:
            self._sought(*divmod(said["moment"], self._iterations))
