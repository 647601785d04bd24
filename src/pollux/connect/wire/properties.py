"""The properties of MQTT 5: one table says their number, form and place (OASIS MQTT 5.0, 2.2.2.2)."""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, final

from pollux.connect.wire import octets
from pollux.connect.wire.octets import Reader
from pollux.connect.wire.reasons import malformed, protocol_error


@final
class Kind(IntEnum):
    """The control packets by the number in their first byte; WILL is where a will's properties stand."""

    WILL = 0
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What a packet says beyond the basics; None means that it was not said."""

    payload_format: int | None = None
    message_expiry: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    subscription_ids: tuple[int, ...] = ()
    session_expiry: int | None = None
    assigned_client_id: str | None = None
    server_keep_alive: int | None = None
    authentication_method: str | None = None
    authentication_data: bytes | None = None
    request_problem: int | None = None
    will_delay: int | None = None
    request_response: int | None = None
    response_information: str | None = None
    server_reference: str | None = None
    reason: str | None = None
    receive_maximum: int | None = None
    topic_alias_maximum: int | None = None
    topic_alias: int | None = None
    maximum_qos: int | None = None
    retain_available: int | None = None
    user: tuple[tuple[str, str], ...] = ()
    maximum_packet: int | None = None
    wildcards_available: int | None = None
    subscription_ids_available: int | None = None
    shared_available: int | None = None


NONE = Properties()

_ACKS = frozenset({Kind.PUBACK, Kind.PUBREC, Kind.PUBREL, Kind.PUBCOMP, Kind.SUBACK, Kind.UNSUBACK})
_MESSAGE = frozenset({Kind.PUBLISH, Kind.WILL})
_OPENING = frozenset({Kind.CONNECT, Kind.CONNACK})
_CONNECT = frozenset({Kind.CONNECT})
_CONNACK = frozenset({Kind.CONNACK})
_SIGN = frozenset({Kind.CONNECT, Kind.CONNACK, Kind.AUTH})
_ANY = frozenset(Kind) - {Kind.PINGREQ, Kind.PINGRESP}


@final
@dataclass(frozen=True, slots=True)
class _Form:
    """How one property is written, where it may stand, and between which values it must lie."""

    number: int
    name: str
    form: str
    places: frozenset[Kind]
    low: int = 0
    high: int = 0xFFFFFFFF


_FORMS = (
    _Form(0x01, "payload_format", "u8", _MESSAGE, 0, 1),
    _Form(0x02, "message_expiry", "u32", _MESSAGE),
    _Form(0x03, "content_type", "text", _MESSAGE),
    _Form(0x08, "response_topic", "text", _MESSAGE),
    _Form(0x09, "correlation", "binary", _MESSAGE),
    _Form(0x0B, "subscription_ids", "varint", frozenset({Kind.PUBLISH, Kind.SUBSCRIBE}), 1),
    _Form(0x11, "session_expiry", "u32", frozenset({Kind.CONNECT, Kind.CONNACK, Kind.DISCONNECT})),
    _Form(0x12, "assigned_client_id", "text", _CONNACK),
    _Form(0x13, "server_keep_alive", "u16", _CONNACK),
    _Form(0x15, "authentication_method", "text", _SIGN),
    _Form(0x16, "authentication_data", "binary", _SIGN),
    _Form(0x17, "request_problem", "u8", _CONNECT, 0, 1),
    _Form(0x18, "will_delay", "u32", frozenset({Kind.WILL})),
    _Form(0x19, "request_response", "u8", _CONNECT, 0, 1),
    _Form(0x1A, "response_information", "text", _CONNACK),
    _Form(0x1C, "server_reference", "text", frozenset({Kind.CONNACK, Kind.DISCONNECT})),
    _Form(0x1F, "reason", "text", _ACKS | {Kind.CONNACK, Kind.DISCONNECT, Kind.AUTH}),
    _Form(0x21, "receive_maximum", "u16", _OPENING, 1),
    _Form(0x22, "topic_alias_maximum", "u16", _OPENING),
    _Form(0x23, "topic_alias", "u16", frozenset({Kind.PUBLISH})),
    _Form(0x24, "maximum_qos", "u8", _CONNACK, 0, 1),
    _Form(0x25, "retain_available", "u8", _CONNACK, 0, 1),
    _Form(0x26, "user", "pair", _ANY),
    _Form(0x27, "maximum_packet", "u32", _OPENING, 1),
    _Form(0x28, "wildcards_available", "u8", _CONNACK, 0, 1),
    _Form(0x29, "subscription_ids_available", "u8", _CONNACK, 0, 1),
    _Form(0x2A, "shared_available", "u8", _CONNACK, 0, 1),
)
_BY_NUMBER = {form.number: form for form in _FORMS}
_MANY = frozenset({"user", "subscription_ids"})
assert {form.name for form in _FORMS} == {field.name for field in fields(Properties)}


def _read_value(reader: Reader, form: _Form) -> Any:
    if form.form == "pair":
        return reader.text(), reader.text()
    value = getattr(reader, form.form)()
    if isinstance(value, int) and not form.low <= value <= form.high:
        raise protocol_error(f"expected {form.name} between {form.low} and {form.high}, got {value}")
    return value


def read(reader: Reader, place: Kind) -> Properties:
    """The properties that stand next in a packet of kind `place`."""
    length = reader.varint()
    if not length:
        return NONE
    inner = Reader(reader.take(length))
    found: dict[str, Any] = {}
    while inner.left():
        number = inner.varint()
        form = _BY_NUMBER.get(number)
        if form is None or place not in form.places:
            raise malformed(f"expected a property of {place.name}, got 0x{number:02x}")
        value = _read_value(inner, form)
        if form.name in _MANY:
            found[form.name] = (*found.get(form.name, ()), value)
        elif form.name in found:
            raise protocol_error(f"expected {form.name} once")
        else:
            found[form.name] = value
    if place is Kind.SUBSCRIBE and len(found.get("subscription_ids", ())) > 1:
        raise protocol_error("expected one subscription identifier")
    return Properties(**found)


def _written(form: _Form, value: Any) -> bytes:
    number = octets.varint(form.number)
    if form.form == "pair":
        return number + octets.text(value[0]) + octets.text(value[1])
    if form.form == "u8":
        return number + bytes([value])
    return number + getattr(octets, form.form)(value)  # type: ignore[no-any-return]


def write(properties: Properties) -> bytes:
    """The properties with their length before them."""
    if properties is NONE:
        return b"\0"
    parts: list[bytes] = []
    for form in _FORMS:
        value = getattr(properties, form.name)
        if value is not None:
            parts += [_written(form, one) for one in (value if form.name in _MANY else (value,))]
    body = b"".join(parts)
    return octets.varint(len(body)) + body
