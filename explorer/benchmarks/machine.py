"""With what something is measured."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

from explorer.training.cores import usable_cores


@cache
def machine() -> Mapping[str, str]:
    """Name the processor, how many of its cores may be used, the GPU where there is one, and the versions."""
    versions = {name: version(name) for name in ("torch", "numba", "numpy")}
    about = {"processor": _processor(), "cores": str(usable_cores()), "python": platform.python_version()}
    if torch.cuda.is_available():
        about["gpu"] = torch.cuda.get_device_name()
    return about | versions


def _processor() -> str:
    """Name the processor, as Linux says it; else as Python does."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
