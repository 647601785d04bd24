"""What linked systems keep, how fast their errors fall, and what has no answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.coupled.models import SECOND, columns

import pollux as px
from pollux.columns import Links
from pollux.errors import SimulationError, UnitError
from pollux.model.graph import const, operation, told_in
from pollux.model.linking import meaning
from pollux.model.schema import schema_of
from pollux.model.units import unit
from pollux.simulate import CoupledRun, Feed, Group, couple, straight

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


def _grouped(links, twins):
    """The links from each of these twins to the numbers of those that name it."""
    found = Links()
    for twin in range(twins):
        mine = [number for number, one in enumerate(links) if one == twin]
        if mine:
            found.set(twin, mine)
    return found


def _single(targets):
    numbers = np.arange(len(targets), dtype=np.int32)
    return Links(numbers, np.array(targets, np.int32))


def _web(edge, node, ends, nodes, edges):
    """A net: edges from one node to another, and the nodes that know their edges."""
    first, second = [one for one, _ in ends], [other for _, other in ends]
    (out, into), (start, end) = node[1], edge[1]
    return (
        Group(schema_of(edge[0]), edges, {start: _single(first), end: _single(second)}),
        Group(
            schema_of(node[0]), nodes, {out: _grouped(first, nodes.shape[1]), into: _grouped(second, nodes.shape[1])}
        ),
    )


nets = st.integers(2, 6).flatmap(
    lambda twins: st.tuples(
        st.lists(st.floats(0.5, 3.0), min_size=twins, max_size=twins),
        st.lists(st.tuples(st.integers(0, twins - 1), st.integers(0, twins - 1)), min_size=1, max_size=10),
    )
)


def _water(levels, ends, members=1):
    tanks = columns(schema_of(Tank), len(levels), members, level=levels, area=1 + np.arange(len(levels)))
    pipes = columns(schema_of(Pipe), len(ends), members, width=1e-6 * (1 + np.arange(len(ends))))
    return _web((Pipe, ("start", "end")), (Tank, ("outflows", "inflows")), ends, tanks, pipes)


@settings(deadline=None, max_examples=40)
@given(net=nets)
def test_water_is_neither_made_nor_lost(net):
    """Whatever the net, the water in all tanks is the same at the end to rounding; numba and NumPy agree on it."""
    levels, ends = net
    groups = _water(levels, ends, MEMBERS)
    run = CoupledRun(groups, 0, 100 * SECOND, SECOND, record={"Tank": ("level", "area")}, backend="numba")
    outcome = couple(run)["Tank"]
    water = (outcome["level"] * outcome["area"]).sum(axis=1)
    assert water[-1] == pytest.approx(water[0], rel=1e-13)
    slow = couple(replace(run, backend="numpy"))["Tank"]
    assert slow["level"] == pytest.approx(outcome["level"], rel=1e-12, abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(net=nets)
def test_springs_keep_energy_and_momentum(net):
    """Balls on hardening springs, in any net: momentum to rounding, energy to the error of the method."""
    places, ends = net
    ends = [(a, b) for a, b in ends if a != b] or [(0, 1)]
    balls = columns(schema_of(Ball), len(places), MEMBERS, place=places, mass=1 + np.arange(len(places)))
    springs = columns(schema_of(Spring), len(ends), MEMBERS)
    groups = _web((Spring, ("left", "right")), (Ball, ("rightward", "leftward")), ends, balls, springs)
    record = {"Ball": ("energy", "speed", "mass"), "Spring": ("energy",)}
    run = CoupledRun(groups, 0, 2 * SECOND, SECOND // 1000, record=record, backend="numba")
    outcome = couple(run)
    energy = outcome["Ball"]["energy"].sum(axis=1) + outcome["Spring"]["energy"].sum(axis=1)
    assert energy[-1] == pytest.approx(energy[0], rel=1e-7)
    momentum = (outcome["Ball"]["speed"] * outcome["Ball"]["mass"]).sum(axis=1)
    assert np.abs(momentum).max() <= 1e-11 * max(1.0, np.abs(outcome["Ball"]["speed"]).max())


@pytest.mark.parametrize(("method", "order"), [("rk4", 4), ("heun", 2), ("midpoint", 2), ("euler", 1)])
def test_the_error_of_a_coupled_system_falls_with_the_order_of_its_method(method, order):
    """Halving the step of a chain of hardening springs divides the error by two to the order."""
    balls = columns(schema_of(Ball), 4, MEMBERS, place=[0, 1.3, 1.9, 3.5])
    springs = columns(schema_of(Spring), 3, MEMBERS)
    ends = [(0, 1), (1, 2), (2, 3)]
    groups = _web((Spring, ("left", "right")), (Ball, ("rightward", "leftward")), ends, balls, springs)

    def end(how, steps):
        run = CoupledRun(groups, 0, SECOND, SECOND // steps, record={"Ball": ("place",)}, method=how, backend="numba")
        return couple(run)["Ball"]["place"][-1, :, 0]

    exact = end("rk4", 20_000)
    steps = {1: 2000, 2: 400, 4: 100}[order]
    coarse, fine = (np.abs(end(method, one) - exact).max() for one in (steps, 2 * steps))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.15)


def test_exports_are_reckoned_in_the_order_in_which_they_are_needed():
    """A value that needs a value that needs a value, each over there, is of the same instant as the states."""

    class Step(px.Twin):
        before = px.link()
        x = px.hidden("1", start=1)

        @px.derived
        def one(self):
            return 2 * self.x

        @px.derived
        def two(self):
            return 3 * self.before.one

        @px.derived
        def three(self):
            return self.before.two + self.before.before.x

        @px.rate(x)
        def moves(self):
            gained = px.where(px.present(self.before.before.before), self.before.three, 0)
            return gained / px.quantity(1, "s")

    schema = schema_of(Step)
    start = columns(schema, 5, x=[1, 2, 3, 4, 5])
    before = Links(np.arange(1, 5, dtype=np.int32), np.arange(4, dtype=np.int32))
    for backend in ("numpy", "numba"):
        run = CoupledRun(
            (Group(schema, start, {"before": before}),), 0, SECOND, SECOND, method="euler", backend=backend
        )
        moved = couple(run)["Step"].final[0, :, 0] - start[0, :, 0]
        assert moved.tolist() == [0.0, 0.0, 0.0, 6.0 * 1 + 1, 6.0 * 2 + 2]


def test_a_circle_of_derived_values_is_refused():
    """Two types that need each other's derived values have no first one; a state between them makes it sound."""

    class Pump(px.Twin):
        net = px.link("Net", gives={"back": "Pa"})
        push = px.parameter("Pa", 5)
        spin = px.hidden("1")

        @px.derived
        def head(self):
            return self.push - self.net.back

        @px.rate(spin)
        def spins(self):
            return self.head / px.quantity(1, "Pa*s")

    class Net(px.Twin):
        pumps = px.links(Pump)

        @px.derived
        def back(self):
            return px.total(self.pumps.head) / 2

    groups = (
        Group(schema_of(Pump), columns(schema_of(Pump), 1), {"net": _single([0])}),
        Group(schema_of(Net), columns(schema_of(Net), 1), {"pumps": _single([0])}),
    )
    with pytest.raises(SimulationError, match=r"got the loop Net\.back -> Pump\.head -> Net\.back"):
        couple(CoupledRun(groups, 0, SECOND, SECOND))


