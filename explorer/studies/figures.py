"""The paper's figures as studies (Frankle & Carbin 2019), each in the sizes of `SIZES`.

`paper` is what the paper ran: the recipe of each architecture, 20% a level, five replicates in the main text and three
in the appendices, three random reinits and two random sparse networks of each ticket where the figure shows them.
`talk` is the Lenet part of a figure, small enough for two CPU cores. `evening` is what fits into about an hour on one
H100.

What an hour holds was reckoned with these network-iterations, assumed and not measured: Lenet-300-100 6 µs, Conv-2 0.3
ms, Conv-4 0.7 ms, Conv-6 1.1 ms, Resnet-18 1 ms, VGG-19 3 ms, and as much again for evaluation, with batch 128 half as
much. Lenet at the paper's size takes minutes by that, so that its evening is the paper's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from explorer.errors import Refused, nearest, sentence
from explorer.experiment import Experiment
from explorer.studies.study import SIZES, Study

LEVELS = {"lenet-300-100": 20, "conv-2": 20, "conv-4": 22, "conv-6": 22, "resnet-18": 14, "vgg-19": 20}
"""How many levels lead as far down as the paper speaks of: below 2% of the weights, in Resnet-18 to 5.5%."""

THREE_LEVELS = 0.488  # = 1 - 0.8³: every third of the paper's levels

CONVS = ("conv-2", "conv-4", "conv-6")

Labelled = tuple[tuple[str, Experiment], ...]


class Cut(NamedTuple):
    """An evening's share of the paper's work: so many replicates, and 1 / `part` of the iterations."""

    replicates: int
    part: int


EVENING = {"conv-2": Cut(3, 2), "conv-4": Cut(3, 2), "conv-6": Cut(3, 2), "resnet-18": Cut(2, 1), "vgg-19": Cut(1, 8)}


@dataclass(frozen=True)
class _Figure:
    """A figure of the paper: what it ran, and what to look for."""

    figure: str
    title: str
    about: str
    experiments: Labelled
    evening: Mapping[str, Cut] = field(default_factory=lambda: EVENING)

    def studies(self) -> Iterable[Study]:
        """Yield its studies, a size each; there is a talk where there is a Lenet part."""
        many = "s" if "-" in self.figure else ""
        for size in SIZES:
            experiments = self._sized(size)
            if experiments:
                title = f"Figure{many} {self.figure.replace('-', '–')}: {self.title}"
                name = f"figure-{self.figure}-{size}"
                lenet = " In this size it is Lenet alone." if len(experiments) < len(self.experiments) else ""
                yield Study(name, title, self.about + lenet, experiments, self.figure, size)

    def _sized(self, size: str) -> Labelled:
        if size == "paper":
            return self.experiments
        if size == "evening":
            return tuple((label, self._evening(experiment)) for label, experiment in self.experiments)
        return tuple((label, _talk(each)) for label, each in self.experiments if each.network.fully_connected)

    def _evening(self, paper: Experiment) -> Experiment:
        """Cut an experiment down: every third level, one draw of each control, fewer replicates and iterations."""
        if paper.network.fully_connected:
            return paper
        replicates, part = self.evening[paper.architecture]
        shorter = {"iterations": paper.iterations // part, "warmup": paper.warmup // part}
        return _coarser(paper, replicates=replicates, **shorter)


def _talk(paper: Experiment) -> Experiment:
    """Cut an experiment of Lenet down to what a stage has time for."""
    return _coarser(paper, dataset="digits", replicates=3, iterations=1_000, evaluate=50)


def _coarser(paper: Experiment, **changes: Any) -> Experiment:
    """Go through every third level, with at most one draw of each control."""
    draws = {name: min(1, getattr(paper, name)) for name in ("reinit_draws", "sparse_draws")}
    return paper.but(prune=THREE_LEVELS, levels=round(paper.levels / 3), **draws, **changes)


def _paper(architecture: str = "lenet-300-100", reinits: int = 0, sparse: int = 0, **settings: Any) -> Experiment:
    """Return an experiment of the paper's: its recipe, and so many controls of each ticket."""
    levels = settings.pop("levels", LEVELS[architecture])
    draws = {"reinit_draws": reinits, "sparse_draws": sparse}
    return Experiment(architecture=architecture, levels=levels, **draws, **settings)


