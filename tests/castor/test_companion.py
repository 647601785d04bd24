"""Emulated apps: they read the plan and take what it says, at their hours, through the real door."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.site.clinic import START, Patient, clinic, signed
from tests.site.plants import device, site, until

import pollux as px
from pollux.act import Plan, PlanChange
from pollux.castor.companion import REMEMBERED, Diary, Habit
from pollux.clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock, iso

MIDNIGHT = START // DAY * DAY


def plan(*changes: PlanChange) -> Plan:
    return Plan(twin="Patient/anna", changes=changes)


def change(id_: str = "o-1", *, sent: int = 0, expires: int = 3 * DAY) -> PlanChange:
    return PlanChange(
        id=id_, name="set", params={"dose": 80.0}, reason="up", signed_by=("dr-wu",), state="sent",
        sent_at=iso(sent), expires_at=iso(expires),
    )  # fmt: skip


def test_a_change_is_read_and_taken_once() -> None:
    """Ten minutes after it was sent it is read, at eight it is taken, however often the plan comes."""
    diary = Diary(Habit(10 * MINUTE, "08:00"))
    diary.heard(plan(change(sent=9 * HOUR)), 9 * HOUR)
    diary.heard(plan(change(sent=9 * HOUR)), 9 * HOUR + MINUTE)
    assert diary.next_due() == 9 * HOUR + 10 * MINUTE
    assert diary.due(9 * HOUR + 9 * MINUTE) == []
    assert [one.next for one in diary.due(9 * HOUR + 10 * MINUTE)] == ["accepted"]
    assert diary.next_due() == 32 * HOUR
    assert [one.next for one in diary.due(33 * HOUR)] == ["done"]
    diary.heard(plan(change(sent=9 * HOUR)), 34 * HOUR)
    assert diary.next_due() is None


def test_a_change_that_is_gone_or_over_is_not_taken() -> None:
    """What was taken off the plan and what has expired is never told."""
    diary = Diary(Habit(0, "08:00"))
    diary.heard(plan(change("o-1"), change("o-2", expires=1 * HOUR)), 0)
    assert len(diary.due(0)) == 2
    diary.heard(plan(change("o-2", expires=1 * HOUR)), MINUTE)
    assert diary.due(DAY) == []


def test_an_app_that_comes_later_goes_on() -> None:
    """What was read before, by whatever app, is only taken."""
    read = PlanChange(**{name: getattr(change(), name) for name in change().__struct_fields__} | {"state": "accepted"})
    diary = Diary(Habit(0, "1 h"))
    diary.heard(plan(read), HOUR)
    assert [(one.next, one.due) for one in diary.due(2 * HOUR)] == [("done", 2 * HOUR)]


def test_a_diary_is_bounded() -> None:
    """Of what is over, so many are remembered and no more."""
    diary = Diary(Habit(0, "0.001 s"))
    for number in range(REMEMBERED + 50):
        diary.heard(plan(change(f"o-{number}")), number)
        diary.due(number)
        diary.due(number + SECOND)
    assert sum(diary.knows(f"o-{number}") for number in range(REMEMBERED + 50)) == REMEMBERED


def test_in_simulated_time_a_person_reads_and_takes_at_the_hour(tmp_path: Path) -> None:
    """Signed in the morning, read ten minutes later, swallowed next morning at eight: all while the clock is moved."""
    clinic_, patients = clinic()
    clock = SimulatedClock(MIDNIGHT + 9 * HOUR)
    swallowed: list[tuple[int, str, Mapping[str, Any]]] = []

    def taken(id_: str, params: Mapping[str, Any]) -> None:
        swallowed.append((clock.now(), id_, params))

    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0, t=clock.now() / SECOND)
        with px.companion(patients, ["anna"], taken=taken):
            order = patients["anna"].set({Patient.dose: 80.0}, reason="up", expires="2 days")
            signed(live, order)
            live.advance_to(MIDNIGHT + 9 * HOUR + 9 * MINUTE)
            assert [step.state for step in order.order.steps][2:] == ["sent"]
            live.advance_to(MIDNIGHT + 9 * HOUR + 11 * MINUTE)
            assert [step.state for step in order.order.steps][2:] == ["sent", "accepted"]
            live.advance_to(MIDNIGHT + DAY + 7 * HOUR)
            assert (order.state, swallowed) == ("accepted", [])
            live.advance_to(MIDNIGHT + DAY + 9 * HOUR)
        at = {step.state: step.at for step in order.order.steps}
        assert at["accepted"] == MIDNIGHT + 9 * HOUR + 10 * MINUTE
        assert at["done"] == MIDNIGHT + DAY + 8 * HOUR
        assert swallowed == [(MIDNIGHT + DAY + 8 * HOUR, order.id, {"dose": 80.0})]
        assert order.order.steps[-1].who == "companion:Patient:anna"
        assert not [one for one in live.accounts.issued("companion:Patient:anna") if one.ended is None]


def test_a_whole_week_in_one_move(tmp_path: Path) -> None:
    """One long move of the clock reads and takes at the same moments as many short ones."""
    clinic_, patients = clinic()
    clock = SimulatedClock(MIDNIGHT)
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0, t=clock.now() / SECOND)
        with px.companion(patients, ["anna"], reads="1 h", takes="12 h"):
            orders = [
                patients["anna"].set({Patient.dose: dose}, reason="up", expires="2 days") for dose in (60.0, 80.0)
            ]
            for order in orders:
                signed(live, order)
            live.advance_to(MIDNIGHT + 7 * DAY)
        for order in orders:
            at = {step.state: step.at for step in order.order.steps}
            assert (at["accepted"], at["done"]) == (MIDNIGHT + HOUR, MIDNIGHT + 13 * HOUR)


def test_under_a_fast_clock_an_app_keeps_up(tmp_path: Path) -> None:
    """On a calendar that runs by itself, an hour a second, a change is read and taken too."""
    clinic_, patients = clinic()
    clock = px.ScaledClock(MIDNIGHT, speed=3_600.0)
    swallowed: list[str] = []
    with clinic_.open(tmp_path, insecure=True, act=True, clock=clock) as live, device(live, "Patient/anna") as scale:
        scale.send(weight=88.0)
        with px.companion(patients, ["anna"], takes="2 h", taken=lambda id_, _: swallowed.append(id_)):
            order = patients["anna"].set({Patient.dose: 80.0}, reason="up", expires="2 days")
            signed(live, order)
            until(lambda: order.state == "done")
        assert swallowed == [order.id]
        at = {step.state: step.at for step in order.order.steps}
        assert at["accepted"] - at["sent"] >= 10 * MINUTE - 1_000_000
        assert at["done"] - at["sent"] >= 2 * HOUR + 10 * MINUTE - 1_000_000


@pytest.mark.parametrize(
    ("ids", "times", "why"),
    [
        ([], {}, "1 to 1000 different ids"),
        (["a", "a"], {}, "1 to 1000 different ids"),
        (["a"], {"reads": "soon"}, "expected a duration"),
        (["a"], {"takes": "25:00"}, "expected a duration"),
    ],
)
def test_an_app_that_cannot_be_is_refused(tmp_path: Path, ids: list[str], times: dict[str, str], why: str) -> None:
    """Too few or equal ids and times that cannot be read are refused before anything connects."""
    clinic_, patients = clinic()
    with clinic_.open(tmp_path, act=True), pytest.raises(px.PolluxError, match=why):
        px.companion(patients, ids, reads=times.get("reads", "1 min"), takes=times.get("takes", "1 h"))


def test_things_have_no_app(tmp_path: Path) -> None:
    """A plan is a person's: a machine gets no app, nor does a site without an MQTT door give one."""
    plant, motors, _ = site()
    with plant.open(tmp_path / "a"), pytest.raises(px.SetupError, match="personal type"):
        px.companion(motors, ["M-1"])
    clinic_, patients = clinic()
    with clinic_.open(tmp_path / "b", mqtt=None), pytest.raises(px.SetupError, match="MQTT endpoint"):
        px.companion(patients, ["anna"])
