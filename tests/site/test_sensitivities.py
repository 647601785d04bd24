"""Which uncertain thing decides an outcome of a fork: asked, answered in declared units, stopped, bounded."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.site.plants import until

import pollux as px
from pollux.clock import SimulatedClock
from pollux.errors import Conflict, DataRefused, NotFound, Overloaded, SimulationError
from pollux.guard import Identity
from pollux.show.asks import ForkAsk, SensitivityAsk
from pollux.show.documents.sensitivity import Sensitivity
from pollux.site import LiveSite
from pollux.site.mattering import MOST_RUNS, Question, mattering
from pollux.site.rooms import sensitivities

WHO = Identity("", "ann", "person", frozenset({"operator"}), ("*",))
TEMP = SensitivityAsk(output="temp", over="1 day")


class Bearing(px.Twin):
    """A bearing that warms by friction and cools to the room."""

    temp = px.hidden("degC", start=27)
    speed = px.actuator("rpm", low=0, high=3000, safe=0, start=1500)
    friction = px.parameter("J/rpm/s", px.lognormal(0.2, 0.3))
    cooling = px.parameter("W/K", px.lognormal(8, 0.1))
    room = px.parameter("degC", px.normal(22, 3))
    paint = px.parameter("1", px.uniform(0, 1))
    mass = px.parameter("J/K", 20_000)

    @px.rate(temp)
    def warms(self):
        return (self.friction * self.speed - self.cooling * (self.temp - self.room)) / self.mass

    @px.derived
    def above(self):
        return self.temp - self.room

    @px.event
    def runs_hot(self):
        return self.temp > px.quantity(67, "degC")


class Still(px.Twin):
    """Nothing of it is uncertain."""

    level = px.hidden("m", start=1)
    valve = px.actuator("1/s", low=0, high=1, safe=0)

    @px.rate(level)
    def drains(self):
        return -self.valve * self.level


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSite]:
    plant = px.Site("Mill")
    plant.fleet(Bearing)
    plant.fleet(Still)
    with plant.open(tmp_path, insecure=True, clock=SimulatedClock(px.instant("2026-11-02T06:00:00Z"))) as live:
        for type_, twin in (("Bearing", "B-1"), ("Still", "S-1")):
            live.rooms.editor.put(type_, twin, {}, who=WHO)
        yield live


def forked(live: LiveSite, type_: str = "Bearing", twin: str = "B-1") -> str:
    return live.rooms.forks.make(type_, twin, ForkAsk(), who=WHO)


def answered(live: LiveSite, fork: str, ask: SensitivityAsk) -> Sensitivity:
    room = live.rooms.sensitivities
    room.ask(fork, ask, who=WHO)
    until(lambda: room.find(fork).state in ("done", "failed"))
    return room.find(fork)


def test_a_tornado_says_which_parameter_decides(live: LiveSite) -> None:
    """Bars from the longest to the shortest in declared units, shares that add up, and a sentence."""
    fork = forked(live)
    assert live.rooms.sensitivities.find(fork).state == "none"
    said = answered(live, fork, TEMP)
    assert (said.state, said.method, said.unit, said.over) == ("done", "tornado", "degC", "1 day")
    assert [bar.name for bar in said.bars] == ["friction", "cooling", "room", "paint"]
    assert sum(bar.share or 0.0 for bar in said.bars) == pytest.approx(100.0)
    friction, _, room, paint = said.bars
    assert 75 < (friction.share or 0) < 90
    assert paint.share == 0.0
    assert (room.unit, round(room.low, 1), round(room.high, 1)) == ("degC", 17.1, 26.9)
    # A warmer room is a warmer bearing, degree for degree; the middle lies between.
    assert (room.at_high or 0) - (room.at_low or 0) == pytest.approx(room.high - room.low, rel=1e-3)
    assert said.middle == pytest.approx(22 + 0.2 * 1500 / 8, abs=0.1)
    assert (said.words or "").startswith("Friction decides ")
    assert "of the spread of temp after 1 day; cooling " in (said.words or "")
    assert (said.words or "").endswith("degC.")
    assert said.runs == 9
    assert "9 runs" in (said.note or "")


def test_sobol_indices_have_intervals_and_agree_where_effects_add_up(live: LiveSite) -> None:
    """On request all inputs move together, with thousands of runs and no more than the bound."""
    fork = forked(live)
    said = answered(live, fork, SensitivityAsk(output="temp", over="1 day", method="sobol"))
    friction, paint = said.bars[0], said.bars[-1]
    assert (friction.name, paint.name, round(paint.share or 0.0)) == ("friction", "paint", 0)
    assert (friction.lo or 0) < (friction.share or 0) < (friction.hi or 0)
    assert friction.share == pytest.approx(84, abs=4)
    assert said.runs == 9 + 256 * 6 <= MOST_RUNS
    assert "Sobol" in (said.note or "")


def test_the_chance_of_an_event_is_a_mean_over_futures(live: LiveSite) -> None:
    """At each end of an input it is taken over the same futures of all others."""
    said = answered(live, forked(live), SensitivityAsk(output="runs_hot", over="1 day"))
    friction = said.bars[0]
    assert (said.unit, friction.name) == ("%", "friction")
    assert 0.0 <= (friction.at_low or 0) < (said.middle or 0) < (friction.at_high or 0) <= 100.0
    assert (friction.at_low, friction.at_high) != (0.0, 100.0) or said.middle not in (0.0, 100.0)
    assert "within 1 day" in (said.words or "")
    assert said.runs == 9 * 256


def test_settings_hold_actuators(live: LiveSite) -> None:
    """At rest friction decides nothing; the room does."""
    said = answered(live, forked(live), SensitivityAsk(output="temp", over="1 day", settings={"speed": 0.0}))
    assert said.bars[0].name == "room"
    assert said.bars[0].share == pytest.approx(100.0, abs=0.1)


def test_a_fork_that_was_run_is_asked_as_far_as_it_went(live: LiveSite) -> None:
    """Without a span the answer is of the same stretch of time as the futures on the chart, from the same state."""
    fork = live.rooms.forks.make("Bearing", "B-1", ForkAsk(choices=("keep",)), who=WHO)
    until(lambda: live.rooms.forks.find(fork).state == "done")
    said = answered(live, fork, SensitivityAsk(output="above"))
    assert (said.state, said.over, said.unit) == ("done", "7 days", "K")


def test_what_cannot_be_asked_is_refused_with_its_place(live: LiveSite) -> None:
    """An outcome that there is none of, a span that is none, a setting of no actuator, a fork that is gone."""
    room, fork = live.rooms.sensitivities, forked(live)
    for ask, at in (
        (SensitivityAsk(output="friction"), "$.output"),
        (SensitivityAsk(output="__class__"), "$.output"),
        (SensitivityAsk(output="temp", over="0 s"), "$.over"),
        (SensitivityAsk(output="temp", settings={"friction": 1.0}), "$.settings"),
    ):
        with pytest.raises(DataRefused) as refused:
            room.ask(fork, ask, who=WHO)
        assert refused.value.at == at
    with pytest.raises(NotFound):
        room.ask("F-77", TEMP, who=WHO)


def test_where_nothing_is_uncertain_the_answer_says_so(live: LiveSite) -> None:
    """It is a failed question with its reason, and no error of the site."""
    said = answered(live, forked(live, "Still", "S-1"), SensitivityAsk(output="level", over="1 h"))
    assert said.state == "failed"
    assert (said.text or "").startswith("nothing in this twin is uncertain")


def held(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, list[Callable[[], bool]]]:
    """From now on questions wait for the event; the list is how each is told that nobody wants it any more."""
    go, asked = threading.Event(), list[Callable[[], bool]]()

    def waiting(*said: Any, **more: Any) -> Any:
        asked.append(more["cancelled"])
        assert go.wait(20)
        return mattering(*said, **more)

    monkeypatch.setattr(sensitivities, "mattering", waiting)
    return go, asked


def test_two_questions_go_at_a_time_and_one_of_each_fork(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same fork is a conflict, a third one is told to come back."""
    go, asked = held(monkeypatch)
    room, (one, two, three) = live.rooms.sensitivities, (forked(live) for _ in range(3))
    room.ask(one, TEMP, who=WHO)
    room.ask(two, TEMP, who=WHO)
    with pytest.raises(Conflict):
        room.ask(one, TEMP, who=WHO)
    with pytest.raises(Overloaded):
        room.ask(three, TEMP, who=WHO)
    until(lambda: len(asked) == 2)
    go.set()
    until(lambda: room.find(one).state == room.find(two).state == "done")
    room.ask(three, TEMP, who=WHO)


