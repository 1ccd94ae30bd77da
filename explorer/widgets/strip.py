"""The strip of levels, and the scrubber at its foot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from explorer.places import place
from explorer.views.progress import Stop


class Strip(anywidget.AnyWidget):
    """One button a level, and a scrubber over all moments of the search.

    Args:
        chosen: called with a level that a person chose.
        sought: called with the number of a moment that a person went to, counted as if no level had fewer than others.
    """

    _esm = place("assets", "strip.js")

    stops: traitlets.List[Any] = traitlets.List(help="one record a level").tag(sync=True)
    shown = traitlets.Int(0, help="the level on screen").tag(sync=True)
    moments = traitlets.Int(0, help="how many moments the whole search has").tag(sync=True)
    moment = traitlets.Int(0, help="the one on screen").tag(sync=True)
    said = traitlets.Unicode("", help="the moment on screen, in words").tag(sync=True)
    replaying = traitlets.Bool(False, help="whether an earlier moment is on screen").tag(sync=True)

    def __init__(self, chosen: Callable[[int], object], sought: Callable[[int], None]) -> None:
        super().__init__()
        self.add_class("lt-level-scrubber")
        self.on_msg(lambda _, said, __: chosen(said["level"]) if "level" in said else sought(said["moment"]))

    def show(self, stops: list[Stop], **changes: int | str | bool) -> None:
        """Draw the levels; what else changes goes with them in one message."""
        with self.hold_sync():
            self.stops = [asdict(stop) for stop in stops]
            for name, value in changes.items():
                setattr(self, name, value)
