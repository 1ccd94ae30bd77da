"""When the weights of a network in training are looked at: where they are on screen, and not too often."""

from __future__ import annotations

import time
from collections.abc import Callable

from explorer.events import Network
from explorer.runs import Run
from explorer.session import Session
from explorer.views import Selection
from explorer.views.means import shown_level

GLIMPSE_SECONDS = 0.4  # between two looks at a network's weights, which cost more than all else that is drawn


class Glimpses:
    """Answers sessions that ask, each in its own thread, whether a network's weights are due.

    Args:
        on_screen: gives the search or run that is on screen, and what is selected.
    """

    def __init__(self, on_screen: Callable[[], tuple[Session | Run, Selection]]) -> None:
        self._on_screen = on_screen
        # The evaluation at which weights were last asked for, whether they were, and when; the asking thread's own.
        self._last: tuple[object, bool, float] = (None, False, 0.0)

    def due(self, session: Session, network: Network) -> bool:
        """Tell whether the weights of a network of a session are on screen and due.

        All variants are shown at one iteration, so that the first that is asked about decides for the others.
        """
        source, selection = self._on_screen()
        if source is not session:
            return False
        level, now = shown_level(session.state, selection.level), time.monotonic()
        if (network.replicate, network.level) != (selection.replicate, level):
            return False
        moment, (decided, due, last) = (session, level, session.state.networks[network].iteration), self._last
        if moment != decided:
            due = now - last >= GLIMPSE_SECONDS
            self._last = moment, due, now if due else last
        return due