def test_what_is_dropped_stops_and_is_not_told(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its runs are cancelled, its answer goes nowhere, and the fork can be asked again."""
    go, asked = held(monkeypatch)
    room, fork = live.rooms.sensitivities, forked(live)
    room.ask(fork, TEMP, who=WHO)
    until(lambda: len(asked) == 1)
    assert not asked[0]()
    room.drop(fork)
    assert asked[0]()
    assert room.find(fork).state == "none"
    room.ask(fork, TEMP, who=WHO)
    go.set()
    until(lambda: room.find(fork).state == "done")
    room.drop(fork)
    room.drop(fork)
    assert room.find(fork).state == "none"


def test_no_more_answers_are_kept_than_the_bound(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten."""
    monkeypatch.setattr(sensitivities, "KEPT", 2)
    forks = [forked(live) for _ in range(3)]
    for fork in forks:
        answered(live, fork, TEMP)
    assert [live.rooms.sensitivities.find(fork).state for fork in forks] == ["none", "done", "done"]


def test_progress_is_told_slice_by_slice_and_a_cancelled_question_ends_there(
    live: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows to the whole; the slices change nothing of the answer; who stops wanting it gets an error, no answer."""
    copy = live.rooms.forks.copy(forked(live))
    told = list[float]()

    def found(cancelled: Callable[[], bool]) -> Sensitivity:
        return mattering("F", copy, Bearing, Question("temp", "1 day"), progress=told.append, cancelled=cancelled)

    whole = found(lambda: False)
    assert told == [1.0]
    told.clear()
    monkeypatch.setattr("pollux.site.mattering.SLICE", 2)
    assert [bar.at_high for bar in found(lambda: False).bars] == pytest.approx([bar.at_high for bar in whole.bars])
    assert told == pytest.approx([2 / 9, 4 / 9, 6 / 9, 8 / 9, 1.0])
    told.clear()
    with pytest.raises(SimulationError, match="cancelled"):
        found(lambda: len(told) >= 2)
    assert len(told) == 2
