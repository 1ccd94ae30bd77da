"""The main part of the page: the sentence, the strip of levels, two charts, and the weights that are left."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from typing import NamedTuple

import ipywidgets

from explorer.architectures import Parameter
from explorer.events import VARIANTS
from explorer.experiment import Experiment
from explorer.history import History
from explorer.state import State
from explorer.views import Selection, words
from explorer.views.means import shown_level
from explorer.views.progress import strip
from explorer.views.story import Sentence, caption, introduction, presented, story
from explorer.widgets.panels import VIEWS, MasksView, Names
from explorer.widgets.playback import Playback
from explorer.widgets.side import FIGURES_SECONDS, button
from explorer.widgets.strip import Strip
from explorer.widgets.view import Actions, Explain, View, ask, box, text

ROOMS = {
    "Masks and weights": ("masks", "histogram"),
    "Distance": ("distance",),
    "Connections": ("connections", "overlap"),
    "Layers and time": ("layers", "timing"),
    "Measures": ("measures",),
    "Beyond": ("supermask", "connectivity"),
}
SENTENCE_SECONDS = 1.0  # a sentence is left in peace at least that long while its numbers run
REPLAYED_SECONDS = 0.25  # and in a replay, where a level takes a second or two


class Screen(NamedTuple):
    """What is on screen just now.

    Args:
        state: what is shown; in a replay, what was known then.
        newest: what is known by now.
        selection: what a person looks at.
        status: a word of `lt-status`.
        introduces: whether this is the recorded search that greets who opens the page.
        problem: what went wrong on the page itself.
    """

    state: State
    newest: State
    selection: Selection
    status: str
    introduces: bool = False
    problem: str = ""


class Main(ipywidgets.Box):
    """The story, told from top to bottom.

    Args:
        experiment: whose levels and layers are listed first.
        actions: what a person can do here.
        playback: the replay's controls.
        tools: what stands beside the sentence.

    `tell_presented` tells what a view that is shown large shows.
    """

    def __init__(self, experiment: Experiment, actions: Actions, playback: Playback, tools: ipywidgets.Widget) -> None:
        self._actions = actions
        self.tell_presented: Callable[[State, Selection], Sentence] = presented
        self._written: tuple[object, float] = (None, 0.0)
        self._strip_shown: tuple[object, float] = (None, 0.0)
        self._views: list[View] = []
        self._story, self._key, self._foot = text("", "lt-story"), text("", "lt-key"), text("", "lt-source")
        self._strip = Strip(lambda level: actions.go(level, None), actions.go, actions.step)
        self._back = button("Back to live", "Show what is newest again (Esc)", lambda _: actions.follow())
        self._layer = ipywidgets.Dropdown(description="layer")
        self._layer.add_class("lt-layer")
        self._layer.observe(lambda change: change["new"] and actions.select(layer=change["new"]), "value")
        self._replicate = ipywidgets.Dropdown(description="replicate")
        self._replicate.add_class("lt-replicate")
        self._replicate.observe(lambda change: actions.select(replicate=change["new"] or 0), "value")
        variants = [("all variants", ""), *((words.TITLES[v], v) for v in VARIANTS)]
        self._variant = ipywidgets.Dropdown(options=variants, description="variant")
        self._variant.add_class("lt-variant")
        self._variant.observe(lambda change: actions.select(variant=change["new"] or None), "value")
        state, selection = State(experiment), Selection()
        panels = {view: self.add(view, state, selection) for view in VIEWS}
        self._masks, self._own = panels["masks"], list(panels.values())
        self._away: set[str] = set()
        self._room = ipywidgets.ToggleButtons(options=list(ROOMS))
        self._room.add_class("lt-room")
        self._room.add_class("lt-switch")
        self._room.observe(lambda change: self._enter(change["new"]), "value")
        self._asks = {room: ask(actions, *ROOMS[room]) for room in ("Masks and weights", "Distance")}
        self._names = Names(), Names()
        masks_names, distance_names = (names.widgets.values() for names in self._names)
        self._rooms = {
            "Masks and weights": box("lt-weights", *masks_names, panels["masks"], panels["histogram"]),
            "Distance": box("lt-weights", *distance_names, panels["distance"]),
            "Connections": box("lt-pair", panels["connections"], panels["overlap"]),
            "Layers and time": box("lt-pair", panels["layers"], panels["timing"]),
            "Measures": box("lt-pair", panels["measures"]),
            "Beyond": box("lt-pair", panels["supermask"], panels["connectivity"]),
        }
        super().__init__(
            [
                box("lt-top", self._story, tools),
                box("lt-scrubber", playback, self._strip, self._back),
                box("lt-charts", panels["accuracy"], panels["density"]),
                box(
                    "lt-heads",
                    self._room,
                    self._layer,
                    self._replicate,
                    self._variant,
                    self._key,
                    *self._asks.values(),
                ),
                *self._rooms.values(),
                self._foot,
            ]
        )
        self._enter(self._room.value)
        self.add_class("lt-main")

    def add(self, name: str, state: State, selection: Selection, explain: Explain | None = None) -> View:
        """Make a view, and keep it up to date from now on; `explain` says what it shows where no drawer is near."""
        actions = self._actions._replace(explain=explain) if explain else self._actions
        view = VIEWS[name](state, selection, actions)
        self._views.append(view)
        return view

    def show(self, screen: Screen, history: History, number: int | None) -> None:
        """Bring everything up to date; widgets send only what has changed. Raises `RunError` for a damaged run."""
        self._show_strip(screen, history, number)
        self._show_choices(screen)
        for names in self._names:
            names.show(screen.state.experiment)
        self._views = [view for view in self._views if view.comm is not None]  # a closed one is drawn no more
        for view in self._views:
            if view not in self._own or view.name not in self._away:
                view.show(screen.state, screen.selection)
        most = self._masks.most if isinstance(self._masks, MasksView) else 0
        self._key.value = f"<span>0</span><i title='connections of a pixel'></i><span>{most or '–'}</span>"

    def show_story(self, screen: Screen) -> bool:
        """Write the sentence, at most once a second while only its numbers change; return whether it was time."""
        state, selection = screen.state, screen.selection
        about = (*screen[2:], shown_level(state, selection.level), bool(state.networks), state.ended, state.preparing)
        pause = REPLAYED_SECONDS if screen.status == "replaying" else SENTENCE_SECONDS
        if about == self._written[0] and time.monotonic() - self._written[1] < pause:
            return False
        self._written = (about, time.monotonic())
        tell = self.tell_presented if selection.presents else introduction if screen.introduces else story
        written = _html(tell(state, selection))
        if screen.status == "running" and not state.networks:
            written = f"{state.preparing or 'Reading the data'}…"
        if screen.problem and screen.status != "failed":  # the search's own failure says more
            written = f"<b class='lt-tone-error' role='alert'>{html.escape(screen.problem)}</b>"
        failed = "lt-failed" if screen.status == "failed" or screen.problem else ""
        self._story.value = f'<p class="{failed}">{written}</p>'
        self._foot.value = "".join(f"<span>{html.escape(said)}</span>" for said in caption(state, selection))
        return True

    def enter_room_of(self, view: str) -> None:
        """Show a view that is not always there."""
        self._room.value = next((room for room, views in ROOMS.items() if view in views), self._room.value)

    def draw_all(self) -> None:
        """Draw the views of all rooms from now on, entered or not: for who records the page."""
        self._own = []

    def _enter(self, room: str) -> None:
        """Show the views of one room under the charts; those of the others are not drawn meanwhile."""
        self._away = {view for other, views in ROOMS.items() if other != room for view in views}
        for known, content in self._rooms.items():
            content.layout.display = None if known == room else "none"
        for known, asked in self._asks.items():
            asked.layout.display = None if known == room else "none"
        self._key.layout.display = None if room == "Masks and weights" else "none"
        self._actions.select()

    def forget(self) -> None:
        """Draw everything anew next time, for another run is on screen."""
        self.forget_sentence()
        for view in self._views:
            view.forget()

    def forget_sentence(self) -> None:
        """Let the next sentence be written whenever the last one was."""
        self._written = (None, 0.0)

    def _show_strip(self, screen: Screen, history: History, number: int | None) -> None:
        moments = history.moments
        replaying = number is not None
        about, (shown, when) = (screen[2:], screen.state.level, screen.newest.ended), self._strip_shown
        if screen.status == "running" and about == shown and time.monotonic() - when < FIGURES_SECONDS:
            return  # only the level that trains went on a little
        self._strip_shown = about, time.monotonic()
        self._strip.show(
            strip(screen.state, screen.newest),
            shown_level(screen.state, screen.selection.level),
            screen.state.experiment.iterations,
            moments[-1 if number is None else number] if moments else None,
            replaying,
        )
        live = screen.newest.ended is None and bool(screen.newest.networks)
        self._back.description = "Back to live" if live else "End replay"
        shown = replaying or (live and screen.selection.level is not None)
        self._back.layout.display = None if shown else "none"

    def _show_choices(self, screen: Screen) -> None:
        experiment = screen.state.experiment
        layers = [(layer_name(p), p.name) for p in experiment.prunable]
        replicates = [(f"replicate {r + 1} of {experiment.replicates}", r) for r in range(experiment.replicates)]
        for choice, options, value in (
            (self._layer, layers, screen.selection.layer),
            (self._replicate, replicates, screen.selection.replicate),
            (self._variant, list(self._variant.options), screen.selection.variant or ""),
        ):
            known = [entry for _, entry in options]
            value = value if value in known else known[0]
            if list(choice.options) != options:
                choice.set_trait("options", options)
            if choice.value != value:
                choice.value = value


def layer_name(layer: Parameter) -> str:
    """Name a layer with its shape, for a person to choose."""
    return f"{layer.name.removesuffix('.weight')} · {' × '.join(map(str, layer.shape))}"


def _html(said: Sentence) -> str:
    return "".join(
        f"<b class='lt-tone-{tone}'>{html.escape(piece)}</b>" if tone else html.escape(piece) for piece, tone in said
    )