@pytest.mark.parametrize(
    ("gives", "error", "message"),
    [({"level": "K"}, UnitError, "expected K, got m"), ({"depth": "m"}, px.NotFound, "expected a signal of Tank")],
)
def test_a_promise_that_is_not_kept_is_refused(gives, error, message):
    """A type that was defined later gives the names that were promised, in units of their dimensions."""
    x = px.hidden("1", start=0)
    body: dict[str, object] = {"to": px.link("Tank", gives=gives), "x": x, "__module__": __name__}
    (name,) = gives
    body["seen"] = px.derived(lambda self: getattr(self.to, name))
    body["moves"] = px.rate(x)(lambda self: px.where(self.seen > 0, 1, 0) / px.quantity(1, "s"))
    kind = type("Gauge", (px.Twin,), body)
    tanks, pipes = columns(schema_of(Tank), 1), columns(schema_of(Pipe), 0)
    groups = (
        Group(schema_of(kind), columns(schema_of(kind), 1), {"to": _single([0])}),
        Group(schema_of(Tank), tanks),
        Group(schema_of(Pipe), pipes),
    )
    with pytest.raises(error, match=message):
        couple(CoupledRun(groups, 0, SECOND, SECOND))


@pytest.mark.parametrize(
    "what", ["a settled fast model", "algebraic unknowns", "noise", "a delay", "a jump at each turn"]
)
def test_what_the_coupled_kernel_has_no_way_for_is_refused(what):
    """Fast models, unknowns, noise, delays and sampled jumps belong to a type that runs alone; the error says so."""

    class Fast(px.Twin):
        y = px.hidden("1", start=1)
        target = px.parameter("1", 2)

        @px.rate(y)
        def follows(self):
            return (self.target - self.y) / px.quantity(1, "s")

    x, z, tick = px.hidden("1", start=1), px.hidden("1", start=1), px.cycle(lambda self: px.quantity(1, "s"))
    hiss = px.noise()
    second = px.quantity(1, "s")
    more: dict[str, dict[str, object]] = {
        "a settled fast model": {
            "moves": px.rate(x)(lambda self: px.settled(Fast, {Fast.target: self.x}, over="10 s").y / second)
        },
        "algebraic unknowns": {
            "z": z,
            "is": px.algebraic(z)(lambda self: self.z - 2 * self.x),
            "moves": px.rate(x)(lambda self: -self.z / second),
        },
        "noise": {"hiss": hiss, "moves": px.rate(x)(lambda self: px.quantity(1, "s**-0.5") * self.hiss)},
        "a delay": {"moves": px.rate(x)(lambda self: -px.delay(self.x, by="1 s") / second)},
        "a jump at each turn": {
            "tick": tick,
            "moves": px.rate(x)(lambda self: -self.x / second),
            "jumps": px.on(tick, x)(lambda self: 1),
        },
    }
    kind = type("Odd", (px.Twin,), {"x": x, **more[what]})
    group = Group(schema_of(kind), columns(schema_of(kind), 1))
    with pytest.raises(SimulationError, match=f"got Odd with {what}"):
        couple(CoupledRun((group,), 0, SECOND, SECOND // 10))


def test_groups_may_be_empty_and_types_without_states_or_links():
    """No twins of a type, a type that only passes values on, a type that nobody is linked to: all run."""

    class Board(px.Twin):
        tanks = px.links(Tank)
        share = px.actuator("1", low=0, high=1, safe=0.5)

        @px.derived
        def water(self):
            return self.share * px.total(self.tanks.level)

    class Gauge(px.Twin):
        board = px.link(Board)
        seen = px.hidden("m", start=0)

        @px.rate(seen)
        def follows(self):
            return (self.board.water + self.board.share * px.quantity(1, "m") - self.seen) / px.quantity(2, "s")

    class Lonely(px.Twin):
        x = px.hidden("1", start=1)

        @px.rate(x)
        def decays(self):
            return -self.x / px.quantity(1, "s")

    groups = (
        Group(schema_of(Tank), columns(schema_of(Tank), 3, MEMBERS)),
        Group(schema_of(Pipe), columns(schema_of(Pipe), 0, MEMBERS)),
        Group(schema_of(Board), columns(schema_of(Board), 1, MEMBERS), {"tanks": _grouped([0, 0, 0], 1)}),
        Group(schema_of(Gauge), columns(schema_of(Gauge), 1, MEMBERS), {"board": _single([0])}),
        Group(schema_of(Lonely), columns(schema_of(Lonely), 2, MEMBERS)),
    )
    share = Feed("Board", "share", straight([0, 10 * SECOND], [0.0, 1.0]))
    record = {"Gauge": ("seen",), "Board": ("water",), "Lonely": ("x",)}
    run = CoupledRun(groups, 0, 10 * SECOND, SECOND // 100, SECOND, record, (share,))
    for backend in ("numpy", "numba"):
        done = couple(replace(run, backend=backend))
        # seen' = (4 s / 10 - seen) / 2 from rest: the ramp, less the lag, with what is left of the start.
        t = np.arange(11.0)
        assert done["Gauge"]["seen"][:, 0, 0] == pytest.approx(0.4 * (t - 2 + 2 * np.exp(-t / 2)), rel=1e-9, abs=1e-12)
        assert done["Board"]["water"][:, 0, 0] == pytest.approx(0.3 * t)
        assert done["Lonely"]["x"][-1] == pytest.approx(np.exp(-10.0), rel=1e-7)


def test_integrals_and_conditions_are_kept_inside_the_kernel():
    """What leaves a tank through its pipes is the integral of their flow; a condition may look at a neighbour."""
    groups = _water([2.0, 1.0, 0.5], [(0, 1), (1, 2)], MEMBERS)
    pipe = schema_of(Pipe)
    through = told_in(pipe.expression("flow"), unit("m**3/s"))
    full = operation(">", (meaning(pipe, "end.pressure"), const(9.5, unit("kPa"))))
    run = CoupledRun(
        groups,
        0,
        200 * SECOND,
        SECOND,
        record={"Tank": ("level",)},
        integrate={"Pipe": {"volume": through}},
        ever={"Pipe": {"full": full}},
    )
    for backend in ("numpy", "numba"):
        done = couple(replace(run, backend=backend))
        drop = done["Tank"]["level"][0, 0] - done["Tank"]["level"][-1, 0]
        assert done["Pipe"].integrals["volume"][0] == pytest.approx(drop, rel=1e-12)
        assert done["Pipe"].ever["full"][:, 0].tolist() == [True, False]
