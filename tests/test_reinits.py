"""Draws, and controls that begin with what their ticket began with, changed."""

from collections import Counter

import numpy as np
import pytest

from explorer import Experiment, Refused, search
from explorer.algorithm import order
from explorer.events import VARIANTS, Diverged, Glimpse, Interpolated, Network, NetworkTrained
from explorer.reinits import OF_TICKET
from explorer.state import State, fold_all
from explorer.views import Selection
from explorer.views.overlap import table as overlap_table
from explorer.views.progress import images_left, network_iterations, progress
from explorer.views.story import caption, presented, story
from tests.support import is_one_sentence


def events_of(experiment):
    return [event for event in search(experiment, "cpu") if not isinstance(event, Glimpse)]


def trained(events):
    return {event.network: event for event in events if isinstance(event, NetworkTrained)}


@pytest.fixture(scope="module")
def short(tiny):
    return tiny.but(levels=2, replicates=1, iterations=20)


@pytest.fixture(scope="module")
def repeated(short):
    experiment = short.but(replicates=2, ticket_draws=2, reinit_draws=3, sparse_draws=0)
    return experiment, events_of(experiment)


def said(sentence):
    return "".join(piece.text for piece in sentence)


def test_every_ticket_has_so_many_draws_of_each_control(repeated):
    experiment, events = repeated
    assert Counter(network[:3] for network in trained(events)) == {
        (variant, replicate, level): draws
        for variant, draws in (("ticket", 2), ("random-reinit", 3))
        for replicate in (0, 1)
        for level in ((0, 1, 2) if variant == "ticket" else (1, 2))
    }
    assert [network for level in order(experiment) for network in level] == list(
        fold_all(State(experiment), events).networks
    )


def test_draws_of_a_ticket_share_start_and_mask_and_differ_in_training(repeated):
    networks = trained(repeated[1])
    for replicate, level in ((0, 0), (1, 2)):
        one, other = (networks[Network("ticket", replicate, level, draw)] for draw in (0, 1))
        for name in one.initial:
            assert np.array_equal(one.initial[name], other.initial[name])
            assert not np.array_equal(one.final[name], other.final[name])
        assert all(np.array_equal(mask, other.masks[name]) for name, mask in one.masks.items())


def test_draws_of_a_reinit_share_the_mask_and_differ_in_their_start(repeated):
    networks = trained(repeated[1])
    ticket, *reinits = (
        networks[Network(*who)] for who in [("ticket", 1, 2)] + [("random-reinit", 1, 2, d) for d in range(3)]
    )
    for name, mask in ticket.masks.items():
        starts = {reinit.initial[name].tobytes() for reinit in reinits}
        assert len(starts) == 3
        assert all(np.array_equal(reinit.masks[name], mask) for reinit in reinits)


def test_one_more_draw_changes_no_other_network(short):
    few, many = (trained(events_of(short.but(levels=1, reinit_draws=n, sparse_draws=n))) for n in (1, 2))
    assert set(few) < set(many)
    for network, known in few.items():
        assert all(np.array_equal(values, many[network].final[name]) for name, values in known.final.items())


def test_progress_counts_every_draw(repeated):
    experiment, events = repeated
    steps = experiment.iterations * (2 * 2 + 2 * 2 * (2 + 3))
    assert network_iterations(State(experiment)) == (0, steps)
    assert progress(fold_all(State(experiment), events)).share == 1
    assert images_left(fold_all(State(experiment), events)) == 0


def test_a_draw_that_diverges_does_not_end_its_replicate(short, explode, monkeypatch):
    """Its mask is pruned from draw 0; and where that diverges, every draw below goes with it."""
    experiment = short.but(ticket_draws=2, sparse_draws=2)
    state = State(experiment)
    for doomed, lost in (((Network("ticket", 0, 1, 1)), 0), (Network("ticket", 0, 1, 0), 5)):
        explode(doomed)
        monkeypatch.setattr("explorer.algorithm.reset", draw_alone)
        events = events_of(experiment)
        assert [event.network for event in events if isinstance(event, Diverged)] == [doomed]
        lines = {event.network.level for event in events if isinstance(event, Interpolated)}
        assert lines == ({0, 2} if doomed.draw else {0})
        state = fold_all(State(experiment), events)
        assert len(state.networks) == 12 - lost
        assert progress(state).share == 1
        assert images_left(state) == 0


def draw_alone(experiment, network, known):
    """Draw a network's weights for itself, so that one of several draws can be made to explode."""
    from explorer import algorithm

    return algorithm.draw_weights(experiment, network)


