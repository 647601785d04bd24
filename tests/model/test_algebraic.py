from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.plants import graph

import pollux as px
from pollux.columns.layout import layout_of
from pollux.errors import ModelError, NotFound, SimulationError
from pollux.model.digest import digest
from pollux.model.graph import const, leaf
from pollux.model.schema import schema_of
from pollux.model.statements import equations
from pollux.model.structure import Deficit, deficit
from pollux.model.units import unit
from pollux.predict.learning import inferred, observed
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Task


class Pipe(px.Part):
    """Loses pressure to friction, smooth and rough."""

    smooth, rough = px.parameter("bar*s/l", 1), px.parameter("bar*s**2/l**2", 2)

    def loss(self, flow: px.Value) -> px.Value:
        return self.smooth * flow + self.rough * flow * abs(flow)


class Network(px.Twin):
    """A pump feeds a tank through two pipes; flow and the pressure between them follow at once."""

    push = px.actuator("bar", low=0, high=9)
    area = px.parameter("m**2", 2)
    weight = px.parameter("bar/m", 0.098)
    near, far = Pipe(), Pipe(rough=3)

    level = px.sensor("m", start=1)
    between = px.sensor("bar", noise=0.1, start=2)
    flow = px.hidden("l/s", start=1)

    @px.rate(level)
    def fills(self):
        return self.flow / self.area

    @px.derived
    def head(self):
        return self.weight * self.level

    @px.algebraic(flow, between)
    def balances(self):
        return self.push - self.between - self.near.loss(self.flow), self.between - self.head - self.far.loss(self.flow)


SCHEMA = schema_of(Network)


def test_unknowns_stand_beside_the_states():
    """An unknown is a state leaf with a slot of its own between states and parameters, and it is no parameter."""
    assert SCHEMA.states == ("level",)
    assert SCHEMA.unknowns == ("flow", "between")
    assert not {"flow", "between"} & set(SCHEMA.params)
    assert SCHEMA.expression("flow") is leaf("state", "flow", unit("l/s"))
    layout = layout_of(SCHEMA)
    assert layout.names[layout.states] == ("level",)
    assert layout.names[layout.unknowns] == ("flow", "between")
    assert layout.names[layout.params] == SCHEMA.params
    assert layout.start(1)[layout.unknowns, 0].tolist() == [1.0, 2.0]


def test_residuals_keep_their_units_and_are_printed():
    """A residual is zero in whatever unit it has; as mathematics it is 0 = g."""
    assert str(SCHEMA.algebraic["flow"].unit) == "bar"
    assert sum(line.startswith("0 = ") for line in equations(SCHEMA)) == 2


def settling_at(number):
    class Settling(px.Twin):
        x = px.hidden("1", start=1)

        @px.algebraic(x)
        def zero(self):
            return self.x - number

    return schema_of(Settling)


def test_residuals_count_in_the_digest():
    """A type with another residual is another type."""
    assert settling_at(1.0) == settling_at(1.0)
    assert settling_at(1.0) != settling_at(2.0)
    assert settling_at(1.0).digest == digest(settling_at(1.0))


def test_filters_move_unknowns_and_read_them():
    """An unknown moves along with the states in a filter; one that is a sensor is held against what is measured."""
    assert [one.name for one in inferred(SCHEMA)] == ["level", "between", "flow"]
    assert [one.name for one in observed(SCHEMA)] == ["level", "between"]


def test_a_kernel_refuses_what_it_cannot_solve():
    """No kernel is written that would leave an unknown where its search began."""
    with pytest.raises(SimulationError, match="expected a method for algebraic variables"):
        compose(Task(SCHEMA))


def refused(message, body):
    with pytest.raises(ModelError, match=message):
        body()


def test_residuals_must_depend_on_their_unknowns():
    """A residual without an unknown, two of one unknown only, and one that only a condition sees are refused."""

    def none():
        class None_(px.Twin):
            x, a = px.hidden("1"), px.parameter("1", 1)

            @px.algebraic(x)
            def zero(self):
                return self.a - 1

    def both():
        class Both(px.Twin):
            x, y = px.hidden("1"), px.hidden("1")

            @px.algebraic(x, y)
            def zero(self):
                return self.x - 1, px.exp(self.x)

    def chosen():
        class Chosen(px.Twin):
            x = px.hidden("1")

            @px.algebraic(x)
            def zero(self):
                return px.where(self.x > 1, 1, 2)

    refused("expected residuals that determine x, got 1 that depend on no unknown - at None_.zero", none)
    refused("expected residuals that determine x, y, got 2 that depend on x - at Both.zero", both)
    refused("got 1 that depend on no unknown - at Chosen.zero", chosen)


