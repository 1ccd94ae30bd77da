"""The binder of files to the browser's downloads."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from typing import Any

import anywidget

from explorer.errors import ExplorerError
from explorer.places import place

PIECE = 256_000  # bytes that are sent at once, at most
RATE = 600_000  # bytes a second: a Jupyter server drops messages above 1 MB/s, and the live page has some to send too
PATIENCE = 20.0  # seconds to wait for the page's word


class Download(anywidget.AnyWidget):
    """Invisible; saves files where the reader's browser saves them.

    Each message has a number, and the next one is sent when the page has answered to it.
    """

    _esm = "".join(place("assets", name).read_text(encoding="utf-8") for name in ("pictures.js", "download.js"))

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._message = 0
        self._answer: asyncio.Future[str] | None = None
        self.on_msg(self._answered)

    async def save(self, name: str, content: bytes, kind: str, sent: Callable[[float], None]) -> None:
        """Send a file, compressed and in pieces, and call `sent` with the share of it that has arrived.

        Args:
            name: under which it is saved.
            content: its bytes.
            kind: what it is, such as "text/csv".
            sent: called after each piece.

        Raises:
            ExplorerError: the page cannot save it, or has not answered in time.
        """
        packed = await asyncio.to_thread(gzip.compress, content, 6)
        starts = range(0, len(packed), PIECE)
        begun = time.monotonic()
        for piece, start in enumerate(starts):
            await asyncio.sleep(begun + start / RATE - time.monotonic())
            part = packed[start : start + PIECE]
            about = {"piece": piece, "pieces": len(starts), "name": name, "type": kind}
            await self._ask(about, part)
            sent((start + len(part)) / len(packed))

    async def save_picture(self, name: str, view: str, title: str, kind: str) -> None:
        """Let the page save a view as it shows it, as "svg" or "png". Raises like `save`, or where it shows none."""
        await self._ask({"name": name, "view": view, "title": title, "kind": kind})

    async def _ask(self, content: dict[str, Any], *buffers: bytes) -> None:
        """Send a message and wait for its answer."""
        self._message += 1
        self._answer = asyncio.get_running_loop().create_future()
        self.send({"message": self._message, **content}, list(buffers))
        try:
            problem = await asyncio.wait_for(self._answer, PATIENCE)
        except TimeoutError:
            raise ExplorerError(f"{content['name']}: the page has not answered for {PATIENCE:g} seconds.") from None
        if problem:
            raise ExplorerError(problem)

    def _answered(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        late = self._answer is None or self._answer.done() or content.get("message") != self._message
        if self._answer is not None and not late:
            self._answer.set_result(str(content.get("problem", "")))
