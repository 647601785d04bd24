"""What goes between twins, in which order, and what has no answer."""

from dataclasses import replace

import numpy as np
import pytest
from tests.simulate.coupled.models import SECOND, columns
from tests.simulate.coupled.nets import MEMBERS, Pipe, Tank, grouped, single

import pollux as px
from pollux.columns import Links
from pollux.errors import SimulationError, UnitError
from pollux.model.schema import schema_of
from pollux.simulate import CoupledRun, Feed, Group, couple, straight


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
        Group(schema_of(Pump), columns(schema_of(Pump), 1), {"net": single([0])}),
        Group(schema_of(Net), columns(schema_of(Net), 1), {"pumps": single([0])}),
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
        Group(schema_of(kind), columns(schema_of(kind), 1), {"to": single([0])}),
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
        Group(schema_of(Board), columns(schema_of(Board), 1, MEMBERS), {"tanks": grouped([0, 0, 0], 1)}),
        Group(schema_of(Gauge), columns(schema_of(Gauge), 1, MEMBERS), {"board": single([0])}),
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


def test_a_value_that_the_run_does_not_keep_is_not_recorded():
    """A derived value with a delay stands in the way of nothing, until it is asked for."""

    class Late(px.Twin):
        x = px.hidden("1", start=1)

        @px.rate(x)
        def decays(self):
            return -self.x / px.quantity(1, "s")

        @px.derived
        def before(self):
            return px.delay(self.x, by="1 s")

    run = CoupledRun((Group(schema_of(Late), columns(schema_of(Late), 1)),), 0, SECOND, SECOND // 10, backend="numpy")
    assert couple(run)["Late"].final[0, 0, 0] == pytest.approx(np.exp(-1.0), rel=1e-5)
    with pytest.raises(SimulationError, match="got one with a delay"):
        couple(replace(run, record={"Late": ("before",)}))
