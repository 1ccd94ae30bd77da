"""The binder of pictures to a canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from explorer.places import place
from explorer.views.masks import Picture


class Heatmap(anywidget.AnyWidget):
    """Paints one `Picture` in the ramp of its tone; without one, a dashed box with a word on what will come."""

    _esm = place("assets", "heatmap.js")

    tone = traitlets.Unicode(help="whose ramp").tag(sync=True)
    waiting = traitlets.Unicode(help="what to say while there is nothing to paint").tag(sync=True)
    summary = traitlets.Unicode(help="what is seen, in words").tag(sync=True)
    rows = traitlets.Int(0, help="height of the grid; 0 while there is none").tag(sync=True)
    columns = traitlets.Int(0, help="width of the grid").tag(sync=True)
    values = traitlets.Bytes(b"", help="see `Picture`").tag(sync=True)
    darkest = traitlets.Float(1.0, help="the value painted darkest").tag(sync=True)
    bits = traitlets.Bool(False, help="whether `values` holds one bit a cell").tag(sync=True)

    row = traitlets.Int(-1, help="a row to point out; none where negative").tag(sync=True)
    column = traitlets.Int(-1, help="a column to point out; none where negative").tag(sync=True)
    lit = traitlets.Bytes(b"", help="the cells to light up, packed as `values` of bits; all where empty").tag(sync=True)

    def on_point(self, pointed: Callable[[tuple[int, int] | None], None]) -> None:
        """Call `pointed` with the row and column under the pointer, None when it leaves."""
        self.on_msg(lambda _widget, said, _buffers: pointed(tuple(said["cell"]) if said["cell"] else None))

    def show(self, picture: Picture | None, summary: str) -> None:
        """Paint a picture, or none; only what differs from the last one is sent, in one message."""
        changes: dict[str, Any] = {"rows": 0, "summary": summary}
        if picture is not None:
            names = ("rows", "columns", "values", "darkest", "bits", "row", "column", "lit")
            changes |= {name: getattr(picture, name) for name in names}
        with self.hold_sync():
            for name, value in changes.items():
                setattr(self, name, value)
