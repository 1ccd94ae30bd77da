"""The one writer of a run directory."""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from explorer.errors import RunError
from explorer.events import NetworkStarted, NetworkTrained, Record
from explorer.experiment import Experiment
from explorer.registry import describe_own
from explorer.runs import tensors
from explorer.runs.records import to_line
from explorer.state import Pace

FORMAT = 1
PACES = "paces.json"
LOCK = "lock"
STUDY = "study.json"
"""What a folder of runs that belong to one study holds; see `explorer.studies`."""


def runs_folder() -> Path:
    """Return where new runs are put: `EXPLORER_RUNS`, or the user's data folder."""
    given = os.environ.get("EXPLORER_RUNS")
    return Path(given) if given else Path(platformdirs.user_data_dir("lottery-explorer")) / "runs"


def new_folder(what: str) -> Path:
    """Return where a new run goes, or a study: date-time-what-id in `runs_folder()`."""
    return runs_folder() / f"{time.strftime('%Y%m%d-%H%M%S')}-{what}-{secrets.token_hex(3)}"


def held(folder: Path) -> bool:
    """Whether someone writes this run directory just now."""
    lock = folder / LOCK
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a read-only copy: no one writes it
        return False


def claim(folder: Path) -> FileLock:
    """Make a directory where it is missing, and take its lock. Raises `RunError` where another process has it."""
    busy = RunError(f"{folder} is being written by another process; give another folder.")
    if held(folder):
        raise busy
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, thread_local=False)  # another thread lets go of it
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise busy from None
    return lock


def unwritable(folder: Path, what: str, error: OSError) -> RunError:
    """Say that a new directory cannot be written, and what to do about it."""
    reason = error.strerror or error
    return RunError(
        f"The {what} directory {folder} cannot be written ({reason}); give another folder, or set EXPLORER_RUNS to one."
    )


class Writer:
    """Writes a run directory of format 1, and holds its lock from its making to `close`.

    Args:
        experiment: what is run.
        device: the device, as resolved.
        back_end: the back end's name.
        out: the directory, new or empty; None makes a new one in `runs_folder()`.

    Raises:
        RunError: the directory cannot be made or written, or holds something; nothing is left there.
    """

    def __init__(self, experiment: Experiment, device: str, back_end: str, out: str | Path | None = None) -> None:
        name = f"{experiment.architecture}-{experiment.dataset}"
        self.folder = new_folder(name) if out is None else Path(out)
        self._sequence, self._made, self._open = 0, False, ExitStack()
        try:
            self._claim()
            try:
                self._begin(experiment, device, back_end)
            except OSError:
                self.discard()
                raise
        except OSError as error:
            raise unwritable(self.folder, "run", error) from None

    def _claim(self) -> None:
        """Make the directory, unless it is there and empty, and take its lock."""
        if (self.folder / "run.json").exists():
            raise RunError(f"{self.folder} holds a run already; give another folder.")
        if self.folder.is_dir() and any(self.folder.iterdir()) and not held(self.folder):
            raise RunError(f"{self.folder} is not empty; give another folder.")
        self._made = not self.folder.exists()
        self._open.callback(claim(self.folder).release)

    def _begin(self, experiment: Experiment, device: str, back_end: str) -> None:
        """Write what a run has before its first record."""
        made_by = {name: version(name) for name in ("torch", "numba", "numpy")} | {"python": platform.python_version()}
        about = {
            "format": FORMAT,
            "experiment": experiment.model_dump(),
            "versions": made_by,
            "device": device,
            "back_end": back_end,
        }
        if own := describe_own(experiment):
            about["described"] = own
        (self.folder / tensors.FOLDER).mkdir()
        self._events = self._open.enter_context((self.folder / "events.jsonl").open("a", encoding="utf-8"))
        tensors.write_whole(self.folder / "run.json", json.dumps(about, indent=1).encode())

    def write(self, record: Record) -> Record:
        """Write a record and return it with its arrays read lazily from their file."""
        written = record
        if isinstance(record, NetworkStarted | NetworkTrained):
            file, trained = tensors.path(self.folder, record.network), isinstance(record, NetworkTrained)
            after = (record.final, record.rewind) if isinstance(record, NetworkTrained) else ({}, {})
            tensors.write(file, record.masks, record.initial, *after)
            written = type(record)(record.network, *tensors.read(file)[: 4 if trained else 2])
        self._events.write(to_line(self._sequence, record) + "\n")
        self._events.flush()
        self._sequence += 1
        return written

    def write_paces(self, paces: Mapping[int, Pace]) -> None:
        """Write the measured pace of each level beside the records, which depend on the experiment alone."""
        content = json.dumps({str(level): pace._asdict() for level, pace in sorted(paces.items())}, indent=1)
        tensors.write_whole(self.folder / PACES, content.encode())

    def close(self) -> None:
        """Close the files and give the lock back."""
        with suppress(OSError):  # what a full disk has not taken by now
            self._open.close()

    def discard(self) -> None:
        """Close, and take away all that was written, with the directory where this writer made it."""
        self.close()
        shutil.rmtree(self.folder / tensors.FOLDER, ignore_errors=True)
        with suppress(OSError):  # what cannot be taken away stays, and is no reason to fail
            for name in ("run.json", "events.jsonl", PACES, LOCK):
                (self.folder / name).unlink(missing_ok=True)
            if self._made:
                self.folder.rmdir()
