"""The strip of levels."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from explorer.places import place
from explorer.views.progress import Stop


class Strip(anywidget.AnyWidget):
    """One button a level; `level` is what a person chose, None while the page follows the training."""

    _esm = place("assets", "strip.js")

    stops: traitlets.List[Any] = traitlets.List(help="one record a level").tag(sync=True)
    shown = traitlets.Int(0, help="the level on screen").tag(sync=True)
    level = traitlets.Int(None, allow_none=True, help="the level that was chosen").tag(sync=True)

    def show(self, stops: list[Stop], shown: int) -> None:
        """Draw the levels."""
        with self.hold_sync():
            self.stops = [asdict(stop) for stop in stops]
            self.shown = shown
