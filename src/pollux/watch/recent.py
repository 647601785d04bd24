"""The lowest and highest value of each twin within a sliding stretch of time, in bounded memory."""

from typing import final

import numpy as np
from numpy.typing import NDArray

BUCKETS = 48


@final
class RecentExtremes:
    """For each row, the extremes of the last `within` nanoseconds.

    Time is cut into buckets of within/48, aligned to absolute time; each keeps its lowest and highest value with the
    moment of each. A value is compared with those whose own moment lies in the stretch, so that the answer is exact
    as long as no bucket holds two values of one kind of extreme, and late by at most one bucket otherwise.
    """

    def __init__(self, within: int) -> None:
        self._within = within
        self._length = max(1, within // BUCKETS)
        shape = (0, BUCKETS + 2)
        self._moments = np.zeros((2, *shape), np.int64)
        self._values = np.zeros((2, *shape))

    def grow(self, rows: int) -> None:
        """Make room for more twins."""
        have = self._values.shape[1]
        if rows > have:
            more = (2, max(rows, 2 * have) - have, BUCKETS + 2)
            self._moments = np.concatenate([self._moments, np.zeros(more, np.int64)], axis=1)
            self._values = np.concatenate([self._values, np.full(more, np.nan)], axis=1)

    def forget(self, row: int) -> None:
        """The twin of a row is gone."""
        if row < self._values.shape[1]:
            self._moments[:, row], self._values[:, row] = 0, np.nan

    def add(self, row: int, moment: int, value: float) -> None:
        """Take in one measured value."""
        bucket = (moment // self._length) % (BUCKETS + 2)
        for kind, better in ((0, np.less), (1, np.greater)):
            held = self._moments[kind, row, bucket]
            stale = held // self._length != moment // self._length
            if stale or np.isnan(self._values[kind, row, bucket]) or better(value, self._values[kind, row, bucket]):
                self._moments[kind, row, bucket] = moment
                self._values[kind, row, bucket] = value

    def lowest(self, row: int, now: int) -> float:
        """The lowest value in [now - within, now], or NaN."""
        inside = self._inside(0, row, now)
        return float(inside.min()) if inside.size else float("nan")

    def highest(self, row: int, now: int) -> float:
        """The highest value in [now - within, now], or NaN."""
        inside = self._inside(1, row, now)
        return float(inside.max()) if inside.size else float("nan")

    def _inside(self, kind: int, row: int, now: int) -> NDArray[np.float64]:
        moments, values = self._moments[kind, row], self._values[kind, row]
        inside: NDArray[np.float64] = values[(moments >= now - self._within) & (moments <= now) & ~np.isnan(values)]
        return inside

    def freeze(self) -> list[bytes | int]:
        """The state as bytes."""
        return [self._values.shape[1], self._moments.tobytes(), self._values.tobytes()]

    def restore(self, frozen: list[bytes | int]) -> None:
        """Take a frozen state."""
        rows, moments, values = frozen
        shape = (2, int(rows), BUCKETS + 2)
        self._moments = np.frombuffer(bytes(moments), np.int64).reshape(shape).copy()
        self._values = np.frombuffer(bytes(values)).reshape(shape).copy()
