"""What identity does is in the audit trail of the log: by the command line beside a site or before it, exactly once."""

import http.client
import io
import os
import pwd
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.connect.rig import until
from tests.guard import handshake
from tests.guard.handshake import SECRET
from tests.site.test_enrolling import asked, code_for, request
from tests.site.test_tls import House, opened, plant

from pollux.cli import main
from pollux.clock import HOUR, SimulatedClock, WallClock
from pollux.guard import Accounts
from pollux.guard.attempts import OTHER, REASONS, Attempts
from pollux.guard.spool import Spool
from pollux.remember import Note, verify
from pollux.show.facts import AuditEntry
from pollux.site.live import LiveSite
from pollux.site.taken import BATCH, Taken
from pollux.site.trailing import ERASED

ME = f"{pwd.getpwuid(os.geteuid()).pw_name} at the command line"


def entries(live: LiveSite) -> list[AuditEntry]:
    """The trail as far as identity goes, once everything that waits is in it."""
    live.guarding.trail.close()
    live.log.flush()
    return [one for one in live.rooms.audit.entries(0, 10_000) if one.what.startswith("identity ")]


def whats(live: LiveSite) -> list[tuple[str, str, str]]:
    return [(one.who, one.what.removeprefix("identity "), one.target) for one in entries(live)]


def test_what_was_done_before_the_site_and_beside_it_is_in_the_trail_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, with who did it and when; over restarts nothing is taken twice, and the log verifies."""
    data, root = tmp_path / "data", tmp_path / "root.pem"

    def identity(*words: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(SECRET.decode() + "\n"))
        assert main(["identity", words[0], str(data), *words[1:]]) == 0

    begun = WallClock().now()
    identity("init", "--root", str(root), "--host", "localhost")
    assert main(["token", "add", str(data), "P-7", "--kind", "device", "--twin", "Pump/P-7"]) == 0
    identity("issue", "P-7", "--out", str(tmp_path / "P-7"))
    options: dict[str, Any] = {"http": "127.0.0.1:0", "tls": data / "identity"}
    with plant().open(data, **options) as live:
        identity("renew", "P-7", "--out", str(tmp_path / "P-7"))
        identity("revoke", "P-7")
        identity("server", "--host", "localhost")
        identity("renew-root", "--root", str(root))
        identity("renew-issuer", "--root", str(root))
        first = entries(live)
        assert all(begun <= one.at <= WallClock().now() for one in first)
    with plant().open(data, **options) as live:
        assert entries(live) == first
        assert live.accounts.spool.waiting(9) == []
    assert [(one.who, one.what.removeprefix("identity ")) for one in first] == [
        (ME, action)
        for action in (
            "authority made", "account added", "token made", "certificate issued", "certificate renewed",
            "certificate revoked", "certificate revoked", "server certificate made", "root's list renewed",
            "issuer renewed",
        )
    ]  # fmt: skip
    assert first[7].reason == "localhost"
    assert verify(data).ok
    capsys.readouterr()


def test_a_device_that_enrols_is_who_did_it(tmp_path: Path) -> None:
    """By a code that somebody made for it, and again by its certificate."""
    made = handshake.made(tmp_path)
    with opened(made) as house:
        before = len(whats(house.live))
        code = code_for(house, "P-7")
        assert asked(house, request(), code)[0] == 200
        mine = house.made.device("P-8")
        assert asked(house, request(), "", client=house.made.client(mine), path="reenroll")[0] == 200
        assert whats(house.live)[before:] == [
            ("the site", "code made", "P-7"),
            ("P-7", "code used", "P-7"),
            ("P-7", "certificate enrolled by code", "P-7"),
            ("the site", "certificate issued", "P-8"),
            ("P-8", "certificate enrolled by certificate", "P-8"),
        ]


def test_attempts_that_fail_are_one_entry_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by reason: wrong codes and tokens, certificates of nobody; however many, one entry."""
    made = handshake.made(tmp_path)
    with opened(made) as house:
        before = len(whats(house.live))
        for _ in range(3):
            assert asked(house, request(), "guessed")[0] == 401
        assert token_over_http(house) == 401
        trail = house.live.guarding.trail
        later = house.live.accounts.now() + HOUR
        monkeypatch.setattr(house.live.accounts, "now", lambda: later)
        trail.turn()
        trail.turn()
        [entry] = entries(house.live)[before:]
        assert (entry.what, entry.target) == ("identity refused", "4 attempts")
        assert entry.reason == "3 x an enrolment code that does not hold; 1 x a token over HTTP that does not hold"


