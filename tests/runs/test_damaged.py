"""What a crash, a full disk or somebody else leaves of a run directory: one sentence, or what can be read."""

import json
import shutil

import pytest

from explorer import Run, RunError
from tests.support import is_one_sentence


def damage(name, content):
    def change(folder):
        (folder / name).write_bytes(content)

    return change


def change_run(**changes):
    def change(folder):
        about = json.loads((folder / "run.json").read_text()) | changes
        (folder / "run.json").write_text(json.dumps(about))

    return change


def damage_events(number, line):
    def change(folder):
        lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
        lines[number] = line + b"\n"
        (folder / "events.jsonl").write_bytes(b"".join(lines))

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "run.json").unlink(),
        lambda folder: (folder / "events.jsonl").unlink(),
        shutil.rmtree,
        damage("run.json", b""),
        damage("run.json", b"[1, 2]"),
        damage("run.json", b"\xff\xfe"),
        damage("run.json", b'"format"'),
        change_run(format=2),
        change_run(format=None),
        change_run(experiment=None),
        change_run(experiment=["levels"]),
        change_run(experiment={"levels": "many"}),
        change_run(experiment={"nonsense": 1}),
        change_run(experiment={"dataset": "gone"}),
        damage_events(3, b""),
        damage_events(3, b"nonsense"),
        damage_events(3, b"\xff\xfe"),
        damage_events(3, b"[]"),
        damage_events(3, b"{}"),
        damage_events(3, b'{"sequence": 3, "record": "Exploded"}'),
        damage_events(3, b'{"sequence": 3, "record": "Ended", "why": 1}'),
        damage_events(3, b'{"sequence": 3, "record": "Diverged", "variant": "ticket"}'),
        damage_events(0, b'{"sequence": 0, "record": "Evaluated", "variant": "ticket", "replicate": 0, "level": 0}'),
        damage("tensors/ticket-r1-l1-d0.safetensors", b""),
        damage("tensors/ticket-r1-l1-d0.safetensors", b"\0" * 400),
    ],
)
def test_what_is_no_run_is_one_sentence(copy, change):
    change(copy)
    with pytest.raises(RunError) as caught:
        _ = Run.open(copy).status
    assert str(copy) in str(caught.value)
    assert is_one_sentence(str(caught.value))


def test_a_file_is_no_run(tmp_path):
    (tmp_path / "file").write_text("{}")
    with pytest.raises(RunError, match="no run directory"):
        Run.open(tmp_path / "file")


def test_a_torn_last_line_is_ignored(small, copy):
    whole = (small / "events.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    events = copy / "events.jsonl"
    for torn in (*range(1, len(lines[-1]) + 1, 5), len(lines[-1]) + 1, len(lines[-1]) + 20):
        events.write_bytes(whole[:-torn])
        run = Run.open(copy)
        assert run.status == "interrupted"
        trained = sum(known.trained for known in run.state.networks.values())
        assert trained == (8 if torn <= len(lines[-1]) else 7)
    events.write_bytes(whole)
    assert Run.open(copy).status == "finished"


def test_a_run_cut_off_before_its_first_record_is_empty(copy):
    (copy / "events.jsonl").write_bytes(b'{"sequence": 0, "rec')
    run = Run.open(copy)
    assert (run.status, run.state.networks) == ("interrupted", {})
    assert len(run.curves()) == len(run.summary()) == 0
    assert list(run.curves().columns)[:6] == ["replicate", "draw", "level", "density", "variant", "iteration"]
