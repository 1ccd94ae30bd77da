"""A run directory, read: its status, tables, masks and weights. No torch, but for `module`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from explorer.errors import Refused, RunError, nearest, one_of, sentence
from explorer.events import VARIANTS, Evaluated, Network, Variant
from explorer.experiment import Experiment, label
from explorer.history import History
from explorer.runs.records import from_line
from explorer.runs.writer import FORMAT, held
from explorer.state import NetworkState, State, evaluated, fold

if TYPE_CHECKING:
    from torch import nn

When = Literal["initial", "final", "rewind"]
MOMENTS: tuple[When, ...] = ("initial", "final", "rewind")
MEASURES = tuple(f"{split}_{what}" for split in ("train", "validation", "test") for what in ("loss", "accuracy"))
WHO = ("replicate", "draw", "level", "density", "variant")


class Run:
    """A run directory of format 1, finished or still being written.

    Args:
        path: the directory.
        arrays: whether the state knows masks and weights; without them it is folded in half the time.
    """

    def __init__(self, path: str | Path, arrays: bool = True) -> None:
        self.path = Path(path)
        self._arrays = self.path if arrays else None
        file = self.path / "run.json"
        try:
            about = json.loads(file.read_bytes())
            if about["format"] != FORMAT:
                raise RunError(f"{self.path} is of format {about['format']}; this program reads format {FORMAT}.")
            self.experiment = Experiment(**about["experiment"])
        except (FileNotFoundError, NotADirectoryError):
            raise RunError(f"{self.path} is no run directory: it holds no run.json.") from None
        except OSError as error:
            raise RunError(f"{file} cannot be read ({error.strerror}).") from None
        except Refused as error:
            raise RunError(f"{file} holds an experiment that is refused: {error}") from None
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{file} is damaged: it is not what this program writes.") from None
        self.device: str = about.get("device", "")
        self.versions: dict[str, str] = about.get("versions", {})
        self._state, self._history = State(self.experiment), History(self.experiment)
        self._read, self._lines = 0, 0

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a run directory. Raises `RunError` in one sentence when it is none."""
        return cls(path)

    @property
    def state(self) -> State:
        """What is known of the run by now: the fold of its records; what was written since is read on."""
        file = self.path / "events.jsonl"
        try:
            with file.open("rb") as stream:
                stream.seek(self._read)
                for line in stream:
                    if not line.endswith(b"\n"):  # being written just now, or cut off by a crash
                        break
                    record = from_line(line, self._arrays)
                    self._state = fold(self._state, record)
                    self._history.append(record)
                    self._read, self._lines = self._read + len(line), self._lines + 1
        except OSError as error:
            raise RunError(f"{file} cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{file} is damaged: line {self._lines + 1} is not what this program writes.") from None
        return self._state

    @property
    def history(self) -> History:
        """The run by its moments, as `state` has read it so far."""
        _ = self.state
        return self._history

    @property
    def status(self) -> str:
        """One of "running", "finished", "cancelled", "failed" or "interrupted" (no end, and no one writes it)."""
        written = held(self.path)  # asked first: a writer writes the end, then lets go
        ended = self.state.ended
        return ended.outcome if ended else "running" if written else "interrupted"

    def curves(self) -> pd.DataFrame:
        """Return every evaluation of the networks that did not diverge, a row each; accuracies and densities 0–1."""
        rows = [
            {**self._who(network), "iteration": one.iteration, **_measures(one)}
            for network, known in evaluated(self.state)
            for one in known.evaluations
        ]
        return pd.DataFrame(rows, columns=[*WHO, "iteration", *MEASURES])

    def summary(self) -> pd.DataFrame:
        """Return a row for each trained network: early stopping (paper, Section 2) and the end of training."""
        rows = [
            {
                **self._who(network),
                "early_stop_iteration": known.early_stop.iteration,
                **_measures(known.early_stop, "early_stop_"),
                **_measures(known.last, "final_"),
            }
            for network, known in evaluated(self.state)
            if known.trained
        ]
        measures = [f"{when}_{measure}" for when in ("early_stop", "final") for measure in MEASURES]
        return pd.DataFrame(rows, columns=[*WHO, "early_stop_iteration", *measures])

    def mask(
        self, variant: Variant = "ticket", replicate: int = 0, level: int = 0, draw: int = 0
    ) -> dict[str, NDArray[np.bool_]]:
        """Return which weights of each prunable parameter are alive. Raises `RunError` for a network not there."""
        return dict(self._network(variant, replicate, level, draw).masks)

    def weights(
        self,
        variant: Variant = "ticket",
        replicate: int = 0,
        level: int = 0,
        draw: int = 0,
        when: When = "final",
    ) -> dict[str, NDArray[np.float32]]:
        """Return every parameter in torch's layout, pruned weights zero, before or after training.

        Of a dense network that tickets are rewound into, "rewind" is how it was at that iteration.

        Raises `RunError` for a network that is not there or not trained yet, and for a moment that it does not hold.
        """
        if when not in MOMENTS:
            raise RunError(sentence("when", repr(when), one_of(MOMENTS), nearest(when, MOMENTS)))
        weights = dict(getattr(self._network(variant, replicate, level, draw), when))
        if not weights:
            if when == "rewind" and (level or not self.experiment.rewind):
                kept = f"is kept of dense networks, with {label('rewind')} above 0"
                raise RunError(f"{self.path} holds no rewind weights of {variant} at level {level}; only what {kept}.")
            raise RunError(f"{self.path}: {variant} {replicate} at level {level} is not trained yet.")
        return weights

    def module(
        self,
        variant: Variant = "ticket",
        replicate: int = 0,
        level: int = 0,
        draw: int = 0,
        when: When = "final",
    ) -> nn.Module:
        """Return a network as a torch module with its weights in it, to be evaluated. Raises like `weights`."""
        from explorer.training.module import build, load_weights

        module = build(self.experiment.network, self.experiment.data.shape, self.experiment.data.classes)
        load_weights(module, self.weights(variant, replicate, level, draw, when))
        return module.eval()

    def _who(self, network: Network) -> dict[str, object]:
        return {**network._asdict(), "density": self.experiment.density(network.level)}

    def _network(self, *who: object) -> NetworkState:
        network = Network(*who)  # type: ignore[arg-type]
        if network.variant not in VARIANTS:
            raise RunError(
                sentence("variant", repr(network.variant), one_of(VARIANTS), nearest(network.variant, VARIANTS))
            )
        known = self.state.networks.get(network)
        if known is None or not known.masks:
            there = sorted({f"level {n.level}" for n in self.state.networks if n.variant == network.variant})
            raise RunError(
                f"{self.path} holds no {network.variant} of replicate {network.replicate}, level {network.level} and "
                f"draw {network.draw}; of this variant it holds {', '.join(there) or 'nothing'}."
            )
        return known


def _measures(evaluation: Evaluated, prefix: str = "") -> dict[str, float]:
    return {f"{prefix}{measure}": getattr(evaluation, measure) for measure in MEASURES}
