"""The newest values of judged signals, kept by event time, and what the judge says of them.

Per twin and signal the DEPTH newest samples are kept, whatever the order they came in, and since when the newest number
is the only one seen. So what a value is worth follows from the samples alone: when a late one comes in between, the
last value is judged again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, I64, U8, U16, Mask
from pollux.columns.judge import DEPTH, AbstractJudge, Recent
from pollux.columns.memory import NEVER
from pollux.columns.quality import GENERAL, Quality
from pollux.mirror.newest import ranked

_ARRAYS: Final = ("times", "values", "differed", "first", "quality", "reason")
_LAST: Final = np.iinfo(np.int64).max
_COLUMNS: Final = np.arange(DEPTH)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one signal in log order: the row of each, its event time, whether it was told, its number."""

    row: I64
    time: I64
    told: Mask
    value: F64

    def at(self, places: I64) -> "Series":
        """Some of the samples, in the order given."""
        return Series(self.row[places], self.time[places], self.told[places], self.value[places])


@final
class Recents:
    """The newest values of the signals that a judge judges, on the twins of one type.

    Signal number j of `judge.signals` has `times[j]` and `values[j]`, (DEPTH, rows) newest first; `differed[j]` is the
    newest event time of another number than the newest, `first[j]` the oldest event time; `quality[j]` and `reason[j]`
    what the newest sample was worth by itself.
    """

    __slots__ = ("_place", "differed", "first", "judge", "quality", "reason", "times", "values")

    def __init__(self, judge: AbstractJudge) -> None:
        self.judge = judge
        self._place = {signal: number for number, signal in enumerate(judge.signals)}
        signals = len(judge.signals)
        self.times: I64 = np.empty((signals, DEPTH, 0), np.int64)
        self.values: F64 = np.empty((signals, DEPTH, 0), np.float64)
        self.differed: I64 = np.empty((signals, 0), np.int64)
        self.first: I64 = np.empty((signals, 0), np.int64)
        self.quality: U8 = np.empty((signals, 0), np.uint8)
        self.reason: U16 = np.empty((signals, 0), np.uint16)

    def reserve(self, rows: int) -> None:
        """Make room for this many rows."""
        missing = rows - self.first.shape[-1]
        if missing > 0:
            missing = max(missing, self.first.shape[-1])
            for name, nothing in zip(_ARRAYS, (NEVER, np.nan, NEVER, _LAST, Quality.GOOD, 0), strict=True):
                old = getattr(self, name)
                new = np.full((*old.shape[:-1], missing), nothing, old.dtype)
                setattr(self, name, np.concatenate((old, new), axis=-1))

    def forget(self, row: int) -> None:
        """A row without an owner has no values."""
        self.times[..., row], self.values[..., row] = NEVER, np.nan
        self.differed[:, row], self.first[:, row] = NEVER, _LAST
        self.quality[:, row], self.reason[:, row] = Quality.GOOD, 0

    def note(self, signal: int, series: Series) -> tuple[U8, U16]:
        """Keep samples of one signal, in log order; what the judge says of each as it came, by those before it."""
        quality = np.empty(len(series.row), np.uint8)
        reason = np.empty(len(series.row), np.uint16)
        left = np.ones(len(series.row), np.bool_)
        for run in self._runs(signal, series):
            quality[run], reason[run] = self._extend(signal, series.at(run))
            left[run] = False
        waiting = np.flatnonzero(left)
        while len(waiting):
            # One sample per twin and round.
            first = np.unique(series.row[waiting], return_index=True)[1]
            now = waiting[first]
            quality[now], reason[now] = self._insert(signal, series.at(now))
            waiting = np.delete(waiting, first)
        return quality, reason

    def verdict(self, signal: int, row: I64) -> tuple[U8, U16]:
        """What the last values are worth, by themselves and beside their neighbours."""
        j = self._place[signal]
        quality, reason = self.judge.judge(signal, self._recent(j, row))
        return joined(self.quality[j, row], self.reason[j, row], quality, reason)

    def base(self, signal: int, row: I64, quality: U8, reason: U16) -> None:
        """Note what new last values are worth by themselves."""
        j = self._place[signal]
        self.quality[j, row], self.reason[j, row] = quality, reason

    def _recent(self, j: int, row: I64) -> Recent:
        differed = self.differed[j, row]
        since = np.asarray(np.where(differed == NEVER, self.first[j, row], differed), np.int64)
        return Recent(self.times[j][:, row].T, self.values[j][:, row].T, since)

    def _runs(self, signal: int, series: Series) -> list[I64]:
        """The places of the samples of each twin that has several, all in order and newer than what is kept."""
        order = np.argsort(series.row, kind="stable")
        row, time = series.row[order], series.time[order]
        begins = np.append(True, row[1:] != row[:-1])
        starts = np.flatnonzero(begins)
        before = np.append(NEVER, time[:-1])
        before[starts] = self.times[self._place[signal], 0, row[starts]]
        rising = np.logical_and.reduceat(time > before, starts)
        ends = np.append(starts[1:], len(row))
        several = rising & (ends - starts > 1)
        return [order[start:end] for start, end in zip(starts[several], ends[several], strict=True)]

    def _extend(self, signal: int, run: Series) -> tuple[U8, U16]:
        """Keep a run of samples of one twin, each newer than all before it."""
        j, row = self._place[signal], int(run.row[0])
        old_times, old_values = self.times[j, :, row][::-1], self.values[j, :, row][::-1]
        times, values = np.concatenate((old_times, run.time)), np.concatenate((old_values, run.value))
        first = min(int(self.first[j, row]), int(run.time[0]))
        differed = _differed(times, values, int(self.differed[j, row]))
        new = np.arange(DEPTH, len(times))
        windows = new[:, None] - _COLUMNS
        since = np.where(differed[new] == NEVER, first, differed[new])
        self.times[j, :, row], self.values[j, :, row] = times[windows[-1]], values[windows[-1]]
        self.differed[j, row], self.first[j, row] = differed[-1], first
        return self.judge.judge(signal, Recent(times[windows], values[windows], since))

    def _insert(self, signal: int, new: Series) -> tuple[U8, U16]:
        """Keep one sample of each of several twins, wherever in time it belongs."""
        j, row = self._place[signal], new.row
        times, values = self.times[j][:, row].T.copy(), self.values[j][:, row].T.copy()
        time, value = new.time[:, None], new.value[:, None]
        at_once = times == time
        again = at_once & (~new.told[:, None] | (ranked(values) == ranked(value)))
        known = again.any(axis=1)
        above = (times > time) | (at_once & (ranked(values) > ranked(value)))
        place = np.asarray(np.where(known, again.argmax(axis=1), above.sum(axis=1)), np.int64)[:, None]
        moved = np.where(known[:, None], _COLUMNS, np.maximum(_COLUMNS - (place < _COLUMNS), 0))
        times, values = np.take_along_axis(times, moved, 1), np.take_along_axis(values, moved, 1)
        here = np.asarray(place == _COLUMNS, np.bool_)
        times, values = np.where(here, time, times), np.where(here, value, values)
        self.times[j][:, row], self.values[j][:, row] = times.T, values.T
        self._note_difference(j, new, times, values, beyond=np.asarray(place[:, 0] == DEPTH, np.bool_))
        return self._look_back(signal, j, new, place[:, 0], times, values)

    def _note_difference(self, j: int, new: Series, times: I64, values: F64, *, beyond: Mask) -> None:
        row = new.row
        other = (values != values[:, :1]) & (times != NEVER)
        newest_other = np.take_along_axis(times, other.argmax(axis=1)[:, None], 1)[:, 0]
        outside = np.where(beyond & (new.value != values[:, 0]), new.time, NEVER)
        kept = np.maximum(self.differed[j, row], outside)
        self.differed[j, row] = np.where(other.any(axis=1), newest_other, kept)
        self.first[j, row] = np.minimum(self.first[j, row], new.time)

    def _look_back(self, signal: int, j: int, new: Series, place: I64, times: I64, values: F64) -> tuple[U8, U16]:
        """What the judge says of samples by those before them; of those older than all that is kept, nothing."""
        back = place[:, None] + _COLUMNS
        inside, back = back < DEPTH, np.minimum(back, DEPTH - 1)
        times = np.where(inside, np.take_along_axis(times, back, 1), NEVER)
        values = np.where(inside, np.take_along_axis(values, back, 1), np.nan)
        since = np.where(place == 0, self._recent(j, new.row).since, new.time)
        return self.judge.judge(signal, Recent(times, values, since))

    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """The first rows of every array, by name."""
        return {name: getattr(self, name)[..., :rows] for name in _ARRAYS}

    def resume(self, kept: Sequence[tuple[int, int]], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `arrays` showed: pairs (number here, number there) of the signals judged then and now."""
        for here, there in kept:
            for name in _ARRAYS:
                old = arrays[name][there]
                getattr(self, name)[here][..., : old.shape[-1]] = old


def joined(quality: U8, reason: U16, seen: U8, why: U16) -> tuple[U8, U16]:
    """What values are worth by themselves, and beside their neighbours where that says more."""
    open_ = (quality == Quality.GOOD) | ((seen != Quality.GOOD) & np.isin(reason, GENERAL))
    return np.where(open_, seen, quality), np.where(open_, why, reason)


def _differed(times: I64, values: F64, before: int) -> I64:
    """For each place in ascending times, the newest earlier time of another number; `before` where all are alike."""
    place = np.arange(len(times))
    changes = np.append(True, values[1:] != values[:-1])
    starts = np.maximum.accumulate(np.where(changes, place, 0))
    other = np.where(starts > 0, times[np.maximum(starts - 1, 0)], NEVER)
    return np.where(other == NEVER, before, other)
