"""Passes over messages and samples that were read, compiled: each does in one loop what NumPy does in a dozen.

Needs numba; without it `assemble` and `Belief` do the same, bit for bit.
"""

from typing import Any, Final

import numpy as np

from pollux.columns.arrays import I64, U8, U16
from pollux.columns.jit import short
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason

_NEVER: Final = np.int64(NEVER)
_GOOD: Final = np.uint8(Quality.GOOD)
_UNCERTAIN: Final = np.uint8(Quality.UNCERTAIN)
_BAD: Final = np.uint8(Quality.BAD)
_NONE: Final = np.uint16(Reason.NONE)
_TOLD: Final = np.uint16(Reason.TOLD)
_RANGE: Final = np.uint16(Reason.RANGE)
_CLOCK: Final = np.uint16(Reason.CLOCK)
_NOT_A_NUMBER: Final = np.uint16(Reason.NOT_A_NUMBER)


@short
def spread(messages: Any, time: I64, out: Any) -> None:
    """Row, arrival and frame of each message for each of its samples, and the time of each: its own, or the arrival."""
    row, arrival, frame, samples = messages
    rows, heard, frames, event_time = out
    begin = 0
    for i in range(len(row)):
        end = begin + samples[i]
        rows[begin:end], heard[begin:end], frames[begin:end] = row[i], arrival[i], frame[i]
        for place in range(begin, end):
            event_time[place] = arrival[i] if time[place] == _NEVER else time[place]
        begin = end


@short
def judge(samples: Any, bounds: Any, quality: U8, reason: U16) -> None:
    """`Belief.judge` of samples: signal, value, event time and arrival; `quality` and `reason` are as told.

    `bounds` are low and high of each signal, the earliest time, and how far ahead of its arrival a time may be.
    """
    signal, value, time, arrival = samples
    low, high, earliest, ahead = bounds
    for i in range(len(signal)):
        told, number, s = reason[i], value[i], signal[i]
        if time[i] < earliest or time[i] - arrival[i] > ahead:
            reason[i] = _CLOCK
            if quality[i] == _GOOD:
                quality[i] = _UNCERTAIN
        if number < low[s] or number > high[s]:
            quality[i], reason[i] = _BAD, _RANGE
        if not np.isfinite(number):
            quality[i] = _BAD
            # A source that says why it has no number says more than that it is none.
            if told in (_NONE, _TOLD):
                reason[i] = _NOT_A_NUMBER


def warm() -> None:
    """Compile, with nothing to do."""
    ints, longs, numbers = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
    bytes_, reasons = np.empty(0, np.uint8), np.empty(0, np.uint16)
    spread((ints, longs, ints, longs), longs, (ints, longs, ints, longs))
    judge((ints, numbers, longs, longs), (numbers, numbers, 0, 0), bytes_, reasons)
