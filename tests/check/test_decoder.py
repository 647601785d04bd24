import json

import cbor2
import msgspec
import numpy as np
import pytest

from pollux.check import Bounds, Decoder, decode, mqtt, pack_block
from pollux.clock import SECOND
from pollux.columns import NO_SEQUENCE, WHOLE, Block, Encoding, Frames, Life, Origin
from pollux.errors import SetupError
from pollux.model.roles import sensor
from pollux.model.twin import Twin
from tests.check.wire import DEVICE, NOW, SCHEMA, beliefs, decoder, frame, heard, native, refusals, samples
from tests.columns.plants import Heart, Pump

VALUES = {"temp": 300.5, "speed": 1480, "vibration": 0.131}


def test_an_object_of_signals_is_one_sample_each():
    """The plainest message: values of the arrival's time, in the order told."""
    found = heard(decoder(), native(VALUES))
    assert samples(found) == [("temp", 300.5), ("speed", 1480.0), ("vibration", 0.131)]
    batch = found.batches["Pump"]
    assert set(batch.row.tolist()) == {0}
    assert set(batch.event_time.tolist()) == set(batch.arrival.tolist()) == {NOW}
    assert beliefs(found) == [("GOOD", "NONE")] * 3
    assert refusals(found) == []


@pytest.mark.parametrize(
    ("suffix", "encoding", "written"),
    [
        ("", Encoding.GUESS, json.dumps(VALUES).encode()),
        ("", Encoding.JSON, json.dumps(VALUES).encode()),
        ("", Encoding.CBOR, cbor2.dumps(VALUES)),
        ("", Encoding.MSGPACK, msgspec.msgpack.encode(VALUES)),
        ("/json", Encoding.GUESS, json.dumps(VALUES).encode()),
        ("/cbor", Encoding.GUESS, cbor2.dumps(VALUES)),
        ("/msgpack", Encoding.GUESS, msgspec.msgpack.encode(VALUES)),
        ("/binary", Encoding.GUESS, pack_block(list(VALUES), [[value] for value in VALUES.values()])),
        ("", Encoding.GUESS, pack_block(list(VALUES), [[value] for value in VALUES.values()])),
    ],
)
def test_one_message_in_every_encoding_says_the_same(suffix, encoding, written):
    """By content type, by topic or by the first bytes."""
    found = heard(decoder(), frame(f"twins/Pump/P-1/telemetry{suffix}", written, encoding=encoding))
    assert samples(found) == [("temp", 300.5), ("speed", 1480.0), ("vibration", 0.131)]


