"""The turning cycle of twins, as a page plays it: one whole turn, made anew when it has grown old."""

import threading
from collections.abc import Callable
from typing import Final, final

from pollux.clock import stopwatch
from pollux.errors import PolluxError
from pollux.show.facts import Turn

FRESH: Final = 2.0
"""Real seconds for which a turn is shown before it is made anew: whoever looks sees a change within that."""

Made = tuple[float, Turn | None]


@final
class Cycles:
    """The newest turn of each twin that is looked at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, Made] = {}

    def turn(self, twin: str, make: Callable[[], Turn | None]) -> Turn | None:
        """The newest turn of a twin; None where it has none or its model does not turn now."""
        with self._lock:
            made, found = self._turns.get(twin, (float("-inf"), None))
            if stopwatch() - made >= FRESH:
                found = _tried(make)
                self._turns[twin] = (stopwatch(), found)
            return found


def _tried(make: Callable[[], Turn | None]) -> Turn | None:
    try:
        return make()
    except PolluxError:
        return None
