"""Sparkplug B payloads and Arrow streams that other libraries wrote, and what is refused in them."""

import pytest

from pollux.check.arrow import read_arrow
from pollux.check.faults import Fault
from pollux.check.protobuf import fields, real, text, whole
from pollux.check.sparkplug import documents, read_sparkplug
from pollux.columns import Encoding
from tests.check.said import FILES, SAID
from tests.check.wire import decoder, heard, native, refusals, samples

PAYLOAD = (FILES / "device.sparkplug").read_bytes()
"""Written by Google's protobuf library after the fields of the Tahu schema."""

MILLIS = 1_795_430_536_000


def test_metrics_have_names_aliases_times_and_types():
    """Signed whole numbers travel in unsigned fields and come out signed; null is null; seq is the edge node's."""
    payload = read_sparkplug(PAYLOAD)
    assert (payload.time, payload.seq) == (MILLIS + 500, 7)
    by_name = {metric.name: metric for metric in payload.metrics}
    assert (by_name["temp"].value, by_name["temp"].alias, by_name["temp"].time) == (300.5, 1, MILLIS)
    assert [by_name[name].value for name in ("speed", "floor", "running", "fuel")] == [-40, -2, True, "gas"]
    assert by_name["oil"].value is None
    assert (by_name["vibration"].quality, by_name["temp"].quality) == ("uncertain", "good")
    assert (by_name[""].alias, by_name[""].value) == (9, 1.0)
    assert by_name["flow"].compound == "bytes"


def test_each_time_is_a_document_of_its_own():
    """A metric without a time has that of the payload."""
    told = documents(read_sparkplug(PAYLOAD))
    assert [one["t"] for one in told] == [MILLIS * 10**6, (MILLIS + 500) * 10**6]
    assert told[1] == {"t": (MILLIS + 500) * 10**6, "speed": -40, "floor": -2}


def test_what_a_payload_alone_cannot_say_is_refused_and_the_rest_is_taken():
    """An alias without its birth, and bytes for a number."""
    found = heard(decoder(), native(PAYLOAD, encoding=Encoding.SPARKPLUG))
    assert [(reason, detail.rpartition(" - at ")[2]) for _, reason, detail in refusals(found)] == [
        ("UNKNOWN_SIGNAL", "$[0].alias 9"),
        ("WRONG_TYPE", "$[0].flow"),
    ]
    assert dict(samples(found))["temp"] == 300.5


@pytest.mark.parametrize(
    "data",
    [b"\x0b", b"\x00", b"\x08", b"\x12\x05ab", b"\x0d\x00", b"\x09\x00", b"\x08" + b"\xff" * 10 + b"\x01", b"\x0e"],
)
def test_fields_that_are_cut_or_unknown_in_kind_are_no_message(data):
    """Groups, zero numbers, lengths beyond the end, whole numbers without an end."""
    with pytest.raises(ValueError, match="expected"):
        list(fields(data))


def test_a_field_written_as_another_kind_is_refused():
    """A text where a number is meant, a number where a text is meant."""
    with pytest.raises(ValueError, match="a whole number, got wire type 2"):
        whole(2, b"x")
    with pytest.raises(ValueError, match="bytes, got wire type 0"):
        text(0, 7)
    with pytest.raises(ValueError, match="a float or a double"):
        real(0, 7)


def test_a_stream_of_arrow_has_columns_of_every_kind_that_is_taken():
    """Written by pyarrow: time stamps, floats, whole numbers, flags, texts, a dictionary, and nulls."""
    assert read_arrow((FILES / "pump.arrow").read_bytes()) == {
        "t": [MILLIS * 10**6, (MILLIS + 1000) * 10**6],
        "temp": [300.5, None],
        "speed": [900, 1480],
        "running": [True, False],
        "fuel": ["oil", "gas"],
        "line": ["l1", None],
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [("compressed.arrow", "not compressed"), ("nested.arrow", "numbers, flags, texts or time stamps")],
)
def test_a_stream_of_another_kind_is_refused_with_the_reason(name, said):
    """Compressed buffers and lists in cells."""
    with pytest.raises(Fault, match=said):
        read_arrow((FILES / "edges" / name).read_bytes())


def test_every_cut_of_a_stream_is_refused_or_shorter():
    """Wherever a stream is cut, it is refused, or it ends between two messages."""
    whole_stream = SAID[Encoding.ARROW]
    for length in range(len(whole_stream)):
        try:
            assert len(read_arrow(whole_stream[:length]).get("temp", [])) <= 1
        except (ValueError, Fault) as refused:
            assert "expected" in str(refused)  # noqa: PT017
