"""Sessions that outlive their connection: what is kept for the absent, for how long, within which bounds."""

from typing import Any

import pytest

from pollux.clock import SECOND
from pollux.connect import Limits
from pollux.connect.wire.packets import V3, V5, Ack, Farewell, Publish, Will, Wish
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import Reason
from pollux.guard import Identity
from tests.connect.rig import TELEMETRY, Client, OpenGate, Plant, running, until

STATE = "twins/Pump/P-7/state"
COMMANDS = "twins/Pump/P-7/commands"
WILL = Will(TELEMETRY.decode(), b"lost")


def lasting(level: int, seconds: int = 600) -> Properties:
    """What a client of version 5 says to keep its session."""
    return Properties(session_expiry=seconds) if level == V5 else NONE


def opened(
    plant: Plant, level: int, name: str = "ann", *, present: bool, will: Will | None = None, clean: bool = False
) -> Client:
    """A client with a session that is kept."""
    client = plant.client(level)
    answer = client.connect(name, clean=clean, said=lasting(level), will=will)
    assert (answer.code, answer.session_present) == (0, present)
    return client


def gone(plant: Plant, client: Client) -> None:
    """The connection breaks, and the endpoint has seen it."""
    before = plant.count("closed")
    client.close()
    plant.until("closed", before + 1)


def state(plant: Plant, *payloads: bytes, qos: int = 1) -> None:
    """Messages from inside, all of them on their way."""
    before = plant.count("published")
    for payload in payloads:
        plant.endpoint.publish(STATE, payload, qos=qos)
    plant.until("published", before + len(payloads))


def test_subscriptions_and_messages_wait_for_the_absent(plant: Plant, level: int) -> None:
    """What was subscribed still holds, and what came meanwhile at QoS 1 and 2 arrives in order; QoS 0 is not kept."""
    client = opened(plant, level, present=False)
    client.subscribe(Wish(STATE, 2))
    gone(plant, client)
    state(plant, b"1")
    state(plant, b"light", qos=0)
    state(plant, b"2", b"3", qos=2)
    back = opened(plant, level, present=True)
    assert [back.message().payload for _ in range(3)] == [b"1", b"2", b"3"]
    assert back.quiet()
    state(plant, b"live")
    assert back.message().payload == b"live"
    assert (plant.count("resumed"), plant.count("not_kept")) == (1, 1)


def test_unconfirmed_messages_are_sent_again(plant: Plant, level: int) -> None:
    """What was not confirmed comes first on the next connection: DUP, the same identifier, the same order."""
    client = opened(plant, level, present=False)
    client.subscribe(Wish(STATE, 2))
    state(plant, b"1")
    state(plant, b"2", qos=2)
    first = [client.get(), client.get()]
    gone(plant, client)
    state(plant, b"3")
    back = opened(plant, level, present=True)
    again = [back.get(), back.get(), back.get()]
    said = [(one.payload, one.dup, one.packet_id) for one in (*first, *again) if isinstance(one, Publish)]
    (_, _, one), (_, _, two) = said[:2]
    assert said[2:4] == [(b"1", True, one), (b"2", True, two)]
    assert said[4][:2] == (b"3", False)
    assert plant.count("redelivered") == 2


def test_a_received_message_is_only_released_again(plant: Plant, level: int) -> None:
    """At QoS 2 a client that had said PUBREC gets PUBREL on its next connection, never the message again."""
    client = opened(plant, level, present=False)
    client.subscribe(Wish(STATE, 2))
    state(plant, b"once", qos=2)
    message = client.get()
    assert isinstance(message, Publish)
    client.send(Ack(Kind.PUBREC, message.packet_id))
    assert client.get() == Ack(Kind.PUBREL, message.packet_id)
    gone(plant, client)
    back = opened(plant, level, present=True)
    assert back.get() == Ack(Kind.PUBREL, message.packet_id)
    back.send(Ack(Kind.PUBCOMP, message.packet_id))
    assert back.quiet()
    plant.until("confirmed_qos2", 1)
    gone(plant, back)
    assert opened(plant, level, present=True).quiet()


def test_a_clean_start_ends_the_old_session(plant: Plant, level: int) -> None:
    """Clean start, or clean session, finds nothing of what was there before."""
    client = opened(plant, level, present=False)
    client.subscribe(STATE)
    gone(plant, client)
    state(plant, b"missed")
    again = opened(plant, level, present=False, clean=True)
    assert again.quiet()
    state(plant, b"unheard")
    assert again.quiet()


