"""Formats: the same reading says the same in each of them, and hostile bytes say why they are refused."""

from pathlib import Path

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import Bounds, mqtt
from pollux.check.apart import TAKEN as NAMING
from pollux.check.apart import apart
from pollux.check.faults import Fault
from pollux.check.payload import Reading, read_payload
from pollux.check.sparkplug import Metric, SparkplugPayload, documents
from pollux.columns import Encoding
from pollux.columns.encodings import FORMS, MEDIA, SUFFIXES, encoding_of
from tests.check.said import FILES, SAID, SECONDS
from tests.check.wire import NOW, beliefs, decoder, frame, heard, native, refusals, samples

SPOKEN = [form for form in FORMS if form.encoding not in (Encoding.TEXT, Encoding.SEALED)]
EDGES = sorted((FILES / "edges").glob("*"))


@pytest.mark.parametrize("form", SPOKEN, ids=lambda form: form.suffix)
@pytest.mark.parametrize("named", ["content type", "suffix"])
def test_a_reading_says_the_same_in_every_format(form, named):
    """Named by the protocol or by one more level of the topic."""
    told = (f"twins/Pump/P-1/telemetry/{form.suffix}", Encoding.GUESS)
    if named == "content type":
        told = ("twins/Pump/P-1/telemetry", encoding_of(form.media[0]))
    found = heard(decoder(), frame(told[0], SAID[form.encoding], encoding=told[1]))
    assert refusals(found) == []
    assert sorted(samples(found)) == [("speed", 900.0), ("temp", 300.5)]
    assert set(found.batches["Pump"].event_time.tolist()) == {SECONDS * 10**9}
    assert set(found.batches["Pump"].row.tolist()) == {0}


def test_every_encoding_has_one_line_in_the_table():
    """No suffix, media type or number stands twice; only the guess and what drivers write have no name at a door."""
    assert [form.encoding for form in FORMS] == [one for one in Encoding if one not in (Encoding.GUESS, Encoding.FIELD)]
    assert len(SUFFIXES) == len(FORMS)
    assert len(MEDIA) == sum(len(form.media) for form in FORMS)
    assert {form.coap for form in FORMS} - {None} == {0, 16, 41, 42, 50, 60, 110, 112}


