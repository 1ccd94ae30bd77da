"""The axis of the views that compare levels: log of weights remaining, sparser to the right, ticks at the levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.experiment import Experiment
from explorer.measures import Mean
from explorer.views import words
from explorer.views.chart import MarginLabel, Mark, Span, clipped, columns

Measured = Mapping[int, Mean]
"""Level → mean over its networks; a level without one is a gap."""


@dataclass(frozen=True)
class LevelAxis:
    """Where each level of an experiment stands, with room for names in the right margin.

    Args:
        experiment: whose levels they are.
        level: the one on screen.
    """

    experiment: Experiment
    level: int

    @cached_property
    def places(self) -> list[float]:
        """Return the x of each level: minus the logarithm of its density."""
        return [-math.log10(density) for density in self.experiment.densities]

    @cached_property
    def span(self) -> Span:
        """Return the horizontal axis, from 112% of the weights to 0.88 × the last level's."""
        return Span.around(-math.log10(1.12), self.places[-1] - math.log10(0.88), 0.08, 0.215)

    @property
    def selected(self) -> float:
        """Return the x of the level on screen."""
        return self.places[self.level]

    @property
    def names(self) -> list[str]:
        """Return each level's weights remaining, as its tick says it."""
        return [words.remaining(density) for density in self.experiment.densities]

    def strip(self, low: float, high: float, panel: int = 0) -> dict[str, Mark]:
        """Set the level on screen off from the others, from one height to another."""
        half = 0.42 * (self.places[1] - self.places[0])
        left, right = max(self.selected - half, self.span.first), min(self.selected + half, self.span.last)
        return {"selected": Mark("boxes", "selection", columns("boxes", [(left, right, low, high)]), panel)}

    def ticks(self, height: float, panel: int = 0) -> dict[str, Mark]:
        """Write the levels' weights remaining at one height, the one on screen in bold."""
        others = [(self.places[k], height, self.names[k]) for k in self.written if k != self.level]
        selected = [(self.selected, height, self.names[self.level])]
        label = [(self.span.high, height, "weights remaining")]
        return {
            "x ticks": Mark("texts", "muted", columns("texts", others), panel, align="center"),
            "x tick selected": Mark("texts", "ink", columns("texts", selected), panel, align="center", bold=True),
            "x label": Mark("texts", "muted", columns("texts", label), panel, align="right"),
        }

    @property
    def written(self) -> list[int]:
        """Choose the levels that are written: every one up to 12, then every second or third, the ends always."""
        count = len(self.places)
        stride = 1 if count <= 12 else 2 if count <= 22 else math.ceil(count / 11)
        always = {0, self.level, count - 1}
        near = {k + d for k in (self.level, count - 1) for d in range(1 - stride, stride)} - always
        return sorted((set(range(0, count, stride)) - near) | always)

    def line(self, variant: Variant, measured: Measured, low: float, panel: int = 0) -> dict[str, Mark]:
        """Draw a variant's means and ranges from the dense network on; below `low` nothing is drawn."""
        measured = measured if len(measured) > 1 else {}
        band = []
        stretches = _stretches(measured)
        for stretch in stretches:
            rows = [(self.places[k], max(measured[k].low, low), max(measured[k].high, low)) for k in stretch]
            # A band is one shape: it has no width where it spans a gap.
            ends = [(self.places[k], *2 * (max(measured[k].mean, low),)) for k in (stretch[0], stretch[-1])]
            band += rows if len(stretches) == 1 else [ends[0], *rows, ends[1]]
        points = [(self.places[k], value.mean) for k, value in measured.items() if k and value.mean >= low]
        big = [row for row in points if row[0] == self.selected]
        return {
            f"band {variant} {panel}": Mark("band", variant, columns("band", band), panel),
            f"line {variant} {panel}": Mark("line", variant, columns("line", self.trace(measured, low)), panel),
            f"points {variant} {panel}": Mark("points", variant, columns("points", points), panel),
            f"selected {variant} {panel}": Mark("points", variant, columns("points", big), panel, size=1.3),
        }

    def trace(self, measured: Measured, low: float) -> list[tuple[float, float]]:
        """Return the line through means, cut off below `low`, broken where a level has none."""
        line: list[tuple[float, float]] = []
        for stretch in _stretches(measured):
            places, means = [self.places[k] for k in stretch], [measured[k].mean for k in stretch]
            line += [*zip(*clipped(np.array(places), np.array(means), low), strict=True), (np.nan, np.nan)]
        return line[:-1]

    def margin(self, shown: Mapping[Variant, Measured]) -> list[MarginLabel]:
        """Name each variant that has a line, at its last point."""
        labels = []
        for variant in VARIANTS:
            if len(shown[variant]) > 1:
                last = max(shown[variant])
                at = self.places[last] + self.span.share(0.01)
                labels.append(MarginLabel(variant, at, shown[variant][last].mean, words.TITLES[variant]))
        return labels

    def heading(self, level: int) -> str:
        """Return the first line of a level's note."""
        density = words.remaining(self.experiment.density(level), exact=True)
        return f"{density} of the weights, level {level}" if level else "all of the weights"

    def crossing(self, measured: Measured, left: float, right: float, thickness: float) -> list[tuple[float, float]]:
        """Return the lowest and the highest y of a line between two x, as what words should keep clear of."""
        places, means = [self.places[k] for k in measured], [value.mean for value in measured.values()]
        if len(places) < 2 or right < places[0] or left > places[-1]:
            return []
        at = [min(max(x, places[0]), places[-1]) for x in (left, right)]
        heights = [*np.interp(at, places, means), *(m for x, m in zip(places, means, strict=True) if left < x < right)]
        return [(min(heights) - thickness / 2, max(heights) + thickness / 2)]


def _stretches(measured: Measured) -> list[list[int]]:
    """Return the measured levels in stretches without a gap."""
    stretches: list[list[int]] = []
    for level in sorted(measured):
        if stretches and stretches[-1][-1] == level - 1:
            stretches[-1].append(level)
        else:
            stretches.append([level])
    return stretches
