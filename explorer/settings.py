"""The settings of an experiment: one table, and how a person types, reads and is refused each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from explorer.architectures import ARCHITECTURES
from explorer.datasets import DATASETS
from explorer.descriptions import TABLES
from explorer.errors import nearest, one_of, sentence
from explorer.pruning import CRITERIA
from explorer.reinits import DRAWN, REINITS

OPTIMIZERS = {"adam": "Adam", "momentum": "SGD with momentum 0.9", "sgd": "SGD"}
INITIALIZATIONS = {"glorot": "Gaussian Glorot, √(2 / (fan in + fan out))", "kaiming": "Gaussian Kaiming, √(2 / fan in)"}
PROTOCOLS = {
    "resetting": "prune level by level, each time back to the original initial weights",
    "continued": "prune level by level, and go on training from the trained weights",
    "one-shot": "prune the dense network to every level at once",
}
SCOPES = {"layer-wise": "the smallest of each layer", "global": "the smallest of the whole network"}

NAMES: dict[str, Mapping[str, Any]] = {
    "architecture": ARCHITECTURES,
    "dataset": DATASETS,
    "optimizer": OPTIMIZERS,
    "initialization": INITIALIZATIONS,
    "protocol": PROTOCOLS,
    "scope": SCOPES,
    "criterion": CRITERIA,
    "reinit": REINITS,
}
RECIPE = "recipe"
"""How a person types that a setting is as in the paper's recipe for the architecture; in code and files it is None."""

ANY_ITERATION = 1_000_000


class Settings(BaseModel):
    """The table of an experiment's fields: the command's flags, the page's controls, messages and JSON follow from it.

    Each stands here once, with its label, help, bounds and unit. What is None follows other settings by the recipe.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    architecture: str = Field("lenet-300-100", title="Architecture", description="the network to search in")
    dataset: str = Field(title="Data set", description="the images to train on")
    prune: float = Field(
        title="Prune per level",
        description="share of the surviving weights cut at every level; less where the paper cuts less, as half of it "
        "in the output layer",
        ge=0.01,
        le=0.99,
        json_schema_extra={"percent": True},
    )
    levels: int = Field(20, title="Levels", description="how many times to prune; level 0 is dense", ge=1, le=999)
    replicates: int = Field(5, title="Replicates", description="searches from different initial weights", ge=1, le=100)
    iterations: int = Field(title="Iterations", description="mini-batch steps in each training", ge=1, le=ANY_ITERATION)
    seed: int = Field(0, title="Seed", description="decides every random number", ge=0, le=2**32 - 1)
    batch: int = Field(title="Batch", description="images in a mini-batch", ge=1, le=10_000)
    learning_rate: float = Field(title="Learning rate", description="the optimizer's step size", gt=0, le=10)
    evaluate: int = Field(
        100,
        title="Evaluate every",
        description="iterations between evaluations (every 20 up to 200 in any case)",
        ge=1,
        le=ANY_ITERATION,
    )

    optimizer: str = Field(title="Optimizer", description="adam, momentum (0.9) or sgd")
    milestones: tuple[Annotated[int, Field(ge=1, le=ANY_ITERATION)], ...] | None = Field(
        None,
        title="Milestones",
        description="iterations at which the learning rate is divided by 10; the recipe's move with the iterations",
    )
    warmup: int = Field(
        0,
        title="Warmup",
        description="iterations over which the learning rate rises linearly from 0",
        ge=0,
        le=ANY_ITERATION,
    )
    weight_decay: float = Field(
        title="Weight decay", description="how much of each weight is added to its gradient", ge=0, le=1
    )
    dropout: float = Field(
        0.0, title="Dropout", description="share of hidden fully connected units disabled at each step", ge=0, le=0.95
    )
    augment: bool = Field(title="Augment", description="whether images are cropped, and flipped where that makes sense")
    initialization: str = Field("glorot", title="Initialization", description="the distribution of initial weights")
    initialization_scale: float = Field(
        1.0, title="Initialization scale", description="a factor of its standard deviation", gt=0, le=100
    )
    protocol: str = Field(
        "resetting", title="Protocol", description="prune and reset, prune and go on (continued), or prune at once"
    )
    criterion: str = Field("magnitude", title="Criterion", description="which weights are pruned first")
    scope: str = Field(title="Scope", description="whether each layer is pruned by itself, or all as one (global)")
    prune_convolution: float | None = Field(
        None,
        title="Prune convolutions",
        description="share of a convolution cut at every level, if not the recipe's",
        ge=0,
        le=0.99,
        json_schema_extra={"percent": True},
    )
    prune_fully_connected: float | None = Field(
        None,
        title="Prune fully connected",
        description="share of a hidden fully connected layer cut at every level, if not the recipe's",
        ge=0,
        le=0.99,
        json_schema_extra={"percent": True},
    )
    prune_output: float | None = Field(
        None,
        title="Prune output",
        description="share of the output layer cut at every level, if not the recipe's",
        ge=0,
        le=0.99,
        json_schema_extra={"percent": True},
    )
    rewind: int = Field(
        0,
        title="Rewind to",
        description="iteration of the dense training to whose weights tickets are reset; 0 is before it",
        ge=0,
        le=ANY_ITERATION,
    )

    ticket_draws: int = Field(
        1,
        title="Ticket draws",
        description="how often each ticket is trained, from one start in different orders of the images; from 2 on the "
        "line between their final weights is measured",
        ge=1,
        le=20,
    )
    reinit_draws: int = Field(
        1, title="Reinit draws", description="random reinits of each ticket; 0 is none", ge=0, le=100
    )
    sparse_draws: int = Field(
        1, title="Sparse draws", description="random sparse networks for each ticket; 0 is none", ge=0, le=100
    )
    reinit: str = Field(DRAWN, title="Reinit", description="where the initial weights of a random reinit come from")
    noise: float = Field(
        1.0,
        title="Noise",
        description="added to the ticket's initial weights by reinit noise, in standard deviations of each layer's own",
        gt=0,
        le=100,
    )


class Bounds(NamedTuple):
    """The values that a number of the table may take; `above` is an open lower end."""

    least: float | None
    above: float | None
    most: float | None


def field(name: str) -> FieldInfo:
    """Return the table's entry for a setting."""
    return Settings.model_fields[name]


