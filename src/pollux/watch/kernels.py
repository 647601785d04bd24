"""The watch's sweep over samples, compiled: in one loop what NumPy does in a dozen passes.

Needs numba; without it `Watch` does the same, bit for bit.
"""

from typing import Any, Final

import numpy as np

from pollux.columns.arrays import F64, I32, I64, U8, U16, Mask
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
def _run(row: I32, signal: I32, quality: U8, begin: int) -> int:
    """Where a series of one signal of one twin, all worth the same, ends: samples of a message lie side by side."""
    end = begin + 1
    while end < len(row) and row[end] == row[begin] and signal[end] == signal[begin] and quality[end] == quality[begin]:
        end += 1
    return end


@inlined
def _follow(signal: I32, quality: U8, followed: Mask) -> None:
    """Mark the signals of which a sample is doubted."""
    doubted = False
    for i in range(len(quality)):
        doubted |= (quality[i] == _UNCERTAIN) | (quality[i] == _BAD)
    if doubted:
        for i in range(len(quality)):
            if quality[i] == _UNCERTAIN or quality[i] == _BAD:
                followed[signal[i]] = True


@inlined
def _odd(value: F64, reason: U16, begin: int, end: int) -> bool:
    """Whether any of a series is no number, or of a sensor that is not connected."""
    odd = False
    for i in range(begin, end):
        odd |= (reason[i] == _DISCONNECTED) | (not np.isfinite(value[i]))
    return odd


@inlined
def _stirs(kind: int, bound: float, value: F64, begin: int, end: int) -> bool:
    """Whether any value of a series stirs a rule."""
    stirs = kind == EVERY
    if kind == ABOVE:
        for i in range(begin, end):
            stirs |= value[i] > bound
    elif kind == BELOW:
        for i in range(begin, end):
            stirs |= value[i] < bound
    return stirs


@inlined
def _newest(times: I64, begin: int, end: int) -> int:
    newest = times[begin]
    for i in range(begin + 1, end):
        newest = max(newest, times[i])
    return int(newest)


@short
def sweep(samples: Any, rules: Any, floor: Any, heard: I64, doubted: I64, room: Any, out: I64) -> int:
    """Take note of good samples far from every limit; the places of the others are written to `out`: how many.

    `samples` are row, signal, event time, arrival, value, quality, reason; `rules` their kind, their bound, and the
    numbers of those of signal s, `numbers[starts[s] : starts[s + 1]]`; `floor` where they stand. A row of `doubted`
    is a signal and a row. Of `room` the first two, (signals,) and (rows,), are all False before and after; the last
    one, (samples,), holds nothing.
    """
    row, signal, time, arrival, value, quality, reason = samples
    kind, bound, starts, numbers = rules
    busy, last = floor
    followed, lively, ends = room
    for i in range(len(doubted)):
        followed[doubted[i, 0]], lively[doubted[i, 1]] = True, True
    _follow(signal, quality, followed)
    series, begin = 0, 0
    while begin < len(row):
        end, s, r = _run(row, signal, quality, begin), signal[begin], row[begin]
        if quality[begin] != _MISSING and (followed[s] or starts[s] < starts[s + 1]):
            stirred = quality[begin] != _GOOD or _odd(value, reason, begin, end)
            for k in range(starts[s], starts[s + 1]):
                rule = numbers[k]
                stirred |= busy[rule, r + 1] | _stirs(kind[rule], bound[rule], value, begin, end)
            lively[r] |= stirred
        ends[series], begin = end, end
        series += 1
    count, begin = 0, 0
    for number in range(series):
        end, s, r = ends[number], signal[begin], row[begin]
        if quality[begin] != _MISSING and lively[r] and (followed[s] or starts[s] < starts[s + 1]):
            for i in range(begin, end):
                out[count] = i
                count += 1
        elif quality[begin] != _MISSING and starts[s] < starts[s + 1]:
            heard[s, r] = max(heard[s, r], _newest(arrival, begin, end))
            newest = _newest(time, begin, end)
            for k in range(starts[s], starts[s + 1]):
                last[numbers[k], r + 1] = max(last[numbers[k], r + 1], newest)
        begin = end
    begin = 0
    for number in range(series):
        lively[row[begin]], begin = False, ends[number]
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
    sweep(samples, rules, floor, floor[1], np.empty((0, 2), np.int64), (masks, masks, longs), longs)
