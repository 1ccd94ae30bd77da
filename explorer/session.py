"""A search and its writer in a background thread."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from explorer.algorithm import search
from explorer.datasets import check
from explorer.errors import DataError, ExplorerError, Refused
from explorer.events import Diverged, Ended, Event, Glimpse, Network, NetworkTrained, Record
from explorer.experiment import Experiment
from explorer.history import History
from explorer.registry import require
from explorer.runs import Writer
from explorer.state import State, fold
from explorer.training import back_end, resolve_device

Subscriber = Callable[[Event], None]


class Session:
    """Runs a search in a thread of its own, writes it, and tells whoever subscribed.

    The thread only pulls, writes, folds and hands over values; it never touches a widget.

    Args:
        experiment: what to run.
        device: "auto", "cpu" or "cuda".
        out: the run directory; None makes a new one under `EXPLORER_RUNS`.
        cores: how many cores of a CPU to train on, 0 for all that there are.

    `folder` is the run directory once there is one; a search that ended before it had data leaves none.
    """

    def __init__(
        self, experiment: Experiment, device: str = "auto", out: str | Path | None = None, cores: int = 0
    ) -> None:
        self.experiment, self.device, self.cores = experiment, device, cores
        self.folder = None if out is None else Path(out)
        self.state, self.history = State(experiment), History(experiment)
        self.watch: Callable[[Network], bool] = lambda network: False
        self._subscribers: list[Subscriber] = []
        self._go, self._cancelled = threading.Event(), threading.Event()
        self._interrupted = False
        self._changing = threading.Lock()  # so that a pause cannot undo a cancel
        self._stepping = False
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> str:
        """One of idle, running, paused, finished, cancelled, failed, interrupted."""
        if self.state.ended:
            return self.state.ended.outcome
        if self._thread is None:
            return "idle"
        if self._interrupted and not self._thread.is_alive():
            return "interrupted"
        return "running" if self._go.is_set() else "paused"

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with every event, in the session's thread, after it is written and folded."""
        self._subscribers.append(subscriber)

    def start(self) -> None:
        """Start, or go on after a pause.

        Raises:
            Refused: the device, the data set or what is not registered is not to be had; nothing was written.
            RunError: the run directory cannot be written.
        """
        self._stepping = False
        if self._thread is None:
            self._begin()
        self._go.set()

    def step(self) -> None:
        """Train one level, then pause. Raises like `start`."""
        if self._thread is None:
            self._begin()
        self._stepping = True
        self._go.set()

    def pause(self) -> None:
        """Stop for now, before the next mini-batch; nothing is lost."""
        with self._changing:
            if not self._cancelled.is_set():
                self._go.clear()

    def cancel(self) -> None:
        """End here, before the next mini-batch; what was computed stays."""
        with self._changing:
            self._cancelled.set()
            self._go.set()

    def interrupt(self, timeout: float | None = 10.0) -> str:
        """Stop without an end, as when the program goes away, and wait for it; what was computed stays."""
        self._interrupted = True
        self.cancel()
        return self.wait(timeout)

    def wait(self, timeout: float | None = None) -> str:
        """Wait for the end, at most `timeout` seconds, and return the status."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self.status

    def _begin(self) -> None:
        require(self.experiment)
        try:
            check(self.experiment.dataset)
        except DataError as error:
            raise Refused({"dataset": str(error)}) from None
        device = resolve_device(self.device)
        writer = Writer(self.experiment, device, back_end(self.experiment, device).name, self.folder)
        self.folder = writer.folder
        self._thread = threading.Thread(target=self._run, args=(writer, device), name="search", daemon=True)
        self._thread.start()

    def _run(self, writer: Writer, device: str) -> None:
        try:
            with closing(search(self.experiment, device, watch=self._is_watched, cores=self.cores)) as events:
                self._follow(events, writer)
        except Exception as error:
            logging.getLogger(__name__).debug("the search failed", exc_info=True)
            ended: Record = Ended("failed", describe(error, self.state))
            with suppress(OSError):  # the disk that could not take the run may not take its end either
                ended = writer.write(ended)
            self._publish(ended)
        finally:
            if self.state.networks:
                writer.close()
            else:  # there was no data: a run of which nothing is known would only be in the way
                writer.discard()
                self.folder = None

    def _is_watched(self, network: Network) -> bool:
        """Ask `watch`; its fault must not cost a search."""
        try:
            return self.watch(network)
        except Exception:
            logging.getLogger(__name__).exception("a network's weights are not shown")
            return False

    def _follow(self, events: Iterator[Event], writer: Writer) -> None:
        for event in events:
            if self.state.networks or not self._cancelled.is_set():  # cancelled while the data was read: no run begins
                self._publish(event if isinstance(event, Glimpse) else writer.write(event))
                if isinstance(event, NetworkTrained | Diverged) and self.state.done(event.network.level):
                    writer.write_paces(self.state.paces)
            self._go.wait()
            if self._cancelled.is_set() and not self.state.ended:
                if not self._interrupted:
                    self._publish(writer.write(Ended("cancelled")))
                break

    def _publish(self, event: Event) -> None:
        self.state = fold(self.state, event)
        self.history.paces = self.state.paces
        if not isinstance(event, Glimpse):
            self.history.append(event)
        if self._stepping and isinstance(event, NetworkTrained | Diverged):
            level = event.network.level
            if level < self.experiment.levels and self.state.done(level):
                self.pause()  # before it is told, so that whoever hears of the event finds the session paused
        for subscriber in list(self._subscribers):
            try:
                subscriber(event)
            except Exception:  # a listener's fault must not cost a search
                logging.getLogger(__name__).exception("a subscriber failed and is not called again")
                self._subscribers.remove(subscriber)


def describe(error: Exception, state: State) -> str:
    """Say in plain words where a search failed, why, and what is kept."""
    if isinstance(error, ExplorerError):
        what = str(error).removesuffix(".")
    elif isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "can't allocate" in str(error):
        what = "out of memory"
    elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
        what = "the disk is full"
    elif isinstance(error, OSError) and error.strerror:
        what = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    else:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
    done = sum(state.done(level) for level in range(state.level + 1))
    kept = "Nothing was trained yet" if not done else f"{done} finished level{'s' if done > 1 else ''} kept"
    where = f"at level {state.level}" if state.networks else "to begin"
    return f"Failed {where}: {what}. {kept}; mend the cause, then start again."
