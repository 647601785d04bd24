"""The thread of a source: what it gives waits here, bounded, until the agent takes it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, final

from pollux.clock import Clock
from pollux.edge.samples import Samples
from pollux.edge.sources.source import AbstractSource, Need

SECONDS: Final = 5.0
"""Samples of so long may wait; what comes beyond that is not taken, and counted as missed."""

LEAST, MOST = 1.0, 30.0
SHORT: Final = 0.02
_LOG = logging.getLogger("pollux.edge")


@final
class Feeder:
    """Runs a source until it is stopped, and again after a while where it fails; `trouble` says why it does."""

    def __init__(
        self, source: AbstractSource, signals: tuple[str, ...], *, clock: Clock, wake: Callable[[], None], name: str
    ) -> None:
        self.trouble = ""
        self._source, self._signals, self._clock, self._wake, self._name = source, signals, clock, wake, name
        self._room = max(1000, round(SECONDS * source.rate))
        self._waiting: deque[Samples] = deque()
        self._count = self._missed = 0
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._after = 0
        self._thread = threading.Thread(target=self._run, name=f"pollux-edge-{name}"[:40], daemon=True)

    def start(self, *, after: int) -> None:
        """Begin, with samples later than `after`."""
        self._after = after
        self._thread.start()

    def take(self) -> list[Samples]:
        """What has come since the last time."""
        with self._guard:
            found, missed = list(self._waiting), self._missed
            self._waiting.clear()
            self._count = self._missed = 0
        if missed and found:
            last = found[-1]
            found[-1] = Samples(last.times, last.values, last.missed + missed, last.unread)
        return found

    def stop(self) -> None:
        """End the source; what has come can still be taken."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        wait = LEAST
        while not self._over.is_set():
            try:
                for samples in self._source.samples(Need(self._signals, self._after, self._clock, self._pause)):
                    self._put(samples)
                    wait, self.trouble = LEAST, ""
            except Exception as error:  # noqa: BLE001  a source is the user's code, a cable, somebody else's broker
                self._say(str(error).partition("\n")[0] or type(error).__name__)
            else:
                self._say("" if self._over.is_set() else "it has ended")
            self._over.wait(wait)
            wait = min(2 * wait, MOST)

    def _pause(self, seconds: float) -> bool:
        # Sleeping takes a third of what waiting for an event does, a thousand times a second.
        if 0 < seconds < SHORT:
            time.sleep(seconds)
            return self._over.is_set()
        return self._over.wait(max(seconds, 0.0))

    def _put(self, samples: Samples) -> None:
        with self._guard:
            if self._count + len(samples) > self._room and self._count:
                self._missed += len(samples) + samples.missed
                return
            self._waiting.append(samples)
            self._count += len(samples)
            if len(samples):
                self._after = max(self._after, int(samples.times[-1]))
        if len(samples):
            self._wake()

    def _say(self, why: str) -> None:
        if why and why != self.trouble:
            _LOG.warning("%s: %s; it is tried again", self._name, why)
        self.trouble = why
