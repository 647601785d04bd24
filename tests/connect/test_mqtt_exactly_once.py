"""QoS 2: each message once for each packet identifier, in both directions, through breaks of the connection."""

import select
from random import Random
from typing import Any

import pytest

from pollux.connect import Limits
from pollux.connect.wire.packets import V3, V5, Ack, Publish, Wish
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import Reason
from tests.connect.rig import TELEMETRY, Client, Plant, running, until

STATE = "twins/Pump/P-7/state"


def lasting(level: int) -> dict[str, Any]:
    """The words of a client that keeps its session."""
    return {"clean": False, "said": Properties(session_expiry=600) if level == V5 else NONE, "level": level}


def exactly(client: Client, payload: bytes, packet_id: int = 1, *, dup: bool = False, topic: bytes = TELEMETRY) -> None:
    client.send(Publish(topic, payload, 2, False, dup, packet_id))


def test_a_message_of_qos_2_is_logged_once(plant: Plant, level: int) -> None:
    """PUBREC leaves when the message is durable, a repeated PUBLISH changes nothing, PUBREL frees its identifier."""
    plant.sink.by_hand = True
    client = plant.device(level=level)
    exactly(client, b"1")
    plant.sink.wait(1)
    assert client.quiet()
    exactly(client, b"1", dup=True)
    assert client.quiet()
    plant.sink.complete()
    assert client.get() == Ack(Kind.PUBREC, 1)
    exactly(client, b"1", dup=True)
    assert client.get() == Ack(Kind.PUBREC, 1)
    client.send(Ack(Kind.PUBREL, 1))
    assert client.get() == Ack(Kind.PUBCOMP, 1)
    assert plant.sink.payloads() == [b"1"]
    assert plant.sink.tickets[0].frames.qos.tolist() == [2]
    exactly(client, b"2")
    plant.sink.wait(2)
    plant.sink.complete()
    assert client.get() == Ack(Kind.PUBREC, 1)
    assert plant.sink.payloads() == [b"1", b"2"]
    assert plant.count("repeated_qos2") == 2


def test_once_through_a_broken_connection(plant: Plant, level: int) -> None:
    """A client that never saw PUBREC sends again on its next connection, before or after the message was durable:
    it is logged once, and PUBREC comes when it is durable."""
    plant.sink.by_hand = True
    first = plant.device(**lasting(level))
    exactly(first, b"x", 7)
    plant.sink.wait(1)
    first.close()
    plant.until("closed", 1)
    second = plant.device(**lasting(level))
    exactly(second, b"x", 7, dup=True)
    assert second.quiet()
    plant.sink.complete()
    assert second.get() == Ack(Kind.PUBREC, 7)
    second.close()
    plant.until("closed", 2)
    third = plant.device(**lasting(level))
    exactly(third, b"x", 7, dup=True)
    assert third.get() == Ack(Kind.PUBREC, 7)
    third.send(Ack(Kind.PUBREL, 7))
    assert third.get() == Ack(Kind.PUBCOMP, 7)
    assert plant.sink.payloads() == [b"x"]


def test_hearers_get_it_once(plant: Plant, level: int) -> None:
    """However often it is sent, a message of QoS 2 is heard once."""
    hearer, device = plant.device("ann", level=level), plant.device(level=level)
    hearer.subscribe(Wish("twins/#", 2))
    for dup in (False, True, True):
        exactly(device, b"once", dup=dup)
        assert device.get() == Ack(Kind.PUBREC, 1)
    found = hearer.message()
    assert (found.payload, found.qos) == (b"once", 2)
    assert hearer.quiet()
    plant.until("confirmed_qos2", 1)


def test_qos_mix_in_order(plant: Plant, level: int) -> None:
    """Messages of all three QoS in one segment keep their order; each is answered in its own way, in order."""
    client = plant.device(level=level)
    from pollux.connect.wire.encode import encode

    client.raw(
        b"".join(
            encode(Publish(TELEMETRY, b"%d" % number, number % 3, packet_id=number if number % 3 else 0), level)
            for number in range(1, 31)
        )
    )
    for number in (number for number in range(1, 31) if number % 3):
        assert client.get() == Ack(Kind.PUBACK if number % 3 == 1 else Kind.PUBREC, number)
    assert plant.sink.payloads() == [b"%d" % number for number in range(1, 31)]


