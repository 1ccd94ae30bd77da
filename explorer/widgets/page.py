"""The page itself: its style sheet, its size, what its address asks for, and its word that a frame is painted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anywidget
import traitlets

from explorer.places import place


class Page(anywidget.AnyWidget):
    """Invisible; every explorer and every single view brings it along.

    It tells the pump when the browser has painted a frame, or at once while the page is hidden.
    """

    _esm = place("assets", "page.js")
    _css = place("assets", "explorer.css")

    theme = traitlets.Enum(("light", "dark"), "light", help="the colours").tag(sync=True)
    presents = traitlets.Unicode("", help="the view that is shown large; none where empty").tag(sync=True)
    focus = traitlets.Unicode("", help="the variant in focus; all alike where empty").tag(sync=True)
    reduced = traitlets.Bool(False, help="whether the person asked for less motion").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._pressed: Callable[[str], None] = lambda key: None
        self._asked: Callable[[str], None] = lambda query: None
        self._named: Callable[[str], None] = lambda variant: None
        self._back: Callable[[], None] = lambda: None
        self._frame, self._painted = 0, asyncio.Event()
        self.on_msg(self._answered)

    async def painted(self, timeout: float) -> None:
        """Ask the browser to say when all that was sent is painted; wait for it, at most `timeout` seconds."""
        self._frame += 1
        self._painted.clear()
        self.send({"frame": self._frame})
        with suppress(TimeoutError):  # no page is open, or it is busy: drawing on is harmless
            await asyncio.wait_for(self._painted.wait(), timeout)

    def on_key(self, pressed: Callable[[str], None]) -> None:
        """Call `pressed` with the name of each key that is pressed outside fields: "ArrowLeft", "p", " "."""
        self._pressed = pressed

    def on_query(self, asked: Callable[[str], None]) -> None:
        """Call `asked` with the query of the page's address, once, where the page is all there is and has one.

        It is read there, because a kernel that was warm before the page was asked for has not seen the request.
        """
        self._asked = asked

    def on_name(self, named: Callable[[str], None]) -> None:
        """Call `named` with the variant whose name a person clicks."""
        self._named = named

    def on_return(self, back: Callable[[], None]) -> None:
        """Call `back` where the page was left, as by a reload, while a search ran on it."""
        self._back = back

    def _answered(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        if content.get("painted") == self._frame:
            self._painted.set()
        elif "key" in content:
            self._pressed(content["key"])
        elif "name" in content:
            self._named(str(content["name"]))
        elif "returned" in content:
            self._back()
        elif "query" in content:
            self._asked(str(content["query"]))
