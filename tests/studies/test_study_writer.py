"""The directory of a study, as it is made and gone on with: nothing that was there is ever lost."""

import shutil

import pytest

from explorer import RunError, Study
from explorer.runs import Writer, runs_folder
from explorer.runs.writer import STUDY
from explorer.studies.study_writer import UNFINISHED, StudyWriter
from tests.support import is_one_sentence


def contents(folder):
    """Every file under a folder, with what is in it, but for locks."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


def cut_off(folder, label):
    """Take the end of a run away, as a crash would."""
    events = folder / label / "events.jsonl"
    events.write_bytes(events.read_bytes()[:-20])


def test_a_new_directory_holds_the_study_first_and_is_locked(pair, tmp_path):
    writer = StudyWriter(pair, tmp_path / "deep" / "down")
    opened = Study.open(tmp_path / "deep" / "down")
    assert (opened.study, opened.status, opened.runs) == (pair, "running", {})
    with pytest.raises(RunError, match="is being written by another process") as caught:
        StudyWriter(pair, tmp_path / "deep" / "down")
    assert is_one_sentence(str(caught.value))
    writer.close()
    assert not (tmp_path / "deep" / "down").exists()


def test_a_directory_of_its_own_is_named_by_time_and_study(pair):
    writer = StudyWriter(pair)
    assert writer.folder.parent == runs_folder()
    assert writer.folder.name[15:-7] == "-pair"
    (writer.folder / "one").mkdir()
    writer.close()
    assert (writer.folder / STUDY).exists()
    shutil.rmtree(writer.folder)


def test_what_is_finished_is_known_and_what_is_not_is_moved_aside_whole(pair, folder):
    cut_off(folder, "two")
    before = contents(folder)
    writer = StudyWriter(pair, folder)
    assert [writer.finished(label) for label in pair.labels] == [True, False]
    for number in (1, 2):
        aside = writer.move_aside("two")
        assert aside == folder / UNFINISHED / f"two-{number}"
        assert not (folder / "two").exists()
        shutil.copytree(aside, folder / "two")
    assert writer.move_aside("nothing-there") is None
    writer.close()
    after = contents(folder)
    assert before.items() <= after.items()
    for name, content in before.items():
        if name.parts[0] == "two":
            assert after[aside.relative_to(folder).joinpath(*name.parts[1:])] == content


@pytest.mark.parametrize("damage", ["run.json", "events.jsonl"])
def test_a_damaged_run_and_another_experiments_are_not_finished_and_harm_no_other(pair, folder, damage):
    (folder / "one" / damage).write_text("nonsense\n")
    writer = StudyWriter(pair, folder)
    assert [writer.finished(label) for label in pair.labels] == [False, True]
    shutil.rmtree(folder / "one")
    shutil.copytree(folder / "two", folder / "one")
    assert [writer.finished(label) for label in pair.labels] == [False, True]
    writer.close()


def test_what_holds_something_else_is_refused_in_one_sentence_and_left_as_it_is(pair, tiny, folder, tmp_path):
    other = Study("other", "Other", "Runs one.", pair.experiments)
    changed = Study("pair", "Pair", "Runs two.", pair.experiments[:1])
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("no folder")
    Writer(tiny, "cpu", "torch", tmp_path / "run").close()
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    (damaged / STUDY).write_text("{}")
    before = contents(tmp_path)
    for study, path, said in (
        (other, folder, "holds the study pair; "),
        (changed, folder, "holds the study pair with other settings; "),
        (pair, tmp_path / "thesis", "is not empty"),
        (pair, tmp_path / "run", "holds a single run"),
        (pair, tmp_path / "file", "cannot be written"),
        (pair, tmp_path / "file" / "study", "cannot be written"),
        (pair, damaged, "is damaged"),
    ):
        with pytest.raises(RunError, match=said) as caught:
            StudyWriter(study, path)
        assert is_one_sentence(str(caught.value))
        assert str(path) in str(caught.value)
    assert contents(tmp_path) == before


def test_other_words_about_the_same_experiments_are_no_other_study(pair, folder):
    StudyWriter(Study("pair", "Two", "Runs a pair.", pair.experiments), folder).close()
    assert Study.open(folder).study == pair
