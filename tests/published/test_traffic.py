"""Traffic as linked twins: cells of a road that pass vehicles on, and cars that follow each other.

The kinematic wave of Lighthill, Whitham and Richards with a triangular diagram, by the cell transmission of Daganzo
(Transp Res B 28:269, 1994), which is Godunov's scheme; the intelligent driver model of Treiber, Hennecke and Helbing
(Phys Rev E 62:1805, 2000).
"""

import numpy as np
import pytest

import pollux as px
from pollux.columns import Links, layout_of
from pollux.model.schema import schema_of
from pollux.simulate import CoupledRun, Feed, Group, couple, level

SECOND = 1_000_000_000


class Stretch(px.Twin):
    """A stretch of road; a light stands at its eastern end."""

    west, east = px.link(), px.link()
    density = px.hidden("1/m", start=0.02)
    length = px.parameter("m", 50)
    free = px.parameter("m/s", 25)
    wave = px.parameter("m/s", 6.25)
    jam = px.parameter("1/m", 0.15)
    arrivals = px.actuator("1/s", low=0, high=1, safe=0.5)
    green = px.actuator("1", low=0, high=1, safe=1)

    @px.derived
    def critical(self):
        return self.wave * self.jam / (self.free + self.wave)

    @px.derived
    def capacity(self):
        return self.free * self.critical

    @px.derived
    def demand(self):
        return px.minimum(self.free * self.density, self.capacity)

    @px.derived
    def supply(self):
        return px.minimum(self.wave * (self.jam - self.density), self.capacity)

    @px.derived
    def leaving(self):
        room = px.where(px.present(self.east), self.east.supply, self.capacity)
        return self.green * px.minimum(self.demand, room)

    @px.rate(density)
    def conserves(self):
        coming = px.where(px.present(self.west), self.west.leaving, self.arrivals)
        return (coming - self.leaving) / self.length


def road(cells, light, red, length, step, seconds):
    """Densities (times, cells) on a road whose light after cell `light` is red for the first seconds."""
    schema = schema_of(Stretch)
    start = layout_of(schema).start(cells)
    start[layout_of(schema).place("length")] = length
    west = Links(np.arange(1, cells, dtype=np.int32), np.arange(cells - 1, dtype=np.int32))
    east = Links(np.arange(cells - 1, dtype=np.int32), np.arange(1, cells, dtype=np.int32))
    group = Group(schema, start[:, :, None], {"west": west, "east": east})
    lights = Feed("Stretch", "green", level([0, round(red * SECOND)], [0.0, 1.0]), twin=light)
    run = CoupledRun(
        (group,),
        0,
        round(seconds * SECOND),
        round(step * SECOND),
        grid=round(step * SECOND),
        record={"Stretch": ("density", "critical", "capacity")},
        inputs=(lights,),
        method="euler",
        backend="numba",
    )
    return couple(run)["Stretch"]


def test_the_triangular_diagram():
    """C1: the critical density is .0300 /m, the capacity .75 /s, that is 2700 vehicles an hour."""
    found = road(2, 1, 1, 50, 2, 2)
    assert found["critical"][0, 0, 0] == pytest.approx(0.0300, abs=5e-5)
    assert 3600 * found["capacity"][0, 0, 0] == pytest.approx(2700)


def test_a_red_light_stores_what_arrives():
    """C3: 60 cells of 50 m, steps of 2 s, a red of 15 steps: 15.000 vehicles more stand before the light, to 1e-9."""
    density = road(60, 59, 30, 50, 2, 30)["density"][..., 0]
    assert 50 * (density[-1] - density[0]).sum() == pytest.approx(15.0, abs=1e-9)


def test_the_queue_grows_and_clears_as_the_waves_say():
    """C2: the back of the queue moves at -3.846 m/s, the discharge at -6.25, the queue is gone 48.0 s after green.

    It is gone where the two meet, 300 m before the light; the light hears of it when the thinner traffic arrives, 12 s
    later, and its flow falls from the capacity to what arrives.
    """
    jam, critical, arriving = 0.15, 0.03, 0.02
    shock = -0.5 / (jam - arriving)
    assert shock == pytest.approx(-3.846, abs=5e-4)
    clears = 30 * 6.25 / (6.25 + shock) - 30
    assert clears == pytest.approx(48.0, abs=0.05)
    for length, step in ((50.0, 2.0), (5.0, 0.2)):
        light, at = round(1500 / length) - 1, round(30 / step)
        density = road(light + 20, light, 30, length, step, 110)["density"][..., 0]
        queue = density[at, : light + 1] > 0.5 * (jam + arriving)
        assert length * queue.sum() == pytest.approx(-shock * 30, abs=length)
        flow = 25 * density[:, light + 1]
        last = step * np.flatnonzero(flow > 0.5 * (0.75 + 0.5)).max()
        assert last - 30 - 300 / 25 == pytest.approx(clears, abs=step)
    moving = density[at + round(10 / step), : light + 1] < 0.5 * (jam + critical)
    assert length * (light - np.flatnonzero(~moving).max()) == pytest.approx(6.25 * 10, abs=length)


