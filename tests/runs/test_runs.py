"""The run directory: what is written is what was computed, readable while and after it is written."""

import json
import re
import shutil
import struct

import numpy as np
import pandas as pd
import pytest
import torch

from explorer import Refused, Run, RunError, Session
from explorer.datasets import load
from explorer.events import VARIANTS, Ended, Evaluated, Network, NetworkStarted, NetworkTrained
from explorer.runs import Writer, tensors
from explorer.views import Selection, accuracy, density, histogram, masks
from explorer.views.progress import network_iterations, strip
from explorer.views.story import result, story
from tests.support import is_one_sentence, plain, searching

MEASURES = [f"{split}_{what}" for split in ("train", "validation", "test") for what in ("loss", "accuracy")]


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


def lines_of(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def header_of(file):
    """Read a safetensors file's header by hand: its length in 8 bytes, then JSON."""
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def test_the_directory_holds_the_four_things_and_no_more(shared):
    networks = [(v, r, level) for level in range(1, 5) for v in VARIANTS for r in (0, 1)]
    files = {f"tensors/{v}-r{r}-l{level}-d0.safetensors" for v, r, level in networks}
    files |= {f"tensors/ticket-r{r}-l0-d0.safetensors" for r in (0, 1)}
    found = {str(path.relative_to(shared.folder)) for path in shared.folder.rglob("*") if path.is_file()}
    assert found == files | {"run.json", "events.jsonl", "lock"}


def test_run_json_says_what_was_run_and_by_what(shared):
    about = json.loads((shared.folder / "run.json").read_text())
    assert about["format"] == 1
    assert about["experiment"] == shared.experiment.model_dump()
    assert (about["device"], about["back_end"]) == ("cpu", "torch")
    assert about["versions"]["numpy"] == np.__version__
    assert torch.__version__.startswith(about["versions"]["torch"].split("+")[0])


def test_records_are_numbered_lines_of_json_and_no_glimpses(shared):
    lines = lines_of(shared.folder)
    assert [line["sequence"] for line in lines] == list(range(len(lines)))
    assert {line["record"] for line in lines} == {"NetworkStarted", "Evaluated", "NetworkTrained", "Ended"}
    records = [event for event in shared.events if type(event).__name__ in {line["record"] for line in lines}]
    assert [line["record"] for line in lines] == [type(event).__name__ for event in records]
    for line, event in zip(lines, records, strict=True):
        if isinstance(event, Evaluated):
            assert {name: line[name] for name in MEASURES} == {name: getattr(event, name) for name in MEASURES}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_tensor_file_holds_bits_and_survivors_only(shared, variant):
    header, body = header_of(shared.folder / "tensors" / f"{variant}-r1-l2-d0.safetensors")
    shapes = {p.name: p.shape for p in shared.experiment.parameters}
    assert {name: tuple(json.loads(shape)) for name, shape in header.pop("__metadata__").items()} == shapes
    run, wanted = Run.open(shared.folder), set()
    for name, shape in shapes.items():
        alive = shared.experiment.survivors(2).get(name, np.prod(shape))
        wanted |= {f"initial:{name}", f"final:{name}"}
        for moment in ("initial", "final"):
            entry = header[f"{moment}:{name}"]
            assert (entry["dtype"], entry["shape"]) == ("F32", [alive])
            stored = np.frombuffer(body[slice(*entry["data_offsets"])], "<f4")
            values = run.weights(variant=variant, replicate=1, level=2, when=moment)[name]
            assert np.array_equal(values.ravel()[np.flatnonzero(values)] if name.endswith("weight") else values, stored)
    for name, mask in run.mask(variant=variant, replicate=1, level=2).items():
        entry = header[f"mask:{name}"]
        assert entry["dtype"] == "U8"
        packed = np.frombuffer(body[slice(*entry["data_offsets"])], np.uint8)
        assert len(packed) == -(-mask.size // 8)
        assert np.array_equal(np.unpackbits(packed)[: mask.size].reshape(mask.shape), mask)
        wanted.add(f"mask:{name}")
    assert set(header) == wanted


def test_curves_are_the_evaluations(shared):
    rows = [
        {**line, "density": shared.experiment.density(line["level"])}
        for line in lines_of(shared.folder)
        if line["record"] == "Evaluated"
    ]
    columns = ["replicate", "draw", "level", "density", "variant", "iteration", *MEASURES]
    curves = Run.open(shared.folder).curves()
    assert list(curves.columns) == columns
    by = ["level", "variant", "replicate", "iteration"]
    expected = pd.DataFrame(rows)[columns].sort_values(by, ignore_index=True)
    pd.testing.assert_frame_equal(curves.sort_values(by, ignore_index=True), expected)
    assert len(curves) == 26 * len(shared.experiment.evaluations)


def test_summary_is_a_plain_recomputation_from_the_lines(shared):
    evaluations = {}
    for line in lines_of(shared.folder):
        if line["record"] == "Evaluated":
            who = (line["variant"], line["replicate"], line["level"], line["draw"])
            evaluations.setdefault(who, []).append(line)
    summary = Run.open(shared.folder).summary()
    stops = ["early_stop_iteration", *(f"early_stop_{measure}" for measure in MEASURES)]
    finals = [f"final_{measure}" for measure in MEASURES]
    assert list(summary.columns) == ["replicate", "draw", "level", "density", "variant", *stops, *finals]
    assert len(summary) == len(evaluations) == 26
    for row in summary.to_dict("records"):
        of_network = evaluations[row["variant"], row["replicate"], row["level"], row["draw"]]
        least = min(line["validation_loss"] for line in of_network)
        stop = next(line for line in of_network if line["validation_loss"] == least)
        last = of_network[-1]
        assert last["iteration"] == shared.experiment.iterations
        assert row["density"] == shared.experiment.density(row["level"])
        assert row["early_stop_iteration"] == stop["iteration"]
        for measure in MEASURES:
            assert row[f"early_stop_{measure}"] == stop[measure]
            assert row[f"final_{measure}"] == last[measure]


def test_masks_and_weights_are_those_of_the_search(shared):
    run = Run.open(shared.folder)
    trained = {event.network: event for event in shared.events if isinstance(event, NetworkTrained)}
    for network in (Network("ticket", 0, 0), Network("ticket", 1, 4), Network("random-sparse", 0, 3)):
        who = {"variant": network.variant, "replicate": network.replicate, "level": network.level}
        mask = run.mask(**who)
        assert {name: (m.shape, m.dtype) for name, m in mask.items()} == {
            p.name: (p.shape, np.dtype(bool)) for p in shared.experiment.prunable
        }
        assert {name: m.sum() for name, m in mask.items()} == shared.experiment.survivors(network.level)
        for when in ("initial", "final"):
            weights = run.weights(**who, when=when)
            assert {name: (w.shape, w.dtype) for name, w in weights.items()} == {
                p.name: (p.shape, np.dtype(np.float32)) for p in shared.experiment.parameters
            }
            for name, values in weights.items():
                assert np.array_equal(values, getattr(trained[network], when)[name])
                assert not values[~mask.get(name, np.ones(values.shape, bool))].any()


def test_what_was_read_is_ones_own_to_change(shared):
    run = Run.open(shared.folder)
    run.mask(level=1)["fc1.weight"][:] = False
    run.weights(level=1)["fc1.weight"][:] = 0
    assert run.mask(level=1)["fc1.weight"].any()
    assert run.weights(level=1)["fc1.weight"].any()


@pytest.mark.parametrize("network", [Network("ticket", 0, 4), Network("random-reinit", 1, 1)])
def test_a_module_has_the_recorded_accuracy(shared, network):
    run, test = Run.open(shared.folder), load("digits").test
    module = run.module(variant=network.variant, replicate=network.replicate, level=network.level)
    with torch.no_grad():
        guesses = module(torch.from_numpy(test.images).float() / 255).argmax(1).numpy()
    assert (guesses == test.labels).mean() == run.state.networks[network].last.test_accuracy


def test_a_module_begins_where_the_network_began(shared):
    run = Run.open(shared.folder)
    initial = run.weights(level=2, when="initial")
    for name, values in run.module(level=2, when="initial").named_parameters():
        assert np.array_equal(values.detach().numpy(), initial[name])


SELECTIONS = [Selection(), Selection(0), Selection(2, "fc2.weight", "random-sparse", 1, "early stop"), Selection(4)]


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_a_replay_shows_what_was_live(shared, selection):
    replayed = Run.open(shared.folder).state
    assert (replayed.ended, replayed.experiment) == (shared.live.ended, shared.live.experiment)
    assert strip(replayed) == strip(shared.live)
    assert result(replayed) == result(shared.live)
    for view in (accuracy, density, masks, histogram, story):
        assert plain(view(replayed, selection)) == plain(view(shared.live, selection))


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


def test_a_run_is_read_on_while_it_is_written(small, copy):
    lines = (small / "events.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "events.jsonl").write_bytes(b"")
    run = Run.open(copy)
    state = run.state
    with (copy / "events.jsonl").open("ab") as stream:
        for line in lines:
            stream.write(line[:10])
            stream.flush()
            assert run.state is state
            stream.write(line[10:])
            stream.flush()
            state = run.state
            known = len(state.networks) + sum(len(k.evaluations) + k.trained for k in state.networks.values())
            assert known + (state.ended is not None) == lines.index(line) + 1
    assert run.status == "finished"
    assert plain(run.state.ended) == plain(Run.open(small).state.ended)


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


def test_a_run_is_running_while_its_process_lives_and_interrupted_once_it_is_killed(tmp_path):
    with searching(tmp_path / "run") as process:
        run = Run.open(tmp_path / "run")
        assert run.status == "running"
        assert run.state.networks
        with pytest.raises(RunError, match="not trained yet"):
            run.weights(level=run.state.level)
        process.kill()
        process.wait()
    assert run.status == "interrupted"
    again = Run.open(tmp_path / "run")
    assert again.status == "interrupted"
    assert len(again.curves()) >= 1
    for known in again.state.networks.values():
        assert dict(known.masks)
        assert dict(known.initial)


@pytest.mark.parametrize("outcome", ["finished", "cancelled", "failed"])
def test_status_is_running_until_the_writer_writes_the_end(writer, outcome):
    run = Run.open(writer.folder)
    assert run.status == "running"
    writer.write(Ended(outcome))
    assert run.status == outcome
    writer.close()
    assert run.status == outcome


def test_asking_for_the_status_keeps_no_one_from_writing(writer):
    run = Run.open(writer.folder)
    writer.close()
    assert run.status == "interrupted"
    assert run.status == "interrupted"
    assert {path.name for path in writer.folder.iterdir()} == {"run.json", "events.jsonl", "lock", "tensors"}


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


def test_a_file_is_whole_or_absent(tmp_path, monkeypatch):
    file = tmp_path / "file"

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            tensors.write_whole(file, b"first")
        assert not file.exists()
    tensors.write_whole(file, b"second")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            tensors.write_whole(file, b"third")
    assert file.read_bytes() == b"second"


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


def test_a_tensor_file_cut_short_is_one_sentence(copy):
    file = copy / "tensors" / "ticket-r1-l1-d0.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RunError) as caught:
        Run.open(copy).weights(replicate=1, level=1)
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda run: run.mask(level=9), "level 9.*it holds level 0, level 1"),
        (lambda run: run.mask(variant="random-reinit"), "level 0.*it holds level 1"),
        (lambda run: run.weights(variant="nobody"), "no nobody.*it holds nothing"),
        (lambda run: run.weights(replicate=5), "replicate 5"),
        (lambda run: run.module(draw=1), "draw 1"),
        (lambda run: run.weights(when="middle"), "'middle' is not accepted; give initial or final"),
    ],
)
def test_a_network_that_is_not_there_is_one_sentence(small, ask, said):
    with pytest.raises(RunError, match=said) as caught:
        ask(Run.open(small))
    assert is_one_sentence(str(caught.value))


def test_diverged_networks_are_in_no_table_and_counted_alike_in_a_replay(tiny, tmp_path, explode):
    explode(Network("random-sparse", 1, 1))
    session = Session(tiny, "cpu", tmp_path / "run")
    session.start()
    assert session.wait() == "finished"
    run = Run.open(tmp_path / "run")
    assert run.state.diverged == session.state.diverged == 1
    assert network_iterations(run.state) == network_iterations(session.state)
    assert result(run.state) == result(session.state)
    for table in (run.curves(), run.summary()):
        assert set(table[table["variant"] == "random-sparse"]["replicate"]) == {0}
        assert set(table[table["variant"] == "random-reinit"]["replicate"]) == {0, 1}
    assert run.mask(variant="random-sparse", replicate=1, level=1)["fc1.weight"].any()


def test_settings_of_a_run_can_be_run_again(small, tiny):
    assert Run.open(small).experiment == tiny
    with pytest.raises(Refused):
        Run.open(small).experiment.but(levels=0)
