"""The loops over instances, compiled where numba is, and as they stand where it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, final

from pollux.simulate.fmi import cosimulation, exchange, transfer
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

    import pollux.simulate.fmi.machine_calls  # noqa: F401  # teaches the compiler what `invoke` is

    for piece in (*transfer.PIECES, *cosimulation.PIECES, *exchange.PIECES):
        register_jitable(piece)
    # The lock is let go: an FMU may compute for long, and its log comes back to Python through ctypes, which asks for it.
    compile_: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
    return Loops(*[compile_(one) for one in (PLAIN.put, PLAIN.get, PLAIN.march, PLAIN.travel)])
