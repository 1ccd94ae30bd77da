"""The runs in a folder, as a person chooses among them; deleting one, and putting it back.

Those of a study lie in a folder of their own there, and are listed with the others; they are not deleted one by one.

Nothing here reads a run's masks or weights, and what was read is remembered until a file changes, so that a long
list can be asked for again and again.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from explorer.errors import RunError
from explorer.events import Ended, Record
from explorer.experiment import Experiment
from explorer.runs.records import from_line
from explorer.runs.run import Run
from explorer.runs.writer import STUDY, held, runs_folder
from explorer.views import words
from explorer.views.story import result

DELETED = ".deleted"
KEPT = 24 * 60 * 60
"""Seconds for which a deleted run can be put back."""

TAIL = 65_536
"""Bytes at the end of the records among which the last one is looked for."""

Stamp = tuple[int, int, int]
"""A file's size and the times of its last changes; another one means that the file is to be read again."""


@dataclass(frozen=True)
class Listed:
    """A run in the list.

    Args:
        path: its directory.
        when: when it was begun, in local time.
        experiment: what was run; None where that cannot be read.
        status: as `Run.status` says, or "damaged".
        size: bytes of all its files.
        study: the name of the directory of the study that it is of; empty for a run by itself.
    """

    path: Path
    when: datetime
    experiment: Experiment | None
    status: str
    size: int
    _said: str = ""
    study: str = ""

    @property
    def name(self) -> str:
        """The directory's name, after that of its study's, if any."""
        return f"{self.study}/{self.path.name}" if self.study else self.path.name

    @property
    def settings(self) -> str:
        """What was run, in words."""
        return words.settings(self.experiment) if self.experiment else ""

    @property
    def outcome(self) -> str:
        """What came out, in a few words: the verdict, the level that trains, or what failed or is damaged.

        The verdict is reckoned from all records when it is first asked for, which takes a moment.
        """
        if self._said or self.experiment is None:
            return self._said
        return _verdict(self.path, _stamp(self.path / "run.json"), _stamp(self.path / "events.jsonl"))


def runs(folder: Path | None = None) -> list[Listed]:
    """List the runs in a folder (default: `runs_folder()`), newest first; a damaged one with what is wrong with it.

    Raises `RunError` when the folder itself cannot be read; one that is not there holds no runs.
    """
    folder = folder or runs_folder()
    if not folder.exists():
        return []
    try:
        found = list(folder.iterdir())
    except OSError as error:
        raise RunError(f"{folder} cannot be read ({error.strerror}).") from None
    _remove_old(folder)
    listed = [_listed(path) for path in found if _is_run(path)]
    listed += [replace(_listed(run), study=path.name) for path in found for run in _of_study(path)]
    return sorted(listed, key=lambda run: (run.when, run.name), reverse=True)


def delete(path: str | Path, folder: Path | None = None) -> str:
    """Take a run out of a folder (default: `runs_folder()`), and return the token with which `restore` undoes it.

    It is moved aside within the folder, at once or not at all, and really removed by a later call, when it has
    lain there for a day.

    Raises:
        RunError: it is no run directory right in this folder, or belongs to a study, or is being written.
    """
    folder, path = folder or runs_folder(), Path(path)
    if path in _of_study(path.parent):
        raise RunError(f"{path} is not deleted: it belongs to the study in {path.parent}; delete that folder by hand.")
    if path.parent.resolve() != folder.resolve() or not _is_run(path):
        raise RunError(f"{path} is not deleted: it is no run directory in {folder}.")
    if held(path):
        raise RunError(f"{path} is being written; cancel the search first, then delete it.")
    token = f"{int(time.time())}-{secrets.token_hex(3)}-{path.name}"
    try:
        (folder / DELETED).mkdir(exist_ok=True)
        path.rename(folder / DELETED / token)
    except OSError as error:
        raise RunError(f"{path} cannot be deleted ({error.strerror}).") from None
    _remove_old(folder)
    return token


