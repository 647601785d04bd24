"""The thread that calls a site's turn again and again."""

import logging
import threading
from collections.abc import Callable
from typing import final

from pollux.errors import PolluxError

_REPORT = logging.getLogger("pollux.site")
EVERY = 1.0


@final
class Turns:
    """Calls `turn` once a second until it is stopped; one that fails is reported and the next one tried."""

    def __init__(self, turn: Callable[[], None], *, every: float = EVERY) -> None:
        self._turn = turn
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pollux-turns", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the turn that is being made."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            try:
                self._turn()
            except PolluxError:
                _REPORT.exception("a turn failed")
