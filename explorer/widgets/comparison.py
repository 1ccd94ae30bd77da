"""The tickets of several runs in one picture, with its head and the numbers behind it."""

from __future__ import annotations

import html
from collections.abc import Mapping

import ipywidgets

from explorer.state import State
from explorer.views import compare
from explorer.views.compare import table
from explorer.views.explanations import EXPLANATIONS
from explorer.widgets.panels import as_html
from explorer.widgets.plot import Plot
from explorer.widgets.view import head, text

NOTE = "tickets at the end of training; a thin level line is the dense network of the same run"


class Comparison(ipywidgets.Box):
    """Empty until there are runs to show."""

    def __init__(self) -> None:
        self._plot: Plot | None = None
        super().__init__()
        self.add_class("lt-comparison")

    def show(self, states: Mapping[str, State]) -> None:
        """Draw the runs by letter, as `explorer.views.compare` does; none of them takes the picture away."""
        if not states:
            self.children = []
            return
        chart = compare(states)
        if self._plot is None:
            self._plot = Plot(chart)
            self._plot.add_class("lt-plot")
            self._head, self._numbers = text(head("Accuracy against weights remaining", NOTE), "lt-head"), text("")
            self._numbers.add_class("lt-table")
        self._plot.show(chart)
        said, numbers = html.escape(EXPLANATIONS["compare"].sentence), as_html(table(states))
        self._numbers.value = f"<details><summary>{said} The numbers</summary><div>{numbers}</div></details>"
        self.children = [self._head, self._plot, self._numbers]
