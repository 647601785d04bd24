"""Nets of tanks and pipes, and of balls and springs."""

import numpy as np
from tests.simulate.coupled.models import columns

import pollux as px
from pollux.columns import Links
from pollux.model.schema import schema_of
from pollux.simulate import Group

MEMBERS = 4
"""So many that every net is laid out alike: one kernel is compiled."""


class Pipe(px.Twin):
    """Carries water from the tank it starts at to the one it ends at."""

    start, end = (px.link("Tank", gives={"pressure": "kPa"}) for _ in range(2))
    width = px.parameter("m**3/s/Pa", 1e-6)
    valve = px.parameter("1", 1)

    @px.derived
    def flow(self):
        return self.valve * self.width * (self.start.pressure - self.end.pressure)


class Tank(px.Twin):
    """An open tank, filled and emptied by its pipes."""

    inflows, outflows = px.links(Pipe), px.links(Pipe)
    level = px.hidden("m", start=1)
    area = px.parameter("m**2", 2)
    weight = px.parameter("Pa/m", 9810)

    @px.derived
    def pressure(self):
        return self.weight * self.level

    @px.rate(level)
    def fills(self):
        return (px.total(self.inflows.flow) - px.total(self.outflows.flow)) / self.area


class Spring(px.Twin):
    """A spring that hardens; it pulls its left end to the right by `pull`, and its right end back."""

    left, right = (px.link("Ball", gives={"place": "m"}) for _ in range(2))
    stiffness = px.parameter("N/m", 3)
    harder = px.parameter("N/m**3", 2)

    @px.derived
    def stretch(self):
        return self.right.place - self.left.place

    @px.derived
    def pull(self):
        return self.stiffness * self.stretch + self.harder * self.stretch**3

    @px.derived
    def energy(self):
        return self.stiffness * self.stretch**2 / 2 + self.harder * self.stretch**4 / 4


class Ball(px.Twin):
    """A mass between springs."""

    leftward, rightward = px.links(Spring), px.links(Spring)
    place = px.hidden("m")
    speed = px.hidden("m/s")
    mass = px.parameter("kg", 1)

    @px.rate(place, speed)
    def moves(self):
        pulled = px.total(self.rightward.pull) - px.total(self.leftward.pull)
        return self.speed, pulled / self.mass

    @px.derived
    def energy(self):
        return self.mass * self.speed**2 / 2


def grouped(links, twins):
    """The links from each of these twins to the numbers of those that name it."""
    found = Links()
    for twin in range(twins):
        mine = [number for number, one in enumerate(links) if one == twin]
        if mine:
            found.set(twin, mine)
    return found


def single(targets):
    numbers = np.arange(len(targets), dtype=np.int32)
    return Links(numbers, np.array(targets, np.int32))


def web(edge, node, ends, nodes, edges):
    """A net: edges from one node to another, and the nodes that know their edges."""
    first, second = [one for one, _ in ends], [other for _, other in ends]
    (out, into), (start, end) = node[1], edge[1]
    return (
        Group(schema_of(edge[0]), edges, {start: single(first), end: single(second)}),
        Group(schema_of(node[0]), nodes, {out: grouped(first, nodes.shape[1]), into: grouped(second, nodes.shape[1])}),
    )


def water(levels, ends, members=1):
    tanks = columns(schema_of(Tank), len(levels), members, level=levels, area=1 + np.arange(len(levels)))
    pipes = columns(schema_of(Pipe), len(ends), members, width=1e-6 * (1 + np.arange(len(ends))))
    return web((Pipe, ("start", "end")), (Tank, ("outflows", "inflows")), ends, tanks, pipes)