def test_what_is_refused_holds_no_identifier(plant: Plant) -> None:
    """A forbidden message of QoS 2 is told no with PUBREC (5), and its identifier may be used again at once."""
    client = plant.device(level=V5)
    exactly(client, b"x", topic=b"elsewhere")
    assert client.get() == Ack(Kind.PUBREC, 1, Reason.NOT_AUTHORIZED)
    client.publish(b"\xff", qos=2, packet_id=1, said=Properties(payload_format=1))
    assert client.get() == Ack(Kind.PUBREC, 1, Reason.PAYLOAD_FORMAT_INVALID)
    exactly(client, b"x")
    assert client.get() == Ack(Kind.PUBREC, 1)
    old = plant.device("P-8", level=V3)
    exactly(old, b"x", topic=b"elsewhere")
    assert old.refusal() is None
    assert plant.sink.payloads() == [b"x"]


def test_steps_out_of_order(plant: Plant, level: int) -> None:
    """Unknown identifiers are answered as the standard says; PUBREL before PUBREC ends the connection."""
    missing = Reason.PACKET_ID_NOT_FOUND if level == V5 else 0
    client = plant.device(level=level)
    client.send(Ack(Kind.PUBREL, 5))
    assert client.get() == Ack(Kind.PUBCOMP, 5, missing)
    client.send(Ack(Kind.PUBREC, 6))
    assert client.get() == Ack(Kind.PUBREL, 6, missing)
    client.send(Ack(Kind.PUBCOMP, 7))
    assert client.quiet()
    plant.sink.by_hand = True
    exactly(client, b"x", 8)
    plant.sink.wait(1)
    client.send(Ack(Kind.PUBREL, 8))
    assert client.refusal() == (Reason.PROTOCOL_ERROR if level == V5 else None)


def test_flow_control_counts_until_release(level: int) -> None:
    """Messages of QoS 2 count against the announced maximum until they are released, together with those of QoS 1."""
    with running(limits=Limits(receive_maximum=3, arena_bytes=4 << 20)) as plant:
        client = plant.device(level=level)
        for packet_id in (1, 2, 3):
            exactly(client, b"x", packet_id)
            assert client.get() == Ack(Kind.PUBREC, packet_id)
        client.send(Ack(Kind.PUBREL, 2))
        assert client.get() == Ack(Kind.PUBCOMP, 2)
        client.publish(qos=1, packet_id=9)
        assert client.get() == Ack(Kind.PUBACK, 9)
        for packet_id in (4, 5, 6):
            exactly(client, b"x", packet_id)
        assert client.refusal() == (Reason.RECEIVE_MAXIMUM_EXCEEDED if level == V5 else None)
        assert plant.count("refused_receive_maximum") == 1


def test_a_client_may_refuse_a_message(plant: Plant) -> None:
    """A PUBREC with a failure ends the way of a message to that client."""
    client = plant.device("ann", **lasting(V5))
    client.subscribe(Wish(STATE, 2))
    plant.endpoint.publish(STATE, b"unwanted", qos=2)
    found = client.get()
    assert isinstance(found, Publish)
    client.send(Ack(Kind.PUBREC, found.packet_id, Reason.UNSPECIFIED))
    assert client.quiet()
    until(lambda: plant.endpoint._loop.lines.sessions[("", "ann", "ann")].outbox.bytes == 0)


def test_confirmations_of_the_wrong_kind_mean_nothing(plant: Plant, level: int) -> None:
    """PUBACK does not confirm a message of QoS 2, nor PUBCOMP one that was not received."""
    client = plant.device("ann", level=level)
    client.subscribe(Wish(STATE, 2))
    plant.endpoint.publish(STATE, b"x", qos=2)
    found = client.get()
    assert isinstance(found, Publish)
    client.send(Ack(Kind.PUBACK, found.packet_id)).send(Ack(Kind.PUBCOMP, found.packet_id))
    assert client.quiet()
    assert plant.count("confirmed_qos1") + plant.count("confirmed_qos2") == 0
    client.send(Ack(Kind.PUBREC, found.packet_id))
    assert client.get() == Ack(Kind.PUBREL, found.packet_id)


