"""The controls: one for each setting of the experiment's table, the message beside it, and the buttons."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import ipywidgets

from explorer.errors import Refused
from explorer.experiment import Experiment
from explorer.presets import PRESETS
from explorer.settings import NAMES, bounds, field, is_percent
from explorer.widgets.view import text

SHOWN = ("architecture", "dataset", "prune", "levels", "replicates", "iterations", "seed")
OWN = "Own settings"


class Control(ipywidgets.Box):
    """One setting: its label, a list of names or a field to type in, and room for a message beside it."""

    def __init__(self, setting: str, experiment: Experiment) -> None:
        self._setting, value = setting, experiment.typed()[setting]
        title, help_text = str(field(setting).title), str(field(setting).description)
        unit = " (%)" if is_percent(setting) else ""
        if setting in NAMES:
            self.entry = ipywidgets.Dropdown(options=_options(setting, experiment), value=value, description=title)
        else:
            self.entry = ipywidgets.Text(value=value, description=f"{title}{unit}", continuous_update=True)
        self.entry.description_allow_html = False
        self.entry.tooltip = help_text
        self._message = text("", "lt-message")
        children = [self.entry, self._message]
        if is_percent(setting):
            children.insert(1, self._slider(setting))
        super().__init__(children)
        self.add_class("lt-field")
        self.add_class(f"lt-{setting}")

    @property
    def value(self) -> str:
        """What is typed or chosen."""
        return str(self.entry.value)

    @value.setter
    def value(self, value: str) -> None:
        self.entry.value = value

    def offer(self, experiment: Experiment, value: str) -> None:
        """List the names that there are by now, an experiment's own among them, and choose one."""
        options = _options(self._setting, experiment) if self._setting in NAMES else ()
        if list(options) != list(getattr(self.entry, "options", ())):
            with self.entry.hold_sync():
                self.entry.options, self.entry.value = options, value
        self.value = value

    def complain(self, problem: str) -> None:
        """Show a message beside the control, or take it away."""
        self._message.value = f'<p role="alert">{html.escape(problem)}</p>' if problem else ""
        (self.add_class if problem else self.remove_class)("lt-wrong")

    def lock(self, locked: bool) -> None:
        """Open or close the control for changes."""
        self.entry.disabled = locked
        if hasattr(self, "slider"):
            self.slider.disabled = locked

    def _slider(self, setting: str) -> ipywidgets.IntSlider:
        least, _, most = bounds(setting)
        low, high = round(100 * (least or 0)), round(100 * (most or 1))
        self._following = False
        self.slider = ipywidgets.IntSlider(round(float(self.entry.value)), low, high, readout=False)
        self.slider.tooltip = self.entry.tooltip
        self.slider.observe(lambda change: self._slid(change["new"]), "value")
        self.entry.observe(lambda change: self._entered(change["new"]), "value")
        return self.slider

    def _slid(self, value: int) -> None:
        if not self._following:
            self.entry.value = str(value)

    def _entered(self, value: str) -> None:
        """Move the slider as near as it can to what is typed, and what is typed by nothing."""
        try:
            wanted = float(value)
        except ValueError:
            return
        self._following = True
        try:
            self.slider.value = int(min(max(self.slider.min, wanted), self.slider.max))
        finally:
            self._following = False


def _options(setting: str, experiment: Experiment) -> list[tuple[str, str]]:
    """Return the titles and names that a setting may have."""
    return [(known.title, known.name) for known in experiment.choices(setting).values()]


class Controls(ipywidgets.Box):
    """All settings of an experiment, and the presets. `changed` is called when what is set changes.

    `experiment` is what is set; None while something is wrong, which is shown beside its control.
    """

    def __init__(self, experiment: Experiment, changed: Callable[[], None]) -> None:
        self.experiment: Experiment | None = experiment
        self._base, self._changed, self._setting = experiment, changed, False
        self._preset = ipywidgets.Dropdown(description="Preset")
        self._name(experiment)
        self._preset.add_class("lt-preset")
        self._preset.add_class("lt-field")
        self._preset.observe(lambda change: self._choose(change["new"]), "value")
        self._controls = {name: Control(name, experiment) for name in SHOWN}
        for control in self._controls.values():
            control.entry.observe(lambda change: self._typed(), "value")
        super().__init__([self._preset, *self._controls.values()])
        self.add_class("lt-controls")

    def set(self, experiment: Experiment) -> None:
        """Set all controls to an experiment's settings."""
        self._setting = True
        try:
            self._base = experiment
            typed = experiment.typed()
            for name, control in self._controls.items():
                control.offer(experiment, typed[name])
            self._name(experiment)
        finally:
            self._setting = False
        self.check()

    def refresh(self) -> None:
        """List the names that were registered since."""
        self._setting = True
        try:
            for control in self._controls.values():
                control.offer(self._base, control.value)
        finally:
            self._setting = False

    def check(self) -> Experiment | None:
        """Show what is wrong beside each control; return the experiment when nothing is."""
        typed = {name: control.value for name, control in self._controls.items()}
        self.experiment = None
        try:
            self.experiment = Experiment.parse(typed, self._base)
        except Refused as error:
            self.complain(error.problems)
        else:
            self.complain({})
        return self.experiment

    def complain(self, problems: Mapping[str, str]) -> None:
        """Show problems beside the controls they name, and take away those that are no more.

        Those of a setting without a control, which goes with the architecture, stand beside that.
        """
        others = Experiment.model_fields.keys() - self._controls.keys()
        unseen = " ".join(problem for name, problem in problems.items() if name in others)
        for name, control in self._controls.items():
            said = problems.get(name, ""), unseen if name == "architecture" else ""
            control.complain(" ".join(filter(None, said)))

    def lock(self, locked: bool) -> None:
        """Open or close all controls for changes."""
        self._preset.disabled = locked
        for control in self._controls.values():
            control.lock(locked)

    def _choose(self, name: str) -> None:
        if name in PRESETS and not self._setting:
            self.set(PRESETS[name].experiment)
            self._changed()

    def _typed(self) -> None:
        if self._setting:
            return
        experiment = self.check()
        self._setting = True
        try:
            self._name(experiment)
        finally:
            self._setting = False
        self._changed()

    def _name(self, experiment: Experiment | None) -> None:
        """Show which preset is set; settings of one's own are in the list only while they are."""
        name = next((name for name, preset in PRESETS.items() if preset.experiment == experiment), OWN)
        options = [(preset.title, name) for name, preset in PRESETS.items()]
        with self._preset.hold_sync():
            self._preset.options = options if name in PRESETS else [*options, (OWN, OWN)]
            self._preset.value = name
