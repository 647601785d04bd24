"""Parts of different kinds run together: orders, circles, rates, control, the exam of everything that is stepped."""

import numpy as np
import pytest
from tests.simulate.coupled.models import SECOND, columns

import pollux as px
from pollux.columns import Links
from pollux.errors import DataRefused, NotFound, SimulationError
from pollux.model.schema import schema_of
from pollux.simulate import (
    AbstractPhysics,
    Connection,
    Control,
    CoSimulation,
    CoupledRun,
    Group,
    Iteration,
    KernelPhysics,
    Part,
    converted,
    couple,
)
from pollux.simulate.cosimulation.connection import order, wires
from pollux.testing.physics import check_physics


class Mass(px.Twin):
    """Half of a pair: it is pulled by a spring towards the place of the other, which it is told."""

    x, v = px.hidden("m", start=1), px.hidden("m/s", start=0)
    other = px.parameter("m", 0)
    spring = px.parameter("1/s**2", 4)

    @px.derived
    def gap(self):
        return self.other - self.x

    @px.rate(x, v)
    def moves(self):
        return self.v, self.spring * self.gap


class Gain(px.Twin):
    """Answers at once: y = k u + b; what it remembers is beside the point."""

    u, k, b = px.parameter("1", 0), px.parameter("1", 1), px.parameter("1", 0)
    past = px.hidden("1", start=0)

    @px.derived
    def y(self):
        return self.k * self.u + self.b

    @px.rate(past)
    def follows(self):
        return (self.y - self.past) / px.quantity(1, "s")


class Thermostat(AbstractPhysics):
    """A switch with a band, written by hand: no equations, but a memory."""

    def __init__(self, members):
        self._now, self._temp = 0, np.full(members, 290.0)
        self._on = np.zeros(members)

    states, inputs, outputs = ("on",), ("temp",), ("power",)

    @property
    def members(self):
        return len(self._on)

    @property
    def time(self):
        return self._now

    def set(self, values):
        for name, value in values.items():
            if name != "temp":
                raise NotFound(f"expected temp, got {name}")
            self._temp = np.broadcast_to(np.asarray(value, float), self._on.shape).copy()

    def get(self, name):
        known = {"on": self._on, "temp": self._temp, "power": 1000.0 * self._on}
        if name not in known:
            raise NotFound(f"expected on, temp or power, got {name}")
        return known[name].copy()

    def step(self, span):
        self._now += span
        self._on = np.where(self._temp < 292.5, 1.0, np.where(self._temp > 293.5, 0.0, self._on))
        self._on = np.where(np.isnan(self._temp), np.nan, self._on)

    def save(self):
        return np.array([self._now, *self._temp, *self._on]).tobytes()

    def load(self, saved):
        if len(saved) != 8 * (1 + 2 * self.members):
            raise DataRefused("expected a thermostat")
        told = np.frombuffer(saved)
        self._now, self._temp, self._on = int(told[0]), *np.split(told[1:].copy(), 2)


class Room(px.Twin):
    temp = px.hidden("K", start=290)
    power = px.parameter("W", 0)
    outside = px.parameter("K", 280)

    @px.rate(temp)
    def warms(self):
        return (self.power - px.quantity(30, "W/K") * (self.temp - self.outside)) / px.quantity(60, "kJ/K")


