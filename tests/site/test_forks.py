"""Forks on the page: made, waiting, run, dropped, also by many at the same moment."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.site.plants import device, site, until

from pollux.clock import MINUTE, SECOND, SimulatedClock
from pollux.errors import Conflict, DataRefused, ModelError, NotFound, Overloaded
from pollux.guard import Identity
from pollux.show.asks import ForkAsk, RunAsk, SignAsk
from pollux.site import LiveSite
from pollux.site.presenting import LabFigure
from pollux.site.rooms.forks import ForksRoom
from pollux.site.rooms.runs import ranked

WHO = Identity("", "ann", "person", frozenset({"operator"}), ("*",))
TRY = RunAsk(over="1 h", choices=("speed-1500",), members=4)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSite]:
    """An open site with one warm motor."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live:
        told(live, temp=310.0, speed=1200.0)
        yield live


def told(live: LiveSite, **values: float) -> None:
    """What the motor says."""
    with device(live, "Motor/M-1") as motor:
        motor.send(**values)


def made(room: ForksRoom, *choices: str) -> str:
    return room.make("Motor", "M-1", ForkAsk(choices=choices), who=WHO)


def done(room: ForksRoom, fork: str) -> Any:
    until(lambda: room.find(fork).state in ("done", "failed"))
    return room.find(fork)


