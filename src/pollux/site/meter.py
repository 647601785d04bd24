"""How fast values come in, how far behind the events they are, and how long they wait for the disk."""

from typing import final

import numpy as np

from pollux.clock import SECOND, Clock, stopwatch
from pollux.columns.batch import Batch
from pollux.site.estate import Applied

STRETCH = 10 * SECOND
SYNCS = 1_024
"""Entries whose way to the disk is remembered."""


@final
class Meter:
    """Counts values over the last ten seconds, and their median delay from event to twin; None while nothing comes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.now()
        self._count = 0
        self._waits = np.zeros(SYNCS)
        self._synced = 0
        self._newest: Batch | None = None
        self.rate: float | None = None

    def tell(self, applied: Applied) -> None:
        """What an entry brought."""
        now = self._clock.now()
        for batch in applied.batches.values():
            self._count += len(batch)
            self._newest = batch
        if now - self._since >= STRETCH:
            self.rate = self._count / ((now - self._since) / SECOND)
            self._since, self._count = now, 0

    @property
    def behind(self) -> float | None:
        """The median delay from event to twin of what came last, in seconds."""
        newest = self._newest
        return None if newest is None else max(0.0, float(np.median(newest.arrival - newest.event_time)) / SECOND)

    def durable(self, begun: float) -> None:
        """An entry that was taken at `begun`, on the stopwatch, is on the disk; from the log's thread."""
        self._waits[self._synced % SYNCS] = stopwatch() - begun
        self._synced += 1

    def synced(self) -> tuple[float, float] | None:
        """The 50 % and 95 % quantiles of the time from the pipe to the disk, in seconds; None while nothing came."""
        known = self._waits[: min(self._synced, SYNCS)]
        return (float(np.quantile(known, 0.5)), float(np.quantile(known, 0.95))) if len(known) else None
