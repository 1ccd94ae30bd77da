"""A run made small enough to be shipped or sent: every curve, and masks and weights as far as they fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from explorer.errors import RunError
from explorer.events import Network
from explorer.runs import drawn, tensors
from explorer.runs.run import Run
from explorer.runs.writer import PACES

PRECISION = "half of the weights' precision"


def thin(run: Run, out: str | Path, most: int, replicate: int = 0) -> str:
    """Copy a run into a new directory of at most `most` bytes, and say what was left out.

    It keeps every curve and pace, the masks of all replicates, and of one replicate the surviving weights in half
    precision; initial weights that can be drawn again are not written. Where that is too much, the masks of the
    other replicates go first, then the weights of the densest networks. What was left out also stands in run.json.

    Raises:
        RunError: `out` is there already, or even the curves and one replicate's masks take more than `most` bytes.
    """
    out = Path(out)
    if out.exists():
        raise RunError(f"{out} is there already; give another folder.")
    part = out.with_name(out.name + ".part")  # whole or not at all
    shutil.rmtree(part, ignore_errors=True)
    try:
        left_out = _thin(run, part, most, replicate)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return left_out


def _thin(run: Run, out: Path, most: int, replicate: int) -> str:
    networks = sorted(run.state.networks, key=lambda network: network.level)
    kept = [network for network in networks if network.replicate == replicate]
    others = [network for network in networks if network.replicate != replicate]
    (out / tensors.FOLDER).mkdir(parents=True)
    for name in ("events.jsonl", PACES):
        if (run.path / name).exists():
            shutil.copyfile(run.path / name, out / name)
    check = drawn.check(run.experiment, {network: run.state.networks[network] for network in kept})
    for network in networks:
        _write(run, out, network, weights=network.replicate == replicate, initial=check is None)
    about = json.loads((run.path / "run.json").read_bytes()) | {drawn.KEY: check}
    masks, bare = True, list[Network]()
    while True:
        left_out = _left_out(run, replicate, masks, bare)
        content = json.dumps({**about, "left_out": left_out}, indent=1).encode()
        size = len(content) + sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
        if size <= most:
            break
        if masks and others:
            for network in others:
                tensors.path(out, network).unlink()
            masks = False
        elif len(bare) < len(kept):
            bare.append(kept[len(bare)])
            _write(run, out, bare[-1], weights=False, initial=False)
        else:
            raise RunError(f"{run.path} cannot be thinned to {most:,} bytes: curves and masks alone take {size:,}.")
    tensors.write_whole(out / "run.json", content)
    return left_out


def _write(run: Run, out: Path, network: Network, weights: bool, initial: bool) -> None:
    known = run.state.networks[network]
    moments = (known.initial if initial else {}, known.final, known.rewind) if weights else ({}, {}, {})
    tensors.write(tensors.path(out, network), known.masks, *moments, np.float16)


def _left_out(run: Run, replicate: int, masks: bool, bare: list[Network]) -> str:
    """Say in one sentence what a thinned run lacks."""
    parts = [PRECISION]
    if run.experiment.replicates > 1:
        parts.append(f"{'' if masks else 'masks and '}weights of all replicates but number {replicate + 1}")
    if bare:
        names = ", ".join(f"{network.variant} at level {network.level}" for network in bare)
        parts.append(f"the weights of {names}")
    return f"Left out: {'; '.join(parts)}."
