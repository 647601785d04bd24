"""Accounts: secrets are kept as hashes, end when they should, survive a restart and appear in no text."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from pollux.clock import DAY, MINUTE, SECOND, SimulatedClock
from pollux.errors import DataRefused, NotFound, Overloaded, SetupError
from pollux.guard import Accounts, Credential, Gate
from pollux.guard.passwords import Passwords, Rate
from pollux.guard.tokens import digest

WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def opened(path: Path, clock: SimulatedClock) -> Accounts:
    return Accounts(path, clock=clock, passwords=Passwords(clock, hasher=WEAK))


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(DAY)


@pytest.fixture
def accounts(tmp_path: Path, clock: SimulatedClock) -> Iterator[Accounts]:
    store = opened(tmp_path / "accounts.db", clock)
    store.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"], tenant="north")
    store.add("ann", kind="person", roles={"operator", "approver"}, twins=["Pump"])
    yield store
    store.close()


def test_a_token_opens_until_it_is_revoked_or_expires(accounts: Accounts, clock: SimulatedClock) -> None:
    """A token leads to its account's tenant, roles and twins; revoked or expired it leads nowhere, at once."""
    token = accounts.issue("P-7", tenant="north", lifetime=60 * SECOND)
    other = accounts.issue("P-7", tenant="north")
    identity = accounts.by_token(token.secret)
    assert identity is not None
    assert (identity.tenant, identity.name, identity.twins) == ("north", "P-7", ("Pump/P-7",))
    assert accounts.by_token(token.secret[:-1]) is None
    before = accounts.version
    accounts.revoke(other.id)
    assert accounts.version > before
    assert accounts.by_token(other.secret) is None
    clock.advance_to(clock.now() + 60 * SECOND)
    assert accounts.by_token(token.secret) is None
    assert not accounts.alive(identity)


def test_everything_survives_a_restart(tmp_path: Path, clock: SimulatedClock) -> None:
    """Accounts, tokens, revocations, sessions and passwords are on disk when the call returns."""
    first = opened(tmp_path / "a.db", clock)
    first.add("ann", kind="person", roles={"viewer"}, twins=["Pump", "Room/R-1"], subject="s1")
    first.set_password("ann", "correct horse battery")
    kept, gone = first.issue("ann"), first.issue("ann")
    first.revoke(gone.id)
    ann = first.by_token(kept.secret)
    assert ann is not None
    session = first.open_session(ann)
    second = opened(tmp_path / "a.db", clock)  # the first is never closed: as after a kill
    assert second.by_token(kept.secret) == ann
    assert second.by_token(gone.secret) is None
    assert (found := second.by_session(session.secret)) is not None
    assert found.twins == ("Pump", "Room/R-1")
    assert second.by_password("ann", b"correct horse battery").result() is not None
    first.close()
    second.close()


def test_no_secret_is_on_disk_or_in_a_text(accounts: Accounts, tmp_path: Path) -> None:
    """Neither the file nor any repr holds a token, a session, an address or a password."""
    accounts.set_password("ann", "correct horse battery")
    ann = accounts.by_password("ann", b"correct horse battery").result()
    assert ann is not None
    tokens = [accounts.issue("ann"), accounts.open_session(ann), accounts.issue_address("ann")]
    secrets = [token.secret for token in tokens] + ["correct horse battery"]
    credential = Credential("ann", secret=secrets[0].encode())
    texts = repr([tokens, accounts.accounts(), accounts.issued(), credential, ann])
    disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in secrets:
        assert secret not in texts
        assert secret.encode() not in disk
    assert digest(secrets[0]) in disk
    assert "argon2" not in texts


