"""The studies of the paper's figures, held against the facts of the paper."""

import pytest

from explorer import Experiment, Refused, Study, study
from explorer.architectures import ARCHITECTURES
from explorer.events import VARIANTS
from explorer.state import State
from explorer.studies.figures import STUDIES
from explorer.studies.study import MOST, SIZES
from explorer.views.progress import network_iterations
from tests.support import is_one_sentence

FIGURES = (
    "1",
    "3",
    "4a",
    "4b",
    "4c",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "14",
    "15-16",
    "17-18",
    "19-20",
    "21-24",
    "25",
    "38-41",
)
WITH_LENET = {"1", "3", "4a", "4b", "4c", "9", "14", "15-16", "17-18", "19-20", "21-24", "25"}

RECIPES = {
    "lenet-300-100": (50_000, 60, "adam", 1.2e-3),
    "conv-2": (20_000, 60, "adam", 2e-4),
    "conv-4": (25_000, 60, "adam", 3e-4),
    "conv-6": (30_000, 60, "adam", 3e-4),
    "resnet-18": (30_000, 128, "momentum", 0.1),
    "vgg-19": (112_000, 64, "momentum", 0.1),
}
"""Iterations, batch, optimizer and learning rate of each architecture (paper, Figure 2)."""

CONTROLS = {
    **dict.fromkeys(["1"], (0, 2)),
    **dict.fromkeys(["3", "4a", "4b", "4c", "5", "7", "8"], (3, 0)),
    **dict.fromkeys(["6", "9", "10", "15-16", "19-20", "21-24", "38-41"], (0, 0)),
    "14": (3, 2),
}
"""Random reinits and random sparse networks of each ticket, in figures whose experiments all have the same."""


def paper(figure):
    """The experiments of a figure as the paper ran them, by label."""
    return dict(STUDIES[f"figure-{figure}-paper"].experiments)


def every(size=None):
    """The studies of a size, or of all."""
    return [pytest.param(known, id=name) for name, known in STUDIES.items() if size in (None, known.size)]


def test_there_is_every_figure_in_its_sizes_and_no_other():
    wanted = [(figure, size) for figure in FIGURES for size in SIZES if size != "talk" or figure in WITH_LENET]
    assert [(known.figure, known.size) for known in STUDIES.values()] == wanted
    assert list(STUDIES) == [f"figure-{figure}-{size}" for figure, size in wanted]


@pytest.mark.parametrize("known", every())
def test_a_study_reads_as_it_was_written_and_says_what_it_is(known):
    assert Study.from_json(known.to_json()) == known
    assert study(known.name) is known
    assert known.title.startswith(("Figure ", "Figures "))
    assert known.figure.replace("-", "–") in known.title
    assert is_one_sentence(known.about)
    assert 1 <= len(known.experiments) <= MOST
    assert known.cost == sum(network_iterations(State(experiment))[1] for _, experiment in known.experiments)


@pytest.mark.parametrize("known", every("paper"))
def test_at_the_papers_size_recipes_replicates_and_controls_are_the_papers(known):
    appendix = {"9", "10", "17-18", "25", "38-41"}
    for _, experiment in known.experiments:
        iterations, batch, optimizer, rate = RECIPES[experiment.architecture]
        assert (experiment.iterations, experiment.batch) == (iterations, batch)
        assert experiment.dataset == ("mnist" if experiment.network.fully_connected else "cifar10")
        assert (experiment.prune, experiment.evaluate, experiment.seed) == (0.2, 100, 0)
        assert experiment.replicates == (3 if known.figure in appendix else 5)
        if known.figure not in ("6", "7", "8", "14", "15-16", "21-24", "38-41"):
            assert (experiment.optimizer, experiment.learning_rate) == (optimizer, rate)
        if known.figure in CONTROLS:
            assert (experiment.reinit_draws, experiment.sparse_draws) == CONTROLS[known.figure]
        assert experiment.ticket_draws == 1


@pytest.mark.parametrize(
    ("figure", "label", "densities"),
    [
        ("3", "lenet", (51.3, 21.1, 7.0, 3.6, 1.9)),
        ("4a", "iterative", (51.3, 21.1, 13.5, 3.6, 2.9)),
        ("5", "conv-2", (8.8, 4.6)),
        ("5", "conv-4", (11.1, 9.2)),
        ("5", "conv-6", (26.6, 15.3)),
        ("7", "warmup", (6.9, 3.5, 1.5)),
        ("8", "warmup", (41.7, 27.1, 21.9, 11.8)),
        ("38-41", "vgg-19-layer-wise", (6.9, 1.5)),
    ],
)
def test_the_densities_that_the_paper_speaks_of_are_levels(figure, label, densities):
    assert set(densities) <= {round(100 * density, 1) for density in paper(figure)[label].densities}


