"""The one selection that links all views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.events import VARIANTS, Variant

Measure = Literal["final", "early stop"]


@dataclass(frozen=True)
class Selection:
    """What a person looks at.

    Args:
        level: the level on screen; None follows the level that trains.
        layer: the prunable parameter whose mask and weights are shown; None is the first.
        variant: the variant in focus; None is all of them alike.
        replicate: whose masks and weights are shown.
        measure: accuracy at the end of training, or at early stopping.
        unit: the unit of the layer whose connections are pointed out, from 0.
        pixel: the input of the layer, of the first a pixel of the image, whose connections are pointed out, from 0.
        brush: the range of weights' values that is lit up in the masks.
        presents: the view that is shown large to an audience; none where empty.
        variants: those that are shown at all.
    """

    level: int | None = None
    layer: str | None = None
    variant: Variant | None = None
    replicate: int = 0
    measure: Measure = "final"
    unit: int | None = None
    pixel: int | None = None
    brush: tuple[float, float] | None = None
    presents: str = ""
    variants: tuple[Variant, ...] = VARIANTS
