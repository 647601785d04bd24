"""What a filter believes of derived values and chances, and how it stands in columns, tables, trails and snapshots."""

from pathlib import Path

import numpy as np
import pytest
from tests.site.plants import device

import pollux as px
from pollux.clock import HOUR, MINUTE, SECOND, SimulatedClock

START = 1_800_000_000 * SECOND


class Spring(px.Twin):
    """Something that swings, quickly."""

    stiffness = px.parameter("1/s**2", 40)
    drag = px.parameter("1/s", 0)
    place = px.hidden("m", start=1)
    speed = px.hidden("m/s", start=0)
    span = px.sensor("m")

    @px.cycle
    def swing(self):
        return 2 * px.pi / px.sqrt(self.stiffness)

    @px.rate(place, speed)
    def swings(self):
        return self.speed, -self.stiffness * self.place - self.drag * self.speed

    @px.reading(span)
    def reach(self):
        return px.peak(self.place, over=self.swing)


class Oven(px.Twin):
    """Its heat is measured; how its spring reaches, and when it is worn, nobody sees."""

    heat = px.sensor("K", noise=0.5, start=300)
    wear = px.hidden("1", start=0, low=0)
    fade = px.parameter("1/h", px.lognormal(0.05, 0.3))
    wearing = px.parameter("1/h", px.lognormal(0.04, 0.3))
    room = px.parameter("K", 290)
    soft = px.parameter("1/s**2", 40)

    @px.rate(heat, wear)
    def changes(self):
        return -self.fade * (self.heat - self.room), self.wearing

    @px.derived
    def excess(self):
        return self.heat - self.room

    @px.derived
    def reach(self):
        return px.settled(Spring, {Spring.stiffness: self.soft}, over="5 s", every="1 h").span

    @px.event
    def worn_out(self):
        return self.wear >= 1


def opened() -> tuple[px.Site, px.Fleet[Oven]]:
    site = px.Site("kitchen")
    learning = px.Learning(members=32, every="10 min")
    outlook = px.Outlook({"end_20": (Oven.worn_out, "20 h"), "end_200": (Oven.worn_out, "200 h")}, every="1 h")
    return site, site.fleet(Oven, learning=learning, outlook=outlook)


def test_derived_values_and_chances_are_believed_and_kept(tmp_path: Path) -> None:
    """After a few updates a settled value and the chances stand on the twin, in its table and after a restart."""
    site, ovens = opened()
    clock = SimulatedClock(START)
    with site.open(tmp_path, insecure=True, clock=clock) as live, device(live, "Oven/O-1") as oven:
        for step in range(1, 9):
            moment = START + step * 10 * MINUTE
            oven.send(heat=300 - 0.05 * step, t=moment / SECOND)
            live.advance_to(moment)
        assert live.filters["Oven"].fault == ""
        now = ovens["O-1"].now
        assert float(now.reach) == pytest.approx(1.0, abs=0.02)
        assert float(now.excess) == pytest.approx(9.6, abs=1.0)
        before = live.rooms.twins.read("Oven", ["O-1"])
        assert before.low is not None
        assert before.high is not None
        row = before.type.index["end_200"]
        assert before.type.fields[row].role == "risk"
        assert before.values[row, 0] == 100.0
        assert before.low[row, 0] > 90
        assert before.values[before.type.index["end_20"], 0] < 60
        assert len(live.estate.trails["Oven/O-1/reach"]) >= 7
        changed = live.rooms.live.changes("Oven", 0)
        assert before.type.index["reach"] in changed.field.tolist()
    site, ovens = opened()
    with site.open(tmp_path, insecure=True, clock=SimulatedClock(clock.now())) as live:
        after = live.rooms.twins.read("Oven", ["O-1"])
        np.testing.assert_array_equal(after.values, before.values)
        np.testing.assert_array_equal(after.low, before.low)


def test_what_is_measured_later_than_the_belief_is_reckoned_with(tmp_path: Path) -> None:
    """A derived value of a fresher reading is that of the reading, not of the older belief."""
    site, ovens = opened()
    with site.open(tmp_path, insecure=True, clock=SimulatedClock(START)) as live, device(live, "Oven/O-1") as oven:
        for step in (1, 2, 3):
            oven.send(heat=300.0, t=(START + step * 10 * MINUTE) / SECOND)
            live.advance_to(START + step * 10 * MINUTE)
        moment = START + 31 * MINUTE
        live.advance_to(moment)
        oven.send(heat=350.0, t=moment / SECOND)
        assert float(ovens["O-1"].now.excess) == 60.0


