"""The search by other protocols than the paper's own: in one shot, continued, rewound late, and pruned as one."""

import numpy as np
import pytest

from explorer import Run, RunError, Session, search
from explorer.events import VARIANTS, Diverged, Ended, Evaluated, Glimpse, Network, NetworkStarted, NetworkTrained
from explorer.state import State, fold_all
from explorer.training import SERVE
from explorer.views.progress import network_iterations, progress
from tests.support import is_one_sentence

REWIND = 7


def events_of(experiment, known=None):
    return [event for event in search(experiment, "cpu", known) if not isinstance(event, Glimpse)]


def trained(events):
    return {event.network: event for event in events if isinstance(event, NetworkTrained)}


@pytest.fixture(scope="module")
def short(tiny):
    return tiny.but(levels=3, iterations=20)


@pytest.fixture(scope="module")
def rewound(short):
    return events_of(short.but(rewind=REWIND))


def test_in_one_shot_every_level_is_pruned_from_the_dense_network_to_the_count_of_the_iterative_one(short):
    experiment = short.but(protocol="one-shot")
    assert experiment.counts == short.counts
    networks = trained(events_of(experiment))
    for replicate in (0, 1):
        dense = networks[Network("ticket", replicate, 0)]
        for level in (1, 2, 3):
            ticket = networks[Network("ticket", replicate, level)]
            for name, mask in ticket.masks.items():
                size = abs(dense.final[name]).ravel()
                kept = sorted(range(size.size), key=lambda place, size=size: (size[place], place))
                wanted = np.zeros(size.size, bool)
                wanted[kept[size.size - short.survivors(level)[name] :]] = True
                assert np.array_equal(mask.ravel(), wanted)
                assert np.array_equal(ticket.initial[name], dense.initial[name] * mask)


def test_in_one_shot_a_level_does_not_end_with_the_ticket_above_it(short, explode):
    experiment, lost = short.but(protocol="one-shot"), Network("ticket", 0, 1)
    explode(lost)
    events = events_of(experiment)
    assert [event.network for event in events if isinstance(event, Diverged)] == [lost]
    assert len(trained(events)) == 19
    state = fold_all(State(experiment), events)
    done, total = network_iterations(state)
    assert done == total


def test_continued_training_begins_where_the_parents_ended(short):
    networks = trained(events_of(short.but(protocol="continued")))
    for network, known in networks.items():
        if network.variant == "ticket" and network.level:
            above = networks[network._replace(level=network.level - 1)]
            for name, values in known.initial.items():
                assert np.array_equal(values, above.final[name] * known.masks.get(name, 1))
    plain = trained(events_of(short))
    for variant in VARIANTS[1:]:
        network = Network(variant, 0, 1)
        assert all(np.array_equal(v, plain[network].initial[name]) for name, v in networks[network].initial.items())


@pytest.mark.parametrize("architecture", ["lenet-300-100", "resnet-18"])
def test_a_ticket_is_rewound_to_what_the_dense_network_was_then(short, architecture, monkeypatch):
    """A training that ends there is the same as far as it goes: at a constant rate and in one back end, that is."""
    monkeypatch.setitem(SERVE, ("cpu", "plain"), SERVE["cpu", "other"])
    experiment = short.but(architecture=architecture, levels=1, replicates=1, iterations=9, milestones=(), rewind=3)
    networks = trained(events_of(experiment))
    until_then = trained(events_of(experiment.but(iterations=3, rewind=0)))[Network("ticket", 0, 0)].final
    dense, ticket = networks[Network("ticket", 0, 0)], networks[Network("ticket", 0, 1)]
    assert list(dense.rewind) == [p.name for p in experiment.parameters]
    for name, values in dense.rewind.items():
        assert np.array_equal(values, until_then[name])
        assert np.array_equal(ticket.initial[name], values * ticket.masks.get(name, 1))
        assert not np.array_equal(values, dense.initial[name])
    assert not ticket.rewind


def test_a_rewound_ticket_goes_on_from_there_and_controls_from_the_start(short, rewound):
    experiment = short.but(rewind=REWIND)
    for network in (Network("ticket", 0, 0), Network("ticket", 1, 2), Network("random-sparse", 0, 3)):
        at = [event.iteration for event in rewound if isinstance(event, Evaluated) and event.network == network]
        late = network.variant == "ticket" and network.level
        assert at == [iteration for iteration in experiment.evaluations if not late or iteration >= REWIND]
    steps = 2 * (4 * 20 + 6 * 20) - 6 * REWIND
    state = State(experiment)
    assert network_iterations(state) == (0, steps)
    assert network_iterations(fold_all(state, rewound)) == (steps, steps)
    assert progress(fold_all(state, rewound)).share == 1


@pytest.mark.parametrize("settings", [{"rewind": REWIND}, {"protocol": "one-shot"}, {"protocol": "continued"}])
def test_what_is_known_is_not_trained_again_and_the_rest_is_the_same(short, settings):
    def bits(events):
        arrays = ("masks", "initial", "final")
        return [(repr(e), *(v.tobytes() for a in arrays for v in getattr(e, a, {}).values())) for e in events]

    experiment = short.but(**settings)
    events = events_of(experiment)
    known = {network: event for network, event in trained(events).items() if network.level <= 1}
    rest = [event for event in events if isinstance(event, Ended) or event.network not in known]
    assert bits(events_of(experiment, known)) == bits(rest)


def test_pruned_as_one_random_sparse_still_has_the_tickets_count_of_every_layer(short):
    experiment = short.but(scope="global")
    networks = trained(events_of(experiment))
    for network, known in networks.items():
        counts = {name: int(mask.sum()) for name, mask in known.masks.items()}
        assert (sum(counts.values()),) == experiment.counts[network.level]
        ticket = networks[network._replace(variant="ticket")].masks
        assert counts == {name: int(mask.sum()) for name, mask in ticket.items()}
    last = networks[Network("ticket", 0, 3)].masks
    assert len({mask.mean().round(3) for mask in last.values()}) == 3  # layers keep different shares


def test_a_run_keeps_where_its_tickets_are_rewound_to(short, tmp_path):
    experiment = short.but(rewind=REWIND, levels=1, replicates=1)
    session = Session(experiment, "cpu", tmp_path / "run")
    told = []
    session.subscribe(told.append)
    session.start()
    assert session.wait() == "finished"
    (dense,) = (e for e in told if isinstance(e, NetworkTrained) and e.network.level == 0)
    run = Run.open(tmp_path / "run")
    weights = run.weights(when="rewind")
    assert list(weights) == sorted(dense.rewind)
    assert all(np.array_equal(values, dense.rewind[name]) for name, values in weights.items())
    assert all(np.array_equal(v.numpy(), weights[name]) for name, v in run.module(when="rewind").state_dict().items())
    started = [event for event in told if isinstance(event, NetworkStarted)]
    assert len(started) == 4
    with pytest.raises(RunError) as refused:
        run.weights(level=1, when="rewind")
    assert is_one_sentence(str(refused.value))
    assert "Rewind to" in str(refused.value)
