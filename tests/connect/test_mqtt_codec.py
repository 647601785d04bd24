"""Control packets: what is encoded is decoded again, and whatever breaks a rule is refused with the right reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.connect.wire import octets, properties
from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.encode import encode
from pollux.connect.wire.octets import Reader
from pollux.connect.wire.packets import (
    V3,
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
from pollux.connect.wire.reasons import PacketRefused, Reason

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
BYTES = st.binary(max_size=20)
IDS = st.integers(1, 65_535)
BYTE = st.integers(0, 255)


def _values(form: Any) -> st.SearchStrategy[Any]:
    high = {"u8": 255, "u16": 65_535, "u32": 2**32 - 1, "varint": octets.LARGEST_VARINT}.get(form.form)
    if high is not None:
        return st.integers(form.low, min(form.high, high))
    return {"text": TEXTS, "binary": BYTES, "pair": st.tuples(TEXTS, TEXTS)}[form.form]


@st.composite
def said(draw: st.DrawFn, place: Kind, level: int, *, client: bool = True) -> Properties:
    """Any properties that may stand in a packet."""
    if level < V5 or draw(st.booleans()):
        return NONE
    chosen: dict[str, Any] = {}
    for form in properties._FORMS:
        if place not in form.places or (form.name == "subscription_ids" and client and place is Kind.PUBLISH):
            continue
        if draw(st.booleans()):
            many = form.name == "user"
            one = form.name == "subscription_ids"
            value = draw(
                st.lists(_values(form), min_size=1, max_size=1 if one else 3) if many or one else _values(form)
            )
            chosen[form.name] = tuple(value) if many or one else value
    return Properties(**chosen) if chosen else NONE


@st.composite
def packets(draw: st.DrawFn, level: int) -> Packet:
    """Any control packet of a level."""
    kind = draw(
        st.sampled_from([kind for kind in Kind if kind is not Kind.WILL and (level >= V5 or kind is not Kind.AUTH)])
    )
    props = lambda place=kind: draw(said(place, level))  # noqa: E731
    reason = draw(BYTE) if level >= V5 else 0
    if kind is Kind.CONNECT:
        qos = draw(st.integers(0, 2))
        will = Will(draw(TEXTS), draw(BYTES), qos, draw(st.booleans()), props(Kind.WILL))
        user = draw(st.none() | TEXTS)
        password = draw(st.none() | BYTES) if user is not None or level >= V5 else None
        words = (draw(TEXTS), draw(st.booleans()), draw(st.integers(0, 65_535)), user, password)
        return Connect(level, *words, will if draw(st.booleans()) else None, props())
    if kind is Kind.CONNACK:
        return Connack(draw(BYTE), draw(st.booleans()), props())
    if kind is Kind.PUBLISH:
        qos = draw(st.integers(0, 2))
        flags = (qos, draw(st.booleans()), bool(qos) and draw(st.booleans()), draw(IDS) if qos else 0)
        return Publish(draw(TEXTS).encode(), draw(BYTES), *flags, props())
    if kind in (Kind.PUBACK, Kind.PUBREC, Kind.PUBREL, Kind.PUBCOMP):
        return Ack(kind, draw(IDS), reason, props())
    if kind is Kind.SUBSCRIBE:
        options = (
            (st.booleans(), st.booleans(), st.integers(0, 2)) if level >= V5 else (st.just(False),) * 2 + (st.just(0),)
        )
        wish = st.builds(Wish, TEXTS, st.integers(0, 2), *options)
        return Subscribe(draw(IDS), tuple(draw(st.lists(wish, min_size=1, max_size=3))), props())
    if kind is Kind.UNSUBSCRIBE:
        return Unsubscribe(draw(IDS), tuple(draw(st.lists(TEXTS, min_size=1, max_size=3))), props())
    if kind in (Kind.SUBACK, Kind.UNSUBACK):
        codes = tuple(draw(st.lists(BYTE, max_size=3))) if level >= V5 or kind is Kind.SUBACK else ()
        return Answers(kind, draw(IDS), codes, props())
    if kind in (Kind.PINGREQ, Kind.PINGRESP):
        return Ping(kind)
    return Farewell(kind, reason, props())


def refusal(first: int, body: bytes, level: int) -> Reason | None:
    try:
        decode(first, body, level)
    except PacketRefused as error:
        return error.reason
    return None


def back(raw: bytes, level: int) -> Packet:
    found = header(raw, 0, len(raw))
    assert found is not None
    assert found[1] == len(raw)
    return decode(raw[0], raw[found[0] :], level)


@given(st.sampled_from([V3, V5]).flatmap(lambda level: st.tuples(st.just(level), packets(level))))
def test_what_is_encoded_is_decoded_again(case: tuple[int, Packet]) -> None:
    """Every packet of both versions, with all properties that may stand in it, survives the way to bytes and back."""
    level, packet = case
    raw = encode(packet, level)
    assert back(raw, packet.level if isinstance(packet, Connect) else level) == packet


@given(st.sampled_from([V3, V5]).flatmap(lambda level: st.tuples(st.just(level), packets(level))), st.data())
def test_a_cut_packet_is_refused_or_another_valid_one(case: tuple[int, Packet], data: st.DataObject) -> None:
    """A packet that lost its tail never crashes the decoder: it is refused, or the rest happens to be valid."""
    level, packet = case
    raw = encode(packet, level)
    body = raw[header(raw, 0, len(raw))[0] :]  # type: ignore[index]
    cut = data.draw(st.integers(0, len(body)))
    reason = refusal(raw[0], body[:cut], level)
    assert reason is None or reason >= Reason.UNSPECIFIED


@given(st.integers(0, 255), st.binary(max_size=60), st.sampled_from([V3, V5]))
def test_any_bytes_are_decoded_or_refused(first: int, body: bytes, level: int) -> None:
    """Arbitrary bytes lead to a packet or to a refusal with a reason, never to another error."""
    known = (None, Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR, Reason.UNSUPPORTED_VERSION)
    assert refusal(first, body, level) in known


@given(st.integers(0, octets.LARGEST_VARINT))
def test_variable_integers_are_as_short_as_can_be(value: int) -> None:
    """A variable integer comes back, in the length that the standard's table gives."""
    raw = octets.varint(value)
    assert Reader(raw).varint() == value
    assert len(raw) == 1 + (value > 127) + (value > 16_383) + (value > 2_097_151)


