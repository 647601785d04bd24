"""The endpoint with the real gate, the real accounts and the real log behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from pollux.clock import SECOND, SimulatedClock
from pollux.columns.frames import Frames
from pollux.connect import Limits, MqttEndpoint
from pollux.connect.wire.packets import V3, V5, Ack
from pollux.connect.wire.properties import Kind
from pollux.connect.wire.reasons import Reason
from pollux.guard import Accounts, Gate, Keyring
from pollux.guard.passwords import Passwords
from pollux.remember import Log
from tests.connect.rig import Client, until


@dataclass
class Whole:
    endpoint: MqttEndpoint
    accounts: Accounts
    clock: SimulatedClock
    folder: Path

    def client(self, level: int = V5) -> Client:
        return Client(self.endpoint.port, level=level)


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    clock = SimulatedClock(1_000 * SECOND)
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = Accounts(tmp_path / "accounts.db", clock=clock, passwords=Passwords(clock, hasher=hasher))
    accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
    accounts.add("cuff", kind="device", roles={"device"}, twins=["Patient/1"], subject="somebody")
    accounts.add("ann", kind="person", roles={"viewer"}, twins=["Pump"])
    log = Log.open(tmp_path / "data", clock=clock, keys=Keyring(tmp_path / "keys"))
    endpoint = MqttEndpoint(
        ("127.0.0.1", 0), gate=Gate(accounts), sink=log.append, clock=clock, limits=Limits(arena_bytes=4 << 20)
    )
    endpoint.start()
    yield Whole(endpoint, accounts, clock, tmp_path)
    endpoint.stop()
    log.close()
    accounts.close()


def logged(whole: Whole) -> list[tuple[str, str | None, bytes]]:
    """What somebody else reads from the log's folder: device, subject, payload."""
    found = []
    with_keys = Log.open(whole.folder / "data", clock=whole.clock, keys=Keyring(whole.folder / "keys"))
    for record in with_keys.read():
        if isinstance(record.entry, Frames):
            frames = record.entry
            for i in range(len(frames)):
                sender = frames.sender(i)
                found.append((sender.device, sender.subject, bytes(frames.payload(i))))
    with_keys.close()
    return found


@pytest.mark.parametrize("level", [V3, V5])
def test_what_is_acknowledged_is_in_the_log(tmp_path: Path, level: int) -> None:
    """Every message that got its PUBACK can be read from the log afterwards, once and in order, sealed for a person."""
    clock = SimulatedClock(SECOND)
    accounts = Accounts(tmp_path / "accounts.db", clock=clock)
    accounts.add("cuff", kind="device", roles={"device"}, twins=["Patient/1"], subject="somebody")
    secret = accounts.issue("cuff").secret.encode()
    log = Log.open(tmp_path / "data", clock=clock, keys=Keyring(tmp_path / "keys"))
    limits = Limits(arena_bytes=4 << 20)
    endpoint = MqttEndpoint(("127.0.0.1", 0), gate=Gate(accounts), sink=log.append, clock=clock, limits=limits)
    endpoint.start()
    client = Client(endpoint.port, level=level)
    assert client.connect("cuff", password=secret).code == 0
    for number in range(100):
        client.publish(b"secret %d" % number, topic=b"twins/Patient/1/telemetry", qos=1, packet_id=number + 1)
    for number in range(100):
        assert client.get() == Ack(Kind.PUBACK, number + 1)
    disk = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"secret" not in disk
    client.close()
    endpoint.stop()
    log.close()
    accounts.close()
    whole = Whole(endpoint, accounts, clock, tmp_path)
    assert logged(whole) == [("cuff", "somebody", b"secret %d" % number) for number in range(100)]


def test_tokens_and_passwords_open_the_door(whole: Whole) -> None:
    """A device comes in with its token, under its name or none, a person with a password; nobody without."""
    token = whole.accounts.issue("P-7").secret.encode()
    whole.accounts.set_password("ann", "correct horse battery")
    inside = [whole.client(), whole.client(V3), whole.client()]
    assert inside[0].connect("P-7", password=token).code == 0
    assert inside[1].connect("P-7", password=token, client_id="another").code == 0
    assert inside[2].connect("ann", password=b"correct horse battery").code == 0
    for name, secret in (("P-7", None), ("P-7", b"wrong"), ("P-8", token), ("ann", b"wrong"), ("nobody", b"wrong")):
        assert whole.client().connect(name, password=secret).code == Reason.BAD_CREDENTIALS
    assert {one.kind for one in whole.endpoint.connections()} == {"device", "person"}


def test_a_revoked_token_ends_its_connection(whole: Whole) -> None:
    """Revoking a token puts out who came in with it, and nobody else; it does not open again."""
    token, other = whole.accounts.issue("P-7"), whole.accounts.issue("cuff")
    out, stays = whole.client(), whole.client()
    assert out.connect("P-7", password=token.secret.encode()).code == 0
    assert stays.connect("cuff", password=other.secret.encode()).code == 0
    whole.accounts.revoke(token.id)
    whole.clock.advance_to(whole.clock.now() + SECOND)
    assert out.refusal() == Reason.NOT_AUTHORIZED
    assert stays.quiet()
    assert whole.client().connect("P-7", password=token.secret.encode()).code == Reason.BAD_CREDENTIALS


def test_an_expired_token_ends_its_connection_too(whole: Whole) -> None:
    """A token that runs out while its device is connected puts it out: expired means out, without a restart."""
    token = whole.accounts.issue("P-7", lifetime=60 * SECOND)
    client = whole.client()
    assert client.connect("P-7", password=token.secret.encode(), keep_alive=1000).code == 0
    loop = whole.endpoint._loop
    whole.clock.advance_to(whole.clock.now() + SECOND)
    until(lambda: loop.gate_version == whole.accounts.version and loop.turned == whole.clock.now())
    assert client.quiet()
    whole.clock.advance_to(whole.clock.now() + 61 * SECOND)
    assert client.refusal() == Reason.NOT_AUTHORIZED
    until(lambda: not whole.endpoint.connections())