@pytest.mark.parametrize("reinit", OF_TICKET)
@pytest.mark.parametrize("settings", [{}, {"rewind": 7}])
def test_a_control_of_the_tickets_own_start_takes_one_thing_away(short, reinit, settings):
    """On the ticket's mask, from where the ticket begins; biases stay the ticket's."""
    experiment = short.but(reinit=reinit, reinit_draws=2, **settings)
    networks = trained(events_of(experiment))
    ticket, one, other = (
        networks[Network(*who)] for who in (("ticket", 0, 1), ("random-reinit", 0, 1), ("random-reinit", 0, 1, 1))
    )
    for parameter in experiment.parameters:
        name, start, made = parameter.name, ticket.initial[parameter.name], one.initial[parameter.name]
        if not parameter.is_weight:
            assert np.array_equal(made, start)
            continue
        mask = ticket.masks[name]
        assert np.array_equal(one.masks[name], mask)
        assert not made[~mask].any()
        assert made.dtype == np.float32
        assert not np.array_equal(made, start)
        assert np.array_equal(made, other.initial[name]) is (reinit == "constant")
        if reinit == "shuffled":
            assert sorted(made[mask]) == sorted(start[mask])
        elif reinit == "constant":
            assert np.array_equal(made[mask], np.float32(experiment.spread(parameter)) * np.sign(start[mask]))
        elif reinit == "resampled":
            assert set(made[mask]) < set(start[mask])
        else:
            added = (made - start)[mask] / experiment.spread(parameter)
            assert abs(added.mean()) < 5 / np.sqrt(added.size)
            assert added.std() == pytest.approx(1, abs=5 / np.sqrt(2 * added.size))
    assert experiment.begins("random-reinit", 1) == experiment.begins("ticket", 1)


def test_noise_is_in_standard_deviations(short):
    def added(noise):
        networks = trained(events_of(short.but(levels=1, reinit="noise", noise=noise)))
        ticket, reinit = (networks[Network(variant, 0, 1)].initial["fc1.weight"] for variant in VARIANTS[:2])
        return reinit - ticket

    assert np.allclose(3 * added(1.0), added(3.0), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"reinit": "shuffled", "reinit_draws": 0}, ("Reinit", "Reinit draws")),
        ({"noise": 2.0}, ("Noise", "Reinit")),
        ({"reinit": "shufled"}, ("Reinit", "did you mean shuffled?")),
        ({"ticket_draws": 0}, ("Ticket draws", "from 1 to 20")),
    ],
)
def test_controls_that_make_no_sense_are_refused(settings, names):
    with pytest.raises(Refused) as refused:
        Experiment(dataset="digits", **settings)
    assert is_one_sentence(str(refused.value))
    assert all(name in str(refused.value) for name in names)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sparse_draws": 0}, "; the same mask with new initial weights reaches "),
        ({"reinit_draws": 0}, "; a random mask reaches "),
        ({"reinit": "shuffled"}, "; the same mask with its initial weights shuffled reaches "),
    ],
)
def test_the_sentence_speaks_of_what_was_trained(short, settings, words):
    experiment = short.but(**settings)
    state = fold_all(State(experiment), events_of(experiment))
    assert words in said(story(state, Selection()))
    assert ("random mask" in said(story(state, Selection()))) is bool(experiment.sparse_draws)
    assert said(presented(state, Selection())).count("%") == 1 + len(experiment.variants)


def test_tickets_alone_are_told_of(short):
    experiment = short.but(reinit_draws=0, sparse_draws=0)
    state = fold_all(State(experiment), events_of(experiment))
    assert said(story(state, Selection())).endswith("%.")
    assert {network.variant for network in state.networks} == {"ticket"}


def test_means_say_how_many_networks_they_go_over(repeated):
    experiment, events = repeated
    state = fold_all(State(experiment), events)
    assert caption(state, Selection())[1] == "mean and lowest to highest of 4, 6 networks"
    assert caption(state, Selection(level=0))[1] == "mean and lowest to highest of 4 networks"


def test_overlap_is_between_replicates_not_between_draws_of_one_mask(repeated):
    experiment, events = repeated
    state = fold_all(State(experiment), events)
    one, other = (state.networks[Network("ticket", replicate, 2)].masks["fc1.weight"] for replicate in (0, 1))
    share = f"{100 * (one & other).sum() / one.sum():.1f}"
    of_tickets = {name: cell for name, cell in zip(*overlap_columns(state), strict=True) if name.startswith("ticket")}
    assert set(of_tickets.values()) == {share}


def overlap_columns(state):
    table = overlap_table(state, Selection())
    return table.columns, table.rows[-1]
