import numpy as np
import pytest
from tests.model.plants import Chamber, Circulation, Pump

import pollux as px
from pollux.errors import ModelError, NotFound
from pollux.model.evaluate import Leaf, evaluate, evaluate_all
from pollux.model.graph import Expr, const, leaf
from pollux.model.schema import schema_of
from pollux.model.units import unit
from pollux.model.views import view_of

PUMP = schema_of(Pump)


def test_the_pump_of_the_design_is_a_schema():
    """The pump, exactly as the design prints it, gives its states, parameters, rates and event."""
    assert PUMP.name == "Pump"
    assert PUMP.doc == "A centrifugal pump whose seal ages faster the hotter it runs."
    assert PUMP.states == ("temp", "wear")
    assert PUMP.params == ("speed", "room", "cooling", "friction", "ageing", "softness")
    assert {name: str(expr.unit) for name, expr in PUMP.rates.items()} == {"temp": "K/s", "wear": "1/s"}
    assert list(PUMP.events) == ["seal_fails"]
    assert [signal.name for signal in PUMP.signals] == list(PUMP.index)
    assert Pump.__pollux__ is PUMP


def test_the_pump_heats_as_written():
    """The rate of the temperature has the number that the equation says, in kelvin per second."""
    numbers = {"speed": 3000.0, "temp": 320.0, "room": 293.0, "cooling": 1 / 900, "friction": 8e-9}
    rate = evaluate(PUMP.rates["temp"], lambda one: numbers[str(one.data)])
    assert rate == pytest.approx(8e-9 * 3000**2 - 27 / 900)


def test_signals_carry_their_declaration():
    """Bounds, noise, slew, safe value and prior stand in the schema, in the declared unit."""
    speed, temp, friction = PUMP.signal("speed"), PUMP.signal("temp"), PUMP.signal("friction")
    assert (speed.role, speed.low, speed.high, speed.slew, speed.safe) == ("actuator", 600, 3000, 100, 600)
    assert (temp.role, temp.low, temp.high, temp.noise) == ("sensor", 250, 420, 0.4)
    assert friction.prior == px.lognormal(8e-9, 0.1)
    assert friction.start == pytest.approx(8e-9 * np.exp(0.005))


def test_the_circulation_is_traced():
    """A ten-volume circulation made of parts has its states, a cycle, derived pressures and two cuff readings."""
    schema = schema_of(Circulation)
    assert len(schema.states) == 11
    assert schema.states[-1] == "beat"
    assert str(schema.cycles["beat"].period.unit) == "s"
    assert str(schema.rates["beat"].unit) == "1/s"
    assert set(schema.readings) == {"systolic", "diastolic"}
    assert schema.derived["aorta.pressure"].unit == unit("mmHg")
    assert schema.signal("lv.stiffness").start == 1.54
    assert schema.signal("lv.curve").start == 0.024
    assert schema.signal("arteries.volume").start == 834.0


def test_volume_is_conserved():
    """What flows out of one volume of the circulation flows into another: the rates add up to nothing."""
    schema = schema_of(Circulation)
    random = np.random.default_rng(7)

    def read(one: Expr) -> float:
        if one.op == "phase":
            return 0.3
        signal = schema.signal(str(one.data))
        return signal.initial * random.uniform(0.9, 1.1) if one.op == "state" else signal.initial

    numbers = {one: read(one) for one in map(schema.expression, schema.index) if one.op in ("state", "param")}
    numbers[leaf("phase", "beat", unit("1"))] = 0.3
    flows = [evaluate(schema.rates[name], numbers.__getitem__) for name in schema.states[:-1]]
    assert float(sum(flows)) == pytest.approx(0.0, abs=1e-9)
    assert max(abs(float(flow)) for flow in flows) > 1


def test_names_mean_one_thing_each():
    """A dotted name is a leaf, a derived graph, a reading, a condition or a place in a cycle."""
    schema = schema_of(Circulation)
    assert schema.expression("lv.volume") is leaf("state", "lv.volume", unit("ml"))
    assert schema.expression("svr") is leaf("param", "svr", unit("mmHg*s/ml"))
    assert schema.expression("aorta.pressure") is schema.derived["aorta.pressure"]
    assert schema.expression("systolic").op == "window"
    assert schema.expression("beat").op == schema.expression("beat.phase").op == "phase"
    assert schema.unit_of("beat.elapsed") == unit("s")
    assert PUMP.expression("seal_fails").is_condition


def test_an_unknown_name_is_not_found():
    """A misspelt signal is answered with the nearest one."""
    with pytest.raises(NotFound, match="expected a signal of Pump, got 'tmep'") as caught:
        PUMP.signal("tmep")
    assert "did you mean 'temp'?" in str(caught.value)


def test_a_view_reads_dotted_names():
    """On a view every name is what the reader gives, through parts and cycles too."""
    asked: list[str] = []

    def read(name: str) -> px.Value:
        asked.append(name)
        return const(float(len(name)))

    view = view_of(Circulation, read)
    assert float(view.svr) == 3.0
    assert float(view.lv.volume) == 9.0
    assert float(view.aorta.pressure) == 14.0
    assert float(view.beat.elapsed) == 10.0 * 11.0
    assert float(view.systolic) == 8.0
    assert asked == ["svr", "lv.volume", "aorta.pressure", "beat.phase", "beat.period", "systolic"]


