"""What came of the members of a line: rates, shares, contents and waits, with intervals."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64, Mask
from pollux.errors import NotFound
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import Sheet
from pollux.simulate.discrete.confidence import Interval, interval
from pollux.simulate.discrete.lowering import Lowered

_REASONS: Final = {c.NO_ROOM: "more parts than there was room for", c.NO_NUMBER: "a duration that is no number"}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What was counted after the warm-up, by member (or by batch of one long run), each array of shape (members,).

    A member that failed is NaN everywhere, and `failed` says so: it needed more parts than there was room for, or met
    a duration that is no number. Methods raise NotFound for names that the line has not.
    """

    lowered: Lowered
    sheet: Sheet
    histogram: I64
    span: float
    level: float

    @property
    def members(self) -> int:
        """How many there are."""
        return len(self.sheet.mark)

    @property
    def failed(self) -> Mask:
        """Which members came to no end."""
        return np.asarray(self.sheet.mark[:, c.FAILED] != 0)

    @property
    def reasons(self) -> Mapping[str, int]:
        """Why members failed, and how many."""
        codes = self.sheet.mark[:, c.FAILED]
        return {words: int((codes == code).sum()) for code, words in _REASONS.items() if (codes == code).any()}

    @property
    def at_rest(self) -> Mask:
        """Which members had nothing more to do at the end: no part comes any more, or all wait for one another."""
        return np.asarray(self.sheet.mark[:, c.RESTS] != 0)

    @property
    def events(self) -> int:
        """How many events there were, warm-up included."""
        return int(self.sheet.mark[:, c.EVENTS].sum())

    def rates(self, sink: str) -> F64:
        """Parts that left by a sink in each second, by member."""
        return self._sound(self.sheet.queue[:, self._queue(sink), c.PASSED] / self.span)

    def throughput(self, sink: str) -> Interval:
        """Parts that left by a sink in each second."""
        return self._interval(self.rates(sink))

    def share(self, machine: str, mode: str) -> Interval:
        """The part of the time that the servers of a machine were "busy", "starved", "blocked", "down" and so on."""
        return self._interval(self.shares(machine)[mode])

    def shares(self, machine: str) -> Mapping[str, F64]:
        """The part of the time in each mode, by member."""
        first, end = self._slots(machine)
        spent = self.sheet.spent[:, first:end].mean(axis=1) / self.span
        return {mode: self._sound(spent[:, place]) for place, mode in enumerate(c.MODES)}

    def done(self, machine: str) -> F64:
        """Operations that a machine finished, by member."""
        return self._slot_sum(machine, c.DONE)

    def lost(self, source: str) -> F64:
        """Parts of a source that found no room and went away, by member."""
        return self._slot_sum(source, c.LOST)

    def active(self, machine: str) -> F64:
        """The mean length of an active period (between two times of being starved or blocked) in seconds, by member."""
        first, end = self._slots(machine)
        spent = self.sheet.spent[:, first:end]
        active = spent.sum(axis=(1, 2)) - spent[:, :, c.IDLE].sum(axis=1) - spent[:, :, c.BLOCKED].sum(axis=1)
        return self._sound(active / np.maximum(1, self.sheet.slot[:, first:end, c.PERIODS].sum(axis=1)))

    def content(self, queue: str) -> Interval:
        """The mean number of parts in a queue over time."""
        return self._interval(self._sound(self.sheet.queue_f[:, self._queue(queue), c.AREA] / self.span))

    def work_in_progress(self) -> Interval:
        """The mean number of parts in the line over time, stocks included."""
        return self._interval(self._sound(self.sheet.clock[:, c.PARTS_AREA] / self.span))

    def fullest(self, queue: str) -> int:
        """The most that a queue ever held."""
        return int(self.sheet.queue[:, self._queue(queue), c.PEAK].max())

    def wait(self, queue: str) -> Interval:
        """The mean wait in a queue in seconds, or, of a sink, the mean time that parts spent in the line."""
        place = self._queue(queue)
        passed = self.sheet.queue[:, place, c.PASSED]
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._interval(self._sound(self.sheet.queue_f[:, place, c.WAITS] / passed))

    def quantile(self, queue: str, p: float) -> float:
        """The wait in seconds that a share `p` of the parts did not exceed, over all members; within 1/16 of itself."""
        counts = self.histogram[self._queue(queue)]
        if not counts.sum():
            return math.nan
        reached = np.cumsum(counts) / counts.sum()
        place = int(np.searchsorted(reached, p))
        if place == 0:
            return 0.0
        share = (p - reached[place - 1]) / (reached[place] - reached[place - 1])
        low, high = _edge(place), _edge(place + 1)
        return float(low + share * (high - low))

    def busy_workers(self, pool: str) -> Interval:
        """How many of a pool were at work in the mean."""
        if pool not in self.lowered.pools:
            raise NotFound(f"expected a pool of workers, got {pool!r}")
        return self._interval(self._sound(self.sheet.hand_f[:, self.lowered.pools.index(pool), c.AREA] / self.span))

    def _interval(self, values: F64) -> Interval:
        return interval(values, self.level)

    def _sound(self, values: F64) -> F64:
        return np.where(self.failed, np.nan, values)

    def _slot_sum(self, station: str, column: int) -> F64:
        first, end = self._slots(station)
        return self._sound(self.sheet.slot[:, first:end, column].sum(axis=1).astype(np.float64))

    def _slots(self, station: str) -> tuple[int, int]:
        if station not in self.lowered.slots:
            raise NotFound(f"expected a machine, a transport or a source, got {station!r}")
        return self.lowered.slots[station]

    def _queue(self, queue: str) -> int:
        if queue not in self.lowered.queues:
            raise NotFound(f"expected a buffer, a supply, a stock or a sink, got {queue!r}")
        return self.lowered.queues.index(queue)


def _edge(place: int) -> float:
    """The low end of a bin of the histogram in seconds."""
    octave, part = divmod(place, 16)
    return math.ldexp(0.5 + part / 32, octave - 32)


Figure = Callable[[Results], F64]
"""One number for each member."""


def difference(one: Results, other: Results, figure: Figure) -> Interval:
    """How much more a figure is in one than in the other, member by member on the same luck.

    >>> from pollux.simulate.discrete import Line, Machine, Sink, Supply, simulate
    >>> slow, fast = (Line("l", [Supply("s"), Machine("m", time), Sink("out")]) for time in (20, 10))
    >>> a, b = (simulate(line, 1000, members=2) for line in (slow, fast))
    >>> difference(b, a, lambda results: results.rates("out")).mean
    0.05
    """
    return interval(figure(one) - figure(other), one.level)
