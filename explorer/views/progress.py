"""Where a search is: the strip of levels, the share done, the time left and the rows of figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.events import VARIANTS
from explorer.state import State
from explorer.views import words

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
    done = sum(known.iteration for known in state.networks.values())
    levels = range(state.experiment.levels + 1)
    networks = sum(state.expected(variant, level) for variant in VARIANTS for level in levels)
    lost = 0
    for network, known in state.networks.items():
        if known.diverged:
            lost += state.experiment.iterations - known.iteration
            if network.variant == "ticket":
                networks -= len(VARIANTS) * (state.experiment.levels - network.level)
    return done, networks * state.experiment.iterations - lost


def pace(state: State) -> float:
    """Return the network-iterations a second of this search so far; 0 before any is measured."""
    now = state.progress
    return now.steps / now.seconds if now and now.seconds > 0 else 0.0


def progress(state: State) -> Progress:
    """Say where the search is, how fast it goes and how long it will take."""
    experiment, now = state.experiment, state.progress
    done, total = network_iterations(state)
    measured = pace(state)
    running = now is not None and not state.ended
    left = f"{words.duration((total - done) / measured)} left" if running and measured else ""
    iteration = max((known.iteration for known in state.by_level.get(state.level, {}).values()), default=0)
    figures = (
        ("level", f"{state.level} of {experiment.levels}"),
        ("iteration", f"{words.count(iteration)} of {words.count(experiment.iterations)}"),
        ("device", now.device if now else "–"),
        ("network-iterations/s", words.count(measured) if running and measured else "–"),
    )
    return Progress(done / total if total else 0.0, left, figures)