def test_columns_are_as_many_samples_with_their_times():
    """`{"t": [...], "signal": [...]}`; null is no sample."""
    payload = {"t": [NOW // SECOND - 2, "2026-11-23T09:59:59Z"], "temp": [300, 301.5], "speed": [None, 900]}
    found = heard(decoder(), native(payload))
    assert samples(found) == [("temp", 300.0), ("temp", 301.5), ("speed", 900.0)]
    assert found.batches["Pump"].event_time.tolist() == [NOW - 2 * SECOND, NOW - SECOND, NOW - SECOND]


def test_a_list_of_objects_is_as_many_messages():
    """Each with its own time and its own count."""
    found = heard(decoder(), native([{"temp": 300, "seq": 4}, {"temp": 301, "seq": 5, "t": NOW // SECOND - 1}]))
    messages = found.messages["Pump"]
    assert messages.seq.tolist() == [4, 5]
    assert messages.samples.tolist() == [0, 1, 2]
    assert found.batches["Pump"].event_time.tolist() == [NOW, NOW - SECOND]


def test_columns_with_a_count_each_are_as_many_messages():
    """`seq` as a column: every place is a message of its own."""
    found = heard(decoder(), native({"seq": [7, 8], "boot": "b", "temp": [300, 301], "speed": [900, None]}))
    assert found.messages["Pump"].seq.tolist() == [7, 8]
    assert found.messages["Pump"].lives == [Life("t1", "d1", "b")]
    assert samples(found) == [("temp", 300.0), ("speed", 900.0), ("temp", 301.0)]


def test_messages_carry_whose_counter_they_count():
    """The life is that of the payload's boot, else of the connection; without a count there is none."""
    booted = Origin("t1", "d2", boot="k")
    found = heard(
        decoder(),
        native({"temp": 300, "seq": 1, "boot": 17}),
        native({"temp": 300, "seq": 1}, origin=booted),
        native({"temp": 300}),
        native({"temp": 300, "seq": 2, "boot": "17"}),
    )
    messages = found.messages["Pump"]
    lives = [messages.lives[i] for i in messages.life]
    assert lives[0] == lives[3] == Life("t1", "d1", "17")
    assert lives[1] == Life("t1", "d2", "k")
    assert messages.seq.tolist() == [1, 1, NO_SEQUENCE, 2]
    assert messages.channel.tolist() == [WHOLE] * 4


def test_units_are_converted_on_the_way_in():
    """A quantity may carry its unit; a signal declared in degC speaks degC; a mapping may know another unit."""
    found = heard(
        decoder(mqtt("f/{id}", units={Pump.temp: "degF"})),
        native({"temp": {"value": 21, "unit": "degC"}, "oil": 80, "flow": {"value": 1, "unit": "l/s"}}),
        frame("f/P-1", {"temp": 98.6}),
    )
    assert samples(found)[0] == ("temp", 294.15)
    assert samples(found)[1] == ("oil", 353.15)
    assert [name for name, _ in samples(found)] == ["temp", "oil", "flow", "temp"]
    assert found.batches["Pump"].value[2:].tolist() == pytest.approx([3.6, 310.15])


def test_a_wrong_dimension_is_refused_with_its_place_and_the_rest_is_taken():
    """The refusal names the unit that was expected."""
    found = heard(decoder(), native({"temp": {"value": 21, "unit": "Pa"}, "speed": 900}))
    assert samples(found) == [("speed", 900.0)]
    ((_, reason, detail),) = refusals(found)
    assert reason == "WRONG_UNIT"
    assert "expected K" in detail
    assert "at $.temp" in detail


def test_facts_of_every_kind_are_told():
    """Texts and positions beside the samples; choices as codes, flags as 0 and 1."""
    payload = {"line": "l1", "fuel": "oil", "here": [52.1, 4.3], "running": True, "floor": 3}
    found = heard(decoder(), native(payload), native({"here": {"lat": 1, "lon": 2, "height": 3}, "running": 0}))
    assert samples(found) == [("fuel", 1.0), ("running", 1.0), ("floor", 3.0), ("running", 0.0)]
    assert found.texts["Pump"].value == ("l1", (52.1, 4.3, 0.0), (1.0, 2.0, 3.0))
    assert found.messages["Pump"].texts.tolist() == [0, 2, 3]


def test_a_topic_may_name_the_signal():
    """With a plain number, a text, or an object with value, time and count."""
    made = decoder(mqtt("p/{id}/{signal}"))
    found = heard(
        made,
        frame("p/P-1/temp", b"300.5"),
        frame("p/P-1/temp", {"value": 301, "t": NOW // SECOND - 1, "seq": 5}),
        frame("p/P-1/temp", {"value": 27, "unit": "degC"}),
        frame("p/P-1/fuel", b"gas"),
        frame("p/P-1/running", b"true"),
        frame("p/P-1/speed", b"900", encoding=Encoding.TEXT),
        frame("p/P-1/temp", {"t": [NOW // SECOND], "value": [302]}),
    )
    assert samples(found) == [
        ("temp", 300.5),
        ("temp", 301.0),
        ("temp", 300.15),
        ("fuel", 0.0),
        ("running", 1.0),
        ("speed", 900.0),
        ("temp", 302.0),
    ]
    assert refusals(found) == []
    assert found.messages["Pump"].channel[1] == SCHEMA.index["temp"]
    assert found.batches["Pump"].event_time[1] == NOW - SECOND


def test_wire_names_and_keys_to_ignore_are_declared():
    """A fleet may call its signals otherwise and say more than the class knows."""
    made = decoder(mqtt("p/{id}", names={"T1": Pump.temp}, ignore=["rssi", "fw"]))
    found = heard(made, frame("p/P-1", {"T1": 300, "rssi": -70, "fw": {"v": [1, 2]}, "temp": 1}))
    assert samples(found) == [("temp", 300.0)]
    assert [(reason, detail) for _, reason, detail in refusals(found)] == [
        ("UNKNOWN_SIGNAL", "expected a signal of Pump, got 'temp' - at $.temp")
    ]


def test_a_function_may_read_what_no_mapping_can():
    """It gives dicts of signals; what it raises refuses its message and no other."""

    def acme(topic: str, payload: bytes) -> list[dict[str, object]] | None:
        if payload == b"nothing":
            return None
        id, temp = payload.decode().split(";")
        return [{"id": id, "temp": float(temp), "seq": 3}]

    made = decoder(mqtt("acme/#", read=acme))
    found = heard(
        made,
        frame("acme/x", b"P-1;300"),
        frame("acme/x", b"P-2;301"),
        frame("acme/x", b"P-1;hot"),
        frame("acme/x", b"nothing"),
        frame("acme/x", b"../x;1"),
    )
    assert samples(found) == [("temp", 300.0), ("temp", 301.0)]
    assert found.batches["Pump"].row.tolist() == [0, 1]
    assert found.newcomers == {"Pump": ("P-2",)}
    assert [(i, reason) for i, reason, _ in refusals(found)] == [(2, "MAPPING_FAILED"), (4, "BAD_ID")]
    assert "ValueError: could not convert" in refusals(found)[0][2]


def test_parts_may_be_objects_inside_objects():
    """A signal of a part is told by its dotted name or inside the object of the part."""
    from pollux.model.parts import Part

    class Chamber(Part):
        """A chamber."""

        volume = sensor("ml")

    class Double(Twin):
        """Two chambers."""

        left = Chamber()
        right = Chamber()

    block = Block(Double.__pollux__)
    block.add("D")
    made = Decoder({}, {"Double": block})
    message = frame("twins/Double/D/telemetry", {"left": {"volume": 1}, "right.volume": 2, "left.pressure": 3})
    found = made.decode(Frames.of([message]))
    assert found.batches["Double"].value.tolist() == [1.0, 2.0]
    assert [one.reason.name for one in found.refusals] == ["UNKNOWN_SIGNAL"]


def test_types_are_kept_apart_in_one_batch():
    """Samples go to the columns of their type, in log order."""
    pumps, hearts = Block(Pump.__pollux__), Block(Heart.__pollux__)
    made = Decoder({}, {"Pump": pumps, "Heart": hearts})
    found = made.decode(
        Frames.of(
            [
                native({"temp": 300}, "P-1"),
                frame("twins/Heart/H-1/telemetry", {"highest": 120, "average": 80}),
                native({"temp": 301}, "P-2"),
            ]
        )
    )
    assert found.batches["Pump"].value.tolist() == [300.0, 301.0]
    assert found.batches["Pump"].frame.tolist() == [0, 2]
    assert found.batches["Heart"].value.tolist() == [120.0, 80.0]
    assert found.newcomers == {"Pump": ("P-1", "P-2"), "Heart": ("H-1",)}


def test_new_twins_are_announced_with_the_rows_they_will_get():
    """Decoding changes no block; applied in order, the rows are right, vacant ones first."""
    block = Block(SCHEMA)
    block.add_many(["a", "b", "c"])
    block.remove("b")
    made = decoder(ids=(), block=block)
    found = heard(made, native({"temp": 1}, "x"), native({"temp": 2}, "y"), native({"temp": 3}, "x"))
    assert block.rows == 3
    assert len(block) == 2
    rows = block.add_many(found.newcomers["Pump"])
    assert found.batches["Pump"].row.tolist() == [rows[0], rows[1], rows[0]]
    assert heard(made, native({"temp": 1}, "y")).batches["Pump"].row.tolist() == [rows[1]]


def test_what_was_announced_but_not_made_is_announced_again():
    """A decoder does not believe its own announcements."""
    block = Block(SCHEMA)
    made = decoder(ids=(), block=block)
    assert heard(made, native({"temp": 1}, "x")).newcomers == {"Pump": ("x",)}
    block.add("other")
    again = heard(made, native({"temp": 1}, "x"))
    assert again.newcomers == {"Pump": ("x",)}
    assert again.batches["Pump"].row.tolist() == [1]


def test_rows_that_changed_their_owner_are_looked_up_again():
    """After a removal the topic of a twin leads to its new row, or to none."""
    block = Block(SCHEMA)
    block.add_many(["a", "b"])
    made = decoder(ids=(), block=block)
    assert heard(made, native({"temp": 1}, "a")).batches["Pump"].row.tolist() == [0]
    block.remove("a")
    block.add("c")
    assert heard(made, native({"temp": 1}, "c")).batches["Pump"].row.tolist() == [0]
    assert heard(made, native({"temp": 1}, "a")).newcomers == {"Pump": ("a",)}


def test_a_fleet_may_be_closed_and_no_fleet_grows_without_end():
    """Unknown ids are refused where the mapping says so, and beyond the limit everywhere."""
    closed = heard(decoder(mqtt(create=False)), native({"temp": 1}, "P-9"))
    assert refusals(closed) == [(0, "UNKNOWN_TWIN", "expected a known Pump, got 'P-9'")]
    full = heard(decoder(bounds=Bounds(twins=2)), native({"temp": 1}, "P-2"), native({"temp": 1}, "P-3"))
    assert full.newcomers == {"Pump": ("P-2",)}
    assert [reason for _, reason, _ in refusals(full)] == ["TOO_MANY"]


def test_decoding_nothing_gives_nothing():
    """An empty batch is a batch."""
    found = decode(Frames.of([]), {}, {"Pump": Block(SCHEMA)})
    assert not any(len(batch) for batch in found.batches.values())
    assert found.refusals == ()


def test_a_signal_cannot_be_renamed_to_a_reserved_key():
    """`t`, `seq` and `boot` belong to the message."""
    with pytest.raises(SetupError, match="reserved 't'"):
        decoder(mqtt("p/{id}", names={"t": Pump.temp}))


def test_a_batch_of_one_device_has_one_life():
    """Lives are named once per batch, whatever the number of messages."""
    found = heard(decoder(), *[native({"temp": 300, "seq": i}) for i in range(50)])
    assert found.messages["Pump"].lives == [Life(DEVICE.tenant, DEVICE.device, "")]
    assert np.unique(found.messages["Pump"].life).tolist() == [0]
