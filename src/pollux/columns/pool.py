"""A pool of large buffers: the first touch of fresh memory costs a fork three times the copy itself."""

from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64

_SMALL: Final = 1 << 17  # below this the allocator hands back warm memory by itself


@final
class BufferPool:
    """Lends arrays of f64 and keeps what comes back, up to `limit` bytes; what exceeds it is freed.

    >>> pool = BufferPool(limit=1 << 20)
    >>> lent = pool.borrow(400, 100)
    >>> pool.give_back(lent); pool.borrow(200, 200).base is lent.base
    True
    """

    __slots__ = ("_free", "_held", "limit")

    def __init__(self, *, limit: int = 1 << 29) -> None:
        self.limit = limit
        self._free: dict[int, list[F64]] = {}
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes waiting to be lent."""
        return self._held

    def borrow(self, rows: int, columns: int) -> F64:
        """An array of this shape whose numbers are whatever was there before."""
        needed = rows * columns
        if needed * 8 < _SMALL:
            return np.empty((rows, columns))
        size = 1 << (needed - 1).bit_length()
        waiting = self._free.get(size)
        if waiting:
            flat = waiting.pop()
            self._held -= flat.nbytes
        else:
            flat = np.empty(size)
        return flat[:needed].reshape(rows, columns)

    def give_back(self, lent: F64) -> None:
        """Take a lent array back; whoever lent it must not use it any more."""
        flat = lent.base
        if not isinstance(flat, np.ndarray) or flat.nbytes < _SMALL or self._held + flat.nbytes > self.limit:
            return
        self._free.setdefault(len(flat), []).append(flat)
        self._held += flat.nbytes
