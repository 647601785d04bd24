"""From the value of a control packet to its bytes."""

from functools import singledispatch

from pollux.connect.wire import octets, properties
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
    Wish,
)
from pollux.connect.wire.properties import NONE, Kind, Properties

_FLAGS = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}


def encode(packet: Packet, level: int) -> bytes:
    """The bytes of a packet in the rules of a protocol level (4 or 5).

    >>> encode(Ack(Kind.PUBACK, 7), 5).hex(), encode(Ping(Kind.PINGRESP), 4).hex()
    ('40020007', 'd000')
    """
    first, body = _parts(packet, level)
    return bytes([first]) + octets.varint(len(body)) + body


def _said(said: Properties, level: int) -> bytes:
    return properties.write(said) if level >= V5 else b""


def _reasoned(reason: int, said: Properties, level: int) -> bytes:
    """A reason and properties, left out as far as they say nothing."""
    if level < V5 or (not reason and said is NONE):
        return b""
    return bytes([reason]) + (b"" if said is NONE else properties.write(said))


@singledispatch
def _parts(packet: Packet, level: int) -> tuple[int, bytes]:
    raise TypeError(f"expected a control packet, got {packet!r}")


@_parts.register
def _(packet: Connect, level: int) -> tuple[int, bytes]:
    flags = packet.clean << 1 | (packet.username is not None) << 7 | (packet.password is not None) << 6
    will = b""
    if packet.will is not None:
        flags |= 4 | packet.will.qos << 3 | packet.will.retain << 5
        said = _said(packet.will.properties, packet.level)
        will = said + octets.text(packet.will.topic) + octets.binary(packet.will.payload)
    head = octets.text("MQTT") + bytes([packet.level, flags]) + octets.u16(packet.keep_alive)
    who = octets.text(packet.client_id) + will
    who += octets.text(packet.username) if packet.username is not None else b""
    who += octets.binary(packet.password) if packet.password is not None else b""
    return Kind.CONNECT << 4, head + _said(packet.properties, packet.level) + who


@_parts.register
def _(packet: Connack, level: int) -> tuple[int, bytes]:
    return Kind.CONNACK << 4, bytes([packet.session_present, packet.code]) + _said(packet.properties, level)


@_parts.register
def _(packet: Publish, level: int) -> tuple[int, bytes]:
    first = Kind.PUBLISH << 4 | packet.dup << 3 | packet.qos << 1 | packet.retain
    packet_id = octets.u16(packet.packet_id) if packet.qos else b""
    return first, octets.binary(packet.topic) + packet_id + _said(packet.properties, level) + packet.payload


@_parts.register
def _(packet: Ack, level: int) -> tuple[int, bytes]:
    body = octets.u16(packet.packet_id) + _reasoned(packet.reason, packet.properties, level)
    return packet.kind << 4 | _FLAGS.get(packet.kind, 0), body


def _options(wish: Wish) -> bytes:
    return bytes([wish.qos | wish.no_local << 2 | wish.as_published << 3 | wish.retained << 4])


@_parts.register
def _(packet: Subscribe, level: int) -> tuple[int, bytes]:
    lines = b"".join(octets.text(wish.filter) + _options(wish) for wish in packet.wishes)
    return Kind.SUBSCRIBE << 4 | 2, octets.u16(packet.packet_id) + _said(packet.properties, level) + lines


@_parts.register
def _(packet: Unsubscribe, level: int) -> tuple[int, bytes]:
    lines = b"".join(map(octets.text, packet.filters))
    return Kind.UNSUBSCRIBE << 4 | 2, octets.u16(packet.packet_id) + _said(packet.properties, level) + lines


@_parts.register
def _(packet: Answers, level: int) -> tuple[int, bytes]:
    # In 3.1.1 an UNSUBACK has no codes: its arrival is the answer.
    codes = bytes(packet.codes) if level >= V5 or packet.kind is Kind.SUBACK else b""
    return packet.kind << 4, octets.u16(packet.packet_id) + _said(packet.properties, level) + codes


@_parts.register
def _(packet: Ping, level: int) -> tuple[int, bytes]:
    return packet.kind << 4, b""


@_parts.register
def _(packet: Farewell, level: int) -> tuple[int, bytes]:
    return packet.kind << 4, _reasoned(packet.reason, packet.properties, level)
