"""What leaves for the broker: messages at QoS 1, until it has confirmed them or their time is over."""

from collections import deque
from dataclasses import dataclass
from typing import final

from pollux.clock import SECOND
from pollux.connect.broker.counters import Counters
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import Publish
from pollux.connect.wire.properties import NONE, Properties

LAST_ID = 0xFEFF
"""The largest packet identifier of a message; those above are for subscriptions."""


@final
@dataclass(frozen=True, slots=True)
class Parcel:
    """A message; after `expires`, an instant, nobody gets it any more (0: never). At `qos` 0 it may be lost."""

    topic: bytes
    payload: bytes
    expires: int = 0
    qos: int = 1
    retain: bool = False


@final
class Outgoing:
    """The queue of one broker, at most `most` long, and what is on its way there.

    What was on its way when a connection broke is sent again, marked as such, where the broker still has the session;
    where it has not nobody knows whether it arrived, so it is dropped and counted: never twice is kept.
    """

    def __init__(self, counters: Counters, *, most: int) -> None:
        self._counters, self._most = counters, most
        self._queue: deque[Parcel] = deque()
        self._flying: dict[int, Parcel] = {}
        self._last = 0
        self._level, self._qos, self._window, self._largest = 5, 1, 0, 0

    def __len__(self) -> int:
        return len(self._queue) + len(self._flying)

    @property
    def full(self) -> bool:
        """Whether no more may wait."""
        return len(self) >= self._most

    def put(self, parcel: Parcel) -> None:
        """Send a message as soon as it can be."""
        self._queue.append(parcel)

    def begin(self, level: int, *, present: bool, window: int, qos: int, largest: int, now: int) -> bytes:
        """A connection begins, with what the broker allows: what is sent again on it."""
        self._level, self._qos, self._window, self._largest = level, qos, window, largest
        if not present:
            self._counters.lost_publish += len(self._flying)
            self._flying.clear()
        for packet_id in [one for one, parcel in self._flying.items() if self._over(parcel, now)]:
            del self._flying[packet_id]
        self._counters.redelivered += len(self._flying)
        return b"".join(self._packet(parcel, one, now, dup=True) for one, parcel in self._flying.items())

    def due(self, now: int) -> bytes:
        """The packets that may be sent now."""
        packets: list[bytes] = []
        while self._queue and len(self._flying) < self._window:
            parcel = self._queue.popleft()
            if self._over(parcel, now):
                continue
            packet_id = self._next() if self._qos and parcel.qos else 0
            packet = self._packet(parcel, packet_id, now)
            if len(packet) > self._largest:
                self._counters.refused_publish += 1
                continue
            if packet_id:
                self._flying[packet_id] = parcel
            self._counters.published += 1
            packets.append(packet)
        return b"".join(packets)

    def confirmed(self, packet_id: int, reason: int) -> None:
        """The broker has taken a message, or refused it."""
        if self._flying.pop(packet_id, None) is not None:
            self._counters.confirmed += reason < 0x80
            self._counters.refused_publish += reason >= 0x80

    def _over(self, parcel: Parcel, now: int) -> bool:
        over = 0 < parcel.expires <= now
        self._counters.expired += over
        return over

    def _next(self) -> int:
        while True:
            self._last = self._last % LAST_ID + 1
            if self._last not in self._flying:
                return self._last

    def _packet(self, parcel: Parcel, packet_id: int, now: int, *, dup: bool = False) -> bytes:
        left = max(1, -((now - parcel.expires) // SECOND)) if parcel.expires else None
        said = NONE if left is None else Properties(message_expiry=left)
        qos = 1 if packet_id else 0
        return encode(Publish(parcel.topic, parcel.payload, qos, parcel.retain, dup, packet_id, said), self._level)
