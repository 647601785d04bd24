"""Publishing: what is acknowledged was durable, in order, only what may be; everything else has its answer."""

import threading

import numpy as np
import pytest

from pollux.columns.frames import Encoding, Frames, Origin
from pollux.connect import Limits, layouts
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Ack, Connect, Publish
from pollux.connect.wire.properties import Kind, Properties
from pollux.connect.wire.reasons import Reason
from pollux.errors import DataRefused, Overloaded, StorageFailed
from pollux.guard import Identity
from tests.connect.rig import TELEMETRY, OpenGate, Plant, running, until


def acks(client: object, count: int) -> list[int]:
    """The packet ids of the next `count` packets, which must be PUBACKs of success."""
    found = []
    for _ in range(count):
        answer = client.get()  # type: ignore[attr-defined]
        assert isinstance(answer, Ack)
        assert (answer.kind, answer.reason) == (Kind.PUBACK, 0)
        found.append(answer.packet_id)
    return found


def test_frames_say_who_what_and_when(plant: Plant, level: int) -> None:
    """A message arrives with its bytes, the credential's tenant and device, its time, QoS, and nothing else beside."""
    client = plant.device(level=level)
    client.publish(b'{"temp": 300}', qos=1, packet_id=9)
    assert acks(client, 1) == [9]
    (ticket,) = plant.sink.tickets
    frames = ticket.frames
    assert isinstance(frames, Frames)
    assert (frames.topic(0), bytes(frames.payload(0))) == (TELEMETRY, b'{"temp": 300}')
    assert frames.sender(0) == Origin("", "P-7")
    assert frames.arrival.tolist() == [plant.clock.now()]
    assert frames.qos.tolist() == [1]
    assert frames.arena == TELEMETRY + b'{"temp": 300}'


def test_the_person_of_a_device_is_in_its_origin() -> None:
    """A device that speaks of a person carries the subject into every frame."""
    device = Identity("north", "cuff", "device", frozenset({"device"}), ("Patient/7",), "subject-1", grant="test")
    with running(gate=OpenGate(people=(device,))) as plant:
        plant.device("cuff").publish(topic=b"twins/Patient/7/telemetry")
        plant.sink.wait(1)
        assert plant.sink.tickets[0].frames.sender(0) == Origin("north", "cuff", "subject-1")


def test_no_acknowledgement_before_it_is_durable(plant: Plant, level: int) -> None:
    """PUBACK leaves when the ticket says so and not before, while pings are answered all the time."""
    plant.sink.by_hand = True
    client = plant.device(level=level)
    client.publish(qos=1, packet_id=3)
    plant.sink.wait(1)
    assert client.quiet()
    plant.sink.complete()
    assert acks(client, 1) == [3]


def test_a_ticket_that_never_comes_is_never_acknowledged(plant: Plant) -> None:
    """Of two batches only the durable one is answered; the order of answers is that of the messages."""
    plant.sink.by_hand = True
    client = plant.device()
    client.publish(qos=1, packet_id=1)
    plant.sink.wait(1)
    client.publish(qos=1, packet_id=2)
    plant.sink.wait(2)
    plant.sink.tickets[1].complete()  # out of order: the first is still on its way to the disk
    assert client.quiet()
    plant.sink.tickets[0].complete()
    assert acks(client, 2) == [1, 2]


def test_order_is_kept_and_nothing_is_lost(plant: Plant, level: int) -> None:
    """A thousand messages of mixed QoS arrive once each in their order, and the QoS 1 ones are answered in order."""
    client = plant.device(level=level)
    stream = b"".join(
        encode(Publish(TELEMETRY, b"%d" % number, number % 2, packet_id=(number + 1) if number % 2 else 0), level)
        for number in range(1000)
    )
    sender = threading.Thread(target=client.raw, args=(stream,))
    sender.start()
    assert acks(client, 500) == list(range(2, 1002, 2))
    sender.join()
    assert plant.sink.wait(1000) == [b"%d" % number for number in range(1000)]


