"""The line between two networks that were trained from one start."""

import json
import math
import threading

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from explorer import Run, Session, search
from explorer.datasets import load
from explorer.events import Diverged, Evaluated, Interpolated, Network, NetworkTrained, Preparing
from explorer.experiment import MEASURED, PLACES, Experiment
from explorer.history import Moment
from explorer.runs.export import files
from explorer.runs.records import from_line, to_line
from explorer.state import State, fold_all
from tests.support import PATIENCE, lines_of

TICKET, OTHER = Network("ticket", 0, 1, 0), Network("ticket", 0, 1, 2)
ON_A_LINE = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


class Written:
    """A search of three draws and no controls, and what a run of it says."""

    def __init__(self, folder):
        self.experiment = Experiment(
            dataset="digits", prune=0.5, levels=1, replicates=1, iterations=60, ticket_draws=3,
            reinit_draws=0, sparse_draws=0,
        )  # fmt: skip
        self.events = []
        session = Session(self.experiment, "cpu", folder / "run")
        session.subscribe(self.events.append)
        session.start()
        assert session.wait() == "finished"
        self.live, self.run = session.state, Run.open(session.folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return Written(tmp_path_factory.mktemp("draws"))


def plainly(run, place):
    """Interpolate and evaluate as one would who knows torch and nothing of this program."""
    one, other = (run.module(level=1, draw=draw).state_dict() for draw in (0, 2))
    module = run.module(level=1)
    module.load_state_dict({name: torch.lerp(one[name], other[name], place) for name in one})
    data, numbers = load("digits"), []
    for split in (data.train, data.test):
        most = MEASURED if split is data.train else None
        images, labels = torch.from_numpy(split.images[:most] / 255).float(), torch.from_numpy(split.labels[:most])
        with torch.no_grad():
            outputs = module(images)
        numbers += [cross_entropy(outputs, labels).item(), (outputs.argmax(1) == labels).float().mean().item()]
    return numbers


def test_a_line_is_what_a_plain_interpolation_gives(written):
    line = written.live.networks[OTHER].line
    assert line.places == PLACES
    for number in (0, 3, 5, 10):
        wanted = plainly(written.run, PLACES[number])
        assert [getattr(line, name)[number] for name in ON_A_LINE] == pytest.approx(wanted, abs=1e-5)


def test_the_ends_of_a_line_are_the_networks_themselves(written):
    for network in (Network("ticket", 0, level, draw) for level in (0, 1) for draw in (1, 2)):
        line = written.live.networks[network].line
        for end, draw in ((0, 0), (-1, network.draw)):
            last = written.live.networks[network._replace(draw=draw)].last
            found = [getattr(line, name)[end] for name in ON_A_LINE]
            assert found == pytest.approx([getattr(last, name) for name in ON_A_LINE], abs=1e-5)


def test_every_draw_but_the_first_has_a_line_and_has_it_before_its_level_is_done(written):
    order = [(type(e), e.network) for e in written.events if isinstance(e, Interpolated | NetworkTrained)]
    wanted = []
    for level in (0, 1):
        wanted.append((NetworkTrained, Network("ticket", 0, level, 0)))
        for draw in (1, 2):
            network = Network("ticket", 0, level, draw)
            wanted += [(Interpolated, network), (NetworkTrained, network)]
    assert order == wanted


def test_a_search_gives_way_while_it_measures_a_line(written):
    """At each place it looks at training and test images, and says between them what it does."""
    glimpses = [e for e in written.events if isinstance(e, Preparing) and "line" in e.what]
    assert len(glimpses) == 4 * 2 * len(PLACES)


def test_a_run_that_is_read_and_replayed_has_its_lines(written):
    assert {n: k.line for n, k in written.run.state.networks.items()} == {
        n: k.line for n, k in written.live.networks.items()
    }
    history = written.run.history
    states = {moment: history.at(number) for number, moment in enumerate(history.moments)}
    for moment in (Moment(0, 60), Moment(1, 40)):
        lines = {network for network, known in states[moment].networks.items() if known.line}
        assert lines == {Network("ticket", 0, 0, 1), Network("ticket", 0, 0, 2)}
    assert not any(known.line for known in states[Moment(0, 40)].networks.values())


def test_the_table_has_a_row_for_each_place(written):
    table = written.run.connectivity()
    assert list(table.columns) == ["replicate", "draw", "level", "density", "place", *ON_A_LINE]
    assert len(table) == 4 * len(PLACES)
    rows = table.query("level == 1 and draw == 2")
    line = written.live.networks[OTHER].line
    assert rows["density"].unique() == pytest.approx([written.experiment.density(1)])
    for name, column in (("place", line.places), *((name, getattr(line, name)) for name in ON_A_LINE)):
        assert tuple(rows[name]) == column
    made = files(written.run, ["csv"])
    assert list(made) == ["curves.csv", "summary.csv", "measures.csv", "connectivity.csv"]
    assert made["connectivity.csv"].decode().count("\n") == 1 + len(table)


def test_a_line_is_a_record_that_is_read_as_it_was_written():
    numbers = (0.1, 1 / 3, 2e-17)
    record = Interpolated(OTHER, (0.0, 0.5, 1.0), numbers, (1.0, 0.5, 0.25), numbers[::-1], (0.0, 1.0, 0.125))
    assert from_line(to_line(7, record), None) == record


@pytest.mark.parametrize(
    ("name", "value"),
    [("places", 0.5), ("places", [0.0, 1.0]), ("test_loss", [0.5, "1", *[0.5] * 9]), ("test_loss", [None] * 11)],
)
def test_what_is_no_line_is_refused(written, name, value):
    line = next(line for line in lines_of(written.run.path) if line["record"] == "Interpolated")
    assert from_line(json.dumps(line), None)
    with pytest.raises(ValueError, match=f"{name}|places"):
        from_line(json.dumps(line | {name: value}), None)


def test_one_draw_has_no_line(shared):
    assert not any(isinstance(event, Interpolated) for event in shared.events)
    run = Run.open(shared.folder)
    assert run.connectivity().empty
    assert list(run.connectivity().columns)[:5] == ["replicate", "draw", "level", "density", "place"]


def test_batch_normalization_is_interpolated_whole(tiny):
    """A resnet's running statistics too: its ends are evaluated as it was trained."""
    experiment = tiny.but(
        architecture="resnet-18", levels=1, replicates=1, iterations=2, batch=20, ticket_draws=2,
        reinit_draws=0, sparse_draws=0,
    )  # fmt: skip
    state = fold_all(State(experiment), search(experiment, "cpu"))
    for level in (0, 1):
        line = state.networks[Network("ticket", 0, level, 1)].line
        for end, draw in ((0, 0), (-1, 1)):
            last = state.networks[Network("ticket", 0, level, draw)].last
            assert line.test_loss[end] == pytest.approx(last.test_loss, rel=1e-4)
            assert line.train_accuracy[end] == last.train_accuracy
        assert all(map(math.isfinite, line.test_loss))


def test_who_is_known_needs_no_line(tiny):
    experiment = tiny.but(levels=1, replicates=1, iterations=20, ticket_draws=3, reinit_draws=0, sparse_draws=0)
    events = list(search(experiment, "cpu"))
    ends = {e.network: e for e in events if isinstance(e, NetworkTrained | Diverged)}
    lines = [e for e in events if isinstance(e, Interpolated)]
    known = {network: end for network, end in ends.items() if network.draw < 2}
    again = [e for e in search(experiment, "cpu", known) if isinstance(e, Interpolated | Evaluated)]
    assert {e.network.draw for e in again} == {2}
    assert [e for e in again if isinstance(e, Interpolated)] == [e for e in lines if e.network.draw == 2]


def test_a_line_of_a_network_to_itself_is_level(tiny):
    from explorer.training import line

    experiment = tiny.but(levels=1, replicates=1, iterations=20, ticket_draws=1)
    (trained, *_) = (e for e in search(experiment, "cpu") if isinstance(e, NetworkTrained))
    *_, found = line(experiment, load(experiment.dataset), "cpu")(TICKET, trained.final, trained.final)
    assert np.ptp(found.test_accuracy) == 0
    assert found.test_loss == pytest.approx([found.test_loss[0]] * len(PLACES))


def test_a_step_trains_a_level_and_measures_its_lines(tiny, tmp_path):
    experiment = tiny.but(levels=2, replicates=1, iterations=20, ticket_draws=2, reinit_draws=0, sparse_draws=0)
    session, paused = Session(experiment, "cpu", tmp_path / "run"), threading.Event()
    session.subscribe(lambda event: paused.set() if session.status == "paused" else None)
    for level in (0, 1):
        paused.clear()
        session.step()
        assert paused.wait(PATIENCE)
        assert [n.level for n, known in session.state.networks.items() if known.line] == list(range(level + 1))
        assert session.state.level == level
    session.cancel()
    assert session.wait(PATIENCE) == "cancelled"
