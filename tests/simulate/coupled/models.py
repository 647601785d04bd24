"""Small systems of linked twins, and the same systems written as one flat class."""

import numpy as np

import pollux as px
from pollux.columns import Links, layout_of
from pollux.columns.arrays import F64
from pollux.model.schema import Schema, schema_of
from pollux.simulate import Group

SECOND = 1_000_000_000


class Room(px.Twin):
    """A room that its neighbours and its heaters warm; it counts how often it was aired."""

    west, east = px.link(), px.link()
    heaters = px.links("Heater", gives={"power": "kW"})
    temp = px.hidden("K", start=290)
    felt = px.hidden("K", start=290)
    outside = px.parameter("K", 280)
    mass = px.parameter("kJ/K", 50)
    loss = px.parameter("W/K", 30)
    wall = px.parameter("W/K", 80)
    hot = px.parameter("K", 294)
    highest = px.sensor("K")
    average = px.sensor("K")

    @px.derived
    def gain(self):
        return px.total(self.heaters.power)

    @px.derived
    def through_west(self):
        return px.where(px.present(self.west), self.wall * (self.west.temp - self.temp), 0)

    @px.derived
    def through_east(self):
        return -px.where(px.present(self.east), self.east.through_west, 0)

    @px.rate(temp)
    def warms(self):
        lost = self.loss * (self.temp - self.outside)
        return (self.gain + self.through_west + self.through_east - lost) / self.mass

    @px.rate(felt)
    def follows(self):
        return (self.temp - self.felt) / px.quantity(100, "s")

    @px.event
    def too_hot(self):
        return self.temp >= self.hot

    @px.on(too_hot, temp)
    def aired(self):
        return self.temp - px.quantity(3, "K")

    @px.reading(highest)
    def sees_highest(self):
        return px.peak(self.temp + self.gain * px.quantity(0, "K/W"), over="200 s")

    @px.reading(average)
    def sees_average(self):
        return px.mean(self.through_east, over="200 s") * px.quantity(0, "K/W") + px.mean(self.temp, over="200 s")


class Heater(px.Twin):
    """A heater that follows the temperature of its room; it is switched by an event of its own."""

    room = px.link(Room)
    power = px.hidden("W", start=500)
    target = px.actuator("K", low=280, high=310, safe=294)
    gain = px.parameter("W/K/s", 5)
    starts = px.sensor("1")

    @px.rate(power)
    def follows(self):
        return self.gain * (self.target - self.room.felt) - self.power / px.quantity(60, "s")

    @px.event
    def warm(self):
        return self.room.temp >= px.quantity(293, "K")


class Body(px.Twin):
    """A small type with all that wires do: a gathered state, a gathered derived value, a total, an event, a jump."""

    west = px.link()
    others = px.links()
    heat = px.hidden("1", start=1)
    source = px.actuator("1/s", low=-9, high=9, safe=0)
    pace = px.parameter("1/s", 0.3)

    @px.derived
    def glow(self):
        return px.tanh(self.heat) + 0.1 * self.heat**3

    @px.rate(heat)
    def warms(self):
        near = px.where(px.present(self.west), self.west.glow + 0.5 * self.west.heat, 1)
        return self.source + self.pace * (near + 0.1 * px.total(self.others.glow * self.others.heat) - self.glow)

    @px.event
    def hot(self):
        return self.heat > 1.1 + 0 * px.where(px.present(self.west), self.west.heat, 0)

    @px.on(hot, heat)
    def cools(self):
        return self.heat / 2


def bodies(members: int, twins: int) -> Group:
    """Bodies in a row, each of which also feels some others."""
    heat = 1 + 0.4 * np.sin(np.arange(members)[:, None] + 3 * np.arange(twins)[None, :])
    others = linked(*(tuple((k * j) % twins for j in range(1, 1 + k % 3)) for k in range(twins)))
    start = columns(schema_of(Body), twins, members, heat=heat)
    return Group(schema_of(Body), start, {"west": row_of(twins)["west"], "others": others})


class Flat(px.Twin):
    """Two rooms and two heaters as one type: both heaters stand in the first room."""

    a, b = px.hidden("K", start=290), px.hidden("K", start=291)
    fa, fb = px.hidden("K", start=290), px.hidden("K", start=290)
    p, q = px.hidden("W", start=500), px.hidden("W", start=700)
    outside = px.parameter("K", 280)
    mass = px.parameter("kJ/K", 50)
    loss = px.parameter("W/K", 30)
    wall = px.parameter("W/K", 80)
    hot = px.parameter("K", 294)
    target = px.actuator("K", low=280, high=310, safe=294)
    gain = px.parameter("W/K/s", 5)

    @px.rate(a, b, fa, fb, p, q)
    def all(self):
        across = self.wall * (self.b - self.a)
        lag, time = px.quantity(100, "s"), px.quantity(60, "s")
        return (
            (self.p + self.q + across - self.loss * (self.a - self.outside)) / self.mass,
            (-across - self.loss * (self.b - self.outside)) / self.mass,
            (self.a - self.fa) / lag,
            (self.b - self.fb) / lag,
            self.gain * (self.target - self.fa) - self.p / time,
            self.gain * (self.target - self.fa) - self.q / time,
        )

    @px.event
    def too_hot(self):
        return self.a >= self.hot

    @px.on(too_hot, a)
    def aired(self):
        return self.a - px.quantity(3, "K")


def columns(schema: Schema, twins: int, members: int = 1, **different: object) -> F64:
    """The columns of so many twins and members, as declared but for what is different."""
    layout = layout_of(schema)
    start = np.repeat(layout.start(twins)[:, :, None], members, axis=2)
    for name, values in different.items():
        start[layout.place(name)] = np.broadcast_to(np.asarray(values, float), (members, twins)).T
    return start


def linked(*targets: int | tuple[int, ...] | None) -> Links:
    """The links of twins 0, 1, 2, ... to these."""
    links = Links()
    for twin, one in enumerate(targets):
        if one is not None:
            links.set(twin, one if isinstance(one, tuple) else (one,))
    return links


def row_of(twins: int) -> dict[str, Links]:
    """West and east along a row."""
    west = Links(np.arange(1, twins, dtype=np.int32), np.arange(twins - 1, dtype=np.int32))
    east = Links(np.arange(twins - 1, dtype=np.int32), np.arange(1, twins, dtype=np.int32))
    return {"west": west, "east": east}


def house(members: int = 1, rooms: int = 2, **rooms_differ: object) -> tuple[Group, ...]:
    """Rooms in a row, two heaters in the first."""
    start = columns(schema_of(Room), rooms, members, **{"temp": [290 + k for k in range(rooms)], **rooms_differ})
    heaters = {"heaters": linked((0, 1))}
    return (
        Group(schema_of(Room), start, row_of(rooms) | heaters),
        Group(schema_of(Heater), columns(schema_of(Heater), 2, members, power=[500, 700]), {"room": linked(0, 0)}),
    )
