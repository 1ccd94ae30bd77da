"""Small helpers of the tests."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
import psutil

from explorer.events import Diverged, Evaluated, Network, NetworkStarted, NetworkTrained
from explorer.state import State, fold_all

PATIENCE = 60
"""Seconds after which a test stops waiting for what should have come."""


MEASURES = [f"{split}_{what}" for split in ("train", "validation", "test") for what in ("loss", "accuracy")]
"""What an evaluation measures, as tables and lines name it."""


def plain(value):
    """Return what a view returned as lists, dicts and numbers, to be compared; a hole in a line is None."""
    if dataclasses.is_dataclass(value):
        return {entry.name: plain(getattr(value, entry.name)) for entry in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float | np.floating) and np.isnan(value) else value


def state_of(experiment, levels, diverged=()):
    """Fold networks that were measured once with (accuracy in per cent, early-stopping iteration) each."""
    events = []
    for (variant, level), replicates in levels.items():
        for replicate, (percent, iteration) in enumerate(replicates):
            network = Network(variant, replicate, level)
            events += [NetworkStarted(network), Evaluated(network, iteration, 1, 0, 1, 0, 1, percent / 100)]
            events.append(Diverged(network, 40) if network in diverged else NetworkTrained(network))
    return fold_all(State(experiment), events)


def is_one_sentence(text):
    """Whether a person can read this as it stands."""
    return "\n" not in text and text.endswith(".") and not any(word in text for word in ("Traceback", "[Errno"))


def lines_of(folder):
    """Return the records of a run directory as they stand in its file."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def until(condition):
    """Wait until something that gives no sign of itself is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.005)


def command_of(process: psutil.Process) -> list[str]:
    """The command line of a process; empty for one that cannot be asked."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def process(*command):
    """Run a command of Python, with text pipes; nothing is left running."""
    environment = os.environ | {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-P", *command], env=environment, **pipes) as started:
        try:
            yield started
        finally:
            started.kill()


@contextmanager
def searching(out, *options):
    """Search in a process of its own, far longer than any test, and come back when networks are being trained."""
    command = "from explorer.cli import main; main()"
    settings = ("--dataset", "digits", "--iterations", "2000", "--replicates", "1", "--device", "cpu")
    with process("-c", command, "search", *settings, "--json", "--out", str(out), *options) as started:
        line = next((line for line in started.stdout if '"Evaluated"' in line), None)
        assert line, started.stderr.read()
        yield started


def own_port(first):
    """A port to begin looking for a free one at: tests that run beside each other begin at different ones."""
    return first + 20 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
