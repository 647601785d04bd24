"""CONNECT: who is let in, under which terms, and how everybody else is told."""

import socket
from concurrent.futures import Future
from dataclasses import replace

import pytest

from pollux.clock import SECOND, SimulatedClock
from pollux.connect import Limits, MqttEndpoint, Presence
from pollux.connect.wire.packets import V3, V5, Connack, Connect, Farewell, Ping, Will, Wish
from pollux.connect.wire.properties import Kind, Properties
from pollux.connect.wire.reasons import Reason
from pollux.errors import Overloaded, SetupError
from pollux.guard import Gate, Identity
from tests.connect.rig import VIEWER, Client, HandSink, OpenGate, Plant, running, until


def test_a_device_is_admitted_and_present(plant: Plant, level: int) -> None:
    """A known client gets CONNACK 0 without a session, and is listed with who it is and since when."""
    client = plant.client(level)
    answer = client.connect("P-7", keep_alive=30)
    assert (answer.code, answer.session_present) == (0, False)
    assert client.quiet()
    (one,) = plant.endpoint.connections()
    assert isinstance(one, Presence)
    assert (one.tenant, one.name, one.kind, one.client_id) == ("", "P-7", "device", "P-7")
    assert one.protocol == ("MQTT 5" if level == V5 else "MQTT 3.1.1")
    assert one.since == plant.clock.now()
    assert one.bytes_in > 20
    client.send(Farewell(Kind.DISCONNECT))
    until(lambda: not plant.endpoint.connections())


def test_terms_of_version_5_are_told(plant: Plant) -> None:
    """CONNACK says what holds: receive maximum, packet size, aliases; a session expiry only where it is lowered."""
    answer = plant.client(V5).connect("P-7", keep_alive=60, said=Properties(session_expiry=0xFFFFFFFF))
    assert answer.properties == Properties(
        session_expiry=Limits().session_seconds,
        receive_maximum=Limits().receive_maximum,
        maximum_packet=Limits().packet_bytes,
        topic_alias_maximum=Limits().topic_aliases,
    )


@pytest.mark.parametrize(("asked", "told"), [(0, 3600), (7200, 3600), (3600, None), (10, None)])
def test_server_keep_alive(asked: int, told: int | None) -> None:
    """In version 5 a client that names no keep-alive, or a longer one than allowed, is told the server's."""
    with running() as plant:
        assert plant.client(V5).connect("P-7", keep_alive=asked).properties.server_keep_alive == told


def test_an_empty_client_id_is_assigned(plant: Plant, level: int) -> None:
    """A client without an id gets one of its own, in version 5 it is told; two of them are two clients."""
    first, second = plant.client(level), plant.client(level)
    answers = [client.connect("P-7", client_id="") for client in (first, second)]
    assert [answer.code for answer in answers] == [0, 0]
    assigned = {answer.properties.assigned_client_id for answer in answers}
    assert len(assigned) == (2 if level == V5 else 1)
    assert (None in assigned) == (level == V3)
    assert len(plant.endpoint.connections()) == 2
    assert first.quiet()


def test_an_empty_client_id_needs_a_clean_session_in_3() -> None:
    """3.1.1: an empty id with clean session 0 is refused with code 2, as the standard says."""
    with running() as plant:
        client = plant.client(V3)
        assert client.connect("P-7", client_id="", clean=False).code == 2
        assert client.ended() is None


def test_wrong_credentials_are_refused(plant: Plant, level: int) -> None:
    """Whoever cannot prove who it is is told so in the words of its version, and put out; nothing reaches the sink."""
    client = plant.client(level)
    answer = client.connect("P-7", password=b"guess")
    assert answer.code == (0x86 if level == V5 else 4)
    assert client.ended() is None
    assert plant.count("refused_credentials") == 1
    assert plant.count("admitted") == 0


def test_what_is_unknown_and_what_is_wrong_look_alike(plant: Plant, level: int) -> None:
    """A name that does not exist gets byte for byte the answer of a name with a wrong secret."""
    answers = [plant.client(level).connect(name, password=b"guess") for name in ("P-7", "no-such-name", "ann/x")]
    assert answers[0] == answers[1] == answers[2]


