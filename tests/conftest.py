"""What the tests share: a tiny data set, and one real search that many of them look at."""

import os
from pathlib import Path
from typing import NamedTuple

import hypothesis
import numpy as np
import pytest

from explorer import Experiment, Session
from explorer.algorithm import draw_weights
from explorer.datasets import DATASETS, Data, DataSet, Split
from explorer.descriptions import TABLES
from explorer.events import Event, Network
from explorer.history import History
from explorer.state import State

hypothesis.settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def runs_folder(tmp_path_factory):
    """No test writes into the folder of the person who runs it."""
    os.environ["EXPLORER_RUNS"] = str(tmp_path_factory.mktemp("default") / "runs")


class Tiny(DataSet):
    """Ten blurred dots on 6×6 pixels: a network learns them in a moment."""

    def check(self):
        pass

    def load(self):
        random = np.random.default_rng(0)
        labels = random.permutation(np.arange(420) % 10)
        centres = random.integers(0, 200, (10, 1, 6, 6))
        images = np.clip(centres[labels] + random.normal(0, 60, (420, 1, 6, 6)), 0, 255).astype(np.uint8)
        parts = np.split(np.arange(420), (300, 360))
        return Data(*(Split(images[part], labels[part].astype(np.int64)) for part in parts))


@pytest.fixture(scope="module")
def tiny():
    """An experiment of 8 networks that takes a second or so: 2 replicates, dense and one level."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DATASETS, "tiny", Tiny("tiny", "Tiny", (1, 6, 6), 10, 300, 60, 60, (20, 90)))
        yield Experiment(dataset="tiny", prune=0.5, levels=1, replicates=2, iterations=40)


@pytest.fixture
def tables():
    """The tables of what is registered; they are as they were when the test ends, or when `forget` is called."""
    before = {setting: dict(table) for setting, table in TABLES.items()}

    def forget():
        for setting, table in TABLES.items():
            table.clear()
            table.update(before[setting])

    yield forget
    forget()


@pytest.fixture
def explode(monkeypatch):
    """Return a function that makes networks start with weights whose gradients are no numbers."""

    def at(*doomed):
        def draw(experiment, network):
            drawn = draw_weights(experiment, network)
            if network in doomed:  # small activations, and gradients beyond the largest float
                for name, scale in (("fc1.weight", 1e-30), ("fc2.weight", 1e20), ("fc3.weight", 1e20)):
                    drawn[name] = drawn[name] * np.float32(scale)
            return drawn

        monkeypatch.setattr("explorer.algorithm.draw_weights", draw)

    return at


class Shared(NamedTuple):
    """A search that was run once for all tests: nobody changes it."""

    experiment: Experiment
    folder: Path
    events: tuple[Event, ...]
    live: State
    live_history: History


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Digits down to 5% of the weights in four levels; two replicates."""
    experiment = Experiment(dataset="digits", prune=0.52, levels=4, replicates=2, iterations=210)
    session = Session(experiment, "cpu", tmp_path_factory.mktemp("shared") / "run")
    session.watch = lambda network: network == Network("random-reinit", 1, 2)
    events = []
    session.subscribe(events.append)
    session.start()
    assert session.wait() == "finished"
    return Shared(experiment, session.folder, tuple(events), session.state, session.history)
