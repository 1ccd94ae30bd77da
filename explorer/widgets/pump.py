"""The pump: the one writer of the page, on the kernel's loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from explorer.widgets.page import Page

INTERVAL = 1 / 12  # seconds between two frames at least
PATIENCE = 2.0  # seconds to wait for the page's word


class Pump:
    """Draws when something has changed, and not before the page has painted what was drawn last.

    Whoever changed something calls `wake`, from any thread. How often makes no difference: a frame shows
    what is known when it is drawn, so a slow page sees fewer frames and never older ones.

    Args:
        draw: sends whatever is new to the widgets.
        page: says when it is painted.
        here: is set while somebody looks; without it nothing is drawn.
    """

    def __init__(self, draw: Callable[[], None], page: Page, here: asyncio.Event) -> None:
        self._draw, self._page, self._here = draw, page, here
        self._stale = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._later: asyncio.TimerHandle | None = None
        with suppress(RuntimeError):  # a plain script has no loop, and no page to draw for
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._run())

    def close(self) -> None:
        """Draw no more."""
        if self._loop is not None:
            self._task.cancel()
            self._loop = None

    def wake(self) -> None:
        """Say that something has changed."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._stale.set)
        except RuntimeError:  # the kernel is shutting down
            self._loop = None

    def wake_later(self, seconds: float) -> None:
        """Draw again in a while, or sooner if that was asked before; called on the loop."""
        if self._loop is None:
            return
        when = self._loop.time() + seconds
        if self._later is not None and self._loop.time() < self._later.when() <= when:
            return
        if self._later is not None:
            self._later.cancel()
        self._later = self._loop.call_at(when, self._stale.set)

    async def _run(self) -> None:
        while True:
            await self._stale.wait()
            await self._here.wait()
            self._stale.clear()
            begun = time.monotonic()
            try:
                self._draw()
                await self._page.painted(PATIENCE)
            except Exception:  # one bad frame must not end all drawing
                logging.getLogger(__name__).exception("a frame could not be drawn")
            await asyncio.sleep(max(0.0, begun + INTERVAL - time.monotonic()))
