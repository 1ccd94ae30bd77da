"""The side of the page: what to run, the buttons, how far it is, and what came out."""

from __future__ import annotations

import html
import time
from collections.abc import Callable

import ipywidgets

from explorer.experiment import Experiment
from explorer.settings import percent
from explorer.state import State
from explorer.views import words
from explorer.views.progress import images_left, progress, seconds_an_image
from explorer.views.story import result
from explorer.widgets.controls import Controls
from explorer.widgets.view import box, text

FIGURES_SECONDS = 0.5  # figures that run are left in peace that long: nobody reads faster, and each costs a message
RUNNING = ("running", "paused")
BUTTONS = {
    "Start": "Search with these settings",
    "Pause": "Stop for now; nothing is lost",
    "Step": "Train one level, then pause",
    "Cancel": "End here; finished levels stay",
}


class Side(ipywidgets.Box):
    """The controls, the buttons and the progress of a search.

    Args:
        experiment: what the controls are set to first.
        pressed: called with the name of a button: "Start", "Pause", "Step", "Cancel" or "Study".
        changed: called when the settings change.
    """

    def __init__(self, experiment: Experiment, pressed: Callable[[str], None], changed: Callable[[], None]) -> None:
        self.controls = Controls(experiment, changed)
        self._buttons = {label: button(label, tooltip, pressed) for label, tooltip in BUTTONS.items()}
        self._adds, self._status, self._left = text("", "lt-adds"), text("", "lt-status"), text("", "lt-left")
        self._progress, self._foot = text("", "lt-progress"), text("", "lt-foot")
        self._differs = text("", "lt-differs")
        self._study = button("Study", "Open this study (f)", pressed)
        self._pace = 0.0, ""  # seconds an image, as the last search of this page has measured it, and its back end
        self._shown: tuple[object, float] = (None, 0.0)
        super().__init__(
            [
                text("<h1>Lottery Ticket Explorer</h1><p>Train, prune, rewind, repeat.</p>", "lt-title"),
                self.controls,
                self._adds,
                box("lt-buttons", *self._buttons.values()),
                box("lt-state", self._status, self._left),
                self._progress,
                self._differs,
                self._study,
                self._foot,
            ]
        )
        self.add_class("lt-side")

    def show_study(self, said: str) -> None:
        """Say which study runs, or ran, on this page; nothing where it is none."""
        self._study.description = said
        self._study.layout.display = None if said else "none"

    def show(self, state: State, status: str, ours: str) -> None:
        """Bring everything up to date; `ours` is the status of the search that was started here, else idle."""
        self.controls.refresh()
        experiment = self.controls.experiment
        about, (shown, when) = (status, ours, experiment, state.ended), self._shown
        if status == "running" and about == shown and time.monotonic() - when < FIGURES_SECONDS:
            return  # only the figures went on
        self._shown = about, time.monotonic()
        self._show_buttons(ours, startable=experiment is not None)
        self.controls.lock(ours in RUNNING)
        if state.progress and (pace := seconds_an_image(state)):
            self._pace = pace, state.progress.back_end
        self._adds.value = _adds(experiment, *self._pace) if experiment else "<p>&nbsp;<br>&nbsp;</p>"
        other = experiment != state.experiment  # of which nobody need be told while nothing is on screen
        self._differs.value = "<p>On screen: other settings</p>" if other and state.networks else ""
        now = progress(State(state.experiment) if status == "idle" else state)  # a recorded run is not in progress
        self._status.value = f'<span class="lt-is-{status}">{html.escape(status)}</span>'
        self._left.value = now.left if status == "running" else ""
        bar = f'<div class="lt-bar"><i class="lt-is-{status}" style="width:{100 * now.share:.1f}%"></i></div>'
        rows = (
            f'<div><dt>{label}</dt><dd class="lt-{label.split("/")[0]}-now lt-{label.split("/")[0]}">{value}</dd></div>'
            for label, value in now.figures
        )
        self._progress.value = f'{bar}<dl class="lt-figures">{"".join(rows)}</dl>'
        self._foot.value = (status not in RUNNING and _result(state)) or _steps(state, status == "running")

    def _show_buttons(self, status: str, startable: bool) -> None:
        running, paused = status in RUNNING, status == "paused"
        self._buttons["Start"].description = "Resume" if paused else "Start"
        self._buttons["Start"].disabled = self._buttons["Step"].disabled = not (paused or (startable and not running))
        self._buttons["Pause"].disabled = status != "running"
        self._buttons["Cancel"].disabled = not running


def button(label: str, tooltip: str, pressed: Callable[[str], None]) -> ipywidgets.Button:
    """Return a button that calls `pressed` with its first label."""
    widget = ipywidgets.Button(description=label, tooltip=tooltip)
    widget.add_class(f"lt-{label.lower().replace(' ', '-')}")
    widget.on_click(lambda _: pressed(label))
    return widget


def _adds(experiment: Experiment, pace: float, back_end: str) -> str:
    """Say what the settings come to: weights left, networks, and how long it will take where that is known."""
    state = State(experiment)
    density = words.remaining(experiment.density(experiment.levels), exact=True)
    weights = words.count(experiment.size)
    about = f", about {words.duration(images_left(state, back_end) * pace)}" if pace else ""
    networks = words.count(experiment.networks)
    return f"<p>leaves <b>{density}</b> of {weights} weights<br><b>{networks}</b> networks{about}</p>"


def _result(state: State) -> str:
    found = result(state)
    if found is None:
        return ""
    lines = "<br>".join(html.escape(line) for line in found.numbers if line)
    strictly = f"<span>strictly, by the<br>dense mean: {found.strictly}</span>" if found.strictly else ""
    return f'<div class="lt-result">{found.about}<p><b>{found.headline}</b>{strictly}</p>{lines}</div>'


def _steps(state: State, training: bool) -> str:
    """List the steps of the method; while a search runs it trains, for pruning takes no time."""
    written = enumerate(steps(state.experiment))
    items = (f'<li class="{"lt-on" if training and k == 0 else ""}">{step}</li>' for k, step in written)
    return f"<ol>{''.join(items)}</ol>"


def steps(experiment: Experiment) -> tuple[str, str, str, str]:
    """Say what is done at each level, by the experiment's protocol and criterion."""
    share, first = percent(experiment.prune), experiment.criterion == "magnitude"
    rest = f"Rewind the rest to iteration {words.count(experiment.rewind)}"
    if experiment.protocol == "continued":
        rest = "Leave the rest as they are"
    elif not experiment.rewind:
        rest = "Rewind the rest to their initial values"
    return (
        "Train the network",
        f"Prune its smallest {share}%" if first else f"Prune {share}% of it by {experiment.criterion}",
        rest,
        "Do so for every level at once" if experiment.protocol == "one-shot" else "Repeat with what is left",
    )
