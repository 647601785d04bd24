"""Series for pictures: at most two samples a column, so that no peak is lost.

Per column of time the least and the greatest value stay, in their order. Columns are aligned to absolute time, not to
the first sample, so that peaks do not flicker while a chart slides. A doubted stretch keeps its mark: what stays of a
column bears the worst quality in it.
"""

from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.quality import Quality
from pollux.show.facts import F64, I64, U8

Aggregate = Literal["mean", "min", "max", "sum", "count", "last"]
_DOUBT: Final = np.array([1, 0, 2, 3, 0, 0], np.uint8)
"""How doubtful each quality is, by its code."""
_CODE: Final = np.array([Quality.GOOD, Quality.MISSING, Quality.UNCERTAIN, Quality.BAD], np.uint8)
_EVERYTHING: Final = 1 << 62


def column_width(start: int, end: int, points: int) -> int:
    """Nanoseconds a column, so that [start, end) touches at most `points` columns that begin at multiples of it.

    >>> column_width(0, 1000, 10), column_width(5, 1005, 10)
    (112, 112)
    """
    # A stretch of n widths touches n + 1 aligned columns when it begins inside one.
    return max(1, -(-(end - start) // (points - 1))) if points > 1 else _EVERYTHING


def extremes(time: I64, value: F64, width: int, *, low: F64 | None = None, high: F64 | None = None) -> I64:
    """The places of the samples that a picture needs, in order: of each column the least and the greatest.

    For fans `low` and `high` are the edges: of each column the least `low` and the greatest `high` stay, so that a
    band never looks narrower than it is.
    """
    if not len(time):
        return np.empty(0, np.int64)
    column = time // width
    below = value if low is None else np.fmin(value, low)
    above = value if high is None else np.fmax(value, high)
    return np.unique(np.concatenate((_first_of(column, below), _first_of(column, -above))))


def worst_quality(time: I64, quality: U8, width: int) -> U8:
    """For each sample its own quality, or the worst one in its column where that is doubted; shape (n,)."""
    if not len(time):
        return quality
    _, start, column = np.unique(time // width, return_index=True, return_inverse=True)
    doubt = np.maximum.reduceat(_DOUBT[quality], start)[column]
    worst: U8 = np.where(doubt > 0, _CODE[doubt], quality)
    return worst


def _first_of(column: NDArray[np.int64], value: F64) -> I64:
    """The place of the least value of each column, the earliest where several are equal; NaN comes last."""
    order = np.lexsort((value, column))
    ordered = column[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    places: I64 = order[first]
    return places


@final
class _Bins:
    """The columns of a series that hold samples."""

    def __init__(self, time: I64, value: F64, width: int) -> None:
        usable = ~np.isnan(value)
        self.value = value[usable]
        self.column, self.start, self.size = np.unique(time[usable] // width, return_index=True, return_counts=True)

    def reduce(self, how: Aggregate) -> F64:
        """One figure a column."""
        if how == "count":
            return np.asarray(self.size, np.float64)
        if how == "last":
            ends: F64 = self.value[self.start + self.size - 1]
            return ends
        if how in ("min", "max"):
            edge: F64 = (np.minimum if how == "min" else np.maximum).reduceat(self.value, self.start)
            return edge
        total: F64 = np.add.reduceat(self.value, self.start)
        mean: F64 = total / self.size
        return total if how == "sum" else mean


def aggregate(time: I64, value: F64, width: int, how: Aggregate) -> tuple[I64, F64]:
    """One figure for each column that holds samples, at the column's beginning; times must not fall."""
    bins = _Bins(time, value, width)
    if not len(bins.value):
        return np.empty(0, np.int64), np.empty(0, np.float64)
    return bins.column * width, bins.reduce(how)
