"""Following a clock: whoever has something due is called when its moment comes, in wall, scaled or simulated time."""

import logging
import threading
from collections.abc import Callable
from typing import Final, final

from pollux.clock import Clock, SimulatedClock
from pollux.errors import PolluxError

_REPORT: Final = logging.getLogger("pollux.castor")

LOOK: Final = 0.01
"""Seconds between two looks at a clock that runs by itself and may run at any speed."""

RETRY: Final = 1.0
"""Seconds after a turn that was refused."""


@final
class Pace:
    """Calls `turn(now)` at the moments that `due()` names, one after the other, until it names none.

    A simulated clock calls by itself while it is moved, in the thread that moves it, so that everything due has been
    done when `advance_to` comes back. Other clocks are followed by a thread; where several moments have passed since
    the last look, `turn` is called once. What a turn raises ends it only where it is no PolluxError.
    """

    def __init__(self, clock: Clock, due: Callable[[], int | None], turn: Callable[[int], None]) -> None:
        self._clock = clock
        self._due = due
        self._turn = turn
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin to follow."""
        if isinstance(self._clock, SimulatedClock):
            self._ask(self._clock)
            return
        self._thread = threading.Thread(target=self._follow, name="pollux-pace", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow no more; returns when the turn that is being made is over."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _ask(self, clock: SimulatedClock) -> None:
        moment = self._due()
        if moment is not None and not self._over.is_set():
            clock.at(moment, lambda: self._called(clock))

    def _called(self, clock: SimulatedClock) -> None:
        if not self._over.is_set():
            self._turn(clock.now())
            self._ask(clock)

    def _follow(self) -> None:
        try:
            while not self._over.is_set():
                moment = self._due()
                if moment is None:
                    return
                if self._clock.now() >= moment:
                    self._tried()
                else:
                    self._over.wait(LOOK)
        except BaseException as error:  # noqa: BLE001 - told to whoever ends it
            self.failure = error

    def _tried(self) -> None:
        """A turn that the site refuses is reported, and the next one tried after a moment."""
        try:
            self._turn(self._clock.now())
        except PolluxError as error:
            _REPORT.warning("emulated devices: %s", error)
            self._over.wait(RETRY)
