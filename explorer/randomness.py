"""The one source of random numbers: each is a function of who asks for it, and no state is ever kept."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(*identity: str | int) -> np.random.Generator:
    """Return the generator that belongs to `identity`, such as ("order", seed, replicate, level, draw, epoch).

    The same identity gives the same numbers on every machine and in every order of asking.
    """
    digest = hashlib.blake2b("/".join(map(str, identity)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))