def restore(token: str, folder: Path | None = None) -> Path:
    """Put a deleted run back where it was, and return its directory.

    Raises:
        RunError: it was removed for good, or its place is taken.
    """
    folder = folder or runs_folder()
    found, aside = _TOKEN.fullmatch(token), folder / DELETED / token
    if found is None or not _is_run(aside):
        raise RunError(f"The deleted run {token!r} cannot be put back: it is there no more.")
    path = folder / found["name"]
    try:
        if path.exists():
            raise RunError(f"{path} cannot be put back: its place is taken.")
        aside.rename(path)
    except OSError as error:
        raise RunError(f"{path} cannot be put back ({error.strerror}).") from None
    return path


_TOKEN = re.compile(r"(?P<seconds>\d+)-[0-9a-f]{6}-(?P<name>[^./\\][^/\\]*)")


def _remove_old(folder: Path) -> None:
    """Remove for good what was deleted more than a day ago; what cannot be removed stays until the next time."""
    if (folder / DELETED).is_symlink():  # what it leads to is not ours
        return
    for aside in (folder / DELETED).glob("*"):
        found = _TOKEN.fullmatch(aside.name)
        if found and _is_run(aside) and time.time() - int(found["seconds"]) > KEPT:
            shutil.rmtree(aside, ignore_errors=True)


def _is_run(path: Path) -> bool:
    """Whether a folder is a run directory, be it a damaged one: it holds two of the three things that each has."""
    try:
        if path.name[:1] in ("", ".") or path.is_symlink():
            return False
        return (path / "run.json").is_file() + (path / "events.jsonl").is_file() + (path / "tensors").is_dir() >= 2
    except OSError:  # no one may look into it
        return False


def _of_study(path: Path) -> list[Path]:
    """Return the run directories in that of a study; none where it is no study's."""
    try:
        if path.name[:1] in ("", ".") or path.is_symlink() or not (path / STUDY).is_file():
            return []
        return [run for run in path.iterdir() if _is_run(run)]
    except OSError:  # no one may look into it
        return []


def _listed(path: Path) -> Listed:
    """Look at one run: its settings and its last record."""
    about, events = _stamp(path / "run.json"), _stamp(path / "events.jsonl")
    when, size = _begun(path, about), _size(path, about, events)
    written = held(path)  # asked first: a writer writes the end, then lets go
    try:
        experiment, last = _ends(path, about, events)
    except RunError as error:
        return Listed(path, when, None, "damaged", size, str(error))
    if isinstance(last, Ended):
        return Listed(path, when, experiment, last.outcome, size, last.message)
    if not written:
        return Listed(path, when, experiment, "interrupted", size)
    said = f"level {last.network.level} of {experiment.levels}" if last else ""
    return Listed(path, when, experiment, "running", size, said)


def _begun(path: Path, about: Stamp) -> datetime:
    """Return when a run was begun: as its name says, which outlives a copy, or else as its file does."""
    try:
        return datetime.strptime(path.name[:15], "%Y%m%d-%H%M%S").astimezone()
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(about[1] / 1e9).astimezone()


def _stamp(file: Path) -> Stamp:
    """Return what changes when a file does; zeros where it is not there."""
    try:
        about = file.stat()
    except OSError:
        return 0, 0, 0
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns


@lru_cache(maxsize=4096)
def _size(path: Path, *stamps: Stamp) -> int:
    """Return the bytes of a run's files."""
    return sum(_stamp(Path(where, name))[0] for where, _, names in os.walk(path) for name in names)


@lru_cache(maxsize=4096)
def _ends(path: Path, *stamps: Stamp) -> tuple[Experiment, Record | None]:
    """Return what was run and the last record, without its arrays. Raises `RunError` when a file is damaged."""
    experiment, file = Run.open(path).experiment, path / "events.jsonl"
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, stamps[-1][0] - TAIL))
            *_, last, _ = (b"", b"", *stream.read().split(b"\n"))  # what follows the last line end is cut off
        return experiment, from_line(last, None) if last else None
    except OSError as error:
        raise RunError(f"{file} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{file} is damaged: its last line is not what this program writes.") from None


@lru_cache(maxsize=4096)
def _verdict(path: Path, *stamps: Stamp) -> str:
    """Return the verdict of a run, or what is wrong with its records."""
    try:
        found = result(Run(path, arrays=False).state)
    except RunError as error:
        return str(error)
    return found.brief if found else ""
