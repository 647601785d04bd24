"""From messages to acknowledgements: judged, given to the sink, and answered in their order once they are durable."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from pollux.clock import stopwatch
from pollux.columns.frames import Frames
from pollux.connect.broker.counters import Counters
from pollux.connect.driver import Sink
from pollux.errors import DataRefused, Overloaded

_LOG = logging.getLogger("pollux.connect.broker")
PAUSE: Final = 0.05


@final
@dataclass(slots=True, eq=False)
class Batch:
    """What was handed over in one go: the connection it came on, the answers that wait, how many and how much it is.

    `answers` are for `answered` messages, of which `once` came at QoS 1; `open` has one entry for each part that is not
    durable yet.
    """

    connection: int
    answers: bytes
    answered: int
    once: int
    size: int
    open: list[int] = field(default_factory=list[int])
    durable: bool = False


@final
class Delivery:
    """The batches on their way to the disk, in order.

    Overloaded means "not now": the batch is offered again. DataRefused means that something in it may not be kept: it
    is offered in halves until that is found, and `refused` is told. Anything else is final: `failure` says why, and
    nothing that was not durable is acknowledged.
    """

    def __init__(
        self, sink: Sink, counters: Counters, *, wake: Callable[[], None], refused: Callable[[Frames, str], None]
    ) -> None:
        self._sink, self._counters, self._wake, self._refused = sink, counters, wake, refused
        self._waiting: deque[tuple[Frames, Batch]] = deque()
        self._pending: deque[Batch] = deque()
        self._again = 0.0
        self.unlogged = 0
        self.failure = ""

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def busy(self) -> bool:
        """Whether batches wait because the sink has no room, as on a full disk."""
        return bool(self._waiting)

    def give(self, frames: Frames, batch: Batch) -> None:
        """Hand a batch over, behind those that wait."""
        self._pending.append(batch)
        self.unlogged += batch.size
        if len(frames):
            batch.open.append(len(frames))
            self._waiting.append((frames, batch))
            self.retry(at_once=len(self._waiting) == 1)
        else:
            batch.durable = True

    def retry(self, *, at_once: bool = False) -> None:
        """Offer what waits, unless that was tried a moment ago."""
        while self._waiting and not self.failure and (at_once or stopwatch() >= self._again):
            frames, batch = self._waiting[0]
            try:
                ticket = self._sink(frames)
            except Overloaded:
                self._again = stopwatch() + PAUSE
                return
            except DataRefused as error:
                self._waiting.popleft()
                self._divide(frames, batch, str(error))
            except Exception as error:  # noqa: BLE001  whatever it is, these messages are not stored
                _LOG.exception("the sink has failed")
                self.failure = str(error) or type(error).__name__
            else:
                self._waiting.popleft()
                ticket.then(self._done, batch)

    def ready(self) -> list[Batch]:
        """The batches that may be answered now, in order."""
        found: list[Batch] = []
        while self._pending and self._pending[0].durable:
            batch = self._pending.popleft()
            self.unlogged -= batch.size
            found.append(batch)
        return found

    def _divide(self, frames: Frames, batch: Batch, error: str) -> None:
        if len(frames) == 1:
            self._counters.refused_data += 1
            self._refused(frames, error)
            self._done(batch)
            return
        first = np.arange(len(frames)) < len(frames) // 2
        batch.open.append(0)
        self._waiting.extendleft(((frames.select(~first), batch), (frames.select(first), batch)))

    def _done(self, batch: Batch) -> None:
        # From the sink's thread, too. Taking from a list is one step of the interpreter: no part is missed.
        batch.open.pop()
        if not batch.open:
            batch.durable = True
            self._wake()
