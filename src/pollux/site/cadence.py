"""When to keep a snapshot: so often that no question about the past has to replay for long, and never dearly."""

from typing import Final, final

from pollux.clock import MINUTE, SECOND
from pollux.site.estate import Applied

REPLAY: Final = 0.2
"""Seconds that the entries since the last snapshot may take to replay."""

ENTRY: Final = 1e-4
SAMPLE: Final = 1e-5
"""Seconds that replaying costs, an entry and a sample, decoded in Python; measured on two shared cores."""

SHARE: Final = 20.0
"""A snapshot is not taken before this many times the last one's cost has passed, by the site's clock."""

APART: Final = MINUTE
"""The least time between two, by the site's clock."""

BYTES: Final = 256 << 20
"""After so many bytes of log one is taken also within that time, so that a start after a crash reads no more of it."""


@final
class Cadence:
    """Counts what a replay from the last snapshot would have to do.

    >>> cadence = Cadence(now=0)
    >>> for _ in range(2500):
    ...     cadence.tell(Applied())
    >>> cadence.due(now=2 * MINUTE), cadence.due(now=1), cadence.due(now=1, logged=BYTES)
    (True, False, True)
    """

    def __init__(self, now: int) -> None:
        self._last = now
        self._work = 0.0
        self._apart, self._dear = APART, 0
        self._logged = 0

    def tell(self, applied: Applied) -> None:
        """An entry was taken in."""
        self._work += ENTRY + SAMPLE * sum(map(len, applied.batches.values()))

    def due(self, now: int, logged: int = 0) -> bool:
        """Whether it is time for a snapshot, when so many bytes of log have been written since the start."""
        if logged - self._logged >= BYTES and now - self._last >= self._dear:
            return True
        return self._work > REPLAY and now - self._last >= self._apart

    def kept(self, now: int, cost: float, logged: int = 0) -> None:
        """A snapshot was written, at this cost in seconds."""
        self._last, self._work, self._logged = now, 0.0, logged
        self._apart, self._dear = max(APART, round(SHARE * cost * SECOND)), round(cost * SECOND)
