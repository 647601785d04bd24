"""From requests to Frames: what came in one turn is handed over together, and answered once it is durable."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import Clock
from pollux.columns.frames import Frames, Message, Origin
from pollux.connect.coap.answers import Answers, Request
from pollux.connect.coap.codes import CoapError, Code, Number
from pollux.connect.coap.counters import Counters
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.message import of_uint
from pollux.connect.driver import Sink
from pollux.errors import DataRefused, Overloaded

RETRY_AFTER: Final = 1
_LOG = logging.getLogger("pollux.connect.coap")


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    requests: list[Request]
    size: int


def busy(why: str, seconds: int = RETRY_AFTER) -> CoapError:
    """5.03, with the seconds after which to try again."""
    return CoapError(Code.UNAVAILABLE, why, ((Number.MAX_AGE.value, of_uint(seconds)),))


@final
class Intake:
    """Gathers messages, and gives them to the sink at the end of a turn.

    Overloaded is told to the senders of the whole batch, who send again later; DataRefused to the one whose data may
    not be kept. Anything else is final: `failure` says why, and nothing is accepted any more. `wake` is called from
    the sink's thread when something has become durable.
    """

    def __init__(
        self, limits: Limits, counters: Counters, clock: Clock, sink: Sink, answers: Answers, wake: Callable[[], None]
    ) -> None:
        self._limits, self._counters, self._clock = limits, counters, clock
        self._sink, self._answers, self._wake = sink, answers, wake
        self._messages: list[Message] = []
        self._requests: list[Request] = []
        self._size = self._held = self._now = 0
        self._durable: deque[_Batch] = deque()
        self.failure = ""
        self.busy = False

    def take(self, request: Request, origin: Origin, topic: str, payload: bytes, encoding: int) -> None:
        """A message that may be kept; raises CoapError with 5.03 where no more can be taken."""
        if self.failure:
            raise busy("nothing is accepted any more", 60)
        size = len(payload) + len(topic)
        if request.peer.pending >= self._limits.pending:
            self._counters.refused_busy += 1
            raise busy(f"expected at most {self._limits.pending} requests at a time")
        if self._held + size > self._limits.pending_bytes:
            self._counters.refused_full += 1
            raise busy("more is on its way than can be taken")
        if not self._messages:
            self._now = self._clock.now()
        self._messages.append(Message(origin, topic.encode(), payload, self._now, encoding, int(request.confirmable)))
        self._requests.append(request)
        self._answers.await_(request)
        self._size += size
        self._held += size
        self._counters.received += 1
        self._counters.received_bytes += size

    def flush(self, now: float) -> None:
        """Give what was gathered to the sink."""
        if not self._messages:
            return
        messages, batch = self._messages, _Batch(self._requests, self._size)
        self._messages, self._requests, self._size = [], [], 0
        self._counters.batches += 1
        self._give(messages, batch, now)

    def settle(self, now: float) -> None:
        """Answer what has become durable."""
        while self._durable:
            batch = self._durable.popleft()
            self._held -= batch.size
            self._counters.acknowledged += len(batch.requests)
            for request in batch.requests:
                self._answers.give(request, Code.CHANGED, now)

    def fail(self, why: str) -> None:
        """Accept nothing more."""
        self.failure = self.failure or why

    def _give(self, messages: list[Message], batch: _Batch, now: float) -> None:
        self.busy = False
        try:
            ticket = self._sink(Frames.of(messages))
        except Overloaded as error:
            self.busy = True
            self._counters.refused_full += len(messages)
            self._refuse(batch, busy(error.message, max(RETRY_AFTER, round(error.retry_after))), now)
        except DataRefused as error:
            self._one_by_one(messages, batch, error, now)
        except Exception as error:  # noqa: BLE001  whatever it is, these messages are not stored
            _LOG.exception("the sink has failed")
            self.fail(str(error) or type(error).__name__)
            self._refuse(batch, CoapError(Code.INTERNAL_ERROR, "this could not be stored"), now)
        else:
            ticket.then(self._is_durable, batch)

    def _one_by_one(self, messages: list[Message], batch: _Batch, error: DataRefused, now: float) -> None:
        """Somebody's data may not be kept: the others' are, each sender's in its order."""
        if len(messages) == 1:
            self._counters.refused_data += 1
            self._refuse(batch, CoapError(Code.BAD_REQUEST, error.message), now)
            return
        for message, request in zip(messages, batch.requests, strict=True):
            self._give([message], _Batch([request], len(message.payload) + len(message.topic)), now)

    def _refuse(self, batch: _Batch, error: CoapError, now: float) -> None:
        self._held -= batch.size
        for request in batch.requests:
            self._answers.refuse(request, error, now)

    def _is_durable(self, batch: _Batch) -> None:
        # Called from the sink's thread, too: nothing but the queue is touched here.
        self._durable.append(batch)
        self._wake()