def _each(architectures: Iterable[str], **settings: Any) -> Labelled:
    """Return the same experiment for several convolutional architectures, labelled by their names."""
    return tuple((name, _paper(name, **settings)) for name in architectures)


def _rates(architecture: str, rate: float, warmup: int, **settings: Any) -> Labelled:
    """Return an experiment at the usual rate 0.1, at 0.01, and at a rate that is warmed up to (Figures 7 and 8)."""
    return (
        ("rate-0.1", _paper(architecture, learning_rate=0.1, **settings)),
        ("rate-0.01", _paper(architecture, learning_rate=0.01, **settings)),
        ("warmup", _paper(architecture, learning_rate=rate, warmup=warmup, **settings)),
    )


REINITS = 3  # of each ticket in the main text
SPARSE = 2
APPENDIX = 3  # replicates

RESNET_WARMUP: dict[str, Any] = {"learning_rate": 0.03, "warmup": 20_000}
VGG_WARMUP: dict[str, Any] = {"learning_rate": 0.1, "warmup": 10_000}
SGD: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.8}  # Appendix F.2

LENET = _paper()  # with no controls: Appendix F looks at its tickets, of five replicates
PRUNED_TWO_WAYS: Labelled = (
    ("iterative", _paper(reinits=REINITS)),
    ("one-shot", _paper(reinits=REINITS, protocol="one-shot")),
)

