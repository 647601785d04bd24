"""Settling: samples against what is known of their cells; what is newer is written, what is doubted set aside."""

from types import ModuleType
from typing import Final, NamedTuple, final

import numpy as np

from pollux.columns.arrays import I64, Mask
from pollux.columns.batch import Batch
from pollux.columns.block import Block
from pollux.mirror.newest import Contest, Samples
from pollux.mirror.presence import Rhythm

_NO_CELLS: Final = np.empty(0, np.int64)


@final
class Settled(NamedTuple):
    """Which samples were older than what was known, which became a last value, and the cells that changed."""

    late: Mask
    current: Mask
    cells: I64


@final
class Settling:
    """Writes samples into a block.

    A cell is a signal of a twin, numbered signal * capacity + row: where it stands in the block's arrays.
    """

    __slots__ = ("_block", "_contest", "_mark", "_noise", "_slot")

    def __init__(self, block: Block) -> None:
        self._block = block
        self._contest = Contest()
        self._mark = np.empty(0, np.int32)
        self._slot = block.layout.signal_slot.astype(np.int64)
        self._noise = np.array([signal.noise for signal in block.schema.signals])

    def settle(self, batch: Batch, rhythm: Rhythm, kernels: ModuleType | None = None) -> Settled:
        """Apply samples in log order; believed ones count for how far their twins' data reach."""
        return self._compiled(batch, rhythm, kernels) if kernels is not None else self._plain(batch, rhythm)

    def _compiled(self, batch: Batch, rhythm: Rhythm, kernels: ModuleType) -> Settled:
        memory = self._block.memory
        if len(self._mark) != memory.quality.size:
            self._mark = np.zeros(memory.quality.size, np.int32)
        late, current = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
        cells = np.empty(len(batch), np.int64)
        count = kernels.settle(
            (
                *(batch.row, batch.signal, batch.event_time, batch.arrival),
                *(batch.value, batch.value.view(np.int64), batch.quality, batch.reason),
            ),
            (
                *(memory.numbers, memory.numbers.view(np.int64), memory.times, memory.quality, memory.reason),
                *(memory.aside, memory.aside_time, memory.aside_reason),
            ),
            (self._slot, self._noise, self._block.layout.width),
            rhythm.watermark,
            self._mark,
            (late, current, cells),
        )
        return Settled(late, current, cells[:count])

    def _plain(self, batch: Batch, rhythm: Rhythm) -> Settled:
        aside = batch.set_aside
        good = np.flatnonzero(~aside)
        doubted = self._set_aside(batch, np.flatnonzero(aside))
        told = batch.select(good) if len(doubted) else batch
        late, current = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
        cells = self._cells(told)
        outcome = self._contest.hold(_samples(told, cells), self._known(told, cells))
        late[good], current[good[outcome.winners]] = outcome.late, True
        self._write(told, cells, outcome.winners)
        rhythm.reach(told.row, told.event_time)
        return Settled(late, current, np.concatenate((cells[outcome.winners], doubted)))

    def _cells(self, batch: Batch) -> I64:
        return batch.signal.astype(np.int64) * self._block.memory.capacity + batch.row

    def _known(self, batch: Batch, cells: I64) -> Samples:
        """What is known of the cells of some samples."""
        memory, signals = self._block.memory, len(self._noise)
        times = memory.times.reshape(-1)
        time, arrival = times[cells], times[cells + signals * memory.capacity]
        value = memory.numbers.reshape(-1)[self._slot[batch.signal] * memory.capacity + batch.row]
        return Samples(cells, time, time != arrival, value)

    def _write(self, batch: Batch, cells: I64, winners: I64) -> None:
        memory, signals = self._block.memory, len(self._noise)
        capacity, width = memory.capacity, self._block.layout.width
        cell, row, signal = cells[winners], batch.row[winners], batch.signal[winners]
        numbers, times = memory.numbers.reshape(-1), memory.times.reshape(-1)
        numbers[self._slot[signal] * capacity + row] = batch.value[winners]
        numbers[cell + width * capacity] = self._noise[signal]
        times[cell] = batch.event_time[winners]
        times[cell + signals * capacity] = batch.arrival[winners]
        memory.quality.reshape(-1)[cell] = batch.quality[winners]
        memory.reason.reshape(-1)[cell] = batch.reason[winners]

    def _set_aside(self, batch: Batch, places: I64) -> I64:
        """Keep the newest reading of each cell that was set aside, beside its last value; the cells."""
        if not len(places):
            return _NO_CELLS
        memory, doubted = self._block.memory, batch.select(places)
        cells = self._cells(doubted)
        memory.aside.reshape(-1)[cells] = doubted.value
        memory.aside_time.reshape(-1)[cells] = doubted.arrival
        memory.aside_reason.reshape(-1)[cells] = doubted.reason
        return cells


def _samples(batch: Batch, cells: I64) -> Samples:
    return Samples(cells, batch.event_time, batch.event_time != batch.arrival, batch.value)
