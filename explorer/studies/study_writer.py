"""The directory of a study, while its experiments are run one after the other; sessions write the runs in it."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

from explorer.errors import RunError
from explorer.runs import Run, tensors
from explorer.runs.writer import LOCK, STUDY, claim, new_folder, unwritable
from explorer.studies.study import Study
from explorer.studies.study_run import StudyRun

UNFINISHED = ".unfinished"
"""Where in a study's directory runs lie that did not finish, each in a folder of its label and a number."""


class StudyWriter:
    """Makes the directory of a study, or goes on with it, and holds its lock from then to `close`.

    Args:
        study: what is run.
        out: the directory: new, empty, or one that holds this study; None makes a new one in `runs_folder()`.

    Raises:
        RunError: the directory cannot be made or written, or holds something else; nothing is changed there.
    """

    def __init__(self, study: Study, out: str | Path | None = None) -> None:
        self.study = study
        self.folder = new_folder(study.name) if out is None else Path(out)
        try:
            self._made = not self.folder.exists()
            self._check()
            self._lock = claim(self.folder)
            try:
                if not (self.folder / STUDY).exists():
                    tensors.write_whole(self.folder / STUDY, study.to_json().encode())
            except OSError:
                self.close()
                raise
        except OSError as error:
            raise unwritable(self.folder, "study's", error) from None

    def _check(self) -> None:
        """Raise `RunError` where the directory is there and no one's place for this study."""
        if (self.folder / STUDY).exists():
            there = StudyRun(self.folder).study
            if (there.name, there.experiments) != (self.study.name, self.study.experiments):
                other = " with other settings" if there.name == self.study.name else ""
                raise RunError(f"{self.folder} holds the study {there.name}{other}; give another folder.")
        elif (self.folder / "run.json").exists():
            raise RunError(f"{self.folder} holds a single run; give another folder.")
        elif not self._made and any(self.folder.iterdir()):
            raise RunError(f"{self.folder} is not empty; give another folder.")

    @property
    def begun(self) -> list[str]:
        """The labels whose runs are there, finished or not."""
        return [label for label in self.study.labels if (self.folder / label).exists()]

    def finished(self, label: str) -> bool:
        """Whether the run of a label is there and finished, so that it need not be run again."""
        with suppress(RunError):  # none, or one that is damaged or of another experiment
            run = Run.open(self.folder / label)
            return run.experiment == dict(self.study.experiments)[label] and run.status == "finished"
        return False

    def move_aside(self, label: str) -> Path | None:
        """Make room for the run of a label: move what is there aside, and return where to; None if nothing is."""
        path = self.folder / label
        if not path.exists():
            return None
        aside = next(p for n in count(1) if not (p := self.folder / UNFINISHED / f"{label}-{n}").exists())
        try:
            aside.parent.mkdir(exist_ok=True)
            path.rename(aside)
        except OSError as error:
            raise RunError(f"{path} cannot be moved aside ({error.strerror}).") from None
        return aside

    def close(self) -> None:
        """Let go of the lock; a directory that was made here and holds no run is taken away again."""
        self._lock.release()
        if self._made and not self.begun:
            with suppress(OSError):  # what cannot be taken away stays, and is no reason to fail
                for name in (STUDY, LOCK):
                    (self.folder / name).unlink(missing_ok=True)
                self.folder.rmdir()
