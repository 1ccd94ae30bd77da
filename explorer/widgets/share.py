"""The drawer of the share link: every setting and the seed, to be opened by someone else."""

from __future__ import annotations

from collections.abc import Callable

import anywidget
import traitlets

from explorer.experiment import Experiment
from explorer.link import to_python, to_query
from explorer.places import place
from explorer.widgets.tools import Drawer
from explorer.widgets.view import text


class Link(anywidget.AnyWidget):
    """A field that holds the link and copies it: the page's address with a query, in a notebook a line of Python."""

    _esm = place("assets", "link.js")

    query = traitlets.Unicode(help="what follows the page's address").tag(sync=True)
    line = traitlets.Unicode(help="the line of Python that shows the same").tag(sync=True)


class Share(Drawer):
    """Shows the link to what is set just now, and copies it. `current` is asked for that."""

    def __init__(self, current: Callable[[], Experiment]) -> None:
        self._link, self._current = Link(), current
        super().__init__("Share link", text("Whoever opens this has the same settings and the same seed."), self._link)
        self.add_class("lt-needs-python")

    def reveal(self) -> None:
        """Show the link, and put it on the clipboard."""
        experiment = self._current()
        with self._link.hold_sync():
            self._link.query, self._link.line = to_query(experiment), to_python(experiment)
        super().reveal()
        self._link.send({"copy": True})