def token_over_http(house: House) -> int:
    line = http.client.HTTPSConnection("localhost", house.http, context=house.made.client(), timeout=10)
    line.request("GET", "/api/v1/twins", headers={"Authorization": "Bearer nobody's"})
    status = line.getresponse().status
    line.close()
    return status


def test_reasons_are_bounded() -> None:
    """What a stranger can vary is cut, and beyond sixteen counted together; nothing that was counted is lost."""
    attempts = Attempts(lambda: 0)
    for number in range(100):
        attempts.tell("P-7", "", "192.0.2.1", f"reason {number} " + "x" * 1_000)
    counts = attempts.taken()
    assert len(counts) == REASONS + 1
    assert sum(counts.values()) == 100
    assert counts[OTHER] == 100 - REASONS
    assert max(map(len, counts)) <= 128
    assert attempts.taken() == {}


@pytest.mark.parametrize("point", ["appended", "removed"])
def test_a_crash_between_log_and_spool_takes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Killed after the entries are durable and before they leave the spool, or before they are appended."""
    data = tmp_path / "data"
    data.mkdir()
    with closing(Accounts(data / "accounts.db", clock=WallClock(), who="ann")) as accounts:
        for number in range(BATCH + 44):
            accounts.add(f"P-{number}", kind="device", roles={"device"}, twins=["Pump"])
    with crashing(monkeypatch, point), plant().open(data) as live:
        live.guarding.trail.close()
        until(lambda: live.log.health.accepting)
    with closing(Accounts(data / "accounts.db", clock=WallClock())) as accounts:
        assert len(accounts.spool) >= BATCH
    for _ in range(2):
        with plant().open(data) as live:
            targets = [one.target for one in entries(live)]
            assert targets == [f"P-{number}" for number in range(BATCH + 44)]
            assert live.accounts.spool.waiting(9) == []


@contextmanager
def crashing(monkeypatch: pytest.MonkeyPatch, point: str) -> Iterator[None]:
    """Nothing leaves the spool, or nothing comes out of it."""
    with monkeypatch.context() as broken:
        if point == "appended":
            broken.setattr(Spool, "remove", lambda spool, keys: _no_power())
        else:
            broken.setattr(Spool, "waiting", lambda spool, most: _no_power())
        yield


def _no_power() -> None:
    from pollux.errors import StorageFailed

    raise StorageFailed("no power", at="accounts.db")


def test_entries_about_a_person_are_sealed_and_go_with_the_person(tmp_path: Path) -> None:
    """An app's account is about whom it speaks for: erased meanwhile, that it happened is kept and nothing else."""
    with closing(Accounts(tmp_path / "accounts.db", clock=WallClock(), who="ann")) as accounts:
        for person in ("anna", "bert"):
            twins = [f"Patient/{person}"]
            accounts.add(f"phone-of-{person}", kind="service", roles={"app"}, twins=twins, subject=person)
    with plant().open(tmp_path) as live:
        live.keys.destroy("bert")
        found = [(one.what, one.target, one.reason != "") for one in entries(live)]
        assert found == [
            ("identity account added", "phone-of-anna", True),
            ("identity account added", ERASED, False),
        ]
        live.keys.destroy("anna")
    segments = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert b"phone-of" not in segments
    assert verify(tmp_path).ok


def test_what_is_taken_is_part_of_the_state(tmp_path: Path) -> None:
    """It is frozen and restored with a snapshot, and bounded."""
    taken = Taken()
    for number in range(3 * BATCH):
        taken.add(f"key {number}")
    other = Taken()
    other.restore(taken.freeze())
    assert other.freeze() == taken.freeze()
    assert f"key {3 * BATCH - 1}" in other
    assert f"key {BATCH}" in other
    assert "key 0" not in other


def test_a_simulated_site_keeps_its_log_to_itself(tmp_path: Path) -> None:
    """Time that is moved by hand takes no entries over: the same run gives the same log."""
    with plant().open(tmp_path, clock=SimulatedClock(1_000 * HOUR)) as live:
        live.accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
        live.guarding.turn()
    notes = []
    with plant().open(tmp_path, clock=SimulatedClock(1_001 * HOUR)) as live:
        notes = [r.entry.kind for r in live.log.read() if isinstance(r.entry, Note)]
        [(_, waiting)] = live.guarding.trail.metrics()[0].samples
        assert waiting == 1
    assert "identity" not in notes
