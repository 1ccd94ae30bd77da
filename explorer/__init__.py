"""Lottery Ticket Explorer: see winning tickets being found (Frankle & Carbin, ICLR 2019).

The public face. Names are imported when they are first used, so that a replay loads no torch and a search
no widgets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.algorithm import search
    from explorer.errors import DataError, ExplorerError, Refused, RunError
    from explorer.experiment import Experiment
    from explorer.presets import preset
    from explorer.registry import register
    from explorer.runs import Run
    from explorer.session import Session
    from explorer.studies import Study
    from explorer.studies.figures import study
    from explorer.widgets import Explorer, Talk

HOMES = {
    "search": "explorer.algorithm",
    "Experiment": "explorer.experiment",
    "preset": "explorer.presets",
    "register": "explorer.registry",
    "Run": "explorer.runs",
    "Session": "explorer.session",
    "Study": "explorer.studies",
    "study": "explorer.studies.figures",
    "Explorer": "explorer.widgets",
    "Talk": "explorer.widgets",
    "ExplorerError": "explorer.errors",
    "Refused": "explorer.errors",
    "DataError": "explorer.errors",
    "RunError": "explorer.errors",
}

__all__ = [
    "DataError", "Experiment", "Explorer", "ExplorerError", "Refused", "Run", "RunError", "Session", "Study", "Talk",
    "preset", "register", "search", "study",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
