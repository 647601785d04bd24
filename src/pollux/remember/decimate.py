"""Series of samples, and the picture of a series: at most two points a column, peaks included.

A column is a stretch of absolute time, from k width to (k + 1) width for an integer k, so that the picture does not
flicker while it slides. Of each column the lowest and the highest value are kept, at their own times and in their
order, both with the worst quality that occurs in it. Where values are missing, one point without value (NaN) marks the
gap, and nobody joins across it.

**Law.** For whole numbers k, `decimate(decimate(s, w), k * w) == decimate(s, k * w)`: pictures of pictures are exact,
which is why an index that keeps one picture a minute answers for a month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64, U8, Mask
from pollux.columns.quality import Quality

_BADNESS = {
    Quality.MISSING: 0,
    Quality.GOOD: 1,
    Quality.ESTIMATED: 2,
    Quality.SIMULATED: 3,
    Quality.UNCERTAIN: 4,
    Quality.BAD: 5,
}
_RANK = np.array([_BADNESS[quality] for quality in sorted(_BADNESS)], np.uint8)
_QUALITY = np.argsort(_RANK).astype(np.uint8)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What one signal of one twin was, in order of event time.

    `time` and `arrival` are nanoseconds UTC, `value` is in the signal's declared unit, NaN where it was missing.
    `width` is 0 for raw samples; else this is a picture of columns `width` nanoseconds wide.
    """

    time: I64
    arrival: I64
    value: F64
    quality: U8
    width: int = 0

    def __len__(self) -> int:
        return len(self.time)

    @property
    def raw(self) -> bool:
        """Whether these are the samples themselves, not a picture of them."""
        return self.width == 0

    @staticmethod
    def empty() -> "Series":
        """No samples."""
        none = np.empty(0, np.int64)
        return Series(none, none, np.empty(0, np.float64), np.empty(0, np.uint8))

    def select(self, which: Mask | I64, *, width: int | None = None) -> "Series":
        """The samples where a mask holds, or at given places, in that order."""
        return Series(
            self.time[which],
            self.arrival[which],
            self.value[which],
            self.quality[which],
            self.width if width is None else width,
        )

    def between(self, start: int, end: int) -> "Series":
        """The samples with start <= time < end."""
        first, last = np.searchsorted(self.time, [start, end])
        return self.select(np.arange(int(first), int(last)))


def merged(parts: Sequence[Series]) -> Series:
    """Several series of one signal as one: in order of time, without exact repeats (the first to arrive is kept).

    The result does not depend on the order in which samples arrived.
    """
    if len(parts) == 1:
        return parts[0]
    time = np.concatenate([part.time for part in parts] or [np.empty(0, np.int64)])
    whole = Series(
        time,
        np.concatenate([part.arrival for part in parts] or [time]),
        np.concatenate([part.value for part in parts] or [np.empty(0, np.float64)]),
        np.concatenate([part.quality for part in parts] or [np.empty(0, np.uint8)]),
        max((part.width for part in parts), default=0),
    )
    return whole.select(in_order(whole))


def in_order(series: Series) -> I64:
    """Where the samples stand in order of time, value and quality, each only once."""
    if (series.time[1:] > series.time[:-1]).all():
        # As nearly always: one device, one sample at a time, in its order.
        return np.arange(len(series.time))
    bits = series.value.view(np.int64)
    order = np.lexsort((series.arrival, series.quality, bits, series.time))
    same = np.zeros(len(order), np.bool_)
    columns = (series.time, bits, series.quality)
    same[1:] = np.logical_and.reduce([column[order][1:] == column[order][:-1] for column in columns])
    kept: I64 = order[~same]
    return kept


def decimate(series: Series, width: int) -> Series:
    """The picture of a series in columns of `width` nanoseconds.

    >>> s = Series(*(np.arange(6) for _ in range(2)), np.array([1, 5, 0, 2, 2, 2.0]), np.ones(6, np.uint8))
    >>> decimate(s, 3).time.tolist(), decimate(s, 3).value.tolist()
    ([1, 2, 3], [5.0, 0.0, 2.0])
    """
    if not len(series):
        return series.select(slice(0, 0), width=width)  # type: ignore[arg-type]
    column = series.time // width
    edge = np.concatenate(([True], column[1:] != column[:-1]))
    group, starts = np.cumsum(edge) - 1, np.flatnonzero(edge)
    missing = np.isnan(series.value)
    lowest = np.minimum.reduceat(np.where(missing, np.inf, series.value), starts)[group]
    highest = np.maximum.reduceat(np.where(missing, -np.inf, series.value), starts)[group]
    places = np.unique(
        np.concatenate(
            [
                _first(group, series.value == lowest),
                _first(group, series.value == highest),
                _first(group, missing),
            ]
        )
    )
    worst = _QUALITY[np.maximum.reduceat(np.where(missing, 0, _RANK[series.quality]), starts)]
    quality = np.where(missing[places], np.uint8(Quality.MISSING), worst[group[places]])
    return Series(series.time[places], series.arrival[places], series.value[places], quality, width)


def _first(group: I64, mask: Mask) -> I64:
    """Of each group the first place where the mask holds; a missing value equals nothing, so it is no extreme."""
    places: I64 = np.flatnonzero(mask)
    held = group[places]
    return places[np.concatenate(([True], held[1:] != held[:-1]))[: len(places)]]


def width_for(start: int, end: int, points: int, step: int) -> int:
    """The width of columns that shows start to end in about `points` of them: from `step` on a multiple of it."""
    width = max(1, -(-(end - start) // max(1, points)))
    return -(-width // step) * step if width >= step else width
