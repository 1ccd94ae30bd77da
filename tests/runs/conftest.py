"""Small runs that the tests of run directories look at."""

import shutil

import pytest

from explorer import Session
from explorer.runs import Writer


@pytest.fixture(scope="module")
def small(tiny, tmp_path_factory):
    """A finished run of a few kilobytes. Nobody changes it; `copy` gives one to be changed."""
    folder = tmp_path_factory.mktemp("small") / "run"
    session = Session(tiny, "cpu", folder)
    session.start()
    assert session.wait() == "finished"
    return folder


@pytest.fixture
def copy(small, tmp_path):
    return shutil.copytree(small, tmp_path / "copy")


@pytest.fixture
def writer(tiny, tmp_path):
    writer = Writer(tiny, "cpu", "torch", tmp_path / "written")
    yield writer
    writer.close()
