"""What was: measured samples out of the log, estimates out of their trail."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, final

import numpy as np

from pollux.columns.quality import Quality
from pollux.model.schema import Signal
from pollux.remember.decimate import Series
from pollux.show.compose.types import outward
from pollux.show.facts import GapFact, Samples
from pollux.site.requalify import requalified

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

WIDE = 1.6449
"""Standard deviations between the median and the 95 % quantile of a normal distribution."""


@final
class HistoryRoom:
    """The past of the twins of a tenant."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def series(self, type_: str, twin: str, signal: str, start: int, end: int, *, at: int | None = None) -> Samples:
        schema = self._live.site.declared[type_].schema
        index = schema.index.get(signal)
        inside = self.inside(type_, twin, signal, start, end, at=at)
        return inside if index is None else _outward(inside, schema.signals[index])

    def inside(self, type_: str, twin: str, signal: str, start: int, end: int, *, at: int | None = None) -> Samples:
        """A series in the units of columns and equations."""
        live = self._live
        with live.pipe.lock:
            block = live.estate.blocks[type_]
            row, index = block.row(twin), block.schema.index.get(signal, -1)
            trail = live.estate.trails.get(f"{type_}/{twin}/{signal}")
            seq = live.estate.seq
        last = end if at is None else min(end, at)
        if trail is not None:
            times, values, sigma = trail.between(start, last)
            quality = np.full(len(times), Quality.ESTIMATED, np.uint8)
            return Samples(seq, times, values, quality, low=values - WIDE * sigma, high=values + WIDE * sigma)
        if index < 0:
            empty = np.empty(0, np.int64)
            return Samples(seq, empty, np.empty(0), np.empty(0, np.uint8))
        subject = live.subject_of(type_, twin)

        def read(first: int, end: int) -> Series:
            found = live.history.samples(type_, row, [index], first, end, subject=subject)[index]
            return found if at is None else found.select(found.arrival <= at)

        found, reason = requalified(live.estate, type_, row, index, read, start, last, lock=live.pipe.lock)
        return Samples(seq, found.time, found.value, found.quality, found.arrival, reason=reason)

    def gaps(self, type_: str, twin: str, start: int, end: int) -> Sequence[GapFact]:
        """Silences that were alarms."""
        alarms = self._live.rooms.alarms.past(type_, twin, start, end)
        return [GapFact(a.raised, a.cleared or end, a.title) for a in alarms if a.rule.endswith("-silent")]


def _outward(inside: Samples, signal: Signal) -> Samples:
    factor, shift = outward(signal)
    if (factor, shift) == (1.0, 0.0):
        return inside
    low = None if inside.low is None else inside.low * factor + shift
    high = None if inside.high is None else inside.high * factor + shift
    return replace(inside, value=inside.value * factor + shift, low=low, high=high)
