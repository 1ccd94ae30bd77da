"""The search: who comes in which order, from where each starts, and that its numbers depend on nothing else."""

import threading
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer import Experiment, Refused, pruning, search
from explorer.algorithm import draw_weights, order, pruned, start
from explorer.events import (
    VARIANTS,
    Diverged,
    Ended,
    Evaluated,
    Glimpse,
    Network,
    NetworkStarted,
    NetworkTrained,
    Progress,
    WeightsSeen,
)

networks = st.builds(Network, st.sampled_from(VARIANTS), *[st.integers(0, 3)] * 3)
"""Who a network may be, draws included."""


def bits(events):
    """All that records say, arrays included."""
    fields = ("masks", "initial", "final")
    return [
        (repr(event), *(a.tobytes() for name in fields for a in getattr(event, name, {}).values()))
        for event in events
        if not isinstance(event, Glimpse)
    ]


def no_gradient(start):
    """Stand for the gradient where no criterion asks for one."""
    raise AssertionError("nobody asked for a gradient")


@pytest.fixture(scope="module")
def deep(tiny):
    """The tiny experiment, three levels deep."""
    return tiny.but(levels=3, iterations=20)


@pytest.fixture(scope="module")
def events(deep):
    return list(search(deep, "cpu"))


@pytest.fixture(scope="module")
def trained(events):
    return {event.network: event for event in events if isinstance(event, NetworkTrained)}


def test_levels_come_in_order_and_each_holds_three_variants_of_every_replicate(deep):
    dense, *levels = order(deep)
    assert dense == [("ticket", 0, 0, 0), ("ticket", 1, 0, 0)]
    for level, population in enumerate(levels, 1):
        assert len(population) == 6
        assert set(population) == {(variant, replicate, level, 0) for variant in VARIANTS for replicate in (0, 1)}


def test_every_network_starts_is_evaluated_and_ends_once_and_the_search_ends_last(deep, events):
    expected = [network for population in order(deep) for network in population]
    records = [event for event in events if not isinstance(event, Glimpse)]
    assert [e.network for e in records if isinstance(e, NetworkStarted)] == expected
    assert [e.network for e in records if isinstance(e, NetworkTrained)] == expected
    for network in expected:
        of_network = [e for e in records[:-1] if e.network == network]
        assert [type(e) for e in of_network] == [NetworkStarted, *[Evaluated] * 2, NetworkTrained]
        assert [e.iteration for e in of_network[1:-1]] == list(deep.evaluations)
    assert records[-1] == Ended("finished")


def test_a_level_begins_when_the_one_above_has_ended(events):
    levels = [event.network.level for event in events if not isinstance(event, Ended)]
    assert levels == sorted(levels)


def test_networks_of_a_level_advance_together(events):
    evaluated = [(e.network.level, e.iteration) for e in events if isinstance(e, Evaluated)]
    assert evaluated == sorted(evaluated)


def test_masks_nest_and_layers_have_their_counts(deep, trained):
    for network, known in trained.items():
        assert {name: mask.sum() for name, mask in known.masks.items()} == deep.survivors(network.level)
        if network.level and network.variant != "random-sparse":
            above = trained[Network("ticket", network.replicate, network.level - 1)]
            assert not any((mask & ~above.masks[name]).any() for name, mask in known.masks.items())


def test_the_kept_weights_are_those_of_largest_magnitude(deep, trained):
    for replicate, level in ((0, 1), (1, 1), (0, 3)):
        above, below = (trained[Network("ticket", replicate, k)] for k in (level - 1, level))
        for name, mask in below.masks.items():
            magnitudes = np.abs(above.final[name])
            assert magnitudes[mask].min() >= magnitudes[above.masks[name] & ~mask].max()


def test_a_ticket_starts_from_its_mask_times_the_same_original_at_every_level(deep, trained):
    for replicate in (0, 1):
        original = trained[Network("ticket", replicate, 0)].initial
        for level in range(1, deep.levels + 1):
            ticket = trained[Network("ticket", replicate, level)]
            for name, values in ticket.initial.items():
                assert np.array_equal(values, original[name] * ticket.masks.get(name, 1))
    one, two = (trained[Network("ticket", replicate, 0)].initial for replicate in (0, 1))
    assert not np.array_equal(one["fc1.weight"], two["fc1.weight"])


def test_random_reinit_has_the_tickets_mask_and_random_sparse_its_counts_elsewhere(trained):
    for network, ticket in trained.items():
        if network.variant == "ticket" and network.level:
            reinit, sparse = (trained[network._replace(variant=variant)] for variant in VARIANTS[1:])
            for name, mask in ticket.masks.items():
                assert np.array_equal(reinit.masks[name], mask)
                assert not np.array_equal(reinit.initial[name], ticket.initial[name])
                assert sparse.masks[name].sum() == mask.sum()
                assert not np.array_equal(sparse.masks[name], mask)


