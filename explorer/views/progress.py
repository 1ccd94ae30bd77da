"""Where a search is: the strip of levels, the share done, the time left and the rows of figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

from explorer.events import VARIANTS
from explorer.experiment import MEASURED, PLACES, Experiment
from explorer.state import State
from explorer.views import words

EVALUATED = 0.4
"""Time to evaluate an image, as a share of that to train on one: measured on a CPU, where it goes forward only."""

SPARSE = {"numba": 0.02}
"""The back ends whose work is in proportion to the surviving weights, each with what an image takes in any case, as a
share of a dense network's: measured by `lottery bench`, which finds 1.2% of the weights some 30 times as fast."""

SETTLED = 2.0
"""Seconds of training from which on its pace is told: the first steps are slow."""

Stage = Literal["done", "training", "failed", "to come"]


@dataclass(frozen=True)
class Stop:
    """One level on the strip: its weights remaining, its name, how much of it is done (0–1), if one can go there."""

    remaining: str
    name: str
    stage: Stage
    share: float
    reached: bool


@dataclass(frozen=True)
class Progress:
    """How far a search is."""

    share: float
    left: str
    figures: tuple[tuple[str, str], ...]


def strip(state: State, newest: State | None = None) -> list[Stop]:
    """List the levels with what has become of each; in a replay `newest` is ahead of the state."""
    ended, stops, newest = state.ended, [], newest or state
    for level in range(state.experiment.levels + 1):
        stage: Stage = "done" if state.done(level) else "to come"
        begun = bool(state.networks) and level == state.level
        if stage == "to come" and begun:
            stage = "training" if not ended else "failed" if ended.outcome == "failed" else "to come"
        name = "dense" if level == 0 else f"level {level}"
        if stage == "failed" or (stage == "training" and state is newest):
            name += " · failed" if stage == "failed" else " · live"
        density = words.remaining(state.experiment.density(level))
        stops.append(Stop(density, name, stage, level_share(state, level), level in newest.by_level))
    return stops


def level_share(state: State, level: int) -> float:
    """Return the share of a level's network-iterations that are done, 0–1."""
    iterations = [known.iteration for known in state.by_level.get(level, {}).values()]
    return sum(iterations) / (len(iterations) * state.experiment.iterations) if iterations else 0.0


def network_iterations(state: State) -> tuple[int, int]:
    """Return how many network-iterations are done, and how many there are; those of ended replicates are no work."""
    experiment, levels = state.experiment, range(state.experiment.levels + 1)
    length = {(v, k): experiment.iterations - experiment.begins(v, k) for v in VARIANTS for k in levels}
    done, total = 0, experiment.network_iterations
    for network, known in state.networks.items():
        done += known.iteration - experiment.begins(network.variant, network.level)
        if known.diverged:
            total -= experiment.iterations - known.iteration
            if network.variant == "ticket" and not network.draw:
                ended = product(VARIANTS, experiment.descendants(network.level))
                total -= sum(experiment.draws(variant) * length[variant, level] for variant, level in ended)
    return done, total


def images_left(state: State, back_end: str = "") -> float:
    """Return the work that is left, in images that the dense network trains on; `back_end` where none trains yet.

    An evaluation is the work of `EVALUATED` of its images. Evaluations lie close together where a training begins, so
    that iterations alone would be a poor measure of time.
    """
    experiment, back_end = state.experiment, state.progress.back_end if state.progress else back_end
    tickets = {n: known for n, known in state.networks.items() if n.variant == "ticket" and n.draw == 0}
    doomed = [n.level for n, known in tickets.items() if known.diverged]
    left = 0.0
    for level, variant in product(range(experiment.levels + 1), VARIANTS):
        begun = [known for n, known in state.by_level.get(level, {}).items() if n.variant == variant]
        training = [known for known in begun if not (known.trained or known.diverged)]
        lost = sum(level in experiment.descendants(above) for above in doomed)
        to_begin = state.expected(variant, level) - lost * experiment.draws(variant) - len(begun)
        first = experiment.begins(variant, level)
        evaluations = (to_begin + len(training)) * sum(at >= first for at in experiment.evaluations)
        evaluations -= sum(len(known.evaluations) for known in training)
        iterations = to_begin * (experiment.iterations - first)
        iterations += sum(experiment.iterations - known.iteration for known in training)
        left += share_of_dense(experiment, level, back_end) * _images(experiment, iterations, evaluations)
        if (
            variant == "ticket"
        ):  # each draw but the first has a line, whose networks are evaluated with all their weights
            lines = (to_begin + len(training)) * (1 - 1 / experiment.draws(variant))
            left += EVALUATED * lines * len(PLACES) * (min(MEASURED, experiment.data.train) + experiment.data.test)
    return left


def seconds_an_image(state: State) -> float:
    """Return how long the dense network takes to train on an image, by this search; 0 before it is known."""
    now, done = state.progress, 0.0
    if now is None or now.seconds < SETTLED:
        return 0.0
    for level, networks in state.by_level.items():
        begun = sum(known.iteration - state.experiment.begins(n.variant, level) for n, known in networks.items())
        evaluations = sum(len(known.evaluations) for known in networks.values())
        done += share_of_dense(state.experiment, level, now.back_end) * _images(state.experiment, begun, evaluations)
    return now.seconds / done if done else 0.0


def share_of_dense(experiment: Experiment, level: int, back_end: str) -> float:
    """Return the time of an image at a level as a share of the dense network's, by what is known of the back end."""
    in_any_case = SPARSE.get(back_end)
    return 1.0 if in_any_case is None else experiment.density(level) * (1 - in_any_case) + in_any_case


def _images(experiment: Experiment, iterations: int, evaluations: int) -> float:
    """Return the work of so many iterations and evaluations, in images trained on."""
    return iterations * experiment.batch + EVALUATED * evaluations * experiment.evaluated


def progress(state: State) -> Progress:
    """Say where the search is, how fast it goes and how long it will take."""
    experiment, now = state.experiment, state.progress
    done, total = network_iterations(state)
    running = now if not state.ended else None
    measured = seconds_an_image(state)
    left = f"{words.duration(images_left(state) * measured)} left" if running and measured else ""
    pace = words.count(running.steps / running.seconds) if running and running.seconds else "–"
    iteration = max((known.iteration for known in state.by_level.get(state.level, {}).values()), default=0)
    figures = (
        ("level", f"{state.level} of {experiment.levels}"),
        ("iteration", f"{words.count(iteration)} of {words.count(experiment.iterations)}"),
        ("device", f"{now.device}, {now.back_end}" if now else "–"),
        ("network-iterations/s", pace),
    )
    return Progress(done / total if total else 0.0, left, figures)
