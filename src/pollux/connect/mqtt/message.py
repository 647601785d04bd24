"""A message on its way out: encoded once for all who hear it in the same form."""

from typing import final

from pollux.clock import SECOND
from pollux.connect.wire import octets, properties
from pollux.connect.wire.packets import V5
from pollux.connect.wire.properties import NONE, Kind, Properties

OVERHEAD = 200  # bytes that a queued message costs beside its topic and payload


@final
class Message:
    """Something that was published. `expires` is an instant, or 0 for never; `source` is the key of its session.

    What is `fleeting` is for those who are there: it is not kept for a client that is away. `place` is where it stands
    in the log: 0 where it does not, below 0 on its way there (the complement of its number in the batch). `ref` is the
    name by which whoever published it can give it again.

    `said` are the properties that a receiver gets too. The bytes before and after the packet identifier are made once
    per level and flag, so that a message to a thousand subscribers is encoded once.
    """

    __slots__ = ("_forms", "expires", "fleeting", "payload", "place", "qos", "ref", "retain", "said", "source", "topic")

    def __init__(
        self,
        topic: bytes,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        said: Properties = NONE,
        expires: int = 0,
        source: object = None,
        fleeting: bool = False,
        place: int = 0,
        ref: str = "",
    ) -> None:
        self.fleeting, self.place, self.ref = fleeting, place, ref
        self.topic, self.payload, self.qos, self.retain = topic, payload, qos, retain
        self.said, self.expires, self.source = said, expires, source
        self._forms: dict[tuple[int, int, bool], bytes] = {}

    def __len__(self) -> int:
        return len(self.topic) + len(self.payload) + OVERHEAD

    def packet(
        self,
        level: int,
        *,
        qos: int,
        retain: bool,
        now: int,
        packet_id: int = 0,
        ids: tuple[int, ...] = (),
        dup: bool = False,
        alias: int = 0,
        bare: bool = False,
    ) -> bytes:
        """The PUBLISH that carries this message to one receiver; `bare` leaves its topic to a known alias."""
        plain = not qos and not ids and not self.expires and not alias
        form = (level, qos, retain)
        if plain and (known := self._forms.get(form)) is not None:
            return known
        middle = octets.u16(packet_id) if qos else b""
        if level >= V5:
            middle += self._properties(ids, now, alias)
        topic = b"" if bare else self.topic
        size = 2 + len(topic) + len(middle) + len(self.payload)
        head = bytes([Kind.PUBLISH << 4 | dup << 3 | qos << 1 | retain]) + octets.varint(size)
        packet = b"".join((head, octets.binary(topic), middle, self.payload))
        if plain:
            self._forms[form] = packet
        return packet

    def _properties(self, ids: tuple[int, ...], now: int, alias: int) -> bytes:
        if self.said is NONE and not ids and not self.expires and not alias:
            return b"\0"
        said = self.said
        left = max(1, -((now - self.expires) // SECOND)) if self.expires else None
        return properties.write(
            Properties(
                payload_format=said.payload_format,
                message_expiry=left,
                content_type=said.content_type,
                response_topic=said.response_topic,
                correlation=said.correlation,
                subscription_ids=ids,
                topic_alias=alias or None,
                user=said.user,
            )
        )
