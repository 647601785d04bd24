"""How long to wait before the next attempt."""

from collections.abc import Callable
from typing import Final, final

import numpy as np

LEAST: Final = 0.5
MOST: Final = 60.0


@final
class Backoff:
    """Twice as long each time up to a bound, and between half and all of that, so that many clients come apart.

    >>> waits = Backoff(least=1.0, most=4.0, luck=lambda: 0.5)
    >>> [waits.next() for _ in range(4)]
    [0.75, 1.5, 3.0, 3.0]
    >>> waits.reset(); waits.next()
    0.75
    """

    def __init__(self, *, least: float = LEAST, most: float = MOST, luck: Callable[[], float] | None = None) -> None:
        self._least, self._most = least, most
        self._luck = luck or np.random.default_rng().random
        self._now = least

    def next(self) -> float:
        """Seconds to wait now."""
        wait = self._now * (0.5 + 0.5 * self._luck())
        self._now = min(self._most, 2 * self._now)
        return wait

    def reset(self) -> None:
        """An attempt has led to a connection that lasted."""
        self._now = self._least
