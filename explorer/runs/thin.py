"""A run made small enough to be shipped or sent: every curve, and the weights of one replicate as far as they fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from explorer.errors import RunError
from explorer.events import Network
from explorer.runs import tensors
from explorer.runs.run import Run


def thin(run: Run, out: str | Path, most: int, replicate: int = 0) -> str:
    """Copy a run into a new directory of at most `most` bytes, and say what was left out.

    It keeps every curve, and of one replicate the masks and, in half precision, the surviving weights; where
    that is too much, the weights of the densest networks go first. What was left out also stands in run.json.

    Raises:
        RunError: `out` is there already, or even the curves and masks take more than `most` bytes.
    """
    out, networks = Path(out), run.state.networks
    kept = sorted((n for n in networks if n.replicate == replicate), key=lambda network: network.level)
    if out.exists():
        raise RunError(f"{out} is there already; give another folder.")
    (out / tensors.FOLDER).mkdir(parents=True)
    shutil.copyfile(run.path / "events.jsonl", out / "events.jsonl")
    for network in kept:
        _write(run, out, network, weights=True)
    bare: list[Network] = []
    about = json.loads((run.path / "run.json").read_bytes())
    while True:
        left_out = _left_out(replicate, run.experiment.replicates, bare)
        content = json.dumps({**about, "left_out": left_out}, indent=1).encode()
        size = len(content) + sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
        if size <= most:
            break
        if len(bare) == len(kept):
            shutil.rmtree(out)
            raise RunError(f"{run.path} cannot be thinned to {most:,} bytes: curves and masks alone take {size:,}.")
        bare.append(kept[len(bare)])
        _write(run, out, bare[-1], weights=False)
    tensors.write_whole(out / "run.json", content)
    return left_out


def _write(run: Run, out: Path, network: Network, weights: bool) -> None:
    known = run.state.networks[network]
    moments = (known.initial, known.final, known.rewind) if weights else ({}, {}, {})
    tensors.write(tensors.path(out, network), known.masks, *moments, np.float16)


def _left_out(replicate: int, replicates: int, bare: list[Network]) -> str:
    """Say in one sentence what a thinned run lacks."""
    parts = ["half of the weights' precision"]
    if replicates > 1:
        parts.append(f"masks and weights of all replicates but number {replicate + 1}")
    if bare:
        names = ", ".join(f"{network.variant} at level {network.level}" for network in bare)
        parts.append(f"the weights of {names}")
    return f"Left out: {'; '.join(parts)}."
