"""One's own architectures, data sets and criteria: what they must be, and how a run's file describes them.

A run that names what is not built in holds a description of it, so that it can be shown where nobody has registered it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple, get_args

from explorer.architectures import ARCHITECTURES, KINDS, Architecture, Block, Convolution, Layer, Linear
from explorer.datasets import DATASETS, Absent, DataSet
from explorer.errors import Refused, one_of, sentence
from explorer.pruning import CRITERIA, Criterion, absent

Own = Architecture | DataSet | Criterion

TABLES: dict[str, dict[str, Any]] = {"architecture": ARCHITECTURES, "dataset": DATASETS, "criterion": CRITERIA}
"""What is there by name, for each setting that names what one may have of one's own."""

BUILT_IN = {setting: frozenset(table) for setting, table in TABLES.items()}

LAYERS: dict[str, type[Layer]] = {layer.__name__: layer for layer in get_args(Layer)}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LAYER_NAME = re.compile(r"(?!(flatten|pool\d*)$)[a-z][a-z0-9]*")  # the others are names of what has no weights
SHARE = re.compile(r"\d+(/[1-9]\d*)?")
LONGEST = 60
MOST = 1_000_000


def setting_of(thing: Own) -> str:
    """Return the setting that may name a thing."""
    return (
        "architecture" if isinstance(thing, Architecture) else "dataset" if isinstance(thing, DataSet) else "criterion"
    )


def is_registered(thing: Own) -> bool:
    """Whether its name is known here, and stands for what is described alike."""
    here = TABLES[setting_of(thing)].get(thing.name)
    return here is thing or (here is not None and describe(here) == describe(thing))


def describe(thing: Own) -> dict[str, Any]:
    """Return a thing in values that JSON can hold: of a data set all but its images, of a criterion what it needs."""
    match thing:
        case Architecture():
            layers = tuple({"layer": type(layer).__name__, **vars(layer)} for layer in thing.layers)
            ratio = {kind: str(Fraction(share)) for kind, share in thing.ratio.items()}
            return {**vars(thing), "layers": layers, "ratio": ratio}
        case DataSet():
            return {entry.name: getattr(thing, entry.name) for entry in fields(DataSet)}
        case Criterion():
            return {"name": thing.name, "needs": thing.needs}


def recall(setting: str, values: Mapping[str, Any]) -> Own:
    """Return what `describe` has described, as far as it can be shown.

    Raises `Refused` for what could not be registered, or ValueError for what is no description: a run may come from
    anywhere.
    """
    try:
        thing = _recall(setting, dict(values))
        check(thing)
        return thing
    except Refused:
        raise
    except Exception as error:
        raise ValueError(f"this is no description of a {setting}") from error


def _recall(setting: str, values: dict[str, Any]) -> Own:
    match setting:
        case "architecture":
            layers = [dict(layer) for layer in values["layers"]]
            values["layers"] = tuple(LAYERS[layer.pop("layer")](**layer) for layer in layers)
            values["milestones"] = tuple(values["milestones"])
            if not all(map(SHARE.fullmatch, values["ratio"].values())):  # exponents could be endless
                raise ValueError
            values["ratio"] = {kind: Fraction(share) for kind, share in values["ratio"].items()}
            return Architecture(**values)
        case "dataset":
            values |= {name: tuple(values[name]) for name in ("shape", "accuracy_range")}
            return Absent(**values)
        case "criterion":
            return absent(values["name"], values["needs"])
    raise ValueError


class Rule(NamedTuple):
    """What was given of something, whether that is right, and what would be."""

    label: str
    given: object
    holds: bool
    accepted: str


def check(thing: Own) -> None:
    """Raise `Refused` with the first thing that is wrong with an architecture, a data set or a criterion.

    How an architecture's recipe and images go together is for `Experiment` to say.
    """
    for rule in _rules(thing):
        if not rule.holds:
            raise Refused({setting_of(thing): sentence(rule.label, rule.given, rule.accepted)})


def _rules(thing: Own) -> Iterator[Rule]:
    """List what must hold; each rule may rely on those before it."""
    name = thing.name
    well = isinstance(name, str) and len(name) <= LONGEST and bool(NAME.fullmatch(name))
    yield Rule("Name", repr(name), well, "small letters and digits, with hyphens between words, such as my-own")
    if isinstance(thing, Criterion):
        return
    title = thing.title
    well = isinstance(title, str) and title.isprintable() and 0 < len(title.strip()) <= len(title) <= LONGEST
    yield Rule(f"Title of {name}", repr(title), well, f"a line of up to {LONGEST} letters")
    yield from _of_images(thing) if isinstance(thing, DataSet) else _of_network(thing)


