import json
import math

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import Bounds, Refused, mqtt, pack_block
from pollux.columns import Encoding, Origin, Reason, Refusal
from tests.check.wire import DEVICE, NOW, decoder, frame, heard, native, refusals, samples

GOOD = native({"temp": 300})
WORDS = ["temp", "speed", "t", "seq", "boot", "fuel", "here", "line", "x", "value", "unit"]


@pytest.mark.parametrize(
    ("message", "reason", "detail"),
    [
        (frame("other/P-1", b"{}"), "UNKNOWN_TOPIC", "expected a topic that a mapping knows, got 'other/P-1'"),
        (frame("twins/Fan/P-1/telemetry", b"{}"), "UNKNOWN_TOPIC", "expected a topic that a mapping knows"),
        (native({"temp": 1}, "a b"), "BAD_ID", "expected letters, digits"),
        (native(b"{nope"), "MALFORMED", "expected JSON, got bytes that are not"),
        (native(b""), "MALFORMED", "expected JSON"),
        (native(b"[" * 100_000), "MALFORMED", "expected JSON"),
        (native(b"\xff", encoding=Encoding.CBOR), "MALFORMED", "expected CBOR"),
        (native(b"PXB1\xff\xff\xff\xff"), "MALFORMED", "expected BINARY"),
        (native(b'{"temp": 1}', encoding=77), "MALFORMED", "expected a known encoding, got 77"),
        (native({"tmp": 1}), "UNKNOWN_SIGNAL", "expected a signal of Pump, got 'tmp' - at $.tmp"),
        (native({"wear": 1}), "WRONG_ROLE", "got the hidden wear - at $.wear"),
        (native({"room": 1}), "WRONG_ROLE", "got the parameter room - at $.room"),
        (native({"temp": "hot"}), "WRONG_TYPE", "expected a number, got 'hot' - at $.temp"),
        (native({"temp": True}), "WRONG_TYPE", "expected a number, got true or false - at $.temp"),
        (native({"running": 2}), "WRONG_TYPE", "expected true or false, got 2 - at $.running"),
        (native({"fuel": "coal"}), "WRONG_TYPE", "expected one of gas, oil, got 'coal' - at $.fuel"),
        (native({"line": 5}), "WRONG_TYPE", "expected a text, got 5 - at $.line"),
        (native({"line": "x" * 5000}), "TOO_LARGE", "at most 4096 characters, got 5000 - at $.line"),
        (native({"here": [1]}), "WRONG_TYPE", "expected [x, y, z]"),
        (native({"temp": {"value": 1, "unit": "bananas"}}), "WRONG_UNIT", "expected K or a unit like it"),
        (native({"temp": {"value": 1, "unit": ["K"]}}), "WRONG_UNIT", "expected a unit, got list of 1"),
        (native({"temp": {"val": 1}}), "WRONG_TYPE", 'expected a number or {"value", "unit", "quality"}'),
        (native({"temp": {"value": 1, "quality": "poor"}}), "WRONG_TYPE", "expected good, uncertain or bad"),
        (native(5), "WRONG_TYPE", "expected an object of signals, got int"),
        (native([5]), "WRONG_TYPE", "expected an object of signals, got int - at $[0]"),
        (native({"temp": 1, "t": "now"}), "BAD_TIME", "expected an ISO 8601 time, got 'now' - at $.t"),
        (native({"temp": [1], "t": 5}), "BAD_TIME", "expected a list of 1 times, got one - at $.t"),
        (native({"temp": [1], "t": [None, 5]}), "MALFORMED", "expected columns of one length, got [1, 2]"),
        (native({"temp": [1], "t": ["x"]}), "BAD_TIME", "at $.t[0]"),
        (native({"temp": [1, "x"]}), "WRONG_TYPE", "got 'x' - at $.temp[1]"),
        (native({"temp": 1, "seq": -1}), "BAD_SEQUENCE", "expected a count from 0 below 1e18 - at $.seq"),
        (native({"temp": 1, "seq": 1.5}), "BAD_SEQUENCE", "at $.seq"),
        (native({"temp": 1, "boot": ""}), "BAD_SEQUENCE", "at $.boot"),
        (native({"temp": [1], "seq": ["a"]}), "BAD_SEQUENCE", "expected a list of counts"),
        (native(pack_block(["wear"], [[1.0]])), "WRONG_ROLE", "at $.wear"),
        (native(pack_block(["fuel"], [[1.0]])), "WRONG_TYPE", "expected a number in a packed block, got a choice"),
        (
            native(b"x" * 300_000, encoding=Encoding.TEXT),
            "TOO_LARGE",
            "expected a payload of at most 200000 bytes, got 300000",
        ),
        (native({"temp": [1.0] * 100}), "TOO_MANY", "expected at most 50 samples in a payload"),
        (native([{}] * 100), "TOO_MANY", "expected at most 50 samples in a payload"),
        (native(pack_block(["temp"], [[1.0] * 100], type="i2")), "TOO_MANY", "expected at most 50 samples"),
        (native(cbor2.dumps({"temp": 2**5000}), encoding=Encoding.CBOR), "WRONG_TYPE", "a number of 64 bits"),
        (
            native(cbor2.dumps(cbor2.CBORTag(35, "(a+)+$")), encoding=Encoding.CBOR),
            "MALFORMED",
            "semantic tag",
        ),
        (
            native(b"\xc5\x82\x1b\x00\x00\x00\x02\x54\x0b\xe4\x00\x01", encoding=Encoding.CBOR),
            "MALFORMED",
            "semantic tag",
        ),
        (native(b"\xd8\x1c\x81\xd8\x1d\x00", encoding=Encoding.CBOR), "MALFORMED", "semantic tag"),
        (native(cbor2.dumps({5: 1}), encoding=Encoding.CBOR), "MALFORMED", "expected CBOR"),
        (native(b"\x81\x05\x01", encoding=Encoding.MSGPACK), "MALFORMED", "expected MSGPACK"),
        (native(b"\x91" * 100_000, encoding=Encoding.MSGPACK), "MALFORMED", "expected MSGPACK"),
        (frame("p/P-1/temp", b"warm"), "WRONG_TYPE", "expected a number, got 'warm'"),
        (frame("p/P-1/tmp", b"1"), "UNKNOWN_SIGNAL", "got 'tmp'"),
        (frame("p/P-1/temp", {"val": 1}), "WRONG_TYPE", 'expected a value or {"value": ...} of temp'),
    ],
)
def test_every_fault_has_a_reason_and_a_place_and_disturbs_nothing_else(message, reason, detail):
    """Messages before and after a refused one are taken as if it had never come."""
    made = decoder(mqtt("p/{id}/{signal}"), bounds=Bounds(payload=200_000, samples=50))
    found = heard(made, GOOD, message, GOOD)
    others = found.batches["Pump"].select(found.batches["Pump"].frame != 1)
    assert others.value.tolist() == [300.0, 300.0]
    told = [one for one in found.refusals if one.reason.name == reason]
    assert len(told) == 1
    assert told[0].frame == 1
    assert told[0].origin == DEVICE
    assert told[0].arrival == NOW
    assert detail in told[0].detail


