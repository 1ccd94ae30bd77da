"""A run directory, read: its status, tables, masks and weights. No torch, but for `module`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from explorer.errors import Refused, RunError, nearest, one_of, sentence
from explorer.events import VARIANTS, Evaluated, Network, NetworkStarted, NetworkTrained, Record, Variant
from explorer.history import History
from explorer.measures import MEASURED, measures
from explorer.registry import read_experiment
from explorer.runs import drawn, tensors
from explorer.runs.records import from_line
from explorer.runs.writer import FORMAT, PACES, STUDY, held
from explorer.settings import label
from explorer.state import NetworkState, Pace, State, evaluated, fold

if TYPE_CHECKING:
    from torch import nn

When = Literal["initial", "final", "rewind"]
MOMENTS: tuple[When, ...] = ("initial", "final", "rewind")
MEASURES = tuple(f"{split}_{what}" for split in ("train", "validation", "test") for what in ("loss", "accuracy"))
ON_A_LINE = tuple(measure for measure in MEASURES if not measure.startswith("validation"))
NONE = (np.nan,) * 3  # in place of a mean that there is not
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
            self.experiment = read_experiment(about["experiment"], about.get("described", {}))
        except (FileNotFoundError, NotADirectoryError):
            study = (self.path / STUDY).exists()
            instead = f"a study; name one of the runs in it, such as {self.path}/LABEL" if study else "no run directory"
            raise RunError(f"{self.path} is {instead}: it holds no run.json.") from None
        except OSError as error:
            raise RunError(f"{file} cannot be read ({error.strerror}).") from None
        except Refused as error:
            raise RunError(f"{file} holds an experiment that is refused: {error}") from None
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{file} is damaged: it is not what this program writes.") from None
        self.device: str = about.get("device", "")
        self.versions: dict[str, str] = about.get("versions", {})
        self._check = about.get(drawn.KEY)
        self._state, self._history = State(self.experiment), History(self.experiment)
        self._read, self._lines = 0, 0

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a run directory. Raises `RunError` in one sentence when it is none."""
        return cls(path)

    @property
    def state(self) -> State:
        """What is known of the run by now: the fold of its records; what was written since is read on."""
        file, known = self.path / "events.jsonl", self._lines
        try:
            with file.open("rb") as stream:
                stream.seek(self._read)
                for line in stream:
                    if not line.endswith(b"\n"):  # being written just now, or cut off by a crash
                        break
                    record = self._with_initial(from_line(line, self._arrays))
                    self._state = fold(self._state, record)
                    self._history.append(record)
                    self._read, self._lines = self._read + len(line), self._lines + 1
        except OSError as error:
            raise RunError(f"{file} cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{file} is damaged: line {self._lines + 1} is not what this program writes.") from None
        if self._lines > known:
            self._history.paces = self._paces()
            self._state = replace(self._state, paces=self._history.paces)
        return self._state

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

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

    def measures(self) -> pd.DataFrame:
        """Return a row for each level and variant whose networks are all trained; accuracies and densities 0–1.

        Of each measure (`explorer.measures.MEASURED`) it holds the mean over `n` networks, the lowest and the highest.
        The speed-up is the dense networks' mean early-stopping iteration ÷ that of the row: bigger is faster.
        """
        rows = [
            (level, self.experiment.density(level), variant, n, *(x for name in MEASURED for x in values[name] or NONE))
            for level, variant, n, values in measures(self.state)
        ]
        columns = (f"{name}_{what}" for name in MEASURED for what in ("mean", "lowest", "highest"))
        return pd.DataFrame(rows, columns=["level", "density", "variant", "n", *columns])

    def connectivity(self) -> pd.DataFrame:
        """Return the lines from draw 0 of each ticket to its other draws, a row for each place, from 0 to 1.

        Accuracies and densities are 0–1; there are lines where the setting `ticket_draws` is above 1.
        """
        who = [name for name in WHO if name != "variant"]
        measured = ("place", *ON_A_LINE)
        rows = [
            {**self._who(network), **dict(zip(measured, numbers, strict=True))}
            for network, known in evaluated(self.state)
            if known.line
            for numbers in zip(known.line.places, *(getattr(known.line, name) for name in ON_A_LINE), strict=True)
        ]
        return pd.DataFrame(rows, columns=[*who, *measured])

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

        Raises `RunError` where the network or its weights are not there, or not kept.
        """
        if when not in MOMENTS:
            raise RunError(sentence("when", repr(when), one_of(MOMENTS), nearest(when, MOMENTS)))
        known = self._network(variant, replicate, level, draw)
        weights = dict(getattr(known, when))
        if not weights:
            if when == "rewind" and (level or not self.experiment.rewind):
                kept = f"is kept of dense networks, with {label('rewind')} above 0"
                raise RunError(f"{self.path} holds no rewind weights of {variant} at level {level}; only what {kept}.")
            why = "are not kept in this run" if known.trained else "are not there yet; it still trains"
            raise RunError(f"{self.path}: the {when} weights of {variant} {replicate} at level {level} {why}.")
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

    def _with_initial(self, record: Record) -> Record:
        """Give a network the initial weights that a run that was made small does not hold, if it holds the final."""
        if self._check is None or self._arrays is None or not isinstance(record, NetworkStarted | NetworkTrained):
            return record
        _, _, final, _ = tensors.read(tensors.path(self.path, record.network))
        if not final or self._check != drawn.digest(self.experiment):
            return record
        return replace(record, initial=drawn.Drawn(self.experiment, record.network, record.masks))

    def _paces(self) -> dict[int, Pace]:
        """Read the pace of each level; none where they are not there or not to be read, for no number depends on it."""
        try:
            return TypeAdapter(dict[int, Pace]).validate_json((self.path / PACES).read_bytes())
        except (OSError, ValidationError):
            return {}

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
