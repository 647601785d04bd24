"""From the bytes of one control packet to its value; whatever breaks a rule is refused with the reason."""

from collections.abc import Callable

from pollux.connect.wire import properties
from pollux.connect.wire.octets import LARGEST_VARINT, Reader, checked_text
from pollux.connect.wire.packets import (
    V5,
    Ack,
    Answers,
    Connack,
    Connect,
    Farewell,
    Packet,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    Will,
    Wish,
)
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import PacketRefused, Reason, malformed, protocol_error

_FLAGS = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}


def header(buffer: bytes | bytearray | memoryview, start: int, end: int) -> tuple[int, int] | None:
    """(offset of the body, offset of its end) of the packet at `start`, or None if its header is not whole yet.

    >>> header(bytes([0xC0, 0]), 0, 2), header(bytes([0x30, 0x80]), 0, 2)
    ((2, 2), None)
    """
    value = 0
    for place in range(4):
        at = start + 1 + place
        if at >= end:
            return None
        value |= (buffer[at] & 0x7F) << (7 * place)
        if buffer[at] < 0x80:
            return at + 1, at + 1 + value
    raise malformed(f"expected a packet of at most {LARGEST_VARINT} bytes")


def decode(first: int, body: bytes, level: int) -> Packet:
    """The packet of a first byte and a body, in the rules of a protocol level (4 or 5).

    >>> decode(0xC0, b"", 4)
    Ping(kind=<Kind.PINGREQ: 12>)
    """
    kind = Kind(first >> 4)
    if kind is Kind.PUBLISH:
        return _publish(first, body, level)
    if kind is Kind.WILL or (kind is Kind.AUTH and level < V5):
        raise malformed(f"expected a control packet, got type {first >> 4}")
    if first & 15 != _FLAGS.get(kind, 0):
        raise malformed(f"expected the flags of {kind.name}, got {first & 15}")
    reader = Reader(body)
    packet = _DECODERS[kind](reader, kind, level)
    reader.done()
    return packet


def _properties(reader: Reader, place: Kind, level: int) -> Properties:
    return properties.read(reader, place) if level >= V5 else NONE


def _packet_id(reader: Reader) -> int:
    packet_id = reader.u16()
    if not packet_id:
        raise protocol_error("expected a packet identifier, got 0")
    return packet_id


def _publish(first: int, body: bytes, level: int) -> Publish:
    reader, qos, dup = Reader(body), first >> 1 & 3, bool(first & 8)
    if qos == 3 or (dup and not qos):
        raise malformed(f"expected the flags of PUBLISH, got {first & 15}")
    topic = reader.binary()
    checked_text(topic)
    packet_id = _packet_id(reader) if qos else 0
    said = _properties(reader, Kind.PUBLISH, level)
    if said.subscription_ids:
        raise protocol_error("expected no subscription identifier from a client")
    return Publish(topic, reader.rest(), qos, bool(first & 1), dup, packet_id, said)


def _connect(reader: Reader, _: Kind, __: int) -> Connect:
    name, level = reader.binary(), reader.u8()
    if (name, level) not in ((b"MQTT", 4), (b"MQTT", 5)):
        known = name in (b"MQTT", b"MQIsdp")
        raise (
            PacketRefused(Reason.UNSUPPORTED_VERSION, f"expected MQTT 3.1.1 or 5, got level {level}")
            if known
            else (protocol_error("expected the protocol MQTT"))
        )
    flags, keep_alive = reader.u8(), reader.u16()
    if flags & 1:
        raise malformed("expected the reserved flag of CONNECT to be 0")
    said = _properties(reader, Kind.CONNECT, level)
    client_id = reader.text()
    will = _will(reader, flags, level)
    if flags & 0x40 and not flags & 0x80 and level < V5:
        raise malformed("expected a user name with the password")
    username = reader.text() if flags & 0x80 else None
    password = reader.binary() if flags & 0x40 else None
    return Connect(level, client_id, bool(flags & 2), keep_alive, username, password, will, said)


def _will(reader: Reader, flags: int, level: int) -> Will | None:
    qos = flags >> 3 & 3
    if not flags & 4:
        if flags & 0x38:
            raise malformed("expected no will flags without a will")
        return None
    if qos == 3:
        raise malformed("expected a will with QoS 0, 1 or 2")
    said = _properties(reader, Kind.WILL, level)
    return Will(reader.text(), reader.binary(), qos, bool(flags & 0x20), said)


def _connack(reader: Reader, _: Kind, level: int) -> Connack:
    flags, code = reader.u8(), reader.u8()
    if flags > 1:
        raise malformed("expected the flags of CONNACK")
    return Connack(code, bool(flags), _properties(reader, Kind.CONNACK, level))


def _ack(reader: Reader, kind: Kind, level: int) -> Ack:
    packet_id = _packet_id(reader)
    if level < V5 or not reader.left():
        return Ack(kind, packet_id)
    reason = reader.u8()
    return Ack(kind, packet_id, reason, properties.read(reader, kind) if reader.left() else NONE)


def _subscribe(reader: Reader, _: Kind, level: int) -> Subscribe:
    packet_id = _packet_id(reader)
    said = _properties(reader, Kind.SUBSCRIBE, level)
    wishes: list[Wish] = []
    while reader.left():
        wishes.append(_wish(reader.text(), reader.u8(), level))
    if not wishes:
        raise protocol_error("expected a topic filter in SUBSCRIBE")
    return Subscribe(packet_id, tuple(wishes), said)


def _wish(topic_filter: str, options: int, level: int) -> Wish:
    qos, retained = options & 3, options >> 4 & 3
    if qos == 3 or retained == 3 or options & (0xC0 if level >= V5 else 0xFC):
        raise malformed(f"expected the options of a subscription, got 0x{options:02x}")
    return Wish(topic_filter, qos, bool(options & 4), bool(options & 8), retained)


def _unsubscribe(reader: Reader, _: Kind, level: int) -> Unsubscribe:
    packet_id = _packet_id(reader)
    said = _properties(reader, Kind.UNSUBSCRIBE, level)
    filters: list[str] = []
    while reader.left():
        filters.append(reader.text())
    if not filters:
        raise protocol_error("expected a topic filter in UNSUBSCRIBE")
    return Unsubscribe(packet_id, tuple(filters), said)


def _answers(reader: Reader, kind: Kind, level: int) -> Answers:
    packet_id = _packet_id(reader)
    return Answers(kind, packet_id, properties=_properties(reader, kind, level), codes=tuple(reader.rest()))


def _ping(_: Reader, kind: Kind, __: int) -> Ping:
    return Ping(kind)


def _farewell(reader: Reader, kind: Kind, level: int) -> Farewell:
    if level < V5 or not reader.left():
        return Farewell(kind)
    reason = reader.u8()
    return Farewell(kind, reason, properties.read(reader, kind) if reader.left() else NONE)


_DECODERS: dict[Kind, Callable[[Reader, Kind, int], Packet]] = {
    Kind.CONNECT: _connect,
    Kind.CONNACK: _connack,
    Kind.PUBACK: _ack,
    Kind.PUBREC: _ack,
    Kind.PUBREL: _ack,
    Kind.PUBCOMP: _ack,
    Kind.SUBSCRIBE: _subscribe,
    Kind.SUBACK: _answers,
    Kind.UNSUBSCRIBE: _unsubscribe,
    Kind.UNSUBACK: _answers,
    Kind.PINGREQ: _ping,
    Kind.PINGRESP: _ping,
    Kind.DISCONNECT: _farewell,
    Kind.AUTH: _farewell,
}