def test_pruned_weights_are_zero_before_and_after(trained):
    for known in trained.values():
        for name, mask in known.masks.items():
            for weights in (known.initial[name], known.final[name]):
                assert weights.dtype == np.float32
                assert not weights[~mask].any()
                assert weights[mask].all()


@given(networks, networks, st.integers(0, 2), st.integers(0, 2))
def test_a_control_starts_from_its_whole_identity_and_a_ticket_from_its_replicate(tiny, one, two, seed, other):
    def identity(network, seed):
        return (seed, network.replicate) if network.variant == "ticket" else (seed, network)

    first = draw_weights(tiny.but(seed=seed), one)["fc2.weight"]
    second = draw_weights(tiny.but(seed=other), two)["fc2.weight"]
    assert np.array_equal(first, second) == (identity(one, seed) == identity(two, other))


def test_initial_weights_are_gaussian_glorot_of_the_dense_layer_and_biases_zero():
    experiment = Experiment(dataset="digits")
    for network in (Network("ticket", 0, 0), Network("random-sparse", 1, 9)):
        drawn = draw_weights(experiment, network)
        for name, units, inputs in (("fc1", 300, 784), ("fc2", 100, 300), ("fc3", 10, 100)):
            weights, n = drawn[f"{name}.weight"], units * inputs
            assert weights.shape == (units, inputs)
            standard = weights / np.sqrt(2 / (inputs + units))
            assert abs(standard.mean()) < 5 / np.sqrt(n)
            assert standard.std() == pytest.approx(1, abs=5 / np.sqrt(2 * n))
            assert np.mean(standard**4) == pytest.approx(3, abs=5 * np.sqrt(96 / n))
            assert not drawn[f"{name}.bias"].any()


@given(st.integers(0, 9))
def test_random_masks_depend_on_the_whole_identity(deep, trained, draw):
    known = {Network("ticket", replicate, 1): trained[Network("ticket", 0, 1)] for replicate in (0, 1)}
    who = Network("random-sparse", 0, 2, draw)

    def mask(network):
        return start(deep, network, known, pruned(deep, known, no_gradient, network)).masks["fc1.weight"]

    one, again, *others = map(mask, (who, who, who._replace(draw=draw + 1), who._replace(replicate=1)))
    assert np.array_equal(one, again)
    for other in others:
        assert not np.array_equal(one, other)


def test_a_parent_is_pruned_once_for_its_three_children(deep, monkeypatch):
    pruned_masks = []

    original = pruning.prune

    def prune(scores, masks, groups):
        pruned_masks.append(masks)
        return original(scores, masks, groups)

    monkeypatch.setattr("explorer.algorithm.pruning.prune", prune)
    list(search(deep, "cpu"))
    assert len(pruned_masks) == deep.replicates * deep.levels


def test_what_is_known_is_not_trained_again_and_the_rest_is_the_same(deep, events, trained):
    known = {network: event for network, event in trained.items() if network.level <= 1}
    rest = [event for event in search(deep, "cpu", known) if isinstance(event, Ended) or event.network not in known]
    assert bits(rest) == bits(e for e in events if isinstance(e, Ended) or e.network not in known)
    assert len(known) == 8  # the caller's own was left alone


def test_nothing_known_is_announced_again(deep, trained):
    known = {network: event for network, event in trained.items() if network.level <= 2}
    resumed = search(deep, "cpu", known)
    assert next(resumed).network.level == 3
    resumed.close()


def test_watching_shows_weights_and_changes_no_record(deep, events):
    watched = Network("random-sparse", 1, 1)
    seen = list(search(deep, "cpu", watch=lambda network: network == watched))
    assert bits(seen) == bits(events)
    glimpses = [event for event in seen if isinstance(event, WeightsSeen)]
    (end,) = (e for e in seen if isinstance(e, NetworkTrained) and e.network == watched)
    assert [(event.network, event.iteration) for event in glimpses] == [(watched, i) for i in deep.evaluations]
    for name, values in end.final.items():
        assert np.array_equal(glimpses[0].weights[name], end.initial[name])
        assert np.array_equal(glimpses[-1].weights[name], values)
    assert not any(isinstance(event, WeightsSeen) for event in events)


