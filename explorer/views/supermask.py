"""What a mask alone can do: test accuracy before training against weights remaining.

A mask that makes a network of untrained weights far better than chance is a "supermask" (Zhou, Lan, Liu & Yosinski
2019, "Deconstructing Lottery Tickets: Zeros, Signs, and the Supermask").
"""

from __future__ import annotations

from collections.abc import Mapping

from explorer.events import VARIANTS, Variant
from explorer.measures import Mean
from explorer.state import State
from explorer.views import words
from explorer.views.chart import Chart, MarginLabel, Mark, Span, columns, frame, margin_labels, per_cent, roof
from explorer.views.level_axis import LevelAxis, Measured
from explorer.views.means import shown_level
from explorer.views.selection import Selection
from explorer.views.table import Table, cell, range_cells, range_columns

Shown = Mapping[Variant, Measured]


def key(state: State, selection: Selection) -> tuple[object, ...]:
    """Return what the chart depends on: while it stays the same, there is nothing new to draw."""
    begun = tuple(network for network, known in state.networks.items() if known.evaluations and not known.diverged)
    return shown_level(state, selection.level), begun, len(state.networks), state.ended is None


def supermask(state: State, selection: Selection) -> Chart:
    """Draw the test accuracy (per cent) of each variant's networks where their training begins.

    Each point is a mean over replicates with its range, from when all of them have been evaluated. The dense tone's
    line is chance: one class as often as another.
    """
    axis = LevelAxis(state.experiment, shown_level(state, selection.level))
    shown, chance = _shown(state), 100 / state.experiment.data.classes
    top = roof([2 * chance, *(value.high for measured in shown.values() for value in measured.values())])
    x, y = axis.span, Span.around(0, top, 0.1, 0.13)
    dense = shown["ticket"].get(0)

    marks = axis.strip(y.low + y.share(0.005), y.last)
    marks |= frame(x, y, per_cent([0, top / 2, top]))
    marks |= axis.ticks(y.first - y.share(0.045))
    marks["chance"] = Mark("rules", "dense", columns("rules", [(x.first, chance, x.last, chance)]), width=1.4)
    for variant in reversed(VARIANTS):
        marks |= axis.line(variant, shown[variant], 0)
    point = [(0.0, dense.mean)] if dense else []
    marks["dense point"] = Mark("points", "dense", columns("points", point), size=1.1)
    labels = [MarginLabel("dense", x.last, chance, "Chance"), *axis.margin(shown)]
    marks |= margin_labels(labels, x.last + x.share(0.02), x, y, gap=y.share(0.055))
    note = [(x.first, y.last + y.share(0.08), _note(state))]
    marks["note"] = Mark("texts", "muted", columns("texts", note))
    waiting = [((x.first + x.last) / 2, (chance + top) / 2, _waiting(state, shown))]
    marks["waiting"] = Mark("texts", "muted", columns("texts", waiting), align="center")
    return Chart("supermask", x, (y,), marks, _summary(state, selection, shown, chance), _notes(axis, shown, chance))


def table(state: State, selection: Selection) -> Table:
    """Return the accuracy before training at each level that has begun; the selection makes no difference."""
    shown = _shown(state)
    rows = []
    for level in range(state.experiment.levels + 1):
        for variant in VARIANTS if level else VARIANTS[:1]:
            if level in shown[variant]:
                name = words.TITLES[variant if level else "dense"].lower()
                remaining = cell(100 * state.experiment.density(level), 1)
                first = cell(state.experiment.begins(variant, level))
                rows.append((cell(level), remaining, name, first, *range_cells(shown[variant][level], 2)))
    return Table(
        ("level", "weights remaining", "variant", "iteration", *range_columns("accuracy")),
        tuple(rows),
        "Test accuracy before training and weights remaining, in per cent, and the iteration at which training begins.",
    )


def _shown(state: State) -> Shown:
    """Return the means of every level that has begun; all variants begin at the dense network."""
    shown: dict[Variant, Measured] = {}
    for variant in VARIANTS:
        firsts = {level: _first(state, variant if level else "ticket", level) for level in state.by_level}
        shown[variant] = {level: value for level, value in sorted(firsts.items()) if value}
    return shown


def _first(state: State, variant: Variant, level: int) -> Mean | None:
    """Return what the networks of a variant and level reach where they begin; None until all were evaluated there."""
    networks = state.find(variant, level).values()
    if not networks or not all(known.evaluations for known in networks):
        return None
    return Mean.of([100 * known.evaluations[0].test_accuracy for known in networks])


def _note(state: State) -> str:
    """Say what the networks are made of, which by some protocols is not untrained."""
    experiment = state.experiment
    if experiment.protocol == "continued":
        return "Tickets begin with the trained weights of the level above."
    if experiment.rewind:
        return f"Tickets begin at iteration {words.count(experiment.rewind)}, to which they are rewound."
    return "Masks on initial weights, and nothing trained."


def _waiting(state: State, shown: Shown) -> str:
    if any(len(measured) > 1 for measured in shown.values()):
        return ""
    return "No level below the dense network was reached." if state.ended else "A point is added when a level begins."


def _notes(axis: LevelAxis, shown: Shown, chance: float) -> list[tuple[float, str]]:
    """Say each variant's mean and range at every level."""
    notes = []
    for level, place in enumerate(axis.places):
        titles = {v: words.TITLES[v if level else "dense"] for v in (VARIANTS if level else VARIANTS[:1])}
        measured = [(title, shown[v][level]) for v, title in titles.items() if level in shown[v]]
        lines = [f"{title} {value.mean:.1f}% ({value.low:.1f}–{value.high:.1f})" for title, value in measured]
        notes.append((place, "\n".join([axis.heading(level), *lines, f"Chance {chance:.1f}%"])))
    return notes


def _summary(state: State, selection: Selection, shown: Shown, chance: float) -> str:
    if len(shown["ticket"]) < 2:
        return "Accuracy before training against weights remaining: no level below the dense network has begun."
    level = shown_level(state, selection.level)
    level = level if level and level in shown["ticket"] else max(shown["ticket"])
    said = ", ".join(f"{words.TITLES[v].lower()} {shown[v][level].mean:.1f}%" for v in VARIANTS if level in shown[v])
    where = words.remaining(state.experiment.density(level), exact=True)
    return f"Accuracy before training at {where} of the weights: {said}; chance is {chance:.1f}%."
