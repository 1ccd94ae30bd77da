"""The pump: the one writer of the page, on the kernel's loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from explorer.widgets.page import Page

INTERVAL = 1 / 12  # seconds between two frames at least
PACE = 1 / 6.5  # and between two of a search: what only training has changed may wait for its neighbours
PATIENCE = 2.0  # seconds to wait for the page's word


class Pump:
    """Draws when something has changed, and not before the page has painted what was drawn last.

    Whoever changed something calls `wake`, from any thread. How often makes no difference: a frame shows
    what is known when it is drawn, so a slow page sees fewer frames and never older ones.

    Args:
        draw: sends whatever is new to the widgets.
        page: says when it is painted.
        here: is set while somebody looks; without it nothing is drawn.
        after: called once, when the first frame is painted or no page has answered.
    """

    def __init__(
        self, draw: Callable[[], None], page: Page, here: asyncio.Event, after: Callable[[], None] = lambda: None
    ) -> None:
        self._draw, self._page, self._here, self._after = draw, page, here, after
        self._stale, self._begun = asyncio.Event(), 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        with suppress(RuntimeError):  # a plain script has no loop, and no page to draw for
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._run())

    def close(self) -> None:
        """Draw no more."""
        if self._loop is not None:
            self._task.cancel()
            self._loop = None

    def wake(self, pace: float = INTERVAL) -> None:
        """Say that something has changed, to be drawn no sooner than `pace` seconds after the frame before."""
        planned = self._timer  # it is put away before a frame is drawn, so that one will show the change, too
        if self._loop is None or (planned is not None and planned.when() <= self._begun + pace):
            return
        try:
            self._loop.call_soon_threadsafe(self._plan, pace)
        except RuntimeError:  # the kernel is shutting down
            self._loop = None

    def _plan(self, pace: float) -> None:
        """Draw when it is time, or sooner where that was planned before."""
        if self._loop is None or self._stale.is_set():
            return
        when = self._begun + pace
        if self._timer is not None:
            when = min(when, self._timer.when())
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._stale.set)

    async def _run(self) -> None:
        while True:
            await self._stale.wait()
            await self._here.wait()
            self._begun, self._timer = asyncio.get_running_loop().time(), None
            self._stale.clear()
            try:
                self._draw()
                await self._page.painted(PATIENCE)
            except Exception:  # one bad frame must not end all drawing
                logging.getLogger(__name__).exception("a frame could not be drawn")
            self._after()
            self._after = lambda: None
