"""What numbers are worth: since when they are so, how far they are believed, and why not further."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64, I32, I64, U8, U16
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality

_LAST: Final = np.iinfo(np.int64).max
_RANK: Final = np.zeros(len(Quality), np.uint8)
for _rank, _one in enumerate(
    (Quality.GOOD, Quality.ESTIMATED, Quality.SIMULATED, Quality.UNCERTAIN, Quality.BAD, Quality.MISSING)
):
    _RANK[_one] = _rank
_BY_RANK: Final = np.argsort(_RANK).astype(np.uint8)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Event times in nanoseconds UTC (NEVER where nothing was told), qualities and reasons, all of one shape."""

    event_time: I64
    quality: U8
    reason: U16

    def age(self, now: int) -> F64:
        """Seconds from the event time to `now`; NaN where nothing was told."""
        with np.errstate(over="ignore"):
            seconds = (now - self.event_time) / SECOND
        return np.where(self.event_time == NEVER, np.nan, seconds)

    def at(self, places: I64 | int) -> "Worth":
        """The worth of some of these."""
        return Worth(
            np.asarray(self.event_time[places]), np.asarray(self.quality[places]), np.asarray(self.reason[places])
        )


DECLARED: Final = Worth(np.array(NEVER), np.array(Quality.GOOD, np.uint8), np.array(0, np.uint16))
"""The worth of what the model or the caller says: good, at all times."""

MISSING: Final = Worth(np.array(NEVER), np.array(Quality.MISSING, np.uint8), np.array(0, np.uint16))
"""The worth of what nobody can tell, such as the neighbour of the last one in a row."""


def together(parts: Sequence[Worth]) -> Worth:
    """The worth of what is made of several: as old as the oldest that was ever told, as good as the worst."""
    if all(part is DECLARED for part in parts):
        return DECLARED
    if len(parts) == 1:
        return parts[0]
    shape = np.broadcast_shapes(*(part.quality.shape for part in parts))
    oldest = np.full(shape, _LAST)
    rank = np.zeros(shape, np.uint8)
    reason = np.zeros(shape, np.uint16)
    for part in parts:
        oldest = np.where(part.event_time == NEVER, oldest, np.minimum(oldest, part.event_time))
        mine = _RANK[part.quality]
        reason = np.where(mine > rank, part.reason, reason)
        rank = np.maximum(rank, mine)
    return Worth(np.where(oldest == _LAST, NEVER, oldest), _BY_RANK[rank], reason.astype(np.uint16))


def gathered(worth: Worth, source: I32, rows: int) -> Worth:
    """The worth of one number per row, made of those that `source` assigns to it; good where there is none."""
    oldest = np.full(rows, _LAST)
    told = np.where(worth.event_time == NEVER, _LAST, worth.event_time)
    np.minimum.at(oldest, source, np.broadcast_to(told, source.shape))
    mine = np.broadcast_to(_RANK[worth.quality], source.shape)
    rank = np.zeros(rows, np.uint8)
    np.maximum.at(rank, source, mine)
    reason = np.zeros(rows, np.uint16)
    worst = (mine == rank[source]) & (mine > 0)
    reason[source[worst]] = np.broadcast_to(worth.reason, source.shape)[worst]
    return Worth(np.where(oldest == _LAST, NEVER, oldest), _BY_RANK[rank], reason)
