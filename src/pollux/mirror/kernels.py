"""The mirror's passes over samples, compiled: each does in one loop, in log order, what NumPy does in a dozen.

Needs numba; without it `Rhythm`, `Tally`, `Contest` and `Population` do the same, bit for bit.
"""

import math
from typing import Any, Final

import numpy as np

from pollux.columns.arrays import I32, I64, U8, U16, U32, Mask
from pollux.columns.jit import inlined, short
from pollux.columns.kernels import series_end
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason

_NEVER: Final = np.int64(NEVER)
_BAD: Final = np.uint8(Quality.BAD)
_GOOD: Final = np.uint8(Quality.GOOD)
_CLOCK: Final = np.uint16(Reason.CLOCK)
_SIGN: Final = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@short
def hear(row: I32, arrival: I64, rhythm: Any, learning: float, longest: float, out: I64) -> int:
    """Note messages; the rows heard, each once, are written to `out`: how many.

    `rhythm` are room for a mark per row, then heard, interval and messages of `Rhythm`.
    """
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


@inlined
def _rises(time: I64, quality: U8, reason: U16, begin: int, end: int, known: int) -> bool:
    """Whether samples are all believed, and each is newer than the one before it, the first than what is known."""
    falls, aside = time[begin] <= known, False
    for i in range(begin + 1, end):
        falls |= time[i] <= time[i - 1]
    for i in range(begin, end):
        aside |= (quality[i] == _BAD) | (reason[i] == _CLOCK)
    return not (falls or aside)


@inlined
def _settle_one(i: int, samples: Any, memory: Any, schema: Any, watermark: I64, mark: I32, out: Any, count: int) -> int:
    """Hold one sample against what is known of its cell; how many cells have changed by now."""
    row, signal, time, arrival, value, bits, quality, reason = samples
    numbers, number_bits, times, kept_quality, kept_reason, aside, aside_time, aside_reason = memory
    slot, noise, width = schema
    late, current, cells = out
    r, s, now = row[i], signal[i], time[i]
    signals, cell = len(noise), np.int64(s) * numbers.shape[1] + r
    if quality[i] == _BAD or reason[i] == _CLOCK:
        aside[s, r], aside_time[s, r], aside_reason[s, r] = value[i], arrival[i], reason[i]
        if mark[cell] == 0:
            mark[cell] = -1
            cells[count] = cell
            count += 1
        return count
    watermark[r] = max(watermark[r], now)
    known, told, place = times[s, r], now != arrival[i], slot[s]
    late[i], newer = now < known, now > known
    if now == known:
        greater = _ranked(bits[i]) > _ranked(number_bits[place, r])
        newer = not told or (known != times[signals + s, r] and greater)
    if not newer:
        return count
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
    return count


@short
def settle(samples: Any, memory: Any, schema: Any, watermark: I64, mark: I32, out: Any) -> int:
    """Hold samples against what is known of their cells, and write what is newer, or set aside; how many cells changed.

    `samples` are row, signal, event time, arrival, value, its bits, quality, reason; `memory` the arrays of a block;
    `schema` slot, noise, and the width of the layout. `mark` (cells,) is zero before and after. `out` are late and
    current, all False before, and the cells that changed, each once.
    """
    row, signal, time, _, _, _, quality, reason = samples
    times, cells = memory[2], out[2]
    count, begin = 0, 0
    while begin < len(row):
        end = series_end(row, signal, begin)
        first = begin
        if _rises(time, quality, reason, begin, end, times[signal[begin], row[begin]]):
            first = end - 1  # only the last one counts
        for i in range(first, end):
            count = _settle_one(i, samples, memory, schema, watermark, mark, out, count)
        begin = end
    for i in range(count):
        mark[cells[i]] = 0
    return count


@inlined
def _count_delays(time: I64, arrival: I64, begin: int, end: int, delays: U32, buckets: int) -> None:
    """Count the delays of a series into powers of two of a millisecond; neighbours mostly fall into the same one."""
    low, high, bucket, count = np.int64(0), np.int64(0), 0, 0
    for i in range(begin, end):
        delay = arrival[i] - time[i]
        if not low <= delay < high:
            if time[i] == arrival[i]:
                continue
            delays[bucket] += np.uint32(count)
            power, count = math.frexp(max(float(delay) / 1e6, 0.5))[1], 0
            bucket = 0 if delay < 0 else min(max(power + 1, 1), buckets - 1)
            low, high = np.int64(500_000) << (bucket - 1), np.int64(500_000) << bucket
            if bucket == 0:
                low, high = _NEVER, np.int64(0)
            elif bucket == 1:
                low = np.int64(1)  # no delay at all is of a time that nobody told
            elif bucket == buckets - 1:
                high = _SIGN
        count += 1
    delays[bucket] += np.uint32(count)


@short
def tally(samples: Any, late: Mask, counters: Any, buckets: int) -> tuple[int, int, int]:
    """Count samples; how many are worth less than good, how many are late, how many are set aside.

    `samples` are row, signal, event time, arrival, quality and reason; `counters` samples, late and delays of `Tally`.
    """
    row, signal, time, arrival, quality, reason = samples
    heard, late_of, delays = counters
    less = behind = aside = begin = 0
    while begin < len(row):
        end, r, own = series_end(row, signal, begin), row[begin], 0
        heard[signal[begin], r] += np.uint32(end - begin)
        for i in range(begin, end):
            less += quality[i] != _GOOD
            own += late[i]
            aside += (quality[i] == _BAD) | (reason[i] == _CLOCK)
        late_of[r] += np.uint32(own)
        behind += own
        _count_delays(time, arrival, begin, end, delays[r], buckets)
        begin = end
    return less, behind, aside


def warm() -> None:
    """Compile, with nothing to do."""
    ints, longs, numbers, masks = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_)
    bytes_, reasons = np.empty(0, np.uint8), np.empty(0, np.uint16)
    hear(ints, longs, (ints, longs, numbers, longs), 0.0, 0.0, longs)
    samples = ints, ints, longs, longs, numbers, longs, bytes_, reasons
    settle(samples, _memory(), (longs, numbers, 0), longs, ints, (masks, masks, longs))
    counts = np.empty((0, 0), np.uint32)
    tally((ints, ints, longs, longs, bytes_, reasons), masks, (counts, np.empty(0, np.uint32), counts), 0)


def _memory() -> tuple[Any, ...]:
    """The arrays of a block without rows."""
    kinds = np.float64, np.int64, np.int64, np.uint8, np.uint16, np.float64, np.int64, np.uint16
    return tuple(np.empty((0, 0), kind) for kind in kinds)
