"""What a study would take: the work that there is, at the pace of a trial that is made once."""

import pytest

from explorer import Experiment, Refused, Study
from explorer.architectures import ARCHITECTURES
from explorer.studies import STUDIES, cost
from explorer.training.cores import usable_cores
from tests.support import is_one_sentence

PACE = 1e-3


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A file of paces that is nobody's."""
    file = tmp_path / "cache" / "trials.json"
    monkeypatch.setattr(cost, "cache", lambda: file)
    return file


@pytest.fixture
def tried(cache, monkeypatch):
    """What was tried: back end, architecture, optimizer, dropout, number of networks; every pace is the same."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    tried = []

    def try_it(kind, experiment, device, networks):
        tried.append((kind.name, experiment.architecture, experiment.optimizer, experiment.dropout, networks))
        return PACE

    monkeypatch.setattr(cost, "_try", try_it)
    return tried


def test_a_trial_is_made_once_and_remembered(tiny, cache, monkeypatch):
    said = []
    first = cost.seconds(tiny, "cpu", said.append)
    assert 0 < first < 60
    assert said == ["Trying a few steps of Lenet-300-100"]
    monkeypatch.setattr(cost, "_try", None)  # whoever tries now fails
    assert cost.seconds(tiny, "cpu", said.append) == first
    assert cost.seconds(tiny.but(levels=2, seed=3, iterations=60), "cpu") > first
    assert len(said) == 1


def test_time_is_the_work_of_training_and_evaluation_at_the_pace(tried):
    experiment = Experiment(dataset="digits", architecture="conv-2", levels=3, replicates=2, iterations=250)
    networks, evaluations = 2 + 3 * 2 * 3, len([0, *range(20, 201, 20), 250])
    images = experiment.iterations * 60 + 0.4 * evaluations * (1_000 + 500 + 1_000)
    assert cost.seconds(experiment) == pytest.approx(networks * images * PACE / 60)
    assert tried == [("torch", "conv-2", "adam", 0, 1)]


def test_pruned_networks_take_less_where_the_back_end_is_sparse(tried):
    lenet = Experiment(dataset="digits", levels=10, replicates=1, iterations=100, reinit_draws=0, sparse_draws=0)
    dense = cost.seconds(lenet.but(optimizer="sgd"), "cpu")
    assert cost.seconds(lenet, "cpu") < 0.5 * dense
    assert tried == [("torch", "lenet-300-100", "sgd", 0, 1), ("numba", "lenet-300-100", "adam", 0, 1)]


def test_a_study_takes_as_long_as_its_experiments_and_each_kind_of_network_is_tried_once(tried):
    for known in STUDIES.values():
        alone = sum(cost.seconds(experiment, "cpu") for _, experiment in known.experiments)
        assert cost.seconds(known, "cpu") == pytest.approx(alone)
    assert {architecture for _, architecture, *_ in tried} == set(ARCHITECTURES)
    assert len(tried) == len(set(tried))
    assert all(networks <= usable_cores() for *_, networks in tried)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"a": "b"}', b'{"a": -1.0}', b'{"a": NaN}'])
def test_a_damaged_cache_does_no_harm(tried, cache, content):
    cache.parent.mkdir()
    cache.write_bytes(content)
    assert cost.remembered() == {}
    first = cost.seconds(STUDIES["figure-3-talk"], "cpu")
    assert cost.seconds(STUDIES["figure-3-talk"], "cpu") == first
    assert len(tried) == 1


def test_a_cache_that_cannot_be_written_does_no_harm(tried, cache):
    cache.parent.write_text("no folder")
    assert cost.seconds(STUDIES["figure-3-talk"], "cpu") > 0
    assert cost.seconds(STUDIES["figure-3-talk"], "cpu") > 0
    assert len(tried) == 2


def test_a_device_that_is_not_here_is_refused(tried, tiny):
    with pytest.raises(Refused) as caught:
        cost.seconds(Study("mine", "Mine", "Runs one.", (("one", tiny),)), "cuda")
    assert is_one_sentence(str(caught.value))
    assert tried == []
