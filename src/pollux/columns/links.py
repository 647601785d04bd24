"""Links: which twins of another type belong to a twin, as index columns that numbers are gathered along."""

from collections.abc import Sequence
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I32, I64


@final
class Links:
    """The pairs (source row, target row) of one `px.links` or `px.link`, sorted by source and then in the order given.

    >>> rooms = Links()
    >>> rooms.set(0, [2, 1]); rooms.set(2, [0])
    >>> power = np.array([1.0, 10.0, 100.0])
    >>> rooms.of(0).tolist(), rooms.total(power[rooms.target], rows=3).tolist()
    ([2, 1], [110.0, 0.0, 1.0])
    """

    __slots__ = ("source", "target")

    def __init__(self, source: I32 | None = None, target: I32 | None = None) -> None:
        self.source = np.empty(0, np.int32) if source is None else source
        self.target = np.empty(0, np.int32) if target is None else target

    def __len__(self) -> int:
        return len(self.source)

    def of(self, row: int) -> I32:
        """The targets of one twin."""
        start, end = np.searchsorted(self.source, (row, row + 1))
        return self.target[start:end]

    def first(self, rows: I64) -> I64:
        """The first target of each of these twins, -1 where there is none.

        >>> links = Links()
        >>> links.set(1, [4]); links.first(np.array([0, 1])).tolist()
        [-1, 4]
        """
        if not len(self):
            return np.full(rows.shape, -1)
        start = np.searchsorted(self.source, rows)
        place = np.minimum(start, len(self) - 1)
        return np.where((start < len(self)) & (self.source[place] == rows), self.target[place], -1).astype(np.int64)

    def set(self, row: int, targets: Sequence[int]) -> None:
        """Give one twin these targets and no others."""
        start, end = np.searchsorted(self.source, (row, row + 1))
        mine = np.asarray(targets, np.int32)
        self.source = np.concatenate((self.source[:start], np.full(len(mine), row, np.int32), self.source[end:]))
        self.target = np.concatenate((self.target[:start], mine, self.target[end:]))

    def forget(self, target: int) -> None:
        """Remove every pair that leads to a twin."""
        keep = self.target != target
        self.source, self.target = self.source[keep], self.target[keep]

    def total(self, numbers: F64, *, rows: int) -> F64:
        """The sum per source of one number per pair, shape (rows,); added in the order of the pairs."""
        return np.bincount(self.source, weights=numbers, minlength=rows).astype(np.float64)
