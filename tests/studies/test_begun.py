"""The list of studies that were begun; what a search leaves is looked at in `test_study_session.py`."""

import pytest

from explorer import Study
from explorer.runs.writer import STUDY
from explorer.studies.begun import begun


@pytest.fixture
def folder(tmp_path, tiny):
    """A folder of runs with a study of which nothing has begun, and things that are none."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / STUDY).write_text(Study("one", "One", "One.", (("a", tiny),)).to_json())
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / STUDY).write_text("{}")
    (tmp_path / ".deleted").mkdir()
    (tmp_path / ".deleted" / STUDY).write_text((tmp_path / "one" / STUDY).read_text())
    (tmp_path / "file").touch()
    return tmp_path


def test_studies_are_listed_and_what_is_none_is_not(folder):
    assert [(one.path.name, one.status, one.finished) for one in begun(folder)] == [("one", "interrupted", 0)]
    assert begun(folder / "nowhere") == []


def test_a_study_that_is_written_anew_is_read_anew(folder, tiny):
    assert begun(folder)[0].study.name == "one"
    (folder / "one" / STUDY).write_text(Study("two", "Two", "Two.", (("b", tiny),)).to_json())
    assert begun(folder)[0].study.name == "two"
