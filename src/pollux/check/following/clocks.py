r"""Clocks of devices: offset, drift and wrong time zones, from event times against arrivals.

A message that says :math:`t` and arrives at :math:`a` is late by :math:`d = a - t = n - o`: the way through the network
:math:`n \ge 0` less the offset :math:`o` by which the clock runs ahead. The way varies upwards only, so the offset is
read from the lower envelope, :math:`o \approx -\min d`, as in NTP's clock filter (RFC 5905, section 10), and the drift
is the slope of the minima of stretches of time (Moon, Skelly, Towsley 1999, IEEE INFOCOM), taken as the median of the
slopes of all pairs (Theil 1950; Sen 1968), which three bad stretches of eight do not move.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.check.following.base import AbstractCheck, AbstractFollower, doubt
from pollux.check.following.rows import Rows, pushed, rounds
from pollux.clock import DAY, MINUTE, SECOND, duration
from pollux.columns.arrays import I64, U8, U16, Mask
from pollux.columns.batch import Batch
from pollux.columns.quality import Reason
from pollux.columns.statistics import ClockEstimate, ClockFault
from pollux.errors import SetupError
from pollux.model.schema import Schema
from pollux.model.units import Unit

RING: Final = 16
"""Messages of a device that are remembered."""

STRETCHES: Final = 8
QUARTER: Final = 15 * MINUTE
FURTHEST: Final = 14 * 60 * MINUTE
"""The farthest time zone from UTC."""

NEVER_SET: Final = 365 * DAY
DRIFTING: Final = 50.0
"""Parts per million; a quartz keeps within 20 to 50."""

_NONE: Final = -1
_FAR: Final = np.int64(2**61)


@final
@dataclass(frozen=True, slots=True)
class DeviceClock(AbstractCheck):
    """Values are uncertain while the clock of their device is off by more than `within`.

    Off is what the last `messages` messages agree on: their delays differ by no more than `within`, and they came over
    a time of at least that, so that neither one slow message nor what was kept back during an outage counts; of faster
    ones the least late of each part of that time stands for the others. `usual` is
    the delay that is no fault, as of a device that sends once an hour what it gathered; `over` is the time from which
    drift is read. What a device does not stamp is not looked at. Raises SetupError for amounts that cannot be.

    >>> import pollux as px
    >>> px.DeviceClock("30 s").within
    '30 s'
    """

    within: str = "30 s"
    usual: str = "0 s"
    messages: int = 8
    over: str = "1 day"

    def __post_init__(self) -> None:
        if min(duration(self.within), duration(self.over)) <= 0:
            raise SetupError("expected times above zero", at="DeviceClock")
        if not 3 <= self.messages <= RING:
            raise SetupError(f"expected 3 to {RING} messages, got {self.messages}", at="DeviceClock")

    @property
    def key(self) -> str:
        return "clock"

    def bind(self, schema: Schema, wire: Mapping[int, Unit]) -> AbstractFollower:
        return _Clocks(self)


@final
class _Clocks(AbstractFollower):
    """The newest delays of each device, and the least delay of each of the last stretches."""

    def __init__(self, rule: DeviceClock) -> None:
        self._within, self._usual = duration(rule.within), duration(rule.usual)
        self._apart = self._within // (rule.messages - 1)
        self._messages, self._stretch = rule.messages, max(1, duration(rule.over) // STRETCHES)
        self.rows = Rows(
            {
                "delay": np.zeros(RING, np.int64),
                "arrival": np.zeros(RING, np.int64),
                "count": np.zeros((), np.int64),
                "stretch": np.full(STRETCHES, _NONE, np.int64),
                "least": np.zeros(STRETCHES, np.int64),
                "when": np.zeros(STRETCHES, np.int64),
            }
        )

    def follow(self, batch: Batch, quality: U8, reason: U16) -> None:
        told = np.flatnonzero(batch.event_time != batch.arrival)
        if not len(told):
            return
        frame, row = batch.frame[told].astype(np.int64), batch.row[told].astype(np.int64)
        with np.errstate(over="ignore"):
            delay = np.clip(batch.arrival[told] - batch.event_time[told], -_FAR, _FAR)
        # Of one message the newest sample says how late it is: the others waited for it.
        order = np.lexsort((delay, frame, row))
        first = np.append(True, (frame[order][1:] != frame[order][:-1]) | (row[order][1:] != row[order][:-1]))
        heads, group = order[first], np.empty(len(told), np.int64)
        group[order] = np.cumsum(first) - 1
        wrong = np.zeros(len(heads), np.bool_)
        for places in rounds(row[heads]):
            some = heads[places]
            wrong[places] = self._hear(row[some], delay[some], batch.arrival[told[some]])
        doubt(quality, reason, told[wrong[group]], Reason.SKEW)

    def _hear(self, row: I64, delay: I64, arrival: I64) -> Mask:
        """Take in one message of each of some devices; whose clock is wrong now."""
        rows = self.rows
        # Of messages that follow each other fast the least late one counts: the ring spans `within` at any rate.
        joins = (rows["count"][row] > 0) & (arrival - rows["arrival"][row, -1] < self._apart)
        rows["delay"][row[joins], -1] = np.minimum(rows["delay"][row[joins], -1], delay[joins])
        new = row[~joins]
        rows["delay"][new] = pushed(rows["delay"][new], delay[~joins])
        rows["arrival"][new] = pushed(rows["arrival"][new], arrival[~joins])
        rows["count"][new] += 1
        self._note_least(row, delay, arrival)
        return self._wrong(row)

    def _note_least(self, row: I64, delay: I64, arrival: I64) -> None:
        rows, stretch = self.rows, arrival // self._stretch
        slot = stretch % STRETCHES
        begun = rows["stretch"][row, slot] == stretch
        less = ~begun | (delay < rows["least"][row, slot])
        at, where = row[less], slot[less]
        rows["stretch"][at, where], rows["least"][at, where] = stretch[less], delay[less]
        rows["when"][at, where] = arrival[less]

    def _wrong(self, row: I64) -> Mask:
        recent = self.rows["delay"][row, -self._messages :]
        arrivals = self.rows["arrival"][row, -self._messages :]
        least = recent.min(axis=1)
        steady = recent.max(axis=1) - least <= self._within
        steady &= arrivals.max(axis=1) - arrivals.min(axis=1) >= self._within
        wrong: Mask = steady & (np.abs(least - self._usual) > self._within)
        return wrong & (self.rows["count"][row] >= self._messages)

    def clock_of(self, row: int) -> ClockEstimate | None:
        if not self.rows["count"][row]:
            return None
        heard = min(int(self.rows["count"][row]), self._messages)
        offset = self._usual - int(self.rows["delay"][row, -heard:].min())
        drift = self._drift(row)
        fault, zone = self._fault(offset, drift, wrong=bool(self._wrong(np.array([row]))[0]))
        return ClockEstimate(offset / SECOND, drift, fault, zone)

    def _fault(self, offset: int, drift: float | None, *, wrong: bool) -> tuple[ClockFault, float | None]:
        """What kind of fault it is; a zone where the offset is a multiple of a quarter of an hour."""
        if not wrong:
            return ("drifting" if drift is not None and abs(drift) > DRIFTING else "none"), None
        if offset < -NEVER_SET:
            return "never set", None
        quarters = round(offset / QUARTER)
        if quarters and abs(offset) <= FURTHEST + self._within and abs(offset - quarters * QUARTER) <= self._within:
            return "zone", quarters * QUARTER / SECOND
        if drift is not None and abs(drift) > DRIFTING:
            return "drifting", None
        return ("ahead" if offset > 0 else "behind"), None

    def _drift(self, row: int) -> float | None:
        """Parts per million by which the clock gains, over stretches that follow each other; None for under four."""
        stretch = self.rows["stretch"][row]
        known = np.flatnonzero((stretch > stretch.max() - STRETCHES) & (stretch != _NONE))
        if len(known) < STRETCHES // 2:
            return None
        least, when = self.rows["least"][row, known], self.rows["when"][row, known]
        one, other = np.triu_indices(len(known), 1)
        return -1e6 * float(np.median((least[other] - least[one]) / (when[other] - when[one])))
