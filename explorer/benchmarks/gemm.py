"""What the machine can do at most: a product of two matrices, which is what training comes down to."""

from __future__ import annotations

import time

import torch

SIZE = 1024
TIMES = 5


def operations_a_second(size: int = SIZE) -> float:
    """Measure the product of two square float32 matrices by torch, in as many threads as torch has just now.

    Returns the floating-point operations in a CPU second of the process, at best; a multiplication and an addition
    are two.
    """
    one, two, product = torch.ones(size, size), torch.ones(size, size), torch.empty(size, size)
    seconds = []
    for _ in range(TIMES):
        begun = time.process_time()
        torch.mm(one, two, out=product)
        seconds.append(time.process_time() - begun)
    return 2 * size**3 / min(seconds)