FIGURES = (
    _Figure(
        "1",
        "random sparse networks against tickets",
        "Tickets and random sparse networks of four architectures: the sparser a random network, the slower and worse.",
        (("lenet", _paper(sparse=SPARSE)), *_each(CONVS, sparse=SPARSE)),
    ),
    _Figure(
        "3",
        "accuracy as Lenet trains",
        "Lenet's tickets and random reinits as they train: with 51.3% of the weights tickets beat the dense network, "
        "with 21.1% they are fastest, with 3.6% they are back at its accuracy.",
        (("lenet", _paper(reinits=REINITS, levels=18)),),
    ),
    _Figure(
        "4a",
        "early stopping against weights remaining",
        "Lenet pruned level by level and in one shot: tickets stop ever earlier down to 21%, reinits ever later.",
        PRUNED_TWO_WAYS,
    ),
    _Figure(
        "4b",
        "accuracy at the end of training",
        "Lenet pruned level by level and in one shot: at the last iteration, too, tickets are the most accurate.",
        PRUNED_TWO_WAYS,
    ),
    _Figure(
        "4c",
        "pruning in one shot",
        "Lenet pruned in one shot, beside level by level: one shot finds winning tickets, but not such small ones.",
        tuple(reversed(PRUNED_TWO_WAYS)),
    ),
    _Figure(
        "5",
        "Conv-2, Conv-4 and Conv-6",
        "Three convolutional networks with random reinits: tickets stop up to 3.5 times as early as the dense network "
        "and are up to 3.5 points more accurate.",
        _each(CONVS, reinits=REINITS),
    ),
    _Figure(
        "6",
        "dropout",
        "Three convolutional networks with dropout 0.5 and without: pruning adds to what dropout gains.",
        (
            ("conv-2-dropout", _paper("conv-2", dropout=0.5, learning_rate=3e-4)),
            ("conv-4-dropout", _paper("conv-4", dropout=0.5, learning_rate=2e-4)),
            ("conv-6-dropout", _paper("conv-6", dropout=0.5, learning_rate=2e-4)),
            *_each(CONVS),
        ),
    ),
    _Figure(
        "7",
        "VGG-19 and the learning rate",
        "VGG-19 at learning rates 0.1, 0.01 and 0.1 with warmup: 0.1 finds no winning tickets, but with warmup "
        "down to 1.5%.",
        _rates("vgg-19", 0.1, 10_000, reinits=REINITS),
    ),
    _Figure(
        "8",
        "Resnet-18 and the learning rate",
        "Resnet-18 at learning rates 0.1, 0.01 and 0.03 with warmup: 0.1 finds no winning tickets, the others do, and "
        "warmup makes them as accurate as the dense network at 0.1.",
        _rates("resnet-18", 0.03, 20_000, reinits=REINITS),
    ),
    _Figure(
        "9",
        "resetting against continued training, Lenet",
        "Lenet reset after each pruning, beside Lenet trained on: resetting wins down to fewer weights.",
        (
            ("resetting", _paper(replicates=APPENDIX)),
            ("continued", _paper(replicates=APPENDIX, protocol="continued")),
        ),
    ),
    _Figure(
        "10",
        "resetting against continued training, convolutions",
        "Three convolutional networks reset after each pruning, beside the same trained on: resetting wins.",
        tuple(
            (f"{name}-{protocol}", _paper(name, replicates=APPENDIX, protocol=protocol))
            for name in CONVS
            for protocol in ("resetting", "continued")
        ),
    ),
    _Figure(
        "14",
        "ticket, random reinit and random sparse side by side",
        "All variants of all six networks: Lenet's random reinits are above random sparse, elsewhere the two hardly "
        "differ.",
        (
            ("lenet", _paper(reinits=REINITS, sparse=SPARSE)),
            *_each(CONVS, reinits=REINITS, sparse=SPARSE),
            ("resnet-18", _paper("resnet-18", reinits=REINITS, sparse=SPARSE, **RESNET_WARMUP)),
            ("vgg-19", _paper("vgg-19", reinits=REINITS, sparse=SPARSE, **VGG_WARMUP)),
        ),
        # Six networks in one evening: less of each.
        {**dict.fromkeys(CONVS, Cut(2, 2)), "resnet-18": Cut(1, 3), "vgg-19": Cut(1, 16)},
    ),
    _Figure(
        "15-16",
        "the initial weights of tickets",
        "Lenet trained by Adam and by SGD: initial weights that survive keep off zero, but in Adam's first layer.",
        (("adam", LENET), ("sgd", _paper(**SGD))),
    ),
    _Figure(
        "17-18",
        "neither distribution nor magnitude at the start",
        "Lenet's tickets with initial values resampled from their own, and Lenet pruned by magnitude before training: "
        "neither keeps up with the ticket.",
        (
            ("lenet", _paper(replicates=APPENDIX, reinits=1)),
            ("resampled", _paper(replicates=APPENDIX, reinits=1, reinit="resampled")),
            ("at-start", _paper(replicates=APPENDIX, criterion="magnitude-at-start")),
        ),
    ),
    _Figure(
        "19-20",
        "how far weights move",
        "Lenet as the dense network trains: weights that will survive move further than others, and away from zero.",
        (("lenet", LENET),),
    ),
    _Figure(
        "21-24",
        "connections left of each unit",
        "Lenet trained by Adam and by SGD: units keep even shares of connections in, but not out, least of all pixels.",
        (("adam", LENET), ("sgd", _paper(**SGD))),
    ),
    _Figure(
        "25",
        "noise on the ticket's initial weights",
        "Lenet's tickets with noise of 0.5 to 3 standard deviations on their start: even with the most they stay above "
        "random reinits.",
        (
            ("reinit", _paper(replicates=APPENDIX, reinits=1)),
            *(
                (f"noise-{noise:g}", _paper(replicates=APPENDIX, reinits=1, reinit="noise", noise=noise))
                for noise in (0.5, 1.0, 2.0, 3.0)
            ),
        ),
    ),
    _Figure(
        "38-41",
        "global against layer-wise pruning",
        "VGG-19 and Resnet-18 with warmup, pruned as one and layer by layer: as one, VGG-19 has winning tickets down "
        "to 1.5%, layer by layer to 6.9%.",
        tuple(
            (f"{name}-{scope}", _paper(name, replicates=APPENDIX, scope=scope, **warmup))
            for name, warmup in (("vgg-19", VGG_WARMUP), ("resnet-18", RESNET_WARMUP))
            for scope in ("global", "layer-wise")
        ),
    ),
)

STUDIES: dict[str, Study] = {study.name: study for figure in FIGURES for study in figure.studies()}
"""Every study of a figure, in the paper's order, by name."""


def study(name: str) -> Study:
    """Return the study called `name`. Raises `Refused` with the nearest right name."""
    if name not in STUDIES:
        raise Refused(
            {"study": sentence("Study", repr(name), "a name that `lottery presets` lists", nearest(name, STUDIES))}
        )
    return STUDIES[name]
