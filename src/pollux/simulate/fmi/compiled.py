"""The loops over instances, compiled where numba is, and as they stand where it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, final

import numpy as np

from pollux.simulate.fmi import cosimulation, exchange, transfer
from pollux.simulate.fmi.loop_values import Groups, Method, members_of, no_api, work_for
from pollux.simulate.kernels.cache import numba_version


@final
@dataclass(frozen=True, slots=True)
class Loops:
    """What is done to all instances at once."""

    put: Callable[..., None]
    get: Callable[..., None]
    march: Callable[..., None]
    travel: Callable[..., None]


PLAIN = Loops(transfer.put_all, transfer.get_all, cosimulation.march, exchange.travel)
"""The same loops in Python: each call goes through ctypes, some microseconds instead of nanoseconds."""


@cache
def loops() -> Loops:
    """The fastest there are here; both call the same functions with the same numbers."""
    return PLAIN if numba_version() is None else _compiled()


def _compiled() -> Loops:
    import numba
    from numba.extending import register_jitable

    import_module("pollux.simulate.fmi.machine_calls")  # teaches the compiler what `invoke` is
    for piece in (*transfer.PIECES, *cosimulation.PIECES, *exchange.PIECES):
        register_jitable(piece)
    # The lock is let go: an FMU may compute for long, and its messages come back through ctypes, which asks for it.
    compile_: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
    return Loops(*[compile_(one) for one in (PLAIN.put, PLAIN.get, PLAIN.march, PLAIN.travel)])


def warm(exchange: bool) -> None:
    """Compile the loops for one way of running FMUs, or load what was compiled; no FMU is needed for it."""
    own, api = loops(), no_api()
    groups = Groups(np.zeros((0, 5), np.int64), np.zeros(1, np.uint32))
    members, work = members_of(0, 0, 0), work_for(0, 0, 0, np.zeros(1, np.int64))
    raw, record = np.zeros((0, 8), np.uint8), np.zeros((0, 0, 8), np.uint8)
    own.put(api, 0, groups, members, raw, work)
    own.get(api, groups, members, raw, work)
    if exchange:
        method = Method(np.zeros((0, 0)), np.zeros(0), 5, 0.0, 1e-6)
        own.travel(api, members, 0.0, 1.0, 0, method, groups, record, work)
    else:
        own.march(api, False, members, 0.0, 1.0, 0, groups, record, work)
