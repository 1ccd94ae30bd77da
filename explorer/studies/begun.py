"""The studies that were begun in a folder of runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from explorer.errors import RunError
from explorer.runs.catalogue import Listed, runs
from explorer.runs.writer import STUDY, runs_folder
from explorer.studies.study import Study
from explorer.studies.study_run import StudyRun, together


class Begun(NamedTuple):
    """A study that was begun.

    Args:
        path: its directory.
        when: it was begun.
        study: what is, or was to be, run.
        statuses: of the runs that there are, by label.
    """

    path: Path
    when: datetime
    study: Study
    statuses: Mapping[str, str]

    @property
    def status(self) -> str:
        """As `StudyRun.status` says."""
        return together(self.path, self.study, self.statuses.values())

    @property
    def finished(self) -> int:
        """How many of its experiments are."""
        return list(self.statuses.values()).count("finished")


def begun(folder: Path | None = None) -> list[Begun]:
    """List the studies in a folder (default: `runs_folder()`), newest first; what cannot be read is left out.

    Raises `RunError` when the folder itself cannot be read.
    """
    folder = folder or runs_folder()
    known: dict[str, list[Listed]] = {}
    for run in runs(folder):
        if run.study:
            known.setdefault(run.study, []).append(run)
    found = []
    for file in folder.glob(f"[!.]*/{STUDY}"):
        with suppress(RunError, OSError):
            stamp = file.stat().st_mtime
            statuses = {run.path.name: run.status for run in known.get(file.parent.name, [])}
            study = _study(file.parent, stamp)
            of_labels = {label: statuses[label] for label in study.labels if label in statuses}
            found.append(Begun(file.parent, datetime.fromtimestamp(stamp), study, of_labels))
    return sorted(found, key=lambda one: (one.when, one.path.name), reverse=True)


@lru_cache(maxsize=256)
def _study(path: Path, stamp: float) -> Study:
    """Read a study, once for each time that it was written."""
    return StudyRun(path).study