def test_a_clean_session_is_not_kept(plant: Plant, level: int) -> None:
    """A session without expiry, or with clean session, ends with its connection."""
    client = plant.device("ann", level=level, clean=level == V3)
    client.subscribe(STATE)
    gone(plant, client)
    assert opened(plant, level, present=False).quiet()
    assert len(plant.endpoint._loop.keeping) == 0


def test_sessions_expire(plant: Plant, level: int) -> None:
    """After its time a session is gone: that which was asked for in 5, the limit's in 3.1.1."""
    client = opened(plant, level, present=False)
    client.subscribe(STATE)
    gone(plant, client)
    plant.pass_time((600 if level == V5 else Limits().session_seconds) + 1)
    plant.until("expired_sessions", 1)
    assert not plant.endpoint._loop.router._exact
    assert opened(plant, level, present=False).quiet()


def test_a_session_that_is_over_is_not_found_between_sweeps() -> None:
    """Also when nobody has swept yet, a session whose time is over is not resumed."""
    with running() as plant:
        gone(plant, opened(plant, V5, present=False))
        keeping = plant.endpoint._loop.keeping
        keeping._kept[("", "ann", "ann")].until = plant.clock.now()
        opened(plant, V5, present=False)


def test_disconnect_may_change_the_expiry(plant: Plant) -> None:
    """A client of version 5 may end its session when it says goodbye, or lengthen it."""
    for seconds, present in ((0, False), (1_000, True)):
        client = plant.device("ann", level=V5, said=lasting(V5))
        client.send(Farewell(Kind.DISCONNECT, 0, Properties(session_expiry=seconds))).ended()
        plant.pass_time(700)
        until(lambda: plant.endpoint._loop.turned == plant.clock.now())
        gone(plant, opened(plant, V5, present=present, clean=False))
        plant.device("ann", level=V5, clean=True).send(Farewell(Kind.DISCONNECT)).ended()


def test_a_live_session_moves_to_its_new_connection(plant: Plant, level: int) -> None:
    """A client that comes again while its old connection stands is the same session; the old one is told 0x8E."""
    first = opened(plant, level, present=False)
    first.subscribe(STATE)
    state(plant, b"1")
    assert isinstance(first.get(), Publish)
    second = opened(plant, level, present=True)
    assert first.refusal() == (Reason.SESSION_TAKEN_OVER if level == V5 else None)
    assert second.message().dup
    state(plant, b"2")
    assert second.message().payload == b"2"
    assert plant.count("taken_over") == 1


def test_another_identity_finds_no_session(plant: Plant, level: int) -> None:
    """A session is its identity's: somebody else with the same client id gets nothing of it."""
    client = plant.client(level)
    client.connect("ann", client_id="c", clean=False, said=lasting(level))
    client.subscribe(STATE)
    gone(plant, client)
    state(plant, b"x")
    other = plant.client(level)
    answer = other.connect("root", client_id="c", clean=False, said=lasting(level))
    assert not answer.session_present
    assert other.quiet()


def test_the_oldest_message_of_the_absent_gives_way(level: int) -> None:
    """A full queue keeps the newest messages, and counts those that it let go."""
    with running(limits=Limits(waiting=3, arena_bytes=4 << 20)) as plant:
        client = opened(plant, level, present=False)
        client.subscribe(STATE)
        gone(plant, client)
        state(plant, *(b"%d" % number for number in range(5)))
        assert plant.count("dropped_oldest_kept") == 2
        back = opened(plant, level, present=True)
        assert [back.message().payload for _ in range(3)] == [b"2", b"3", b"4"]


def test_all_that_waits_is_bounded(level: int) -> None:
    """All queues of the absent together stay within their bound, and the count goes back to nothing."""
    with running(limits=Limits(kept_bytes=20_000, arena_bytes=4 << 20)) as plant:
        for name in ("a", "b"):
            client = plant.client(level)
            client.connect("ann", client_id=name, clean=False, said=lasting(level))
            client.subscribe(STATE)
            gone(plant, client)
        state(plant, *(bytes(800) for _ in range(30)))
        keeping = plant.endpoint._loop.keeping
        assert 15_000 < keeping.bytes <= 20_000
        assert plant.count("dropped_oldest_kept") > 30
        for name in ("a", "b"):
            plant.device("ann", level=level, client_id=name)
        until(lambda: keeping.bytes == 0)
        assert len(keeping) == 0


