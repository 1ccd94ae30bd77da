"""The Explorer: what is shown, the one selection of what a person looks at, and the pump that draws it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import ipywidgets
import traitlets

from explorer.errors import ExplorerError, Refused, RunError, nearest, one_of, sentence
from explorer.events import VARIANTS
from explorer.experiment import Experiment
from explorer.link import from_query
from explorer.places import place
from explorer.presets import DEFAULT, preset
from explorer.runs import Run
from explorer.session import Session
from explorer.state import State
from explorer.studies import Study
from explorer.studies import study as find_study
from explorer.studies.study_session import StudySession
from explorer.training import load_back_end
from explorer.training.cores import usable_cores
from explorer.views import Selection
from explorer.views.means import shown_level
from explorer.views.on_screen import shown_layer
from explorer.widgets.export import Export, OnScreen
from explorer.widgets.glimpses import Glimpses
from explorer.widgets.main import SENTENCE_SECONDS, Main, Screen
from explorer.widgets.page import Page
from explorer.widgets.panels import VIEWS
from explorer.widgets.playback import Playback
from explorer.widgets.presence import Presence
from explorer.widgets.pump import PACE, Pump
from explorer.widgets.runs import Runs
from explorer.widgets.share import Share
from explorer.widgets.side import RUNNING, Side
from explorer.widgets.studies import Studies
from explorer.widgets.tools import KEYS, TOOLS, About, Drawers, Tools, help_drawer
from explorer.widgets.view import Actions, Alone, box, close_all

T = TypeVar("T")
RECORDED = place("assets", "recorded", DEFAULT)
OPENS = {"p": "Present", "t": "Dark", "f": "Studies", "r": "Runs", "e": "Export", "?": "Help"}
"""The tool that each key is for."""


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
    status = traitlets.Unicode("idle", help="idle, running, paused, finished, cancelled, failed, … or replaying")
    level = traitlets.Int(None, allow_none=True, help="the level on screen; None follows the training")
    layer = traitlets.Unicode(help="the layer whose masks and weights are shown, such as fc1.weight")
    variant = traitlets.Enum(VARIANTS, None, allow_none=True, help="the variant in focus; None is all alike")
    theme = traitlets.Enum(("light", "dark"), "light", help="the colours")
    shortcuts: Mapping[str, str] = KEYS

    def __init__(
        self, experiment: Experiment | None = None, run: Run | str | Path | None = None, device: str = "auto"
    ) -> None:
        run = Run.open(run) if isinstance(run, str | Path) else run
        self._introduces = run is None and experiment is None
        shown = Run.open(RECORDED) if self._introduces else run
        experiment = shown.experiment if shown else experiment or preset(DEFAULT)
        self._device, self._problem = device, ""
        # What is on screen: a search of this page, begun or not, or a run that was read.
        self._source: Session | Run = shown or Session(experiment, device)
        self._newest = State(experiment)
        self._selection = Selection(layer=experiment.prunable[0].name)
        self._preview: int | None = None
        self._study: StudySession | None = None  # that which is on screen is of
        self._glimpses = Glimpses(lambda: (self._source, self._selection))
        self._page, self._presence, self._playback = Page(), Presence(self._interrupt), Playback(self.replay)
        self._pump = Pump(self._draw, self._page, self._presence.here, self._make_ready)
        self._side = Side(experiment, self._pressed, self._set)
        actions = Actions(self._select, self.go, self.walk, self._look_at, self.follow, self._explain)
        self._tools, self._help, self._about = Tools(self._use), help_drawer(self.shortcuts), About()
        self._runs = Runs(self._open_listed, self._clear)
        self._studies = Studies(self.start_study, self._open_listed, lambda: self._alive is not None, device)
        self._drawers = Drawers(
            {
                "Help": self._help,
                "About": self._about,
                "Studies": self._studies,
                "Runs": self._runs,
                "Export": Export(self._on_screen_now, self._reveal),
                "Share link": Share(lambda: self.experiment),
            }
        )
        for name, drawer in self._drawers.items():
            drawer.opener = self._tools[name] if name in TOOLS else None
        self._main = Main(experiment, actions, self._playback, self._tools)
        super().__init__(experiment=experiment, run=run, layer=experiment.prunable[0].name)
        drawers = self._drawers.values()
        self.children = (self._page, box("lt-page", self._side, self._main, *drawers, self._presence))
        self.add_class("lt-explorer")
        for trait in ("level", "layer", "variant"):
            self.observe(lambda change: self._select(**{change["name"]: change["new"]}), trait)
        self.observe(lambda change: self._open(change["new"]), "run")
        self.observe(lambda change: self._set_experiment(change["new"]), "experiment")
        self._page.on_key(self._key)
        self._page.on_query(self._follow_link)
        self._page.on_name(self._focus)
        self._page.on_return(self._welcome_back)
        traitlets.link((self, "theme"), (self._page, "theme"))
        self._draw()

    @property
    def session(self) -> Session | None:
        """The search that was started here, as long as it is on screen."""
        return self._source if isinstance(self._source, Session) and self._source.status != "idle" else None

    @property
    def state(self) -> State:
        """What is on screen: all that is known by now, or in a replay what was known then."""
        number = self._playback.number
        return self._source.state if number is None else self._source.history.at(number)

    def view(self, name: str) -> ipywidgets.Widget:
        """Return one view as a widget of its own, with the same session and selection.

        Raises `Refused` with the nearest right name.
        """
        _check_view(name)
        about = About()
        view = self._main.add(name, self.state, self._selection, partial(self._explain, about=about))
        view.show(self.state, self._selection)
        self._drawers = Drawers({name: drawer for name, drawer in self._drawers.items() if drawer.comm is not None})
        self._drawers[f"About {id(about)}"] = about  # until its cell is closed
        return Alone(self._page, view, about)

    def start(self) -> None:
        """Search with what is set, or go on after a pause; what is wrong is shown beside its control."""
        self._pressed("Start")

    def start_study(self, study: Study | str, out: Path | None = None) -> None:
        """Run the experiments of a study one after the other, or what is left of it in its directory.

        Args:
            study: it, or its name, such as "figure-4a-talk".
            out: its directory; None makes a new one.

        Raises:
            Refused: there is no such study, or its first experiment cannot run here.
            RunError: a search runs on this page, or the directory is another's.
        """
        study = find_study(study) if isinstance(study, str) else study
        if self._alive:
            raise RunError(f"{study.called} is not started: a search runs on this page; cancel it first.")
        begun = StudySession(study, out, self._session_of, self.refresh)
        begun.start()
        self.run = None
        self._put_on_screen(begun.session, begun)
        self._draw_status()

    def step(self) -> None:
        """Train one level, then pause."""
        self._pressed("Step")

    def pause(self) -> None:
        """Stop for now; nothing is lost."""
        self._pressed("Pause")

    def cancel(self) -> None:
        """End here; finished levels stay."""
        self._pressed("Cancel")

    def replay(self) -> None:
        """Play the run on screen again from the level that is shown, or pause its replay."""
        if self._playback.playing:
            self._playback.pause()
        elif self._source.history.moments:
            level = shown_level(self._source.state, self._selection.level)
            self.level = None
            self._playback.play(self._source.history, level)
        self.refresh()

    def go(self, level: int, iteration: int | None = None) -> None:
        """Show a level that was reached; with an iteration, or in a replay, the moment when it had come that far."""
        if level not in self._source.state.by_level:
            return
        self._preview = None  # what was pointed at before is no longer asked for
        if iteration is None and self._playback.number is None:
            live = self.status in RUNNING and level == self._source.state.level
            self.level = None if live else level
        else:
            self.level = None
            self._playback.pause()
            moment = self._source.history.find(level, float("inf") if iteration is None else iteration)
            self._playback.seek(moment, self._source.history)
        self.refresh()

    def walk(self, evaluations: int) -> None:
        """Go so many evaluations on, or back where it is negative."""
        history, number = self._source.history, self._playback.number
        if history.moments:
            here = history.find(shown_level(self._source.state, self._selection.level)) if number is None else number
            self.level = None
            self._playback.pause()
            self._playback.seek(here + evaluations, history)
            self.refresh()

    def present(self, view: str = "density") -> None:
        """Show one view large, with no controls; leave that with an empty name. Raises `Refused` like `view`."""
        if view:
            _check_view(view)
            self._main.enter_room_of(view)
        self._page.presents = view
        self._select(presents=view)

    def record(self) -> None:
        """Draw all there is, seen or not, whenever `look` is called."""
        self._main.draw_all()

    def look(self, number: int | None = None, **selection: Any) -> None:
        """Draw a moment of the history, or what is newest, at once and whole: for who records the page."""
        self._playback.number = number
        self._selection = replace(self._selection, **selection)
        self._main.forget_sentence()
        self._draw()

    def follow(self) -> None:
        """Show what is newest: end a replay, and go along with the level that trains."""
        self._playback.leave()
        self.level = None
        self._select(unit=None, pixel=None, brush=None)
        self.refresh()

    def close(self) -> None:
        """End the search, if one runs, and draw no more."""
        if self.comm is not None:  # it was made, and is not closed yet
            self._end()
            self._pump.close()
            self._drawers.close()
            self._presence.close()
            close_all(self.children)
        super().close()

    def refresh(self) -> None:
        """Draw what has changed, as soon as the page has painted what was drawn before."""
        self._pump.wake()

    @property
    def _alive(self) -> Session | StudySession | None:
        """The search that runs on this page, or rather the study that it is of."""
        return next((one for one in (self._study, self.session) if one and one.status in RUNNING), None)

    def _end(self) -> None:
        """Cancel the search of this page."""
        for one in (self._study, self.session):
            if one:
                one.cancel()

    def _pressed(self, label: str) -> None:
        alive = self._alive
        if label == "Study":
            self._drawers.toggle("Studies")
        elif label in ("Start", "Step"):
            session = alive or self._new_session()
            if session:
                self._begin(session, label)
        elif alive:
            alive.pause() if label == "Pause" else alive.cancel()
        self._draw_status()  # at once, so that a second click finds the buttons as they are now
        self.refresh()

    def _explain(self, views: tuple[str, ...], asked: ipywidgets.Button, about: About | None = None) -> None:
        """Say what views show beside the "?" that was pressed: in the page's drawer, or in that of a single view."""
        about = about or self._about
        self._drawers.close()
        about.opener = asked
        about.tell(views, self.state, self._selection)

    def _use(self, tool: str) -> None:
        match tool:
            case "Present":
                self.present("" if self._selection.presents else "density")
            case "Dark":
                self.theme = "dark" if self.theme == "light" else "light"
            case _ if tool in self._drawers:
                self._drawers.toggle(tool)
        self.refresh()

    def _key(self, key: str) -> None:
        """Do what a key is for; `shortcuts` lists them. Under an open drawer no search is touched."""
        is_open = self._drawers.is_open
        match key:
            case " " | "s" | "x" if is_open:
                pass
            case " " if (alive := self._alive) and self._playback.number is None:
                self._pressed("Pause" if alive.status == "running" else "Start")
            case " ":
                self.replay()
            case "ArrowLeft" | "ArrowRight":
                self.go(shown_level(self.state, self._selection.level) + (1 if key == "ArrowRight" else -1))
            case "," | ".":
                self.walk(1 if key == "." else -1)
            case "l":
                layers = [layer.name for layer in self.state.experiment.prunable]
                self._select(layer=_next(layers, shown_layer(self.state, self._selection).name))
            case "v":
                self._select(variant=_next([None, *VARIANTS], self._selection.variant))
            case "s":
                self.step()
            case "x":
                self.cancel()
            case _ if key in OPENS:
                self._use(OPENS[key])
            case "Escape" if is_open:
                self._drawers.close()
            case "Escape" if self._selection.presents:
                self.present("")
            case "Escape":
                self.follow()
            case _ if key.isdigit():
                self.present(list(VIEWS)[(int(key) or 10) - 1])  # 0 is the tenth

    def _interrupt(self) -> None:
        """Stop the search without an end, as the page has gone and its kernel goes too."""
        for one in (self._study, self.session):
            if one:
                one.interrupt()

    def _set(self) -> None:
        """Take over what the controls are set to."""
        experiment = self._side.controls.experiment
        if experiment is not None:
            self.experiment, self._problem = experiment, ""
        self.refresh()

    def _set_experiment(self, experiment: Experiment) -> None:
        """Set the controls; as long as nothing is shown, the page shows what would be run."""
        if self._side.controls.experiment != experiment:
            self._side.controls.set(experiment)
        if isinstance(self._source, Session) and self._source.status == "idle":
            self._source = Session(experiment, self._device)
        self.refresh()

    def _new_session(self) -> Session | None:
        experiment = self._side.controls.check()
        return None if experiment is None else self._session_of(experiment)

    def _session_of(self, experiment: Experiment, folder: Path | None = None) -> Session:
        """Make a session that draws on this page."""
        session = Session(experiment, self._device, folder, cores=max(1, usable_cores() - 1))  # one core draws the page
        session.watch = partial(self._glimpses.due, session)
        session.subscribe(lambda event: self._pump.wake(PACE))
        return session

    def _begin(self, session: Session | StudySession, label: str) -> None:
        """Start a session; one that may not start leaves what was on screen as it was, and says why."""
        self._problem = ""
        try:
            session.start() if label == "Start" else session.step()
        except Refused as error:
            self._side.controls.complain(error.problems)
            fields = Experiment.model_fields
            self._problem = " ".join(said for field, said in error.problems.items() if field not in fields)
        except ExplorerError as error:
            self._problem = str(error)
        else:
            self._playback.leave()
            if isinstance(session, Session) and session is not self._source:
                self.run = None
                self._put_on_screen(session)

    def _on_screen_now(self) -> OnScreen | None:
        """Say what an export is taken from; None where nothing has been computed."""
        if self._folder is None or not self._source.state.networks:
            return None
        return OnScreen(self._folder, self._selection.replicate, shown_level(self.state, self._selection.level))

    def _reveal(self, view: str) -> None:
        """Bring a view on screen that may be put away, and up to date."""
        if self._selection.presents:
            self.present(view)
        self._main.enter_room_of(view)
        self._draw()

    def _follow_link(self, query: str) -> None:
        """Set the controls to what the page's address asks for, and name what of it is not accepted."""
        if self.session is None:
            experiment, problems = from_query(query)
            if experiment != self.experiment:
                self._put_on_screen(Session(experiment, self._device))
            self._problem = " ".join(problems)
            self.refresh()

    def _welcome_back(self) -> None:
        """Say where the search is that ended because its page was left."""
        kept = "Runs has what it had come to; a study goes on from Studies, Yours"
        self._problem = f"The search that ran when this page was left was interrupted. {kept}."
        self.refresh()

    def _make_ready(self) -> None:
        """Load what trains networks while nobody waits for it: it takes more than a second."""
        load = partial(load_back_end, self.experiment, self._device)
        threading.Thread(target=load, name="make ready", daemon=True).start()

    def _focus(self, variant: str) -> None:
        """Put a variant in focus, or all alike where it was."""
        if variant in VARIANTS:
            self._select(variant=None if variant == self._selection.variant else variant)

    def _select(self, **changes: Any) -> None:
        selection = replace(self._selection, **changes)
        if changes.keys() - {"unit", "pixel", "brush"} and selection != self._selection:
            self._problem = ""  # what was said is read until a person does something, not until the pointer moves
        self._selection = selection
        for trait in ("layer", "variant"):
            if trait in changes:
                self.set_trait(trait, changes[trait])
        self._page.focus = selection.variant or ""
        self.refresh()

    def _look_at(self, level: int | None) -> None:
        """Show a level for as long as the pointer is on it."""
        self._preview = level if level in self._newest.by_level else None
        self.refresh()

    def _open(self, run: Run | None) -> None:
        if run is not None:
            self._end()  # one search at a time is on screen, and none runs on unseen
            self._put_on_screen(run)

    def _put_on_screen(self, source: Session | Run, study: StudySession | None = None) -> None:
        """Show the newest of a search, which may be of a study, or of a run that was read."""
        self._playback.leave()
        self._main.forget()
        self._study = study
        self._source, self._introduces, self._problem, self._preview = source, False, "", None
        self._selection = replace(self._selection, unit=None, pixel=None, brush=None)
        self.experiment, self.level = source.experiment, None
        self.refresh()

    def _open_listed(self, run: Run) -> None:
        """Show a run that was chosen from the table; a search is not ended by the way."""
        if self._alive:
            raise RunError(
                f"{run.path.name} is not opened: a search runs on this page; cancel it first, or wait for its end."
            )
        self.run = run
        self._drawers.close()

    def _clear(self) -> None:
        """Show what would be run, and nothing else: the run on screen was deleted."""
        self.run = None
        self._put_on_screen(Session(self.experiment, self._device))

    @property
    def _folder(self) -> Path | None:
        """The directory of the run on screen; None before there is one."""
        return self._source.folder if isinstance(self._source, Session) else self._source.path

    def _draw(self) -> None:
        """Bring everything on screen up to date; widgets send only what has changed."""
        if self._study and (session := self._study.session) is not self._source:  # the one before is finished
            self._put_on_screen(session, self._study)
        screen = Screen(self._newest, self._newest, self._selection, self.status)
        try:
            self._newest, history = self._source.state, self._source.history
            self._playback.advance(history, by_level=self._page.reduced)
            self._tools.show(self.theme)
            self._playback.show(possible=bool(history.moments))
            self._draw_status()
            screen = self._screen()
            self._main.show(screen, history, self._playback.number)
        except ExplorerError as error:  # a run's files went away or are damaged: said once, and the page goes on
            self._problem = str(error)
            screen = screen._replace(problem=self._problem)
        if not self._main.show_story(screen):
            self._pump.wake(SENTENCE_SECONDS)  # what it left unsaid is not lost
        if self._playback.playing:
            self._pump.wake()
        elif isinstance(self._source, Run) and self.status == "running":  # someone else writes it: read on
            self._pump.wake(1.0)

    def _screen(self) -> Screen:
        selection, state = self._selection, self.state
        if self._preview in state.by_level:  # in a replay as far as it has come
            selection = replace(selection, level=self._preview)
        introduces = self._introduces and self.status == "idle"
        problem = self._problem or (self._study.problem if self._study else "")
        return Screen(state.only(selection.variants), self._newest, selection, self.status, introduces, problem)

    def _draw_status(self) -> None:
        study = self._study
        status = "idle" if self._introduces else self._source.status
        if study and study.status in RUNNING:  # also while one experiment is finished and the next one begins
            status = study.status
        self.status = status if self._playback.number is None else "replaying"
        self._side.show(self.state, self.status, status if self.session else "idle")
        self._runs.show(None if self._introduces else self._folder, status)
        self._side.show_study(study.said if study else "")
        self._studies.show(study.folder if study else None, self._folder, status)


def _next(entries: Sequence[T], entry: T) -> T:
    """Return the entry after one, and the first after the last."""
    return entries[(entries.index(entry) + 1) % len(entries)]


def _check_view(name: str) -> None:
    """Raise `Refused` with the nearest right name where there is no such view."""
    if name not in VIEWS:
        raise Refused({"view": sentence("View", repr(name), one_of(VIEWS), nearest(name, VIEWS))})
