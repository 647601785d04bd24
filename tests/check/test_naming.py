"""Payloads that name their twins themselves: a gateway's, of many devices at once."""

import json

import cbor2
import pytest

from pollux.check import mqtt, pack_block
from pollux.columns import Encoding
from pollux.errors import SetupError
from tests.check.said import FILES, SECONDS
from tests.check.wire import NOW, decoder, frame, heard, refusals, samples
from tests.columns.plants import Pump


def gateway(payload, encoding=Encoding.GUESS, **more):
    """What a decoder makes of one payload of a gateway; samples as (row, signal, value)."""
    made = decoder(mqtt("gateway/#", twin="sensor", **more), ids=("P-1", "P-2"))
    found = heard(made, frame("gateway/hall/3", payload, encoding=encoding))
    rows = found.batches["Pump"].row.tolist() if found.batches else []
    return found, [(row, *said) for row, said in zip(rows, samples(found), strict=True)]


SENML = [
    {"bn": "urn:dev:mac:P-1:", "n": "temp", "u": "Cel", "v": 21},
    {"bn": "hall/P-2/", "n": "temp", "u": "Cel", "v": 22},
]


@pytest.mark.parametrize(
    ("encoding", "payload"),
    [
        (Encoding.JSON, [{"sensor": "P-1", "temp": 294.15}, {"sensor": "P-2", "temp": 295.15}]),
        (Encoding.JSON, {"sensor": ["P-1", "P-2"], "temp": [294.15, 295.15]}),
        (Encoding.NDJSON, b'{"sensor": "P-1", "temp": 294.15}\n{"sensor": "P-2", "temp": 295.15}\n'),
        (Encoding.CBOR, cbor2.dumps([{"sensor": "P-1", "temp": 294.15}, {"sensor": "P-2", "temp": 295.15}])),
        (Encoding.CSV, b"sensor,temp\nP-1,294.15\nP-2,295.15\n"),
        (Encoding.XML, b'<messages><m sensor="P-1" temp="294.15"/><m sensor="P-2" temp="295.15"/></messages>'),
        (Encoding.SENML_JSON, SENML),
    ],
)
def test_a_gateway_speaks_for_its_devices_in_every_format(encoding, payload):
    """The key, the column, the device of a SenML name: each value arrives at its own twin."""
    found, told = gateway(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), encoding)
    assert refusals(found) == []
    assert told == [(0, "temp", 294.15), (1, "temp", 295.15)]
    assert found.messages["Pump"].row.tolist() == [0, 1]


def test_units_times_and_counts_hold_as_where_the_topic_names_the_twin():
    """Quantities, `t`, `seq`; what the mapping says of units and names."""
    payload = [{"sensor": "P-1", "T": {"value": 70, "unit": "degF"}, "t": NOW // 10**9 - 1, "seq": 4}]
    found, told = gateway(json.dumps(payload).encode(), names={"T": Pump.temp})
    assert told == [(0, "temp", pytest.approx(294.261, abs=0.001))]
    assert found.batches["Pump"].event_time.tolist() == [NOW - 10**9]
    assert found.messages["Pump"].seq.tolist() == [4]


def test_new_twins_appear_and_digits_stay_names():
    """A device that is called 007 is not the number seven."""
    found, told = gateway(b"sensor,temp\n007,300\n", Encoding.CSV)
    assert (refusals(found), told) == ([], [(2, "temp", 300.0)])
    assert found.newcomers == {"Pump": ("007",)}


def test_an_arrow_stream_has_a_column_of_twins():
    """Written by pyarrow, with a dictionary of names."""
    made = decoder(mqtt("gateway/+", twin="twin"), ids=("P-1", "P-2"))
    arrow = (FILES / "pumps.arrow").read_bytes().replace(b"Pump/P-1Pump/P-2", b"Pump-P-1Pump-P-2")
    found = heard(made, frame("gateway/x/arrow", arrow, arrival=(SECONDS + 5) * 10**9))
    assert refusals(found) == []
    assert samples(found) == [("temp", 300.0), ("temp", 302.0), ("temp", 301.0)]
    assert found.newcomers == {"Pump": ("Pump-P-1", "Pump-P-2")}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"temp": 300}', "BAD_ID"),
        (b'{"sensor": 7, "temp": 300}', "BAD_ID"),
        (b'{"sensor": "../x", "temp": 300}', "BAD_ID"),
        (b'{"sensor": [7], "temp": [300]}', "BAD_ID"),
        (b'{"sensor": ["P-1"], "temp": [300, 301]}', "MALFORMED"),
        (b'{"sensor": ["P-1"], "temp": 300}', "MALFORMED"),
        (b"300", "BAD_ID"),
        (pack_block(["temp"], [[300]]), "BAD_ID"),
    ],
)
def test_a_payload_that_names_no_twin_is_refused(payload, reason):
    """With the reason, and nothing of it is told."""
    found, told = gateway(payload)
    assert ([one for _, one, _ in refusals(found)], told) == ([reason], [])


def test_one_name_that_is_none_refuses_its_own_part_alone():
    """The others of the same payload arrive."""
    found, told = gateway(b'[{"sensor": "../x", "temp": 1}, {"sensor": "P-2", "temp": 300}]')
    assert [one for _, one, _ in refusals(found)] == ["BAD_ID"]
    assert told == [(1, "temp", 300.0)]


def test_with_the_scanner_compiled_it_is_the_same():
    """The compiled scanner leaves such topics alone."""
    pytest.importorskip("numba")
    made = decoder(mqtt("gateway/#", twin="sensor"), ids=("P-1",))
    assert made.compile()
    found = heard(made, frame("gateway/a", {"sensor": "P-1", "temp": 300}), frame("gateway/a", {"temp": 300}))
    assert samples(found) == [("temp", 300.0)]
    assert [one for _, one, _ in refusals(found)] == ["BAD_ID"]


@pytest.mark.parametrize("pattern", ["gateway/{id}", "gateway/{signal}"])
def test_the_twin_is_in_the_topic_or_in_the_payload(pattern):
    """Not in both, and never where a topic names one signal."""
    with pytest.raises(SetupError, match="in the topic or in the payload"):
        mqtt(pattern, twin="sensor")
    with pytest.raises(SetupError, match="in the topic or in the payload"):
        mqtt("gateway/#", twin="sensor", read=lambda topic, payload: None)
    with pytest.raises(SetupError, match="or give twin="):
        mqtt("gateway/#")
