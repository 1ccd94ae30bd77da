"""The list of runs: it says what each is, and what is deleted can be put back, and nothing else ever goes."""

import os
import shutil
import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer import Run, RunError
from explorer.events import Ended
from explorer.places import place
from explorer.presets import DEFAULT, preset
from explorer.runs import Writer
from explorer.runs.catalogue import KEPT, delete, restore, runs
from explorer.runs.writer import STUDY
from explorer.views import words
from explorer.views.story import result
from tests.support import is_one_sentence


@pytest.fixture
def folder(small, tmp_path):
    """A folder of three runs: one recorded, one tiny, one interrupted."""
    shutil.copytree(place("assets", "recorded", DEFAULT), tmp_path / "runs" / "20260102-030405-recorded")
    shutil.copytree(small, tmp_path / "runs" / "20260102-030406-tiny")
    cut_off = shutil.copytree(small, tmp_path / "runs" / "20250102-030405-cut-off")
    lines = (cut_off / "events.jsonl").read_bytes()
    (cut_off / "events.jsonl").write_bytes(lines[:-20])
    return tmp_path / "runs"


def contents(folder):
    """Every path under a folder, with what is in it."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def by_name(folder):
    return {run.name.partition("-")[2].partition("-")[2]: run for run in runs(folder)}


def test_runs_are_listed_newest_first_with_what_they_are(folder):
    listed = runs(folder)
    assert [run.name for run in listed] == sorted((path.name for path in folder.iterdir()), reverse=True)
    for run in listed:
        opened = Run.open(run.path)
        assert (run.experiment, run.status) == (opened.experiment, opened.status)
        assert run.settings == words.settings(opened.experiment)
        assert run.size == sum(len(content or b"") for content in contents(run.path).values())
        said = result(opened.state)
        strictly = f" (strictly {said.strictly})" if said.strictly else ""
        assert run.outcome == f"{said.about} {said.headline}{strictly}".strip()
        assert run.when.strftime("%Y%m%d-%H%M%S") == run.name[:15]


def test_settings_are_told_in_words():
    assert words.settings(preset(DEFAULT)) == (
        "Lenet-300-100 on Digits (5,000 of MNIST), 5 levels of 42%, 3 replicates, 1,000 iterations, seed 0"
    )


def test_settings_say_how_a_run_departs_from_the_recipe():
    base = preset(DEFAULT)
    said = words.settings(base.but(protocol="one-shot", prune_output=0.0, learning_rate=1e-3, milestones=(5, 9)))
    assert said.startswith(words.settings(base))
    assert said.removeprefix(words.settings(base)) == (
        ", learning rate 0.001, milestones 5 9, protocol one-shot, prune output 0"
    )
    assert words.settings(base.but(architecture="resnet-18")).endswith(", seed 0")


def test_a_run_named_otherwise_is_as_old_as_its_file(folder):
    named = (folder / "20260102-030406-tiny").rename(folder / "mine")
    os.utime(named / "run.json", (1_700_000_000, 1_700_000_000))
    assert by_name(folder)[""].when == datetime.fromtimestamp(1_700_000_000).astimezone()


@pytest.mark.parametrize("ended", [Ended("failed", "Failed at level 0: the disk is full."), Ended("cancelled")])
def test_a_run_that_is_written_says_so_until_it_ends(folder, tiny, ended):
    writer = Writer(tiny, "cpu", "torch", folder / "new")
    assert (by_name(folder)[""].status, by_name(folder)[""].outcome) == ("running", "")
    for known in Run.open(folder / "20260102-030406-tiny").state.networks.values():
        for evaluation in known.evaluations:
            writer.write(evaluation)
    assert by_name(folder)[""].outcome == "level 1 of 1"
    writer.write(ended)
    assert (by_name(folder)[""].status, by_name(folder)[""]._said) == (ended.outcome, ended.message)
    writer.close()


def test_a_run_is_read_again_only_when_it_changed(folder, monkeypatch):
    before = [(run.status, run.outcome, run.size) for run in runs(folder)]
    with monkeypatch.context() as patch:
        patch.setattr("explorer.runs.catalogue.Run", None)  # whoever reads now fails
        assert [(run.status, run.outcome, run.size) for run in runs(folder)] == before
    file = folder / "20260102-030406-tiny" / "events.jsonl"
    file.write_bytes(file.read_bytes().rpartition(b"{")[0])
    assert by_name(folder)["tiny"].status == "interrupted"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b"{}"),
        ("run.json", None),
        ("events.jsonl", None),
        ("events.jsonl", b"\xff\n"),
        ("events.jsonl", b"{}\n"),
    ],
)
def test_a_damaged_run_is_listed_with_what_is_wrong(folder, name, content):
    file = folder / "20260102-030406-tiny" / name
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert len(runs(folder)) == 3
    damaged = by_name(folder)["tiny"]
    assert (damaged.status, damaged.experiment, damaged.settings) == ("damaged", None, "")
    assert is_one_sentence(damaged.outcome)
    assert str(damaged.path) in damaged.outcome


def test_a_record_damaged_in_the_middle_is_told_instead_of_the_verdict(folder):
    file = folder / "20260102-030406-tiny" / "events.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], b"nonsense\n", *lines[4:]]))
    damaged = by_name(folder)["tiny"]
    assert "line 4 is not what this program writes" in damaged.outcome
    assert is_one_sentence(damaged.outcome)


def test_what_is_no_run_is_not_listed(folder):
    listed = [run.name for run in runs(folder)]
    (folder / "notes").mkdir()
    (folder / "notes" / "run.json").write_text("somebody else's")
    (folder / "file").write_text("no folder")
    (folder / "link").symlink_to(folder / listed[0])
    assert [run.name for run in runs(folder)] == listed


def test_the_runs_of_a_study_are_listed_with_its_name_and_not_deleted_alone(folder, small):
    alone = runs(folder)
    study = folder / "20260102-030405-figure-3-talk-abcdef"
    for label in ("one", "two", ".unfinished/one-1"):
        shutil.copytree(small, study / label)
    (study / "notes").mkdir()
    (study / STUDY).write_text("whatever it says")
    listed = runs(folder)
    assert {run.name for run in listed} - {run.name for run in alone} == {f"{study.name}/one", f"{study.name}/two"}
    assert [run for run in listed if not run.study] == alone
    for run in (run for run in listed if run.study):
        assert (run.path.parent, run.status) == (study, "finished")
        assert run.outcome
        for where in (folder, study):
            with pytest.raises(RunError, match="belongs to the study") as caught:
                delete(run.path, where)
            assert is_one_sentence(str(caught.value))
    with pytest.raises(RunError, match="no run directory"):
        delete(study, folder)
    assert runs(folder) == listed
    (study / STUDY).unlink()
    assert runs(folder) == alone


def test_a_folder_that_is_not_there_holds_no_runs_and_a_file_is_none(tmp_path):
    assert runs(tmp_path / "nowhere") == []
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RunError) as caught:
        runs(tmp_path / "file")
    assert is_one_sentence(str(caught.value))


def test_the_folder_is_that_of_new_runs_unless_given(folder, monkeypatch):
    monkeypatch.setenv("EXPLORER_RUNS", str(folder))
    first, *rest = runs()
    token = delete(first.path)
    assert runs() == rest
    assert restore(token) == first.path
    assert runs() == [first, *rest]


def test_what_is_deleted_is_out_of_the_list_and_can_be_put_back_as_it_was(folder):
    before, listed = contents(folder), runs(folder)
    token = delete(listed[1].path, folder)
    assert runs(folder) == [listed[0], listed[2]]
    assert restore(token, folder) == listed[1].path
    assert runs(folder) == listed
    assert before.items() <= contents(folder).items()
    with pytest.raises(RunError, match="there no more") as caught:
        restore(token, folder)
    assert is_one_sentence(str(caught.value))


def test_a_damaged_run_can_be_deleted(folder):
    damaged = folder / "20260102-030406-tiny"
    (damaged / "run.json").unlink()
    assert restore(delete(damaged, folder), folder) == damaged


def test_a_run_that_is_being_written_is_not_deleted(folder, tiny):
    writer = Writer(tiny, "cpu", "torch", folder / "new")
    with pytest.raises(RunError, match="is being written") as caught:
        delete(folder / "new", folder)
    assert is_one_sentence(str(caught.value))
    assert by_name(folder)[""].status == "running"
    writer.close()
    delete(folder / "new", folder)
    assert not (folder / "new").exists()


def test_nothing_but_a_run_in_the_folder_is_ever_deleted(folder, small, tmp_path, monkeypatch):
    (folder / "notes").mkdir()
    (folder / "notes" / "thesis.tex").write_text("years of work")
    shutil.copytree(small, folder / "notes" / "run")
    (folder / "link").symlink_to(small)
    token = delete(folder / "20250102-030405-cut-off", folder)
    monkeypatch.chdir(folder)
    before, outside = contents(tmp_path), contents(small)
    names = ("", "/", ".", "..", "notes", "notes/run", "notes/..", "notes/../..", "link", "gone", "notes/../link")
    aside = (".deleted", f".deleted/{token}")
    for path in (small, tmp_path, *names, *(f"{folder}/{name}" for name in (*names, *aside))):
        with pytest.raises(RunError) as caught:
            delete(path, folder)
        assert is_one_sentence(str(caught.value))
    for wrong in ("", ".", "..", "/", f"../{folder.name}", f"{token}/..", "20260102-030406-tiny", "1-abcdef-.."):
        with pytest.raises(RunError):
            restore(wrong, folder)
    assert (contents(tmp_path), contents(small)) == (before, outside)


def test_a_folder_that_no_one_may_look_into_is_passed_over(folder, monkeypatch):
    listed, locked, is_file = runs(folder), folder / "locked", Path.is_file
    locked.mkdir()

    def refuse(path):
        if path.parent == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    assert runs(folder) == listed


def test_what_lies_behind_a_link_is_never_removed(folder, small, tmp_path):
    shutil.copytree(small, tmp_path / "elsewhere" / "1-abcdef-run")
    (folder / ".deleted").symlink_to(tmp_path / "elsewhere")
    before = contents(tmp_path / "elsewhere")
    assert len(runs(folder)) == 3
    assert contents(tmp_path / "elsewhere") == before


@given(st.text())
@example("1-abcdef-" + "a" * 5_000)
def test_no_token_but_a_given_one_puts_anything_back(tmp_path_factory, token):
    with pytest.raises(RunError) as caught:
        restore(token, tmp_path_factory.getbasetemp())
    assert "\n" not in str(caught.value)


def test_a_place_that_is_taken_is_left_alone(folder, small):
    path = folder / "20260102-030406-tiny"
    token = delete(path, folder)
    path.mkdir()
    with pytest.raises(RunError, match="its place is taken"):
        restore(token, folder)
    path.rmdir()
    assert restore(token, folder) == path


@pytest.mark.parametrize("later", ["listed", "deleted"])
def test_what_was_deleted_goes_for_good_after_a_day(folder, monkeypatch, later):
    first, second, third = (run.path for run in runs(folder))
    token = delete(first, folder)
    aside = folder / ".deleted"
    (aside / "1-abcdef-thesis").mkdir()
    (aside / "1-abcdef-thesis" / "thesis.tex").write_text("somebody else's")
    moment = time.time()
    for passed, there in ((KEPT - 60, True), (KEPT + 60, False)):
        monkeypatch.setattr("time.time", lambda now=moment + passed: now)
        assert by_name(folder) if later == "listed" else delete(second if there else third, folder)
        assert (aside / token).exists() == there
    assert (aside / "1-abcdef-thesis" / "thesis.tex").exists()
    with pytest.raises(RunError, match="there no more"):
        restore(token, folder)
