"""How fast values come in, and how far behind the events they are."""

from typing import final

import numpy as np

from pollux.clock import SECOND, Clock
from pollux.site.estate import Applied

STRETCH = 10 * SECOND


@final
class Meter:
    """Counts values over the last ten seconds, and their median delay from event to twin; None while nothing comes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.now()
        self._count = 0
        self.behind: float | None = None
        self.rate: float | None = None

    def tell(self, applied: Applied) -> None:
        """What an entry brought."""
        now = self._clock.now()
        for batch in applied.batches.values():
            self._count += len(batch)
            self.behind = max(0.0, float(np.median(batch.arrival - batch.event_time)) / SECOND)
        if now - self._since >= STRETCH:
            self.rate = self._count / ((now - self._since) / SECOND)
            self._since, self._count = now, 0
