"""A study: a name and an ordered tuple of labelled experiments, which are run and read together."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import Refused, one_of, sentence
from explorer.experiment import Experiment
from explorer.registry import describe_own, read_experiment
from explorer.runs.writer import LOCK
from explorer.settings import label as title

if TYPE_CHECKING:
    from explorer.studies.study_run import StudyRun

FORMAT = 1
MOST = 6
"""Experiments in a study at most: as many as can be told apart where runs are drawn over each other."""

SIZES = {
    "paper": "as the paper ran it",
    "evening": "about an hour on a GPU",
    "talk": "a minute or two on two CPU cores, on digits",
}

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+|\.[0-9]+)*")


@dataclass(frozen=True)
class Study:
    """Experiments that answer a question together. Raises `Refused` where it is none.

    Args:
        name: of the study, such as "figure-4a-talk".
        title: for people, such as "Figure 4a: early stopping against weights remaining".
        about: one sentence: what it runs, and what to look for.
        experiments: the label of each, short and fit for a folder's name, and the experiment, in order.
        figure: of the paper, such as "4a"; empty for a study of one's own.
        size: one of `SIZES`; empty for a study of one's own.
    """

    name: str
    title: str
    about: str
    experiments: tuple[tuple[str, Experiment], ...]
    figure: str = ""
    size: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no study, in one sentence."""
        problem = self._problem()
        if problem:
            raise Refused({"study": problem})

    def _problem(self) -> str:
        """Say in one sentence why it is no study; nothing where it is one."""
        fit = "lower-case words and numbers with hyphens between, such as one-shot or rate-0.01"
        if not _NAME.fullmatch(self.name):
            return sentence("Name of a study", repr(self.name), fit)
        if not 1 <= len(self.experiments) <= MOST:
            return sentence(f"Experiments of {self.name}", len(self.experiments), f"1 to {MOST}")
        for label in self.labels:
            if not _NAME.fullmatch(label):
                return sentence(f"Label of {self.name}", repr(label), fit)
            if label == LOCK:  # its run would lie where the directory's lock does
                return sentence(f"Label of {self.name}", repr(label), "another one")
            if self.labels.count(label) > 1:
                return sentence(f"Label of {self.name}", f"{label!r} twice", "each experiment one of its own")
        if self.size not in ("", *SIZES):
            return sentence(f"Size of {self.name}", repr(self.size), f"{one_of(SIZES)}, or none")
        return ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in order."""
        return tuple(label for label, _ in self.experiments)

    @property
    def called(self) -> str:
        """What a person calls it in a few words, such as "Figure 4a, talk"."""
        size = self.size or "other settings"
        return f"{self.title.partition(':')[0]}, {size}" if self.figure else self.title or self.name

    @property
    def networks(self) -> int:
        """How many networks all its experiments train, where none diverges."""
        return sum(experiment.networks for _, experiment in self.experiments)

    @property
    def differences(self) -> dict[str, str]:
        """How each experiment differs from another one, in words, by label; empty where all are alike."""
        experiments = dict(self.experiments)
        apart = {
            name: [experiment.typed()[name] for experiment in experiments.values()]
            for experiment in experiments.values()
            for name in experiment.departures
        }
        names = [name for name, given in apart.items() if len(set(given)) > 1]
        several = len({experiment.architecture for experiment in experiments.values()}) > 1
        return {
            label: ", ".join(
                [experiment.network.title] * several
                + [f"{title(name).lower()} {experiment.typed()[name]}" for name in names]
            )
            for label, experiment in experiments.items()
        }

    @property
    def cost(self) -> int:
        """The network-iterations of all its experiments, where no network diverges."""
        return sum(experiment.network_iterations for _, experiment in self.experiments)

    def to_json(self) -> str:
        """Write it as a JSON object; `from_json` gives an equal study back."""
        about: dict[str, Any] = {"format": FORMAT}
        about |= {name: getattr(self, name) for name in ("name", "title", "about", "figure", "size")}
        about["experiments"] = {label: experiment.model_dump() for label, experiment in self.experiments}
        described = {label: own for label, experiment in self.experiments if (own := describe_own(experiment))}
        about |= {"described": described} if described else {}
        return json.dumps(about, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Study:
        """Read what `to_json` wrote. Raises `Refused` when it is no study, or one of another format."""
        try:
            about = json.loads(text)
            if about.pop("format") != FORMAT:
                raise Refused({"study": f"The study is of another format than {FORMAT}, which this program reads."})
            experiments, own = about.pop("experiments").items(), about.pop("described", {})
            words = {name: value for name, value in about.items() if isinstance(value, str)}
            read = tuple((label, read_experiment(dict(given), own.get(label, {}))) for label, given in experiments)
            return cls(**words, experiments=read)
        except Refused:
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused({"study": "The study is not a JSON object of a name and labelled experiments."}) from None

    @staticmethod
    def open(path: str | Path) -> StudyRun:
        """Open the directory that a study was run into. Raises `RunError` in one sentence when it is none."""
        from explorer.studies.study_run import StudyRun

        return StudyRun(path)
