"""What to run: one table of fields, validated before anything starts, immutable, and the same through JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from pydantic import PrivateAttr, ValidationError

from explorer.architectures import ARCHITECTURES, KINDS, Architecture, Kind, Parameter
from explorer.datasets import DataSet
from explorer.descriptions import Own, is_registered
from explorer.errors import Refused, one_of, sentence
from explorer.events import VARIANTS, Variant
from explorer.pruning import CRITERIA, Group, cut
from explorer.reinits import DRAWN
from explorer.settings import (
    NAMES,
    RECIPE,
    Settings,
    as_typed,
    field,
    from_typed,
    is_percent,
    label,
    percent,
    problems_of,
    refusal,
)

MEASURED = 1_000
"""Training images on which train loss and accuracy are measured."""

PLACES = tuple(tenth / 10 for tenth in range(11))
"""Where networks on the line between two are measured, as shares of the way.

These are fewer than the 30 of Frankle et al. 2020, for along the line the error rises and falls slowly.
"""

RATES: dict[Kind, str] = {kind: f"prune_{kind.replace(' ', '_')}" for kind in KINDS}
"""The setting that holds the rate of each kind of layer."""

TRAINED_BY = ("batch", "learning_rate", "optimizer", "weight_decay", "augment", "scope")
FROM_ARCHITECTURE = ("dataset", "prune", "iterations", *TRAINED_BY)
"""The settings that are the architecture's own where they are not given."""

DRAWS: dict[Variant, str] = {"ticket": "ticket_draws", "random-reinit": "reinit_draws", "random-sparse": "sparse_draws"}
"""The setting that holds how often each variant is repeated."""

MEASURED_BY = ("architecture", "levels", "replicates", "seed", "evaluate")
"""The settings that say what is searched and looked at, and not how a network is trained and pruned."""

BROUGHT_ALONG = (*TRAINED_BY, "milestones", *RATES.values())
"""The settings that another architecture brings along; images, main rate and length stay as they were chosen."""


