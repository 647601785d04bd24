"""The exam of drivers: the MQTT endpoint passes, and each promise that is broken on purpose is found."""

import contextlib
import select
import socket
import struct
from collections.abc import Callable
from typing import Any, final

import pytest

from pollux.clock import WallClock
from pollux.columns.frames import Frames, Origin
from pollux.connect import AbstractDriver, Limits, MqttEndpoint, Sink
from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Ack, Connack, Connect, Farewell, Publish
from pollux.connect.wire.properties import Kind
from pollux.guard import Identity
from pollux.testing.driver import AbstractBench, AbstractDevice, ExamFailed, check_driver
from tests.connect.rig import Client, OpenGate, until

DEVICES = tuple(
    Identity("t", name, "device", frozenset({"device"}), (f"Pump/{name}",), grant="test") for name in ("one", "two")
)


@final
class MqttDevice(AbstractDevice):
    """A device on a raw socket."""

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.topic = client, b"twins/Pump/%s/telemetry" % name.encode()
        self.answers, self.buffer, self.packet_id = 0, b"", 0

    def _publish(self, topic: bytes, payload: bytes) -> bytes:
        self.packet_id = self.packet_id % 60_000 + 1
        return encode(Publish(topic, payload, 1, packet_id=self.packet_id), self.client.level)

    def send(self, payload: bytes) -> None:
        # Answers are read all the time: version 5 allows only so many messages without one.
        if self.client.level == V5:
            until(lambda: self.packet_id - self.acknowledged() < 500, "answers")
        self.client.raw(self._publish(self.topic, payload))

    def send_forbidden(self, payload: bytes) -> None:
        with contextlib.suppress(OSError):
            self.client.raw(self._publish(b"twins/Pump/other/telemetry", payload))

    def acknowledged(self) -> int:
        with contextlib.suppress(OSError):
            while select.select([self.client.socket], [], [], 0)[0] and (more := self.client.socket.recv(65_536)):
                self.buffer += more
        while self.buffer and (found := header(self.buffer, 0, len(self.buffer))) and found[1] <= len(self.buffer):
            packet = decode(self.buffer[0], self.buffer[found[0] : found[1]], self.client.level)
            self.answers += isinstance(packet, Ack) and not packet.reason
            self.buffer = self.buffer[found[1] :]
        return self.answers

    def break_off(self) -> None:
        self.client.raw(self._publish(self.topic, b"never whole")[:-3])
        self.client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()

    def close(self) -> None:
        self.client.send(Farewell(Kind.DISCONNECT))
        self.client.close()


@final
class MqttBench(AbstractBench):
    """The endpoint on the bench; `spoil` may stand between it and the exam's sink."""

    def __init__(self, level: int, splitting: str, spoil: Callable[[Sink], Sink] = lambda sink: sink) -> None:
        self.level, self.splitting, self.spoil = level, splitting, spoil
        self.limits = Limits(behind_bytes=200_000, arena_bytes=4 << 20)
        self.most_waiting = self.limits.behind_bytes + 2 * self.limits.read_bytes

    def make(self, sink: Sink) -> AbstractDriver:
        return MqttEndpoint(
            ("127.0.0.1", 0),
            gate=OpenGate(people=DEVICES, by_name=False),
            sink=self.spoil(sink),
            clock=WallClock(),
            limits=self.limits,
            splitting=self.splitting,  # type: ignore[arg-type]
        )

    def device(self, driver: AbstractDriver, name: str) -> AbstractDevice | None:
        assert isinstance(driver, MqttEndpoint)
        client = Client(driver.port, level=self.level)
        try:
            answer = client.send(Connect(self.level, name, username=name)).get()
        except (EOFError, OSError):
            answer = Connack(1)
        assert isinstance(answer, Connack)
        if answer.code:
            client.close()
            return None
        return MqttDevice(client, name)


@pytest.mark.parametrize("level", [V3, V5])
@pytest.mark.parametrize("splitting", ["plain", "compiled"])
def test_the_endpoint_passes(level: int, splitting: str) -> None:
    """The MQTT endpoint keeps every promise of a driver, in both versions and with both splitters."""
    check_driver(MqttBench(level, splitting))


class Now:
    """A ticket that lies: durable before it is."""

    def then(self, callback: Callable[..., object], *args: object) -> None:
        callback(*args)


def too_early(sink: Sink) -> Sink:
    """Acknowledges before the batch is durable."""
    return lambda frames: (sink(frames), Now())[1]


def twice(sink: Sink) -> Sink:
    """Hands every batch over twice."""
    return lambda frames: (sink(frames), sink(frames))[1]


def forgetful(sink: Sink) -> Sink:
    """Loses a message now and then, and acknowledges it all the same."""

    def spoiled(frames: Frames) -> Any:
        kept = frames.index[:, 3] != 2  # payloads of two digits are lost
        return sink(frames.select(kept)) if kept.any() else Now()

    return spoiled


def nameless(sink: Sink) -> Sink:
    """Forgets the tenant."""

    def spoiled(frames: Frames) -> Any:
        origins = tuple(Origin("", origin.device) for origin in frames.origins)
        return sink(
            Frames(frames.arena, frames.index, frames.origin, origins, frames.arrival, frames.encoding, frames.qos)
        )

    return spoiled


def backwards(sink: Sink) -> Sink:
    """Turns the order within a batch round."""

    def spoiled(frames: Frames) -> Any:
        return sink(frames.select(slice(None, None, -1)))  # type: ignore[arg-type]

    return spoiled


def deaf_to_failure(sink: Sink) -> Sink:
    """Acknowledges although the sink has failed."""

    def spoiled(frames: Frames) -> Any:
        with contextlib.suppress(Exception):
            return sink(frames)
        return Now()

    return spoiled


@pytest.mark.parametrize("fault", [too_early, twice, forgetful, nameless, backwards, deaf_to_failure])
def test_a_driver_that_lies_fails(fault: Callable[[Sink], Sink], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each deliberate fault turns the exam red: an exam that never failed would be no evidence."""
    monkeypatch.setattr("pollux.testing.driver._PATIENCE", 3.0)
    with pytest.raises(ExamFailed):
        check_driver(MqttBench(V3, "plain", fault))
