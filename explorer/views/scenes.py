"""The talk: five scenes that build the paper's argument, and what is said in each, in the numbers of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from explorer.events import VARIANTS, Variant
from explorer.experiment import Experiment
from explorer.history import History
from explorer.settings import percent
from explorer.state import State
from explorer.views import words
from explorer.views.means import curve, shown_level
from explorer.views.on_screen import joined, masks_of, on_pixels, surviving
from explorer.views.selection import Selection
from explorer.views.story import Said, Sentence, gone, presented, result

Say = Callable[[State, Selection], Sentence]


@dataclass(frozen=True)
class Scene:
    """A scene of the talk, for a run of any shape.

    Args:
        title: what it is about.
        notes: what the speaker may say.
        views: the views that show it, the first one first, and what is said under each in at most two sentences.
        first: weights remaining (0–1) where its replay begins; the nearest level is meant.
        last: weights remaining where its replay ends.
        variants: who is on stage.
        speed: of its replay; at 1 a level takes 1.5 seconds.
    """

    title: str
    notes: str
    views: Mapping[str, Say]
    first: float
    last: float
    variants: tuple[Variant, ...] = VARIANTS
    speed: float = 0.25

    def levels(self, experiment: Experiment) -> tuple[int, int]:
        """Return the levels at which the scene begins and ends."""
        first, last = (
            min(range(experiment.levels + 1), key=lambda level: abs(experiment.density(level) - density))
            for density in (self.first, self.last)
        )
        return first, last

    def moments(self, history: History) -> tuple[int, int]:
        """Return the moments between which it is replayed: within a level from its start, else from its end."""
        first, last = self.levels(history.experiment)
        return history.find(first, 0) if first == last else history.find(first), history.find(last)


def _learns(state: State, selection: Selection) -> Sentence:
    """Say how the dense network learns."""
    weights = words.count(state.experiment.size)
    reached = _accuracy(state, 0)
    if reached is None:
        return (Said(f"A dense network with {weights} random weights begins to train."),)
    it = "It" if state.done(0) else "So far it"
    return (
        Said(f"A dense network trains all of its {weights} weights. {it} recognizes "),
        Said(f"{reached:.1f}%", "dense"),
        Said(" of images it has never seen."),
    )


def _prunes(state: State, selection: Selection) -> Sentence:
    """Say what pruning leaves, of the whole network and of each pixel."""
    experiment, level = state.experiment, shown_level(state, selection.level)
    recipe = f"Prune the smallest {percent(experiment.prune)}%, rewind the rest, train again"
    first = experiment.prunable[0]
    mask, most = masks_of(state, selection, first).get("ticket"), first.fans[1]
    name = "a pixel" if on_pixels(state, first) else "an input"
    if level == 0 or mask is None:
        return (Said(f"{recipe}, and repeat. Here is what it begins with: {name} has {most} connections."),)
    connections = joined(mask).sum(0)
    return (
        Said(f"{recipe}: "),
        Said(f"{_remaining(state, selection)} of the weights", "ticket"),
        Said(f" are left. {name.capitalize()} keeps {connections.min()} to {connections.max()} of {most} connections."),
    )


def _still_learns(state: State, selection: Selection) -> Sentence:
    """Say how well the ticket alone learns, and the dense network beside it."""
    level = shown_level(state, selection.level)
    if level == 0:
        return _learns(state, selection)
    density, ticket, dense = _remaining(state, selection), _accuracy(state, level), _accuracy(state, 0)
    if ticket is None or dense is None:
        return (Said(f"Rewound to where they began, {density} of the weights begin to train again."),)
    return (
        Said(f"Rewound and trained again, {density} of the weights {'reach' if state.done(level) else 'are at'} "),
        Said(f"{ticket:.1f}%", "ticket"),
        Said(". All of them together reached "),
        Said(f"{dense:.1f}%", "dense"),
        Said("."),
    )


def _down_to_where(state: State, selection: Selection) -> Sentence:
    """Give the verdict, and what it does not say."""
    found = result(state)
    if found is None:
        return (Said("Every level prunes once more. A ticket wins for as long as it matches the dense network."),)
    return (
        Said(f"{found.title}.", "ticket"),
        Said(" Masks save no time here, and larger networks need late rewinding, as later work found."),
    )


def _became(state: State, selection: Selection) -> Sentence:
    """Say how large the surviving weights were before training, and how far it moved them."""
    initial, trained = surviving(state, selection)
    if not {"ticket", "random-reinit"} <= set(trained):
        return (Said("The line is what the surviving weights were before training; the bars are what they become."),)
    sizes = {v: float(np.abs(values).mean()) for v, values in initial.items()}
    moved = {v: float(np.abs(values - initial[v]).mean()) for v, values in trained.items()}
    return (
        Said("Mean size: "),
        Said("the ticket's weights", "ticket"),
        Said(f" begin at {sizes['ticket']:.3f} and move by {moved['ticket']:.3f}; "),
        Said("new initial weights", "random-reinit"),
        Said(f" begin at {sizes['random-reinit']:.3f} and move by {moved['random-reinit']:.3f}."),
    )


def _told(say: Say) -> Say:
    """Return what says first of all that every network diverged, where that is so."""
    return lambda state, selection: gone(state, selection) or say(state, selection)


def _accuracy(state: State, level: int) -> float | None:
    """Return the ticket's mean test accuracy, per cent, at the newest iteration that all replicates have reached."""
    reached = curve(state, "ticket", level).mean
    return float(reached[-1]) if len(reached) else None


