"""The experiments of a study, run one after the other: begun, held, ended, and gone on with."""

import threading

import pytest

from explorer import Refused, RunError, Session, Study, search
from explorer.events import Evaluated
from explorer.studies.begun import begun
from explorer.studies.study_session import StudySession
from tests.support import is_one_sentence


@pytest.fixture
def pair(tiny):
    """A study of two experiments of a second each."""
    return Study("pair", "Two seeds", "Two seeds.", (("one", tiny), ("two", tiny.but(seed=1))))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of runs."""
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def begin(study, out=None, ends=lambda session, event: None, **changes):
    """A study's session; `ends` is called with every event, in the thread that trains."""
    made = []

    def make(experiment, path):
        session = Session(experiment, "cpu", path)
        made.append(session)
        session.subscribe(lambda event: ends(running, event))
        return session

    running = StudySession(study, out, make, **changes)
    running.made = made
    return running


def first_evaluation(of, act):
    """Act once, when an experiment is first evaluated."""
    done = threading.Event()

    def ends(running, event):
        if isinstance(event, Evaluated) and len(running.made) == of and not done.is_set():
            done.set()
            act(running)

    return ends


def test_experiments_run_one_after_the_other_into_one_directory(pair, folder):
    told = []
    session = begin(pair, changed=lambda: told.append(session.label))
    assert session.status == "idle"
    session.start()
    assert session.wait() == "finished"
    assert [one.experiment for one in session.made] == [experiment for _, experiment in pair.experiments]
    assert told == ["two", "two"], "when the second began, and at the end"
    run = Study.open(session.folder)
    assert (run.status, list(run.runs)) == ("finished", ["one", "two"])
    assert session.said == "Two seeds: finished"
    (listed,) = begun()
    assert (listed.path, listed.study, listed.status, listed.finished) == (session.folder, pair, "finished", 2)
    with pytest.raises(RunError, match="nothing is left") as caught:
        begin(pair, session.folder).start()
    assert is_one_sentence(str(caught.value))


def test_a_cancelled_study_ends_there_and_can_be_gone_on_with(pair, folder):
    session = begin(pair, ends=first_evaluation(2, lambda running: running.cancel()))
    session.start()
    assert session.wait() == "cancelled"
    assert [(one.status, one.finished) for one in begun()] == [("cancelled", 1)]
    again = begin(pair, session.folder)
    again.start()
    assert again.wait() == "finished"
    assert [one.experiment.seed for one in again.made] == [1], "what is finished is not run again"
    assert Study.open(session.folder).status == "finished"
    assert len(list((session.folder / ".unfinished").iterdir())) == 1


def test_a_cancel_between_two_experiments_ends_the_study(pair, folder):
    session = begin(pair)
    session.start()
    session._end("cancelled")  # as when the first one is finished by the time that it is told
    assert session.wait() == "cancelled"
    assert len(session.made) == 1


def test_an_interrupted_study_has_no_end_and_can_be_gone_on_with(pair, folder):
    reached = threading.Event()
    session = begin(pair, ends=first_evaluation(1, lambda running: (running.pause(), reached.set())))
    session.start()
    assert reached.wait(60)
    assert session.interrupt() == "interrupted"
    assert [(one.status, one.finished) for one in begun()] == [("interrupted", 0)]


def test_a_failed_experiment_ends_the_study(pair, folder, monkeypatch):
    def failing(*given, **settings):
        for event in search(*given, **settings):
            yield event
            if isinstance(event, Evaluated):
                raise MemoryError

    monkeypatch.setattr("explorer.session.search", failing)
    session = begin(pair)
    session.start()
    assert session.wait() == "failed"
    assert len(session.made) == 1
    assert "out of memory" in session.session.state.ended.message
    assert begun()[0].status == "failed"


def test_steps_go_over_from_one_experiment_to_the_next(pair, folder):
    changed = threading.Event()
    session = begin(pair, changed=changed.set)
    session.step()
    while session.made[0].status != "paused":
        changed.wait(0.01)
    session.step()
    assert changed.wait(60)
    assert session.status == "paused"
    assert session.said == "Two seeds: two, 2 of 2"
    assert (session.label, session.session.state.networks) == ("two", {}), "the next one waits for the next step"
    session.start()
    assert session.wait() == "finished"


def test_a_pause_holds_what_runs(pair, folder):
    reached = threading.Event()
    session = begin(pair, ends=first_evaluation(1, lambda running: (running.pause(), reached.set())))
    session.start()
    assert reached.wait(60)
    assert session.status == "paused"
    assert len(session.made) == 1
    session.start()
    assert session.wait() == "finished"


def test_what_cannot_begin_leaves_nothing(pair, folder, tmp_path, monkeypatch):
    with pytest.raises(Refused, match="Device"):
        StudySession(pair, make=lambda experiment, path: Session(experiment, "abacus", path)).start()
    assert begun() == []
    assert not folder.exists() or not any(folder.iterdir())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").touch()
    with pytest.raises(RunError, match="not empty"):
        begin(pair, tmp_path / "full").start()


def test_one_that_cannot_begin_later_ends_the_study_and_is_told(pair, folder):
    def act(running):
        (running.folder / ".unfinished").touch()  # so that nothing can be moved aside
        (running.folder / "two").mkdir()

    session = begin(pair, folder / "pair", first_evaluation(1, act))
    session.start()
    assert session.wait() == "failed"
    assert session.problem.startswith("two could not begin: ")
    assert is_one_sentence(session.problem)
    assert session.session.status == "finished", "what was done before stays"
