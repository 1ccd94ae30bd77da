"""Every view of a run as a picture, drawn by a browser from the page that needs no server."""

from __future__ import annotations

import base64
import json

from explorer.browser import answer
from explorer.errors import ExplorerError
from explorer.runs import Run
from explorer.widgets.offline import page


def pictures(run: Run) -> dict[str, bytes]:
    """Return every view of the last level by file name, "accuracy.svg", "accuracy.png", …, in the light theme.

    Raises:
        NoBrowser: there is no browser to draw them.
        RunError: the run cannot be read.
        ExplorerError: the browser fails.
    """
    made = json.loads(answer(page(run, replays=False), "pictures"))
    if "problem" in made:
        raise ExplorerError(made["problem"])
    return {name: base64.b64decode(address.partition(",")[2]) for name, address in made.items()}
