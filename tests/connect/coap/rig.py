"""What the tests of the CoAP endpoint share: a client that sends raw messages, in the clear and over DTLS."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from OpenSSL import SSL

from pollux.clock import WallClock
from pollux.columns.batch import Refusal
from pollux.connect.coap.codes import Code, Kind, Number
from pollux.connect.coap.endpoint import CoapEndpoint
from pollux.connect.coap.message import Message, decode, encode, of_uint
from pollux.connect.coap.records import packed
from pollux.connect.wire.rights import Rights, layouts
from pollux.guard import Accounts, Gate
from pollux.guard.dtls import dtls_contexts
from tests.connect.rig import HandSink, until
from tests.guard import handshake
from tests.guard.handshake import Made

__all__ = ["Client", "HandSink", "Plant", "Secured", "opened", "options", "secured", "until"]

TELEMETRY = "twins/Pump/P-7/telemetry"
STATE = "twins/Pump/P-7/state"
COMMANDS = "twins/Pump/P-7/commands"
PATIENCE = 10.0


def options(path: str, *queries: str, **more: int | bytes) -> tuple[tuple[int, bytes], ...]:
    """Options of a request: path, queries, and others by their name."""
    found = [(Number.URI_PATH.value, one.encode()) for one in path.split("/")]
    found += [(Number.URI_QUERY.value, one.encode()) for one in queries]
    for name, value in more.items():
        found.append((Number[name.upper()].value, value if isinstance(value, bytes) else of_uint(value)))
    return tuple(found)


class Client:
    """A device that speaks CoAP by hand, one message at a time."""

    def __init__(self, port: int, *queries: str, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, port))
        self.socket.settimeout(PATIENCE)
        self.queries = queries
        self.number = 0

    def raw(self, data: bytes) -> None:
        self.socket.send(data)

    def get(self, *, within: float = PATIENCE) -> Message:
        """The next message."""
        self.socket.settimeout(within)
        return decode(self.socket.recv(65_536))

    def quiet(self, within: float = 0.15) -> bool:
        """Whether nothing comes."""
        try:
            self.get(within=within)
        except TimeoutError:
            return True
        return False

    def send(self, code: int, path: str, payload: bytes = b"", *, kind: Kind = Kind.CON, token: bytes = b"t",
             number: int | None = None, **more: int | bytes) -> int:  # fmt: skip
        """Send a request; its message id."""
        if number is None:
            self.number = number = self.number + 1
        self.raw(encode(Message(kind, code, number, token, options(path, *self.queries, **more), payload)))
        return number

    def ask(self, code: int, path: str, payload: bytes = b"", **more: Any) -> Message:
        """Send a request and wait for what comes."""
        self.send(code, path, payload, **more)
        return self.get()

    def insist(self, code: int, path: str, payload: bytes = b"", *, times: int = 4) -> Message:
        """The same, sent again under its own message id while nothing comes, as a client has to (RFC 7252, 4.2)."""
        number = self.send(code, path, payload)
        for _ in range(times):
            try:
                return self.get(within=2.0)
            except TimeoutError:
                self.send(code, path, payload, number=number)
        return self.get()

    def acknowledge(self, message: Message) -> None:
        self.raw(encode(Message(Kind.ACK, 0, message.id)))

    def reject(self, message: Message) -> None:
        self.raw(encode(Message(Kind.RST, 0, message.id)))

    def close(self) -> None:
        self.socket.close()


class Secured(Client):
    """The same over DTLS."""

    def __init__(
        self, port: int, made: Made, certificate: Path | None, *queries: str, trust: Path | None = None
    ) -> None:
        super().__init__(port, *queries)
        context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")  # whatever it is, the client shows it
        context.load_verify_locations(str(trust or made.folder / "root.pem"))
        context.set_verify(SSL.VERIFY_PEER, None)
        if certificate is not None:
            context.use_certificate_chain_file(str(certificate))
            context.use_privatekey_file(str(certificate))
        self.connection = SSL.Connection(context, None)
        self.connection.set_ciphertext_mtu(1_200)
        self.connection.set_connect_state()

    def shake(self) -> "Secured":
        """Shake hands; raises SSL.Error when refused, TimeoutError when nothing comes."""
        while True:
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                self.flush()
                self.take()
            else:
                self.flush()
                return self

    def take(self) -> None:
        self.connection.bio_write(self.socket.recv(65_536))

    def flush(self) -> None:
        try:
            while True:
                for datagram in packed(self.connection.bio_read(65_536)):
                    self.socket.send(datagram)
        except SSL.WantReadError:
            return

    def raw(self, data: bytes) -> None:
        self.connection.send(data)
        self.flush()

    def get(self, *, within: float = PATIENCE) -> Message:
        self.socket.settimeout(within)
        while True:
            try:
                return decode(self.connection.recv(65_536))
            except SSL.WantReadError:
                self.take()


@dataclass
class Plant:
    """A running endpoint and what stands behind it."""

    endpoint: CoapEndpoint
    sink: HandSink
    accounts: Accounts
    states: dict[str, bytes] = field(default_factory=dict)
    letters: list[Refusal] = field(default_factory=list)
    shaken: list[str] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def device(self, name: str = "P-7") -> Client:
        """A device that comes in by its name."""
        return self.client(f"name={name}")

    def client(self, *queries: str) -> Client:
        self.clients.append(Client(self.endpoint.port, *queries))
        return self.clients[-1]

    def count(self, name: str) -> int:
        return self.endpoint.counters[name]


def _endpoint(accounts: Accounts, sink: HandSink, **given: Any) -> Plant:
    states: dict[str, bytes] = {"Pump/P-7": json.dumps({"seq": 3, "temp": {"value": 300.0}}).encode()}
    letters: list[Refusal] = []
    shaken: list[str] = []
    gate = Gate(accounts, by_name=given.pop("by_name", True))
    spoken = layouts([("Pump", "plant/{line}/{id}/telemetry")])
    endpoint = CoapEndpoint(
        given.pop("address", ("127.0.0.1", 0)),
        gate=gate,
        rights=Rights(gate, spoken),
        sink=sink,
        clock=WallClock(),
        read=states.get,
        kinds=("Pump",),
        told=letters.append,
        shaken=lambda address, why: shaken.append(why),
        **given,
    )
    return Plant(endpoint, sink, accounts, states, letters, shaken)


@contextmanager
def opened(tmp: Path, **given: Any) -> Iterator[Plant]:
    """An endpoint in the clear, into which devices come by name."""
    accounts = Accounts(tmp / "accounts.db", clock=WallClock())
    plant = _endpoint(accounts, HandSink(), **given)
    plant.endpoint.start()
    try:
        yield plant
    finally:
        for client in plant.clients:
            client.close()
        plant.endpoint.stop()
        accounts.close()


@contextmanager
def secured(tmp: Path, **given: Any) -> Iterator[tuple[Plant, Made]]:
    """The same over DTLS, with the devices P-7 and P-8."""
    made = handshake.made(tmp)
    contexts = dtls_contexts(made.folder, clock=WallClock())
    plant = _endpoint(made.accounts, HandSink(), dtls=lambda: contexts.current, by_name=False, **given)
    plant.endpoint.start()
    try:
        yield plant, made
    finally:
        plant.endpoint.stop()
        made.accounts.close()


def changed(message: Message) -> bool:
    """Whether it says 2.04."""
    return message.code == Code.CHANGED
