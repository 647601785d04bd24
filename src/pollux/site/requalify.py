"""What samples of the past were worth: the history keeps numbers and qualities of decoding, the rest is found here.

By themselves, beside their neighbours, and by what followed their device: the same rules that judge what comes in.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

import numpy as np

from pollux.check.doubts import Jury
from pollux.clock import DAY, MINUTE
from pollux.columns.arrays import U16
from pollux.columns.judge import DEPTH
from pollux.columns.quality import Quality, Reason
from pollux.mirror.recents import joined
from pollux.remember.decimate import Series
from pollux.site.estate import Estate

AbstractLock = AbstractContextManager[object]

Read = Callable[[int, int], Series]
"""Samples between two moments, in order of event time."""

_WIDER: Final = 16


def requalified(
    estate: Estate, type_: str, row: int, signal: int, read: Read, start: int, end: int, *, lock: AbstractLock
) -> tuple[Series, U16]:
    """Samples of one signal of a twin, start <= event time < end, with their final qualities, and their reasons.

    `lock` is held while the estate is looked at.
    """
    jury = estate.decoder.judges.get(type_)
    judge = jury if isinstance(jury, Jury) and signal in jury.signals else None
    series = _with_before(read, start, end, judge.reach(signal)) if judge else read(start, end)
    with lock:
        quality, reason = estate.decoder.believed(
            type_, row, signal, series.value, series.time, series.arrival, series.quality
        )
        estate.mirror.populations[type_].stretches.doubt(signal, row, series.time, quality, reason)
    if judge is not None:
        told = np.flatnonzero((quality != Quality.BAD) & (reason != Reason.CLOCK))
        seen, why = judge.over(signal, series.time[told], series.value[told])
        quality[told], reason[told] = joined(quality[told], reason[told], seen, why)
    first = int(np.searchsorted(series.time, start))
    kept = replace(series, quality=quality).select(np.arange(first, len(series)))
    return kept, reason[first:]


def _with_before(read: Read, start: int, end: int, reach: int) -> Series:
    """Samples with enough of those before the start, as far as a day or what a rule looks back."""
    back = max(reach, MINUTE)
    series = read(start - back, end)
    while np.count_nonzero(series.time < start) < DEPTH and back < DAY:
        back = min(back * _WIDER, DAY)
        series = read(start - back, end)
    return series
