"""A board: the newest values of one type, as far as somebody watches it, with the position at which each changed."""

from collections.abc import Sequence
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.quality import Quality
from pollux.show.facts import F64, I64, U8, Changes, TwinType

_FIRST_ROWS: Final = 64


@final
class Board:
    """Arrays of shape (fields, rows), copied from the house tick by tick.

    `changed` is the position in the log at which a cell changed last: a link that has seen everything up to some
    position needs the cells beyond it, whether it is a tick late, ten ticks, or takes up a link that was lost.
    `generation` grows when rows have moved, so that places in the arrays must be looked up again.
    """

    def __init__(self, type_: TwinType) -> None:
        self.type = type_
        self.seq = 0
        self.generation = 0
        self.ids: Sequence[str] = ()
        self.row_of: dict[str, int] = {}
        self._reserve(_FIRST_ROWS)

    @property
    def rows(self) -> int:
        """How many rows there is room for."""
        return len(self.changed[0]) if len(self.changed) else 0

    def take(self, changes: Changes) -> bool:
        """Enter what has changed; False when rows have moved, so that everything must be asked for again."""
        if changes.ids is not self.ids and not self._adopt(changes.ids):
            return False
        cells = changes.field.astype(np.int64), changes.row.astype(np.int64)
        self.values[cells] = changes.value
        self.quality[cells] = changes.quality
        self.event_time[cells] = changes.event_time
        self.sigma[cells] = changes.sigma
        if changes.low is not None:
            self.low[cells] = changes.low
        if changes.high is not None:
            self.high[cells] = changes.high
        self.changed[cells] = changes.seq
        self.seq = max(self.seq, changes.seq)
        return True

    def _adopt(self, ids: Sequence[str]) -> bool:
        old, new = tuple(self.ids), tuple(ids)
        if new[: len(old)] != old:
            self.seq, self.ids, self.row_of = 0, (), {}
            self._reserve(_FIRST_ROWS)
            return False
        if len(new) > self.rows:
            self._grow(max(len(new), 2 * self.rows))
        self.row_of.update((twin, row) for row, twin in enumerate(new[len(old) :], len(old)) if twin)
        self.ids = ids
        return True

    def _reserve(self, rows: int) -> None:
        shape = len(self.type.fields), rows
        self.generation += 1
        self.values: F64 = np.full(shape, np.nan)
        self.sigma: F64 = np.full(shape, np.nan)
        self.low: F64 = np.full(shape, np.nan)
        self.high: F64 = np.full(shape, np.nan)
        self.quality: U8 = np.full(shape, Quality.MISSING, np.uint8)
        self.event_time: I64 = np.zeros(shape, np.int64)
        self.changed: I64 = np.zeros(shape, np.int64)

    def _grow(self, rows: int) -> None:
        kept, width = self._arrays(), self.rows
        self._reserve(rows)
        for new, old in zip(self._arrays(), kept, strict=True):
            new[:, :width] = old

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.values, self.sigma, self.low, self.high, self.quality, self.event_time, self.changed