def test_the_written_table_is_the_table_of_the_code():
    """docs/reference/formats.md names each content type, number and suffix, in the order of the code."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "formats.md").read_text()
    rows = [line.split("|")[1:] for line in page.splitlines() if line.startswith("| ") and "`" in line]
    for form, row in zip(FORMS, rows, strict=True):
        assert row[1].strip() == ", ".join(f"`{media}`" for media in form.media)
        assert row[2].strip() == ("" if form.coap is None else str(form.coap))
        assert row[3].strip() == f"`{form.suffix}`"


@pytest.mark.parametrize("encoding", [one for one in Encoding if one != Encoding.TEXT], ids=lambda one: one.name)
def test_what_is_in_no_format_is_refused_with_its_name(encoding):
    """Junk is refused as that format; nothing of it is told."""
    found = heard(decoder(), native(b"\xff\xffjunk", encoding=encoding))
    assert samples(found) == []
    ((_, reason, detail),) = refusals(found)
    assert reason == "MALFORMED"
    assert "expected" in detail


def test_what_follows_a_document_is_refused_with_it():
    """Two CBOR items in one payload: the second one is not dropped in silence."""
    found = heard(decoder(), native(cbor2.dumps({"temp": 300}) * 2, encoding=Encoding.CBOR))
    assert samples(found) == []
    assert [reason for _, reason, _ in refusals(found)] == ["MALFORMED"]


def test_an_encoding_that_is_not_known_is_refused():
    """As one that only a later version writes into the log."""
    assert refusals(heard(decoder(), native(b"{}", encoding=99))) == [
        (0, "MALFORMED", "expected a known encoding, got 99")
    ]


@pytest.mark.parametrize(
    ("suffix", "payload", "told"),
    [
        ("", b"300.5", [("temp", 300.5)]),
        ("/text", b"300.5", [("temp", 300.5)]),
        ("/csv", b"t,value\n%d,300.5\n%d,301\n" % (NOW // 10**9, NOW // 10**9), [("temp", 300.5), ("temp", 301.0)]),
        ("/xml", b"<v>300.5</v>", [("temp", 300.5)]),
        ("/xml", b'<v value="27" unit="degC"/>', [("temp", 300.15)]),
        ("/cbor", cbor2.dumps(300.5), [("temp", 300.5)]),
    ],
)
def test_a_topic_of_one_signal_takes_plain_values_in_every_format(suffix, payload, told):
    """A number, a quantity, a column named `value`."""
    found = heard(decoder(mqtt("p/{id}/{signal}")), frame(f"p/P-1/temp{suffix}", payload))
    assert refusals(found) == []
    assert samples(found) == told


def test_no_format_says_more_than_the_bounds():
    """A payload of too many samples is refused whole, in rows and in columns."""
    lines = b"temp\n" + b"300\n" * 11
    pack = b"[" + b",".join(b'{"n":"temp","t":%d,"v":1}' % i for i in range(11)) + b"]"
    small = decoder(bounds=Bounds(samples=10))
    found = heard(small, native(lines, encoding=Encoding.CSV), native(pack, encoding=Encoding.SENML_JSON))
    assert [reason for _, reason, _ in refusals(found)] == ["TOO_MANY", "TOO_MANY"]
    assert samples(found) == []


@pytest.mark.parametrize(
    ("encoding", "payload"),
    [
        (Encoding.XML, b"<r " + b" ".join(b'a%d=""' % i for i in range(120_000)) + b"/>"),
        (Encoding.XML, b"<r>" + b"<a/>" * 120_000 + b"</r>"),
        (Encoding.CSV, b'temp\n"' + b"x" * 200_000 + b'"\n'),
        (Encoding.CSV, b",".join(b"a%d" % i for i in range(5_000))),
        (Encoding.SPARKPLUG, b"\x12\x00" * 120_000),
    ],
    ids=["attributes", "elements", "a cell", "columns", "metrics"],
)
def test_counts_and_sizes_inside_of_a_format_are_bounded(encoding, payload):
    """Each has its bound, and a refusal that names it."""
    assert read(payload, encoding)


def test_a_doubted_value_keeps_the_doubt_of_its_format():
    """Quality told in XML and in Sparkplug is the quality that the value has."""
    xml = b'<r><temp quality="uncertain">300</temp><oil quality="bad" unit="degC">80</oil></r>'
    spark = (FILES / "device.sparkplug").read_bytes()
    found = heard(
        decoder(),
        native(xml, encoding=Encoding.XML),
        native(spark, encoding=Encoding.SPARKPLUG, arrival=SECONDS * 10**9),
    )
    assert beliefs(found)[:2] == [("UNCERTAIN", "TOLD"), ("BAD", "TOLD")]
    told = dict(zip([name for name, _ in samples(found)][2:], beliefs(found)[2:], strict=True))
    assert told["vibration"] == ("UNCERTAIN", "TOLD")
    assert told["oil"] == ("BAD", "NOT_A_NUMBER")


def read(payload: bytes, encoding: int) -> str | None:
    """Why bytes are no payload of an encoding, None where they are one."""
    try:
        read_payload(payload, encoding, Reading(arrival=NOW))
    except Fault as fault:
        return fault.detail
    return None


MUTATED = st.builds(
    lambda encoding, cuts, junk: (encoding, _mutated(SAID[encoding], cuts, junk)),
    st.sampled_from(sorted(SAID)),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.binary(max_size=6),
)


def _mutated(payload: bytes, changes: list[tuple[int, int]], junk: bytes) -> bytes:
    out = bytearray(payload)
    for place, byte in changes:
        out[place % len(out)] = byte
    middle = len(junk) and changes and changes[0][0] % len(out)
    return bytes(out[:middle] + junk + out[middle:]) if middle else bytes(out) + junk


@settings(max_examples=300)
@given(MUTATED)
def test_any_bytes_of_several_twins_are_taken_apart_or_a_fault(case):
    """At the door too: a list of twins and payloads that can be read, or why not."""
    encoding, payload = case
    if encoding not in NAMING:
        return
    try:
        parts = apart(payload, encoding, arrival=NOW)
    except Fault as fault:
        parts = []
        assert str(fault)  # noqa: PT017
    assert all(read(data, Encoding.MSGPACK) is None for _, data in parts)


def test_a_value_is_never_taken_for_the_time_or_the_count():
    """A SenML record or a metric that is named `t`, `seq` or `boot` is refused: it says a value, as all of them do."""
    pack = b'[{"n": "temp", "v": 300}, {"n": "x/t", "v": 5}]'
    found = heard(decoder(), native(pack, encoding=Encoding.SENML_JSON))
    assert (samples(found), refusals(found)[0][1]) == ([], "UNKNOWN_SIGNAL")
    assert documents(SparkplugPayload(5, 0, (Metric("seq", value=1.0),)))[0] == {"t": 5_000_000, "metric seq": 1.0}


def test_a_long_upload_becomes_payloads_that_are_taken():
    """Two hundred thousand cells of one twin in one CSV: several payloads, none too large, nothing lost."""
    lines = b"twin,t,temp\n" + b"".join(b"Pump/P-1,%d,%d.25\n" % (SECONDS + i, 300 + i % 9) for i in range(100_000))
    parts = apart(lines, Encoding.CSV, arrival=NOW)
    assert {twin for twin, _ in parts} == {"Pump/P-1"}
    assert max(len(data) for _, data in parts) < Bounds().payload
    told = [native(data, encoding=Encoding.MSGPACK, arrival=(SECONDS + 10**6) * 10**9) for _, data in parts]
    found = heard(decoder(), *told)
    assert (refusals(found), len(samples(found))) == ([], 100_000)


def test_a_time_beyond_64_bits_is_refused_at_the_door():
    """Whole numbers that no payload can hold."""
    pack = b'[{"bn": "Pump/P-1/", "bt": -9.2e9, "n": "temp", "t": -9.2e9, "v": 1}]'
    with pytest.raises(Fault, match="64 bits"):
        apart(pack, Encoding.SENML_JSON, arrival=NOW)


@settings(max_examples=500)
@given(st.one_of(MUTATED, st.tuples(st.sampled_from(sorted(Encoding)), st.binary(max_size=200))))
def test_any_bytes_are_a_document_or_a_fault(case):
    """Whatever the bytes are, in any encoding: nothing else is raised."""
    encoding, payload = case
    assert read(payload, encoding) != ""


@given(MUTATED)
def test_any_bytes_are_samples_or_refusals(case):
    """The whole decoder takes them too, and nothing is told of a frame that was refused as unreadable."""
    encoding, payload = case
    found = heard(decoder(), native(payload, encoding=encoding))
    if any(reason == "MALFORMED" and "got bytes that are not" in detail for _, reason, detail in refusals(found)):
        assert samples(found) == []


@pytest.mark.parametrize("path", EDGES, ids=lambda path: path.name)
def test_what_is_hard_for_a_reader_is_refused(path: Path):
    """Bombs, depth, lengths that lie, offsets outside: the name of each file ends in its encoding."""
    assert read(path.read_bytes(), SUFFIXES[path.suffix[1:]])


@pytest.mark.soak
@settings(max_examples=200_000, deadline=None)
@given(st.one_of(MUTATED, st.tuples(st.sampled_from(sorted(Encoding)), st.binary(max_size=2_000))))
def test_any_bytes_are_a_document_or_a_fault_for_long(case):
    """The same, for a thousand times as long."""
    encoding, payload = case
    assert read(payload, encoding) != ""
