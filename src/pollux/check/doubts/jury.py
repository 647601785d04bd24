"""The jury: the neighbour doubts of one type, for the newest values of the mirror and for whole series."""

from collections.abc import Mapping, Sequence
from typing import Final, final

import numpy as np

from pollux.check.doubts.base import AbstractDoubt, AbstractNeighbourDoubt
from pollux.columns.arrays import F64, I64, U8, U16
from pollux.columns.judge import DEPTH, AbstractJudge, Recent
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality
from pollux.model.schema import Schema

_AT_ONCE: Final = 100_000


@final
class Jury(AbstractJudge):
    """The neighbour doubts of one schema: the first that doubts a value gives the reason."""

    __slots__ = ("_doubts", "_schema")

    def __init__(self, schema: Schema, doubts: Mapping[int, Sequence[AbstractDoubt]]) -> None:
        self._schema = schema
        for i, some in doubts.items():
            for doubt in some:
                doubt.check(schema.signals[i])
        neighbours = {i: tuple(d for d in some if isinstance(d, AbstractNeighbourDoubt)) for i, some in doubts.items()}
        self._doubts = {i: some for i, some in sorted(neighbours.items()) if some}

    @property
    def signals(self) -> tuple[int, ...]:
        return tuple(self._doubts)

    def judge(self, signal: int, recent: Recent) -> tuple[U8, U16]:
        quality = np.full(len(recent.since), Quality.GOOD, np.uint8)
        reason = np.zeros(len(recent.since), np.uint16)
        for doubt in self._doubts[signal]:
            doubted = doubt.look(self._schema.signals[signal], recent) & (quality == Quality.GOOD)
            quality[doubted] = Quality.UNCERTAIN
            reason[doubted] = doubt.reason
        return quality, reason

    def reach(self, signal: int) -> int:
        """How far back in time its rules look beyond the neighbours, in nanoseconds."""
        return max((doubt.reach for doubt in self._doubts[signal]), default=0)

    def over(self, signal: int, times: I64, values: F64) -> tuple[U8, U16]:
        """Qualities and reasons of a whole series in ascending event time: the same rules, all at once."""
        padded_times = np.concatenate((np.full(DEPTH - 1, NEVER), times))
        padded_values = np.concatenate((np.full(DEPTH - 1, np.nan), values))
        changed = np.concatenate(([True], values[1:] != values[:-1])) if len(values) else np.empty(0, np.bool_)
        starts = np.maximum.accumulate(np.where(changed, np.arange(len(times)), 0))
        since = times[np.maximum(starts - 1, 0)]
        quality, reason = np.empty(len(times), np.uint8), np.empty(len(times), np.uint16)
        for first in range(0, len(times), _AT_ONCE):
            some = slice(first, min(first + _AT_ONCE, len(times)))
            windows = np.arange(some.start, some.stop)[:, None] + np.arange(DEPTH - 1, -1, -1)
            recent = Recent(padded_times[windows], padded_values[windows], since[some])
            quality[some], reason[some] = self.judge(signal, recent)
        return quality, reason


def judged_series(
    schema: Schema, signal: int, doubts: Sequence[AbstractDoubt], times: I64, values: F64
) -> tuple[U8, U16]:
    """Qualities and reasons of a whole series in ascending event time, by the neighbour doubts among these."""
    return Jury(schema, {signal: doubts}).over(signal, times, values)