CONNECT_3 = "00044d515454 04"
CONNECT_5 = "00044d515454 05"

MALFORMED = [
    # (first byte, body, level, reason, what is wrong)
    (0x00, "", V3, Reason.MALFORMED_PACKET, "type 0"),
    (0xF0, "", V3, Reason.MALFORMED_PACKET, "AUTH in 3.1.1"),
    (0x11, f"{CONNECT_3} 02 0000 0000", V3, Reason.MALFORMED_PACKET, "flags of CONNECT"),
    (0x10, f"{CONNECT_3} 03 0000 0000", V3, Reason.MALFORMED_PACKET, "reserved connect flag"),
    (0x10, f"{CONNECT_3} 1e 0000 0000 0001 61 0000", V3, Reason.MALFORMED_PACKET, "will QoS 3"),
    (0x10, f"{CONNECT_3} 0a 0000 0000", V3, Reason.MALFORMED_PACKET, "will QoS without will"),
    (0x10, f"{CONNECT_3} 22 0000 0000", V3, Reason.MALFORMED_PACKET, "will retain without will"),
    (0x10, f"{CONNECT_3} 42 0000 0000 0001 70", V3, Reason.MALFORMED_PACKET, "password without user name in 3.1.1"),
    (0x10, f"{CONNECT_3} 02 0000 0000 00", V3, Reason.MALFORMED_PACKET, "bytes behind CONNECT"),
    (0x10, "0004 4d515454 03 02 0000 0000", V3, Reason.UNSUPPORTED_VERSION, "level 3 of MQTT"),
    (0x10, "0004 4d515454 06 02 0000 0000", V3, Reason.UNSUPPORTED_VERSION, "level 6"),
    (0x10, "0006 4d51497364 70 03 02 0000 0000", V3, Reason.UNSUPPORTED_VERSION, "MQIsdp"),
    (0x10, "0004 4d515455 04 02 0000 0000", V3, Reason.PROTOCOL_ERROR, "another protocol"),
    (0x10, f"{CONNECT_3} 02 0000 0003 61", V3, Reason.MALFORMED_PACKET, "client id cut short"),
    (0x10, f"{CONNECT_3} 02 0000 0002 c328", V3, Reason.MALFORMED_PACKET, "client id not UTF-8"),
    (0x10, f"{CONNECT_3} 02 0000 0003 eda080", V3, Reason.MALFORMED_PACKET, "client id with a surrogate"),
    (0x10, f"{CONNECT_3} 02 0000 0001 00", V3, Reason.MALFORMED_PACKET, "client id with U+0000"),
    (0x10, f"{CONNECT_5} 02 0000 05 1100000001 0000 00", V5, Reason.MALFORMED_PACKET, "bytes behind CONNECT 5"),
    (0x10, f"{CONNECT_5} 02 0000 0a 1100000001 1100000001 0000", V5, Reason.PROTOCOL_ERROR, "a property twice"),
    (0x10, f"{CONNECT_5} 02 0000 03 210000 0000", V5, Reason.PROTOCOL_ERROR, "receive maximum 0"),
    (0x10, f"{CONNECT_5} 02 0000 05 2700000000 0000", V5, Reason.PROTOCOL_ERROR, "maximum packet size 0"),
    (0x10, f"{CONNECT_5} 02 0000 02 1702 0000", V5, Reason.PROTOCOL_ERROR, "request problem information 2"),
    (0x10, f"{CONNECT_5} 02 0000 02 0101 0000", V5, Reason.MALFORMED_PACKET, "payload format in CONNECT"),
    (0x10, f"{CONNECT_5} 02 0000 02 7f01 0000", V5, Reason.MALFORMED_PACKET, "a property that does not exist"),
    (0x10, f"{CONNECT_5} 02 0000 ff 0000", V5, Reason.MALFORMED_PACKET, "properties longer than the packet"),
    (0x10, f"{CONNECT_5} 02 0000 8000 0000", V5, Reason.MALFORMED_PACKET, "a length not in its shortest form"),
    (0x36, "0001 61 0001", V3, Reason.MALFORMED_PACKET, "QoS 3"),
    (0x38, "0001 61", V3, Reason.MALFORMED_PACKET, "DUP at QoS 0"),
    (0x32, "0001 61 0000", V3, Reason.PROTOCOL_ERROR, "packet id 0"),
    (0x32, "0001 61", V3, Reason.MALFORMED_PACKET, "no packet id"),
    (0x30, "0005 61", V3, Reason.MALFORMED_PACKET, "topic longer than the packet"),
    (0x30, "0001 00", V3, Reason.MALFORMED_PACKET, "topic with U+0000"),
    (0x30, "0001 61 02 0b01", V5, Reason.PROTOCOL_ERROR, "subscription id from a client"),
    (0x30, "0001 61 02 0102", V5, Reason.PROTOCOL_ERROR, "payload format 2"),
    (0x30, "0001 61 03 2300", V5, Reason.MALFORMED_PACKET, "topic alias cut short"),
    (0x80, "0001 0001 61 00", V3, Reason.MALFORMED_PACKET, "flags of SUBSCRIBE"),
    (0x82, "0000 0001 61 00", V3, Reason.PROTOCOL_ERROR, "SUBSCRIBE with packet id 0"),
    (0x82, "0001", V3, Reason.PROTOCOL_ERROR, "SUBSCRIBE without a filter"),
    (0x82, "0001 0001 61", V3, Reason.MALFORMED_PACKET, "SUBSCRIBE without options"),
    (0x82, "0001 0001 61 03", V3, Reason.MALFORMED_PACKET, "subscription at QoS 3"),
    (0x82, "0001 0001 61 04", V3, Reason.MALFORMED_PACKET, "option bits in 3.1.1"),
    (0x82, "0001 00 0001 61 30", V5, Reason.MALFORMED_PACKET, "retain handling 3"),
    (0x82, "0001 00 0001 61 40", V5, Reason.MALFORMED_PACKET, "reserved option bits"),
    (0x82, "0001 02 0b00 0001 61 00", V5, Reason.PROTOCOL_ERROR, "subscription id 0"),
    (0x82, "0001 04 0b010b02 0001 61 00", V5, Reason.PROTOCOL_ERROR, "two subscription ids"),
    (0xA2, "0001", V3, Reason.PROTOCOL_ERROR, "UNSUBSCRIBE without a filter"),
    (0xA0, "0001 0001 61", V3, Reason.MALFORMED_PACKET, "flags of UNSUBSCRIBE"),
    (0x40, "00", V3, Reason.MALFORMED_PACKET, "PUBACK cut short"),
    (0x40, "0001 00", V3, Reason.MALFORMED_PACKET, "PUBACK with a reason in 3.1.1"),
    (0x40, "0000", V3, Reason.PROTOCOL_ERROR, "PUBACK for packet id 0"),
    (0x60, "0001", V3, Reason.MALFORMED_PACKET, "flags of PUBREL"),
    (0xC1, "", V3, Reason.MALFORMED_PACKET, "flags of PINGREQ"),
    (0xC0, "00", V3, Reason.MALFORMED_PACKET, "PINGREQ with a body"),
    (0xE0, "00", V3, Reason.MALFORMED_PACKET, "DISCONNECT with a body in 3.1.1"),
    (0xE0, "00 02 2100", V5, Reason.MALFORMED_PACKET, "a property that DISCONNECT has not"),
]


@pytest.mark.parametrize(("first", "body", "level", "reason", "what"), MALFORMED, ids=[case[4] for case in MALFORMED])
def test_broken_rules_have_their_reason(first: int, body: str, level: int, reason: Reason, what: str) -> None:
    """Each rule of the standard that a packet can break by itself is told by the right reason code."""
    with pytest.raises(PacketRefused) as refused:
        decode(first, bytes.fromhex(body), level)
    assert refused.value.reason is reason, what


def test_a_length_of_five_bytes_is_malformed() -> None:
    """A remaining length whose fourth byte goes on is refused before anything is waited for."""
    assert header(bytes([0x30, 0xFF, 0xFF, 0xFF]), 0, 4) is None
    with pytest.raises(PacketRefused):
        header(bytes([0x30, 0xFF, 0xFF, 0xFF, 0xFF]), 0, 5)


def test_no_password_is_in_a_repr() -> None:
    """A CONNECT that is printed shows no password."""
    assert "hush" not in repr(Connect(V5, "c", username="u", password=b"hush"))
