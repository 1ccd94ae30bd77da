"""The replay: which moment of a search's history is on screen, and the controls that move it."""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets

from explorer.history import History
from explorer.widgets.view import box, text

LEVEL_SECONDS = 1.5  # that one level takes at speed 1
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)


class Playback(ipywidgets.Box):
    """Play, pause and speed, and the place in the history.

    `number` is the moment on screen; None shows what is newest, which is no replay.

    Args:
        pressed: called when the button to play or pause is pressed.
        now: the clock, in seconds.
    """

    def __init__(self, pressed: Callable[[], None], now: Callable[[], float] = time.monotonic) -> None:
        self.number: int | None = None
        self.playing, self._now = False, now
        self._until: int | None = None
        self._place, self._since = 0.0, 0.0
        self._button = ipywidgets.Button(description="Replay", tooltip="Play the run again (space)")
        self._button.add_class("lt-replay")
        self._button.on_click(lambda _: pressed())
        self._speed = ipywidgets.Dropdown(options=[(f"{s:g}×", s) for s in SPEEDS], value=1.0, description="speed")
        self._speed.add_class("lt-speed")
        self._speed.tooltip = "How fast to replay: at 1× a level takes 1.5 seconds"
        super().__init__([self._button, box("lt-pace", text("<b>Replay</b>"), self._speed)])
        self.add_class("lt-playback")

    def play(self, history: History, level: int, until: int | None = None) -> None:
        """Play on from where it was; else from the start of a level, and from the very start at the last one.

        It ends with what is newest; with `until` it stays at that moment.
        """
        if self.number is None:
            last = not history.moments or level >= history.moments[-1].level
            self._place = float(0 if last else history.find(level, 0))
            self.number = int(self._place)
        self.playing, self._since, self._until = True, self._now(), until

    @property
    def speed(self) -> float:
        """How fast it is: at 1 a level takes 1.5 seconds."""
        return float(self._speed.value)

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed.value = speed

    def pause(self) -> None:
        """Stay where it is."""
        self.playing = False

    def seek(self, number: int, history: History) -> None:
        """Go to a moment; one that is not there yet is the newest."""
        self.number = min(max(number, 0), max(0, len(history.moments) - 1))
        self._place = float(self.number)

    def leave(self) -> None:
        """Show what is newest."""
        self.number, self.playing = None, False

    def advance(self, history: History, by_level: bool) -> None:
        """Move on by the time that went by; at the end the replay is over.

        `by_level` shows each level's last moment only, for those who asked for less motion.
        """
        if not self.playing:
            return
        then, self._since = self._since, self._now()
        moments = len(history.moments) / (1 + history.moments[-1].level)  # that a level has
        self._place += (self._since - then) * self.speed * moments / LEVEL_SECONDS
        if self._until is not None and self._place >= self._until:
            self.pause()
            self.seek(self._until, history)
            return
        if self._place >= len(history.moments):
            self.leave()
            return
        number = int(self._place)
        self.number = history.find(history.moments[number].level) if by_level else number

    def show(self, possible: bool) -> None:
        """Bring the button up to date."""
        self._button.disabled = not possible
        self._button.description = "Pause replay" if self.playing else "Replay"
        (self.add_class if self.playing else self.remove_class)("lt-playing")
