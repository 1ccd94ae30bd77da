"""How numbers and names are written on screen."""

from __future__ import annotations

from explorer.experiment import Experiment
from explorer.settings import label, percent

TITLES = {
    "dense": "Dense",
    "ticket": "Ticket",
    "random-reinit": "Random reinit",
    "random-sparse": "Random sparse",
}


def remaining(density: float, exact: bool = False) -> str:
    """Write a density as weights remaining: no decimals from 10% on, unless `exact`, and one below."""
    per_cent = 100 * density
    if per_cent >= 99.95:
        return "100%"
    return f"{per_cent:.1f}%" if exact or per_cent < 9.95 else f"{per_cent:.0f}%"


def count(number: float) -> str:
    """Write a whole number with thousands commas."""
    return f"{round(number):,}"


def rounded(number: float) -> str:
    """Write how many there are of something, from a million on in millions: 48,000, 15.3M."""
    millions = number / 1e6
    return count(number) if millions < 1 else f"{millions:,.{1 if millions < 99.95 else 0}f}M"


def several(number: int, noun: str) -> str:
    """Write how many there are of something: 1 level, 2 levels."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def settings(experiment: Experiment) -> str:
    """Say in one line what is run, and how otherwise than by the paper's recipe."""
    departures = (f", {label(name).lower()} {text}" for name, text in experiment.departures.items())
    return (
        f"{experiment.network.title} on {experiment.data.title}, {several(experiment.levels, 'level')} of "
        f"{percent(experiment.prune)}%, {several(experiment.replicates, 'replicate')}, "
        f"{several(experiment.iterations, 'iteration')}, seed {experiment.seed}{''.join(departures)}"
    )


def duration(seconds: float) -> str:
    """Write a time left: 40 s, 1 min 05 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02d} min"


def roughly(seconds: float) -> str:
    """Write a time that is known roughly: 40 s, 12 min, 2 h 10 min, 9 days, 13 years."""
    minutes, days = seconds / 60, seconds / 86_400
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if minutes < 90:
        return f"{round(minutes)} min"
    if days < 3:
        return f"{round(minutes) // 60} h {round(minutes) % 60:02d} min"
    return f"{count(days)} days" if days < 3 * 365 else f"{count(days / 365.25)} years"


def size(number: int) -> str:
    """Write a number of bytes: 640 B, 12 kB, 3.4 MB."""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= one:
            return f"{number / one:.{1 if number < 9.95 * one else 0}f} {unit}"
    return f"{number} B"


def minus(number: float) -> str:
    """Write a small number as an axis does, with a real minus sign."""
    return f"{number:g}".replace("-", "\N{MINUS SIGN}")
