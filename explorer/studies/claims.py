"""What is said of a figure, held against what a study's runs came to; what the paper says is in `paper.py`.

A claim is a number or an order. A number can only be compared where the data, the iterations and the pruning are the
paper's own; it is reproduced where this program's is within a range that stands beside it, which is ours: the paper
gives none. An order, such as which of two curves is the lower one, can be compared at any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from explorer.datasets import DATASETS
from explorer.state import State
from explorer.studies.measured import NEAR
from explorer.studies.study import Study
from explorer.views import words
from explorer.views.verdict import too_short

UNFINISHED = "not finished"

Judgement = Literal["reproduced", "not reproduced", "not comparable"]


@dataclass(frozen=True)
class Claim:
    """Something that is said of a figure.

    Args:
        says: what, in a few words; for an order, a statement that is true or not.
        labels: the experiments that it is measured in.
        measure: takes it from the states of their runs, in this order; returns None where they do not show it.
        paper: the paper's number; None for an order.
        accepted: from where to where this program's number counts as the same.
        unit: of the numbers, such as "%" or "×".
        of_density: whether the number is a density, in per cent, to which levels have to lead.
    """

    says: str
    labels: tuple[str, ...]
    measure: Callable[..., float | bool | None]
    paper: float | None = None
    accepted: tuple[float, float] = (-math.inf, math.inf)
    unit: str = ""
    of_density: bool = False

    def number(self, value: float) -> str:
        """Write a number of this claim, or whether its order holds."""
        if self.paper is None:
            return "yes" if value else "no"
        if self.of_density and not value:
            return "never"
        return f"{value:.3g}{self.unit}".replace("-", "\N{MINUS SIGN}")

    @property
    def counts(self) -> str:
        """Which numbers count as the paper's, in words."""
        low, high = self.accepted
        if math.isinf(high):
            return f"{self.number(low)} or more counts"
        return f"up to {self.number(high)} counts" if low == 0 else f"{self.number(low)} to {self.number(high)} counts"


class Row(NamedTuple):
    """A claim in the table: what is said, the paper's number and this program's, what that comes to, and why."""

    says: str
    paper: str
    here: str
    judgement: Judgement
    reason: str


def judge(claim: Claim, study: Study, states: Mapping[str, State]) -> Row:
    """Hold what a study's runs came to against a claim.

    Args:
        claim: what is said.
        study: what was to be run.
        states: what is known of its runs, by label; those that have not begun are not there.
    """
    paper = "yes" if claim.paper is None else claim.number(claim.paper)

    def row(here: str, judgement: Judgement, reason: str) -> Row:
        return Row(claim.says, paper, here, judgement, reason)

    if not set(claim.labels) <= set(study.labels):
        return row("", "not comparable", "not part of this size")
    unfinished = [label for label in claim.labels if label not in states or not _finished(states[label])]
    if unfinished:
        return row("", "not comparable", f"{UNFINISHED}: {', '.join(unfinished)}")
    needed = [states[label] for label in claim.labels]
    smaller = "; ".join(dict.fromkeys(filter(None, (_smaller(claim, state) for state in needed))))
    is_order = claim.paper is None
    found = claim.measure(*needed)
    if found is None:
        return row("", "not comparable", smaller or "these runs do not show it")
    here = claim.number(found)
    if smaller and not is_order:
        return row(here, "not comparable", smaller)
    if any(map(too_short, needed)):
        return row(here, "not comparable", "too short: the dense networks' validation loss still fell at the end")
    if is_order:
        return row(here, "reproduced" if found else "not reproduced", f"an order; {smaller}" if smaller else "")
    low, high = claim.accepted
    return row(here, "reproduced" if low <= found <= high else "not reproduced", claim.counts)


def _finished(state: State) -> bool:
    return state.ended is not None and state.ended.outcome == "finished"


def _smaller(claim: Claim, state: State) -> str:
    """Say how an experiment is less than the paper's, so that numbers cannot be compared; empty where it is not."""
    experiment, recipe = state.experiment, state.experiment.network
    said = list[str]()
    if experiment.dataset != recipe.dataset:
        said.append(f"{experiment.data.title}, not {DATASETS[recipe.dataset].title}")
    if experiment.iterations < recipe.iterations:
        said.append(f"{words.count(experiment.iterations)} iterations, not {words.count(recipe.iterations)}")
    if experiment.prune != recipe.prune:
        said.append(f"levels of {100 * experiment.prune:g}%, not {100 * recipe.prune:g}%")
    last = experiment.densities[-1]
    if claim.paper is not None and claim.of_density and 100 * last > NEAR * claim.paper:
        said.append(f"levels down to {words.remaining(last, exact=True)} only")
    return ", ".join(said)
