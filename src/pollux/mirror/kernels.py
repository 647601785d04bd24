"""The mirror's passes over samples, compiled: each does in one loop, in log order, what NumPy does in a dozen.

Needs numba; without it `Rhythm`, `Tally`, `Contest` and `Population` do the same, bit for bit.
"""

import math
from typing import Any, Final

import numpy as np

from pollux.columns.arrays import I32, I64, Mask
from pollux.columns.jit import inlined, short
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason

_NEVER: Final = np.int64(NEVER)
_BAD: Final = np.uint8(Quality.BAD)
_GOOD: Final = np.uint8(Quality.GOOD)
_CLOCK: Final = np.uint16(Reason.CLOCK)
_SIGN: Final = np.int64(0x7FFF_FFFF_FFFF_FFFF)
_ONE: Final = np.uint32(1)


@short
def hear(row: I32, arrival: I64, rhythm: Any, learning: float, longest: float, out: I64) -> int:
    """Note messages; the rows heard, each once, are written to `out`: how many."""
    first, heard, interval, messages = rhythm
    for i in range(len(row) - 1, -1, -1):
        first[row[i]] = i
    count = 0
    for i in range(len(row)):
        r, now = row[i], arrival[i]
        messages[r] += 1
        if first[r] == i:
            out[count] = r
            count += 1
        before, known = heard[r], interval[r]
        if now <= before:
            continue
        heard[r] = now
        if before != _NEVER:
            step = float(now - before)
            if known > 0.0:
                step = min(step, longest * known)
                step = known + learning * (step - known)
            interval[r] = step
    return count


@inlined
def _ranked(bits: int) -> int:
    """`newest.ranked` of one number."""
    return int(bits ^ _SIGN) if bits < 0 else bits


@short
def settle(samples: Any, memory: Any, schema: Any, watermark: I64, mark: I32, out: Any) -> int:
    """Hold samples against what is known of their cells, and write what is newer, or set aside; how many cells changed.

    `samples` are row, signal, event time, arrival, value, its bits, quality, reason; `memory` the arrays of a block;
    `schema` slot, noise, and the width of the layout. `mark` (cells,) is zero before and after. `out` are late, current
    and the cells that changed, each once.
    """
    row, signal, time, arrival, value, bits, quality, reason = samples
    numbers, number_bits, times, kept_quality, kept_reason, aside, aside_time, aside_reason = memory
    slot, noise, width = schema
    late, current, cells = out
    signals, capacity, count = len(noise), numbers.shape[1], 0
    for i in range(len(row)):
        r, s, now = row[i], signal[i], time[i]
        cell = np.int64(s) * capacity + r
        late[i] = current[i] = False
        if quality[i] == _BAD or reason[i] == _CLOCK:
            aside[s, r], aside_time[s, r], aside_reason[s, r] = value[i], arrival[i], reason[i]
            if mark[cell] == 0:
                mark[cell] = -1
                cells[count] = cell
                count += 1
            continue
        watermark[r] = max(watermark[r], now)
        known, told, place = times[s, r], now != arrival[i], slot[s]
        late[i], newer = now < known, now > known
        if now == known:
            greater = _ranked(bits[i]) > _ranked(number_bits[place, r])
            newer = not told or (known != times[signals + s, r] and greater)
        if not newer:
            continue
        before = mark[cell]
        if before > 0:
            current[before - 1] = False
        elif before == 0:
            cells[count] = cell
            count += 1
        mark[cell], current[i] = i + 1, True
        numbers[place, r], numbers[width + s, r] = value[i], noise[s]
        times[s, r], times[signals + s, r] = now, arrival[i]
        kept_quality[s, r], kept_reason[s, r] = quality[i], reason[i]
    for i in range(count):
        mark[cells[i]] = 0
    return count


@short
def tally(samples: Any, late: Mask, counters: Any, buckets: int) -> int:
    """Count samples; how many of them are worth less than good."""
    row, signal, time, arrival, quality = samples
    heard, late_of, delays = counters
    less = 0
    for i in range(len(row)):
        r = row[i]
        heard[signal[i], r] += _ONE
        less += quality[i] != _GOOD
        if late[i]:
            late_of[r] += _ONE
        if time[i] != arrival[i]:
            delay = float(arrival[i] - time[i]) / 1e6
            power = math.frexp(max(delay, 0.5))[1]
            delays[r, 0 if delay < 0 else min(max(power + 1, 1), buckets - 1)] += _ONE
    return less


def warm() -> None:
    """Compile, with nothing to do."""
    ints, longs, numbers, masks = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_)
    bytes_, reasons = np.empty(0, np.uint8), np.empty(0, np.uint16)
    hear(ints, longs, (ints, longs, numbers, longs), 0.0, 0.0, longs)
    samples = ints, ints, longs, longs, numbers, longs, bytes_, reasons
    settle(samples, _memory(), (longs, numbers, 0), longs, ints, (masks, masks, longs))
    counts = np.empty((0, 0), np.uint32)
    tally((ints, ints, longs, longs, bytes_), masks, (counts, np.empty(0, np.uint32), counts), 0)


def _memory() -> tuple[Any, ...]:
    """The arrays of a block without rows."""
    kinds = np.float64, np.int64, np.int64, np.uint8, np.uint16, np.float64, np.int64, np.uint16
    return tuple(np.empty((0, 0), kind) for kind in kinds)