def test_what_is_unconfirmed_is_bounded_too(level: int) -> None:
    """A session whose unconfirmed messages are more than all sessions together may hold ends with its connection."""
    with running(limits=Limits(kept_bytes=5_000, arena_bytes=4 << 20)) as plant:
        client = opened(plant, level, present=False)
        client.subscribe(STATE)
        state(plant, *(bytes(2_000) for _ in range(8)))
        for _ in range(8):
            assert isinstance(client.get(), Publish)
        gone(plant, client)
        assert plant.count("dropped_sessions") == 1
        assert plant.endpoint._loop.keeping.bytes == 0
        opened(plant, level, present=False)


def test_nothing_of_a_broken_connection_is_kept(level: int) -> None:
    """What was on its way through the socket of a client that had not read it does not stay in memory."""
    with running(limits=Limits(arena_bytes=4 << 20)) as plant:
        client = opened(plant, level, present=False)
        client.subscribe(Wish(STATE, 0))
        session = plant.endpoint._loop.lines.sessions[("", "ann", "ann")]
        while not session.link.out:
            state(plant, bytes(500_000), qos=0)
        gone(plant, client)
        assert not session.link.out
        assert len(plant.endpoint._loop.keeping) == 1


def test_sessions_are_bounded_in_number(level: int) -> None:
    """Beyond so many absent sessions the one that has been away for longest ends."""
    with running(limits=Limits(sessions=2, arena_bytes=4 << 20)) as plant:
        for name in ("a", "b", "c"):
            client = plant.client(level)
            client.connect("ann", client_id=name, clean=False, said=lasting(level))
            gone(plant, client)
        assert plant.count("dropped_sessions") == 1
        found = []
        for name in ("a", "b", "c"):
            client = plant.client(level)
            found.append(client.connect("ann", client_id=name, clean=False, said=lasting(level)).session_present)
        assert found == [False, True, True]


def test_a_slow_client_finds_its_messages(level: int) -> None:
    """Who is put out because it confirms nothing has a session still, with the newest of what it missed."""
    with running(limits=Limits(window=1, waiting=3, arena_bytes=4 << 20)) as plant:
        client = opened(plant, level, present=False)
        client.subscribe(STATE)
        state(plant, *(b"%d" % number for number in range(6)))
        client.ended()
        assert plant.count("disconnected_slow") == 1
        back = opened(plant, level, present=True)
        assert [back.message().payload for _ in range(4)] == [b"0", b"3", b"4", b"5"]


def test_messages_for_the_absent_expire(plant: Plant, level: int) -> None:
    """What has expired before its client came back is not delivered."""
    client = opened(plant, level, present=False)
    client.subscribe(STATE)
    gone(plant, client)
    plant.endpoint.publish(STATE, b"short", qos=1, expires=plant.clock.now() + 10 * SECOND)
    plant.endpoint.publish(STATE, b"long", qos=1, expires=plant.clock.now() + 500 * SECOND)
    plant.pass_time(100)
    back = opened(plant, level, present=True)
    found = back.message()
    assert (found.payload, found.properties.message_expiry) == (b"long", 400 if level == V5 else None)
    assert back.quiet()
    assert plant.count("expired") == 1


def test_no_stale_order_meets_a_device_that_returns(plant: Plant, level: int) -> None:
    """A command without an expiry is not kept for a device that is away, nor sent again; one with an expiry is."""
    device = opened(plant, level, "P-7", present=False)
    device.subscribe(COMMANDS)
    plant.endpoint.publish(COMMANDS, b"unconfirmed", qos=1)
    assert isinstance(device.get(), Publish)
    gone(plant, device)
    reached: list[int] = []
    plant.endpoint.publish(COMMANDS, b"stale", qos=1, then=reached.append)
    expires = plant.clock.now() + 60 * SECOND
    plant.endpoint.publish(COMMANDS, b"in time", qos=1, expires=expires, then=reached.append)
    until(lambda: reached == [0, 1])
    back = opened(plant, level, "P-7", present=True)
    assert back.message().payload == b"in time"
    assert back.quiet()
    assert plant.count("not_kept") == 2


