"""The time that something takes, on a machine that others may use too."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds: the median of the wall time, the least processor time of all threads."""

    wall: float
    processor: float


def spent(call: Callable[[], object], *, repeats: int) -> Spent:
    """What a call takes that was made once before, so that nothing is compiled or loaded in it."""
    call()
    found = [_once(call) for _ in range(repeats)]
    return Spent(statistics.median(one.wall for one in found), min(one.processor for one in found))


def _once(call: Callable[[], object]) -> Spent:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)
