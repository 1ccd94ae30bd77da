"""The background thread: started, paused, stepped, cancelled, and what becomes of it when something fails."""

import json
import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from explorer import DataError, Refused, Run, RunError, Session
from explorer.algorithm import search
from explorer.datasets import DATASETS
from explorer.events import Evaluated, Glimpse, Network, NetworkStarted, NetworkTrained, Progress, WeightsSeen
from explorer.runs import Writer
from tests.support import PATIENCE, is_one_sentence, plain, until


@pytest.fixture
def make(tiny, tmp_path):
    """Make sessions of the tiny experiment; each has ended when the test ends."""
    made = []

    def session(out="run", **changes):
        made.append(Session(tiny.but(**changes), "cpu", tmp_path / out))
        return made[-1]

    yield session
    for session in made:
        session.cancel()
        session.wait(PATIENCE)


def once(session, condition, act):
    """Do something in the session's thread, at the first event for which `condition` holds."""
    done = threading.Event()

    def listen(event):
        if not done.is_set() and condition(event):
            act()
            done.set()

    session.subscribe(listen)
    return done


def trained_at(level):
    return lambda event: isinstance(event, NetworkTrained) and event.network.level == level


def evaluated_at(level):
    return lambda event: isinstance(event, Evaluated) and event.network.level == level


def holds(session):
    """Assert that the session does nothing more, and return how much it did."""
    done, more = len(session.state.networks), threading.Event()
    once(session, lambda event: True, more.set)
    assert not more.wait(0.3)
    return done


def test_runs_to_its_end_in_a_thread_of_its_own(make):
    session = make()
    threads = set()
    session.subscribe(lambda event: threads.add(threading.current_thread()))
    assert (session.status, session.wait()) == ("idle", "idle")
    assert not session.folder.exists()
    session.start()
    assert session.wait() == session.status == "finished"
    (thread,) = threads
    assert thread is not threading.main_thread()
    assert Run.open(session.folder).status == "finished"


def test_an_event_is_written_and_folded_before_it_is_handed_over(make):
    session = make()
    behind = []

    def listen(event):
        if isinstance(event, NetworkStarted | NetworkTrained | Evaluated):
            written = (session.folder / "events.jsonl").read_text().splitlines()[-1]
            known = session.state.networks[event.network]
            if json.loads(written)["record"] != type(event).__name__:
                behind.append(written)
            if isinstance(event, Evaluated) and known.last is not event:
                behind.append(event)
            if isinstance(event, NetworkTrained) and not known.trained:
                behind.append(event)

    session.subscribe(listen)
    session.start()
    assert session.wait() == "finished"
    assert behind == []


def test_the_watched_network_shows_its_weights(make):
    session, seen = make(), []
    watched = Network("ticket", 1, 0)
    session.watch = lambda network: network == watched
    session.subscribe(lambda event: seen.append(event.network) if isinstance(event, WeightsSeen) else None)
    session.start()
    session.wait()
    assert seen == [watched] * 3
    assert "WeightsSeen" not in (session.folder / "events.jsonl").read_text()


def test_a_watch_that_fails_costs_no_search(make):
    session = make()
    session.watch = lambda network: 1 / 0
    session.start()
    assert session.wait(PATIENCE) == "finished"


