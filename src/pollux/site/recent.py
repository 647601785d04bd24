"""What changed, by position in the log: a stamp on every cell, and the newest samples of every type."""

from collections import deque
from types import ModuleType
from typing import final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.batch import Batch

I64 = NDArray[np.int64]
KEPT = 200_000
"""Samples of one type that are remembered for those who follow a signal live; older ones are in the history."""


@final
class Stamps:
    """For each cell (signal, row) of one type, the position in the log after which it last changed.

    With `kernels` the cells of whole series are marked at once.
    """

    def __init__(self, signals: int) -> None:
        self._stamps: I64 = np.zeros((signals, 0), np.int64)
        self.kernels: ModuleType | None = None

    def mark(self, signal: NDArray[np.int32], row: NDArray[np.int32], seq: int, rows: int) -> None:
        """These cells changed at `seq`."""
        self.grow(rows, seq)
        if self.kernels is None:
            self._stamps[signal, row] = seq
        else:
            self.kernels.stamp(self._stamps, signal, row, seq)

    def mark_rows(self, rows: list[int], seq: int, count: int) -> None:
        """Everything about these twins changed."""
        self.grow(count, seq)
        self._stamps[:, rows] = seq

    def grow(self, rows: int, seq: int) -> None:
        """Make room for new twins, which changed as a whole."""
        have = self._stamps.shape[1]
        if rows > have:
            more = np.full((len(self._stamps), max(rows, 2 * have) - have), seq, np.int64)
            self._stamps = np.concatenate([self._stamps, more], axis=1)

    def since(self, after: int, rows: int) -> tuple[I64, I64]:
        """The cells that changed behind a position: signals and rows."""
        signal, row = np.nonzero(self._stamps[:, :rows] > after)
        return signal, row


@final
class RecentSamples:
    """The newest samples of one type, batch by batch, in bounded memory."""

    def __init__(self) -> None:
        self._batches: deque[tuple[int, Batch]] = deque()
        self._count = 0
        self.forgotten = 0

    def add(self, seq: int, batch: Batch) -> None:
        """Remember a batch; the oldest make room."""
        self._batches.append((seq, batch))
        self._count += len(batch)
        while self._count > KEPT and len(self._batches) > 1:
            gone, old = self._batches.popleft()
            self._count -= len(old)
            self.forgotten = gone

    def of(self, row: int, signal: int, after: int) -> tuple[Batch, I64]:
        """The samples of one signal of one twin behind a position, and the position of each."""
        parts: list[Batch] = []
        positions: list[I64] = []
        for seq, batch in self._batches:
            if seq > after:
                mine = np.flatnonzero((batch.row == row) & (batch.signal == signal))
                parts.append(batch.select(mine))
                positions.append(np.full(len(mine), seq, np.int64))
        return joined(parts), np.concatenate(positions) if positions else np.empty(0, np.int64)


def joined(parts: list[Batch]) -> Batch:
    """Several batches as one, in their order."""
    if not parts:
        return Batch.empty()
    names = ("row", "signal", "event_time", "arrival", "value", "quality", "reason", "frame")
    return Batch(**{name: np.concatenate([getattr(one, name) for one in parts]) for name in names})