def _remaining(state: State, selection: Selection) -> str:
    return words.remaining(state.experiment.density(shown_level(state, selection.level)), exact=True)


SCENES = (
    Scene(
        "A dense network learns",
        "Everything begins with a network as one usually trains it: random initial weights, all of them connected. "
        "The grey line is its accuracy on images that it is not trained on; the band runs from the lowest to the "
        "highest replicate. Remember where it ends: every later scene is measured against it. The mark on the axis is "
        "early stopping, where the loss on validation images is lowest.",
        {"accuracy": _told(_learns)},
        first=1,
        last=1,
        variants=("ticket",),
    ),
    Scene(
        "Prune, rewind, repeat",
        "At the left the input image, each pixel coloured by how many of its connections are left; at the right the "
        "mask itself. After training, the weights of smallest magnitude are cut; what survives is set back to the very "
        "values it began with, and trained again. Nobody tells the procedure where the images have "
        "their ink, yet the border is thinned out first.",
        {"masks": _told(_prunes)},
        first=1,
        last=0,
        variants=("ticket",),
        speed=0.5,
    ),
    Scene(
        "Does the rest still learn?",
        "Ask for a show of hands before you play it. The ticket is the sparse network, rewound to its own initial "
        "weights. In the paper's Figure 3 the network at 21.1% of its weights learns fastest of all, and at 3.6% it is "
        "back where the dense one was. Here look whether orange meets grey, and how early.",
        {"accuracy": _told(_still_learns)},
        first=0.2,
        last=0.2,
        variants=("ticket",),
    ),
    Scene(
        "Does the start matter?",
        "Two controls join the race, as sparse as the ticket. Random reinit keeps the ticket's mask and draws new "
        "initial weights; random sparse draws a new mask as well. If only the structure mattered, blue would meet "
        "orange. That it does not is the paper's point: structure and initial weights belong together (Figure 4). "
        "Look at the very first point too: before any training a mask on its own initial weights may already do far "
        "better than chance (Zhou et al. 2019).",
        {"accuracy": _told(presented)},
        first=0.07,
        last=0.07,
    ),
    Scene(
        "Down to where?",
        "Each point is a level. To win means to match the dense network: as accurate at early stopping, and not later; "
        "the bracket spans the levels that do. The v key shows what the weights became: those of the ticket were the "
        "large ones from the beginning (Figure 15). Say what is not claimed: a mask is "
        "still multiplied, so nothing runs faster here; the paper's deep networks needed a lower learning rate or "
        "warmup (Figures 7 and 8); larger ones need to be rewound to an early iteration instead of the first "
        "(Frankle et al. 2019).",
        {"density": _told(_down_to_where), "histogram": _told(_became)},
        first=1,
        last=0,
        speed=0.5,
    ),
)