def test_without_a_folder_it_makes_a_new_one_where_runs_are_kept(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    session = Session(tiny.but(iterations=1, replicates=1), "cpu")
    session.start()
    assert session.wait() == "finished"
    assert session.folder.parent == tmp_path / "runs"


def test_cancel_keeps_what_was_computed(make):
    session = make()
    once(session, evaluated_at(1), session.cancel)
    session.start()
    assert session.wait() == "cancelled"
    run = Run.open(session.folder)
    assert run.status == "cancelled"
    assert {network for network, known in run.state.networks.items() if known.trained} == {
        ("ticket", 0, 0, 0),
        ("ticket", 1, 0, 0),
    }
    assert run.state.level == 1
    assert plain(run.mask(level=1)) == plain(dict(session.state.networks[Network("ticket", 0, 1)].masks))
    assert len(run.curves()) == 7
    assert json.loads((session.folder / "events.jsonl").read_text().splitlines()[-1])["outcome"] == "cancelled"


@pytest.mark.parametrize("paused", [False, True])
def test_an_interrupted_search_has_no_end_and_keeps_what_was_computed(make, paused):
    session = make(iterations=2000)
    seen = once(session, evaluated_at(0), session.pause if paused else lambda: None)
    session.start()
    assert seen.wait(PATIENCE)
    assert session.interrupt() == "interrupted"
    run = Run.open(session.folder)
    assert run.status == "interrupted"
    assert plain(run.state.networks) == plain(session.state.networks)
    assert not list(session.folder.rglob("*.part"))


def test_cancel_ends_before_the_next_batch(make):
    session = make(iterations=1_000_000)
    training = once(session, lambda event: isinstance(event, Progress), lambda: None)
    session.start()
    assert training.wait(PATIENCE)
    assert session.status == "running"
    session.cancel()
    assert session.wait(PATIENCE) == "cancelled"


def test_a_search_that_is_cancelled_leaves_no_thread(make):
    before = threading.enumerate()
    session = make(iterations=1_000_000)
    training = once(session, lambda event: isinstance(event, Progress), lambda: None)
    session.start()
    assert training.wait(PATIENCE)
    assert {thread.name for thread in threading.enumerate() if thread not in before} == {"search", "training"}
    session.cancel()
    session.wait(PATIENCE)
    assert threading.enumerate() == before


def test_a_pause_after_a_cancel_holds_nothing_up(make):
    session = make()

    def both():
        session.cancel()
        session.pause()

    once(session, evaluated_at(0), both)
    session.start()
    assert session.wait(PATIENCE) == "cancelled"


def test_cancel_at_the_very_end_leaves_it_finished(make):
    session = make(iterations=1, replicates=1)
    session.start()
    session.wait()
    session.cancel()
    assert session.wait() == "finished"


def test_pause_stops_and_start_goes_on(make):
    session = make()
    paused = once(session, evaluated_at(0), session.pause)
    session.start()
    assert paused.wait(PATIENCE)
    assert session.status == "paused"
    assert Run.open(session.folder).status == "running"
    assert holds(session) == 2
    session.start()
    assert session.wait() == "finished"


def test_a_pause_changes_no_number(make):
    one, two = make("one"), make("two")
    once(two, evaluated_at(1), two.pause)
    for session in (one, two):
        session.start()
    until(lambda: two.status == "paused")
    two.start()
    assert {one.wait(), two.wait()} == {"finished"}
    assert (one.folder / "events.jsonl").read_bytes() == (two.folder / "events.jsonl").read_bytes()


def test_a_paused_session_can_be_cancelled(make):
    session = make()
    paused = once(session, evaluated_at(0), session.pause)
    session.start()
    assert paused.wait(PATIENCE)
    session.cancel()
    assert session.wait(PATIENCE) == "cancelled"


def test_step_trains_one_level_and_pauses(make):
    session = make(levels=2)
    for level, networks in enumerate((2, 8)):  # of three levels
        session.step()
        until(lambda: session.status == "paused")
        assert holds(session) == networks
        assert [session.state.done(k) for k in range(3)] == [k <= level for k in range(3)]
    session.start()
    assert session.wait() == "finished"


def test_a_step_that_trains_the_last_level_finishes(make):
    session = make(replicates=1, iterations=20)
    session.step()
    until(lambda: session.status == "paused")
    session.step()
    assert session.wait(PATIENCE) == "finished"


def test_cancel_during_a_steps_last_network_is_heard(make):
    session = make()
    last = Network("ticket", 1, 0)
    once(session, lambda event: isinstance(event, NetworkTrained) and event.network == last, session.cancel)
    session.step()
    assert session.wait(PATIENCE) == "cancelled"


def test_a_subscriber_that_fails_costs_nobody_anything(make, caplog):
    session, heard, calls = make(replicates=1), [], []

    def failing(event):
        calls.append(event)
        raise RuntimeError("the page has gone")

    session.subscribe(failing)
    session.subscribe(heard.append)
    with caplog.at_level(logging.ERROR, "explorer.session"):
        session.start()
        assert session.wait() == "finished"
    assert len(calls) == 1
    assert sum(not isinstance(event, Glimpse) for event in heard) == len(
        (session.folder / "events.jsonl").read_text().splitlines()
    )
    assert "the page has gone" in caplog.text


def failing_search(error, level):
    """A search that fails when a level is trained."""

    def fail(*args, **keywords):
        for event in search(*args, **keywords):
            yield event
            if trained_at(level)(event):
                raise error

    return fail


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out of memory"),
        (OSError(28, "No space left on device"), "the disk is full"),
        (OSError(5, "Input/output error", "/data/raw"), "Input/output error: /data/raw"),
        (DataError("The digits are gone."), "The digits are gone"),
        (ValueError("bad\nworse"), "ValueError: bad"),
    ],
    ids=str,
)
def test_a_failure_is_told_in_words_and_what_was_computed_stays(make, monkeypatch, error, said):
    session = make(replicates=1)
    monkeypatch.setattr("explorer.session.search", failing_search(error, 0))
    session.start()
    assert session.wait() == "failed"
    message = session.state.ended.message
    assert is_one_sentence(message)
    assert said in message
    assert "level 0" in message
    assert "1 finished level kept" in message
    run = Run.open(session.folder)
    assert (run.status, run.state.ended.message) == ("failed", message)
    assert run.weights()["fc1.weight"].any()
    monkeypatch.undo()
    again = make("again", replicates=1)
    again.start()
    assert again.wait() == "finished"