def test_rights_are_those_of_the_return(level: int) -> None:
    """A client whose rights have changed while it was away gets what it may have now, and no more: neither what waits,
    nor what was not confirmed, nor what comes."""
    wide = Identity("", "bob", "person", frozenset({"viewer"}), ("*",), grant="test")
    narrow = Identity("", "bob", "person", frozenset({"viewer"}), ("Pump/P-1",), grant="test")
    gate = OpenGate(people=(wide,))
    with running(gate=gate) as plant:
        client = opened(plant, level, "bob", present=False)
        client.subscribe("twins/#")
        state(plant, b"1")
        assert client.message().payload == b"1"
        state(plant, b"sent")
        assert isinstance(client.get(), Publish)
        gone(plant, client)
        state(plant, b"waits")
        plant.endpoint.publish("twins/Pump/P-1/state", b"still", qos=1)
        until(lambda: plant.count("published") == 4)
        gate._people["bob"] = narrow
        back = opened(plant, level, "bob", present=True)
        state(plant, b"2")
        assert back.message().payload == b"still"
        assert back.quiet()
        assert plant.endpoint._loop.lines.sessions[("", "bob", "bob")].outbox.bytes == 0


def test_the_session_of_an_ended_identity_ends(plant: Plant, level: int) -> None:
    """When an identity is revoked, what was kept for it is gone."""
    client = opened(plant, level, present=False)
    client.subscribe(STATE)
    gone(plant, client)
    plant.gate.ended.add("ann")
    plant.gate.version += 1
    plant.pass_time(1)
    until(lambda: not len(plant.endpoint._loop.keeping))
    assert not plant.endpoint._loop.router._exact


# -- wills ------------------------------------------------------------------------------------------------------------


def delayed(seconds: int, expiry: int = 600) -> dict[str, Any]:
    """The words of a client whose will waits."""
    will = Will(TELEMETRY.decode(), b"lost", 1, properties=Properties(will_delay=seconds, content_type="text/plain"))
    return {"will": will, "said": Properties(session_expiry=expiry), "level": V5}


def test_a_will_waits_for_its_delay(plant: Plant) -> None:
    """A will with a delay is published that long after the connection was lost, with its properties, once."""
    hearer = plant.device("ann", level=V5)
    hearer.subscribe("twins/#")
    gone(plant, plant.device(**delayed(30)))
    plant.pass_time(29)
    assert hearer.quiet()
    plant.pass_time(2)
    found = hearer.message()
    assert (found.payload, found.properties) == (b"lost", Properties(content_type="text/plain"))
    plant.pass_time(700)
    plant.until("expired_sessions", 1)
    assert plant.sink.payloads() == [b"lost"]


def test_who_returns_in_time_has_no_will(plant: Plant) -> None:
    """A session that is resumed before the delay is over takes its will back; a new one publishes it at once."""
    for clean, wills in ((False, 0), (True, 1)):
        gone(plant, plant.device(**delayed(30)))
        assert plant.client(V5).connect("P-7", clean=clean, said=lasting(V5)).code == 0
        plant.pass_time(40)
        plant.device("P-8", level=V5).publish(topic=b"twins/Pump/P-8/telemetry", qos=1)
        assert len(plant.sink.wait(1 + 2 * wills)) == 1 + 2 * wills
        assert plant.count("wills") == wills


def test_no_will_waits_longer_than_its_session(plant: Plant) -> None:
    """A will is published when its session ends, if its delay is longer; at once where there is no session."""
    gone(plant, plant.device(**delayed(100, expiry=0)))
    assert plant.sink.wait(1) == [b"lost"]
    gone(plant, plant.device(**delayed(100, expiry=10)))
    plant.pass_time(11)
    assert plant.sink.wait(2) == [b"lost"] * 2


@pytest.mark.parametrize(("reason", "wills"), [(0, 0), (4, 1)])
def test_a_goodbye_takes_a_delayed_will_along(plant: Plant, reason: int, wills: int) -> None:
    """DISCONNECT 0 takes the will of a kept session along, 4 leaves it to its delay."""
    plant.device(**delayed(5)).send(Farewell(Kind.DISCONNECT, reason)).ended()
    plant.pass_time(6)
    plant.pass_time(1_000)
    plant.until("expired_sessions", 1)
    until(lambda: plant.count("wills") == wills)


def test_a_kept_session_takes_its_will_once(plant: Plant, level: int) -> None:
    """A will without delay is published when the connection is lost, also where the session stays."""
    gone(plant, opened(plant, level, "P-7", present=False, will=WILL))
    assert plant.sink.wait(1) == [b"lost"]
    second = opened(plant, level, "P-7", present=True)
    second.send(Farewell(Kind.DISCONNECT)).ended()
    opened(plant, level, "P-7", present=True)
    assert plant.count("wills") == 1
