"""An endpoint before a real log and a real register in a folder, which is stopped, or killed, and started again."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pollux.clock import SECOND, SimulatedClock
from pollux.columns.frames import Frames
from pollux.connect import Limits, MqttEndpoint
from pollux.connect.driver import TicketLike
from pollux.connect.mqtt.memory import Memory, Recalled
from pollux.connect.wire.packets import V5, Connect, Publish, Subscribe, Wish
from pollux.connect.wire.properties import NONE, Properties
from pollux.guard import Keyring
from pollux.remember import Disk, Log, Register, Ticket
from tests.connect.rig import Client, OpenGate, until


def entry(ticket: TicketLike) -> int:
    return ticket.seq if isinstance(ticket, Ticket) else 0


class House:
    """What stays from one start to the next: the folder, the clock, the gate, and what was published by name."""

    def __init__(self, folder: Path, *, limits: Limits, gate: OpenGate | None = None) -> None:
        self.folder, self.limits, self.gate = folder, limits, gate or OpenGate()
        self.clock = SimulatedClock(1_000 * SECOND)
        self.orders: dict[str, Recalled] = {}
        self.disk = Disk()
        self.starts = self._entries = 0
        self._clients: list[Client] = []
        self._start()

    def _start(self) -> None:
        self.starts += 1
        self.keys = Keyring(self.folder / "keys")
        self.log = Log.open(self.folder, clock=self.clock, keys=self.keys)
        self.register = Register.open(self.folder / "sessions", disk=self.disk)
        self.read: list[int] = []
        memory = Memory(self.register, lambda: self.log.durable, self._past, entry, self.orders.get)
        self.endpoint = MqttEndpoint(
            ("127.0.0.1", 0),
            gate=self.gate,
            sink=self.log.append,
            clock=self.clock,
            limits=self.limits,
            splitting="plain",
            memory=memory,
        )
        self.endpoint.start()

    def _past(self, first: int, until: int | None) -> Iterator[tuple[int, Frames]]:
        for record in self.log.read(first - 1, until):
            self.read.append(record.seq)
            if isinstance(record.entry, Frames):
                yield record.seq, record.entry

    def end(self) -> None:
        for client in self._clients:
            client.close()
        self._clients = []
        self.endpoint.stop()
        assert self.count("internal_errors") == 0
        self.log.close()

    def again(self, *, seconds: float = 0, killed: bool = False) -> None:
        """Stop and start again, `seconds` later; `killed`: with the files as they are while it still runs."""
        if killed:
            copy = self.folder.parent / f"{self.folder.name}-{self.starts}"
            shutil.copytree(self.folder, copy)
        self.end()
        if killed:
            self.folder = copy
        self.clock.advance_to(self.clock.now() + int(seconds * SECOND))
        self._start()

    def count(self, name: str) -> int:
        return self.endpoint.counters[name]

    def until(self, name: str, value: int) -> None:
        until(lambda: self.count(name) >= value, f"{name} >= {value} (is {self.count(name)})")

    def client(self, level: int = V5) -> Client:
        client = Client(self.endpoint.port, level=level)
        self._clients.append(client)
        return client

    def hearer(
        self, level: int = V5, *, present: bool, name: str = "ann", client_id: str = "c", seconds: int = 600
    ) -> Client:
        """A client whose session is kept."""
        client = self.client(level)
        said = Properties(session_expiry=seconds) if level == V5 else NONE
        answer = client.connect(name, client_id=client_id, clean=False, said=said)
        assert (answer.code, answer.session_present) == (0, present)
        return client

    def leave(self, client: Client) -> None:
        """The connection breaks, and the endpoint has seen it."""
        before = self.count("closed")
        client.close()
        self.until("closed", before + 1)

    def tell(
        self, *payloads: bytes, name: str = "P-7", qos: int = 1, said: Properties = NONE, retain: bool = False
    ) -> None:
        """A device publishes, and is answered."""
        device = self.client(V5)
        assert device.connect(name, client_id="device").code == 0
        before, topic = self.count("acknowledged"), f"twins/Pump/{name}/telemetry".encode()
        for number, payload in enumerate(payloads):
            device.publish(payload, topic=topic, qos=qos, packet_id=number + 1, said=said, retain=retain)
        self.until("acknowledged", before + len(payloads))
        self.leave(device)

    def settled(self) -> None:
        """Wait until it was written how far every session is."""
        turns = self.endpoint._loop.lasting
        done = threading.Event()

        def written() -> None:
            for _ in range(3):
                turns.sweep(self.clock.now())
            self.register.put(b"x", None, done.set)

        self.endpoint._loop.later(written)
        assert done.wait(20)


def payloads(client: Client, count: int) -> list[bytes]:
    """The next messages, confirmed."""
    return [client.message().payload for _ in range(count)]


def unconfirmed(client: Client) -> Publish:
    """The next message, not confirmed."""
    found = client.get()
    assert isinstance(found, Publish)
    return found


@contextmanager
def house(folder: Path, *, limits: Limits | None = None, gate: OpenGate | None = None) -> Iterator[House]:
    made = House(folder / "data", limits=limits or Limits(arena_bytes=4 << 20), gate=gate)
    try:
        yield made
    finally:
        made.end()


def subscribing(*filters: str) -> Subscribe:
    """A SUBSCRIBE at QoS 1."""
    return Subscribe(77, tuple(Wish(one, 1) for one in filters), NONE)


def connecting(client_id: str) -> Connect:
    """A CONNECT of ann whose session is kept."""
    return Connect(V5, client_id, False, 0, "ann", None, None, Properties(session_expiry=600))
