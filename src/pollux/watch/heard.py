"""When each signal of each twin was heard last."""

from typing import Any, final

import numpy as np

from pollux.columns.arrays import I32, I64


@final
class Heard:
    """Arrivals in nanoseconds UTC, shape (signals, rows); 0 where nothing was heard."""

    __slots__ = ("_last",)

    def __init__(self, signals: int) -> None:
        self._last: I64 = np.zeros((signals, 64), np.int64)

    @property
    def table(self) -> I64:
        """All of it, valid until it grows."""
        return self._last

    def grow(self, rows: int) -> None:
        """Make room for so many twins."""
        have = self._last.shape[1]
        if rows > have:
            more = np.zeros((len(self._last), max(rows, 2 * have) - have), np.int64)
            self._last = np.concatenate([self._last, more], axis=1)

    def hear(self, signal: I32, row: I32, arrival: I64) -> None:
        """These were heard."""
        np.maximum.at(self._last, (signal, row), arrival)

    def hear_one(self, signal: int, row: int, arrival: int) -> None:
        """One was heard."""
        self._last[signal, row] = max(arrival, self._last[signal, row])

    def last(self, signal: int) -> I64:
        """When a signal was heard last, of each twin."""
        last: I64 = self._last[signal]
        return last

    def forget(self, row: int) -> None:
        """The twin of a row is gone."""
        if row < self._last.shape[1]:
            self._last[:, row] = 0

    def freeze(self) -> list[Any]:
        """As plain values: what was never heard is not there."""
        signal, row = np.nonzero(self._last)
        return [signal.tobytes(), row.tobytes(), self._last[signal, row].tobytes()]

    @staticmethod
    def of(frozen: list[Any], signals: int) -> "Heard":
        """What was frozen."""
        made = Heard(signals)
        signal, row, last = (np.frombuffer(part, np.int64) for part in frozen)
        made.grow(int(row.max(initial=-1)) + 1)
        made._last[signal, row] = last
        return made
