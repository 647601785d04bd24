"""The watch's sweep over samples, compiled: in one loop what NumPy does in a dozen passes.

Needs numba; without it `Watch` does the same, bit for bit.
"""

from typing import Any, Final

import numpy as np

from pollux.columns.arrays import I64, Mask
from pollux.columns.jit import inlined, short
from pollux.columns.quality import Quality, Reason

ABOVE: Final = 0
BELOW: Final = 1
EVERY: Final = 2
NONE: Final = 3
"""What stirs a rule: a value above or below its bound, every value, none by itself."""

_MISSING: Final = np.uint8(Quality.MISSING)
_GOOD: Final = np.uint8(Quality.GOOD)
_UNCERTAIN: Final = np.uint8(Quality.UNCERTAIN)
_BAD: Final = np.uint8(Quality.BAD)
_DISCONNECTED: Final = np.uint16(Reason.DISCONNECTED)


@inlined
def _stirs(kind: int, bound: float, value: float) -> bool:
    """Whether a value stirs a rule."""
    return kind == EVERY or (kind == ABOVE and value > bound) or (kind == BELOW and value < bound)


@short
def sweep(
    samples: Any, rules: Any, floor: Any, heard: I64, doubted: I64, followed: Mask, lively: Mask, out: I64
) -> int:
    """Take note of good samples far from every limit; the places of the others are written to `out`: how many.

    `samples` are row, signal, event time, arrival, value, quality, reason; `rules` their kind, their bound, and the
    numbers of those of signal s, `numbers[starts[s] : starts[s + 1]]`; `floor` where they stand. A row of `doubted`
    is a signal and a row. `followed` (signals,) and `lively` (rows,) are all False before and after.
    """
    row, signal, time, arrival, value, quality, reason = samples
    kind, bound, starts, numbers = rules
    busy, last = floor
    for i in range(len(doubted)):
        followed[doubted[i, 0]], lively[doubted[i, 1]] = True, True
    for i in range(len(row)):
        if quality[i] == _UNCERTAIN or quality[i] == _BAD:
            followed[signal[i]] = True
    for i in range(len(row)):
        s, r = signal[i], row[i]
        if quality[i] == _MISSING or not (followed[s] or starts[s] < starts[s + 1]):
            continue
        if quality[i] != _GOOD or reason[i] == _DISCONNECTED or not np.isfinite(value[i]):
            lively[r] = True
        for k in range(starts[s], starts[s + 1]):
            rule = numbers[k]
            if busy[rule, r + 1] or _stirs(kind[rule], bound[rule], value[i]):
                lively[r] = True
    count = 0
    for i in range(len(row)):
        s, r = signal[i], row[i]
        if quality[i] == _MISSING or not (followed[s] or starts[s] < starts[s + 1]):
            continue
        if lively[r]:
            out[count] = i
            count += 1
        elif starts[s] < starts[s + 1]:
            heard[s, r] = max(heard[s, r], arrival[i])
            for k in range(starts[s], starts[s + 1]):
                last[numbers[k], r + 1] = max(last[numbers[k], r + 1], time[i])
    for i in range(len(row)):
        lively[row[i]] = False
    for i in range(len(doubted)):
        lively[doubted[i, 1]] = False
    followed[:] = False
    return count


def warm() -> None:
    """Compile, with nothing to do."""
    ints, longs, numbers = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
    bytes_, reasons, masks = np.empty(0, np.uint8), np.empty(0, np.uint16), np.empty(0, np.bool_)
    samples, rules = (ints, ints, longs, longs, numbers, bytes_, reasons), (longs, numbers, longs, longs)
    floor = np.empty((0, 0), np.bool_), np.empty((0, 0), np.int64)
    sweep(samples, rules, floor, floor[1], np.empty((0, 2), np.int64), masks, masks, longs)
