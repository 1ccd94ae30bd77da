"""The sentence that says in numbers how the ticket stands against its controls, and the verdict at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from explorer.events import VARIANTS, Variant
from explorer.measures import Mean, Measurement, mean
from explorer.reinits import REINITS
from explorer.settings import percent
from explorer.state import State
from explorer.views import words
from explorer.views.chart import Tone
from explorer.views.means import averaged, curve, early_stop_accuracy, final_accuracy, shown_level
from explorer.views.selection import Selection
from explorer.views.verdict import missed, too_short, verdict

OF_ONE_NETWORK = ("masks", "histogram", "distance", "connections", "layers")
"""The views that show the networks of one replicate; the others show means."""


class Said(NamedTuple):
    """A piece of a sentence; bold and coloured where it has a tone."""

    text: str
    tone: Tone | None = None


Sentence = tuple[Said, ...]


def story(state: State, selection: Selection) -> Sentence:
    """Say how the level on screen stands, or why the search failed."""
    exception = _exception(state, selection)
    if exception:
        return exception
    density, live, values = _standing(state, selection)
    found = None if live or too_short(state) else verdict(state)
    verb = "still reaches" if found and shown_level(state, selection.level) <= found.level else "reaches"
    when = "At" if not live else "When it ended, at" if state.ended else "So far, at"
    said = [
        Said(f"{when} {density} of its weights{',' if live else ''} the "),
        Said("ticket", "ticket"),
        Said(f" {verb} "),
        Said(f"{values['ticket']:.1f}%", "ticket"),
    ]
    if "random-reinit" in values:
        said += [
            Said("; the same mask with "),
            Said(REINITS[state.experiment.reinit], "random-reinit"),
            Said(" reaches "),
            Said(f"{values['random-reinit']:.1f}%", "random-reinit"),
        ]
    if "random-sparse" in values:
        joined = (", a ", "") if "random-reinit" in values else ("; a ", " reaches")
        said += [Said(joined[0]), Said(f"random mask{joined[1]} {values['random-sparse']:.1f}%", "random-sparse")]
    return (*said, Said("."))


def presented(state: State, selection: Selection) -> Sentence:
    """Say how the level on screen stands in few words, for those who sit far away."""
    exception = _exception(state, selection)
    if exception:
        return exception
    density, _, values = _standing(state, selection)
    short = {"ticket": "ticket", "random-reinit": REINITS[state.experiment.reinit], "random-sparse": "random mask"}
    said = [Said(f"At {density} of its weights: ")]
    for variant, value in values.items():
        said += [Said(f"{short[variant]} {value:.1f}%", variant), Said(", ")]
    return (*said[:-1], Said("."))


def caption(state: State, selection: Selection) -> tuple[str, str]:
    """Say what was run and what is drawn, for the foot of a presented view."""
    experiment = state.experiment
    settings = f"{experiment.network.title} on {experiment.data.title}, {percent(experiment.prune)}% pruned a level"
    if selection.presents in OF_ONE_NETWORK:
        return settings, f"replicate {selection.replicate + 1} of {experiment.replicates}"
    n = averaged(state, shown_level(state, selection.level))
    of = "replicates" if all(experiment.draws(variant) == 1 for variant in experiment.variants) else "networks"
    return settings, f"mean and lowest to highest of {n} {of}" if n != "1" else f"one {of[:-1]}"


def _exception(state: State, selection: Selection) -> Sentence | None:
    """Say what there is to say where the three variants cannot be compared; None where they can."""
    if state.ended and state.ended.outcome == "failed":
        head, _, rest = state.ended.message.partition(". ")
        return (Said(f"{head}. ", "ink"), Said(rest))
    if not state.networks:
        return (
            Said("Does a random network hide a small one that learns as well? "),
            Said("Press Start", "ink"),
            Said(" to search for a winning ticket."),
        )
    diverged = gone(state, selection)
    if diverged:
        return diverged
    level = shown_level(state, selection.level)
    if level == 0:
        return _dense(state, live=not state.done(level))
    density, _, values = _standing(state, selection)
    return None if values else (Said(f"At {density} of its weights: training begins."),)


def gone(state: State, selection: Selection) -> Sentence | None:
    """Say which variants are gone from the level on screen, as all of their networks diverged; None where none is."""
    level = shown_level(state, selection.level)
    begun = {network.variant for network in state.networks if network.level == level}
    names = [words.TITLES[v].lower() for v in VARIANTS if v in begun and not state.find(v, level)]
    if names and level == 0:
        return (Said("Every dense network diverged."),)
    density = words.remaining(state.experiment.density(level), exact=True)
    return (Said(f"At {density} of its weights every network of {' and '.join(names)} diverged."),) if names else None


class _Standing(NamedTuple):
    """The mean accuracy of each variant at a level, in their order; none before all of them were evaluated."""

    density: str
    live: bool
    values: Mapping[Variant, float]


def _standing(state: State, selection: Selection) -> _Standing:
    level = shown_level(state, selection.level)
    live = not state.done(level)
    # While they train, all are told of at the newest iteration that every one of them has reached.
    variants, measure = state.experiment.variants, _measure(selection, live)
    together = min(len(curve(state, v, level).mean) for v in variants)
    reached = {v: _reached(state, v, level, live, measure, together - 1) for v in variants} if together else {}
    known = {variant: value for variant, value in reached.items() if value is not None}
    values = known if len(known) == len(variants) else {}
    return _Standing(words.remaining(state.experiment.density(level), exact=True), live, values)


def _measure(selection: Selection, live: bool) -> Measurement:
    return final_accuracy if selection.measure == "final" or live else early_stop_accuracy


def introduction(state: State, selection: Selection) -> Sentence:
    """Say of a recorded run how far down its tickets go, and where they part from their controls."""
    found, level = verdict(state), parting(state)
    asked = selection.level is not None or state.ended is None  # for one level, or for a moment of the history
    if asked or found is None or level is None or too_short(state):
        return (Said("A recorded search. "), *story(state, selection))
    down, parted = (words.remaining(state.experiment.density(at), exact=True) for at in (found.level, level))
    return (
        Said("Recorded: "),
        Said("tickets", "ticket"),
        Said(" match the dense network down to "),
        Said(down, "ticket"),
        Said(" of its weights, and beat "),
        Said("new initial weights", "random-reinit"),
        Said(" and "),
        Said("random masks", "random-sparse"),
        Said(f" from {parted} on."),
    )


def parting(state: State) -> int | None:
    """Return the first level from which on every ticket ends above every control; None where there is none."""
    found = None
    for level in range(state.experiment.levels, 0, -1):
        ticket, *controls = (mean(state, variant, level, final_accuracy) for variant in state.experiment.variants)
        if ticket is None or not controls or any(c is None or c.high >= ticket.low for c in controls):
            break
        found = level
    return found


def _dense(state: State, live: bool) -> Sentence:
    weights = words.count(state.experiment.size)
    reached = _reached(state, "ticket", 0, live, final_accuracy)
    begin = f"{'So far, the' if live else 'The'} dense network, with all of its {weights} weights, "
    if reached is None:
        return (Said(begin.replace("So far, the", "The") + "begins to train."),)
    return (Said(f"{begin}reaches "), Said(f"{reached:.1f}%", "dense"), Said("."))


def _reached(
    state: State, variant: Variant, level: int, live: bool, measure: Measurement, place: int = -1
) -> float | None:
    if live:
        values = curve(state, variant, level).mean
        return float(values[place]) if len(values) else None
    value = mean(state, variant, level, measure)
    return value.mean if value else None


class Result(NamedTuple):
    """The verdict in words: what it is about, the headline, and the numbers behind it.

    `strictly` is the headline of the strict verdict, where it does not follow from this one.
    """

    about: str
    headline: str
    numbers: tuple[str, ...]
    strictly: str = ""

    @property
    def title(self) -> str:
        """The verdict itself, such as "Winning tickets down to 19.6%"."""
        return f"{self.about} {self.headline}".strip()

    @property
    def brief(self) -> str:
        """The verdict with the strict one, such as "Winning tickets down to 19.6% (strictly 33.7%)"."""
        return f"{self.title} (strictly {self.strictly})" if self.strictly else self.title

    @property
    def line(self) -> str:
        """The verdict and its numbers in one line, for where there is no page."""
        strictly = self.strictly and f"strictly, by the dense mean: {self.strictly}"
        return "; ".join(filter(None, (self.title, strictly, *self.numbers)))


def result(state: State) -> Result | None:
    """Say down to which density there are winning tickets; None until a level is done."""
    if not state.done(1):
        return None
    networks = "1 network" if state.diverged == 1 else f"{state.diverged} networks"
    left_out = f"{networks} diverged, left out of the means" if state.diverged else ""
    found = verdict(state)
    if too_short(state):
        return Result(
            "",
            "Too short to tell",
            ("the dense networks' validation loss still fell at the last iteration", left_out),
        )
    alone = len(state.find("ticket", 0)) == 1
    rule = "one replicate has no range: compared exactly" if alone else "within the dense networks' range"
    if found is None:
        return Result("", "No winning ticket", ("no level matches dense", rule, _missed(state), left_out))
    n, strict = len(state.find("ticket", found.level)), verdict(state, strict=True)
    strictly = words.remaining(state.experiment.density(strict.level), exact=True) if strict else "none"
    still_falling = found.iteration.high == state.experiment.iterations  # so its minimum may lie beyond
    return Result(
        "Winning tickets down to"
        if state.ended and state.ended.outcome == "finished"
        else "So far, winning tickets down to",
        words.remaining(state.experiment.density(found.level), exact=True),
        (
            f"test accuracy {found.accuracy.mean:.1f}% {_range(found.accuracy, '.1f')}",
            f"early stop at {words.count(found.iteration.mean)} {_range(found.iteration, ',.0f')}",
            f"dense {found.dense_accuracy.mean:.1f}% at {words.count(found.dense_iteration.mean)}; n = {n}",
            rule,
            _missed(state),
            "validation loss still fell at the last iteration" if still_falling else "",
            left_out,
        ),
        "" if alone else strictly,
    )


def _missed(state: State) -> str:
    """Say why the first level that does not match the dense network does not; empty where all do."""
    miss = missed(state)
    if miss is None:
        return ""
    density = words.remaining(state.experiment.density(miss.level), exact=True)
    if not miss.as_accurate:
        return f"{density} reaches {miss.accuracy.mean:.1f}%, dense at least {miss.dense_accuracy.low:.1f}%"
    return f"{density} stops at {words.count(miss.iteration.mean)}, dense by {words.count(miss.dense_iteration.high)}"


def _range(value: Mean, form: str) -> str:
    return f"({value.low:{form}}–{value.high:{form}})"
