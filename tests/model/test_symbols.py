from typing import cast

import pytest
from tests.model.plants import Circulation, Pump

import pollux as px
from pollux.errors import ModelError, UnitError
from pollux.model.evaluate import evaluate
from pollux.model.graph import leaf
from pollux.model.symbols import Condition, Formula
from pollux.model.units import unit


class Room(px.Twin):
    temp = px.sensor("degC", low=-20, high=60)
    outside = px.sensor("degF")
    damp = px.sensor("percent", low=0, high=100)
    power = px.actuator("kW", low=0, high=5)

    @px.derived
    def warmth(self):
        return self.temp - self.outside


def number(symbolic, **signals):
    return evaluate(symbolic.expr, lambda one: signals[str(one.data)])


def test_formulas_are_graphs_over_the_leaves_of_the_type():
    """Arithmetic on symbols gives formulas that know their type, unit and graph."""
    cost = px.money("0.4 EUR/day/rpm") * Pump.speed
    assert isinstance(cost, Formula)
    assert cost.twin is Pump
    assert cost.expr.unit == unit("EUR/day")
    assert number(cost, speed=1000.0) == pytest.approx(400)
    assert number(12 * Pump.speed - Pump.speed / 2, speed=2.0) == 23.0
    assert number(-(Pump.speed**2), speed=3.0) == -9.0


def test_bare_numbers_are_in_the_declared_unit():
    """Beside a symbol a bare number has its declared unit: degrees for a sensor in degC, percent for a percentage."""
    assert number(Room.temp > 80, temp=353.16)
    assert not number(Room.temp > 80, temp=353.14)
    assert number(Room.damp >= 50, damp=50.0)
    assert number(Pump.temp > 350, temp=351.0)
    assert number(Room.outside <= 32, outside=273.0)
    assert number(px.maximum(Room.temp, 0), temp=200.0) == 273.15


def test_a_difference_has_no_zero_of_its_own():
    """Adding five degrees Fahrenheit is adding 25/9 kelvin."""
    assert number(Room.outside + 5, outside=300.0) == pytest.approx(300 + 25 / 9)
    assert number(Room.temp - 5, temp=300.0) == 295.0


def test_quantities_bring_their_own_unit():
    """A quantity may be compared with a symbol, on either side."""
    assert number(Pump.temp > px.quantity(20, "degC"), temp=300.0)
    assert number(px.quantity(20, "degC") < Pump.temp, temp=300.0)
    with pytest.raises(UnitError, match="expected K, got kPa"):
        Pump.temp > px.quantity(3, "kPa")


def test_conditions_join():
    """Comparisons and events are joined with & | ~, whatever stands first."""
    hot_or_worn = (Pump.temp > 350) | Pump.seal_fails
    assert isinstance(hot_or_worn, Condition)
    assert number(hot_or_worn, temp=300.0, wear=1.5)
    assert number(Pump.seal_fails & (Pump.temp < 350), temp=300.0, wear=1.5)
    assert not number(~hot_or_worn, temp=360.0, wear=0.0)


def test_functions_take_symbols():
    """The functions of equations make formulas of symbols."""
    assert isinstance(px.exp(Pump.wear), Formula)
    assert number(px.clip(Pump.speed, 1000, 2000), speed=700.0) == 1000.0
    assert number(px.where(Pump.temp > 350, Pump.speed, 0), temp=300.0, speed=9.0) == 0.0
    assert number(px.minimum(3, Pump.wear), wear=5.0) == 3.0
    assert number(abs(Pump.wear), wear=-5.0) == 5.0


def test_derived_symbols_are_their_graph():
    """A derived symbol stands for its equation, over the leaves of the type."""
    assert Room.warmth.expr is (leaf("param", "temp", unit("K")) - leaf("param", "outside", unit("K")))
    assert Room.warmth.name == "warmth"
    assert Circulation.aorta.pressure.name == "aorta.pressure"
    assert Circulation.beat.expr.op == "phase"


def test_symbols_are_keys():
    """Symbols are told apart by identity, so a mapping of choices keeps them apart."""
    choices = {Pump.speed: [2400, 2600], Pump.temp: [300]}
    assert choices[Pump.speed] == [2400, 2600]
    assert Pump.speed in choices
    assert Pump.wear not in choices
    assert repr(Pump.speed) == "Pump.speed"


def test_names_of_two_types_do_not_mix():
    """A formula stands on the names of one type."""
    with pytest.raises(ModelError, match="expected names of one twin type, got Pump and Room"):
        Pump.temp + Room.temp


def test_symbols_have_no_truth_value():
    """A comparison of symbols is no Python condition."""
    with pytest.raises(ModelError, match="got a condition on symbols") as caught:
        assert 300 < Pump.temp < 350
    assert "&" in str(caught.value)
    with pytest.raises(ModelError, match="got a formula"):
        bool(12 * Pump.speed)


def test_other_things_are_no_operands():
    """What is neither symbol, number nor quantity is refused."""
    with pytest.raises(ModelError, match="expected a signal or a number"):
        Pump.temp > cast(float, "hot")
    with pytest.raises(ModelError, match="expected a symbol, a number or a quantity, got object"):
        Pump.temp + cast(float, object())


def test_a_formula_of_numbers_has_no_schema():
    """What names nothing belongs to no type."""
    with pytest.raises(ModelError, match="expected a name of a twin type"):
        _ = Formula(None, leaf("param", "x", unit("1"))).schema
    assert (12 * Pump.speed).schema is Pump.__pollux__


def test_symbols_know_where_they_are_declared():
    """The file and the line of a declaration are kept for errors."""
    assert Room.temp.declared_at.startswith("test_symbols.py:")
