"""The parts of a survey that only think: patterns, formats, units, what looks personal, bounds of memory."""

import json
import random
from datetime import UTC
from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.site.survey.rig import BEGIN, SECOND, found_in

from pollux.check.packed import pack_block
from pollux.columns.frames import Encoding
from pollux.site.survey.analysis import findings
from pollux.site.survey.announced import Board
from pollux.site.survey.dns import PTR, SERVICES, SRV, question, read_records
from pollux.site.survey.draft import bounds, draft
from pollux.site.survey.findings import Findings
from pollux.site.survey.formats import read_said
from pollux.site.survey.guess import is_unit, unit_of
from pollux.site.survey.heard import INTERVALS, LONGEST, SAMPLES, Ear, Said
from pollux.site.survey.personal import personal
from pollux.site.survey.report import report
from pollux.site.survey.shape import Form, shapes

OBJECT = b'{"temp": 1}'


def patterns(*topics: str, payload: bytes = OBJECT) -> dict[str, tuple[str, ...]]:
    return {one.pattern: one.twins for one in found_in((topic, payload) for topic in topics).found}


def test_levels_that_vary_are_the_twin_and_facts() -> None:
    """The level with most names is the twin; another that varies is a fact, named by what its names share."""
    topics = ("plant/line1/P-7/data", "plant/line1/P-8/data", "plant/line2/P-9/data")
    assert patterns(*topics) == {"plant/{line}/{id}/data": ("P-7", "P-8", "P-9")}


def test_one_device_alone_is_recognised_by_its_number_or_its_place() -> None:
    """Of a single topic the last level with a number is the twin, else the last that is no word of telemetry."""
    assert patterns("plant/l1/P-7/telemetry") == {"plant/l1/{id}/telemetry": ("P-7",)}
    assert patterns("boiler/telemetry") == {"{id}/telemetry": ("boiler",)}


def test_rooms_without_numbers_are_twins_by_what_they_have_in_common() -> None:
    """Names without digits are alike where their subtrees are; values below them are signals, wherever they stand."""
    rooms = [f"home/{room}/{what}" for room in ("hall", "kitchen") for what in ("temperature", "humidity")]
    assert patterns(*rooms, payload=b"21") == {"home/{id}/{signal}": ("hall", "kitchen")}
    turned = [f"home/{what}/{room}" for room in ("hall", "kitchen") for what in ("temperature", "humidity")]
    assert patterns(*turned, payload=b"21") == {"home/{signal}/{id}": ("hall", "kitchen")}


def test_signals_of_two_levels_are_named_by_both() -> None:
    """temperature/inlet and pressure/inlet are two signals of one machine."""
    topics = [
        f"m/M-{k}/{what}/{where}" for k in (1, 2) for what in ("temperature", "pressure") for where in ("in", "out")
    ]
    (found,) = found_in((topic, b"1") for topic in topics).found
    assert found.twins == ("M-1", "M-2")
    assert {one.wire for one in found.signals} == {
        "temperature_in", "temperature_out", "pressure_in", "pressure_out",
    }  # fmt: skip