def test_an_unknown_key_does_not_spoil_the_others():
    """What can be taken of a message is taken."""
    found = heard(decoder(), native({"temp": 300, "wear": 1, "speed": "fast", "vibration": 0.5}))
    assert samples(found) == [("temp", 300.0), ("vibration", 0.5)]
    assert [reason for _, reason, _ in refusals(found)] == ["WRONG_ROLE", "WRONG_TYPE"]


def test_an_excerpt_shows_what_came_and_no_more():
    """The beginning of the payload, printable, whatever the bytes are."""
    found = heard(decoder(), native(b'{"temp": \xff\x1b[31m\n' + b"x" * 500))
    (refusal,) = found.refusals
    assert refusal.excerpt.startswith('{"temp": \\xff\\x1b[31m\\n')
    assert refusal.excerpt.isprintable()
    assert len(refusal.excerpt) < 200
    assert refusal.topic == "twins/Pump/P-1/telemetry"


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=4),
                st.dictionaries(
                    st.sampled_from(
                        ["temp", "speed", "t", "seq", "boot", "fuel", "here", "line", "x", "value", "unit"]
                    ),
                    inner,
                    max_size=5,
                ),
            ),
            max_leaves=12,
        ).map(lambda document: json.dumps(document).encode()),
    ),
    st.sampled_from([0, 1, 2, 3, 4, 5, 9]),
    st.sampled_from(["twins/Pump/P-1/telemetry", "p/P-1/temp", "p/P-1/here"]),
)
def test_whatever_bytes_come_decoding_goes_on(payload, encoding, topic):
    """No payload raises, moves a neighbour or makes a sample that is not of its own frame."""
    made = decoder(mqtt("p/{id}/{signal}"))
    found = heard(made, GOOD, frame(topic, payload, encoding=encoding), GOOD)
    batch = found.batches["Pump"]
    assert batch.frame.tolist() == sorted(batch.frame.tolist())
    assert batch.frame.tolist().count(0) == batch.frame.tolist().count(2) == 1
    assert all(one.frame == 1 for one in found.refusals)
    assert set(batch.row.tolist()) == {0}


def refusal(device: str, reason: Reason, number: int = 0) -> Refusal:
    return Refusal(number, NOW, Origin("t1", device), "topic", reason, "why", "what")


def test_the_store_of_refusals_keeps_the_newest_and_counts_all():
    """A ring of messages and a count per device and reason; another tenant sees neither."""
    store = Refused(capacity=3)
    store.add(refusal("a", Reason.MALFORMED, i) for i in range(5))
    store.add([refusal("b", Reason.BAD_ID)])
    assert [one.origin.device for one in store.newest(tenant="t1")] == ["b", "a", "a"]
    assert [one.frame for one in store.newest(tenant="t1", device="a")] == [4, 3]
    assert store.counts(tenant="t1") == {"a": {Reason.MALFORMED: 5}, "b": {Reason.BAD_ID: 1}}
    assert store.total == 6
    assert list(store.newest(tenant="t2")) == []
    assert store.counts(tenant="t2") == {}


def test_the_store_of_refusals_is_bounded_in_devices(monkeypatch):
    """Beyond the limit the device refused longest ago is counted only in the total."""
    monkeypatch.setattr("pollux.check.refused.DEVICES", 2)
    store = Refused()
    store.add(refusal(device, Reason.MALFORMED) for device in ("a", "b", "a", "c"))
    assert set(store.counts(tenant="t1")) == {"a", "c"}
    assert (store.total, store.forgotten) == (4, 1)


def test_a_reading_that_could_not_be_made_is_not_a_refusal():
    """null and NaN are kept as bad values, as devices write them."""
    found = heard(decoder(), native({"temp": None}), native(b'{"temp": NaN, "speed": -Infinity}'))
    assert refusals(found) == []
    assert math.isnan(found.batches["Pump"].value[0])
    assert [name for name, _ in samples(found)] == ["temp", "temp", "speed"]
