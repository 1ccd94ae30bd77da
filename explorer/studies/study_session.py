"""The experiments of a study, one session after the other, in background threads."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from explorer.datasets import check
from explorer.errors import DataError, ExplorerError, Refused, RunError
from explorer.experiment import Experiment
from explorer.session import Session, describe
from explorer.studies.study import Study
from explorer.studies.study_writer import StudyWriter

Make = Callable[[Experiment, Path], Session]
"""Makes the session of an experiment that is written into a folder."""


class StudySession:
    """Runs what is left of a study, in its order: all that is not finished in its directory.

    It is paused, stepped through, cancelled and interrupted like the session that runs. An experiment that fails ends
    it, as a cancel does; what is finished stays, and the rest can be gone on with.

    Args:
        study: what is run.
        out: the directory: new, empty, or one that holds this study; None makes a new one in `runs_folder()`.
        make: makes the sessions; by default such as choose their device themselves.
        changed: called in a thread of its own when another session has begun, or none can.

    `session` is the one that runs, or ran last, and `problem` says why one could not begin.
    """

    session: Session

    def __init__(
        self,
        study: Study,
        out: str | Path | None = None,
        make: Make = lambda experiment, folder: Session(experiment, out=folder),
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.study, self.folder, self.problem = study, None if out is None else Path(out), ""
        self.label = ""
        self._make, self._changed = make, changed
        self._left: deque[str] = deque()
        self._writer: StudyWriter | None = None
        self._thread: threading.Thread | None = None
        self._holds, self._ended = False, ""
        self._changing = threading.Lock()  # so that what is asked for is asked of the session that runs

    @property
    def status(self) -> str:
        """A status of a session: running until the last one is finished, or one is not."""
        if self._thread is None:
            return "idle"
        if self.problem:
            return "failed"
        status = self.session.status
        if status == "finished" and self._left:
            return self._ended or "running"
        return status

    @property
    def said(self) -> str:
        """What runs, in words, such as "Figure 4c, talk: one-shot, 1 of 2"; at the end what there is to be seen."""
        labels = self.study.labels
        if self.status == "finished":
            return f"{self.study.called}: {'against the paper' if self.study.figure else 'finished'}"
        return f"{self.study.called}: {self.label}, {labels.index(self.label) + 1} of {len(labels)}"

    def start(self) -> None:
        """Start, or go on after a pause.

        Raises:
            Refused: the device or a data set is not to be had; nothing was written.
            RunError: the directory cannot be written, or holds something else, or all of this study finished.
        """
        with self._changing:
            self._holds = False
            if self._thread is None:
                self._begin()
            else:
                self.session.start()

    def step(self) -> None:
        """Train one level, then pause. Raises like `start`."""
        with self._changing:
            self._holds = True
            if self._thread is None:
                self._begin()
            self.session.step()

    def pause(self) -> None:
        """Stop for now, before the next mini-batch; nothing is lost."""
        with self._changing:
            self._holds = True
            self.session.pause()

    def cancel(self) -> None:
        """End here, before the next mini-batch; what was computed stays."""
        self._end("cancelled")
        self.session.cancel()

    def interrupt(self, timeout: float | None = 10.0) -> str:
        """Stop without an end, as when the program goes away, and wait for it; what was computed stays."""
        self._end("interrupted")
        self.session.interrupt(timeout)
        return self.wait(timeout)

    def wait(self, timeout: float | None = None) -> str:
        """Wait for the end, at most `timeout` seconds, and return the status."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self.status

    def _end(self, how: str) -> None:
        with self._changing:
            self._ended = self._ended or how

    def _begin(self) -> None:
        """Begin the first session, once every data set is known to be there."""
        try:
            for _, experiment in self.study.experiments:
                check(experiment.dataset)
        except DataError as error:
            raise Refused({"dataset": str(error)}) from None
        self._writer = StudyWriter(self.study, self.folder)
        try:
            self._left = deque(label for label in self.study.labels if not self._writer.finished(label))
            if not self._left:
                raise RunError(
                    f"{self._writer.folder} holds all of {self.study.name} finished; nothing is left to run."
                )
            self._next()
        except BaseException:
            self._writer.close()
            raise
        self.folder = self._writer.folder
        self._thread = threading.Thread(target=self._run, name="study", daemon=True)
        self._thread.start()

    def _next(self) -> None:
        """Begin the session that is next, and hold it where the one before was to be held."""
        assert self._writer
        label = self._left[0]
        self._writer.move_aside(label)
        session = self._make(dict(self.study.experiments)[label], self._writer.folder / label)
        session.start()
        if self._holds:
            session.pause()
        self.session, self.label = session, label
        self._left.popleft()  # last, so that no one sees a session that is finished, and nothing left

    def _run(self) -> None:
        """Wait for one session after the other."""
        assert self._writer
        try:
            while self.session.wait() == "finished" and self._left:
                with self._changing:
                    if self._ended:
                        break
                    self._next()
                self._changed()
        except Exception as error:
            logging.getLogger(__name__).debug("the next experiment of a study did not begin", exc_info=True)
            why = str(error) if isinstance(error, ExplorerError) else describe(error, self.session.state)
            self.problem = f"{self._left[0]} could not begin: {why}"
        finally:
            self._writer.close()
            self._changed()