def label(name: str) -> str:
    """Return what a person calls a setting."""
    return str(field(name).title) if name in Settings.model_fields else name


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
    extra = field(name).json_schema_extra if name in Settings.model_fields else None
    return isinstance(extra, dict) and bool(extra.get("percent"))


def percent(rate: float) -> str:
    """Write a rate in per cent as a person would: 0.2 → 20, 0.125 → 12.5."""
    return f"{(Decimal(str(rate)) * 100).normalize():f}"


def accepted(name: str, typed: bool = False) -> str:
    """Say which values a setting accepts; `typed` where percentages are typed as 20."""
    or_recipe = "" if not _may_be_none(name) else f", or {RECIPE}" if typed else ", or null for the recipe's"
    kind = _kind(name)
    if name in NAMES:
        return one_of(NAMES[name])
    if kind is bool:
        return "yes or no" if typed else "true or false"
    if kind is tuple:
        return f"{'none, or iterations with spaces between' if typed else 'a list of iterations'}{or_recipe}"
    least, above, most = bounds(name)
    assert most is not None
    if is_percent(name) and typed:
        return f"a percentage from {percent(least or 0)} to {percent(most)}{or_recipe}"
    what = "a whole number" if kind is int else "a number"
    numbers = f"above {above:g} and up to {most:g}" if least is None else f"from {least} to {most}"
    return f"{what} {numbers}{or_recipe}"


def refusal(name: str, given: str, typed: str | None = None) -> str:
    """Say why a setting was refused: its label, what was given, what is accepted, and the nearest right value."""
    if name not in Settings.model_fields:
        names = list(Settings.model_fields)
        return f"There is no setting {name!r}; give {one_of(names)}{nearest(name, names)}."
    hint = nearest(given.strip("'\""), NAMES[name]) if name in NAMES else ""
    if name in TABLES:
        hint = f", or register it first{hint}"
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


def _kind(name: str) -> type:
    """Return the type of a setting's values: str, int, float, bool or tuple, whether it may be None or not."""
    annotation: Any = field(name).annotation
    if _may_be_none(name):
        annotation = get_args(annotation)[0]
    kind: type = get_origin(annotation) or annotation
    return kind


def _may_be_none(name: str) -> bool:
    """Whether a setting may be left to the recipe."""
    return type(None) in get_args(field(name).annotation)


def as_typed(name: str, value: Any) -> str:
    """Write a setting's value as a person types it."""
    if value is None:
        return RECIPE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return percent(value) if is_percent(name) else str(value).removesuffix(".0")


def from_typed(name: str, text: str, names: Mapping[str, Any]) -> Any:
    """Turn what a person typed into the field's own type; `names` are those that it may be, where it is a name.

    Raises ValueError when it is none or out of bounds.
    """
    if name not in Settings.model_fields:
        raise ValueError(name)
    text, kind = text.strip(), _kind(name)
    if text == RECIPE and _may_be_none(name):
        return None
    value: Any = None
    if kind is str:
        value = text if text in names else None
    elif kind is bool:
        value = {"yes": True, "no": False}.get(text)
    elif kind is tuple:
        value = () if text == "none" else tuple(int(_plain(part)) for part in text.split()) or None
    elif kind is int:
        value = int(_plain(text))
    else:
        number = _decimal(text.removesuffix("%").strip() if is_percent(name) else text)
        value = float(number / 100 if is_percent(name) else number)
    if value is None or (kind in (int, float) and not _inside(name, value)):
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


def problems_of(error: ValidationError) -> dict[str, str]:
    """Turn pydantic's report into one sentence a field."""
    return {str(detail["loc"][0]): refusal(str(detail["loc"][0]), repr(detail["input"])) for detail in error.errors()}
