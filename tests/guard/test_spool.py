"""The spool: no change without its entry, no entry without its change, and no secret in any."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from pollux.clock import DAY, SimulatedClock, WallClock
from pollux.errors import SetupError, StorageFailed
from pollux.guard import Accounts, spool
from pollux.guard.enrolment import revoke
from pollux.guard.ledger import MIGRATIONS
from pollux.guard.passwords import Passwords
from pollux.guard.succession import renew_issuer, revoke_issuer
from tests.guard import handshake
from tests.guard.handshake import SECRET


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    clock = SimulatedClock(DAY)
    passwords = Passwords(clock, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with closing(Accounts(tmp_path / "accounts.db", clock=clock, passwords=passwords, who="ann")) as accounts:
        yield accounts


def said(accounts: Accounts) -> list[tuple[str, str, str]]:
    return [(one.who, one.action, one.target) for one in accounts.spool.waiting(1_000)]


def test_every_change_is_written_down_with_who_did_it(accounts: Accounts) -> None:
    """Accounts, passwords, tokens and codes; sessions and one-time addresses are no changes."""
    accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
    accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-8"])
    accounts.add("bob", kind="person", roles={"viewer"}, twins=["*"])
    accounts.set_password("bob", "ten characters")
    token = accounts.issue("P-7", label="bench")
    accounts.revoke(token.id)
    accounts.revoke(token.id)
    identity = accounts.redeem_code(accounts.issue_code("P-7").secret)
    assert identity is not None
    accounts.redeem(accounts.issue_address("bob").secret)
    accounts.revoke(accounts.open_session(identity).id)
    accounts.disable("P-7")
    assert said(accounts) == [
        ("ann", "account added", "P-7"),
        ("ann", "account changed", "P-7"),
        ("ann", "account added", "bob"),
        ("ann", "password set", "bob"),
        ("ann", "token made", "P-7"),
        ("ann", "token revoked", "P-7"),
        ("ann", "code made", "P-7"),
        ("P-7", "code used", "P-7"),
        ("ann", "account disabled", "P-7"),
    ]
    entries = accounts.spool.waiting(1_000)
    assert entries[1].detail == "device, device, on Pump/P-8"
    assert entries[4].detail == f"{token.id} bench"
    assert {one.at for one in entries} == {DAY}
    assert token.secret not in repr(entries)
    assert "ten characters" not in repr(entries)


def test_a_change_that_fails_leaves_no_entry_and_an_entry_that_fails_no_change(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are one transaction: beyond what may wait no right is given any more, and each can still be taken away."""
    with pytest.raises(SetupError):
        accounts.add("a b", kind="device")
    assert said(accounts) == []
    monkeypatch.setattr(spool, "MOST", 3)
    for name in ("P-1", "P-2"):
        accounts.add(name, kind="device", roles={"device"}, twins=["Pump"])
    token = accounts.issue("P-1")
    with pytest.raises(StorageFailed, match="audit entries that wait"):
        accounts.issue("P-2")
    assert accounts.issued("P-2") == []
    accounts.revoke(token.id)  # what takes rights away is done all the same
    accounts.disable("P-1")
    assert len(said(accounts)) == 5
    accounts.spool.remove([one.key for one in accounts.spool.waiting(3)])
    accounts.issue("P-2")
    assert [action for _, action, _ in said(accounts)] == ["token revoked", "account disabled", "token made"]


def test_entries_wait_over_a_restart_and_their_keys_are_never_used_again(tmp_path: Path) -> None:
    """They are in the file, oldest first; removed ones are gone from its pages."""
    path = tmp_path / "accounts.db"
    for name in ("first", "second"):
        with closing(Accounts(path, clock=WallClock())) as accounts:
            accounts.add(name, kind="device", roles={"device"}, twins=["Pump"])
    with closing(Accounts(path, clock=WallClock())) as accounts:
        waiting = accounts.spool.waiting(9)
        assert [one.target for one in waiting] == ["first", "second"]
        accounts.spool.remove(one.key for one in waiting)
        assert accounts.spool.waiting(9) == []
        accounts.issue("first")
        [again] = accounts.spool.waiting(9)
        assert again.key not in {one.key for one in waiting}
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM spool").fetchone() == (1,)


def test_certificates_and_issuers_are_written_down(tmp_path: Path) -> None:
    """Issued, revoked, and what is done to an issuer, each with its serial number."""
    made = handshake.made(tmp_path)
    waiting = made.accounts.spool.waiting(9)
    made.accounts.spool.remove(one.key for one in waiting)
    made.device("P-7")
    [record] = made.accounts.certificates.of()
    renew_issuer(made.accounts, made.authority, made.export, SECRET, WallClock().now())
    made.device("P-8")
    revoke(made.accounts, made.authority, "P-7", WallClock().now())
    revoke_issuer(made.accounts, made.authority, made.export, SECRET, WallClock().now())
    entries = made.accounts.spool.waiting(99)
    assert [(one.action, one.who) for one in entries] == [
        (action, spool.SITE)
        for action in (
            "certificate issued", "issuer renewed", "certificate issued", "certificate revoked",
            "certificate revoked", "issuer revoked",
        )
    ]  # fmt: skip
    assert record.id in entries[0].detail
    assert entries[3].detail == record.id
    made.accounts.close()


def test_a_file_of_an_earlier_version_is_brought_forward(tmp_path: Path) -> None:
    """Its certificates go on to open doors, and from now on changes are written down."""
    path = tmp_path / "accounts.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"{MIGRATIONS[0]} {MIGRATIONS[1]} PRAGMA user_version=2;")
        db.execute("INSERT INTO accounts VALUES ('', 'P-7', 'device', 'device', 'Pump/P-7', NULL, NULL, 0, 5)")
        db.execute("INSERT INTO certificates VALUES (?, 'ff', '', 'P-7', 5, 5, ?, NULL)", (bytes(32), 2 * DAY))
        db.commit()
    with closing(Accounts(path, clock=SimulatedClock(DAY))) as accounts:
        identity = accounts.by_certificate(bytes(32))
        assert identity is not None
        assert identity.name == "P-7"
        accounts.certificates.end(accounts.certificates.meant("P-7"), DAY)
        assert said(accounts) == [(spool.SITE, "certificate revoked", "P-7")]


def test_an_apps_entries_are_about_its_person(accounts: Accounts) -> None:
    """So that they are sealed with that person's key in the log."""
    accounts.add("phone", kind="service", roles={"app"}, twins=["Patient/anna"], subject="anna")
    accounts.issue("phone")
    assert {one.subject for one in accounts.spool.waiting(9)} == {"anna"}
