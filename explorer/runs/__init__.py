"""Run directories: a run is written once, by one process, and read by anyone, also while it is written."""

from explorer.runs.run import Run
from explorer.runs.writer import Writer, runs_folder

__all__ = ["Run", "Writer", "runs_folder"]