@given(
    st.dictionaries(
        st.lists(st.text("aAb1-", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join),
        st.builds(
            Form, st.sampled_from(["JSON", "CBOR"]), st.none() | st.frozensets(st.sampled_from("xyz"), min_size=1)
        ),
        max_size=20,
    )
)
def test_each_topic_is_in_one_shape_and_fits_it(forms: dict[str, Form]) -> None:
    """Whatever was heard: shapes part the topics, and every topic has at each level one of the names of its shape."""
    found = shapes(forms)
    assert sorted(topic for shape in found for topic in shape.topics) == sorted(forms)
    for shape in found:
        for topic in shape.topics:
            assert all(name in level.names for name, level in zip(topic.split("/"), shape.levels, strict=True))


@pytest.mark.parametrize(
    ("topic", "payload", "name"),
    [
        ("a", b'{"a": 1}', "JSON"),
        ("a", b"21.5", "JSON"),
        ("a", b"ON", "text"),
        ("a", cbor2.dumps({"a": 1}), "CBOR"),
        ("a", msgspec.msgpack.encode({"a": 1.5}), "MessagePack"),
        ("a", b"<r a='1'/>", "XML"),
        ("a", b"a,b\n1,2", "CSV"),
        ("a", b"1,2\n3,4", "CSV"),
        ("a", b'{"a": 1}\n{"a": 2}', "lines of JSON"),
        ("a", b'[{"n": "x", "v": 1}]', "SenML (JSON)"),
        ("a", pack_block(["a"], [[1.0, 2.0]]), "packed block"),
        ("a/cbor", cbor2.dumps(7), "CBOR"),
        ("a", b"\x07", "unreadable"),
        ("a", b"\xff\xd8\xff\xe0", "unreadable"),
        ("a/json", b"{", "unreadable"),
        ("a", b"", "unreadable"),
    ],
)
def test_formats_are_found_out(topic: str, payload: bytes, name: str) -> None:
    """The surest signs first; a byte that could be anything is unreadable, with a reason."""
    read = read_said(topic, Said(payload, BEGIN))
    assert read.name == name
    assert bool(read.why) == (name == "unreadable")


@given(st.text(max_size=12), st.binary(max_size=80))
def test_no_bytes_break_the_reading(topic: str, payload: bytes) -> None:
    """Whatever comes: a document, or a reason."""
    read = read_said(topic, Said(payload, BEGIN))
    assert (read.encoding is Encoding.GUESS) == bool(read.why)
    assert found_in([(topic, payload)]).messages == 1


@pytest.mark.parametrize(
    ("path", "told", "low", "high", "unit", "sure"),
    [
        ("temp_c", "", 20, 21, "degC", "named"),
        ("inletPressure_kPa", "", 1, 2, "kPa", "named"),
        ("rpm", "", 900, 901, "rpm", "named"),
        ("flow_l_min", "", 3, 4, "l/min", "named"),
        ("speed_m_per_s", "", 3, 4, "m/s", "named"),
        ("temp", "°C", 20, 21, "degC", "told"),
        ("temp", "Cel", 20, 21, "degC", "told"),
        ("p", "widgets", 1, 2, "", "unknown"),
        ("temperature", "", 20, 21, "degC", "likely"),
        ("temperature", "", 290, 300, "", "unknown"),
        ("humidity", "", 40, 50, "%", "likely"),
        ("linkquality", "", 40, 50, "1", "named"),
        ("m", "", 1, 2, "", "unknown"),
        ("x", "", 1, 2, "", "unknown"),
    ],
)
def test_units_are_guessed_with_a_reason_or_not_at_all(
    path: str, told: str, low: float, high: float, unit: str, sure: str
) -> None:
    """Told beside it, in its name, or by name and range together; a range that does not fit says nothing."""
    guess = unit_of(path, told, low, high)
    assert (guess.unit, guess.sure) == (unit, sure)
    assert guess.why
    assert not guess.unit or is_unit(guess.unit)


def test_what_looks_personal_is_named() -> None:
    """By its name or by its values; the report warns of it, and its words are not listed."""
    assert personal("driver_name", "text", ["Ada"]) == "the name of a person, by its name"
    assert personal("contact", "text", ["ada@example.org"]) == "an e-mail address, by its values"
    assert personal("call", "text", ["+41 44 123 45 67"]) == "a telephone number, by its values"
    assert personal("temp", "text", ["high"]) == ""
    told = found_in([("van/V-1/data", b'{"gps": {"lat": 47.1, "lon": 8.5}, "mail": "ada@example.org"}')] * 9)
    assert {one.wire for one in told.found[0].signals if one.personal} == {"gps", "mail"}
    assert "looks as if it said something about people" in report(told)
    assert "example.org" not in report(told, samples=False)


def test_memory_is_bounded_whatever_comes() -> None:
    """So many topics, payloads, bytes; what is beyond is counted, and a reservoir keeps early and late alike."""
    ear = Ear(topics=10, kept=40_000)
    for number in range(5_000):
        ear.hear(f"t/{number % 20}", b"%d" % number + b"x" * 100, BEGIN + number * SECOND)
    ear.hear("t/0", b"x" * (LONGEST + 1), BEGIN)
    heard = ear.topics["t/0"]
    assert (len(ear.topics), ear.overheard, heard.large) == (10, 2_500, 1)
    assert len(heard.samples) == SAMPLES
    assert len(heard.intervals) == INTERVALS
    assert sum(len(said.payload) for one in ear.topics.values() for said in one.samples) <= 40_000
    kept = [int(said.payload.rstrip(b"x")) for said in heard.samples]
    assert min(kept) < 2_000
    assert max(kept) > 3_000


def test_rhythm_gaps_and_retained_messages() -> None:
    """The median interval, a gap of an hour, and what was published before apart from what came."""
    ear = Ear()
    ear.hear("a/P-1/x", OBJECT, BEGIN, retained=True)
    moments = [*range(0, 60, 10), *range(3_660, 3_720, 10)]
    for moment in moments:
        ear.hear("a/P-1/x", OBJECT, BEGIN + moment * SECOND)
    (found,) = findings(ear, what="x", began=BEGIN, seconds=1.0).found
    assert found.rhythm is not None
    assert (found.retained, found.messages) == (1, 13)
    assert (found.rhythm.median, found.rhythm.gaps, found.rhythm.longest) == (10.0, 1, 3_610.0)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=10))
