"""The Explorer: a session and all views, held together by one selection and drawn by one pump."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from explorer.errors import ExplorerError, Refused, nearest, one_of, sentence
from explorer.events import VARIANTS, Network
from explorer.experiment import Experiment
from explorer.places import place
from explorer.presets import DEFAULT, preset
from explorer.runs import Run
from explorer.session import Session
from explorer.state import State
from explorer.views import Selection
from explorer.views.means import shown_level
from explorer.views.progress import strip
from explorer.views.story import introduction, story
from explorer.widgets.page import Page
from explorer.widgets.panels import VIEWS, MasksView, View, box, head, name, text
from explorer.widgets.presence import Presence
from explorer.widgets.pump import Pump
from explorer.widgets.side import RUNNING, Side, button
from explorer.widgets.strip import Strip

RECORDED = place("assets", "recorded", DEFAULT)


class Explorer(ipywidgets.Box):
    """Search for winning tickets and watch: `Explorer()` in a notebook's cell is the whole page.

    Args:
        experiment: what the controls are set to. When neither it nor a run is given, the preset sixty-seconds, and
            the page shows a recorded search of it until another one is started.
        run: a run, or its directory, to show.
        device: where to train: "auto", "cpu" or "cuda".
    """

    experiment = traitlets.Instance(Experiment, help="what the controls are set to, or what runs")
    run = traitlets.Instance(Run, allow_none=True, help="the run on screen, when it was opened from its directory")
    status = traitlets.Unicode("idle", help="idle, running, paused, finished, cancelled, failed or interrupted")
    level = traitlets.Int(None, allow_none=True, help="the level on screen; None follows the training")
    layer = traitlets.Unicode(help="the layer whose masks and weights are shown, such as fc1.weight")
    variant = traitlets.Enum(VARIANTS, "ticket", help="the variant in focus")

    def __init__(
        self, experiment: Experiment | None = None, run: Run | str | Path | None = None, device: str = "auto"
    ) -> None:
        run = Run.open(run) if isinstance(run, str | Path) else run
        self._introduces = run is None and experiment is None
        recorded = Run.open(RECORDED) if self._introduces else run
        experiment = recorded.experiment if recorded else experiment or preset(DEFAULT)
        self.session: Session | None = None
        self._device, self._problem = device, ""
        self._recorded = recorded.state if recorded else State(experiment)
        self._selection = Selection(layer=experiment.prunable[0].name)
        self._views: list[View] = []
        self._page, self._presence = Page(), Presence(self._interrupt)
        self._side = Side(experiment, self._pressed, self._set)
        super().__init__(experiment=experiment, run=run, layer=experiment.prunable[0].name)
        self.children = (self._page, box("lt-page", self._side, self._main(), self._presence))
        self.add_class("lt-explorer")
        self._pump = Pump(self._draw, self._page, self._presence.here)
        for trait in ("level", "layer", "variant"):
            self.observe(lambda change: self._select(**{change["name"]: change["new"]}), trait)
        self.observe(lambda change: self._open(change["new"]), "run")
        self.observe(lambda change: self._set_experiment(change["new"]), "experiment")
        self._page.observe(lambda change: self._resize(change["new"]), "size")
        self._draw()

    @property
    def state(self) -> State:
        """What is known of the search on screen."""
        return self.session.state if self.session else self._recorded

    def view(self, name: str) -> ipywidgets.Widget:
        """Return one view as a widget of its own, with the same session and selection.

        Raises `Refused` with the nearest right name.
        """
        if name not in VIEWS:
            raise Refused({"view": sentence("View", repr(name), one_of(VIEWS), nearest(name, VIEWS))})
        view = self._add(name)
        view.show(self.state, self._selection)
        return box("lt-alone-page", self._page, view)

    def start(self) -> None:
        """Search with what is set, or go on after a pause; what is wrong is shown beside its control."""
        self._pressed("Start")

    def step(self) -> None:
        """Train one level, then pause."""
        self._pressed("Step")

    def pause(self) -> None:
        """Stop for now; nothing is lost."""
        self._pressed("Pause")

    def cancel(self) -> None:
        """End here; finished levels stay."""
        self._pressed("Cancel")

    def close(self) -> None:
        """End the search, if one runs, and draw no more."""
        if self.comm is not None:  # it was made, and is not closed yet
            self.cancel()
            self._pump.close()
            self._presence.close()
        super().close()

    def refresh(self) -> None:
        """Draw what has changed, as soon as the page has painted what was drawn before."""
        self._pump.wake()

    def _pressed(self, label: str) -> None:
        alive = self.session if self.session and self.session.status in RUNNING else None
        if label in ("Start", "Step"):
            session = alive or self._new_session()
            if session:
                self._begin(session, label)
        elif alive:
            alive.pause() if label == "Pause" else alive.cancel()
        self._draw_status()  # at once, so that a second click finds the buttons as they are now
        self.refresh()

    def _interrupt(self) -> None:
        """Stop the search without an end, as the page has gone and its kernel goes too."""
        if self.session:
            self.session.interrupt()

    def _set(self) -> None:
        """Take over what the controls are set to."""
        experiment = self._side.controls.experiment
        if experiment is not None:
            self.experiment = experiment
        self.refresh()

    def _set_experiment(self, experiment: Experiment) -> None:
        """Set the controls; as long as nothing is shown, the page shows what would be run."""
        if self._side.controls.experiment != experiment:
            self._side.controls.set(experiment)
        if self.session is None and self.run is None and not self._introduces:
            self._recorded = State(experiment)
        self.refresh()

    def _new_session(self) -> Session | None:
        experiment = self._side.controls.check()
        if experiment is None:
            return None
        session = Session(experiment, self._device)
        session.watch = self._on_screen
        session.subscribe(lambda event: self.refresh())
        return session

    def _begin(self, session: Session, label: str) -> None:
        """Start a session; one that may not start leaves what was on screen as it was, and says why."""
        self._problem = ""
        try:
            session.start() if label == "Start" else session.step()
        except Refused as error:
            self._side.controls.complain(error.problems)
            fields = type(session.experiment).model_fields
            self._problem = " ".join(said for field, said in error.problems.items() if field not in fields)
        except ExplorerError as error:
            self._problem = str(error)
        else:
            if session is not self.session:
                self.session, self.run, self.level = session, None, None
                self.experiment = session.experiment

    def _on_screen(self, network: Network) -> bool:
        """Tell whether a network's weights are on screen; asked in the session's thread."""
        selection = self._selection
        return network.replicate == selection.replicate and network.level == shown_level(self.state, selection.level)

    def _select(self, **changes: Any) -> None:
        self._selection = replace(self._selection, **changes)
        self._problem = ""
        self.refresh()

    def _open(self, run: Run | None) -> None:
        if run is not None:
            self.cancel()  # one search at a time is on screen, and none runs on unseen
            self._introduces, self._problem = False, ""
            self.session, self.status, self._recorded = None, "idle", State(run.experiment)
            self.experiment, self.level = run.experiment, None
            self.refresh()

    def _resize(self, size: str) -> None:
        for view in self._views:
            view.resize(size)

    def _add(self, name: str) -> View:
        view = VIEWS[name](self.state, self._selection)
        view.resize(self._page.size)
        if view.has_trait("measure"):
            view.observe(lambda change: self._select(measure=change["new"]), "measure")
        self._views.append(view)
        return view

    def _main(self) -> ipywidgets.Box:
        """Put the story together: sentence, strip of levels, two charts, and the weights that are left."""
        self._story, self._key, self._strip = text("", "lt-story"), text("", "lt-key"), Strip()
        self._strip.add_class("lt-level-scrubber")
        traitlets.link((self._strip, "level"), (self, "level"))
        self._back = button(
            "Back to live", "Follow the level that trains again", lambda _: self.set_trait("level", None)
        )
        layers = [(f"{p.name.split('.')[0]} · {p.shape[0]} × {p.shape[1]}", p.name) for p in self.experiment.prunable]
        self._layer = ipywidgets.Dropdown(options=layers, value=self.layer, description="layer")
        self._layer.add_class("lt-layer")
        traitlets.link((self._layer, "value"), (self, "layer"))
        self._replicate = ipywidgets.Dropdown(description="replicate")
        self._replicate.add_class("lt-replicate")
        self._replicate.observe(lambda change: self._select(replicate=change["new"] or 0), "value")
        panels = {view: self._add(view) for view in VIEWS}
        self._masks = panels["masks"]
        names = (name(variant) for variant in VARIANTS)
        return box(
            "lt-main",
            self._story,
            box("lt-scrubber", text("<b>Levels</b><span>weights left</span>", "lt-pace"), self._strip, self._back),
            box("lt-charts", panels["accuracy"], panels["density"]),
            box(
                "lt-heads", text(head("The weights that are left"), "lt-head"), self._layer, self._replicate, self._key
            ),
            box("lt-weights", *names, panels["masks"], panels["histogram"]),
        )

    def _draw(self) -> None:
        """Bring everything on screen up to date; widgets send only what has changed."""
        try:
            self._read_run()
            self._draw_status()
            self._draw_views(self.state, self._selection)
        except ExplorerError as error:  # a run's files went away or are damaged: said once, and the page goes on
            self._problem = str(error)
        self._draw_story(self.state, self._selection)

    def _read_run(self) -> None:
        """Read on in a run that someone else is writing, and look again in a moment."""
        if self.run is not None and self.session is None and self.status in ("idle", "running"):
            self._recorded, self.status = self.run.state, self.run.status
            if self.status == "running":
                self._pump.wake_later(1.0)

    def _draw_status(self) -> None:
        if self.session is not None:
            self.status = self.session.status
        self._side.show(self.state, self.status, ours=self.session is not None)

    def _draw_views(self, state: State, selection: Selection) -> None:
        self._strip.show(strip(state), shown_level(state, selection.level))
        following = selection.level is None or self.status not in RUNNING
        self._back.layout.display = "none" if following else None
        replicates = state.experiment.replicates
        if len(self._replicate.options) != replicates:
            self._replicate.set_trait("options", [(f"{r + 1} of {replicates}", r) for r in range(replicates)])
            self._replicate.index = 0
        self._views = [view for view in self._views if view.comm is not None]  # a closed one is drawn no more
        for view in self._views:
            view.show(state, selection)
        most = self._masks.most if isinstance(self._masks, MasksView) else 0
        self._key.value = f"connections a pixel has left <span>0</span><i></i><span>{most or '–'}</span>"

    def _draw_story(self, state: State, selection: Selection) -> None:
        said = introduction(state, selection) if self._introduces and self.status == "idle" else story(state, selection)
        written = [f"<b class='lt-tone-{tone}'>{html.escape(s)}</b>" if tone else html.escape(s) for s, tone in said]
        if self.status == "running" and not state.networks:
            written = ["Reading the data…"]
        if self._problem and self.status != "failed":  # the search's own failure says more
            written = [f"<b class='lt-tone-error'>{html.escape(self._problem)}</b>"]
        failed = "lt-failed" if self.status == "failed" or self._problem else ""
        self._story.value = f'<p class="{failed}">{"".join(written)}</p>'