@pytest.mark.parametrize("architecture", ["conv-2", "conv-4", "conv-6"])
def test_convolutional_networks_are_pruned_below_two_per_cent(architecture):
    assert paper("5")[architecture].densities[-1] < 0.02


def test_each_figure_runs_what_the_paper_compares():
    lenet = Experiment(reinit_draws=3, sparse_draws=0)
    assert paper("4a") == paper("4b") == paper("4c") == {"iterative": lenet, "one-shot": lenet.but(protocol="one-shot")}
    assert {label: (e.dropout, e.learning_rate) for label, e in paper("6").items()} == {
        "conv-2-dropout": (0.5, 3e-4),
        "conv-4-dropout": (0.5, 2e-4),
        "conv-6-dropout": (0.5, 2e-4),
        "conv-2": (0, 2e-4),
        "conv-4": (0, 3e-4),
        "conv-6": (0, 3e-4),
    }
    assert [(label, e.learning_rate, e.warmup, e.scope) for label, e in paper("7").items()] == [
        ("rate-0.1", 0.1, 0, "global"),
        ("rate-0.01", 0.01, 0, "global"),
        ("warmup", 0.1, 10_000, "global"),
    ]
    assert [(label, e.learning_rate, e.warmup, e.scope) for label, e in paper("8").items()] == [
        ("rate-0.1", 0.1, 0, "global"),
        ("rate-0.01", 0.01, 0, "global"),
        ("warmup", 0.03, 20_000, "global"),
    ]
    assert [e.protocol for e in paper("9").values()] == ["resetting", "continued"]
    assert len({(e.architecture, e.protocol) for e in paper("10").values()}) == 6
    assert [e.architecture for e in paper("14").values()] == list(ARCHITECTURES)
    for figure in ("15-16", "21-24"):
        assert [(e.optimizer, e.learning_rate) for e in paper(figure).values()] == [("adam", 1.2e-3), ("sgd", 0.8)]
    assert [(e.reinit, e.criterion) for e in paper("17-18").values()] == [
        ("drawn", "magnitude"),
        ("resampled", "magnitude"),
        ("drawn", "magnitude-at-start"),
    ]
    assert [(e.reinit, e.noise) for e in paper("25").values()] == [("drawn", 1)] + [
        ("noise", times) for times in (0.5, 1, 2, 3)
    ]
    assert [(e.architecture, e.scope, e.learning_rate, e.warmup) for e in paper("38-41").values()] == [
        (architecture, scope, rate, warmup)
        for architecture, rate, warmup in (("vgg-19", 0.1, 10_000), ("resnet-18", 0.03, 20_000))
        for scope in ("global", "layer-wise")
    ]


@pytest.mark.parametrize("known", [*every("evening"), *every("talk")])
def test_a_smaller_size_asks_the_same_with_less(known):
    whole = paper(known.figure)
    for label, experiment in known.experiments:
        same = ("architecture", "protocol", "criterion", "scope", "reinit", "noise", "dropout", "learning_rate")
        assert all(getattr(experiment, name) == getattr(whole[label], name) for name in same)
        assert experiment.variants == whole[label].variants
        assert experiment.network_iterations <= whole[label].network_iterations
        assert experiment.densities[-1] == pytest.approx(whole[label].densities[-1], rel=0.5)


@pytest.mark.parametrize("known", every("talk"))
def test_a_talk_is_lenet_on_digits_and_cheap(known):
    assert set(known.labels) == {label for label, e in paper(known.figure).items() if e.network.fully_connected}
    for _, experiment in known.experiments:
        assert (experiment.architecture, experiment.dataset) == ("lenet-300-100", "digits")
        assert experiment.replicates == 3
        assert all(experiment.draws(variant) <= 1 for variant in VARIANTS)
    assert known.cost <= 225_000


PACES = {
    "lenet-300-100": 6e-6,
    "conv-2": 3e-4,
    "conv-4": 7e-4,
    "conv-6": 1.1e-3,
    "resnet-18": 1e-3,
    "vgg-19": 3e-3,
}
"""Seconds of a network-iteration on an H100, assumed by who cut the studies down."""


@pytest.mark.parametrize("known", every("evening"))
def test_an_evening_is_about_an_hour_by_the_assumed_paces(known):
    hours = 0.0
    for _, experiment in known.experiments:
        evaluated = 0.4 * experiment.evaluated / (experiment.evaluate * experiment.batch)
        hours += experiment.network_iterations * PACES[experiment.architecture] * (1 + evaluated) / 3600
    assert hours < 1.25


def test_a_name_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(Refused, match=r"did you mean figure-4a-talk\?") as caught:
        study("figure-4a-tlak")
    assert is_one_sentence(str(caught.value))
