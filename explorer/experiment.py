"""What to run: one table of fields, validated before anything starts, immutable, and the same through JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from explorer.architectures import ARCHITECTURES, Architecture, Parameter
from explorer.datasets import DATASETS, DataSet
from explorer.errors import Refused, nearest, one_of, sentence
from explorer.pruning import cut, survivors

NAMES: dict[str, Mapping[str, Any]] = {"architecture": ARCHITECTURES, "dataset": DATASETS}
MEASURED = 1_000
"""Training images on which train loss and accuracy are measured."""

FROM_ARCHITECTURE = ("dataset", "prune", "iterations", "batch", "learning_rate")


class Experiment(BaseModel):
    """A search for winning tickets and its controls: everything that decides its numbers.

    What is not given is the paper's recipe for the architecture. Raises `Refused`, naming each field that
    is wrong, what was given and what is accepted.

    Every field stands here once, with its label, help, bounds and unit; the command's flags, the page's
    controls, the messages and JSON follow from this table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    architecture: str = Field("lenet-300-100", title="Architecture", description="the network to search in")
    dataset: str = Field(title="Data set", description="the images to train on")
    prune: float = Field(
        title="Prune per level",
        description="share of each layer's surviving weights cut at every level; half of it in the output layer",
        ge=0.01,
        le=0.99,
        json_schema_extra={"percent": True},
    )
    levels: int = Field(20, title="Levels", description="how many times to prune; level 0 is dense", ge=1, le=999)
    replicates: int = Field(5, title="Replicates", description="searches from different initial weights", ge=1, le=100)
    iterations: int = Field(title="Iterations", description="mini-batch steps in each training", ge=1, le=1_000_000)
    seed: int = Field(0, title="Seed", description="decides every random number", ge=0, le=2**32 - 1)
    batch: int = Field(title="Batch", description="images in a mini-batch", ge=1, le=10_000)
    learning_rate: float = Field(title="Learning rate", description="Adam's step size", gt=0, le=10)
    evaluate: int = Field(
        100,
        title="Evaluate every",
        description="iterations between evaluations (every 20 up to 200 in any case)",
        ge=1,
        le=1_000_000,
    )

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise Refused(_problems(error)) from None
        problems = self._disagreements()
        if problems:
            raise Refused(problems)

    @model_validator(mode="before")
    @classmethod
    def _paper_recipe(cls, given: Any) -> Any:
        """Fill in what was not given from the architecture."""
        settings = {name: value for name, value in dict(given).items() if value is not None}
        name = settings.setdefault("architecture", field("architecture").default)
        # An unknown name is refused later; until then any recipe will do, so that only the name is reported.
        recipe = ARCHITECTURES.get(str(name), ARCHITECTURES[field("architecture").default])
        for name in FROM_ARCHITECTURE:
            settings.setdefault(name, getattr(recipe, name))
        return settings

    def _disagreements(self) -> dict[str, str]:
        """Find what no field shows alone: unknown names, more levels than can be pruned, too large a batch."""
        unknown = {name: getattr(self, name) for name in NAMES if getattr(self, name) not in NAMES[name]}
        if unknown:
            return {name: refusal(name, repr(given)) for name, given in unknown.items()}
        if self.batch > self.data.train:
            return {"batch": sentence(label("batch"), self.batch, f"at most {self.data.train}")}
        alive = {parameter.name: parameter.size for parameter in self.prunable}
        for level in range(1, self.levels + 1):
            for name, left in alive.items():
                taken = cut(left, self.rates[name])
                if taken in (0, left):
                    loss = f"{name} would lose {'all its weights' if taken else 'nothing'} at level {level}"
                    most = f"at most {level - 1} with {percent(self.prune)}% a level, because {loss}"
                    return {"levels": sentence(label("levels"), self.levels, most)}
                alive[name] = left - taken
        return {}

    @property
    def network(self) -> Architecture:
        """The architecture's description."""
        return ARCHITECTURES[self.architecture]

    @property
    def data(self) -> DataSet:
        """The data set's description."""
        return DATASETS[self.dataset]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every tensor of the network, in order."""
        return self.network.parameters(self.data.shape, self.data.classes)

    @property
    def prunable(self) -> tuple[Parameter, ...]:
        """The tensors that are pruned: the weights of every layer, never a bias."""
        return tuple(parameter for parameter in self.parameters if parameter.kind is not None)

    @cached_property
    def rates(self) -> dict[str, Fraction]:
        """The share of each prunable tensor's survivors that a level cuts, as the decimal written."""
        main = Fraction(str(self.prune))
        return {p.name: main * self.network.ratio[p.kind] for p in self.prunable if p.kind is not None}

    def survivors(self, level: int) -> dict[str, int]:
        """How many weights of each prunable tensor are left at `level`; exact, and known before any training."""
        return {p.name: survivors(p.size, self.rates[p.name], level) for p in self.prunable}

    @cached_property
    def densities(self) -> tuple[float, ...]:
        """The density of each level from 0 on."""
        weights = sum(p.size for p in self.prunable)
        return tuple(sum(self.survivors(level).values()) / weights for level in range(self.levels + 1))

    def density(self, level: int) -> float:
        """Surviving weights ÷ all weights at `level`, 0–1; biases are not counted."""
        return self.densities[level]

    @cached_property
    def evaluations(self) -> tuple[int, ...]:
        """The iterations at which every network is evaluated: 0, every 20 up to 200, every `evaluate`, the last."""
        grid = {0, *range(20, 201, 20), *range(0, self.iterations + 1, self.evaluate), self.iterations}
        return tuple(sorted(iteration for iteration in grid if iteration <= self.iterations))

    @property
    def evaluated(self) -> int:
        """How many images one evaluation looks at: some of the training images, and all others."""
        return min(MEASURED, self.data.train) + self.data.validation + self.data.test

    def but(self, **changes: Any) -> Experiment:
        """Return this experiment with some settings changed, validated anew."""
        return Experiment(**{**self.model_dump(), **changes})

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
        settings = self.model_dump().items()
        return {name: percent(value) if is_percent(name) else str(value) for name, value in settings}

    @classmethod
    def parse(cls, texts: Mapping[str, str], base: Experiment | Mapping[str, Any] | None = None) -> Experiment:
        """Read settings as a person types them (percentages as 20, not 0.2), over those of `base`.

        Raises `Refused` with the problem of every field that is wrong; how fields go together is
        looked at once each is right.
        """
        settings = base.model_dump() if isinstance(base, Experiment) else dict(base or {})
        problems = {}
        for name, text in texts.items():
            try:
                settings[name] = _typed(name, text)
            except ValueError:
                problems[name] = refusal(name, repr(text), typed=text)
        if problems:
            raise Refused(problems)
        return cls(**settings)


