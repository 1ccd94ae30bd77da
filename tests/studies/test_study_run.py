"""The directory of a study: its tables are those of its runs, and what is damaged is said in one sentence."""

import json
import shutil

import pandas as pd
import pytest

from explorer import Run, RunError, Study
from explorer.runs import Writer
from explorer.runs.writer import STUDY
from tests.support import is_one_sentence


def test_a_finished_study_has_its_runs_and_their_tables_with_a_label(finished, pair):
    opened = Study.open(finished)
    assert (opened.study, opened.status, list(opened.runs)) == (pair, "finished", ["one", "two"])
    for table in ("curves", "summary", "measures"):
        whole = getattr(opened, table)()
        assert whole.columns[0] == "label"
        assert list(whole["label"].unique()) == ["one", "two"]
        for label in pair.labels:
            alone = getattr(Run.open(finished / label), table)()
            part = whole[whole["label"] == label].drop(columns="label").reset_index(drop=True)
            pd.testing.assert_frame_equal(part, alone)


def test_a_study_that_is_being_run_is_read_as_far_as_it_is(folder, pair):
    shutil.rmtree(folder / "two")
    opened = Study.open(folder)
    assert (opened.status, list(opened.runs)) == ("interrupted", ["one"])
    with pytest.raises(RunError, match="no run of two yet; it holds one") as caught:
        opened.run("two")
    assert is_one_sentence(str(caught.value))
    writer = Writer(dict(pair.experiments)["two"], "cpu", "torch", folder / "two")
    assert (opened.status, list(opened.runs)) == ("running", ["one", "two"])
    assert list(opened.summary()["label"].unique()) == ["one"]
    writer.close()
    assert opened.status == "interrupted"
    shutil.rmtree(folder / "one")
    assert Study.open(folder).curves().columns[0] == "label"
    shutil.rmtree(folder / "two")
    assert (len(Study.open(folder).curves()), Study.open(folder).status) == (0, "interrupted")


def test_a_label_that_is_not_there_is_told_with_the_nearest(finished):
    with pytest.raises(RunError, match="did you mean one") as caught:
        Study.open(finished).run("onne")
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[]", None])
def test_a_damaged_study_is_told_in_one_sentence(folder, content):
    (folder / STUDY).unlink()
    if content is not None:
        (folder / STUDY).write_bytes(content)
    with pytest.raises(RunError, match=STUDY) as caught:
        Study.open(folder)
    assert is_one_sentence(str(caught.value))
    assert str(folder) in str(caught.value)


def test_what_is_no_study_at_all_is_told_in_one_sentence(finished, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for path, said in (
        (finished / "one", "but a single run"),
        (tmp_path / "nowhere", "it holds no study.json"),
        (tmp_path / "file", "it holds no study.json"),
    ):
        with pytest.raises(RunError, match=said) as caught:
            Study.open(path)
        assert is_one_sentence(str(caught.value))


def test_a_run_that_is_damaged_or_another_experiments_is_told_in_one_sentence(folder):
    opened = Study.open(folder)
    about = json.loads((folder / "two" / "run.json").read_text())
    about["experiment"]["seed"] = 9
    (folder / "two" / "run.json").write_text(json.dumps(about))
    with pytest.raises(RunError, match="another experiment") as caught:
        _ = opened.runs
    assert is_one_sentence(str(caught.value))
    (folder / "two" / "run.json").write_text("{}")
    with pytest.raises(RunError, match="damaged") as caught:
        opened.summary()
    assert is_one_sentence(str(caught.value))