def _kernel(kind, members=1, step=SECOND // 100, **different):
    start = columns(schema_of(kind), members, **different)[:, :, 0]
    return KernelPhysics(schema_of(kind), start, longest_step=step, backend="numpy")


def _pair(step=SECOND // 20, members=1, inputs="linear", substeps=(1, 1), **more):
    parts = {
        name: Part(_kernel(Mass, members, x=place), steps, inputs)
        for name, place, steps in (("a", 1.0, substeps[0]), ("b", -0.5, substeps[1]))
    }
    return CoSimulation(parts, [Connection("a.x", "b.other"), Connection("b.x", "a.other")], step=step, **more)


def _exact(seconds):
    """The place of the first of two masses that pull each other: the middle stays, the gap swings."""
    return 0.25 + 0.75 * np.cos(np.sqrt(8.0) * seconds)


@pytest.mark.parametrize(
    ("inputs", "way", "power"),
    [("hold", "jacobi", 1), ("linear", "jacobi", 2), ("linear", "gauss-seidel", 2)],
)
def test_the_error_of_the_coupling_falls_with_its_order(inputs, way, power):
    """Inputs that stand still make an error of order 1 in the macro step, those on straight lines one of order 2."""
    errors = []
    for step in (SECOND // 50, SECOND // 100):
        pair = _pair(step, inputs=inputs, way=way)
        pair.step(SECOND)
        errors.append(abs(float(pair.get("a.x")[0]) - _exact(1.0)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(power, abs=0.35)


def test_an_iterated_step_is_nearer_and_of_second_order():
    """Agreement at both ends of a macro step: order 2, with a smaller error than going on along the last line."""
    errors = {}
    for iteration in (None, Iteration(1e-10)):
        for step in (SECOND // 25, SECOND // 50):
            pair = _pair(step, way="jacobi", iteration=iteration)
            pair.step(SECOND)
            errors[iteration is None, step] = abs(float(pair.get("a.x")[0]) - _exact(1.0))
    assert np.log2(errors[False, SECOND // 25] / errors[False, SECOND // 50]) == pytest.approx(2, abs=0.3)
    assert errors[False, SECOND // 50] < errors[True, SECOND // 50]
    assert pair.pace.iterations > pair.pace.taken
    assert pair.pace.unsettled == 0


def test_co_simulation_comes_to_what_one_kernel_says():
    """Two parts with short macro steps move as the linked twins of a coupled kernel do."""

    class Linked(px.Twin):
        other = px.link()
        x, v = px.hidden("m", start=1), px.hidden("m/s", start=0)

        @px.rate(x, v)
        def moves(self):
            return self.v, px.quantity(4, "1/s**2") * (self.other.x - self.x)

    start = columns(schema_of(Linked), 2, x=[1.0, -0.5])
    each_other = Links(np.array([0, 1], np.int32), np.array([1, 0], np.int32))
    run = CoupledRun(
        (Group(schema_of(Linked), start, {"other": each_other}),), 0, SECOND, SECOND // 100, backend="numpy"
    )
    twins = couple(run)["Linked"].final[0, :, 0]
    pair = _pair(SECOND // 200, iteration=Iteration())
    pair.step(SECOND)
    assert [pair.get("a.x")[0], pair.get("b.x")[0]] == pytest.approx(twins, abs=2e-5)
    assert twins[0] == pytest.approx(_exact(1.0), abs=1e-7)


@pytest.mark.parametrize("gain", [0.5, -0.9, -3.0, 4.0])
def test_a_circle_of_parts_that_answer_at_once_is_solved(gain):
    """y = u, u = k y + 1: the fixed point 1 / (1 - k) is found also where plain repetition would run away."""
    members = 3
    parts = {
        "a": Part(_kernel(Gain, members)),
        "b": Part(_kernel(Gain, members, k=gain * np.ones(members), b=np.ones(members))),
    }
    circle = [Connection("a.y", "b.u"), Connection("b.y", "a.u")]
    both = CoSimulation(parts, circle, step=SECOND // 10, iteration=Iteration(1e-12))
    for _ in range(3):
        assert both.get("b.y") == pytest.approx(np.full(members, 1 / (1 - gain)), rel=1e-9)
        both.step(SECOND // 10)
    fresh = {"a": Part(_kernel(Gain)), "b": Part(_kernel(Gain, k=gain, b=1.0))}
    with pytest.raises(SimulationError, match="a circle of parts that answer each other at once"):
        CoSimulation(fresh, circle, step=SECOND)


def test_a_chain_of_answers_goes_through_at_once():
    """Parts that answer at once pass a change on in the same instant, whatever the order they are told in."""
    parts = {name: Part(_kernel(Gain, k=2.0)) for name in ("c", "b", "a")}
    chain = CoSimulation(parts, [Connection("a.y", "b.u"), Connection("b.y", "c.u", 10.0, 1.0)], step=SECOND)
    chain.set({"a.u": 3.0})
    assert chain.get("c.y").tolist() == [2 * (10 * 2 * 2 * 3 + 1)]
    assert chain.inputs[-3:] == ("a.u", "a.k", "a.b")
    assert "b.u" in chain.outputs


def test_flows_into_one_input_are_added_and_units_are_told():
    """Several connections to an input are a sum; a connection may go between two units."""
    parts = {name: Part(_kernel(Gain, k=1.0, b=float(b))) for b, name in enumerate("abc")}
    both = [Connection("a.y", "c.u"), converted("b.y", "c.u", ("m", "cm"))]
    assert CoSimulation(parts, both, step=SECOND).get("c.u").tolist() == [100.0]


def test_a_sum_is_known_when_all_its_parts_have_stepped():
    """Of an input that two parts feed nothing is known before both have stepped; then it is their sum at the end."""
    parts = {name: Part(_kernel(Gain)) for name in "abc"}
    connections = [Connection("a.past", "c.u"), Connection("b.past", "c.u"), Connection("a.y", "b.u")]
    made = wires({name: part.physics for name, part in parts.items()}, connections)
    assert made.targets == (("c", "u"), ("b", "u"))
    assert made.known(["a"]).tolist() == [False, True]
    assert made.known(["a", "b"]).tolist() == [True, True]
    assert order(("c", "b", "a"), {name: made.read_by(name) for name in parts}) == ("a", "b", "c")


def test_a_controlled_step_keeps_the_error_and_goes_back():
    """Macro steps find their length by themselves: the error follows the tolerance, refused steps are taken back."""
    errors = []
    for tolerance in (1e-4, 1e-7):
        pair = _pair(SECOND, control=Control(tolerance, tolerance, longest=SECOND))
        pair.step(2 * SECOND)
        errors.append(abs(float(pair.get("a.x")[0]) - _exact(2.0)))
        assert pair.time == 2 * SECOND
        assert pair.pace.refused > 0
        assert pair.pace.forced == 0
        assert pair.pace.parts["a"][1] >= pair.pace.taken + pair.pace.refused
    assert errors[0] < 20 * 1e-4 * pair.pace.taken
    assert errors[1] < 0.05 * errors[0]
    forced = _pair(SECOND // 2, control=Control(1e-12, 1e-12, shortest=SECOND // 4, longest=SECOND))
    forced.step(SECOND)
    assert forced.pace.forced > 0


def test_parts_take_steps_of_their_own_in_a_macro_step():
    """A part with ten substeps sees ten points of the straight line of its inputs: the coupling is no worse for it."""
    pair = _pair(SECOND // 50, substeps=(1, 10))
    pair.step(SECOND)
    assert abs(float(pair.get("a.x")[0]) - _exact(1.0)) < 2e-3
    assert pair.pace.parts == {"a": (50, 0), "b": (500, 0)}


def test_a_switch_written_by_hand_keeps_a_room_warm():
    """A discrete part beside equations: the temperature stays in the band, and a trace shows it."""
    parts = {"switch": Part(Thermostat(2)), "room": Part(_kernel(Room, 2, SECOND, outside=[280.0, 285.0]))}
    both = [Connection("room.temp", "switch.temp"), Connection("switch.power", "room.power")]
    house = CoSimulation(parts, both, step=10 * SECOND)
    trace = house.run(3600 * SECOND, grid=60 * SECOND, record=("room.temp", "switch.on"))
    assert trace["room.temp"].shape == (61, 2)
    assert np.abs(trace["room.temp"][30:] - 293.0).max() < 0.8
    assert set(trace["switch.on"][30:].ravel()) == {0.0, 1.0}


@pytest.mark.parametrize(
    "more",
    [
        {"way": "jacobi"},
        {"way": "gauss-seidel"},
        {"iteration": Iteration()},
        {"control": Control(longest=SECOND // 10)},
    ],
)
def test_a_co_simulation_passes_the_exam(more):
    """Whatever the master, it is stepped, saved and loaded like its parts; members do not disturb each other."""
    poison = None if "control" in more else "b.spring"
    kept = check_physics(lambda: _pair(members=3, **more), span=SECOND // 10, steps=2, poison=poison)
    assert "a load has the same future" in kept


def test_a_co_simulation_is_a_part_of_another():
    """Pairs are coupled like single parts."""
    nested = CoSimulation(
        {"pair": Part(_pair()), "gain": Part(_kernel(Gain))}, [Connection("pair.a.x", "gain.u")], step=SECOND // 20
    )
    nested.step(SECOND)
    assert nested.get("gain.u") == nested.get("pair.a.x")


class Forgetful(Thermostat):
    """Cannot be saved, as some FMUs cannot."""

    def save(self):
        raise SimulationError("it cannot be saved")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CoSimulation({}, [], step=1), "expected parts with names without dots"),
        (lambda: CoSimulation({"a.b": Part(Thermostat(1))}, [], step=1), "expected parts with names without dots"),
        (lambda: CoSimulation({"a": Part(Thermostat(1))}, [], step=0), "expected a macro step above 0"),
        (lambda: CoSimulation({"a": Part(Thermostat(1), 0)}, [], step=1), "expected 1 step or more"),
        (
            lambda: CoSimulation({"a": Part(Thermostat(1)), "b": Part(Thermostat(2))}, [], step=1),
            "one number of members",
        ),
        (
            lambda: CoSimulation({"a": Part(Thermostat(1))}, [Connection("b.x", "a.temp")], step=1),
            "expected a part, got 'b'",
        ),
        (
            lambda: CoSimulation({"a": Part(Thermostat(1))}, [Connection("a.x", "a.temp")], step=1),
            "an output or an input",
        ),
        (
            lambda: CoSimulation({"a": Part(Thermostat(1))}, [Connection("a.on", "a.power")], step=1),
            "expected an input of a",
        ),
        (lambda: CoSimulation({"a": Part(Forgetful(1))}, [], step=1, control=Control()), "a, which cannot be saved"),
    ],
)
def test_what_cannot_run_together_is_refused(make, message):
    """Parts that do not fit, strange names, and parts that cannot be taken back where that is needed."""
    with pytest.raises(SimulationError, match=message):
        make()


def test_fed_inputs_and_strangers_are_refused():
    """What a connection feeds cannot be set; what no part has cannot be read; a grid must divide the span."""
    pair = _pair()
    with pytest.raises(NotFound, match="an input that no connection feeds"):
        pair.set({"a.other": 1.0})
    with pytest.raises(NotFound, match="expected a part, got 'c'"):
        pair.get("c.x")
    with pytest.raises(SimulationError, match="a grid that divides"):
        pair.run(SECOND, grid=SECOND // 3 + 1, record=())
    with pytest.raises(DataRefused, match="expected a state of these parts"):
        pair.load(_pair(members=2).save())
