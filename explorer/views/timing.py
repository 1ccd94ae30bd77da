"""How long a network-iteration took at each level: what masks save, or not, where the search runs."""

from __future__ import annotations

from explorer.state import Pace, State
from explorer.views import words
from explorer.views.chart import Chart, MarginLabel, Mark, Span, columns, frame, margin_labels, round_step, ticks
from explorer.views.level_axis import LevelAxis
from explorer.views.means import shown_level
from explorer.views.progress import SPARSE
from explorer.views.selection import Selection
from explorer.views.table import Table, cell

SAME = 0.85  # of the dense time: what is above is no gain, and what is below needs a word of its own
PLACES = {"CPU": "on this CPU", "GPU": "on a GPU"}


def timing(state: State, selection: Selection) -> Chart:
    """Draw the mean time of a network-iteration (ms, evaluation included) at each level that is done."""
    axis = LevelAxis(state.experiment, shown_level(state, selection.level))
    measured = {level: _milliseconds(pace) for level, pace in _done(state).items()}
    dense, longest = measured.get(0), max(measured.values(), default=1.0)
    step = round_step(longest, 4)
    heights = ticks(0, longest + 1.5 * step, step)
    x, y = axis.span, Span.around(0, heights[-1], 0.1, 0.17)
    half = min(0.25 * (axis.places[1] - axis.places[0]), 0.8 * (axis.places[0] - x.first))
    bars = [(axis.places[k] - half, axis.places[k] + half, 0, value) for k, value in measured.items()]
    above = y.share(0.035)
    values = [
        (axis.places[k], max(value, dense or 0) + above, f"{value:.2f}")
        for k, value in measured.items()
        if k in axis.written
    ]
    line = [] if dense is None else [(x.first, dense, x.last, dense)]
    label = [] if dense is None else [MarginLabel("dense", x.last, dense, f"Dense {dense:.2f} ms")]
    title = [(x.first, y.last + y.share(0.115), "Milliseconds a network-iteration")]
    note = [(x.first, y.last + y.share(0.06), _note(state))]
    waiting = [((x.first + x.last) / 2, y.last / 2, "" if measured else _waiting(state))]
    marks = {
        **axis.strip(y.low + y.share(0.005), y.last),
        **frame(x, y, {h: f"{h:g}" for h in heights}),
        **axis.ticks(y.first - y.share(0.045)),
        "bars": Mark("boxes", "axis", columns("boxes", bars)),
        "dense line": Mark("rules", "dense", columns("rules", line), width=1.4),
        "values": Mark("texts", "ink", columns("texts", values), align="center"),
        **margin_labels(label, x.last + x.share(0.02), x, y, gap=y.share(0.055)),
        "title": Mark("texts", "ink", columns("texts", title), bold=True),
        "note": Mark("texts", "muted", columns("texts", note)),
        "waiting": Mark("texts", "muted", columns("texts", waiting), align="center"),
    }
    notes = [
        (axis.places[k], f"{axis.heading(k)}\n{value:.3f} ms a network-iteration, evaluation included")
        for k, value in measured.items()
    ]
    return Chart("timing", x, (y,), marks, _summary(state, measured), notes)


def table(state: State, selection: Selection) -> Table:
    """Return what was measured of each level that is done; the selection makes no difference."""
    rows = tuple(
        (
            cell(level),
            cell(100 * state.experiment.density(level), 1),
            cell(pace.steps),
            cell(pace.seconds, 2),
            cell(_milliseconds(pace), 3),
        )
        for level, pace in _done(state).items()
    )
    return Table(
        ("level", "weights remaining, %", "network-iterations", "seconds", "ms a network-iteration"),
        rows,
        "Time of a network-iteration at each level, evaluation included.",
    )


def _done(state: State) -> dict[int, Pace]:
    """Return the paces of the levels that are done; before, evaluations take too large a part of the time."""
    return {level: pace for level, pace in sorted(state.paces.items()) if pace.steps and state.done(level)}


def _milliseconds(pace: Pace) -> float:
    return 1000 * pace.seconds / pace.steps


def _note(state: State) -> str:
    """Say why a sparser network is faster, or is not."""
    paces = _done(state)
    if 0 not in paces:
        return ""
    sparsest = paces[max(paces)]
    where = PLACES.get(sparsest.device, "here")
    if sparsest.back_end in SPARSE:
        return f"Masks save time {where}: only surviving weights are multiplied."
    if _milliseconds(sparsest) < SAME * _milliseconds(paces[0]):
        return ""  # other work on this machine made the first levels slower
    return f"Masks save nothing {where}: pruned weights are still multiplied."


def _waiting(state: State) -> str:
    if state.ended:
        return "No times were kept of this run."
    return "A bar is added when a level is done."


def _summary(state: State, measured: dict[int, float]) -> str:
    if not measured:
        return "Time of a network-iteration against weights remaining: nothing is measured."
    parts = [
        f"{value:.2f} ms at {words.remaining(state.experiment.density(level), exact=True)}"
        for level, value in measured.items()
        if level in (min(measured), max(measured))
    ]
    return f"Mean time of a network-iteration against weights remaining: {', '.join(parts)} of the weights."
