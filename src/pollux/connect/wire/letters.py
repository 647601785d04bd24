"""What was refused before it became a message, as refusals: so that the page says why, where MQTT 3.1.1 cannot."""

from collections.abc import Callable
from typing import Final, TypeAlias

from pollux.columns.batch import Refusal
from pollux.columns.frames import Origin
from pollux.columns.quality import Reason as Why
from pollux.connect.wire.decode import header
from pollux.connect.wire.octets import Reader
from pollux.connect.wire.packets import V5
from pollux.connect.wire.properties import Kind
from pollux.connect.wire.reasons import PacketRefused, Reason

Told: TypeAlias = Callable[[Refusal], None]

NO_FRAME: Final = -1
"""Of a refusal that belongs to no frame: the message never became one."""

BEGINNING: Final = 2_048
"""Bytes of a packet that are looked at, to say what it was."""

_WHY: Final = {
    Reason.MALFORMED_PACKET: Why.MALFORMED,
    Reason.PAYLOAD_FORMAT_INVALID: Why.MALFORMED,
    Reason.PACKET_TOO_LARGE: Why.TOO_LARGE,
    Reason.NOT_AUTHORIZED: Why.NOT_ALLOWED,
    Reason.TOPIC_NAME_INVALID: Why.UNKNOWN_TOPIC,
}


def nobody(refusal: Refusal) -> None:
    """Tell nobody."""


def letter(
    origin: Origin, now: int, reason: Reason, detail: str, *, topic: bytes = b"", payload: bytes = b""
) -> Refusal:
    """The refusal of a message that was not taken, with the reason that the client was, or would have been, told.

    >>> told = letter(Origin("", "P-7"), 0, Reason.PACKET_TOO_LARGE, "expected less", topic=b"twins/Pump/P-7/telemetry")
    >>> told.reason.sentence, told.topic
    ('the payload is too large', 'twins/Pump/P-7/telemetry')
    """
    why = _WHY.get(reason, Why.PROTOCOL)
    return Refusal.of(NO_FRAME, now, origin, why, detail, topic=topic, payload=payload)


def publishing(packet: bytes, level: int) -> tuple[bytes, bytes]:
    """Topic and the beginning of the payload of a PUBLISH that may have come in part; empty where it is none.

    >>> publishing(bytes([0x30, 0xff, 0x7f, 0, 3]) + b"a/b" + b"hello", 4)
    (b'a/b', b'hello')
    """
    try:
        found = header(packet, 0, len(packet))
        if packet[0] >> 4 != Kind.PUBLISH or found is None:
            return b"", b""
        reader = Reader(packet[found[0] : found[0] + BEGINNING])
        topic = reader.binary()
        if packet[0] >> 1 & 3:
            reader.u16()
        if level >= V5:
            reader.take(reader.varint())
        return topic, reader.rest()
    except PacketRefused:
        return b"", b""
