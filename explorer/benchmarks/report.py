"""What was measured, as a table for the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table

from explorer.benchmarks.bench import SIDE_BY_SIDE, Report, Whole
from explorer.benchmarks.gemm import SIZE
from explorer.views import words

HEADS = (
    "network",
    "back end",
    "weights",
    "µs",
    "× own dense",
    "× preloaded",
    "× DataLoader",
    "of peak",
    "evaluation",
)

FOOT = """\
µs: a network-iteration of one network in one thread, evaluation not included. × own dense: how many times faster than \
the same back end's dense step. × preloaded, × DataLoader: than the plain loops, one thread each. of peak: products of \
surviving weights, as a share of what the matrix product does. evaluation: time of an evaluated image ÷ time of one \
trained on, over the same quotient of their arithmetic.
All this is CPU time of the process, interleaved, medians of {rounds} rounds; workers and searches are timed by the \
clock on the wall."""


def to_json(report: Report) -> str:
    """Write everything as one JSON object, in the units of `Report`."""
    return json.dumps(asdict(report), indent=1)


def table(report: Report) -> RenderableType:
    """Lay out everything for a terminal."""
    steps = Table(box=SIMPLE)
    for head in HEADS:
        steps.add_column(head, justify="left" if head in HEADS[:2] else "right")
    for step in report.steps:
        steps.add_row(
            step.architecture,
            step.back_end,
            words.remaining(step.density, exact=True),
            f"{step.microseconds:,.0f}",
            *(f"{faster:.2f}" for faster in (step.dense, step.preloaded, step.dataloader)),
            f"{step.peak:.0%}",
            "–" if step.evaluation is None else f"{step.evaluation:.2f}",
        )
    about = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    return Group(about, steps, *_lines(report), "", FOOT.format(rounds=report.rounds))


def _lines(report: Report) -> Iterator[str]:
    """Yield a sentence for everything that is no step."""
    for loop in report.loops:
        times = f"{loop.dense:,.0f} µs a network-iteration"
        times += "" if loop.masked is None else f", {loop.masked:,.0f} µs with masks"
        yield f"The {loop.loop} loop, {loop.architecture}, one thread: {times}."
    for each in report.together:
        times = f"{each.microseconds:,.1f} µs a network-iteration; one after the other {each.alone:,.1f} µs"
        yield f"{each.networks} networks of {each.architecture} together on the GPU: {times} ({each.faster:.1f} ×)."
    yield f"Matrix product of {SIZE} × {SIZE}, float32, one thread: {report.gemm / 1e9:.1f} GFLOP/s."
    if report.workers:
        count, density = report.workers.workers, words.remaining(SIDE_BY_SIDE)
        yield f"{count} workers are {report.workers.faster:.2f} × as fast as one, at {density} of the weights."
    if report.memory:
        yield f"A whole search on digits took {words.size(report.memory)} of memory at most."
    if report.whole:
        yield _whole(report.whole)


def _whole(whole: Whole) -> str:
    what = f"A whole search on digits ({whole.networks} networks, {words.count(whole.iterations)} iterations each)"
    preloaded, parts = whole.preloaded, whole.dataloader_from_parts
    return (
        f"{what} took {whole.search:,.0f} s; the preloaded loop {preloaded:,.0f} s ({preloaded / whole.search:.1f} ×); "
        f"the DataLoader loop, reckoned from its parts, {parts:,.0f} s ({parts / whole.search:.0f} ×)."
    )
