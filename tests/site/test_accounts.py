"""`pollux token`: what an account is made with, and what it opens."""

from pathlib import Path
from typing import Any

import pytest
from tests.site.clinic import Patient, app, clinic, doctor, signed

from pollux.cli import main
from pollux.clock import WallClock
from pollux.guard import Accounts


def made(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code of `pollux token`, and what it said."""
    code = main(["token", words[0], str(folder), *words[1:]])
    said = capsys.readouterr()
    return code, (said.out or said.err).strip()


def identity(folder: Path, secret: str) -> Any:
    accounts = Accounts(folder / "accounts.db", clock=WallClock())
    try:
        return accounts.by_token(secret)
    finally:
        accounts.close()


def test_an_app_speaks_for_the_person_of_its_twin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The account has the person as its subject and no other twin; a device's and a viewer's have none."""
    _, secret = made(tmp_path, capsys, "add", "phone", "--role", "app", "--twin", "Patient/anna")
    found = identity(tmp_path, secret)
    assert (found.subject, found.twins, found.roles) == ("anna", ("Patient/anna",), frozenset({"app"}))
    _, secret = made(tmp_path, capsys, "add", "eve", "--role", "viewer")
    assert identity(tmp_path, secret).subject is None


@pytest.mark.parametrize("twin", [[], ["--twin", "*"], ["--twin", "Patient/*"], ["--twin", "Patient"],
                                  ["--twin", "Patient/anna/weight"], ["--twin", "/anna"]])  # fmt: skip
@pytest.mark.parametrize("action", ["add", "person"])
def test_an_app_of_nobody_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str, twin: list[str]
) -> None:
    """Without exactly one person's twin there is no account: the error says what is expected and how to say it."""
    code, said = made(tmp_path, capsys, action, "phone", "--role", "app", *twin)
    assert code == 1
    assert "expected the twin of the person whose app it is" in said
    assert "hint: --role app --twin Patient/anna" in said
    assert made(tmp_path, capsys, "list") == (0, "")


def test_an_app_that_was_made_without_a_person_is_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A token is given only once somebody says whose app it is; then the account has that subject."""
    accounts = Accounts(tmp_path / "accounts.db", clock=WallClock())
    accounts.add("phone", kind="service", roles={"app"}, twins=["*"])
    accounts.close()
    assert made(tmp_path, capsys, "add", "phone", "--role", "app")[0] == 1
    _, secret = made(tmp_path, capsys, "add", "phone", "--role", "app", "--twin", "Patient/anna")
    assert (identity(tmp_path, secret).subject, identity(tmp_path, secret).twins) == ("anna", ("Patient/anna",))


def test_a_known_account_keeps_its_rights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another token for it needs no rights, or the same ones; other ones are refused, not ignored."""
    made(tmp_path, capsys, "add", "phone", "--role", "app", "--twin", "Patient/anna")
    assert made(tmp_path, capsys, "add", "phone")[0] == 0
    assert made(tmp_path, capsys, "add", "phone", "--role", "app", "--twin", "Patient/anna")[0] == 0
    code, said = made(tmp_path, capsys, "add", "phone", "--twin", "Patient/bert")
    assert (code, "take another name" in said) == (1, True)


def test_a_misspelt_role_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest one that there is."""
    code, said = made(tmp_path, capsys, "add", "eve", "--role", "oprator")
    assert (code, "did you mean 'operator'?" in said) == (1, True)


def test_the_token_opens_the_own_plan_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the token from the command line the app hears its person's plan and answers; another's it does not."""
    _, secret = made(tmp_path, capsys, "add", "phone", "--role", "app", "--twin", "Patient/anna")
    site, patients = clinic()
    with site.open(tmp_path, act=True) as live:
        for name in ("anna", "bert"):
            patients.add(name)
        doctor(live)
        order = patients["anna"].set({Patient.dose: 80.0}, reason="congested", expires="2 days")
        signed(live, order)
        topics = "twins/Patient/anna/plan", "twins/Patient/bert/plan"
        with app(live, "Patient/anna", *topics, login=("phone", secret)) as phone:
            assert phone.granted == ["Granted QoS 1", "Not authorized"]
            assert [one["id"] for one in phone.plan(["sent"])] == [order.id]
            assert phone.say("twins/Patient/anna/plan/ack", id=order.id, state="done") == "Success"
            assert phone.say("twins/Patient/bert/plan/ack", id=order.id, state="done") == "Not authorized"
        assert order.state == "done"