def test_methods_of_parts_work_on_views():
    """A plain method of a part is computed from what the view reads."""
    values = {"volume": 125.0, "stiffness": 1.54, "curve": 0.024, "scale": 0.34, "empty": 5.0}
    schema = schema_of(Circulation)

    def read(name: str) -> px.Value:
        return const(values[name.partition(".")[2]], schema.unit_of(name))

    pressure = view_of(Circulation, read).lv.pressure(const(1.0))
    assert float(pressure) == pytest.approx(1.54 * 120)


def test_views_are_read_only():
    """Nothing is set on a view: not a signal, not a derived value, not a part, not a new name."""
    view = view_of(Circulation, lambda name: const(1.0))
    for name in ("svr", "atria", "beat", "lv", "nonsense"):
        with pytest.raises(ModelError, match="views are read only") as caught:
            setattr(view, name, 1.0)
        assert f"Circulation.{name}" in str(caught.value)
    with pytest.raises(ModelError, match="views are read only") as caught:
        setattr(view.lv, "volume", 3)  # noqa: B010 - a type checker refuses it too
    assert "Chamber.volume" in str(caught.value)


def test_twins_live_in_fleets():
    """Calling the class is refused with the way to a twin."""
    with pytest.raises(ModelError, match="expected a fleet of Pump") as caught:
        Pump()
    assert 'site.fleet(Pump)["P-7"]' in str(caught.value)


def test_only_twin_types_have_a_schema():
    """A part, or any other class, is no twin type."""
    for kind in (Chamber, int):
        with pytest.raises(ModelError, match="expected a twin type"):
            schema_of(kind)


def test_a_type_may_be_personal():
    """The keyword of the class marks the type and all its signals."""

    class Patient(px.Twin, personal=True):
        weight = px.sensor("kg", low=20, high=300)

    assert schema_of(Patient).personal
    assert schema_of(Patient).signal("weight").personal
    assert not PUMP.personal


def test_a_type_may_be_nothing_but_signals():
    """Equations are not required: a gateway may have sensors only."""

    class Meter(px.Twin):
        power = px.sensor("kW")

    assert schema_of(Meter).states == ()
    assert schema_of(Meter).params == ("power",)


def test_an_event_may_stand_in_another_equation():
    """An event read in an equation is its condition, other events included."""

    class Boiler(px.Twin):
        temp = px.hidden("K", start=300)
        limit = px.parameter("K", 370)
        heat = px.parameter("K/s", 0.1)

        @px.event
        def boils(self):
            return self.temp >= self.limit

        @px.event
        def alarm(self):
            return self.boils & (self.heat > 0)

        @px.rate(temp)
        def heats(self):
            return px.where(self.boils, 0, self.heat)

    schema = schema_of(Boiler)
    condition = schema.events["boils"].condition
    assert schema.rates["temp"].args[0] is condition
    assert schema.events["alarm"].condition.args[0] is condition


def test_jumps_are_told_in_the_unit_of_the_state():
    """A jump gives the new value of a state; zero needs no unit."""

    class Tank(px.Twin):
        volume = px.hidden("l", start=10)
        dose = px.parameter("ml", 500)
        leak = px.parameter("l/s", 0.1)

        @px.event
        def empty(self):
            return self.volume <= 0

        @px.rate(volume)
        def leaks(self):
            return -self.leak

        @px.on(empty, volume)
        def refilled(self):
            return self.dose

    (jump,) = schema_of(Tank).jumps
    assert (jump.event, jump.state, jump.value.unit) == ("empty", "volume", unit("l"))
    assert evaluate(jump.value, lambda one: 500.0) == 0.5


def reader(numbers: dict[str, float]) -> Leaf:
    return lambda one: numbers[str(one.data)]


def test_crossings_rise_through_zero():
    """The crossing of an event is negative before it and positive after, for joined conditions too."""

    class Box(px.Twin):
        temp = px.parameter("K", 1)
        load = px.parameter("kg", 1)

        @px.event
        def above(self):
            return self.temp >= px.quantity(5, "K")

        @px.event
        def below(self):
            return self.temp < px.quantity(5, "K")

        @px.event
        def both(self):
            return (self.temp > px.quantity(5, "K")) & ~(self.load > px.quantity(3, "kg"))

        @px.event
        def either(self):
            return (self.temp > px.quantity(5, "K")) | (self.load > px.quantity(3, "kg"))

    events = schema_of(Box).events
    for temp, load in [(4.0, 2.0), (6.0, 2.0), (6.0, 4.0), (4.0, 4.0)]:
        numbers = {"temp": temp, "load": load}
        for event in events.values():
            true, crossing = evaluate_all((event.condition, event.crossing), reader(numbers))
            assert bool(true) == (crossing > 0)


def test_flags_are_conditions_and_numbers_are_numbers():
    """A flag may choose between values and a number with a unit may stand in an equation."""

    class House(px.Twin):
        owner = px.fact("text", personal=True)
        fuel = px.fact(["gas", "oil"], "gas")
        insulated = px.fact("flag", False)
        area = px.fact("m**2", 120)
        place = px.fact("position")
        loss = px.parameter("W/m**2", 10)

        @px.derived
        def demand(self):
            return px.where(self.insulated, 0.5, 1) * self.loss * self.area

    schema = schema_of(House)
    assert schema.params == ("insulated", "area", "loss")
    assert [one.kind for one in schema.signals] == ["text", "choice", "flag", "number", "position", "number"]
    assert schema.signal("owner").personal
    assert schema.signal("fuel").choices == ("gas", "oil")
    assert schema.signal("insulated").initial == 0.0
    numbers = {"insulated": 1.0, "area": 100.0, "loss": 10.0}
    assert evaluate(schema.derived["demand"], lambda one: numbers[str(one.data)]) == 500.0