def test_a_packet_may_come_byte_by_byte(plant: Plant, level: int) -> None:
    """Packets cut into single bytes are put together again, PUBLISH and all others."""
    client = plant.client(level)
    for byte in encode(Connect(level, "P-7", username="P-7"), level):
        client.raw(bytes([byte]))
    client.get()
    for number in range(3):
        for byte in encode(Publish(TELEMETRY, b"%d" % number, 1, packet_id=7), level):
            client.raw(bytes([byte]))
    assert acks(client, 3) == [7, 7, 7]
    assert client.quiet()
    assert plant.sink.payloads() == [b"0", b"1", b"2"]


def test_large_packets_are_collected(plant: Plant, level: int) -> None:
    """Packets much larger than a read, of many clients at once, arrive whole and in order."""
    clients = [plant.device(f"P-{number}", level=level) for number in range(4)]
    payloads = [bytes([number]) * 900_000 for number in range(4)]

    def send(number: int) -> None:
        topic = b"twins/Pump/P-%d/telemetry" % number
        for packet_id in (1, 2):
            clients[number].publish(payloads[number], topic=topic, qos=1, packet_id=packet_id)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for client in clients:
        assert acks(client, 2) == [1, 2]
    for thread in threads:
        thread.join()
    got = plant.sink.payloads()
    assert sorted(got) == sorted(payloads * 2)


def test_many_clients_share_a_batch(plant: Plant, level: int) -> None:
    """While the log is slow, what many clients send is handed over in few batches, each message under its sender."""
    clients = [plant.device(f"P-{number}", level=level) for number in range(50)]
    plant.sink.by_hand = True
    for number, client in enumerate(clients):
        client.publish(b"%d" % number, topic=b"twins/Pump/P-%d/telemetry" % number, qos=1, packet_id=1)
    plant.sink.wait(50)
    plant.sink.complete()
    for client in clients:
        assert acks(client, 1) == [1]
    assert {(device, payload) for device, _, payload in plant.sink.messages()} == {
        (f"P-{number}", b"%d" % number) for number in range(50)
    }


@pytest.mark.parametrize(
    "topic",
    [b"twins/Pump/P-8/telemetry", b"twins/Pump/P-7/commands", b"twins/Pump/P-7/state", b"elsewhere", b"$SYS/x"],
)
def test_what_may_not_be_published_is_refused(plant: Plant, level: int, topic: bytes) -> None:
    """A topic of another twin, of Pollux itself, or of nobody is refused: told in 5, hung up on in 3.1.1; at QoS 0
    it is dropped and counted. None of it reaches the sink, and what does not exist is answered like the forbidden."""
    client = plant.device(level=level)
    client.publish(topic=topic)
    assert client.quiet()
    plant.until("denied", 1)
    client.publish(topic=topic, qos=1, packet_id=5)
    if level == V5:
        assert client.get() == Ack(Kind.PUBACK, 5, Reason.NOT_AUTHORIZED)
        client.publish(topic=topic, qos=1, packet_id=6)
        assert client.get() == Ack(Kind.PUBACK, 6, Reason.NOT_AUTHORIZED)
        client.publish(qos=1, packet_id=7)
        assert acks(client, 1) == [7]
    else:
        assert client.refusal() is None
    assert topic not in [found for _, found, _ in plant.sink.messages()]


def test_a_refusal_keeps_its_place_among_the_answers(plant: Plant) -> None:
    """In version 5 the answer to a refused message stands between its neighbours' answers, once those are durable."""
    plant.sink.by_hand = True
    client = plant.device(level=V5)
    client.publish(qos=1, packet_id=1)
    client.publish(qos=1, packet_id=2, topic=b"elsewhere")
    client.publish(qos=1, packet_id=3)
    plant.sink.wait(2)
    assert client.quiet()
    plant.sink.complete()
    found = [client.get() for _ in range(3)]
    assert found == [Ack(Kind.PUBACK, 1), Ack(Kind.PUBACK, 2, Reason.NOT_AUTHORIZED), Ack(Kind.PUBACK, 3)]


