"""What the tests of the MQTT endpoint share: a client that sends raw packets, and a sink whose tickets are ours."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pollux.clock import SECOND, SimulatedClock
from pollux.columns.frames import Frames
from pollux.connect import Limits, MqttEndpoint
from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import (
    V3,
    V5,
    Ack,
    Answers,
    Connack,
    Connect,
    Farewell,
    Packet,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    Will,
    Wish,
)
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.guard import Gate, Identity, Policy
from pollux.guard.identity import Credential
from pollux.guard.policy import DEFAULT_POLICY

PATIENCE = 20.0
TELEMETRY = b"twins/Pump/P-7/telemetry"


def until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Wait until a condition holds, at most `PATIENCE` seconds; what it returned."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        found = condition()
        if found:
            return found
        pause.wait(0.005)
    raise AssertionError(f"{what} did not come to hold")


@dataclass
class Ticket:
    """A ticket that becomes durable when the test says so."""

    frames: Frames
    callbacks: list[tuple[Callable[..., object], tuple[object, ...]]] = field(default_factory=list)
    durable: bool = False

    def then(self, callback: Callable[..., object], *args: object) -> None:
        if self.durable:
            callback(*args)
        else:
            self.callbacks.append((callback, args))

    def complete(self) -> None:
        self.durable = True
        for callback, args in self.callbacks:
            callback(*args)


class HandSink:
    """Takes Frames; `by_hand` keeps their tickets open until `complete`, `error` makes it raise."""

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []
        self.by_hand = False
        self.error: Exception | None = None

    def __call__(self, frames: Frames) -> Ticket:
        if self.error is not None:
            raise self.error
        ticket = Ticket(frames, durable=not self.by_hand)
        self.tickets.append(ticket)
        return ticket

    def complete(self) -> None:
        """Everything handed over so far is durable."""
        for ticket in list(self.tickets):
            if not ticket.durable:
                ticket.complete()

    def messages(self) -> list[tuple[str, bytes, bytes]]:
        """(device, topic, payload) of all messages so far."""
        return [
            (ticket.frames.sender(i).device, ticket.frames.topic(i), bytes(ticket.frames.payload(i)))
            for ticket in list(self.tickets)
            for i in range(len(ticket.frames))
        ]

    def payloads(self) -> list[bytes]:
        return [payload for _, _, payload in self.messages()]

    def wait(self, count: int) -> list[bytes]:
        """The payloads, once there are that many."""
        until(lambda: len(self.messages()) >= count, f"{count} messages in the sink")
        return self.payloads()


class Client:
    """A client that speaks MQTT by hand, one packet at a time."""

    def __init__(self, port: int, *, level: int = V3) -> None:
        self.level = level
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.buffer = b""
        self.received: set[int] = set()

    def raw(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def send(self, packet: Packet) -> "Client":
        return self.raw(encode(packet, self.level))

    def get(self) -> Packet:
        """The next packet from the server."""
        while True:
            found = header(self.buffer, 0, len(self.buffer)) if self.buffer else None
            if found is not None and found[1] <= len(self.buffer):
                first, body = self.buffer[0], self.buffer[found[0] : found[1]]
                self.buffer = self.buffer[found[1] :]
                return from_server(first, body, self.level)
            more = self.socket.recv(65_536)
            if not more:
                raise EOFError
            self.buffer += more

    def ended(self) -> "Packet | None":
        """Read to the end of the connection: the last packet before it, if there was one."""
        last: Packet | None = None
        try:
            while True:
                last = self.get()
        except (EOFError, ConnectionError):
            return last

    def quiet(self) -> bool:
        """Whether nothing more is coming now: a ping is answered by its answer and nothing before it."""
        self.send(Ping(Kind.PINGREQ))
        return self.next() == Ping(Kind.PINGRESP)

    def close(self) -> None:
        self.socket.close()

    # -- packets ------------------------------------------------------------------------------------------------------

    def connect(
        self,
        name: str = "P-7",
        *,
        client_id: str | None = None,
        keep_alive: int = 0,
        clean: bool = True,
        password: bytes | None = None,
        will: Will | None = None,
        said: Properties = NONE,
    ) -> Connack:
        """Send CONNECT as `name`; the answer."""
        self.send(
            Connect(self.level, name if client_id is None else client_id, clean, keep_alive, name, password, will, said)
        )
        answer = self.get()
        assert isinstance(answer, Connack)
        return answer

    def publish(
        self,
        payload: bytes = b"{}",
        *,
        topic: bytes = TELEMETRY,
        qos: int = 0,
        packet_id: int = 1,
        retain: bool = False,
        said: Properties = NONE,
    ) -> "Client":
        return self.send(Publish(topic, payload, qos, retain, False, packet_id if qos else 0, said))

    def subscribe(self, *wishes: Wish | str, said: Properties = NONE) -> tuple[int, ...]:
        """Subscribe; the codes of the answer."""
        lines = tuple(Wish(wish, 1) if isinstance(wish, str) else wish for wish in wishes)
        self.send(Subscribe(77, lines, said))
        answer = self.get()
        assert isinstance(answer, Answers)
        assert (answer.kind, answer.packet_id) == (Kind.SUBACK, 77)
        return answer.codes

    def unsubscribe(self, *filters: str) -> Answers:
        self.send(Unsubscribe(78, filters))
        answer = self.get()
        assert isinstance(answer, Answers)
        return answer

    def message(self) -> Publish:
        """The next message, which must be one; at QoS 1 it is confirmed, at QoS 2 in both steps."""
        found = self.next()
        assert isinstance(found, Publish), found
        if found.qos:
            self.send(Ack(Kind.PUBACK if found.qos == 1 else Kind.PUBREC, found.packet_id))
        if found.qos == 2:
            self.received.add(found.packet_id)
        return found

    def next(self) -> Packet:
        """The next packet, when those messages that `message` has received at QoS 2 and are released are completed."""
        while True:
            found = self.get()
            if not (isinstance(found, Ack) and found.kind is Kind.PUBREL and found.packet_id in self.received):
                return found
            self.received.remove(found.packet_id)
            self.send(Ack(Kind.PUBCOMP, found.packet_id))

    def refusal(self) -> int | None:
        """The reason in the DISCONNECT that ends the connection; None if it ends without one."""
        last = self.ended()
        return last.reason if isinstance(last, Farewell) else None


def from_server(first: int, body: bytes, level: int) -> Packet:
    """A packet of the server; a PUBLISH of the server may carry subscription identifiers."""
    if first >> 4 != Kind.PUBLISH or level < V5:
        return decode(first, body, level)
    from pollux.connect.wire import properties
    from pollux.connect.wire.octets import Reader

    reader, qos = Reader(body), first >> 1 & 3
    topic = reader.binary()
    packet_id = reader.u16() if qos else 0
    said = properties.read(reader, Kind.PUBLISH)
    return Publish(topic, reader.rest(), qos, bool(first & 1), bool(first & 8), packet_id, said)


VIEWER = Identity("", "ann", "person", frozenset({"viewer"}), ("*",), grant="test")
ADMIN = Identity("", "root", "person", frozenset({"administrator"}), ("*",), grant="test")


class OpenGate:
    """A gate for tests: devices by name, some people without a password; rights are those of the real gate."""

    def __init__(
        self,
        policy: Policy = DEFAULT_POLICY,
        people: tuple[Identity, ...] = (VIEWER, ADMIN),
        *,
        by_name: bool = True,
    ) -> None:
        self._gate = Gate(by_name=by_name, policy=policy)
        self._people = {person.name: person for person in people}
        self.version = 0
        self.ended: set[str] = set()
        self.answer: Any = None
        self.asked: list[str] = []

    def authenticate(self, credential: Credential) -> Any:
        answer = self.answer
        self.asked.append(credential.name or "")
        if answer is not None:
            return answer
        person = self._people.get(credential.name or "")
        if person is not None:
            from concurrent.futures import Future

            known: Future[Identity | None] = Future()
            known.set_result(person)
            return known
        return self._gate.authenticate(credential)

    def may(self, identity: Identity, action: Any, target: str) -> bool:
        return self._gate.may(identity, action, target)

    def alive(self, identity: Identity) -> bool:
        return identity.name not in self.ended


@dataclass
class Plant:
    """A running endpoint with all that a test wants to hold."""

    endpoint: MqttEndpoint
    sink: HandSink
    clock: SimulatedClock
    gate: OpenGate
    clients: list[Client] = field(default_factory=list)

    def client(self, level: int = V3) -> Client:
        """A connection that has said nothing yet."""
        client = Client(self.endpoint.port, level=level)
        self.clients.append(client)
        return client

    def device(self, name: str = "P-7", *, level: int = V3, **options: Any) -> Client:
        """A client that has been admitted."""
        client = self.client(level)
        assert client.connect(name, **options).code == 0
        return client

    def count(self, name: str) -> int:
        return self.endpoint.counters[name]

    def until(self, name: str, value: int) -> None:
        """Wait until a counter has reached a value."""
        until(lambda: self.count(name) >= value, f"{name} >= {value} (is {self.count(name)})")

    def pass_time(self, seconds: float) -> None:
        """Let simulated time pass; the endpoint sees it within a tick."""
        self.clock.advance_to(self.clock.now() + int(seconds * SECOND))


@contextmanager
def running(
    splitting: str = "plain", *, limits: Limits | None = None, faults: int = 0, **options: Any
) -> Iterator[Plant]:
    """An endpoint on a free port, stopped at the end, with no internal error but those that were provoked."""
    sink, clock, gate = HandSink(), SimulatedClock(1_000 * SECOND), options.pop("gate", None) or OpenGate()
    small = limits or Limits(arena_bytes=4 << 20)
    endpoint = MqttEndpoint(
        ("127.0.0.1", 0),
        gate=gate,
        sink=sink,
        clock=clock,
        limits=small,
        splitting=splitting,  # type: ignore[arg-type]
        **options,
    )
    endpoint.start()
    plant = Plant(endpoint, sink, clock, gate)
    try:
        yield plant
        assert plant.count("internal_errors") == faults
    finally:
        for client in plant.clients:
            client.close()
        endpoint.stop()
