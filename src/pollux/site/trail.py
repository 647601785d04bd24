"""What was believed of a twin, over time: medians and deviations of its estimates, in bounded memory."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
KEPT = 2_000


@final
class Trail:
    """The last estimates of one signal of one twin: times in nanoseconds UTC, values and standard deviations."""

    __slots__ = ("_count", "_times", "_values")

    def __init__(self) -> None:
        self._times: I64 = np.zeros(16, np.int64)
        self._values: F64 = np.zeros((2, 16))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, time: int, value: float, sigma: float) -> None:
        """Keep one estimate; when 2,000 are kept, every other one of the older half makes room."""
        if self._count == KEPT:
            keep = np.r_[0 : KEPT // 2 : 2, KEPT // 2 : KEPT]
            self._count = len(keep)
            self._times[: self._count] = self._times[keep]
            self._values[:, : self._count] = self._values[:, keep]
        if self._count == len(self._times):
            self._times = np.concatenate([self._times, np.zeros_like(self._times)])
            self._values = np.concatenate([self._values, np.zeros_like(self._values)], axis=1)
        self._times[self._count] = time
        self._values[:, self._count] = value, sigma
        self._count += 1

    def between(self, start: int, end: int) -> tuple[I64, F64, F64]:
        """Times, values and deviations in [start, end)."""
        inside = (self._times[: self._count] >= start) & (self._times[: self._count] < end)
        values = self._values[:, : self._count][:, inside]
        return self._times[: self._count][inside], values[0], values[1]

    def freeze(self) -> list[Any]:
        """As plain values."""
        return [self._times[: self._count].tobytes(), np.ascontiguousarray(self._values[:, : self._count]).tobytes()]

    @staticmethod
    def of(frozen: list[Any]) -> "Trail":
        """The trail that was frozen."""
        trail = Trail()
        times = np.frombuffer(frozen[0], np.int64)
        values = np.frombuffer(frozen[1]).reshape(2, len(times))
        for time, value, sigma in zip(times.tolist(), values[0].tolist(), values[1].tolist(), strict=True):
            trail.add(time, value, sigma)
        return trail
