"""Whether a page is there: the kernel pings, the page answers."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

import anywidget
import traitlets

from explorer.places import place

PATIENCE = 40.0  # seconds without an answer after which a page is gone, where EXPLORER_PATIENCE says nothing else
MISSED = 8  # pings in that time; they are counted, not the seconds, for a laptop that sleeps stops both sides
FIRST = 60  # pings that the page which asked for this kernel may take to be loaded


class Presence(anywidget.AnyWidget):
    """Invisible until Python goes away, which it then says on the page.

    Presence is not painting: the page answers in its message handler, so that a hidden tab or a locked laptop
    keeps its search. Where no page answers any more, nothing is drawn until one does. Voila makes a kernel
    for each page, which ends with it; in Jupyter a kernel is its owner's, and nothing is ever ended.

    Args:
        gone: called before the kernel is ended, to end what runs in it.
        end: ends the kernel; by default by way of Voila.
    """

    _esm = place("assets", "presence.js")
    _css = place("assets", "presence.css")

    voila = traitlets.Bool(help="whether the kernel was made for one page").tag(sync=True)
    interval = traitlets.Float(help="seconds between two pings").tag(sync=True)

    def __init__(self, gone: Callable[[], None], end: Callable[[], None] | None = None, **traits: Any) -> None:
        preheated = os.environ.get("VOILA_PREHEAT")  # set in every kernel of Voila's, and nowhere else
        patience = float(os.environ.get("EXPLORER_PATIENCE", PATIENCE))
        super().__init__(**{"voila": preheated is not None, "interval": patience / MISSED} | traits)
        self.add_class("lt-presence")
        self.here = asyncio.Event()
        self.here.set()
        self._gone, self._end = gone, end or end_by_voila
        # Who warms a kernel up, or works in a notebook without a browser, may wait for a page for ever.
        self._expected, self._limit, self._unanswered = preheated == "False", FIRST, 0
        self.on_msg(lambda *_: self._answered())
        with suppress(RuntimeError):  # a plain script has no loop, and no page to wait for
            self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """Ping no more."""
        if hasattr(self, "_task"):
            self._task.cancel()
        super().close()

    def _answered(self) -> None:
        self._expected, self._limit, self._unanswered = True, MISSED, 0
        self.here.set()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self.interval)
            if self._expected and self._unanswered >= self._limit and self.here.is_set():
                self.here.clear()
                if self.voila:
                    self._gone()
                    self._end()
            self._unanswered += 1
            self.send({})


def end_by_voila() -> None:
    """End this kernel by way of Voila, which would start one anew that ended by itself."""
    threading.Thread(target=_end_by_voila, daemon=True).start()  # the kernel must hear that it shall end


def _end_by_voila() -> None:
    with suppress(OSError, HTTPException, ValueError):  # a Voila that cannot be asked cannot be helped
        _ask_voila(*(os.environ.get(f"VOILA_{name}", "") for name in ("APP_PORT", "SERVER_URL", "KERNEL_ID")))
    os._exit(0)


def _ask_voila(port: str, root: str, kernel: str) -> None:
    with closing(HTTPConnection("127.0.0.1", int(port), timeout=10)) as server:
        # A request counts as not forged where cookie and form hold the same.
        form = {"Cookie": "_xsrf=0", "Content-Type": "application/x-www-form-urlencoded"}
        server.request("POST", f"{root}voila/api/shutdown/{kernel}", "_xsrf=0", form)
        server.getresponse()
