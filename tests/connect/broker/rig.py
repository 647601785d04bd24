"""A broker that says what the test wants it to say, and a client of it whose log is in the test's hands."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pollux.clock import SECOND, WallClock
from pollux.connect.backoff import Backoff
from pollux.connect.broker.client import BrokerClient
from pollux.connect.broker.dial import Dial
from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Ack, Answers, Connack, Connect, Packet, Publish, Subscribe
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.rights import spoken
from pollux.guard import Gate, Identity
from tests.connect.rig import PATIENCE, HandSink, until

P = TypeVar("P")
FILTERS = ("plant/+/+/telemetry", "plant/+/+/telemetry/+")
TOPIC = b"plant/l1/P-7/telemetry"
IDENTITY = Identity("", "broker:test", "service", frozenset({"device"}), ("Pump/*",))


class Line:
    """One connection of the client, as the broker sees it."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.socket, self.level, self.buffer = sock, V5, b""

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, *packets: Packet) -> None:
        self.raw(b"".join(encode(packet, self.level) for packet in packets))

    def next(self) -> Packet | None:
        """The client's next packet, None where it has ended the connection."""
        while True:
            found = header(self.buffer, 0, len(self.buffer))
            if found is not None and found[1] <= len(self.buffer):
                first, body = self.buffer[0], self.buffer[found[0] : found[1]]
                self.buffer = self.buffer[found[1] :]
                packet = decode(first, body, self.level)
                self.level = packet.level if isinstance(packet, Connect) else self.level
                return packet
            more = self.socket.recv(65_536)
            if not more:
                return None
            self.buffer += more

    def expect(self, kind: type[P]) -> P:
        packet = self.next()
        assert isinstance(packet, kind), packet
        return packet

    def silent(self, seconds: float = 0.2) -> bool:
        """Whether the client says nothing for a moment."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and not self.socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def welcome(self, *, present: bool = False, said: Properties = NONE, subscribed: bool = True) -> Connect:
        """Let the client in, and answer its subscriptions."""
        hello = self.expect(Connect)
        self.send(Connack(0, present, said if self.level >= V5 else NONE))
        if subscribed:
            self.granted()
        return hello

    def granted(self, qos: int = 1) -> Subscribe:
        asked = self.expect(Subscribe)
        self.send(Answers(Kind.SUBACK, asked.packet_id, tuple(qos for _ in asked.wishes)))
        return asked

    def message(self, n: int, qos: int = 1, *, topic: bytes = TOPIC, form: bytes = b"%d", **more: Any) -> None:
        self.send(Publish(topic, form % n, qos, packet_id=n if qos else 0, **more))

    def acks(self, count: int, kind: Kind = Kind.PUBACK) -> list[int]:
        found = [self.expect(Ack) for _ in range(count)]
        assert {one.kind for one in found} <= {kind}
        return [one.packet_id for one in found]

    def close(self) -> None:
        self.socket.close()


class FakeBroker:
    """Listens; each connection of the client is a `Line`."""

    def __init__(self, context: ssl.SSLContext | None = None, *, port: int = 0) -> None:
        self.listener = socket.create_server(("127.0.0.1", port))
        self.listener.settimeout(PATIENCE)
        self.port = int(self.listener.getsockname()[1])
        self.context = context
        self.lines: list[Line] = []

    def line(self) -> Line:
        sock, _ = self.listener.accept()
        if self.context is not None:
            sock = self.context.wrap_socket(sock, server_side=True)
        self.lines.append(Line(sock))
        return self.lines[-1]

    def close(self) -> None:
        for line in self.lines:
            line.close()
        self.listener.close()


class Rig:
    """A client of a fake broker, and what it has handed over."""

    def __init__(self, splitting: Any, **options: Any) -> None:
        self.broker, self.sink, self.letters = FakeBroker(options.pop("server", None)), HandSink(), list[Any]()
        self.client = client_of(self.broker.port, self.sink, self.letters, splitting, **options)

    def count(self, name: str) -> int:
        return self.client.counters[name]

    def until(self, name: str, count: int) -> None:
        until(lambda: self.count(name) >= count, f"{count} {name}")


def client_of(port: int, sink: HandSink, letters: list[Any], splitting: Any = "plain", **options: Any) -> BrokerClient:
    how: dict[str, Any] = {"host": "127.0.0.1", "client_id": "pollux-test", "filters": FILTERS, **options}
    return BrokerClient(
        Dial(name="broker:test", port=port, **how),
        gate=Gate(),
        identity=IDENTITY,
        translate=spoken([("Pump", "plant/{line}/{id}/telemetry")], [("Pump", "plant/{line}/{id}/cmd/ack")]),
        sink=sink,
        clock=WallClock(),
        told=letters.append,
        splitting=splitting,
        backoff=Backoff(least=0.05, most=0.1),
    )


@contextmanager
def running(splitting: Any = "plain", **options: Any) -> Iterator[Rig]:
    """A client that runs."""
    rig = Rig(splitting, **options)
    rig.client.start()
    try:
        yield rig
    finally:
        rig.sink.complete()
        rig.broker.close()
        rig.client.stop()


def in_an_hour() -> int:
    return WallClock().now() + 3600 * SECOND


__all__ = ["FILTERS", "TOPIC", "V3", "V5", "FakeBroker", "Line", "Rig", "client_of", "in_an_hour", "running"]
