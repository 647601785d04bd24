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
from pollux.errors import Conflict, DataRefused, ModelError, NotFound, Overloaded, PolluxError
from pollux.guard import Identity
from pollux.show.asks import AdviceAsk, Bound, ForkAsk, Price, RunAsk, SignAsk
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


def advised(live: LiveSite, **more: Any) -> Any:
    """The fork of the advice that is asked for, and its card."""
    ask = AdviceAsk(over="1 h", members=4, **more)
    card = live.rooms.advisor.advise("Motor", "M-1", ask, who=WHO)
    fork = done(live.rooms.forks, f"F-{card[2:]}")
    until(lambda: live.rooms.advisor.find("Motor", "M-1", card).state == "open")
    return fork, live.rooms.advisor.find("Motor", "M-1", card)


def test_advice_is_weighed_by_what_was_asked(live: LiveSite) -> None:
    """Speed that earns money is set high, speed that costs it low; only what was asked for is tried, so far ahead."""
    earns = {"speed": Price(amount=1, unit="EUR/h/rpm")}
    fork, card = advised(live, gain=earns, settings={"speed": (600.0, 2400.0)})
    assert [one.label for one in fork.options] == ["Keep as is", "speed 600 rpm", "speed 2400 rpm"]
    assert fork.until - fork.made == pytest.approx(3600)
    assert (card.title, card.option) == ("speed 2400 rpm", "B")
    assert any("gain: speed at 1 EUR/h/rpm" in str(note) for note in card.notes)
    _, card = advised(live, gain={"speed": Price(amount=-1, unit="EUR/h/rpm")}, settings={"speed": (600.0, 2400.0)})
    assert card.title == "speed 600 rpm"


def test_a_bound_keeps_out_what_breaks_it(live: LiveSite) -> None:
    """At full speed the motor burns: where that may not be another option is recommended, and the table says why."""
    earns = {"speed": Price(amount=1, unit="EUR/h/rpm")}
    told(live, temp=430.0)
    fork, card = advised(
        live, gain=earns, choices=("speed-0", "speed-3000"), constraints=(Bound(event="burns", at_most=0.1),)
    )
    assert card.title != "speed 3000 rpm"
    gates = fork.table.groups[-1].rows[-1].cells["B"]
    assert gates.text == "not ranked"
    assert "burns in 100% of futures, more than 10%" in gates.detail
    _, card = advised(live, gain=earns, choices=("speed-0", "speed-3000"))
    assert card.title == "speed 3000 rpm"


def test_an_event_has_its_price(live: LiveSite) -> None:
    """A motor that burns costs more than its speed earns, so that it is stopped."""
    told(live, temp=430.0)
    earns, costs = {"speed": Price(amount=1, unit="EUR/h/rpm")}, {"burns": Price(amount=1e6, unit="EUR")}
    _, card = advised(live, gain=earns, loss=costs, choices=("speed-0", "speed-3000"))
    assert card.title != "speed 3000 rpm"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"gain": {"spede": Price(amount=1, unit="EUR/h/rpm")}}, "spede"),
        ({"gain": {"burns": Price(amount=1, unit="EUR/h/rpm")}}, "burns"),
        ({"gain": {"speed": Price(amount=1, unit="EUR/rpm")}}, "a price for a time"),
        ({"loss": {"temp": Price(amount=1, unit="EUR")}}, "expected an event of Motor"),
        ({"gain": {"speed": Price(amount=1, unit="rpm")}}, "money"),
        (
            {"loss": {"burns": Price(amount=1, unit="EUR")}, "constraints": (Bound(event="fails", at_most=0.1),)},
            "fails",
        ),
        ({"gain": {"speed": Price(amount=1, unit="EUR/h/rpm")}, "loss": {"burns": Price(amount=1, unit="USD")}}, "USD"),
    ],
)
def test_senseless_advice_is_refused_at_once(live: LiveSite, more: dict[str, Any], why: str) -> None:
    """Names that are none, prices that are no money or in two currencies: nothing is run."""
    with pytest.raises(PolluxError, match=why):
        live.rooms.advisor.advise("Motor", "M-1", AdviceAsk(over="1 h", **more), who=WHO)
    assert live.rooms.forks.list("Motor", "M-1") == []


def test_what_was_acted_on_is_not_run_again(live: LiveSite) -> None:
    """It would put other figures under what somebody signed."""
    room = live.rooms.forks
    fork = done(room, made(room, "speed-1500")).id
    card = live.rooms.advisor.cards("Motor", "M-1")[0]
    live.rooms.advisor.acted("Motor", "M-1", card.id, who=WHO)
    with pytest.raises(Conflict, match="acted"):
        room.run(fork, TRY, who=WHO)


def test_a_run_tells_what_the_page_shows_and_no_more(live: LiveSite) -> None:
    """Where no domain says what is shown, it is what the type derives; every number has six digits at most."""
    room = live.rooms.forks
    run = done(room, made(room, "keep", "speed-1500"))
    schema = live.site.declared["Motor"].schema
    assert set(schema.derived) <= run.fans["A"].keys()
    numbers = [number for fan in run.fans["A"].values() for number in fan.p50 if number is not None]
    assert numbers == [float(f"{number:.6g}") for number in numbers]
