"""One client's conversation: what it listens to and what is on its way to it, each queue with a bound and a policy."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from pollux.clock import SECOND
from pollux.columns.frames import Origin
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.link import Link
from pollux.connect.mqtt.message import OVERHEAD, Message
from pollux.connect.mqtt.packets import V5, Connect, Will
from pollux.guard import Identity

LOW_WATER = 64 << 10
Key = tuple[str, str, str]
_THE_END = object()


@final
@dataclass(frozen=True, slots=True)
class Subscription:
    """How a client wants to hear one filter; `ident` is its subscription identifier, 0 for none."""

    qos: int
    no_local: bool = False
    as_published: bool = False
    ident: int = 0


@final
@dataclass(slots=True)
class _Sent:
    """A QoS 1 message that was sent and not confirmed."""

    message: Message
    retain: bool
    ids: tuple[int, ...]
    at: int


@final
class Session:
    """The state of a client between CONNECT and its end.

    It is apart from the connection, so that a session that outlives its connection is a session without a link. At
    QoS 0 the oldest message gives way when the queue is full; at QoS 1 the client is too slow and is put out.
    """

    def __init__(self, link: Link, connect: Connect, identity: Identity, limits: Limits, counters: Counters) -> None:
        self.key: Key = (identity.tenant, identity.name, connect.client_id)
        self.identity = identity
        self.origin = Origin(identity.tenant, identity.name, identity.subject)
        self.client_id = connect.client_id
        self.link = link
        self.level = connect.level
        self.will: Will | None = connect.will
        self.keep_alive = 0
        self.subscriptions: dict[bytes, Subscription] = {}
        self.aliases: dict[int, bytes] = {}
        said = connect.properties
        self._window = min(limits.window, said.receive_maximum or 65_535)
        self._largest = said.maximum_packet or (1 << 28)
        self._limits, self._counters = limits, counters
        self._light: deque[tuple[bytes, int]] = deque()
        self._light_bytes = self._waiting_bytes = self._next_id = 0
        self._waiting: deque[tuple[Message, bool, tuple[int, ...]]] = deque()
        self._sent: dict[int, _Sent] = {}
        self._replays: dict[bytes, tuple[Iterator[Message | None], int, tuple[int, ...]]] = {}

    # -- taking in ----------------------------------------------------------------------------------------------------

    def offer(self, message: Message, *, qos: int, retain: bool, ids: tuple[int, ...], now: int) -> bool:
        """Queue a message; False when the client is so slow that it must be put out."""
        if qos:
            self._waiting.append((message, retain, ids))
            self._waiting_bytes += len(message)
            if not self._has_room():
                self.pump(now)  # much in one turn is not yet slowness
            return self._has_room()
        packet = message.packet(self.level, qos=0, retain=retain, now=now, ids=ids)
        if len(packet) > self._largest:
            self._counters.dropped_too_large += 1
            return True
        self._light.append((packet, message.expires))
        self._light_bytes += len(packet) + OVERHEAD
        if self._light_bytes > self._limits.outgoing_bytes:
            self.pump(now)  # much in one turn is not yet slowness
        while self._light_bytes > self._limits.outgoing_bytes:
            oldest, _ = self._light.popleft()
            self._light_bytes -= len(oldest) + OVERHEAD
            self._counters.dropped_oldest_qos0 += 1
        return True

    def _has_room(self) -> bool:
        return len(self._waiting) <= self._limits.waiting and self._waiting_bytes <= self._limits.outgoing_bytes

    def replay(
        self, topic_filter: bytes, messages: Iterator[Message | None], *, qos: int, ids: tuple[int, ...]
    ) -> None:
        """Send retained messages, as fast as the client takes them; None in between lets others have a turn.

        There is one replay for each filter: asked for again, it begins again.
        """
        self._replays[topic_filter] = (messages, qos, ids)

    def end_replay(self, topic_filter: bytes) -> None:
        """The filter is not wanted any more."""
        self._replays.pop(topic_filter, None)

    def confirm(self, packet_id: int) -> None:
        """The client has a QoS 1 message; an identifier that is not on its way means nothing."""
        if self._sent.pop(packet_id, None) is not None:
            self._counters.confirmed_qos1 += 1

    # -- sending ------------------------------------------------------------------------------------------------------

    def pump(self, now: int) -> bool:
        """Hand the link what it takes now; True if there is more to do at once."""
        link = self.link
        while link.out_bytes < LOW_WATER and not link.dead:
            if self._waiting and len(self._sent) < self._window:
                self._send_sure(now)
            elif self._light:
                self._send_light(now)
            elif self._replays and len(self._sent) < self._window:
                if not self._next_replayed(now):
                    return True
            else:
                return False
        return False

    def redeliver(self, now: int) -> None:
        """Send again what a 3.1.1 client has not confirmed for long; MQTT 5 forbids that inside a connection."""
        if self.level >= V5 or self.link.out:
            return
        for packet_id, sent in self._sent.items():
            if now - sent.at > self._limits.redeliver_seconds * SECOND:
                self._put_sure(packet_id, sent, now, dup=True)
                sent.at = now
                self._counters.redelivered += 1

    def _send_light(self, now: int) -> None:
        packet, expires = self._light.popleft()
        self._light_bytes -= len(packet) + OVERHEAD
        if expires and expires <= now:
            self._counters.expired += 1
            return
        self.link.put(packet, now)
        self._counters.delivered_qos0 += 1

    def _send_sure(self, now: int) -> None:
        message, retain, ids = self._waiting.popleft()
        self._waiting_bytes -= len(message)
        if message.expires and message.expires <= now:
            self._counters.expired += 1
            return
        packet_id = self._free_id()
        sent = _Sent(message, retain, ids, now)
        if self._put_sure(packet_id, sent, now, dup=False):
            self._sent[packet_id] = sent
            self._counters.delivered_qos1 += 1

    def _put_sure(self, packet_id: int, sent: _Sent, now: int, *, dup: bool) -> bool:
        packet = sent.message.packet(
            self.level, qos=1, retain=sent.retain, now=now, packet_id=packet_id, ids=sent.ids, dup=dup
        )
        if len(packet) > self._largest:
            self._counters.dropped_too_large += 1
            return False
        self.link.put(packet, now)
        return True

    def _free_id(self) -> int:
        # The window is far below 65,535, so a free identifier is near.
        while True:
            self._next_id = self._next_id % 65_535 + 1
            if self._next_id not in self._sent:
                return self._next_id

    def _next_replayed(self, now: int) -> bool:
        topic_filter, (messages, qos, ids) = next(iter(self._replays.items()))
        message = next(messages, _THE_END)
        if message is _THE_END:
            del self._replays[topic_filter]
            return True
        if isinstance(message, Message):
            self.offer(message, qos=min(qos, message.qos), retain=True, ids=ids, now=now)
        return message is not None