class Experiment(Settings):
    """A search for winning tickets and its controls: everything that decides its numbers.

    What is not given is the paper's recipe for the architecture. Raises `Refused`, naming each field that
    is wrong, what was given and what is accepted.

    Every field stands here once, with its label, help, bounds and unit; the command's flags, the page's
    controls, the messages and JSON follow from this table. What is None follows other settings by the recipe.
    """

    _described: dict[str, Own] = PrivateAttr(default_factory=dict)
    """What a run's file describes that is not registered here, or otherwise, by the setting that names it."""

    def __init__(self, described: Mapping[str, Own] | None = None, /, **settings: Any) -> None:
        described = described or {}
        try:
            super().__init__(**self._paper_recipe(settings, described))
        except ValidationError as error:
            raise Refused(problems_of(error)) from None
        named = {setting: thing for setting, thing in described.items() if thing.name == getattr(self, setting)}
        self._described = {setting: thing for setting, thing in named.items() if not is_registered(thing)}
        problems = self._disagreements()
        if problems:
            raise Refused(problems)

    @staticmethod
    def _paper_recipe(given: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
        """Fill in what was not given from the architecture."""
        settings = {name: value for name, value in given.items() if value is not None}
        if isinstance(settings.get("milestones"), list):  # JSON has no tuples
            settings["milestones"] = tuple(settings["milestones"])
        name = settings.setdefault("architecture", field("architecture").default)
        # An unknown name is refused later; until then any recipe will do, so that only the name is reported.
        recipe = ARCHITECTURES.get(str(name), ARCHITECTURES[field("architecture").default])
        if "architecture" in described and described["architecture"].name == name:
            recipe = described["architecture"]
        for name in FROM_ARCHITECTURE:
            settings.setdefault(name, getattr(recipe, name))
        return settings

    def _disagreements(self) -> dict[str, str]:
        """Find what no field shows alone: unknown names, and settings that do not go together."""
        unknown = {name: getattr(self, name) for name in NAMES if getattr(self, name) not in self.choices(name)}
        if unknown:
            return {name: refusal(name, repr(given)) for name, given in unknown.items()}
        checks = self._check_images, self._check_training, self._check_protocol, self._check_controls, self._check_rates
        for check in checks:
            problems = dict(check())
            if problems:
                return problems
        return dict(self._check_levels())

    def _clash(self, name: str, other: str, accepted: str) -> tuple[str, str]:
        """Say of one setting that it does not go with another, and what would."""
        texts = self.typed()
        unit = {each: "%" if is_percent(each) and texts[each] != RECIPE else "" for each in (name, other)}
        given = f"{texts[name]}{unit[name]} with {label(other)} {texts[other]}{unit[other]}"
        return name, sentence(label(name), given, accepted)

    def _check_images(self) -> Iterator[tuple[str, str]]:
        if not self.network.takes(self.data.shape):
            fitting = one_of(name for name, network in ARCHITECTURES.items() if network.takes(self.data.shape))
            yield self._clash("architecture", "dataset", f"{fitting}, or larger images")
        if self.batch > self.data.train:
            yield self._clash("batch", "dataset", f"at most {self.data.train}")
        if self.batch == 1 and self.network.normalized:
            yield self._clash("batch", "architecture", "at least 2, for batch normalization")

    def _check_training(self) -> Iterator[tuple[str, str]]:
        if self.warmup > self.iterations:
            yield self._clash("warmup", "iterations", f"at most {self.iterations}")
        given = self.milestones or ()
        if any(one >= other for one, other in pairwise((*given, self.iterations))):
            yield self._clash("milestones", "iterations", f"ascending iterations below {self.iterations}")
        if self.dropout and not self.network.hidden:
            yield self._clash("dropout", "architecture", "0, for it has no hidden fully connected layer")

    def _check_protocol(self) -> Iterator[tuple[str, str]]:
        acts_before = self.named("criterion").before_training
        after = one_of(name for name, criterion in CRITERIA.items() if not criterion.before_training)
        if self.protocol == "continued" and acts_before:
            yield self._clash("criterion", "protocol", f"{after}, which prune after training")
        if self.rewind >= self.iterations:
            yield self._clash("rewind", "iterations", f"at most {self.iterations - 1}")
        elif self.rewind and self.protocol == "continued":
            yield self._clash("rewind", "protocol", "0, for nothing is reset")
        elif self.rewind and acts_before:
            yield self._clash("rewind", "criterion", "0, for it prunes before training")

    def _check_controls(self) -> Iterator[tuple[str, str]]:
        if self.reinit != DRAWN and not self.reinit_draws:
            yield self._clash("reinit", "reinit_draws", f"{DRAWN}, for there are no random reinits")
        if self.noise != field("noise").default and self.reinit != "noise":
            yield self._clash("noise", "reinit", f"{field('noise').default:g}, for no noise is added")

    def _check_rates(self) -> Iterator[tuple[str, str]]:
        for kind, name in RATES.items():
            given = getattr(self, name)
            if given is None:
                continue
            if kind not in self.network.ratio:
                yield self._clash(name, "architecture", f"{RECIPE}, for it has no such layer")
            elif self.scope == "global" and given not in (0, self.prune):
                yield self._clash(name, "scope", f"0, or {percent(self.prune)} as for all")
        if not self.prunable:
            name = next((name for name in RATES.values() if getattr(self, name) == 0), "architecture")
            yield self._clash(name, "architecture", "more for one kind of its layers, for nothing is pruned")

    def _check_levels(self) -> Iterator[tuple[str, str]]:
        for level in range(1, self.levels + 1):
            for group, before, left in zip(self.groups, *self.counts[level - 1 : level + 1], strict=True):
                if left not in (0, before):
                    continue
                loss = f"{group} would lose {'nothing' if left else 'all its weights'} at level {level}"
                own = RATES[group.kind] if group.kind and getattr(self, RATES[group.kind]) is not None else None
                if level == 1 and own:
                    yield self._clash(own, "architecture", f"another rate, because {loss}")
                else:
                    most = f"at most {level - 1} with {percent(getattr(self, own or 'prune'))}% a level, because {loss}"
                    yield "levels", sentence(label("levels"), self.levels, most)
                return

    @property
    def described(self) -> Mapping[str, Own]:
        """What it names, by setting, as a run's file describes it, where that was not registered here."""
        return self._described

    def named(self, setting: str) -> Any:
        """Return what a setting names: as the run's file says from which this was read, or else as registered."""
        return self._described.get(setting) or NAMES[setting][getattr(self, setting)]

    def choices(self, setting: str) -> Mapping[str, Any]:
        """Return what a setting may name: all that is registered, and what this one names now."""
        described, names = self._described.get(setting), NAMES.get(setting, {})
        return {**names, described.name: described} if described else names

    @property
    def network(self) -> Architecture:
        """The architecture's description."""
        network: Architecture = self.named("architecture")
        return network

    @property
    def data(self) -> DataSet:
        """The data set's description."""
        data: DataSet = self.named("dataset")
        return data

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every tensor of the network, in order."""
        return self.network.parameters(self.data.shape, self.data.classes)

    @property
    def weights(self) -> tuple[Parameter, ...]:
        """The tensors that count in the density: the weights of every layer, also where it is never pruned."""
        return tuple(parameter for parameter in self.parameters if parameter.is_weight)

    @property
    def size(self) -> int:
        """How many weights the dense network has; biases and batch normalization are not counted."""
        return sum(parameter.size for parameter in self.weights)

    @cached_property
    def rates(self) -> dict[Kind, Fraction]:
        """The share of its survivors that a level cuts from each kind of layer, as the decimal written."""
        main = Fraction(str(self.prune))
        rates = {}
        for kind, ratio in self.network.ratio.items():
            given = getattr(self, RATES[kind])
            recipe = main * (ratio > 0) if self.scope == "global" else main * ratio
            rates[kind] = recipe if given is None else Fraction(str(given))
        return rates

    @cached_property
    def prunable(self) -> tuple[Parameter, ...]:
        """The tensors that are pruned: never a bias, batch normalization, a shortcut or a kind of layer at rate 0."""
        return tuple(p for p in self.parameters if p.kind is not None and self.rates[p.kind] > 0)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """What is pruned as one: each prunable layer, or all of them together where the scope is global."""
        if self.scope == "global":
            names, size = tuple(p.name for p in self.prunable), sum(p.size for p in self.prunable)
            return (Group(names, size, Fraction(str(self.prune))),)
        return tuple(Group((p.name,), p.size, self.rates[p.kind], p.kind) for p in self.prunable if p.kind)

    @cached_property
    def counts(self) -> tuple[tuple[int, ...], ...]:
        """How many weights each group has left at each level from 0 on; exact, and known before any training."""
        levels = [tuple(group.size for group in self.groups)]
        for _ in range(self.levels):
            levels.append(tuple(left - cut(left, g.rate) for left, g in zip(levels[-1], self.groups, strict=True)))
        return tuple(levels)

    def survivors(self, level: int) -> dict[str, int]:
        """How many weights of each tensor are left at `level`, as far as that is known before any training.

        Where the scope is global, only the number of all prunable ones together is, and none of them is here.
        """
        left = {p.name: p.size for p in self.weights if p not in self.prunable}
        for group, count in zip(self.groups, self.counts[level], strict=True):
            if len(group.names) == 1:
                left[group.names[0]] = count
        return left

    def left(self, level: int) -> int:
        """How many weights of the whole network are left at `level`, those that are never pruned included."""
        return self.size - sum(self.counts[0]) + sum(self.counts[level])

    @cached_property
    def densities(self) -> tuple[float, ...]:
        """The density of each level from 0 on."""
        return tuple(self.left(level) / self.size for level in range(self.levels + 1))

    def density(self, level: int) -> float:
        """Surviving weights ÷ all weights at `level`, 0–1; biases are not counted."""
        return self.densities[level]

    @cached_property
    def drops(self) -> tuple[int, ...]:
        """The iterations at which the learning rate is divided by 10: the recipe's at the same share of training."""
        if self.milestones is not None:
            return self.milestones
        return tuple(cut(self.iterations, Fraction(at, self.network.iterations)) for at in self.network.milestones)

    def learning_rate_at(self, iteration: int) -> float:
        """The learning rate of the step that leads from `iteration` to the next."""
        rate = self.learning_rate * min(1.0, (iteration + 1) / max(1, self.warmup))
        return float(rate / 10 ** sum(at <= iteration for at in self.drops))

    def spread(self, weight: Parameter) -> float:
        """The standard deviation that a weight is initialized with, by the fans of the dense layer."""
        fan_in, fan_out = weight.fans
        fans = fan_in + fan_out if self.initialization == "glorot" else fan_in
        return self.initialization_scale * math.sqrt(2 / fans)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants that are trained: the ticket, and the controls that have draws."""
        return tuple(variant for variant in VARIANTS if self.draws(variant))

    def draws(self, variant: Variant) -> int:
        """How many networks of a variant there are for each replicate and level."""
        return int(getattr(self, DRAWS[variant]))

    def from_ticket(self, variant: Variant) -> bool:
        """Whether a variant begins with the ticket's initial weights, be they changed; else they are drawn anew."""
        return variant == "ticket" or (variant == "random-reinit" and self.reinit != DRAWN)

    def begins(self, variant: Variant, level: int) -> int:
        """The iteration at which a network's training begins: that to which a ticket is rewound, else 0."""
        return self.rewind if level and self.from_ticket(variant) else 0

    @property
    def networks(self) -> int:
        """How many networks are trained, where none diverges."""
        return self.replicates * (self.ticket_draws + self.levels * sum(map(self.draws, self.variants)))

    @property
    def network_iterations(self) -> int:
        """The mini-batch steps of all networks together, where none diverges."""
        a_level = sum(self.draws(variant) * (self.iterations - self.begins(variant, 1)) for variant in self.variants)
        return self.replicates * (self.ticket_draws * self.iterations + self.levels * a_level)

    def descendants(self, level: int) -> range:
        """The levels that cannot be trained without the ticket of `level`."""
        pruned_from = level == 0 or self.protocol != "one-shot"
        return range(level + 1, self.levels + 1 if pruned_from else level + 1)

    @property
    def departures(self) -> dict[str, str]:
        """How it is trained and pruned otherwise than by the paper's recipe, as a person types it."""
        recipe = {
            name: getattr(self.network, name) if name in TRAINED_BY else entry.default
            for name, entry in Experiment.model_fields.items()
            if name in TRAINED_BY or (name not in FROM_ARCHITECTURE and name not in MEASURED_BY)
        }
        return {
            name: text for name, text in self.typed().items() if name in recipe and getattr(self, name) != recipe[name]
        }

    @property
    def plain(self) -> bool:
        """Whether a back end can train it that knows fully connected layers, pixels ÷ 255 and Adam, and no more.

        How it is initialized and pruned makes no difference to that.
        """
        special = (self.weight_decay, self.dropout, self.warmup, self.drops, self.augment, self.rewind)
        simple = self.network.fully_connected and self.optimizer == "adam" and not self.data.standardized
        return simple and not any(special)

    @cached_property
    def evaluations(self) -> tuple[int, ...]:
        """The iterations at which every network is evaluated: 0, every 20 up to 200, every `evaluate`, the last.

        So is the one that tickets are rewound to.
        """
        grid = {0, *range(20, 201, 20), *range(0, self.iterations + 1, self.evaluate), self.rewind, self.iterations}
        return tuple(sorted(iteration for iteration in grid if iteration <= self.iterations))

    @property
    def evaluated(self) -> int:
        """How many images one evaluation looks at: some of the training images, and all others."""
        return min(MEASURED, self.data.train) + self.data.validation + self.data.test

    def but(self, **changes: Any) -> Experiment:
        """Return this experiment with some settings changed, validated anew.

        Another architecture brings along how it is trained and pruned, but for what is given.
        """
        kept = self.model_dump()
        if changes.get("architecture", self.architecture) != self.architecture:
            kept = {name: value for name, value in kept.items() if name not in BROUGHT_ALONG}
        return Experiment(self._described, **{**kept, **changes})

    def to_json(self) -> str:
        """Write every setting as one JSON object; `from_json` gives an equal experiment back."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Experiment:
        """Read what `to_json` wrote. Raises `Refused` when it is no experiment."""
        try:
            settings = json.loads(text)
        except ValueError:
            settings = None
        if not isinstance(settings, dict):
            raise Refused({"experiment": "The experiment is not a JSON object of settings."})
        return cls(**settings)

    def typed(self) -> dict[str, str]:
        """Write every setting as a person types it; `parse` gives an equal experiment back."""
        return {name: as_typed(name, value) for name, value in self.model_dump().items()}

    @classmethod
    def parse(
        cls, texts: Mapping[str, str], base: Experiment | None = None, values: Mapping[str, Any] | None = None
    ) -> Experiment:
        """Read settings as a person types them (percentages as 20, not 0.2), over `values`, over those of `base`.

        Raises `Refused` with the problem of every field that is wrong; how fields go together is
        looked at once each is right.
        """
        settings, problems = dict(values or {}), {}
        for name, text in texts.items():
            try:
                settings[name] = from_typed(name, text, base.choices(name) if base else NAMES.get(name, {}))
            except ValueError:
                problems[name] = refusal(name, repr(text), typed=text)
        if problems:
            raise Refused(problems)
        return base.but(**settings) if base else cls(**settings)