class Bounds(NamedTuple):
    """The values that a number of the table may take; `above` is an open lower end."""

    least: float | None
    above: float | None
    most: float | None


def field(name: str) -> FieldInfo:
    """Return the table's entry for a setting."""
    return Experiment.model_fields[name]


def label(name: str) -> str:
    """Return what a person calls a setting."""
    return str(field(name).title) if name in Experiment.model_fields else name


def bounds(name: str) -> Bounds:
    """Return a numeric setting's bounds, from the table."""
    found = {
        key: getattr(rule, key)
        for rule in field(name).metadata
        for key in ("ge", "gt", "le")
        if getattr(rule, key, None) is not None
    }
    return Bounds(found.get("ge"), found.get("gt"), found.get("le"))


def is_percent(name: str) -> bool:
    """Whether people type and read this setting in per cent, while code and files hold 0–1."""
    extra = field(name).json_schema_extra if name in Experiment.model_fields else None
    return isinstance(extra, dict) and bool(extra.get("percent"))


def percent(rate: float) -> str:
    """Write a rate in per cent as a person would: 0.2 → 20, 0.125 → 12.5."""
    return f"{(Decimal(str(rate)) * 100).normalize():f}"


def accepted(name: str, typed: bool = False) -> str:
    """Say which values a setting accepts; `typed` where percentages are typed as 20."""
    if name in NAMES:
        return one_of(NAMES[name])
    least, above, most = bounds(name)
    assert most is not None
    if is_percent(name) and typed:
        return f"a percentage from {percent(least or 0)} to {percent(most)}"
    what = "a whole number" if field(name).annotation is int else "a number"
    return f"{what} above {above:g} and up to {most:g}" if least is None else f"{what} from {least} to {most}"


def refusal(name: str, given: str, typed: str | None = None) -> str:
    """Say why a setting was refused: its label, what was given, what is accepted, and the nearest right value."""
    if name not in Experiment.model_fields:
        names = list(Experiment.model_fields)
        return f"There is no setting {name!r}; give {one_of(names)}{nearest(name, names)}."
    hint = nearest(given.strip("'\""), NAMES[name]) if name in NAMES else ""
    if is_percent(name):
        try:
            number = _decimal(typed if typed is not None else given)
        except ValueError:
            return sentence(label(name), given, accepted(name, typed is not None))
        if typed is not None:
            given = f"{typed.strip()}%"
            hint = f" (did you mean {percent(float(number))}?)" if _inside(name, float(number)) else ""
        elif _inside(name, float(number / 100)):
            hint = f" (did you mean {number / 100}?)"
    return sentence(label(name), given, accepted(name, typed is not None), hint)


def _typed(name: str, text: str) -> Any:
    """Turn what a person typed into the field's own type. Raises ValueError when it is none or out of bounds."""
    if name not in Experiment.model_fields:
        raise ValueError(name)
    text = text.strip().removesuffix("%").strip() if is_percent(name) else text.strip()
    kind = field(name).annotation
    if kind is int:
        value: Any = int(_plain(text))
    elif kind is float:
        number = _decimal(text)
        value = float(number / 100 if is_percent(name) else number)
    elif text in NAMES[name]:
        return text
    else:
        raise ValueError(name)
    if not _inside(name, value):
        raise ValueError(name)
    return value


def _plain(text: str) -> str:
    """Take the commas between its thousands out of a number as people write it; `_` is for programs, a ValueError."""
    if "_" in text:
        raise ValueError(text)
    return text.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", text.strip()) else text


def _decimal(text: str) -> Decimal:
    """Read a number exactly as it is written. Raises ValueError for what is none, or none that can be reckoned with."""
    try:
        number = +Decimal(_plain(text))
    except ArithmeticError:
        raise ValueError(text) from None
    if not number.is_finite():
        raise ValueError(text)
    return number


def _inside(name: str, value: float) -> bool:
    """Whether a number is within a setting's bounds."""
    least, above, most = bounds(name)
    return (least is None or value >= least) and (above is None or value > above) and (most is None or value <= most)


def _problems(error: ValidationError) -> dict[str, str]:
    """Turn pydantic's report into one sentence a field."""
    return {str(detail["loc"][0]): refusal(str(detail["loc"][0]), repr(detail["input"])) for detail in error.errors()}
