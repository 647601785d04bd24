"""The tally: how many samples of each cell were worth what, how late they came, how many came again.

Counters are columns by row, added to once per batch; a pair of quality and reason takes memory from the first time that
it is met.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import I64, U32, Mask
from pollux.columns.batch import Batch, Messages
from pollux.columns.quality import Quality
from pollux.columns.statistics import Delays

BUCKETS: Final = 28
"""Delays below zero, up to a millisecond, and 26 steps that double: up to 18 hours, and beyond."""

_MILLISECOND: Final = 1e6
_ROWS: Final = ("duplicates", "late")


@final
class Tally:
    """The counters of the twins of one type.

    `samples` (signals, rows) counts what was heard for the first time; `doubted[quality, reason]` (signals, rows) what
    of it was worth less than good; `duplicates` and `late` (rows,); `delays` (rows, BUCKETS).
    """

    __slots__ = ("_signals", "delays", "doubted", "duplicates", "late", "samples")

    def __init__(self, signals: int) -> None:
        self._signals = signals
        self.samples: U32 = np.zeros((signals, 0), np.uint32)
        self.doubted: dict[tuple[int, int], U32] = {}
        self.duplicates: U32 = np.zeros(0, np.uint32)
        self.late: U32 = np.zeros(0, np.uint32)
        self.delays: U32 = np.zeros((0, BUCKETS), np.uint32)

    def reserve(self, rows: int) -> None:
        """Make room for this many rows."""
        missing = rows - len(self.late)
        if missing > 0:
            missing = max(missing, len(self.late))
            for name in _ROWS:
                setattr(self, name, np.concatenate((getattr(self, name), np.zeros(missing, np.uint32))))
            self.delays = np.concatenate((self.delays, np.zeros((missing, BUCKETS), np.uint32)))
            more = np.zeros((self._signals, missing), np.uint32)
            self.samples = np.concatenate((self.samples, more), axis=1)
            self.doubted = {key: np.concatenate((of, more), axis=1) for key, of in self.doubted.items()}

    def forget(self, row: int) -> None:
        """A row without an owner has counted nothing."""
        self.duplicates[row] = self.late[row] = 0
        self.delays[row] = 0
        for counts in (self.samples, *self.doubted.values()):
            counts[:, row] = 0

    def repeat(self, messages: Messages, first: Mask) -> None:
        """Count messages that were heard before."""
        np.add.at(self.duplicates, messages.row[~first], 1)

    def note(self, batch: Batch, late: Mask, kernels: ModuleType | None = None) -> tuple[int, int]:
        """Count samples that were heard for the first time, with what they are worth: how many late, and set aside."""
        if not len(batch):
            return 0, 0
        if kernels is not None:
            samples = batch.row, batch.signal, batch.event_time, batch.arrival, batch.quality, batch.reason
            less, behind, aside = kernels.tally(samples, late, (self.samples, self.late, self.delays), BUCKETS)
            if less:
                self._doubts(batch, self._cells(batch))
            return behind, aside
        cells, behind = self._cells(batch), int(np.count_nonzero(late))
        _count(self.samples.reshape(-1), cells)
        if behind:
            np.add.at(self.late, batch.row[late], 1)
        self._doubts(batch, cells)
        self._delays(batch)
        return behind, int(np.count_nonzero(batch.set_aside))

    def _cells(self, batch: Batch) -> I64:
        cells: I64 = batch.signal.astype(np.int64) * self.samples.shape[1] + batch.row
        return cells

    def _doubts(self, batch: Batch, cells: I64) -> None:
        less = np.flatnonzero(batch.quality != Quality.GOOD)
        if not len(less):
            return
        keys = batch.quality[less].astype(np.int64) << 16 | batch.reason[less]
        for key in np.unique(keys).tolist():
            pair = (key >> 16, key & 0xFFFF)
            if pair not in self.doubted:
                self.doubted[pair] = np.zeros_like(self.samples)
            np.add.at(self.doubted[pair].reshape(-1), cells[less[keys == key]], 1)

    def _delays(self, batch: Batch) -> None:
        told = batch.event_time != batch.arrival
        if not told.any():
            return
        with np.errstate(over="ignore"):
            delay = (batch.arrival[told] - batch.event_time[told]) / _MILLISECOND
        # frexp gives the power of two without a logarithm, so that every machine counts into the same bucket.
        power = np.frexp(np.maximum(delay, 0.5))[1].astype(np.int64)
        bucket = np.where(delay < 0, 0, np.clip(power + 1, 1, BUCKETS - 1))
        _count(self.delays.reshape(-1), batch.row[told].astype(np.int64) * BUCKETS + bucket)

    def delays_of(self, row: int) -> Delays:
        """The quantiles of the delays of a row, in seconds: the upper ends of their buckets."""
        counts = self.delays[row].astype(np.int64)
        heard, total = np.cumsum(counts), int(counts.sum())
        if not total:
            return Delays(0)
        ends = np.concatenate(([0.0], 2.0 ** np.arange(BUCKETS - 1) / 1000))
        p50, p95, p99 = (float(ends[int(np.searchsorted(heard, part * total))]) for part in (0.5, 0.95, 0.99))
        return Delays(total, p50, p95, p99, ahead=int(counts[0]))

    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """The first rows of every array, by name."""
        doubted = {f"doubted.{q}.{r}": counts[:, :rows] for (q, r), counts in sorted(self.doubted.items())}
        own = {"samples": self.samples[:, :rows], "delays": self.delays[:rows]}
        return own | {name: getattr(self, name)[:rows] for name in _ROWS} | doubted

    @staticmethod
    def restored(signals: int, arrays: Mapping[str, NDArray[Any]]) -> "Tally":
        """The tally that `arrays` showed; an empty one where they hold none."""
        tally = Tally(signals)
        if not arrays:
            return tally
        tally.samples, tally.delays = np.array(arrays["samples"]), np.array(arrays["delays"])
        for name in _ROWS:
            setattr(tally, name, np.array(arrays[name]))
        for name, counts in arrays.items():
            kind, _, pair = name.partition(".")
            if kind == "doubted":
                quality, _, reason = pair.partition(".")
                tally.doubted[int(quality), int(reason)] = np.array(counts)
        return tally


def _count(counters: U32, places: I64) -> None:
    """Add one at each place; neighbours that are alike, as in a series of one signal, are added at once."""
    starts = np.flatnonzero(np.append(True, places[1:] != places[:-1]))
    if len(starts) == len(places):
        np.add.at(counters, places, 1)
    else:
        np.add.at(counters, places[starts], np.diff(np.append(starts, len(places))).astype(np.uint32))