def _told():
    class Told(px.Twin):
        x = px.actuator("1", low=0, high=1)

        @px.algebraic(x)
        def zero(self):
            return self.x - 1


def _rated():
    class Rated(px.Twin):
        x = px.hidden("1")

        @px.rate(x)
        def moves(self):
            return 0

        @px.algebraic(x)
        def zero(self):
            return self.x - 1


def _read():
    class Seen(px.Twin):
        x = px.sensor("1")

        @px.reading(x)
        def sees(self):
            return 1

        @px.algebraic(x)
        def zero(self):
            return self.x - 1


def _believed():
    class Held(px.Twin):
        x = px.hidden("1", start=px.normal(1, 0.1))

        @px.algebraic(x)
        def zero(self):
            return self.x - 1


def _twice():
    class Twice(px.Twin):
        x = px.hidden("1")

        @px.algebraic(x)
        def zero(self):
            return self.x - 1

        @px.algebraic(x)
        def again(self):
            return self.x - 2


def _jumps():
    class Jumps(px.Twin):
        x = px.hidden("1")

        @px.event
        def high(self):
            return self.x > 1

        @px.algebraic(x)
        def zero(self):
            return self.x - 1

        @px.on(high, x)
        def falls(self):
            return 0


def _closed():
    class Closed(px.Twin):
        x = px.hidden("1")

        @px.algebraic(x)
        def zero(self):
            return self.x - px.mean(self.x, over="1 s")


def _bare():
    class Bare(px.Twin):
        @px.algebraic()
        def zero(self):
            return 0


@pytest.mark.parametrize(
    ("message", "body"),
    [
        ("got the actuator x", _told),
        ("follow from a residual alone, got a rate too", _rated),
        ("follow from a residual alone, got a reading too", _read),
        ("got one with a prior", _believed),
        ("one residual for each unknown, got a second", _twice),
        ("got the unknown x", _jumps),
        ("got a window", _closed),
        ("expected the unknowns", _bare),
    ],
)
def test_what_can_be_no_unknown_is_refused(message, body):
    """An unknown is no actuator, has no rate, reading, jump or prior, one residual only, and no window in it."""
    refused(message, body)


def test_a_condition_is_no_residual():
    """A residual is a number."""

    def condition():
        class Condition(px.Twin):
            x = px.hidden("1")

            @px.algebraic(x)
            def zero(self):
                return self.x > 1

    refused("expected the residual of x, got a condition", condition)


def test_a_pairing_is_found_wherever_there_is_one():
    """Pairs made first are given up for a pairing of all; where there is none, the residuals at fault are named."""
    n = 40
    names = [leaf("state", f"x{k}", unit("1")) for k in range(n)]
    chain = [graph(names[k] + names[k + 1]) for k in range(n - 1)]
    assert deficit((*chain, names[0]), tuple(names)) is None
    assert deficit((graph(-chain[0]), *chain[:2], names[2]), tuple(names[:3])) == Deficit((0, 1, 2, 3), (0, 1, 2))


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_a_deficit_is_found_exactly_where_no_pairing_exists(pattern):
    """Held against all pairings there are; the residuals at fault are one more than the unknowns they depend on."""
    size = range(len(pattern))
    unknowns = tuple(leaf("state", f"x{k}", unit("1")) for k in size)
    residuals = []
    for row in pattern:
        terms = [one for one, stands in zip(unknowns, row, strict=True) if stands]
        residuals.append(reduce(lambda a, b: graph(a + b), terms, const(1.0)))
    found = deficit(tuple(residuals), unknowns)
    assert (found is None) == any(all(pattern[k][p[k]] for k in size) for p in permutations(size))
    if found is not None:
        assert len(found.residuals) == len(found.unknowns) + 1
        assert {k for row in found.residuals for k in size if pattern[row][k]} == set(found.unknowns)


def test_an_unknown_has_a_name_only_where_it_is_declared():
    """A part may hold an unknown under its dotted name."""

    class Valve(px.Part):
        flow = px.hidden("1")

        @px.algebraic(flow)
        def zero(self):
            return self.flow**3 + self.flow - 1

    class Rig(px.Twin):
        left, right = Valve(), Valve(flow=0.5)

    assert schema_of(Rig).unknowns == ("left.flow", "right.flow")
    with pytest.raises(NotFound):
        schema_of(Rig).expression("flow")