class Leader(px.Twin):
    """A car that swings about its speed."""

    place = px.hidden("m")
    swing, sway = px.hidden("1", start=0), px.hidden("1", start=1)
    speed = px.parameter("m/s", 20)
    amplitude = px.parameter("m/s", 0)
    pace = px.parameter("1/s", 0.1)

    @px.derived
    def pace_now(self):
        return self.speed + self.amplitude * self.swing

    @px.rate(place, swing, sway)
    def moves(self):
        return self.pace_now, self.pace * self.sway, -self.pace * self.swing


class Car(px.Twin):
    """The intelligent driver: free road less interaction with the car ahead."""

    first, ahead = px.link(Leader), px.link()
    place = px.hidden("m")
    speed = px.hidden("m/s", start=20)
    wanted = px.parameter("m/s", 33)
    headway = px.parameter("s", 1.5)
    least = px.parameter("m", 2)
    pull = px.parameter("m/s**2", 1.4)
    brake = px.parameter("m/s**2", 2)
    length = px.parameter("m", 5)

    @px.derived
    def gap(self):
        front = px.where(px.present(self.ahead), self.ahead.place, self.first.place)
        return front - self.place - self.length

    @px.derived
    def approach(self):
        return self.speed - px.where(px.present(self.ahead), self.ahead.speed, self.first.pace_now)

    @px.rate(place, speed)
    def drives(self):
        desired = self.least + self.speed * self.headway
        desired = desired + self.speed * self.approach / (2 * px.sqrt(self.pull * self.brake))
        return self.speed, self.pull * (1 - (self.speed / self.wanted) ** 4 - (desired / self.gap) ** 2)


def settled_gap(speed, wanted=33.0, least=2.0, headway=1.5):
    return (least + speed * headway) / np.sqrt(1 - (speed / wanted) ** 4)


def platoon(cars, seconds, speed=20.0, amplitude=0.0, pace=0.1, spread=1.0, **car):
    """Cars behind a leader, from `spread` times the equilibrium gap on."""
    leader, follower = schema_of(Leader), schema_of(Car)
    head, tail = layout_of(leader).start(1), layout_of(follower).start(cars)
    for name, value in {"speed": speed, "amplitude": amplitude, "pace": pace}.items():
        head[layout_of(leader).place(name)] = value
    gap = settled_gap(speed, headway=car.get("headway", 1.5))
    for name, value in {"speed": speed, **car}.items():
        tail[layout_of(follower).place(name)] = value
    tail[layout_of(follower).place("place")] = -(5 + spread * gap) * np.arange(1, cars + 1)
    first, ahead = Links(), Links(np.arange(1, cars, dtype=np.int32), np.arange(cars - 1, dtype=np.int32))
    first.set(0, [0])
    groups = (
        Group(leader, head[:, :, None]),
        Group(follower, tail[:, :, None], {"first": first, "ahead": ahead}),
    )
    record = {"Car": ("gap", "speed")}
    span = round(seconds * SECOND)
    return couple(CoupledRun(groups, 0, span, SECOND // 10, grid=SECOND, record=record, backend="numba"))["Car"]


def test_cars_settle_at_the_equilibrium_gap():
    """A8: behind a car at 20 m/s the gap becomes (s0 + v T) / sqrt(1 - (v/v0)^4), to 1e-6."""
    gap = platoon(2, 2000, spread=1.3)["gap"][-1, :, 0]
    assert gap == pytest.approx([settled_gap(20.0)] * 2, rel=1e-6)


def slopes(pull, headway, speed=20.0, wanted=33.0, least=2.0, brake=2.0):
    """How the acceleration depends on gap, speed and approach at equilibrium."""
    gap, desired = settled_gap(speed, wanted, least, headway), least + speed * headway
    by_gap = 2 * pull * desired**2 / gap**3
    by_speed = -4 * pull * speed**3 / wanted**4 - 2 * pull * headway * desired / gap**2
    by_approach = -pull * desired / gap**2 * speed / np.sqrt(pull * brake)
    return by_gap, by_speed, by_approach


@pytest.mark.parametrize(("pull", "headway", "is_stable"), [(2.0, 1.5, True), (0.5, 1.0, False)])
def test_a_disturbance_decays_or_grows_along_a_platoon(pull, headway, is_stable):
    """A9: on either side of the linear limit a small swing of the leader dies out, or grows from car to car.

    A swing of pace w is passed on with the gain |G|, G = (F_s - i w F_dv) / (F_s - w^2 - i w (F_v + F_dv)); it is at
    most 1 for all w just where F_v^2 + 2 F_v F_dv - 2 F_s >= 0.
    """
    by_gap, by_speed, by_approach = slopes(pull, headway)
    margin = by_speed**2 + 2 * by_speed * by_approach - 2 * by_gap
    assert (margin > 0) == is_stable
    pace = 0.1 if is_stable else np.sqrt(-margin / 2)
    under = by_gap - pace**2 - 1j * pace * (by_speed + by_approach)
    gain = abs((by_gap - 1j * pace * by_approach) / under)
    speed = platoon(30, 1500, amplitude=0.01, pace=pace, pull=pull, headway=headway)["speed"][..., 0]
    swing = np.ptp(speed[-300:], axis=0) / 2
    assert (np.diff(swing) < 0).all() if is_stable else (np.diff(swing) > 0).all()
    assert swing[-1] / swing[0] == pytest.approx(gain**29, rel=0.02)
