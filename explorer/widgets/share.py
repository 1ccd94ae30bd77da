"""The drawer of the share link: every setting and the seed, to be opened by someone else."""

from __future__ import annotations

import anywidget
import traitlets

from explorer.experiment import Experiment
from explorer.link import to_python, to_query
from explorer.places import place
from explorer.widgets.panels import text
from explorer.widgets.tools import Drawer


class Link(anywidget.AnyWidget):
    """A field that holds the link and copies it: the page's address with a query, in a notebook a line of Python."""

    _esm = place("assets", "link.js")

    query = traitlets.Unicode(help="what follows the page's address").tag(sync=True)
    line = traitlets.Unicode(help="the line of Python that shows the same").tag(sync=True)


class Share(Drawer):
    """Shows the link to an experiment, and copies it."""

    def __init__(self) -> None:
        self._link = Link()
        super().__init__("Share link", text("Whoever opens this has the same settings and the same seed."), self._link)
        self.add_class("lt-needs-python")

    def tell(self, experiment: Experiment) -> None:
        """Show the link to an experiment, and put it on the clipboard."""
        with self._link.hold_sync():
            self._link.query, self._link.line = to_query(experiment), to_python(experiment)
        self.reveal()
        self._link.send({"copy": True})
