"""Plain luck: counter-based uniform numbers with a key for each seed, twin and signal."""

import hashlib
from typing import Final

import numpy as np
from numpy.random import Generator, Philox

from pollux.columns.arrays import F64

LEAST: Final = 2.0**-54
"""The least of the uniform numbers, which are multiples of 2**-53 otherwise: no quantile is infinite."""


def stream(seed: int, *about: str) -> Generator:
    """A generator of its own for a seed and whatever it is about.

    >>> stream(7, "P-7", "wear").random() == stream(7, "P-7", "load").random()
    False
    """
    digest = hashlib.blake2b("\0".join(about).encode(), digest_size=8).digest()
    key = np.array([seed & 0xFFFF_FFFF_FFFF_FFFF, int.from_bytes(digest, "little")], np.uint64)
    return Generator(Philox(key=key))


def luck(seed: int, twin: str, name: str, members: int) -> F64:
    """Uniform numbers between 0 and 1 for the members of one twin and one of its signals.

    >>> bool(np.all(luck(7, "P-7", "wear", 3) == luck(7, "P-7", "wear", 1000)[:3]))
    True
    """
    return np.maximum(stream(seed, twin, name).random(members), LEAST)
