"""What the paper says of its figures (Frankle & Carbin 2019), each claim with where it is measured in a study.

The ranges within which a number counts as the paper's own are ours: half of an effect or more, a density within a
factor of about 1.6, since means of five trainings differ from seed to seed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from explorer.events import Variant
from explorer.measures import Measurement, early_stop_iteration
from explorer.state import State
from explorer.studies.claims import UNFINISHED, Claim, Row, judge
from explorer.studies.measured import (
    NEAR,
    at,
    best_gain,
    earlier_down_to,
    falls_below,
    faster,
    fastest,
    finds_none,
    gained,
    is_above,
    less,
    matches_down_to,
    mean_below,
    more_accurate_down_to,
    mostly_below,
    moved_further,
    over_reinit,
    size_of_survivors,
    sooner,
    sparsest_over_dense,
    train_accuracy,
    unevenness,
    within_a_point_down_to,
)
from explorer.studies.study import Study
from explorer.views import words
from explorer.views.means import early_stop_accuracy, final_accuracy

UP = math.inf
CONVS = ("conv-2", "conv-4", "conv-6")

Order = Callable[..., bool | None]


def order(says: str, labels: str, holds: Order) -> Claim:
    """Make a claim that is true or not; `labels` names the experiments, with spaces between."""
    return Claim(says, tuple(labels.split()), holds)


def below(lower: Variant, upper: Variant, measure: Measurement = early_stop_accuracy) -> Order:
    """Return what tells whether a variant is mostly below another of its run."""
    return lambda state: mostly_below(state, lower, state, upper, measure)


def half_or_more(effect: float) -> tuple[float, float]:
    """Return the range in which an effect counts as the paper's."""
    return 0.5 * effect, UP


def _random_sparse(label: str, title: str) -> tuple[Claim, ...]:
    """Figure 1, of one architecture."""

    def later(state: State) -> bool | None:
        return is_above(sparsest_over_dense(state, early_stop_iteration, "random-sparse"), 0.0)

    def worse(state: State) -> bool | None:
        return is_above(0.0, sparsest_over_dense(state, early_stop_accuracy, "random-sparse"))

    return (
        order(f"{title}: the sparsest random networks stop later than the dense one", label, later),
        order(f"{title}: and are less accurate there", label, worse),
    )


def _convolutional(label: str, speed: tuple[float, float], accuracy: tuple[float, float]) -> tuple[Claim, ...]:
    """Figure 5, of one architecture: (density, how many times earlier) and (density, points more accurate)."""
    (fast, times), (good, points), title = speed, accuracy, label.title()
    one = (label,)

    return (
        Claim(f"{title}: at {100 * fast:.1f}% tickets stop earlier", one, lambda s: faster(s, fast), times,
              (0.7 * times, UP), "×"),
        Claim(f"{title}: at {100 * good:.1f}% tickets are more accurate, early stop", one,
              lambda s: gained(s, good, early_stop_accuracy), points, half_or_more(points), " points"),
        Claim(f"{title}: tickets are above dense down to, early stop", one, more_accurate_down_to, 2.0, (0, 4.0), "%",
              of_density=True),
    )  # fmt: skip


def _dropout(label: str, dense: float, pruned: float) -> tuple[Claim, ...]:
    """Figure 6, of one architecture: how much dropout adds to the dense network, and pruning to that."""
    both, title = (f"{label}-dropout", label), label.title()

    def raised(dropped: State, plain: State) -> float | None:
        return less(at(dropped, 1.0, early_stop_accuracy), at(plain, 1.0, early_stop_accuracy))

    return (
        Claim(f"{title}: dropout adds to dense, early stop", both, raised, dense, half_or_more(dense), " points"),
        Claim(f"{title} with dropout: pruning adds up to, early stop", both[:1],
              lambda s: best_gain(s, early_stop_accuracy), pruned, half_or_more(pruned), " points"),
    )  # fmt: skip


def _resetting(title: str, labels: str) -> Claim:
    """Figures 9 and 10, of one architecture."""
    says = f"{title}: from 25% down, continued tickets are less accurate than reset ones, early stop"
    return order(says, labels, lambda reset, continued: mean_below(continued, reset, early_stop_accuracy, 0.25))


ITERATIVE, ONE_SHOT = ("iterative",), ("one-shot",)