def test_bounds_hold_everything_that_was_seen(values: list[float]) -> None:
    """Low and high of a draft are outside of the range that was seen, so that no such value is doubted."""
    found = found_in([("a/P-1/x", json.dumps({"pressure": value}).encode()) for value in values]).found[0]
    signal = found.signals[0]
    if signal.kind == "number":
        around = bounds(signal)
        assert around is not None
        assert around[0] <= min(values)
        assert max(values) <= around[1]


def test_findings_go_to_json_and_back() -> None:
    """What is written to survey.json can be read by whoever wants to go on with it."""
    found = found_in([("a/P-1/x", OBJECT), ("a/P-2/x", b"\xff")])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Findings) == found


def announcement() -> bytes:
    """A service with pointers, as responders write it: PTR, SRV, TXT, A."""
    kind, name = b"\x05_mqtt\x04_tcp\x05local\0", b"\x06broker\xc0\x0c"
    records = [kind + PTR.to_bytes(2) + b"\0\x01\0\0\0\x78" + len(name).to_bytes(2) + name]
    srv = b"\0\0\0\0\x07\x5b\x04host\xc0\x17"
    records.append(b"\xc0\x28" + SRV.to_bytes(2) + b"\0\x01\0\0\0\x78" + len(srv).to_bytes(2) + srv)
    txt = b"\x0fpassword=hunter\x05a=b c"
    records.append(b"\xc0\x28\0\x10\0\x01\0\0\0\x78" + len(txt).to_bytes(2) + txt)
    return b"\0\0\x84\0\0\0" + len(records).to_bytes(2) + b"\0\0\0\0" + b"".join(records)


def test_an_announcement_becomes_a_service() -> None:
    """Names with pointers are followed, the place and the next step are told, a secret is not."""
    board = Board()
    board.hear(announcement())
    (service,) = board.announced("mdns:", "", 1.0, asked=False).services
    assert (service.type, service.name, service.place) == ("_mqtt._tcp", "broker", "host.local:1883")
    assert service.about == ("a=b c",)
    assert service.next == "pollux survey mqtt://host.local:1883"


@given(st.binary(max_size=120), st.randoms())
def test_no_datagram_breaks_the_board(data: bytes, luck: random.Random) -> None:
    """Any bytes, and any flipped byte of a real message: counted as malformed, or read; no loop, no error."""
    flipped = bytearray(announcement())
    flipped[luck.randrange(len(flipped))] = luck.randrange(256)
    board = Board()
    for message in (data, bytes(flipped), b"\0\0\x84\0" + data):
        board.hear(message)
    assert board.messages == 3


def test_the_one_question_asks_for_all_services() -> None:
    """It is one question for the meta query, by multicast, and no answer."""
    assert read_records(question()) == []
    assert b"".join(bytes([len(one)]) + one.encode() for one in SERVICES.split(".")) in question()
    assert question()[4:6] == b"\0\x01"


SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=6), st.binary(max_size=4),
    st.just(10**400), st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip
NAME = st.sampled_from(["t", "seq", "boot", "id", "value", "unit", "lat", "lon", "a.b", "temp", "x"]) | st.text(
    max_size=4
)
DOCUMENT = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=4))


@given(st.lists(st.tuples(st.sampled_from(["a/P-1/x", "a/P-2/x", "b"]), DOCUMENT), min_size=1, max_size=6))
def test_whatever_a_document_holds_the_files_can_be_written(told: list[tuple[str, Any]]) -> None:
    """Any values in any order: a report, a document, and a draft that runs."""
    found = found_in((f"{topic}/cbor", cbor2.dumps(document)) for topic, document in told)
    assert report(found)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Findings).messages == len(told)
    exec(draft(found), {})