@pytest.mark.parametrize("topic", [b"a/+/b", b"a/#", b"x" * 600, b"a/" * 20])
def test_a_topic_that_is_none(plant: Plant, level: int, topic: bytes) -> None:
    """A topic with wildcards, too long or too deep ends the connection with its reason."""
    client = plant.device(level=level)
    client.publish(topic=topic, qos=1)
    assert client.refusal() == (Reason.TOPIC_NAME_INVALID if level == V5 else None)
    assert plant.sink.messages() == []


def test_an_empty_topic_and_broken_text(plant: Plant, level: int) -> None:
    """An empty topic without an alias, and one that is not UTF-8, end the connection; others go on."""
    other = plant.device("P-8", level=level)
    for topic, reason in ((b"", Reason.PROTOCOL_ERROR), (b"\xc3\x28", Reason.MALFORMED_PACKET)):
        client = plant.device(level=level)
        client.publish(topic=topic)
        assert client.refusal() == (reason if level == V5 else None)
    assert other.quiet()


@pytest.mark.parametrize(
    ("said", "suffix", "encoding"),
    [
        (Properties(content_type="application/cbor"), "", Encoding.CBOR),
        (Properties(content_type="application/json"), "/cbor", Encoding.JSON),
        (Properties(content_type="unknown/type"), "/cbor", Encoding.CBOR),
        (Properties(), "/msgpack", Encoding.MSGPACK),
        (Properties(), "", Encoding.GUESS),
    ],
)
def test_the_encoding_is_told(plant: Plant, said: Properties, suffix: str, encoding: Encoding) -> None:
    """The content type of version 5, else the topic's suffix, says how a payload is written."""
    plant.device(level=V5).publish(topic=TELEMETRY + suffix.encode(), said=said)
    plant.sink.wait(1)
    assert plant.sink.tickets[0].frames.encoding.tolist() == [encoding]


def test_a_payload_that_is_not_the_text_it_claims(plant: Plant) -> None:
    """A payload said to be UTF-8 that is not is refused with 0x99; the connection and its neighbours go on."""
    client = plant.device(level=V5)
    client.publish(b"\xff", qos=1, packet_id=4, said=Properties(payload_format=1))
    assert client.get() == Ack(Kind.PUBACK, 4, Reason.PAYLOAD_FORMAT_INVALID)
    client.publish("ä".encode(), qos=1, packet_id=5, said=Properties(payload_format=1))
    assert acks(client, 1) == [5]
    assert plant.sink.payloads() == ["ä".encode()]


def test_topic_aliases(plant: Plant) -> None:
    """An alias stands for its topic until it is set anew; each connection has its own; what is unknown is refused."""
    client = plant.device(level=V5)
    cbor = TELEMETRY + b"/cbor"
    client.publish(b"1", said=Properties(topic_alias=1))
    client.publish(b"2", topic=b"", said=Properties(topic_alias=1))
    client.publish(b"3", topic=cbor, said=Properties(topic_alias=1))
    client.publish(b"4", topic=b"", qos=1, packet_id=8, said=Properties(topic_alias=1))
    assert acks(client, 1) == [8]
    assert [(topic, payload) for _, topic, payload in plant.sink.messages()] == [
        (TELEMETRY, b"1"),
        (TELEMETRY, b"2"),
        (cbor, b"3"),
        (cbor, b"4"),
    ]
    other = plant.device("P-8", level=V5)
    other.publish(topic=b"", said=Properties(topic_alias=1))
    assert other.refusal() == Reason.PROTOCOL_ERROR
    for alias in (0, Limits().topic_aliases + 1):
        client = plant.device("P-9", level=V5)
        client.publish(said=Properties(topic_alias=alias))
        assert client.refusal() == Reason.TOPIC_ALIAS_INVALID


