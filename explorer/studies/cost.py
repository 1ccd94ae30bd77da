"""How long a search or a study would take on this device, from a few trial steps. No torch, but for a trial.

It is rough: often within a third, and sometimes off by half. The steps are those of dense networks on random bytes,
less than a second of each kind; what evaluation takes, and how much faster a network becomes as it is pruned, is what
`explorer.views.progress` knows of any machine. On a CPU it is the time that a machine with nothing else to do would
take, for CPU seconds are counted. Loading data, writing the run and compiling are left out.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from explorer.experiment import Experiment
from explorer.runs.tensors import write_whole
from explorer.state import State
from explorer.studies.study import Study
from explorer.training.cores import usable_cores
from explorer.views.progress import images_left

if TYPE_CHECKING:
    from explorer.training import BackEnd

LEAST, STRETCHES = 0.6, 8
"""Seconds for which a trial goes on, in stretches of a step at least, of which the quickest counts: whatever else the
machine does makes the others slower."""

TOGETHER = 32
"""Networks that are tried together on a GPU at most; more of them hardly change the time of each."""

Say = Callable[[str], None]


def seconds(of: Study | Experiment, device: str = "auto", say: Say = lambda doing: None) -> float:
    """Return how long it would take on a device: "auto", "cpu" or "cuda". See the head of this file for how roughly.

    Each kind of network that was never tried on this machine is tried now, which takes a second, of VGG-19 on a CPU
    ten; what was found is kept in the user's cache. `say` is told what is being tried. Raises `Refused` for a device
    that is not here.
    """
    experiments = [experiment for _, experiment in of.experiments] if isinstance(of, Study) else [of]
    return sum(_seconds(experiment, device, say) for experiment in experiments)


def _seconds(experiment: Experiment, device: str, say: Say) -> float:
    """Return how long an experiment would take: its work by `images_left`, at the pace of a trial."""
    from explorer.training import back_end, resolve_device

    device = resolve_device(device)
    kind = back_end(experiment, device)
    networks = experiment.replicates * sum(map(experiment.draws, experiment.variants))
    if device == "cuda":
        networks = min(TOGETHER, 1 << (networks - 1).bit_length())  # by powers of two, so that few are tried
    else:
        networks = 1 if kind.name == "torch" else min(networks, usable_cores())  # the plain back end trains in turn
    paces, key = remembered(), _key(experiment, device, kind.name, networks)
    if key not in paces:
        say(f"Trying a few steps of {experiment.network.title}")
        paces[key] = _try(kind, experiment, device, networks)
        with suppress(OSError):  # then it is tried again the next time
            cache().parent.mkdir(parents=True, exist_ok=True)
            write_whole(cache(), json.dumps(remembered() | {key: paces[key]}, indent=1).encode())
    return images_left(State(experiment), kind.name) * paces[key] / experiment.batch


def _key(experiment: Experiment, device: str, back_end: str, networks: int) -> str:
    """Say all that a pace depends on."""
    from explorer.benchmarks.machine import machine

    recipe = {name: getattr(experiment, name) for name in ("architecture", "batch", "optimizer", "augment")}
    recipe |= {"images": experiment.data.shape, "dropout": experiment.dropout > 0}
    by = {"device": device, "back_end": back_end, "networks": networks}
    return json.dumps(recipe | by | dict(machine()), sort_keys=True)


def _try(kind: type[BackEnd], experiment: Experiment, device: str, networks: int) -> float:
    """Train a little, and return the seconds of a dense network-iteration among so many networks."""
    from explorer.benchmarks.trial import begin, pace

    progress, paces = begin(kind, experiment, networks, device), list[float]()
    clock = time.perf_counter if device == "cuda" else time.process_time
    begun = clock()
    while not paces or clock() - begun < LEAST:
        paces.append(pace(progress, clock, seconds=LEAST / STRETCHES))
    return min(paces) / (1 if device == "cuda" else networks)  # on a CPU each has a thread of its own


def cache() -> Path:
    """Return the file in which paces are kept."""
    return platformdirs.user_cache_path("lottery-explorer") / "trials.json"


def remembered() -> dict[str, float]:
    """Read the paces that are kept; of a file that cannot be read or was damaged, what is sound."""
    try:
        known = json.loads(cache().read_bytes())
        return {key: pace for key, pace in known.items() if isinstance(pace, float) and 0 < pace < math.inf}
    except (OSError, ValueError, AttributeError):
        return {}