def test_a_settled_model_is_shown_turning(tmp_path: Path) -> None:
    """One whole turn of the fast model: as long as its period, from phase zero, with its fields."""
    site, ovens = opened()
    with site.open(tmp_path, mqtt=None, clock=SimulatedClock(START)):
        turn = ovens.add("O-1").fork().turn(Spring.swing, [Spring.place, Spring.speed], every="10 ms")
    assert turn.fields == ("place", "speed")
    assert len(turn.rows) * turn.step == pytest.approx(2 * np.pi / 40**0.5, abs=0.02)
    assert np.abs(turn.rows[:, 0]).max() == pytest.approx(1.0, abs=0.02)


def test_what_does_not_turn_is_refused(tmp_path: Path) -> None:
    """A twin without the cycle, a signal that is none, and fields of another model are named."""
    site, ovens = opened()
    with site.open(tmp_path, mqtt=None, clock=SimulatedClock(START)):
        fork = ovens.add("O-1").fork()
        with pytest.raises(px.ModelError, match="expected a cycle"):
            fork.turn(Spring.place, [])
        with pytest.raises(px.ModelError, match="expected fields of Spring"):
            fork.turn(Spring.swing, [Oven.heat])


def test_a_twin_is_there_before_its_first_device(tmp_path: Path) -> None:
    """Parameters are told with it, measured signals are not."""
    site, ovens = opened()
    with site.open(tmp_path, mqtt=None, clock=SimulatedClock(START)):
        assert float(ovens.add("O-1", {Oven.room: 280.0}).now.room) == 280.0
        with pytest.raises(px.DataRefused, match="expected a fact or a parameter"):
            ovens.add("O-1", {Oven.heat: 280.0})


def test_history_in_the_hand(tmp_path: Path) -> None:
    """A signal's last hour, in order of event time."""
    site, ovens = opened()
    with site.open(tmp_path, insecure=True, clock=SimulatedClock(START)) as live, device(live, "Oven/O-1") as oven:
        for minute in (1, 2, 90):
            live.advance_to(START + minute * MINUTE)
            oven.send(heat=300.0 + minute, t=(START + minute * MINUTE) / SECOND)
        past = ovens["O-1"].history(Oven.heat, "1 h")
        assert past.value.tolist() == [390.0]
        assert ovens["O-1"].history(Oven.heat, "2 h").time.tolist() == [START + m * MINUTE for m in (1, 2, 90)]


def test_an_outlook_needs_a_filter_and_events() -> None:
    """Without learning it is refused, and so is what is no event or a name in use."""
    with pytest.raises(px.SetupError, match="expected learning"):
        px.Site().fleet(Oven, outlook=px.Outlook({"end": (Oven.worn_out, "1 h")}))
    for name, event in (("end", Oven.heat), ("excess", Oven.worn_out), ("two words", Oven.worn_out)):
        with pytest.raises(px.ModelError):
            px.Site().fleet(Oven, learning=px.Learning(), outlook=px.Outlook({name: (event, "1 h")}))


def test_a_clock_changes_its_speed_without_a_jump() -> None:
    """Whoever reads before and after sees time go on."""
    clock = px.ScaledClock(START, speed=1e6)
    before = clock.now()
    clock.run_at(1.0)
    after = clock.now()
    assert 0 <= after - before < HOUR
    assert clock.speed == 1.0
    with pytest.raises(px.PolluxError):
        clock.run_at(0.0)


def test_what_is_so_already_counts() -> None:
    """A member that is worn out now needs no further event; one that is no number counts for nothing."""
    outlook = px.Outlook({"end": (Oven.worn_out, "1 h")})
    never, soon = np.iinfo(np.int64).min, START + MINUTE
    first = {"worn_out": np.array([never, soon, never, never])}
    alive, already = np.array([True, True, True, False]), {"worn_out": np.array([True, False, False, True])}
    assert outlook.counted(first, START, alive)["end"][1] == pytest.approx(100 / 3)
    assert outlook.counted(first, START, alive, already=already)["end"][1] == pytest.approx(200 / 3)
