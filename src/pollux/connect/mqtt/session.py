"""One client's conversation: what it listens to and what is on its way to it, each queue with a bound and a policy."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import SECOND
from pollux.columns.frames import Origin
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.link import Link
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.outbox import Outbox, Parcel
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Ack, Connect, Will
from pollux.connect.wire.properties import Kind
from pollux.guard import Identity

LOW_WATER = 64 << 10
TAKEN, ASKED_AGAIN, STORED = 0, 1, 2
Key = tuple[str, str, str]
_THE_END: Final = object()


@final
@dataclass(frozen=True, slots=True)
class Subscription:
    """How a client wants to hear one filter; `ident` is its subscription identifier, 0 for none.

    `since` is the place in the log from which on it stands.
    """

    qos: int
    no_local: bool = False
    as_published: bool = False
    ident: int = 0
    since: int = 0


@final
class Session:
    """The state of a client, over as many connections as it asks for.

    While nobody is connected its link is a dead one. At QoS 0 the oldest message gives way when the queue is full, and
    nothing is kept for the absent. At QoS 1 and 2 whoever is there and too slow is put out; of the absent the oldest
    message gives way. `incoming` are the QoS 2 identifiers that the client has not released, by how far they are:
    TAKEN, ASKED_AGAIN for before they were durable, STORED. Once it is `over`, nobody returns to it.
    """

    def __init__(self, link: Link, connect: Connect, identity: Identity, limits: Limits, counters: Counters) -> None:
        self.key: Key = (identity.tenant, identity.name, connect.client_id)
        self.client_id = connect.client_id
        self.subscriptions: dict[bytes, Subscription] = {}
        self.incoming: dict[int, int] = {}
        self.expiry = self.until = self.weighed = 0
        self.over = False
        self._limits, self._counters = limits, counters
        self.outbox = Outbox(limits, counters)
        self._light: deque[Parcel] = deque()
        self._light_bytes = 0
        self._replays: dict[bytes, tuple[Iterator[Message | None], int, tuple[int, ...]]] = {}
        self.attach(link, connect, identity)

    # -- connections --------------------------------------------------------------------------------------------------

    def attach(self, link: Link, connect: Connect, identity: Identity) -> None:
        """A connection begins: it brings its own terms, its will, and who it is."""
        self.link, self.identity = link, identity
        self.origin = Origin(identity.tenant, identity.name, identity.subject)
        self.level = connect.level
        self.will: Will | None = connect.will
        self.will_due = self.keep_alive = 0
        self.aliases: dict[int, bytes] = {}
        self._given: dict[bytes, int] = {}
        said = connect.properties
        self._most_given = min(said.topic_alias_maximum or 0, self._limits.topic_aliases)
        self.largest = said.maximum_packet or (1 << 28)
        self.outbox.open(min(self._limits.window, said.receive_maximum or 65_535))

    def part(self) -> None:
        """The connection has ended: what is sure waits for the next one, the rest is gone."""
        self._light.clear()
        self.link.out.clear()
        self._light_bytes = self.link.out_bytes = 0
        self.outbox.part()

    @property
    def absent(self) -> bool:
        """Whether nobody is connected."""
        return self.link.dead

    # -- taking in ----------------------------------------------------------------------------------------------------

    def takes(self, message: Message, qos: int) -> bool:
        """Whether a message can be queued: for the absent only what is sure and is not for those who are there."""
        return not self.absent or (qos > 0 and not message.fleeting and not self.over)

    def offer(
        self,
        message: Message,
        *,
        qos: int,
        retain: bool,
        ids: tuple[int, ...],
        now: int,
        place: int = 0,
    ) -> bool:
        """Queue a message; False when the client is so slow that it must be put out."""
        parcel = Parcel(message, qos, retain, ids, place=place)
        if qos:
            self.outbox.add(parcel)
            if self.absent:
                while not self.outbox.has_room:
                    self.outbox.drop_oldest()
            elif not self.outbox.has_room:
                self.pump(now)  # much in one turn is not yet slowness
            return self.outbox.has_room
        self._light.append(parcel)
        self._light_bytes += len(message)
        if self._light_bytes > self._limits.outgoing_bytes:
            self.pump(now)  # much in one turn is not yet slowness
        while self._light_bytes > self._limits.outgoing_bytes:
            self._light_bytes -= len(self._light.popleft().message)
            self._counters.dropped_oldest_qos0 += 1
        return True

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
        self._counters.confirmed_qos1 += self.outbox.confirm(packet_id, qos=1)

    def complete(self, packet_id: int) -> None:
        """The client has a QoS 2 message once and for all."""
        self._counters.confirmed_qos2 += self.outbox.confirm(packet_id, qos=2)

    # -- sending ------------------------------------------------------------------------------------------------------

    def pump(self, now: int) -> bool:
        """Hand the link what it takes now; True if there is more to do at once."""
        link = self.link
        while link.out_bytes < LOW_WATER and not (link.dead or link.owing):
            if self.outbox.ready:
                self._send_sure(now)
            elif self._light:
                self._send_light(now)
            elif self._replays and self.outbox.idle_window:
                if not self._next_replayed(now):
                    return True
            else:
                return False
        return False

    def redeliver(self, now: int) -> None:
        """Send again what a 3.1.1 client has not confirmed for long; MQTT 5 forbids that inside a connection."""
        if self.level >= V5 or self.link.out:
            return
        for packet_id, parcel in self.outbox.overdue(now, int(self._limits.redeliver_seconds * SECOND)):
            self._put_sure(packet_id, parcel, now, dup=True)
            self._counters.redelivered += 1

    def _send_light(self, now: int) -> None:
        parcel = self._light.popleft()
        self._light_bytes -= len(parcel.message)
        if parcel.message.expires and parcel.message.expires <= now:
            self._counters.expired += 1
        elif self._put(parcel, now):
            self._counters.delivered_qos0 += 1

    def _send_sure(self, now: int) -> None:
        found = self.outbox.take(now)
        if found is None:
            return
        packet_id, parcel, dup = found
        if parcel.qos == 2 and not dup and self.outbox.doubts():
            # The client may hold an older message under this identifier, and would take this one for the same.
            self.link.put(encode(Ack(Kind.PUBREL, packet_id), self.level), now)
        if not self._put_sure(packet_id, parcel, now, dup=dup):
            self.outbox.forget(packet_id)
        elif dup:
            self._counters.redelivered += 1
        elif parcel.qos == 1:
            self._counters.delivered_qos1 += 1
        else:
            self._counters.delivered_qos2 += 1

    def _put_sure(self, packet_id: int, parcel: Parcel, now: int, *, dup: bool) -> bool:
        if parcel.released:
            self.link.put(encode(Ack(Kind.PUBREL, packet_id), self.level), now)
            return True
        return self._put(parcel, now, packet_id=packet_id, dup=dup)

    def _put(self, parcel: Parcel, now: int, *, packet_id: int = 0, dup: bool = False) -> bool:
        """Send one PUBLISH; False if it is larger than the client takes."""
        message = parcel.message
        known = self._given.get(message.topic, 0)
        alias = known or (len(self._given) + 1 if len(self._given) < self._most_given else 0)
        packet = message.packet(
            self.level,
            qos=parcel.qos,
            retain=parcel.retain,
            now=now,
            packet_id=packet_id,
            ids=parcel.ids,
            dup=dup,
            alias=alias,
            bare=known > 0,
        )
        if len(packet) > self.largest:
            self._counters.dropped_too_large += 1
            return False
        if alias and not known:
            self._given[message.topic] = alias
        self.link.put(packet, now)
        return True

    def _next_replayed(self, now: int) -> bool:
        topic_filter, (messages, qos, ids) = next(iter(self._replays.items()))
        message = next(messages, _THE_END)
        if message is _THE_END:
            del self._replays[topic_filter]
            return True
        if isinstance(message, Message):
            self.offer(message, qos=min(qos, message.qos), retain=True, ids=ids, now=now)
        return message is not None
