"""Measured time of a network-iteration."""

import shutil

import pytest

from explorer import Run
from explorer.events import Glimpse, Progress
from explorer.state import State, fold, fold_all
from explorer.views import Selection, timing
from explorer.views.timing import table


def test_the_paces_of_the_levels_add_up_to_the_whole(moments):
    for moment in moments:
        last = next((event for event in reversed(moment.events) if isinstance(event, Progress)), None)
        paces = moment.state.paces
        if last is None:
            assert paces == {}
        else:
            assert sum(pace.steps for pace in paces.values()) == last.steps
            assert sum(pace.seconds for pace in paces.values()) == pytest.approx(last.seconds)


def test_bars_are_the_time_between_glimpses_over_the_steps_of_a_level(shared):
    # What was done since the glimpse before counts to the network of the glimpse.
    steps, seconds, before = {}, {}, (0, 0.0)
    for event in shared.events:
        if isinstance(event, Progress):
            level = event.network.level
            steps[level] = steps.get(level, 0) + event.steps - before[0]
            seconds[level] = seconds.get(level, 0) + event.seconds - before[1]
            before = event.steps, event.seconds
    chart = timing(shared.live, Selection())
    wanted = [1000 * seconds[level] / steps[level] for level in range(5)]
    assert chart.marks["bars"].columns["top"] == pytest.approx(wanted)
    assert [float(row[-1]) for row in table(shared.live, Selection()).rows] == pytest.approx(wanted, abs=0.0006)
    assert max(wanted) <= chart.panels[0].last
    assert chart.marks["note"].columns["text"][0].startswith("Masks save time on this CPU")


def test_only_levels_that_are_done_are_shown(moments):
    for moment in moments:
        bars = timing(moment.state, Selection()).marks["bars"].columns
        done = [level for level in range(5) if moment.state.done(level)]
        assert len(bars["top"]) == len(done)
        assert [int(row[0]) for row in table(moment.state, Selection()).rows] == done


def test_a_run_that_is_read_has_its_times(shared, tmp_path):
    run = Run.open(shared.folder)
    live, read = timing(shared.live, Selection()).marks, timing(run.state, Selection()).marks
    assert len(read["bars"].columns["top"]) == 5
    assert read["bars"].columns["top"] == pytest.approx(live["bars"].columns["top"], rel=0.05)
    assert read["note"].columns["text"] == live["note"].columns["text"]
    early = timing(run.history.at(run.history.find(2)), Selection()).marks["bars"].columns["top"]
    assert early == read["bars"].columns["top"][:3]  # a replay has them too, as far as it has come


@pytest.mark.parametrize("content", [None, "nonsense", "[1]", '{"0": {"steps": "many"}}'])
def test_a_run_that_kept_no_times_says_so(shared, tmp_path, content):
    copy = shutil.copytree(shared.folder, tmp_path / "run")
    (copy / "paces.json").unlink()
    if content is not None:
        (copy / "paces.json").write_text(content)
    read = timing(Run.open(copy).state, Selection())
    assert read.marks["waiting"].columns["text"] == ["No times were kept of this run."]
    assert not read.marks["bars"].columns["top"]


def test_times_are_no_records(shared):
    records = [event for event in shared.events if not isinstance(event, Glimpse)]
    assert fold_all(State(shared.experiment), records).paces == {}
    new = timing(State(shared.experiment), Selection())
    assert new.marks["waiting"].columns["text"] == ["A bar is added when a level is done."]


def test_on_a_gpu_it_says_so(shared):
    sparsest = list(shared.live.networks)[-1]
    gpu = fold(shared.live, Progress(sparsest, 1, 10**6, 10**5, "GPU", "torch"))
    assert timing(gpu, Selection()).marks["note"].columns["text"][0].startswith("Masks save nothing on a GPU")
