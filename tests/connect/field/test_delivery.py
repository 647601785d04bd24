"""How field drivers deliver: bounded, in order, nothing lost in silence."""

import json

import pytest

from pollux.columns.batch import Refusal
from pollux.columns.field import Datum, unpack_field
from pollux.columns.frames import Encoding
from pollux.connect.field.counters import FieldCounters
from pollux.connect.field.delivery import FieldDelivery
from pollux.connect.field.order import FieldOrder
from pollux.errors import DataRefused, Overloaded, StorageFailed
from tests.connect.field.paper import Kept, place


@pytest.fixture
def sink():
    return Kept()


def delivery(tmp_path, sink, told=None, **more):
    """A delivery of pumps heard over OPC UA."""
    counts = FieldCounters()
    may = more.pop("may", None)
    given = place(tmp_path, sink, told, may=may)
    return FieldDelivery("Pump", "opcua", given, counts, name="opcua:plant:4840", **more), counts


def payloads(sink):
    """All frames that the sink took: topic and payload."""
    return [(batch.topic(i), bytes(batch.payload(i))) for batch in sink.batches for i in range(len(batch))]


def test_what_was_told_together_is_one_batch_in_its_order(tmp_path, sink):
    """Values, a beat and an answer leave in the order told, in frames of the native topics."""
    told, counts = delivery(tmp_path, sink)
    assert told.tell("P-7", [Datum("temp", 300.0, 1)])
    told.beat("P-8")
    told.answer("P-7", "o1", "done")
    assert sink.batches == []
    told.flush()
    (batch,) = sink.batches
    assert [batch.topic(i) for i in range(3)] == [
        b"twins/Pump/P-7/telemetry",
        b"twins/Pump/P-8/telemetry",
        b"twins/Pump/P-7/commands/ack",
    ]
    assert batch.encoding.tolist() == [Encoding.FIELD, Encoding.FIELD, Encoding.JSON]
    assert unpack_field(bytes(batch.payload(0))).data == (Datum("temp", 300.0, 1),)
    assert json.loads(bytes(batch.payload(2))) == {"id": "o1", "state": "done", "reason": ""}
    assert (counts.values, counts.beats, counts.frames, len(told)) == (1, 1, 3, 0)


def test_while_the_log_has_no_room_what_waits_is_kept_up_to_the_bound(tmp_path, sink):
    """Beyond the bound the newest is dropped and counted; what waited leaves first, once there is room."""
    told, counts = delivery(tmp_path, sink, most=2)
    sink.refuses = Overloaded("full", retry_after=1.0)
    assert told.tell("P-7", [Datum("temp", 1.0)])
    told.flush()
    assert told.tell("P-7", [Datum("temp", 2.0)])
    assert not told.tell("P-7", [Datum("temp", 3.0), Datum("speed", 1.0)])
    assert (counts.waited, counts.dropped, len(told)) == (1, 2, 2)
    sink.refuses = None
    while len(told):
        told.flush()
    assert [unpack_field(payload).data[0].value for _, payload in payloads(sink)] == [1.0, 2.0]


def test_what_may_not_be_kept_is_told_and_the_rest_is_kept(tmp_path):
    """Of a batch with data of an erased person the others are taken, and the refusal names the topic."""
    refused: list[Refusal] = []
    taken: list[bytes] = []

    def sink(frames):
        if any(b"/anna/" in frames.topic(i) for i in range(len(frames))):
            raise DataRefused("anna was erased")
        taken.extend(frames.topic(i) for i in range(len(frames)))

    told, counts = delivery(tmp_path, sink, refused)
    for twin in ("P-1", "anna", "P-2"):
        told.tell(twin, [Datum("temp", 1.0)])
    told.flush()
    assert taken == [b"twins/Pump/P-1/telemetry", b"twins/Pump/P-2/telemetry"]
    assert counts.refused_data == 1
    assert "anna was erased" in refused[0].detail


def test_a_failed_storage_takes_nothing_more(tmp_path, sink):
    """After that everything told is dropped and counted, and the driver can say why."""
    told, counts = delivery(tmp_path, sink)
    sink.refuses = StorageFailed("the disk is gone")
    told.tell("P-7", [Datum("temp", 1.0)])
    told.flush()
    assert "the disk is gone" in told.failure
    assert not told.tell("P-7", [Datum("temp", 2.0)])
    assert counts.dropped == 1


def test_what_the_gate_does_not_let_through_is_not_handed_over(tmp_path, sink):
    """A driver speaks for the twins of its own type alone."""
    asked: list[str] = []

    def may(target):
        asked.append(target)
        return "P-7" in target

    told, counts = delivery(tmp_path, sink, may=may)
    assert told.tell("P-7", [Datum("temp", 1.0)])
    assert not told.tell("P-8", [Datum("temp", 1.0)])
    assert asked == ["Pump/P-7/telemetry", "Pump/P-8/telemetry"]
    assert counts.dropped == 1


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"id": 1, "name": "set", "params": {}}', b'{"id": "x"}'])
def test_an_order_that_is_none_is_refused(payload):
    """Other bytes than an order's raise DataRefused."""
    with pytest.raises(DataRefused, match="expected an order"):
        FieldOrder.read("P-7", payload, expires=0)