CLAIMS: Mapping[str, tuple[Claim, ...]] = {
    "1": (
        *_random_sparse("lenet", "Lenet"),
        *(claim for name in CONVS for claim in _random_sparse(name, name.title())),
    ),
    "3": (
        order("at about half of the weights tickets are more accurate than dense, end of training", "lenet",
              lambda s: is_above(gained(s, 0.513, final_accuracy), 0.0)),
        Claim("tickets stop earliest at a density of", ("lenet",), fastest, 21.1, (13, 34), "%", of_density=True),
        Claim("accuracy of tickets at 3.6% against dense, end of training", ("lenet",),
              lambda s: gained(s, 0.036, final_accuracy), 0.0, (-0.2, 0.2), " points"),
    ),
    "4a": (
        Claim("at 21.1% tickets stop earlier than dense, by", ITERATIVE, lambda s: sooner(s, 0.211), 38, (19, UP), "%"),
        Claim("at 13.5% tickets are more accurate than dense, early stop", ITERATIVE,
              lambda s: gained(s, 0.135, early_stop_accuracy), 0.3, half_or_more(0.3), " points"),
        Claim("tickets fall below dense accuracy at a density of", ITERATIVE,
              lambda s: falls_below(s, early_stop_accuracy), 2.9, (1.8, 4.6), "%", of_density=True),
        Claim("random reinits fall below dense accuracy at a density of", ITERATIVE,
              lambda s: falls_below(s, early_stop_accuracy, "random-reinit"), 21.1, (13, 34), "%", of_density=True),
        Claim("at 21.1% tickets stop earlier than random reinits", ITERATIVE,
              lambda s: faster(s, 0.211, "random-reinit"), 2.51, (1.75, UP), "×"),
        Claim("at 21.1% tickets are more accurate than random reinits, early stop", ITERATIVE,
              lambda s: over_reinit(s, 0.211, early_stop_accuracy), 0.5, half_or_more(0.5), " points"),
        order("tickets stop earlier than random reinits", "iterative",
              below("ticket", "random-reinit", early_stop_iteration)),
        order("random reinits are less accurate than tickets, early stop", "iterative",
              below("random-reinit", "ticket")),
    ),
    "4b": (
        Claim("tickets are more accurate than dense at the end of training, by up to", ITERATIVE,
              lambda s: best_gain(s, final_accuracy), 0.35, half_or_more(0.35), " points"),
        Claim("train accuracy of tickets at 1.9%, end of training", ITERATIVE,
              lambda s: at(s, 0.019, train_accuracy), 100, (99, 100), "%"),
        order("random reinits are less accurate than tickets at the end of training", "iterative",
              below("random-reinit", "ticket", final_accuracy)),
    ),
    "4c": (
        Claim("one-shot tickets stop earlier than dense down to", ONE_SHOT,
              earlier_down_to, 17.6, (0, 28), "%", of_density=True),
        Claim("one-shot tickets are more accurate than dense down to, early stop", ONE_SHOT,
              more_accurate_down_to, 5.17, (0, 8.3), "%", of_density=True),
        order("level by level finds smaller tickets that match than one shot", "one-shot iterative",
              lambda one_shot, iterative: is_above(matches_down_to(one_shot), matches_down_to(iterative))),
    ),
    "5": (
        *_convolutional("conv-2", (0.088, 3.5), (0.046, 3.4)),
        *_convolutional("conv-4", (0.092, 3.5), (0.111, 3.5)),
        *_convolutional("conv-6", (0.151, 2.5), (0.264, 3.3)),
    ),
    "6": (*_dropout("conv-2", 2.1, 2.3), *_dropout("conv-4", 3.0, 4.6), *_dropout("conv-6", 2.4, 4.7)),
    "7": (
        order("learning rate 0.1 finds no winning ticket", "rate-0.1", finds_none),
        Claim("rate 0.01: tickets are within a point of dense down to", ("rate-0.01",),
              within_a_point_down_to, 3.5, (0, 5.6), "%", of_density=True),
        Claim("rate 0.1 with warmup: tickets are within a point of dense down to", ("warmup",),
              within_a_point_down_to, 1.5, (0, 2.4), "%", of_density=True),
    ),
    "8": (
        Claim("rate 0.01: tickets at 41.7% reach, end of training", ("rate-0.01",),
              lambda s: at(s, 0.417, final_accuracy), 89.5, (88.9, UP), "%"),
        Claim("rate 0.1: the dense network reaches, end of training", ("rate-0.1",),
              lambda s: at(s, 1.0, final_accuracy), 90.5, (89.9, UP), "%"),
        Claim("rate 0.03 with warmup: tickets at 27.1% reach, end of training", ("warmup",),
              lambda s: at(s, 0.271, final_accuracy), 90.5, (89.9, UP), "%"),
    ),
    "9": (_resetting("Lenet", "resetting continued"),),
    "10": tuple(_resetting(name.title(), f"{name}-resetting {name}-continued") for name in CONVS),
    "14": (
        order("Lenet: random sparse networks are less accurate than random reinits, early stop", "lenet",
              below("random-sparse", "random-reinit")),
        *(
            order(f"{name.title()}: random reinits are less accurate than tickets, early stop", name,
                  below("random-reinit", "ticket"))
            for name in ("lenet", *CONVS)
        ),
    ),
    "15-16": (
        order("Adam: initial weights that survive in fc2 lie away from zero", "adam",
              lambda s: is_above(size_of_survivors(s, "fc2.weight"), 1.1)),
        order("SGD: initial weights that survive in fc2 lie away from zero", "sgd",
              lambda s: is_above(size_of_survivors(s, "fc2.weight"), 1.1)),
        order("Adam: those of the first layer stay nearer to all of its weights", "adam",
              lambda s: is_above(size_of_survivors(s, "fc2.weight"), size_of_survivors(s, "fc1.weight"))),
    ),
    "17-18": (
        order("resampled from the ticket's own distribution, networks are less accurate than tickets, early stop",
              "resampled", below("random-reinit", "ticket")),
        order("pruned by magnitude before training, tickets are less accurate, early stop", "at-start lenet",
              lambda start, lenet: mostly_below(start, "ticket", lenet, "ticket", early_stop_accuracy)),
    ),
    "19-20": tuple(
        order(f"{layer}: weights that survive moved further in training than those that are pruned", "lenet",
              lambda s, layer=layer: is_above(moved_further(s, f"{layer}.weight"), 1.0))
        for layer in ("fc1", "fc2", "fc3")
    ),
    "21-24": tuple(
        order(f"{title}: at a sixth of the weights pixels keep far less even shares of connections than units", label,
              lambda s: is_above(unevenness(s, "fc1.weight", 0), unevenness(s, "fc1.weight", 1), times=2))
        for label, title in (("adam", "Adam"), ("sgd", "SGD"))
    ),
    "25": (
        order("with noise of 3σ networks are still more accurate than random reinits, early stop", "reinit noise-3",
              lambda plain, noisy: mostly_below(plain, "random-reinit", noisy, "random-reinit", early_stop_accuracy)),
        order("with noise of 3σ they are less accurate than with 0.5σ, early stop", "noise-3 noise-0.5",
              lambda more, little: mostly_below(more, "random-reinit", little, "random-reinit", early_stop_accuracy)),
    ),
    "38-41": (
        Claim("VGG-19 pruned as one: tickets match down to", ("vgg-19-global",),
              matches_down_to, 1.5, (0, 2.4), "%", of_density=True),
        Claim("VGG-19 pruned layer by layer: tickets match down to", ("vgg-19-layer-wise",),
              matches_down_to, 6.9, (4.3, 11), "%", of_density=True),
        order("VGG-19: pruned as one it has smaller winning tickets", "vgg-19-layer-wise vgg-19-global",
              # densities of the same level differ by a few per cent, too
              lambda layered, whole: is_above(matches_down_to(layered), matches_down_to(whole), times=NEAR)),
    ),
}  # fmt: skip
"""What the paper says, by figure."""


def against_the_paper(study: Study, states: Mapping[str, State]) -> list[Row]:
    """Hold what a study's runs came to against what the paper says of its figure; nothing for a study of one's own.

    Args:
        study: what was to be run.
        states: what is known of its runs, by label; those that have not begun are not there.
    """
    return [judge(claim, study, states) for claim in CLAIMS.get(study.figure, ())]


def in_short(rows: Sequence[Row]) -> str:
    """Say in a sentence how much was reproduced of what can be compared."""
    known = Counter(row.judgement for row in rows)
    compared, rest = known["reproduced"] + known["not reproduced"], known["not comparable"]
    if not rows:
        return "The paper says nothing of this study."
    if not compared and any(row.reason.startswith(UNFINISHED) for row in rows):
        return f"{words.several(len(rows), 'claim')} of the paper, to be judged when the study is finished."
    if not compared:
        return f"Not one of {words.several(rest, 'claim')} of the paper is comparable."
    left = f"; {rest} not comparable" if rest else ""
    return f"{known['reproduced']} of {words.several(compared, 'comparable claim')} reproduced{left}."
