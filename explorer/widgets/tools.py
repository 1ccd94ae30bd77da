"""What stands beside the sentence: runs, link, export, present, dark or light, help; and the keys for all of it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import ipywidgets

from explorer.state import State
from explorer.views import Selection
from explorer.views.explanations import EXPLANATIONS
from explorer.views.tables import TABLES
from explorer.widgets.panels import as_html
from explorer.widgets.side import button
from explorer.widgets.view import box, text

TOOLS = {
    "Studies": ("lt-studies", "Run a figure of the paper, and see how close it comes (f)"),
    "Runs": ("lt-runs", "Open, compare or delete runs (r)"),
    "Share link": ("lt-share", "Copy a link with every setting and the seed"),
    "Export": ("lt-export", "Pictures, data, networks, or one file that replays offline (e)"),
    "Present": ("lt-presenter", "One view, large (p)"),
    "Dark": ("lt-theme", "Dark or light (t)"),
    "Help": ("lt-help", "Keys and words (?)"),
}

AT_THE_RIGHT = ("density", "overlap", "timing")
"""The views that are not to be covered by what is said of them."""

KEYS = {
    "space": "replay, or pause the replay; while a search runs, pause and resume it",
    "← →": "a level back, a level on",
    ", .": "an evaluation back, an evaluation on",
    "l, v": "the next layer; the next variant in focus",
    "1 to 9, 0": "show one view large",
    "p": "present: one view, no controls; again to leave",
    "t": "dark or light",
    "s": "train one level, then pause",
    "x": "cancel the search; finished levels stay",
    "f": "studies: the paper's figures, to be run here",
    "r": "the table of runs",
    "e": "export",
    "?": "this list",
    "Esc": "close what is open; leave presenting; end the replay",
}

WORDS = {
    "Ticket": "the weights that survived pruning, set back to their original initial values, trained again",
    "Random reinit": "the ticket's mask with new random initial values",
    "Random sparse": "as many weights in each layer, at random places, with new random initial values",
    "Winning": "said of a ticket that matches the dense network: as accurate at early stopping, and not later, by the "
    "range of the dense networks, or strictly by their mean",
    "Weights remaining": "what is left of all weights of the layers, biases not counted",
    "Early stop": "the iteration at which the loss on validation images is lowest",
}


class Drawer(ipywidgets.Box):
    """A panel over the page, with a title and a way to close it.

    Args:
        title: what it is.
        content: what is in it.

    `opener` is the button that opens it.
    """

    def __init__(self, title: str, *content: ipywidgets.Widget) -> None:
        self._close = button("Close", "Close (Esc)", lambda _: self.hide())
        super().__init__([box("lt-drawer-head", text(f"<h2>{html.escape(title)}</h2>"), self._close), *content])
        self.opener: ipywidgets.Button | None = None
        self.is_open = False
        self.add_class("lt-drawer")

    def reveal(self) -> None:
        """Show it, and put the keyboard there."""
        self.is_open = True
        self.add_class("lt-open")
        self._close.focus()

    def hide(self) -> None:
        """Put it away, and the keyboard back to the button that opens it."""
        if self.is_open and self.opener:
            self.opener.focus()
        self.is_open = False
        self.remove_class("lt-open")


class Drawers(dict[str, Drawer]):
    """The drawers of a page by name, of which at most one is open."""

    @property
    def is_open(self) -> bool:
        """Whether one is open."""
        return any(drawer.is_open for drawer in self.values())

    def toggle(self, name: str) -> None:
        """Open one, or put it away where it is open."""
        was_open = self[name].is_open
        self.close()
        if not was_open:
            self[name].reveal()

    def close(self) -> None:
        """Put away what is open."""
        for drawer in self.values():
            drawer.hide()


class Tools(ipywidgets.Box):
    """The row of tools. `pressed` is called with the name of one."""

    def __init__(self, pressed: Callable[[str], None]) -> None:
        self._buttons = {}
        for name, (style, tooltip) in TOOLS.items():
            self._buttons[name] = ipywidgets.Button(description=name, tooltip=tooltip)
            self._buttons[name].add_class(style)
            self._buttons[name].on_click(lambda _, name=name: pressed(name))
        super().__init__(list(self._buttons.values()))
        self.add_class("lt-tools")

    def __getitem__(self, name: str) -> ipywidgets.Button:
        """Return the button of a tool."""
        return self._buttons[name]

    def show(self, theme: str) -> None:
        """Name the theme that the button leads to."""
        self._buttons["Dark"].description = "Light" if theme == "dark" else "Dark"


class About(Drawer):
    """What views show, in words and numbers."""

    def __init__(self) -> None:
        self._said = text("", "lt-about", "lt-table")
        super().__init__("What is shown", self._said)
        self.add_class("lt-needs-python")

    def tell(self, views: tuple[str, ...], state: State, selection: Selection) -> None:
        """Explain views, and list the numbers that they show just now."""
        parts = []
        for view in views:
            what = EXPLANATIONS[view]
            parts.append(f"<h3>{html.escape(what.title)}</h3><p><b>{html.escape(what.sentence)}</b></p>")
            parts.append(f"<p>{html.escape(what.paragraph)}</p>")
            numbers = as_html(TABLES[view](state, selection))
            parts.append(f"<details><summary>The numbers</summary><div>{numbers}</div></details>")
        self._said.value = "".join(parts)
        (self.add_class if views[0] in AT_THE_RIGHT else self.remove_class)("lt-opposite")
        self.reveal()


def help_drawer(keys: Mapping[str, str]) -> Drawer:
    """Return the list of keys, each with what it is for, and of words."""
    marks = {key: " class=lt-needs-python" if key in ("s", "x", "f", "r", "e") else "" for key in keys}
    pressed = "".join(
        f"<dt{marks[key]}><kbd>{html.escape(key)}</kbd></dt><dd{marks[key]}>{what}</dd>" for key, what in keys.items()
    )
    meant = "".join(f"<dt>{word}</dt><dd>{what}</dd>" for word, what in WORDS.items())
    said = f"<h3>Keys</h3><dl>{pressed}</dl><h3>Words</h3><dl>{meant}</dl>"
    return Drawer("Help", text(said, "lt-help-text"))