def test_refusals_of_the_first_packet(plant: Plant) -> None:
    """Other first packets, other protocols and other versions are refused, with a code where there is one."""
    cases: list[tuple[bytes, bytes]] = [
        (b"\xc0\x00", b""),
        (b"GET / HTTP/1.1\r\n\r\n", b""),
        (b"\x10\x10\x00\x06MQIsdp\x03\x02\x00\x00\x00\x02ab", b"\x20\x02\x00\x01"),
        (b"\x10\x0e\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x01a", b"\x20\x03\x00\x84\x00"),
        (b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01a", b""),
    ]
    for sent, expected in cases:
        client = plant.client().raw(sent)
        got = b""
        while more := client.socket.recv(100):
            got += more
        assert got[:1] == expected[:1], sent
        assert got[2:4] == expected[2:4]
    assert plant.count("refused_connect") == len(cases)


def test_enhanced_authentication_is_refused() -> None:
    """An authentication method is not supported, and 0x8C says so."""
    with running() as plant:
        client = plant.client(V5)
        said = Properties(authentication_method="SCRAM-SHA-1")
        assert client.connect("P-7", said=said).code == Reason.BAD_AUTHENTICATION_METHOD
        assert client.ended() is None


def test_a_second_connect_is_a_protocol_error(plant: Plant, level: int) -> None:
    """CONNECT comes once; again it ends the connection."""
    client = plant.device(level=level)
    client.send(Connect(level, "P-7", username="P-7"))
    assert client.refusal() == (Reason.PROTOCOL_ERROR if level == V5 else None)


def test_packets_behind_connect_are_read(plant: Plant, level: int) -> None:
    """A client need not wait for CONNACK: what came in the same segment, cut anywhere, is heard."""
    from pollux.connect.wire.encode import encode
    from pollux.connect.wire.packets import Publish

    hello = encode(Connect(level, "P-7", username="P-7"), level)
    message = encode(Publish(b"twins/Pump/P-7/telemetry", b"1", 1, packet_id=5), level)
    client = plant.client(level).raw(hello + message + message[:7])
    assert isinstance(client.get(), Connack)
    client.get()
    client.raw(message[7:])
    client.get()
    assert plant.sink.payloads() == [b"1", b"1"]


def test_a_client_that_says_all_and_leaves_is_heard(plant: Plant, level: int) -> None:
    """CONNECT, PUBLISH at QoS 0 and DISCONNECT in one segment, and closed at once: the message counts."""
    from pollux.connect.wire.encode import encode
    from pollux.connect.wire.packets import Publish

    parts = (
        Connect(level, "P-7", username="P-7"),
        Publish(b"twins/Pump/P-7/telemetry", b"bye"),
        Farewell(Kind.DISCONNECT),
    )
    client = plant.client(level).raw(b"".join(encode(part, level) for part in parts))
    client.close()
    assert plant.sink.wait(1) == [b"bye"]


def test_the_same_client_takes_over(plant: Plant, level: int) -> None:
    """The same id of the same identity ends the older connection, which is told (5) and whose will is published."""
    will = Will("twins/Pump/P-7/telemetry", b"lost")
    first = plant.device(level=level, will=will)
    second = plant.device(level=level)
    assert first.refusal() == (Reason.SESSION_TAKEN_OVER if level == V5 else None)
    assert second.quiet()
    assert plant.sink.wait(1) == [b"lost"]
    assert plant.count("taken_over") == 1
    assert len(plant.endpoint.connections()) == 1


def test_another_identity_cannot_take_over(plant: Plant, level: int) -> None:
    """A device that comes with the client id of another does not disturb it."""
    first = plant.device("P-7", level=level, client_id="P-7")
    second = plant.device("P-8", level=level, client_id="P-7")
    assert first.quiet()
    assert second.quiet()
    assert plant.count("taken_over") == 0


@pytest.mark.parametrize("topic", ["twins/Pump/P-8/telemetry", "twins/Pump/P-7/commands", "nonsense"])
def test_a_will_must_be_allowed(plant: Plant, level: int, topic: str) -> None:
    """Who may not publish to a topic may not leave a will there either."""
    client = plant.client(level)
    assert client.connect("P-7", will=Will(topic, b"x")).code == (Reason.NOT_AUTHORIZED if level == V5 else 5)
    assert client.ended() is None


def test_a_will_of_qos_2(level: int) -> None:
    """A will is logged and heard at the QoS that it names."""
    with running() as plant:
        hearer = plant.device("ann", level=level)
        hearer.subscribe(Wish("twins/#", 2))
        plant.device(level=level, will=Will("twins/Pump/P-7/telemetry", b"x", 2)).close()
        assert hearer.message().qos == 2
        assert plant.sink.tickets[0].frames.qos.tolist() == [2]


def test_a_will_is_for_the_lost_only(plant: Plant, level: int) -> None:
    """A client that says goodbye takes its will with it; one that just goes, or asks for it in version 5, does not."""
    will = Will("twins/Pump/P-7/telemetry", b"lost")
    plant.device(level=level, will=will).send(Farewell(Kind.DISCONNECT)).ended()
    assert plant.count("wills") == 0
    plant.device(level=level, will=will).close()
    plant.sink.wait(1)
    if level == V5:
        plant.device(level=level, will=will).send(Farewell(Kind.DISCONNECT, Reason.DISCONNECT_WITH_WILL)).ended()
        plant.sink.wait(2)


def test_what_was_sent_comes_before_the_will(plant: Plant, level: int) -> None:
    """The will of a client stands behind everything it had sent."""
    client = plant.device(level=level, will=Will("twins/Pump/P-7/telemetry", b"will"))
    for number in range(20):
        client.publish(b"%d" % number)
    client.raw(b"\x00\x00")  # a packet that does not exist
    assert plant.sink.wait(21) == [*(b"%d" % number for number in range(20)), b"will"]


def test_a_session_that_expires_is_answered_with_none() -> None:
    """DISCONNECT may not ask for a session that CONNECT's answer has refused."""
    with running() as plant:
        client = plant.device(level=V5)
        client.send(Farewell(Kind.DISCONNECT, 0, Properties(session_expiry=60)))
        assert client.refusal() == Reason.PROTOCOL_ERROR


def test_a_slow_password_does_not_stop_the_loop(plant: Plant, level: int) -> None:
    """While one client's password is verified elsewhere, others come, speak and go; then it is answered."""
    answer: Future[Identity | None] = Future()
    plant.gate.answer = answer
    slow = plant.client(level)
    slow.send(Connect(level, "ann", username="ann", password=b"x"))
    slow.send(Ping(Kind.PINGREQ))
    until(lambda: plant.gate.asked == ["ann"])
    plant.gate.answer = None
    other = plant.device("P-8", level=level)
    assert other.quiet()
    assert len(plant.endpoint.connections()) == 1
    answer.set_result(replace(VIEWER))
    assert isinstance(slow.get(), Connack)
    assert slow.get() == Ping(Kind.PINGRESP)


def test_who_leaves_while_the_password_is_verified_is_forgotten(plant: Plant) -> None:
    """An answer for a client that has gone meanwhile changes nothing."""
    answer: Future[Identity | None] = Future()
    plant.gate.answer = answer
    client = plant.client()
    client.send(Connect(V3, "ann", username="ann", password=b"x"))
    until(lambda: plant.gate.asked == ["ann"])
    client.close()
    answer.set_result(VIEWER)
    plant.until("closed", 1)
    plant.gate.answer = None
    assert plant.device().quiet()


def test_too_many_attempts_are_told() -> None:
    """When the gate says that there were too many attempts, the client is told to come later."""

    class Full(OpenGate):
        def authenticate(self, credential: object) -> "Future[Identity | None]":
            raise Overloaded("too many", retry_after=1.0)

    with running(gate=Full()) as plant:
        assert plant.client(V5).connect("ann", password=b"x").code == Reason.CONNECTION_RATE_EXCEEDED
        assert plant.client(V3).connect("ann", password=b"x").code == 3


def test_an_identity_that_ends_is_put_out(plant: Plant, level: int) -> None:
    """When the gate's version grows, whoever is no longer alive is put out, the others stay."""
    ended, stays = plant.device("P-7", level=level), plant.device("P-8", level=level)
    plant.gate.ended.add("P-7")
    plant.gate.version += 1
    plant.pass_time(1)
    assert ended.refusal() == (Reason.NOT_AUTHORIZED if level == V5 else None)
    assert stays.quiet()
    assert plant.count("ended_identity") == 1


def test_a_closed_door_is_told_with_its_reason(plant: Plant, level: int) -> None:
    """At the end everybody is told that the server goes, and no will is published for it."""
    client = plant.device(level=level, will=Will("twins/Pump/P-7/telemetry", b"x"))
    plant.endpoint.stop()
    assert client.refusal() == (Reason.SERVER_SHUTTING_DOWN if level == V5 else None)
    assert plant.sink.payloads() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "no-such-host.invalid"])