def test_many_aliased_messages_in_one_read(plant: Plant) -> None:
    """Thousands of short aliased messages in one segment are all heard in order: their topics find room."""
    client = plant.device(level=V5)
    client.publish(b"first", said=Properties(topic_alias=1))
    stream = b"".join(
        encode(Publish(b"", b"%d" % number, properties=Properties(topic_alias=1)), V5) for number in range(20_000)
    )
    sender = threading.Thread(target=client.raw, args=(stream,))
    sender.start()
    assert plant.sink.wait(20_001)[1:] == [b"%d" % number for number in range(20_000)]
    sender.join()


def test_the_receive_maximum_is_kept(plant: Plant) -> None:
    """More unanswered QoS 1 messages than announced end a version 5 connection with 0x93; as many do not."""
    with running(limits=Limits(receive_maximum=5, arena_bytes=4 << 20)) as small:
        small.sink.by_hand = True
        client = small.device(level=V5)
        for packet_id in range(1, 6):
            client.publish(qos=1, packet_id=packet_id)
        assert client.quiet()
        client.publish(qos=1, packet_id=6)
        assert client.refusal() == Reason.RECEIVE_MAXIMUM_EXCEEDED
        assert small.count("refused_receive_maximum") == 1


def test_a_packet_beyond_the_maximum(plant: Plant, level: int) -> None:
    """A packet larger than announced is refused from its header on, before its bytes are taken."""
    client = plant.device(level=level)
    client.raw(b"\x30\xff\xff\xff\x7f")
    assert client.refusal() == (Reason.PACKET_TOO_LARGE if level == V5 else None)
    assert plant.count("too_large") == 1


def test_a_failing_sink_ends_acceptance(level: int) -> None:
    """When the sink raises, nothing is acknowledged, everybody is told, newcomers are refused, the reason kept."""
    with running() as plant:
        client, other = plant.device(level=level), plant.device("P-8", level=level)
        plant.sink.error = StorageFailed("the disk is full")
        client.publish(qos=1, packet_id=1)
        expected = Reason.SERVER_UNAVAILABLE if level == V5 else None
        assert client.refusal() == expected
        assert other.refusal() == expected
        assert "disk is full" in plant.endpoint.failure
        assert plant.client(level).connect("P-9").code == (Reason.SERVER_UNAVAILABLE if level == V5 else 3)
        assert plant.count("acknowledged") == 0


def test_a_full_sink_is_waited_for(level: int) -> None:
    """While the sink has no room nothing is acknowledged and nothing lost: publishers wait, all others are served;
    when there is room again everything arrives in its order."""
    with running() as plant:
        first, second, calm = (plant.device(f"P-{number}", level=level) for number in (1, 2, 3))
        plant.sink.error = Overloaded("the disk is full", retry_after=1.0)
        for number in range(3):
            first.publish(b"%d" % number, topic=b"twins/Pump/P-1/telemetry", qos=1, packet_id=number + 1)
        until(lambda: plant.endpoint.busy)
        second.publish(b"x", topic=b"twins/Pump/P-2/telemetry", qos=1, packet_id=9)
        assert calm.quiet()
        until(lambda: plant.endpoint._loop.lines.table.behind.sum() == 2)
        assert plant.sink.messages() == []
        plant.sink.error = None
        assert acks(first, 3) == [1, 2, 3]
        assert acks(second, 1) == [9]
        assert [payload for device, _, payload in plant.sink.messages() if device == "P-1"] == [b"0", b"1", b"2"]
        until(lambda: not plant.endpoint.busy)
        assert first.quiet()


