"""What a view as a widget is made of."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from typing import NamedTuple

import ipywidgets

from explorer.state import State
from explorer.views import Selection
from explorer.views.explanations import EXPLANATIONS


def text(content: str, *classes: str) -> ipywidgets.HTML:
    """Return a piece of HTML with style classes."""
    widget = ipywidgets.HTML(content)
    for name in classes:
        widget.add_class(name)
    return widget


def box(style: str, *children: ipywidgets.Widget) -> ipywidgets.Box:
    """Return a box with a style class."""
    widget = ipywidgets.Box(children)
    widget.add_class(style)
    return widget


def close_all(widgets: Iterable[ipywidgets.Widget]) -> None:
    """Close widgets and all that they are made of."""
    for widget in widgets:
        close_all(getattr(widget, "children", ()))
        widget.close()


def head(title: str, note: str = "") -> str:
    """Return the head of a view: its title and a note beside it."""
    return f"<h2>{html.escape(title)}</h2><p>{html.escape(note)}</p>"


Explain = Callable[[tuple[str, ...], ipywidgets.Button], None]
"""Says what views show, and gives the numbers behind them; the "?" that was pressed comes along."""


class Actions(NamedTuple):
    """What a person can do in a view.

    Args:
        select: change fields of the selection.
        go: show a level, or the moment when it came to an iteration.
        step: go so many evaluations on, or back.
        preview: show a level for as long as the pointer is there; None ends it.
        follow: show what is newest.
        explain: what a "?" does.
    """

    select: Callable[..., None]
    go: Callable[[int, int | None], None]
    step: Callable[[int], None]
    preview: Callable[[int | None], None]
    follow: Callable[[], None]
    explain: Explain


class View(ipywidgets.Box):
    """A view as a widget, made for a first state and brought up to date with `show`.

    A kind of view says what it is made of in `_make`, and draws in `_show`.
    """

    name = ""
    _shown: object = None

    def __init__(self, state: State, selection: Selection, actions: Actions) -> None:
        self._actions = actions
        super().__init__(self._make(state, selection))
        self.add_class("lt-view")
        self.add_class(f"lt-{self.name}")

    def show(self, state: State, selection: Selection) -> None:
        """Draw what is known for what is selected; nothing is sent where nothing has changed."""
        key = state.experiment, self._key(state, selection)
        if key != self._shown:
            self._show(state, selection)
            self._shown = key

    def forget(self) -> None:
        """Draw anew next time, whatever was drawn before: another run may be of the same experiment."""
        self._shown = None

    def _make(self, state: State, selection: Selection) -> list[ipywidgets.Widget]:
        raise NotImplementedError

    def _show(self, state: State, selection: Selection) -> None:
        raise NotImplementedError

    def heads(self, title: str = "", *widgets: ipywidgets.Widget) -> ipywidgets.Box:
        """Return the head of a view: its title, what belongs beside it, and the "?" for more."""
        self.title = text(head(title or EXPLANATIONS[self.name].title), "lt-head")
        return box("lt-heads", self.title, *widgets, ask(self._actions, self.name))

    def _key(self, state: State, selection: Selection) -> object:
        """Return what the view depends on: while it stays the same, there is nothing new to draw."""
        return state.records, selection


class Alone(ipywidgets.Box):
    """One view as a widget of its own, with its sentence, and the drawer that its "?" opens.

    Closed, it is drawn no more; the page that comes along is its explorer's.
    """

    def __init__(self, page: ipywidgets.Widget, view: View, about: ipywidgets.Widget) -> None:
        said = text(html.escape(EXPLANATIONS[view.name].sentence), "lt-caption", "lt-sentence")
        super().__init__([page, view, said, about])
        self.add_class("lt-alone-page")

    def close(self) -> None:
        """Close the view and all that it is made of."""
        close_all(self.children[1:])
        super().close()


def ask(actions: Actions, *views: str) -> ipywidgets.Button:
    """Return the "?" that explains views."""
    asked = ipywidgets.Button(description="?", tooltip=" ".join(EXPLANATIONS[view].sentence for view in views))
    asked.add_class("lt-ask")
    asked.on_click(lambda _: actions.explain(views, asked))
    return asked
