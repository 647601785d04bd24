"""Calling a function by its address: the same line runs in Python, through ctypes, and compiled, as a machine call.

Addresses, pointers and sizes are 64-bit integers, as on every 64-bit machine; booleans and enumerations travel as
32-bit integers, which all their calling conventions allow.
"""

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np

_TYPES: Final[dict[type, Any]] = {float: ctypes.c_double, np.float64: ctypes.c_double, np.int32: ctypes.c_int32}

YES: Final = np.int32(1)
NO: Final = np.int32(0)


def invoke(address: int, *values: Any) -> int:
    """Call a function that gives a status; floats are doubles, `np.int32` are ints, all else is 64 bits wide."""
    kinds: tuple[type, ...] = tuple(map(type, values))
    return _function(int(address), kinds)(*values)


@lru_cache(maxsize=4096)
def _function(address: int, types: tuple[type, ...]) -> Callable[..., int]:
    return ctypes.CFUNCTYPE(ctypes.c_int32, *[_TYPES.get(one, ctypes.c_int64) for one in types])(address)