def test_only_loopback_is_listened_on(host: str) -> None:
    """Without TLS no other address than loopback is listened on, and the message says why."""
    endpoint = MqttEndpoint((host, 0), gate=Gate(), sink=HandSink(), clock=SimulatedClock(0))
    with pytest.raises(SetupError, match="expected"):
        endpoint.start()


def test_a_taken_port_is_told() -> None:
    """A port that somebody else has leads to a clear error."""
    with running() as plant:
        endpoint = MqttEndpoint(
            ("127.0.0.1", plant.endpoint.port), gate=Gate(), sink=HandSink(), clock=SimulatedClock(0)
        )
        with pytest.raises(SetupError, match="free port"):
            endpoint.start()


def test_ipv6_loopback() -> None:
    """The endpoint listens on ::1 as well, where the machine has it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    gate, clock = Gate(by_name=True), SimulatedClock(SECOND)
    endpoint = MqttEndpoint(("::1", 0), gate=gate, sink=HandSink(), clock=clock, limits=Limits(arena_bytes=4 << 20))
    endpoint.start()
    try:
        client = Client.__new__(Client)
        client.level, client.buffer, client.received = V3, b"", set()
        client.socket = socket.create_connection(("::1", endpoint.port))
        assert client.connect("P-7").code == 0
        client.close()
    finally:
        endpoint.stop()
