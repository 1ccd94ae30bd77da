"""How many cores a search may use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath


def usable_cores(groups: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many cores this process may use: what its affinity and its container's quota allow, at least 1.

    Args:
        groups: which control groups the process is in, as Linux says it.
        mounted: where control groups are mounted.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # A part of a core is worth a worker, as it would be idle otherwise.
    return max(1, min([allowed, *map(math.ceil, _quotas(groups, mounted))]))


def _quotas(groups: Path, mounted: Path) -> Iterator[float]:
    """Yield the cores that each control group allows, from the process's own up to the root; where there are any.

    From inside a container, its own group may be mounted as the root, and what lies between is then not to be seen.
    """
    with suppress(OSError):
        for line in groups.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            root = mounted / "cpu" if controllers else mounted  # versions 1 and 2 of control groups
            for group in (PurePosixPath(path), *PurePosixPath(path).parents):
                folder = root / group.relative_to("/")
                with suppress(OSError, ValueError):  # no such group here, or one with no limit
                    yield _quota(folder, version=1 if controllers else 2)


def _quota(folder: Path, version: int) -> float:
    """Read a group's quota, in cores. Raises OSError or ValueError where there is none."""
    if version == 2:
        quota, period = (folder / "cpu.max").read_text().split()  # the quota may be "max", which is no number
    else:
        quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    if int(quota) <= 0:  # -1 is no limit
        raise ValueError(quota)
    return int(quota) / int(period)
