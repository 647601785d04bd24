"""Who was refused at the gate, and why: for whoever runs the site, never for whoever was refused."""

from pathlib import Path

import pytest

from pollux.clock import DAY, SimulatedClock
from pollux.guard import Accounts, Attempts, Credential, Gate
from pollux.guard.attempts import KEPT, NAMES
from pollux.guard.records import Enrolled
from tests.doors.rig import until

NOW = 1_763_894_536 * 10**9
MARK = bytes(32)


@pytest.fixture
def accounts(tmp_path: Path):
    accounts = Accounts(tmp_path / "accounts.db", clock=SimulatedClock(NOW))
    accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
    yield accounts
    accounts.close()


def why(gate: Gate, credential: Credential, name: str = "P-7") -> str:
    before = len(gate.attempts.of(name)[1])
    assert gate.authenticate(credential).result(timeout=10) is None
    # It is noted by the thread that hashed the password, once the answer is out.
    until(lambda: len(gate.attempts.of(name)[1]) > before or before == KEPT)
    return gate.attempts.of(name)[1][-1].why


def enrolled(accounts: Accounts, *, starts: int = NOW, expires: int = NOW + DAY, ended: int | None = None) -> None:
    accounts.certificates.add(Enrolled(MARK, 1, "", "P-7", NOW, starts, expires, ended))


def test_each_reason_is_told_by_the_claimed_name(accounts: Accounts) -> None:
    gate = Gate(accounts)
    assert "token is wrong" in why(gate, Credential("P-7", b"x" * 43, address="192.0.2.1"))
    assert "neither a token" in why(gate, Credential("P-7"))
    assert "no account" in why(gate, Credential("P-8", b"x" * 43), "P-8")
    assert "nobody comes in by name" in why(gate, Credential("P-9"), "P-9")
    assert gate.attempts.of("P-7")[0] == 2


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ({"ended": NOW - DAY}, "revoked"),
        ({"expires": NOW}, "expired"),
        ({"starts": NOW + DAY, "expires": NOW + 2 * DAY}, "not hold yet"),
    ],
)
def test_a_certificate_says_what_is_wrong_with_it_under_its_account(accounts: Accounts, times, said: str) -> None:
    enrolled(accounts, **times)
    assert said in why(Gate(accounts), Credential(None, certificate=MARK))


def test_a_certificate_beside_another_name(accounts: Accounts) -> None:
    enrolled(accounts)
    assert "another name" in why(Gate(accounts), Credential("P-8", certificate=MARK), "P-8")


def test_a_certificate_of_nobody_is_kept_without_a_name(accounts: Accounts) -> None:
    gate = Gate(accounts)
    assert gate.authenticate(Credential(None, certificate=MARK, address="192.0.2.1")).result() is None
    count, newest = gate.attempts.nameless()
    assert count == 1
    assert "no account's record" in newest[0].why


def test_who_comes_in_leaves_nothing(accounts: Accounts) -> None:
    gate = Gate(accounts)
    assert gate.authenticate(Credential("P-7", accounts.issue("P-7").secret.encode())).result() is not None
    assert gate.attempts.of("P-7") == (0, ())


def test_memory_is_bounded() -> None:
    attempts = Attempts(lambda: 0)
    for number in range(NAMES + 50):
        attempts.tell(f"d-{number}", "c" * 10_000, "", "no")
    for _ in range(3 * KEPT):
        attempts.tell("d-last", "", "", "no")
    assert attempts.of("d-0") == (0, ())
    count, newest = attempts.of("d-last")
    assert (count, len(newest)) == (3 * KEPT, KEPT)
    assert len(attempts.of(f"d-{NAMES}")[1][0].client) <= 128