def slowly(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """From now on runs do not end before the event is set."""
    go = threading.Event()

    def waiting(*said: Any) -> Any:
        assert go.wait(20)
        return ranked(*said)

    monkeypatch.setattr("pollux.site.rooms.forks.ranked", waiting)
    return go


def together(count: int, what: Callable[[], Any]) -> list[Any]:
    """What comes of doing something so many times at the same moment: results and errors."""
    gate = threading.Barrier(count)

    def one(_: int) -> Any:
        gate.wait(10)
        try:
            return what()
        except Exception as error:  # noqa: BLE001
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_fork_without_choices_waits(live: LiveSite) -> None:
    """It is ready, nothing runs, no card is being weighed; listed it stands first; it runs when it is told to."""
    room = live.rooms.forks
    fork = made(room)
    found = room.find(fork)
    assert (found.state, found.until, found.options, found.title.endswith("not run yet")) == ("ready", None, (), True)
    assert (room.running("Motor", "M-1"), live.rooms.advisor.cards("Motor", "M-1")) == ([], [])
    room.run(fork, TRY, who=WHO)
    assert [one.choice for one in done(room, fork).options] == ["keep", "speed-1500"]
    assert [(row.id, row.state) for row in room.list("Motor", "M-1")] == [(fork, "done")]


def test_a_fork_runs_from_the_moment_at_which_it_was_made(live: LiveSite) -> None:
    """What the motor does afterwards is not in it, neither in the first run nor in one after another start."""
    room = live.rooms.forks
    fork = made(room)
    before = room.find(fork)
    told(live, temp=390.0)
    for _ in range(2):
        room.run(fork, TRY, who=WHO)
        run = done(room, fork)
        assert (run.made, run.seq, run.until) == (before.made, before.seq, pytest.approx(before.made + 3600))
        assert run.fans["0"]["temp"].p50[0] == pytest.approx(310.0, abs=3)


def test_settings_of_ones_own_are_tried_beside_going_on(live: LiveSite) -> None:
    """As a grid, in declared units; another name, a value beyond the limits, too many, a senseless span are refused."""
    room = live.rooms.forks
    fork = made(room)
    room.run(fork, RunAsk(over="1 h", settings={"speed": (900.0, 1500.0)}, members=4), who=WHO)
    assert [one.label for one in done(room, fork).options] == ["Keep as is", "speed 900 rpm", "speed 1500 rpm"]
    for settings, error in (({"temp": (1.0,)}, DataRefused), ({"speed": (1e9,)}, ModelError),
                            ({"speed": tuple(range(600, 700))}, DataRefused)):  # fmt: skip
        with pytest.raises(error):
            room.run(fork, RunAsk(over="1 h", settings=settings), who=WHO)  # type: ignore[arg-type]
    for over in ("0 s", "1e300 days", "40000 days"):
        with pytest.raises(DataRefused, match="span"):
            room.run(fork, RunAsk(over=over, choices=("speed-1500",)), who=WHO)


def test_the_same_seed_is_the_same_luck(live: LiveSite) -> None:
    """Two forks of one state run with one seed foresee the same, with another they do not."""
    room = live.rooms.forks
    fans = []
    for seed in (5, 5, 6):
        fork = made(room)
        room.run(fork, RunAsk(over="1 h", choices=("speed-1500",), members=4, seed=seed), who=WHO)
        fans.append(done(room, fork).fans["0"]["temp"].p95)
    assert fans[0] == fans[1] != fans[2]


def test_many_forks_at_the_same_moment_have_names_of_their_own(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty at once are thirty names; no more than the bound are kept, the newest."""
    monkeypatch.setattr("pollux.site.rooms.forks.READY", 12)
    room = live.rooms.forks
    names = together(30, lambda: made(room))
    assert len(set(names)) == 30
    assert len(room.list("Motor", "M-1")) == 12
    newest = sorted(names, key=lambda name: -int(name[2:]))
    assert [row.id for row in room.list("Motor", "M-1")] == newest[:12]


def test_many_runs_at_the_same_moment_stay_within_the_bound(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sixteen that begin at once four do, the others are told to come back; each has a name of its own."""
    go, room = slowly(monkeypatch), live.rooms.forks
    said = together(16, lambda: made(room, "speed-1500"))
    begun = [one for one in said if isinstance(one, str)]
    assert (len(begun), len(set(begun))) == (4, 4)
    assert all(isinstance(one, Overloaded) for one in said if not isinstance(one, str))
    assert len(room.running("Motor", "M-1")) == 4
    go.set()
    assert {done(room, fork).state for fork in begun} == {"done"}


def test_one_fork_is_run_once_at_a_time(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight that run the same fork at once one does, whether it was waiting or had been run before."""
    room = live.rooms.forks
    fork = made(room)
    for _ in range(2):
        go = slowly(monkeypatch)
        said = together(8, lambda: room.run(fork, TRY, who=WHO))
        assert sorted(type(one).__name__ for one in said) == ["Conflict"] * 7 + ["NoneType"]
        assert len(room.running("Motor", "M-1")) == 1
        go.set()
        until(lambda: not room.running("Motor", "M-1"))
        monkeypatch.undo()


def test_what_was_dropped_does_not_come_back(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork that waits and one that runs: dropped they are gone, whatever the run still does."""
    room = live.rooms.forks
    waiting = made(room)
    go = slowly(monkeypatch)
    running = made(room, "speed-1500")
    for fork in (waiting, running):
        room.drop(fork, who=WHO)
        with pytest.raises(NotFound):
            room.find(fork)
        with pytest.raises(NotFound):
            room.drop(fork, who=WHO)
    go.set()
    live.runs.shutdown(wait=True)
    assert room.list("Motor", "M-1") == []


def test_a_lab_that_breaks_ends_its_run_only(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its fork has failed and says so, and its place is free again."""
    lab = live.labs["Motor"]

    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(live.labs, "Motor", replace(lab, score=broken))
    room = live.rooms.forks
    for _ in range(5):
        fork = done(room, made(room, "speed-1500"))
        assert (fork.state, fork.text) == ("failed", "the run failed: ZeroDivisionError")
        until(lambda: not room.running("Motor", "M-1"))


def test_a_check_can_be_signed_for_five_minutes(tmp_path: Path) -> None:
    """Afterwards it is as if it had not been made; within them it can be signed once."""
    plant, _, _ = site()
    clock = SimulatedClock(1_800_000_000 * SECOND)
    with plant.open(tmp_path, insecure=True, act=True, clock=clock) as live:
        told(live, temp=310.0, speed=1200.0)
        who = live.accounts.add("ann", kind="person", roles={"operator"}, twins=["*"]).identity("test")
        lab = live.labs["Motor"]
        live.labs["Motor"] = replace(lab, score=lambda _: [LabFigure(0.0), LabFigure(1.0)])  # what is tried is better
        done(live.rooms.forks, made(live.rooms.forks, "speed-0"))
        until(lambda: bool(live.rooms.advisor.cards("Motor", "M-1")))
        card, desk = live.rooms.advisor.cards("Motor", "M-1")[0], live.rooms.desk
        assert desk is not None
        assert card.option is not None
        checks = [desk.check("Motor", "M-1", card.id, who=who) for _ in range(2)]
        order = desk.sign("Motor", "M-1", SignAsk(check=checks[0].id), who=who)
        assert order.advice == card.id
        live.advance_to(clock.now() + 5 * MINUTE)
        for check in checks:
            with pytest.raises(NotFound):
                desk.sign("Motor", "M-1", SignAsk(check=check.id), who=who)


def test_what_was_acted_on_is_not_run_again(live: LiveSite) -> None:
    """It would put other figures under what somebody signed."""
    room = live.rooms.forks
    fork = done(room, made(room, "speed-1500")).id
    card = live.rooms.advisor.cards("Motor", "M-1")[0]
    live.rooms.advisor.acted("Motor", "M-1", card.id, who=WHO)
    with pytest.raises(Conflict, match="acted"):
        room.run(fork, TRY, who=WHO)