def _of_images(data: DataSet) -> Iterator[Rule]:
    of = f"of {data.name}"
    right = isinstance(data.shape, tuple) and len(data.shape) == 3 and all(map(_is_whole, data.shape))
    yield Rule(f"Shape {of}", data.shape, right, "channels, height and width, whole numbers from 1")
    yield _whole(f"Classes {of}", data.classes, least=2)
    for split in ("train", "validation", "test"):
        yield _whole(f"{split.capitalize()} {of}", getattr(data, split))
    ends = data.accuracy_range
    right = isinstance(ends, tuple) and len(ends) == 2 and all(type(end) in (int, float) for end in ends)
    right = right and 0 <= ends[0] < ends[1] <= 100
    yield Rule(f"Accuracy range {of}", ends, right, "two percentages, the lower one first")
    for name in ("standardized", "flips"):
        given = getattr(data, name)
        yield Rule(f"{name.capitalize()} {of}", given, type(given) is bool, "True or False")


def _of_network(network: Architecture) -> Iterator[Rule]:
    of, layers = f"of {network.name}", network.layers
    right = isinstance(layers, tuple) and all(type(layer) in LAYERS.values() for layer in layers)
    yield Rule(f"Layers {of}", layers, right, f"a tuple of {', '.join(LAYERS)}")
    for layer in layers:
        yield from _of_layer(layer)
    names = Counter(name for layer in layers if (name := getattr(layer, "name", None)))
    twice = next((name for name, count in names.items() if count > 1), None)
    yield Rule(f"Layers {of}", f"{twice} twice", twice is None, "each layer a name of its own")
    outputs = [isinstance(layer, Linear) and layer.kind == "output" for layer in layers]
    right = outputs.count(True) == 1 and outputs[-1]
    last = f"{sum(outputs)} output layers" if outputs.count(True) != 1 else "an output layer before others"
    yield Rule(f"Layers {of}", last, right, 'one Linear(NAME, kind="output") as the last of them')
    flat = [isinstance(layer, Linear) for layer in layers]
    right = flat == sorted(flat)
    yield Rule(f"Layers {of}", "Linear before others", right, "convolutions, pools and blocks before every Linear")
    kinds = {parameter.kind for parameter in network.parameters((1, 1, 1), 1)} - {None}
    yield Rule(f"Ratio {of}", network.ratio, isinstance(network.ratio, Mapping), "a rate of each kind of layer")
    wanted = f"a multiple of prune for {', '.join(kind for kind in KINDS if kind in kinds)}"
    yield Rule(f"Ratio {of}", dict(network.ratio), set(network.ratio) == kinds, wanted)
    for kind, share in network.ratio.items():
        right = isinstance(share, Rational) and share >= 0
        yield Rule(f"Ratio {of}, {kind}", repr(share), right, "a fraction from 0, such as Fraction(1, 2)")
    yield _whole(f"Iterations {of}", network.iterations)
    right = isinstance(network.milestones, tuple) and all(map(_is_whole, network.milestones))
    yield Rule(f"Milestones {of}", network.milestones, right, "a tuple of iterations")


def _of_layer(layer: Layer) -> Iterator[Rule]:
    name = getattr(layer, "name", "fc1")
    right = isinstance(name, str) and len(name) <= LONGEST and bool(LAYER_NAME.fullmatch(name))
    yield Rule(
        "Layer", repr(name), right, "a name of small letters and digits, such as fc1, and neither flatten nor pool"
    )
    if isinstance(layer, Linear):
        if layer.kind != "output":
            yield _whole(f"Units of {name}", layer.units)
        kinds = KINDS[1:]
        yield Rule(f"Kind of {name}", repr(layer.kind), layer.kind in kinds, one_of(kinds))
    if isinstance(layer, Convolution | Block):
        yield _whole(f"Channels of {name}", layer.channels)
        yield _whole(f"Stride of {name}", layer.stride)
    if isinstance(layer, Convolution):
        right = _is_whole(layer.size) and layer.size % 2 == 1
        yield Rule(f"Size of {name}", repr(layer.size), right, "an odd whole number")
        right = type(layer.normalized) is bool
        yield Rule(f"Normalized of {name}", repr(layer.normalized), right, "True or False")
        right = layer.kind in (KINDS[0], None)
        yield Rule(f"Kind of {name}", repr(layer.kind), right, f"{KINDS[0]}, or None for one that is never pruned")


def _is_whole(number: object, least: int = 1) -> bool:
    return type(number) is int and least <= number <= MOST


def _whole(label: str, number: object, least: int = 1) -> Rule:
    return Rule(label, repr(number), _is_whole(number, least), f"a whole number from {least} to {MOST}")
