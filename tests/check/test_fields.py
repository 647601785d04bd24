"""What field drivers write: values with their own time, status and unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.check.statuses import worth
from pollux.clock import MINUTE, SECOND
from pollux.columns import Encoding, Quality, Reason
from pollux.columns.field import MODBUS_MISSING, MODBUS_TIMEOUT, Datum, pack_field
from tests.check.wire import NOW, beliefs, decoder, heard, native, refusals, samples


def field(*data: Datum, protocol="opcua"):
    """A frame as a driver hands it over."""
    return native(pack_field(protocol, data), encoding=Encoding.FIELD)


def test_a_value_keeps_its_own_time_and_the_others_are_dated_by_their_arrival():
    """Each value of a frame has its own source time."""
    found = heard(decoder(), field(Datum("temp", 300.0, NOW - MINUTE), Datum("speed", 900)))
    assert samples(found) == [("temp", 300.0), ("speed", 900.0)]
    assert found.batches["Pump"].event_time.tolist() == [NOW - MINUTE, NOW]
    assert beliefs(found) == [("GOOD", "NONE"), ("GOOD", "NONE")]


def test_the_unit_of_the_source_is_converted_on_the_way_in():
    """The log keeps 80.6 degF as heard; the column holds kelvin."""
    found = heard(decoder(), field(Datum("temp", 80.6, NOW, 0, "degF")))
    assert found.batches["Pump"].value == pytest.approx([300.15])


def test_a_unit_of_another_dimension_refuses_that_value_alone():
    """The rest of the frame is taken."""
    found = heard(decoder(), field(Datum("temp", 1.0, NOW, 0, "bar"), Datum("speed", 900)))
    assert samples(found) == [("speed", 900.0)]
    ((_, reason, detail),) = refusals(found)
    assert reason == "WRONG_UNIT"
    assert "expected" in detail
    assert "$.temp" in detail


@pytest.mark.parametrize(
    ("protocol", "status", "belief"),
    [
        ("opcua", 0x00000000, ("GOOD", "NONE")),
        ("opcua", 0x00960000, ("GOOD", "NONE")),  # GoodLocalOverride
        ("opcua", 0x40900000, ("UNCERTAIN", "STALE")),
        ("opcua", 0x40940400, ("UNCERTAIN", "SCALE")),  # with info bits
        ("opcua", 0x40000000, ("UNCERTAIN", "TOLD")),
        ("opcua", 0x808C0000, ("BAD", "FAILED")),
        ("opcua", 0x80310000, ("BAD", "UNREACHABLE")),
        ("opcua", 0x80000000, ("BAD", "TOLD")),
        ("opcua", 0xC0000000, ("BAD", "TOLD")),  # a severity that Part 4 reserves
        ("modbus", 2, ("BAD", "TOLD")),
        ("modbus", 4, ("BAD", "FAILED")),
        ("modbus", 11, ("BAD", "UNREACHABLE")),
        ("modbus", MODBUS_TIMEOUT, ("BAD", "UNREACHABLE")),
        ("modbus", MODBUS_MISSING, ("BAD", "DISCONNECTED")),
        ("bacnet", 0b0001, ("GOOD", "NONE")),  # in alarm, and measured well
        ("bacnet", 0b0010, ("BAD", "FAILED")),
        ("bacnet", 0b0010 | 12 << 4, ("BAD", "UNREACHABLE")),
        ("bacnet", 0b0100, ("UNCERTAIN", "OVERRIDDEN")),
        ("bacnet", 0b1000, ("UNCERTAIN", "OVERRIDDEN")),
    ],
)
def test_a_status_is_a_quality_and_a_reason(protocol, status, belief):
    """What the source says of its value is what is believed of it."""
    found = heard(decoder(), field(Datum("temp", 300.0, NOW, status), protocol=protocol))
    assert beliefs(found) == [belief]
    assert samples(found) == [("temp", 300.0)]


def test_a_bad_value_that_is_none_says_why_there_is_none():
    """A sensor that has failed is not merely no number; without a word of the source it is."""
    found = heard(decoder(), field(Datum("temp", None, NOW, 0x808C0000), Datum("temp", None, NOW + 1)))
    assert beliefs(found) == [("BAD", "FAILED"), ("BAD", "NOT_A_NUMBER")]
    assert np.isnan(found.batches["Pump"].value).all()
    found = heard(decoder(), field(Datum("temp", None, NOW, MODBUS_MISSING), protocol="modbus"))
    assert beliefs(found) == [("BAD", "DISCONNECTED")]


def test_limits_of_the_class_are_held_whatever_the_status_says():
    """A value outside low and high is bad also where its source calls it good."""
    found = heard(decoder(), field(Datum("temp", 999.0, NOW), Datum("temp", 300.0, NOW + 3600 * SECOND)))
    assert beliefs(found) == [("BAD", "RANGE"), ("UNCERTAIN", "CLOCK")]


def test_what_the_class_does_not_let_a_device_tell_is_refused():
    """Unknown signals, other kinds of values and times beyond all calendars."""
    found = heard(decoder(), field(Datum("nothing", 1), Datum("temp", "hot"), Datum("temp", 300.0, 2**64 - 1)))
    assert samples(found) == []
    assert [reason for _, reason, _ in refusals(found)] == ["UNKNOWN_SIGNAL", "WRONG_TYPE", "BAD_TIME"]


def test_no_value_of_a_text_is_refused_and_not_invented():
    """A text has no quality of its own: a bad one is not told."""
    found = heard(decoder(), field(Datum("line", None, NOW, 0x80000000), Datum("temp", 300.0)))
    assert samples(found) == [("temp", 300.0)]
    assert len(refusals(found)) == 1


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(payload):
    """Whatever the bytes are, a sample or a refusal comes out."""
    found = heard(decoder(), native(payload, encoding=Encoding.FIELD))
    assert [reason for _, reason, _ in refusals(found)] == ["MALFORMED"] or len(found.messages["Pump"]) == 1


@given(st.sampled_from(["opcua", "bacnet"]), st.integers(0, 2**32 - 1))
def test_every_status_has_a_meaning(protocol, status):
    """Good has no reason, everything else has one that doubts a value."""
    quality, reason = worth(protocol, status)
    assert (quality is Quality.GOOD) == (reason is Reason.NONE)
    assert not reason.refuses
