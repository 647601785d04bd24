"""What ends soon is an alarm: raised once, seen by administrators alone, ended by the renewal."""

import http.client
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.guard import handshake
from tests.guard.handshake import SECRET, Made
from tests.site.test_tls import House, opened

from pollux.cli import main
from pollux.clock import DAY, WallClock
from pollux.errors import SetupError
from pollux.guard import Accounts
from pollux.guard.authority import ISSUER_LIST, ROOT_LIST
from pollux.guard.certificates import new_key
from pollux.guard.enrolment import enrol, revoke
from pollux.show.compose.tracing import trace
from pollux.site.endings import LISTED, VARIABLE, endings, ends_soon, window
from pollux.watch.site import SITE


def aged(made: Made, name: str, days: int) -> None:
    """A certificate of an account that was made so many days ago."""
    enrol(made.accounts, made.authority, name, new_key().public_key(), WallClock().now() - days * DAY)


def standing(house: House) -> list[str]:
    """The rules of the alarms of the site that stand."""
    house.live.guarding.look()
    return sorted(alarm.rule for alarm in house.live.estate.alarms if alarm.type == SITE and alarm.active)


def answered(house: House, token: str, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    line = http.client.HTTPSConnection("localhost", house.http, context=house.made.client(), timeout=10)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        line.request(method, f"/api/v1/{path}", body, headers)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def test_a_certificate_that_ends_soon_is_an_alarm_until_it_is_renewed(tmp_path: Path) -> None:
    """Raised once, also over a restart; a renewal by another process ends it; a second end is a second alarm."""
    made = handshake.made(tmp_path)
    made.authority.serve_as(["localhost"], WallClock().now() - 340 * DAY)
    aged(made, "P-7", 340)
    with opened(made) as house:
        assert standing(house) == standing(house) == ["device-P-7-ends-soon", "server-ends-soon"]
        ids = {alarm.id for alarm in house.live.estate.alarms}
    made = handshake.reopened(made)
    with opened(made) as house:
        assert standing(house) == ["device-P-7-ends-soon", "server-ends-soon"]
        assert {alarm.id for alarm in house.live.estate.alarms} == ids
        assert main(["identity", "server", str(made.data), "--host", "localhost"]) == 0
        assert standing(house) == ["device-P-7-ends-soon"]
        aged(house.made, "P-7", 0)
        assert standing(house) == []
        assert {alarm.state for alarm in house.live.estate.alarms} == {"returned"}
        made.authority.serve_as(["localhost"], WallClock().now() - 340 * DAY)
        assert standing(house) == ["server-ends-soon"]


def test_administrators_see_and_acknowledge_it_and_nobody_else(tmp_path: Path) -> None:
    """It is in the list of alarms that the page shows; for an operator of everything it is not there."""
    made = handshake.made(tmp_path)
    aged(made, "P-7", 340)
    made.accounts.add("olga", kind="person", roles={"operator", "viewer", "engineer"}, twins=["*"])
    made.accounts.add("north", kind="person", roles={"administrator"}, twins=["Pump/*"])
    tokens = {name: made.accounts.issue(name).secret for name in ("ann", "olga", "north")}
    with opened(made) as house:
        house.live.guarding.turn()
        [row] = answered(house, tokens["ann"], "GET", "alarms")[1]["alarms"]
        assert (row["title"], row["severity"], row["state"]) == (
            "The certificate of P-7 ends soon", "medium", "raised",
        )  # fmt: skip
        assert "pollux identity renew DIR P-7" in row["text"]
        assert [one["id"] for one in answered(house, tokens["ann"], "GET", "alarms?twin=Pump/P-7")[1]["alarms"]] == [
            row["id"]
        ]
        assert answered(house, tokens["ann"], "GET", "alarms?twin=Pump/P-8")[1]["alarms"] == []
        where = row["actions"][0]["href"]
        for name in ("olga", "north"):
            assert answered(house, tokens[name], "GET", "alarms")[1]["alarms"] == []
            assert answered(house, tokens[name], "POST", where, b'{"reason": "known cause"}')[0] == 404
        status, acked = answered(house, tokens["ann"], "POST", where, b'{"reason": "a new one is on its way"}')
        assert (status, acked["state"]) == (200, "acknowledged")


def test_what_concerns_all_is_beside_every_twin(tmp_path: Path) -> None:
    """The page shows it under the alerts of each twin, to administrators alone."""
    made = handshake.made(tmp_path)
    made.authority.serve_as(["localhost"], WallClock().now() - 340 * DAY)
    made.accounts.add("olga", kind="person", roles={"operator"}, twins=["*"])
    tokens = {name: made.accounts.issue(name).secret for name in ("ann", "olga")}
    with opened(made) as house:
        house.live.guarding.turn()
        for name, count in (("ann", 1), ("olga", 0)):
            rows = answered(house, tokens[name], "GET", "alarms?twin=Pump/P-9")[1]["alarms"]
            assert [one["title"] for one in rows] == ["The certificate of the server ends soon"] * count


def test_the_trace_of_a_device_says_that_its_certificate_ends_soon(tmp_path: Path) -> None:
    """Beside the account, which is well all the same; not once it has a newer one."""
    made = handshake.made(tmp_path)
    aged(made, "P-7", 340)
    with opened(made) as house:
        said = hint(house)
        assert said is not None
        assert "its newest certificate ends in" in said
        aged(house.made, "P-7", 0)
        assert hint(house) is None


def hint(house: House) -> str | None:
    fact = house.live.rooms.tracing.of("P-7")
    assert fact is not None
    step = next(one for one in trace(fact, house.live.clock.now()).steps if one.key == "account")
    assert step.state == "ok"
    return step.hint


def test_each_end_has_its_own_words(tmp_path: Path) -> None:
    """Soon and ended are two alarms; revoked, disabled and renewed devices have none; one speaks for many beyond 20."""
    made, now = handshake.made(tmp_path), WallClock().now()
    far = {"root": now + 400 * DAY, "issuer": now + 31 * DAY, ROOT_LIST: now + 29 * DAY, "server": now - 1}
    found = {one.rule: one for one in endings({**far, ISSUER_LIST: now + 3 * DAY}, made.accounts, now)}
    assert list(found) == ["roots-revocation-list-ends-soon", "server-ended"]
    assert "renew-root" in found["roots-revocation-list-ends-soon"].detail
    assert found["server-ended"].title == "The certificate of the server has ended"
    for name in ("P-7", "P-8", "P-9"):
        made.accounts.add(name, kind="device", roles={"device"}, twins=[f"Pump/{name}"])
        aged(made, name, 366 if name == "P-9" else 340)
    assert rules(made) == ["device-P-9-ended", "device-P-7-ends-soon", "device-P-8-ends-soon"]
    revoke(made.accounts, made.authority, "P-7", now)
    made.accounts.disable("P-8")
    aged(made, "P-9", 1)
    assert rules(made) == []
    for number in range(LISTED + 1):
        made.accounts.add(f"Q-{number}", kind="device", roles={"device"}, twins=[f"Pump/Q-{number}"])
        aged(made, f"Q-{number}", 340)
    assert len(rules(made)) == LISTED + 1
    assert rules(made)[-1] == "more-devices-end-soon"
    made.accounts.close()


def rules(made: Made) -> list[str]:
    return [one.rule for one in endings({}, made.accounts, WallClock().now())]


def test_how_long_before_can_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In days, by the environment of the site and of the command line; what is no number opens no site."""
    assert ends_soon("server", 29 * DAY, 0)
    assert not ends_soon("server", 31 * DAY, 0)
    monkeypatch.setenv(VARIABLE, "90")
    assert window() == 90 * DAY
    assert ends_soon("server", 31 * DAY, 0)
    assert not ends_soon(ISSUER_LIST, 3 * DAY, 0)
    made = handshake.made(tmp_path)
    for wrong in ("soon", "-1", "nan"):
        monkeypatch.setenv(VARIABLE, wrong)
        with pytest.raises(SetupError, match="expected days"), opened(made):
            pass


def test_the_root_and_its_list_are_alarms_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a window of two years and more the root's list ends soon, until the root has renewed it."""
    made = handshake.made(tmp_path)
    monkeypatch.setenv(VARIABLE, "729.9")
    at = WallClock().now() - DAY
    made.authority.renew_root_list(made.authority.root_from(made.export, SECRET), [], at)
    with opened(made) as house:
        assert standing(house) == ["roots-revocation-list-ends-soon", "server-ends-soon"]
        monkeypatch.setattr("sys.stdin", io.StringIO(SECRET.decode() + "\n"))
        assert main(["identity", "renew-root", str(made.data), "--root", str(made.export)]) == 0
        assert standing(house) == ["server-ends-soon"]


def test_a_list_that_has_run_out_is_an_alarm_until_it_is_written_anew(tmp_path: Path) -> None:
    """Nobody comes in by certificate meanwhile; the site itself writes it, and the alarm ends."""
    made = handshake.made(tmp_path)
    with opened(made) as house:
        assert house.live.secure is not None
        made.authority.relist([], 0)
        assert "issuers-revocation-list-ended" in standing(house)
        house.made.device("P-7")
        house.live.guarding.turn()
        assert standing(house) == []


def test_a_replay_has_the_same_alarms(tmp_path: Path) -> None:
    """They are made of entries of the log alone: a state as of then has them, one as of before has not."""
    made = handshake.made(tmp_path)
    made.authority.serve_as(["localhost"], WallClock().now() - 340 * DAY)
    with opened(made) as house:
        before = house.live.clock.now()
        [rule] = standing(house)
        house.live.log.flush()
        [alarm] = house.live.rooms.alarms.list()
        assert house.live.rooms.alarms.list(at=before - 1) == ()
        assert house.live.rooms.alarms.list(at=house.live.clock.now()) == (alarm,)
        assert alarm.rule == rule


def test_accounts_without_certificates_are_no_alarm(tmp_path: Path) -> None:
    """Nothing ends, so nothing is said."""
    with_none = Accounts(tmp_path / "accounts.db", clock=WallClock())
    with_none.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
    assert endings({}, with_none, WallClock().now()) == []
    with_none.close()