def test_one_refused_sender_harms_nobody_else(level: int) -> None:
    """When the sink may not keep one sender's data, that one is put out without an answer; the batch's others are
    acknowledged, and nobody hears the refused message."""
    with running() as plant:
        taken = plant.endpoint._loop.batches._outlet._sink
        erased = DataRefused("expected a person whose data may be kept")
        gate = threading.Event()

        def sink(frames: Frames) -> object:
            gate.wait(20)
            if any(frames.sender(i).device == "P-2" for i in range(len(frames))):
                raise erased
            return taken(frames)

        reader = plant.device("ann", level=level)
        reader.subscribe("twins/#")
        clients = [plant.device(f"P-{number}", level=level) for number in (0, 1, 2, 3)]
        plant.endpoint._loop.batches._outlet._sink = sink  # type: ignore[assignment]
        for number, client in enumerate(clients):  # the first holds the loop up, so that the others share a batch
            client.publish(b"%d" % number, topic=b"twins/Pump/P-%d/telemetry" % number, qos=1, packet_id=1)
        gate.set()
        for number in (0, 1, 3):
            assert acks(clients[number], 1) == [1]
        assert clients[2].refusal() == (Reason.IMPLEMENTATION_SPECIFIC if level == V5 else None)
        assert sorted(reader.message().payload for _ in range(3)) == [b"0", b"1", b"3"]
        assert sorted(plant.sink.payloads()) == [b"0", b"1", b"3"]
        assert plant.count("refused_data") == 1


def test_storage_that_fails_while_nobody_publishes(plant: Plant, level: int) -> None:
    """`fail` ends acceptance from outside: clients that wait for an answer are told that none will come."""
    plant.sink.by_hand = True
    client = plant.device(level=level)
    client.publish(qos=1, packet_id=1)
    plant.sink.wait(1)
    plant.endpoint.fail("a sync has failed")
    assert client.refusal() == (Reason.SERVER_UNAVAILABLE if level == V5 else None)
    assert plant.endpoint.failure == "a sync has failed"
    assert plant.count("acknowledged") == 0


def test_acknowledgements_of_the_gone_harm_nobody(plant: Plant, level: int) -> None:
    """A client that goes before its message is durable leaves nothing behind, and its handle's next owner gets
    none of its answers."""
    plant.sink.by_hand = True
    client = plant.device(level=level)
    client.publish(qos=1, packet_id=1)
    plant.sink.wait(1)
    client.close()
    until(lambda: plant.count("closed") == 1)
    heir = plant.device("P-8", level=level)
    plant.sink.complete()
    assert heir.quiet()
    until(lambda: not plant.endpoint._loop.batches._pending)
    table = plant.endpoint._loop.lines.table
    assert table.unlogged.sum() == 0
    assert table.unanswered.sum() == 0
    assert plant.endpoint._loop.batches.unlogged == 0


def test_what_is_durable_at_the_end_is_still_acknowledged(plant: Plant, level: int) -> None:
    """Stopping waits a moment for what is on its way to the disk, and answers it before the goodbye."""
    plant.sink.by_hand = True
    client = plant.device(level=level)
    client.publish(qos=1, packet_id=1)
    plant.sink.wait(1)
    stopping = threading.Thread(target=plant.endpoint.stop)
    stopping.start()
    plant.sink.complete()
    assert acks(client, 1) == [1]
    stopping.join()


def test_other_layouts(plant: Plant) -> None:
    """Topics of a declared layout reach the twin that they name; the rights are those of that twin."""
    translate = layouts([("Pump", "plant/{line}/{id}/telemetry")])
    with running(translate=translate) as other:
        client = other.device(level=V5)
        client.publish(topic=b"plant/line1/P-7/telemetry", qos=1, packet_id=1)
        assert acks(client, 1) == [1]
        client.publish(topic=b"plant/line1/P-8/telemetry", qos=1, packet_id=2)
        assert client.get() == Ack(Kind.PUBACK, 2, Reason.NOT_AUTHORIZED)
        client.publish(qos=1, packet_id=3)
        assert acks(client, 1) == [3]


