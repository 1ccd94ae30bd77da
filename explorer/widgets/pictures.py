"""Every view of a run as a picture, drawn by a browser from the page that needs no server."""

from __future__ import annotations

import base64
import json
import re

from explorer.browser import dom
from explorer.errors import ExplorerError
from explorer.runs import Run
from explorer.widgets.offline import page

DRAWN = re.compile(r'<script type="application/json" id="pictures">(.*?)</script>', re.DOTALL)


def pictures(run: Run) -> dict[str, bytes]:
    """Return every view of the last level by file name, "accuracy.svg", "accuracy.png", …, in the light theme.

    Raises:
        NoBrowser: there is no browser to draw them.
        RunError: the run cannot be read.
        ExplorerError: the browser fails.
    """
    drawn = DRAWN.search(dom(page(run, replays=False), "pictures"))
    if drawn is None:
        raise ExplorerError("The browser showed the page and drew no pictures of it; try another, in EXPLORER_BROWSER.")
    return {name: base64.b64decode(address.partition(",")[2]) for name, address in json.loads(drawn[1]).items()}
