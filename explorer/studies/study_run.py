"""The directory of a study, read: `study.json`, and a run directory for each label that was begun. No torch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from explorer.errors import Refused, RunError, nearest, one_of
from explorer.runs import Run
from explorer.runs.writer import STUDY, held
from explorer.studies.claims import Row
from explorer.studies.paper import against_the_paper
from explorer.studies.study import Study

STATUSES = ("running", "failed", "cancelled", "interrupted", "finished")


class StudyRun:
    """What is there of a study, finished or still being run.

    Args:
        path: the directory.

    Raises:
        RunError: it holds no study, or what it holds is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        file = self.path / STUDY
        try:
            self.study = Study.from_json(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            single = " but a single run; open that with Run.open" if (self.path / "run.json").exists() else ""
            raise RunError(f"{self.path} is no study: it holds no {STUDY}{single}.") from None
        except OSError as error:
            raise RunError(f"{file} cannot be read ({error.strerror}).") from None
        except Refused as error:
            raise RunError(f"{file} is damaged: {error}") from None
        self._opened: dict[str, Run] = {}

    @property
    def runs(self) -> dict[str, Run]:
        """The run of each label that is there by now, in the study's order. Raises like `run`."""
        begun = (label for label in self.study.labels if (self.path / label / "run.json").exists())
        return {label: self.run(label) for label in begun}

    def run(self, label: str) -> Run:
        """Return the run of a label.

        Raises:
            RunError: the study has no such label or has not begun it, or the run is damaged, or another experiment's.
        """
        labels = self.study.labels
        if label not in labels:
            raise RunError(f"{self.path} has no {label!r}; give {one_of(labels)}{nearest(label, labels)}.")
        if label not in self._opened:
            if not (self.path / label / "run.json").exists():
                raise RunError(f"{self.path} holds no run of {label} yet; it holds {', '.join(self.runs) or 'none'}.")
            run = Run.open(self.path / label)
            if run.experiment != dict(self.study.experiments)[label]:
                raise RunError(f"{run.path} is a run of another experiment than {STUDY} has for {label}.")
            self._opened[label] = run
        return self._opened[label]

    @property
    def status(self) -> str:
        """The first of `STATUSES` that one of the runs has; a study that lacks a run is interrupted, if not worse."""
        return together(self.path, self.study, [run.status for run in self.runs.values()])

    def curves(self) -> pd.DataFrame:
        """Return `Run.curves` of all runs, with the label first."""
        return self._table(Run.curves)

    def summary(self) -> pd.DataFrame:
        """Return `Run.summary` of all runs, with the label first."""
        return self._table(Run.summary)

    def measures(self) -> pd.DataFrame:
        """Return `Run.measures` of all runs, with the label first."""
        return self._table(Run.measures)

    def judged(self) -> list[Row]:
        """Return what the paper says of the figure, held against these runs; nothing for a study of one's own."""
        return against_the_paper(self.study, {label: run.state for label, run in self.runs.items()})

    def verdict(self) -> pd.DataFrame:
        """Return `judged` as a table: claim, paper, here, judgement and reason."""
        return pd.DataFrame(self.judged(), columns=["claim", *Row._fields[1:]])

    def connectivity(self) -> pd.DataFrame:
        """Return `Run.connectivity` of all runs, with the label first."""
        return self._table(Run.connectivity)

    def __repr__(self) -> str:
        return f"StudyRun({str(self.path)!r})"

    def _table(self, of: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
        tables = []
        for label, run in self.runs.items():
            table = of(run)
            table.insert(0, "label", label)
            tables.append(table)
        full = [table for table in tables if len(table)] or tables[:1]  # empty ones have no types to go by
        return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=["label"])


def together(path: Path, study: Study, statuses: Collection[str]) -> str:
    """Return the status of a study in a directory, of whose runs those that are there have these."""
    if held(path):
        return "running"
    known = {"interrupted" if word == "damaged" else word for word in statuses}
    if len(statuses) < len(study.labels):
        known.add("interrupted")
    return next(word for word in STATUSES if word in known)
