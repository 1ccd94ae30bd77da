"""Architectures, data sets and criteria of one's own: registered by name, like those that come with the program."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any, TypeVar

from explorer.architectures import Architecture
from explorer.datasets import DataSet
from explorer.descriptions import BUILT_IN, LONGEST, TABLES, Own, check, describe, is_registered, recall, setting_of
from explorer.errors import Refused, sentence
from explorer.experiment import Experiment
from explorer.pruning import Criterion
from explorer.settings import label

T = TypeVar("T")


def register(thing: T) -> T:
    """Make an architecture, a data set or a criterion known by its name, and return it.

    From then on an experiment, the page, a link and the command may name it. A criterion is a function, and its name,
    with hyphens, the criterion's; see `explorer.pruning.criteria` for its arguments. This may be its decorator.

    Args:
        thing: an `Architecture` (`explorer.architectures`), a `DataSet` such as `FromArrays` (`explorer.datasets`), a
            `Criterion` (`explorer.pruning`) or a function.

    Raises:
        Refused: it is none of these, or something in it is not accepted, or its name stands for something else. What
            is registered again in the same words, as when a notebook's cell is run twice, takes the former's place.
    """
    if isinstance(thing, FunctionType):
        own: Own = Criterion(thing.__name__.replace("_", "-"), thing)
    elif isinstance(thing, Architecture | DataSet | Criterion):
        own = thing
    else:
        accepted = "an Architecture, a DataSet, a Criterion or a function"
        given = " ".join(repr(thing).split())[:LONGEST]
        raise Refused({"register": sentence("register", given, accepted)})
    check(own)
    setting = setting_of(own)
    there = TABLES[setting].get(own.name)
    if there is not None and there is not own and (own.name in BUILT_IN[setting] or not is_registered(own)):
        accepted = f"another, for it is that of another {label(setting).lower()}"
        raise Refused({setting: sentence("Name", repr(own.name), accepted)})
    if isinstance(own, Architecture):
        _check_recipe(own)
    TABLES[setting][own.name] = own
    return thing


def _check_recipe(architecture: Architecture) -> None:
    """Raise `Refused` where the recipe is none, its data set does not fit, or the module cannot be built."""
    described = {"architecture": architecture}
    experiment = Experiment(described, architecture=architecture.name, levels=1, milestones=architecture.milestones)
    from explorer.training.module import build  # torch is loaded only for what is about to be trained

    try:
        build(architecture, experiment.data.shape, experiment.data.classes)
    except Exception as error:  # torch has names of its own, and memory an end
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        given, accepted = f"what torch cannot build ({reason})", "other names, or smaller layers"
        raise Refused({"architecture": sentence(f"Layers of {architecture.name}", given, accepted)}) from None


def require(experiment: Experiment) -> None:
    """Raise `Refused` where an experiment names what is known from a run's file only: it can be shown, not searched."""
    problems = {}
    for setting, thing in experiment.described.items():
        if not is_registered(thing):
            why = "is known from the run's file only; register it first, then search"
            if thing.name in TABLES[setting]:
                why = "stands for another one here than in the run's file; search where that one is registered"
            problems[setting] = f"{label(setting)}: {thing.name!r} {why}."
    if problems:
        raise Refused(problems)


def describe_own(experiment: Experiment) -> dict[str, Any]:
    """Return, as JSON holds it, what an experiment names that does not come with the program."""
    named = {setting: experiment.named(setting) for setting in TABLES}
    return {setting: describe(thing) for setting, thing in named.items() if thing.name not in BUILT_IN[setting]}


def read_experiment(settings: Mapping[str, Any], described: Mapping[str, Any]) -> Experiment:
    """Return the experiment of a run's file, with what it names as the file describes it.

    Raises `Refused` for an experiment that is not accepted, or ValueError for what is no description.
    """
    return Experiment({setting: recall(setting, values) for setting, values in dict(described).items()}, **settings)