def test_the_file_is_private(accounts: Accounts, tmp_path: Path) -> None:
    """The database and the files beside it can be read by their owner only."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert any(name.endswith("-wal") for name in modes)


def test_an_address_opens_once_even_when_two_come_together(accounts: Accounts) -> None:
    """Of many threads that redeem one address at the same time exactly one is let in."""
    secret = accounts.issue_address("ann").secret
    barrier, found = threading.Barrier(8), []

    def redeem() -> None:
        barrier.wait()
        found.append(accounts.redeem(secret))

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert sum(identity is not None for identity in found) == 1
    assert accounts.redeem(secret) is None


def test_an_address_is_old_after_a_quarter_of_an_hour(accounts: Accounts, clock: SimulatedClock) -> None:
    """A one-time address that was not used in time opens nothing."""
    secret = accounts.issue_address("ann").secret
    clock.advance_to(clock.now() + 15 * MINUTE)
    assert accounts.redeem(secret) is None


def test_purposes_do_not_mix(accounts: Accounts) -> None:
    """A session is no token, an address is no session: each opens its own door only."""
    ann = accounts.by_token(accounts.issue("ann").secret)
    assert ann is not None
    session, address = accounts.open_session(ann).secret, accounts.issue_address("ann").secret
    assert accounts.by_token(session) is None
    assert accounts.by_session(address) is None
    assert accounts.redeem(session) is None
    assert accounts.by_session(session) is not None


def test_a_disabled_or_changed_account_ends_what_is_open(accounts: Accounts) -> None:
    """Who was let in under old roles, or is disabled since, is no longer alive; so are sessions and addresses."""
    token, address = accounts.issue("ann"), accounts.issue_address("ann")
    ann = accounts.by_token(token.secret)
    assert ann is not None
    assert accounts.alive(ann)
    accounts.add("ann", kind="person", roles={"viewer"}, twins=["Pump"])
    assert not accounts.alive(ann)
    changed = accounts.by_token(token.secret)
    assert changed is not None
    assert changed.roles == {"viewer"}
    accounts.disable("ann")
    assert not accounts.alive(changed)
    assert accounts.by_token(token.secret) is None
    assert accounts.redeem(address.secret) is None
    with pytest.raises(NotFound):
        accounts.issue("ann")


def test_a_new_password_ends_what_the_old_one_opened(accounts: Accounts) -> None:
    """Changing a password puts out whoever came in with the old one."""
    accounts.set_password("ann", "correct horse battery")
    ann = accounts.by_password("ann", b"correct horse battery").result()
    assert ann is not None
    assert accounts.alive(ann)
    accounts.set_password("ann", "another long password")
    assert not accounts.alive(ann)
    assert accounts.by_password("ann", b"correct horse battery").result() is None


def test_who_does_not_exist_costs_as_much_as_a_wrong_password(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown name is hashed like a known one: the time taken does not say who has an account."""
    accounts.set_password("ann", "correct horse battery")
    verified: list[str] = []
    original = PasswordHasher.verify

    def counting(self: PasswordHasher, kept: str, password: bytes) -> bool:
        verified.append(kept)
        return original(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    assert accounts.by_password("ann", b"wrong", address="10.0.0.1").result() is None
    assert accounts.by_password("nobody", b"wrong", address="10.0.0.2").result() is None
    assert len(verified) == 2


def test_attempts_are_limited_per_name_and_come_back(accounts: Accounts, clock: SimulatedClock) -> None:
    """After five wrong passwords in a minute the next is refused with the time to wait; another name is not."""
    accounts.set_password("ann", "correct horse battery")
    for _ in range(5):
        assert accounts.by_password("ann", b"wrong").result() is None
    with pytest.raises(Overloaded) as refused:
        accounts.by_password("ann", b"correct horse battery")
    assert 1.0 <= refused.value.retry_after <= 60.0
    assert accounts.by_password("bob", b"wrong").result() is None
    clock.advance_to(clock.now() + int(refused.value.retry_after * SECOND) + 1)
    assert accounts.by_password("ann", b"correct horse battery").result() is not None


def test_the_pool_is_bounded(clock: SimulatedClock) -> None:
    """When more wait than places there are, the next is refused at once instead of waiting."""
    gate, slow = threading.Event(), PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(clock, hasher=slow, workers=1, waiting=2, per_address=1000)
    passwords._pool.submit(gate.wait)
    waiting = [passwords.verify(None, b"x", name=f"n{number}", address="a") for number in range(3)]
    with pytest.raises(Overloaded):
        passwords.verify(None, b"x", name="n9", address="a")
    assert passwords.refused == 1
    gate.set()
    assert [future.result(timeout=30) for future in waiting] == [False] * 3
    passwords.close()


def test_forgotten_keys_do_not_grow(clock: SimulatedClock) -> None:
    """The memory of who tried is bounded, whatever names are tried."""
    rate = Rate(2, clock=clock, keys=10)
    for number in range(100):
        rate.take(f"name {number}")
    assert len(rate._level) == 10


def test_the_first_administrator_comes_from_outside(accounts: Accounts) -> None:
    """The given token administers; the same again changes nothing; another ends the first; a short one is refused."""
    accounts.first_administrator("a secret of sixteen")
    first = accounts.by_token("a secret of sixteen")
    assert first is not None
    assert Gate(accounts).may(first, "admin", "*")
    count = len(accounts.issued())
    accounts.first_administrator("a secret of sixteen")
    assert len(accounts.issued()) == count
    accounts.first_administrator("another secret of sixteen")
    assert accounts.by_token("a secret of sixteen") is None
    assert not accounts.alive(first)
    accounts.first_administrator("a secret of sixteen")
    assert accounts.by_token("a secret of sixteen") is not None
    with pytest.raises(SetupError, match="POLLUX_TOKEN"):
        accounts.first_administrator("short")


def test_a_change_by_another_process_is_seen(accounts: Accounts, tmp_path: Path, clock: SimulatedClock) -> None:
    """A token revoked through another connection is out here within a second of the clock, without a restart."""
    token = accounts.issue("P-7", tenant="north")
    gate = Gate(accounts)
    identity = gate.authenticate(Credential("P-7", secret=token.secret.encode())).result()
    assert identity is not None
    before = gate.version
    beside = opened(tmp_path / "accounts.db", clock)
    beside.revoke(token.id)
    beside.close()
    clock.advance_to(clock.now() + SECOND)
    assert gate.version > before
    assert not gate.alive(identity)
    assert accounts.by_token(token.secret) is None


def test_the_gate_takes_a_token_with_any_fitting_name(accounts: Accounts) -> None:
    """A token is accepted without a name, with its account's name or tenant/name, and refused under another's."""
    secret = accounts.issue("P-7", tenant="north").secret.encode()
    gate = Gate(accounts)
    for name in (None, "", "P-7", "north/P-7"):
        assert gate.authenticate(Credential(name, secret=secret)).result() is not None
    for name in ("P-8", "south/P-7", "ann"):
        assert gate.authenticate(Credential(name, secret=secret, address=str(name))).result() is None


def test_by_name_does_not_bypass_an_account(accounts: Accounts) -> None:
    """In insecure mode a name that has an account still needs its secret."""
    gate = Gate(accounts, by_name=True)
    assert gate.authenticate(Credential("ann", address="127.0.0.1")).result() is None
    by_name = gate.authenticate(Credential("P-9", address="127.0.0.1")).result()
    assert by_name is not None
    assert gate.alive(by_name)
    accounts.add("P-9", kind="device", roles={"device"}, twins=["Pump/P-9"])
    assert not gate.alive(by_name)


def test_wrong_device_tokens_are_never_hashed_slowly(accounts: Accounts) -> None:
    """A flood of wrong device tokens cannot occupy the pool through which people sign in."""
    accounts.add("P-1", kind="device", roles={"device"}, twins=["Pump/P-1"])
    gate = Gate(accounts)
    for _ in range(100):
        answer = gate.authenticate(Credential("P-1", secret=b"wrong", address="a"))
        assert answer.done()
        assert answer.result() is None
    accounts.set_password("ann", "correct horse battery")
    assert gate.authenticate(Credential("ann", secret=b"correct horse battery", address="a")).result() is not None


@pytest.mark.parametrize(("name", "roles"), [("a b", ()), ("", ()), ("x" * 200, ()), ("ok", ("two words",))])
def test_names_and_roles_are_plain(accounts: Accounts, name: str, roles: tuple[str, ...]) -> None:
    """Names and roles that could be read as something else are refused when the account is made."""
    with pytest.raises(SetupError):
        accounts.add(name, kind="person", roles=roles)


def test_short_passwords_and_passwords_of_devices_are_refused(accounts: Accounts) -> None:
    """A password has ten characters or more, and only people have one."""
    with pytest.raises(DataRefused):
        accounts.set_password("ann", "short")
    accounts.add("P-3", kind="device")
    with pytest.raises(SetupError):
        accounts.set_password("P-3", "correct horse battery")


def test_a_newer_file_is_refused_with_a_reason(tmp_path: Path, clock: SimulatedClock) -> None:
    """Accounts written by a later version are not touched; the message says so."""
    path = tmp_path / "a.db"
    opened(path, clock).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(SetupError, match="newer Pollux"):
        opened(path, clock)