def test_damaged_data_is_a_failure_and_not_a_crash(tiny, make, monkeypatch, tmp_path):
    damaged = tmp_path / "assets"
    damaged.mkdir()
    whole = Path(__file__).parents[1] / "assets" / "digits.npz"
    (damaged / "digits.npz").write_bytes(whole.read_bytes()[:1000])
    monkeypatch.setattr("explorer.datasets.digits.place", lambda *parts: tmp_path.joinpath(*parts))
    session = make(dataset="digits")
    session.start()
    assert session.wait() == "failed"
    assert "cannot be read" in session.state.ended.message
    assert "Failed to begin" in session.state.ended.message
    assert "Nothing was trained yet" in session.state.ended.message
    assert session.folder is None
    assert [path.name for path in tmp_path.iterdir()] == ["assets"], "no run without data"


def test_a_search_cancelled_while_the_data_is_read_leaves_no_run(make, tiny, tmp_path, monkeypatch):
    session = make()
    reading, go_on = threading.Event(), threading.Event()

    load = type(tiny.data).load

    def slow(data):
        reading.set()
        assert go_on.wait(PATIENCE)
        return load(data)

    monkeypatch.setattr(type(tiny.data), "load", slow)
    session.start()
    assert reading.wait(PATIENCE)
    assert Run.open(tmp_path / "run").status == "running", "the folder is taken before anything runs"
    session.cancel()
    go_on.set()
    assert session.wait(PATIENCE) == "cancelled"
    assert (session.state.networks, session.folder) == ({}, None)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_from_the_first_record_on_is_a_failure_and_leaves_no_run(make, tiny, tmp_path, monkeypatch):
    def writer(*args):
        made = Writer(*args)
        made._events = made._open.enter_context(Path("/dev/full").open("a"))  # noqa: SIM115 (the writer closes it)
        return made

    monkeypatch.setattr("explorer.session.Writer", writer)
    session = make()
    session.start()
    assert session.wait() == "failed"
    assert "the disk is full" in session.state.ended.message
    assert list(tmp_path.iterdir()) == []
    Writer(tiny, "cpu", "torch", tmp_path / "run").close()  # nobody holds its lock


def test_tensors_that_cannot_be_written_are_a_failure_and_the_rest_can_be_read(make, monkeypatch):
    session, written = make(), []

    def write(writer, record, original=Writer.write):
        if trained_at(1)(record):
            raise OSError(28, "No space left on device")
        written.append(record)
        return original(writer, record)

    monkeypatch.setattr(Writer, "write", write)
    session.start()
    assert session.wait() == "failed"
    assert "the disk is full" in session.state.ended.message
    run = Run.open(session.folder)
    assert run.status == "failed"
    assert len((session.folder / "events.jsonl").read_text().splitlines()) == len(written)
    for replicate in (0, 1):
        assert run.weights(replicate=replicate)["fc1.weight"].dtype == np.float32


@pytest.mark.parametrize("device", ["tpu", "cuda"])
def test_a_device_that_is_not_there_is_refused_and_nothing_written(tiny, tmp_path, monkeypatch, device):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    for out in (None, tmp_path / "out"):
        session = Session(tiny, device, out)
        with pytest.raises(Refused, match="Device") as caught:
            session.start()
        assert list(caught.value.problems) == ["device"]
        assert session.status == "idle"
    assert list(tmp_path.iterdir()) == []


def test_data_that_is_not_to_be_had_is_refused_and_nothing_written(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "file" / "data"))
    session = Session(tiny.but(dataset="mnist"), "cpu", tmp_path / "run")
    with pytest.raises(Refused, match=str(tmp_path / "file" / "data")) as caught:
        session.step()
    assert list(caught.value.problems) == ["dataset"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_made_is_refused(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "file"))
    for out in (None, tmp_path / "file" / "run"):
        session = Session(tiny, "cpu", out)
        with pytest.raises(RunError, match="cannot be written"):
            session.start()
        assert session.status == "idle"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_after_a_refusal_the_cause_can_be_mended(tiny, tmp_path, monkeypatch):
    checked = []

    def check(self):
        checked.append(self)
        if len(checked) == 1:
            raise DataError("Gone.")

    monkeypatch.setattr(type(DATASETS["tiny"]), "check", check)
    session = Session(tiny.but(iterations=1, replicates=1), "cpu", tmp_path / "run")
    with pytest.raises(Refused):
        session.start()
    session.start()
    assert session.wait() == "finished"
