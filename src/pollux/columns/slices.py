"""A row slice: a raw copy of twins out of a block, the beginning of every fork."""

from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64, U8
from pollux.columns.layout import Layout
from pollux.columns.pool import BufferPool


@final
@dataclass(frozen=True, slots=True, eq=False)
class RowSlice:
    """Twins copied out of a block: nothing done to it reaches the block.

    `numbers` has the shape (fields, twins) of the block's own array; `event_time` and `quality` are (signals, twins) by
    schema index; `version` is that of the block when it was copied.
    """

    layout: Layout
    ids: tuple[str, ...]
    numbers: F64
    event_time: I64
    quality: U8
    texts: dict[int, tuple[str | None, ...]]
    version: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def values(self) -> F64:
        """The slots, (layout.width, twins)."""
        return self.numbers[: self.layout.width]

    @property
    def sigma(self) -> F64:
        """The standard deviations, (signals, twins)."""
        start = self.layout.width
        return self.numbers[start : start + len(self.layout.schema.signals)]

    @property
    def desired(self) -> F64:
        """The desired values of the actuators, (actuators, twins); NaN where nothing was ever asked for."""
        return self.numbers[self.layout.width + len(self.layout.schema.signals) :]

    def spread(self, members: int, *, pool: BufferPool | None = None) -> F64:
        """Every twin `members` times over, (layout.width, twins * members), the members of a twin side by side."""
        width, twins = self.layout.width, self.numbers.shape[1]
        out = pool.borrow(width, twins * members) if pool else np.empty((width, twins * members))
        out.reshape(width, twins, members)[:] = self.numbers[:width, :, None]
        return out
