"""The turning cycle of twins, as a page plays it: one whole turn of one member, made anew when its state has moved."""

import threading
from typing import final

from pollux.show.facts import Turn


@final
class Cycles:
    """The newest turn of each twin that has one; a domain puts it there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, Turn] = {}

    def put(self, twin: str, turn: Turn) -> None:
        """The newest turn of a twin."""
        with self._lock:
            self._turns[twin] = turn

    def turn(self, twin: str) -> Turn | None:
        """The newest turn; None where there is none."""
        with self._lock:
            return self._turns.get(twin)
