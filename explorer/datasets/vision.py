"""torchvision's data sets: the folder they lie in, and an import that works beside any torch."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import platformdirs


def folder() -> Path:
    """Return the folder of data sets in torchvision's layout: EXPLORER_DATA, or a cache of the user's."""
    given = os.environ.get("EXPLORER_DATA")
    return Path(given).expanduser() if given else platformdirs.user_cache_path("lottery-explorer") / "data"


def torchvision_datasets() -> ModuleType:
    """Import torchvision's data sets, late, because that takes a second or two."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        # A torchvision built for CUDA cannot load its operators beside a torch for CPUs, and stops when it
        # describes them. We need none of them: it is enough that their names are known.
        from torch.library import define

        for name in ("nms", "qnms"):
            define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    datasets: ModuleType = torchvision.datasets
    return datasets