def test_redelivery_inside_a_connection_of_3() -> None:
    """In 3.1.1 each step that was not confirmed for long is sent again: PUBLISH with DUP, then PUBREL."""
    with running() as plant:
        client = plant.device("ann", level=V3)
        client.subscribe(Wish(STATE, 2))
        plant.endpoint.publish(STATE, b"x", qos=2)
        first = client.get()
        plant.pass_time(Limits().redeliver_seconds + 1)
        again = client.get()
        assert isinstance(first, Publish)
        assert isinstance(again, Publish)
        assert (again.packet_id, again.dup) == (first.packet_id, True)
        client.send(Ack(Kind.PUBREC, first.packet_id))
        assert client.get() == Ack(Kind.PUBREL, first.packet_id)
        plant.pass_time(Limits().redeliver_seconds + 1)
        assert client.get() == Ack(Kind.PUBREL, first.packet_id)


def sends_all(plant: Plant, level: int, count: int, luck: Random) -> None:
    """A client of QoS 2 whose connection breaks again and again, and which does what the standard asks of it."""
    open_: dict[int, bytes] = {}
    released: set[int] = set()
    fresh = iter(range(count))
    done = object()
    left: Any = 0
    while left is not done or open_ or released:
        client = plant.device(**lasting(level))
        for packet_id, payload in open_.items():
            exactly(client, payload, packet_id, dup=True)
        for packet_id in released:
            client.send(Ack(Kind.PUBREL, packet_id))
        for _ in range(luck.randrange(30)):
            if len(open_) < 5 and (left := next(fresh, done)) is not done:
                packet_id = next(one for one in range(1, 100) if one not in open_ and one not in released)
                open_[packet_id] = b"%d" % left
                exactly(client, open_[packet_id], packet_id)
            if not open_ and not released:
                break
            if luck.random() < 0.5:
                plant.sink.complete()
                continue
            if client.socket in select.select([client.socket], [], [], 0.01)[0]:
                _hears(client, open_, released)
        client.close()


def _hears(client: Client, open_: dict[int, bytes], released: set[int]) -> None:
    found = client.get()
    assert isinstance(found, Ack)
    if found.kind is Kind.PUBREC:
        open_.pop(found.packet_id, None)
        released.add(found.packet_id)
        client.send(Ack(Kind.PUBREL, found.packet_id))
    else:
        assert found.kind is Kind.PUBCOMP
        released.discard(found.packet_id)


@pytest.mark.parametrize("seed", range(6))
def test_once_through_many_breaks(level: int, seed: int) -> None:
    """Whatever breaks when, each message of QoS 2 is in the log once, and in the order in which it was first sent."""
    with running() as plant:
        plant.sink.by_hand = True
        sends_all(plant, level, 60, Random(seed))
        assert plant.sink.payloads() == [b"%d" % number for number in range(60)]


@pytest.mark.parametrize("seed", range(6))
def test_heard_once_through_many_breaks(level: int, seed: int) -> None:
    """A client that goes at any step of QoS 2 and returns has every message once, by the rules of the standard."""
    luck, heard, received = Random(seed), list[bytes](), set[int]()
    with running() as plant:
        client = plant.device("ann", **lasting(level))
        client.subscribe(Wish(STATE, 2))
        for number in range(40):
            plant.endpoint.publish(STATE, b"%d" % number, qos=2)
        while len(heard) < 40 or received:
            found = client.get()
            if isinstance(found, Publish):
                if found.packet_id not in received:
                    heard.append(found.payload)
                received.add(found.packet_id)
                client.send(Ack(Kind.PUBREC, found.packet_id))
            else:
                assert isinstance(found, Ack)
                received.discard(found.packet_id)
                client.send(Ack(Kind.PUBCOMP, found.packet_id))
            if luck.random() < 0.2:
                client.close()
                client = plant.device("ann", **lasting(level))
        assert heard == [b"%d" % number for number in range(40)]
        plant.until("confirmed_qos2", 40)
