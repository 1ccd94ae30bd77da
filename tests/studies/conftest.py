"""A tiny study that the tests of study directories look at."""

import shutil

import pytest

from explorer import Session, Study
from explorer.runs.writer import STUDY


@pytest.fixture(scope="module")
def pair(tiny):
    """A study of two tiny experiments."""
    return Study("pair", "Pair", "Runs two.", (("one", tiny), ("two", tiny.but(seed=1, replicates=1))))


@pytest.fixture(scope="module")
def finished(pair, tmp_path_factory):
    """The directory of the study, finished. Nobody changes it; `folder` gives one to be changed."""
    path = tmp_path_factory.mktemp("study") / "pair"
    path.mkdir()
    (path / STUDY).write_text(pair.to_json())
    for label, experiment in pair.experiments:
        session = Session(experiment, "cpu", path / label)
        session.start()
        assert session.wait() == "finished"
    return path


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "copy")
