"""The one writer: what it writes is what was computed, and where it may not write it leaves nothing."""

import json
import re
from pathlib import Path

import numba
import numpy as np
import pytest
import torch

from explorer import Run, RunError
from explorer.events import VARIANTS, Network, NetworkStarted, NetworkTrained
from explorer.runs import Writer
from tests.support import is_one_sentence, plain


def test_the_directory_holds_what_it_should_and_no_more(shared):
    networks = [(v, r, level) for level in range(1, 5) for v in VARIANTS for r in (0, 1)]
    files = {f"tensors/{v}-r{r}-l{level}-d0.safetensors" for v, r, level in networks}
    files |= {f"tensors/ticket-r{r}-l0-d0.safetensors" for r in (0, 1)}
    found = {str(path.relative_to(shared.folder)) for path in shared.folder.rglob("*") if path.is_file()}
    assert found == files | {"run.json", "events.jsonl", "paces.json", "lock"}


def test_run_json_says_what_was_run_and_by_what(shared):
    about = json.loads((shared.folder / "run.json").read_text())
    assert about["format"] == 1
    assert about["experiment"] == shared.experiment.model_dump()
    assert (about["device"], about["back_end"]) == ("cpu", "numba")
    assert about["versions"]["numpy"] == np.__version__
    assert about["versions"]["numba"] == numba.__version__
    assert torch.__version__.startswith(about["versions"]["torch"].split("+")[0])


def test_the_file_has_the_arrays_that_were_handed_to_the_writer(small, tiny):
    from explorer import search

    replayed = Run.open(small).state
    for event in search(tiny, "cpu"):
        if isinstance(event, NetworkTrained):
            known = replayed.networks[event.network]
            for moment in ("masks", "initial", "final"):
                wanted = getattr(event, moment)
                assert set(getattr(known, moment)) == set(wanted)
                assert all(np.array_equal(getattr(known, moment)[name], values) for name, values in wanted.items())


def test_a_record_is_given_back_with_the_arrays_of_its_file(writer):
    network = Network("ticket", 0, 0)
    masks = {"fc1.weight": np.eye(3, 5, dtype=bool)}
    values = np.arange(1, 16, dtype=np.float32).reshape(3, 5) * masks["fc1.weight"]
    initial = {"fc1.weight": values, "fc1.bias": np.zeros(3, np.float32)}
    started = writer.write(NetworkStarted(network, masks, initial))
    assert plain(dict(started.initial)) == plain(initial)
    assert plain(dict(started.masks)) == plain(masks)
    final = {name: -values for name, values in initial.items()}
    trained = writer.write(NetworkTrained(network, masks, initial, final))
    assert plain({name: abs(values) for name, values in trained.final.items()}) == plain(initial)
    assert (set(trained.final), set(trained.masks)) == ({"fc1.weight", "fc1.bias"}, {"fc1.weight"})
    with pytest.raises(KeyError):
        trained.masks["fc1.bias"]


def test_a_new_run_is_named_after_time_architecture_and_data_set(tiny):
    writers = [Writer(tiny, "cpu", "torch") for _ in range(2)]
    for writer in writers:
        assert re.fullmatch(r"\d{8}-\d{6}-lenet-300-100-tiny-[0-9a-f]{6}", writer.folder.name)
        writer.close()
    assert writers[0].folder != writers[1].folder


def test_the_runs_folder_is_that_of_the_environment_or_the_users_own(tmp_path, monkeypatch):
    from explorer.runs import runs_folder

    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path
    monkeypatch.delenv("EXPLORER_RUNS")
    assert runs_folder().parts[-2:] == ("lottery-explorer", "runs")


def test_a_folder_that_holds_a_run_is_refused_and_left_alone(tiny, copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(RunError, match="holds a run already"):
        Writer(tiny, "cpu", "torch", copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tiny, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="is not empty") as caught:
        Writer(tiny, "cpu", "torch", tmp_path)
    assert is_one_sentence(str(caught.value))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_is_taken(tiny, tmp_path):
    Writer(tiny, "cpu", "torch", tmp_path).close()
    assert Run.open(tmp_path).experiment == tiny


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("fails", ["pathlib.Path.mkdir", "pathlib.Path.open", "os.fsync"])
def test_a_writer_that_fails_leaves_nothing(tiny, tmp_path, monkeypatch, there, fails):
    folder = tmp_path / "run"
    if there:
        folder.mkdir()

    def full(*args, **keywords):
        if fails != "pathlib.Path.mkdir" or args[0].name == "tensors":
            raise OSError(28, "No space left on device")
        return mkdir(*args, **keywords)

    mkdir = Path.mkdir
    with monkeypatch.context() as patch:
        patch.setattr(fails, full)
        with pytest.raises(RunError, match="No space left on device"):
            Writer(tiny, "cpu", "torch", folder)
    assert folder.exists() == there
    assert not there or list(folder.iterdir()) == []
    Writer(tiny, "cpu", "torch", folder).close()  # nobody holds its lock


@pytest.mark.parametrize("there", [True, False])
def test_what_is_discarded_is_gone_but_for_the_folder_that_was_there(tiny, tmp_path, there):
    folder = tmp_path / "run"
    if there:
        folder.mkdir()
    writer = Writer(tiny, "cpu", "torch", folder)
    writer.write(NetworkStarted(Network("ticket", 0, 0), {}, {"fc1.bias": np.zeros(3, np.float32)}))
    writer.discard()
    assert [path.name for path in tmp_path.rglob("*")] == (["run"] if there else [])


def test_a_folder_that_another_writes_is_refused(tiny, writer):
    (writer.folder / "run.json").unlink()
    with pytest.raises(RunError, match="another process"):
        Writer(tiny, "cpu", "torch", writer.folder)


def test_a_folder_that_cannot_be_made_is_refused_in_one_sentence(tiny, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RunError) as caught:
        Writer(tiny, "cpu", "torch", tmp_path / "file" / "run")
    assert is_one_sentence(str(caught.value))
    assert str(tmp_path / "file") in str(caught.value)
