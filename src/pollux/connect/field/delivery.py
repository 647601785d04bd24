"""From heard values to durable frames: gathered, bounded, offered again while the log has no room."""

import json
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal, final

from pollux.clock import stopwatch
from pollux.columns.batch import Refusal
from pollux.columns.field import Datum, FieldProtocol, pack_field
from pollux.columns.frames import Encoding, Frames, Message, Origin
from pollux.columns.quality import Reason
from pollux.connect.field.counters import FieldCounters
from pollux.connect.field.source import FieldPlace
from pollux.errors import DataRefused, Overloaded

_LOG = logging.getLogger("pollux.connect.field")
PAUSE: Final = 0.05
MOST_WAITING: Final = 20_000
"""Frames that wait for the log: beyond them the newest are dropped and counted, and a history fills the gap."""

Answered = Literal["accepted", "done", "rejected", "failed"]


@final
class FieldDelivery:
    """The way of one driver to the log, used from the driver's thread alone.

    What is told is gathered until `flush` gives it to the sink as one batch. Overloaded means "not now": the batch is
    offered again. Where more than `most` frames wait, what comes is dropped and counted. DataRefused means that
    something may not be kept, as of a person who was erased: it is found frame by frame, and told. Anything else is
    final: `failure` says why, and nothing more is taken.
    """

    def __init__(
        self, type_: str, protocol: FieldProtocol, place: FieldPlace, counters: FieldCounters, *, name: str,
        most: int = MOST_WAITING,
    ) -> None:  # fmt: skip
        self._type, self._place, self._counters = type_, place, counters
        self._protocol: FieldProtocol = protocol
        self._origin = Origin(place.tenant, name)
        self._waiting: deque[Message] = deque()
        self._most, self._again = most, 0.0
        self.failure = ""

    def __len__(self) -> int:
        return len(self._waiting)

    def tell(self, twin: str, data: Sequence[Datum]) -> bool:
        """Values of one twin, heard together; False when they were dropped, for want of room or after a failure."""
        if not self._take(twin, "telemetry", pack_field(self._protocol, data), Encoding.FIELD):
            self._counters.dropped += len(data)
            return False
        self._counters.values += len(data)
        return True

    def beat(self, twin: str) -> None:
        """The twin is reached and has nothing new to say: it is present."""
        self._counters.beats += self._take(twin, "telemetry", pack_field(self._protocol, ()), Encoding.FIELD)

    def answer(self, twin: str, order: str, state: Answered, reason: str = "") -> None:
        """What became of an order, as any device says it."""
        said = json.dumps({"id": order, "state": state, "reason": reason[:500]}).encode()
        self._take(twin, "commands/ack", said, Encoding.JSON)

    def flush(self) -> None:
        """Give what waits to the sink, unless that was refused a moment ago."""
        if not self._waiting or self.failure or stopwatch() < self._again:
            return
        batch = list(self._waiting)
        try:
            self._place.sink(Frames.of(batch))
        except Overloaded:
            self._counters.waited += 1
            self._again = stopwatch() + PAUSE
            return
        except DataRefused:
            self._one_by_one()
            return
        except Exception as error:  # noqa: BLE001  whatever it is, these values are not stored
            self._fail(error)
            return
        self._waiting.clear()
        self._counters.frames += len(batch)

    def _take(self, twin: str, channel: str, payload: bytes, encoding: Encoding) -> bool:
        if self.failure or len(self._waiting) >= self._most:
            return False
        if not self._place.may(f"{self._type}/{twin}/{channel.rpartition('/')[2]}"):
            return False
        topic = f"twins/{self._type}/{twin}/{channel}".encode()
        self._waiting.append(Message(self._origin, topic, payload, self._place.clock.now(), encoding))
        return True

    def _one_by_one(self) -> None:
        while self._waiting:
            message = self._waiting[0]
            try:
                self._place.sink(Frames.of([message]))
            except Overloaded:
                self._again = stopwatch() + PAUSE
                return
            except DataRefused as error:
                self._counters.refused_data += 1
                self._place.told(_refusal(message, str(error)))
            except Exception as error:  # noqa: BLE001  as above
                self._fail(error)
                return
            else:
                self._counters.frames += 1
            self._waiting.popleft()

    def _fail(self, error: Exception) -> None:
        _LOG.exception("the sink has failed")
        self.failure = f"the site's storage has failed: {str(error) or type(error).__name__}"


def _refusal(message: Message, why: str) -> Refusal:
    detail = why.partition("\n")[0]
    return Refusal.of(
        0, message.arrival, message.origin, Reason.NOT_ALLOWED, detail, topic=message.topic, payload=message.payload
    )
