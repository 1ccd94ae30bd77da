"""The most memory that a whole search takes, in a process of its own: `python -m explorer.benchmarks.memory LEVELS`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from explorer.experiment import Experiment
from explorer.session import Session


def whole_search(levels: int, iterations: int) -> Experiment:
    """Return a search on digits as the paper does it: 20% a level, 5 replicates, 3 variants."""
    return Experiment(dataset="digits", levels=levels, iterations=iterations)


def peak_memory(levels: int, iterations: int) -> int | None:
    """Run a search and its writer in a new process; return the most bytes that were resident. None where unknown."""
    command = [sys.executable, "-P", "-m", "explorer.benchmarks.memory", str(levels), str(iterations)]
    with tempfile.TemporaryDirectory() as away:  # whatever lies where this is called from is not to be imported
        said = subprocess.run(command, cwd=away, check=True, capture_output=True, text=True).stdout
    return int(said) or None


def _own_peak() -> int:
    """Return the most bytes of this process that were resident; 0 where the machine does not say.

    Not `resource.getrusage`, which on Linux begins with what the process that started this one had.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def main(levels: int, iterations: int) -> None:
    """Search, and print the peak."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(whole_search(levels, iterations), "cpu", Path(folder) / "run")
        session.start()
        session.wait()
    click.echo(_own_peak())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