def test_where_the_payload_names_the_twin() -> None:
    """A topic that names no twin takes the right to all of the type: a device has not, a gateway has."""
    gateway = Identity("", "gate", "device", frozenset({"device"}), ("Pump",), grant="test")
    with running(translate=layouts([("Pump", "acme/#")]), gate=OpenGate(people=(gateway,))) as plant:
        device, bridge = plant.device(level=V5), plant.device("gate", level=V5)
        device.publish(topic=b"acme/x", qos=1, packet_id=1)
        assert device.get() == Ack(Kind.PUBACK, 1, Reason.NOT_AUTHORIZED)
        bridge.publish(topic=b"acme/x", qos=1, packet_id=1)
        assert acks(bridge, 1) == [1]


def test_rights_are_asked_again_when_they_change(plant: Plant) -> None:
    """A topic that was allowed is asked for again once the gate's version has grown."""
    client = plant.device(level=V5)
    client.publish(qos=1, packet_id=1)
    assert acks(client, 1) == [1]
    plant.gate.may = lambda *_: False  # type: ignore[method-assign]
    plant.gate.version += 1
    plant.pass_time(1)
    until(lambda: plant.endpoint._loop.gate_version == plant.gate.version)
    client.publish(qos=1, packet_id=2)
    assert client.get() == Ack(Kind.PUBACK, 2, Reason.NOT_AUTHORIZED)


def test_a_client_killed_inside_a_packet_disturbs_nobody(plant: Plant, level: int) -> None:
    """A connection that breaks in the middle of a packet, even by a reset, leaves the others and the memory alone."""
    import socket
    import struct

    other = plant.device("P-8", level=level)
    for cut in (1, 3, 10, 40):
        client = plant.device(level=level)
        client.raw(encode(Publish(TELEMETRY, b"x" * 100), level)[:cut])
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert other.quiet()
    until(lambda: plant.count("closed") == 4)
    assert plant.endpoint._loop.lines.held_bytes == 0
    assert plant.sink.messages() == []


def test_turns_of_a_small_arena(level: int) -> None:
    """When more is ready than the arena holds, the rest is read in further turns; nothing is lost or mixed up."""
    limits = Limits(packet_bytes=8_192, read_bytes=4_096, arena_bytes=300_000)
    with running("compiled", limits=limits) as plant:
        clients = [plant.device(f"P-{number}", level=level) for number in range(60)]
        parts = [b"".join(_burst(number, level)) for number in range(60)]
        threads = [
            threading.Thread(target=client.raw, args=(part,)) for client, part in zip(clients, parts, strict=True)
        ]
        for thread in threads:
            thread.start()
        plant.sink.wait(60 * 40)
        for thread in threads:
            thread.join()
        by_device: dict[str, list[int]] = {}
        for device, topic, payload in plant.sink.messages():
            assert topic == b"twins/Pump/%s/telemetry" % device.encode()
            by_device.setdefault(device, []).append(int(np.frombuffer(payload[:4], np.int32)[0]))
        assert all(found == list(range(40)) for found in by_device.values())
        assert len(by_device) == 60


def _burst(number: int, level: int) -> list[bytes]:
    topic = b"twins/Pump/P-%d/telemetry" % number
    return [
        encode(Publish(topic, np.int32(count).tobytes() + bytes((number * 37 + count * 91) % 3000)), level)
        for count in range(40)
    ]


def test_levels_mix_in_one_batch(plant: Plant) -> None:
    """Clients of both versions in one turn each get answers in their own words."""
    old, new = plant.device("P-7", level=V3), plant.device("P-8", level=V5)
    plant.sink.by_hand = True
    old.publish(qos=1, packet_id=1)
    new.publish(qos=1, packet_id=2, topic=b"elsewhere")
    new.publish(qos=1, packet_id=3, topic=b"twins/Pump/P-8/telemetry")
    plant.sink.wait(2)
    plant.sink.complete()
    assert acks(old, 1) == [1]
    assert new.get() == Ack(Kind.PUBACK, 2, Reason.NOT_AUTHORIZED)
    assert acks(new, 1) == [3]