def test_the_same_experiment_gives_the_same_bits_beside_another_search():
    experiment = Experiment(dataset="digits", prune=0.5, levels=1, replicates=1, iterations=20)
    alone = bits(search(experiment, "cpu"))
    training, stop = threading.Event(), threading.Event()

    def other():
        for event in search(experiment.but(seed=1, levels=9, iterations=1_000), "cpu"):
            if isinstance(event, Progress):
                training.set()
            if stop.is_set():
                break

    beside = threading.Thread(target=other)
    beside.start()
    try:
        assert training.wait(60)
        assert bits(search(experiment, "cpu")) == alone
        assert beside.is_alive()
    finally:
        stop.set()
        beside.join()
    assert bits(search(experiment.but(seed=1), "cpu")) != alone


def test_searches_pulled_in_turn_give_the_same_bits_and_leave_torch_its_threads():
    experiment = Experiment(dataset="digits", prune=0.5, levels=1, replicates=1, iterations=20)
    alone, before = bits(search(experiment, "cpu")), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        one, two = search(experiment.but(seed=1), "cpu"), search(experiment, "cpu")
        next(one)
        first = next(two)
        assert torch.get_num_threads() == 2
        one.close()
        assert bits([first, *two]) == alone
    finally:
        torch.set_num_threads(before)


def test_below_an_eighth_of_the_weights_every_ticket_ends_above_every_control(shared):
    experiment, state = shared.experiment, shared.live
    levels = [level for level in range(1, experiment.levels + 1) if experiment.density(level) <= 0.12]
    assert levels
    for level in levels:
        ends = {v: [k.last.test_accuracy for k in state.find(v, level).values()] for v in VARIANTS}
        assert [len(of_variant) for of_variant in ends.values()] == [experiment.replicates] * 3
        assert min(ends["ticket"]) > max(ends["random-reinit"] + ends["random-sparse"])


def ends(events):
    return {e.network: type(e) for e in events if isinstance(e, NetworkTrained | Diverged)}


def test_a_control_that_diverges_is_recorded_and_the_rest_goes_on(deep, explode, trained):
    doomed = Network("random-reinit", 1, 2)
    explode(doomed)
    events = list(search(deep, "cpu"))
    assert ends(events) == {network: Diverged if network == doomed else NetworkTrained for network in trained}
    assert [e for e in events if isinstance(e, Diverged)] == [Diverged(doomed, 20)]
    assert [e.iteration for e in events if isinstance(e, Evaluated) and e.network == doomed] == [0]
    assert events[-1] == Ended("finished")
    for event in events:
        if isinstance(event, NetworkTrained):
            for name, values in event.final.items():
                assert np.array_equal(values, trained[event.network].final[name])


def test_a_ticket_that_diverges_ends_its_replicate(deep, explode, trained):
    doomed = Network("ticket", 0, 1)
    explode(doomed)
    events = list(search(deep, "cpu"))
    rest = {network for network in trained if network.replicate == 1 or network.level <= 1}
    assert ends(events) == {network: Diverged if network == doomed else NetworkTrained for network in rest}
    assert {e.network for e in events if isinstance(e, NetworkStarted)} == rest
    assert events[-1] == Ended("finished")


def test_when_every_dense_network_diverges_the_search_ends(deep, explode):
    dense = [Network("ticket", replicate, 0) for replicate in (0, 1)]
    explode(*dense)
    events = list(search(deep, "cpu"))
    assert ends(events) == dict.fromkeys(dense, Diverged)
    assert events[-1] == Ended("finished")


@pytest.mark.parametrize(("device", "said"), [("tpu", "auto, cpu, cuda"), ("cud", "did you mean cuda"), ("", "cpu")])
def test_an_unknown_device_is_refused_by_the_call_itself(tiny, device, said):
    with pytest.raises(Refused, match=said) as caught:
        search(tiny, device)
    assert list(caught.value.problems) == ["device"]


def test_cuda_is_refused_where_there_is_none(tiny, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Refused, match="'cuda' is not accepted; give auto or cpu"):
        search(tiny, "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_search_on_a_gpu_has_the_right_densities_and_nested_masks():
    experiment = Experiment(dataset="digits", prune=0.5, levels=3, replicates=2, iterations=60)
    events = list(search(experiment, "cuda"))
    trained = {event.network: event for event in events if isinstance(event, NetworkTrained)}
    assert len(trained) == 20
    assert {event.device for event in events if isinstance(event, Progress)} == {"GPU"}
    for network, known in trained.items():
        alive = sum(mask.sum() for mask in known.masks.values())
        assert alive / 266_200 == experiment.density(network.level)
        assert not any(known.final[name][~mask].any() for name, mask in known.masks.items())
    for replicate in (0, 1):
        line = [trained[Network("ticket", replicate, level)].masks for level in range(4)]
        assert not any((below[name] & ~above[name]).any() for above, below in pairwise(line) for name in above)
