import math

import pytest

import pollux as px
from pollux.errors import ModelError, UnitError
from pollux.model.schema import schema_of
from pollux.model.units import unit


def declared(role):
    return schema_of(type("Some", (px.Twin,), {"x": role})).signal("x")


def test_texts_and_quantities_bring_their_unit():
    """A declaration takes numbers in the declared unit, texts and quantities in their own."""
    assert declared(px.actuator("rpm", low=0, high="50 Hz", slew="10 rpm/min")).high == pytest.approx(477.4648)
    assert declared(px.actuator("rpm", low=0, high=9, slew="10 rpm/min")).slew == pytest.approx(1 / 6)
    assert declared(px.parameter("K", px.quantity(20, "degC"))).start == 293.15
    assert declared(px.parameter("s", "2 min")).start == 120.0
    assert declared(px.sensor("mmHg", noise="0.4 kPa")).noise == pytest.approx(3.0002465)
    assert declared(px.sensor("K", every="10 s")).every == 10.0
    assert declared(px.sensor("K", every=0.5)).every == 0.5


def test_temperatures_are_kelvin_in_columns():
    """Everything declared in degC or degF is kelvin in the schema; the edge unit is kept."""
    temp = declared(px.sensor("degC", low=-20, high=60, noise=0.5, start=20))
    assert (temp.unit, temp.edge) == (unit("K"), unit("degC"))
    assert (temp.low, temp.high, temp.noise, temp.start) == pytest.approx((253.15, 333.15, 0.5, 293.15))
    assert declared(px.sensor("degF", noise=0.9)).noise == pytest.approx(0.5)
    assert declared(px.actuator("degC", low=5, high=30, slew="1 K/min", safe=15)).slew == pytest.approx(1 / 60)
    assert declared(px.actuator("degC", low=5, high=30, slew=0.5, safe=15)).slew == 0.5
    assert declared(px.parameter("degC", px.normal(20, 2))).prior == px.normal(293.15, 2)
    assert declared(px.parameter("degF", px.uniform(32, 50))).prior.support == pytest.approx((273.15, 283.15))


def test_the_initial_number():
    """A run begins at the start, else at the safe value, else at zero or the bound nearest to it."""
    assert declared(px.hidden("1", start=3)).initial == 3.0
    assert declared(px.actuator("rpm", low=600, high=3000, safe=700)).initial == 700.0
    assert declared(px.sensor("K", low=250, high=420)).initial == 250.0
    assert declared(px.hidden("1")).initial == 0.0
    assert declared(px.hidden("1", start=px.lognormal(2, 0.1))).initial == pytest.approx(2 * math.exp(0.005))


def test_documentation_is_kept():
    """A role carries its sentence into the schema."""
    assert declared(px.sensor("K", doc="At the bearing.")).doc == "At the bearing."


@pytest.mark.parametrize(
    ("role", "message"),
    [
        (px.sensor("K", low=3, high=2), "expected low below high, got (3.0, 2.0)"),
        (px.sensor("K", noise=-1), "expected a noise of zero or more"),
        (px.sensor("K", low="3 bar"), "expected K, got bar"),
        (px.sensor("K", every="0 s"), "expected a stretch of time above zero"),
        (px.sensor("K", every="often"), "expected a duration such as '30 days'"),
        (px.hidden("K", start=5, high=3), "expected a number from -inf to 3 K, got 5.0"),
        (px.actuator("rpm", low=0, high=math.inf), "expected finite bounds of an actuator"),
        (px.actuator("rpm", low=0, high=5, safe=7), "expected a safe value from 0 to 5, got 7.0"),
        (px.actuator("rpm", low=0, high=5, slew=0), "expected a slew above zero"),
        (px.actuator("rpm", low=0, high=5, start=9), "expected a number from 0 to 5 rpm, got 9.0"),
        (px.parameter("K", "warm"), "expected a number with a unit, got 'warm'"),
        (px.parameter("K", math.nan), "expected a number, got nan"),
        (px.parameter("K", True), "expected a number, got True"),
        (px.parameter("degC", px.lognormal(20, 1)), "expected K, got a lognormal"),
        (px.fact(["gas", "oil"], "coal"), "expected one of gas, oil, got 'coal'"),
        (px.fact("flag", 1), "expected True or False, got 1"),
        (px.fact("text", 3), "expected a text, got 3"),
        (px.fact("position", "here"), "expected no value of a position in the class"),
        (px.sensor("Kk"), "expected a unit, got 'Kk'"),
    ],
)
def test_a_declaration_that_cannot_hold_is_refused(role, message):
    """What is wrong with a signal is said with its name and the line that declares it."""
    with pytest.raises(ModelError) as caught:
        declared(role)
    assert caught.value.message.startswith(message)
    assert caught.value.at == f"Some.x ({role.declared_at})"


def test_money_is_exactly_one_currency():
    """An amount of money or a price holds one currency to the power of one."""
    assert float(px.money("-3.5 kEUR")) == -3.5
    for wrong in ("3 K", "3", "3 EUR/USD", "3 1/EUR", "much"):
        with pytest.raises(UnitError, match="expected"):
            px.money(wrong)


def test_money_never_adds_to_physics():
    """A sum of an amount and an energy is refused; a price times an energy is an amount."""

    class Meter(px.Twin):
        energy = px.sensor("kWh")
        price = px.parameter("EUR/kWh", 0.3)

        @px.derived
        def cost(self):
            return self.price * self.energy

    assert schema_of(Meter).derived["cost"].unit == unit("EUR")
    with pytest.raises(UnitError, match="expected kWh, got EUR"):
        Meter.energy + px.money("3 EUR")


@pytest.mark.parametrize("name", ["t", "seq", "boot", "_x"])
def test_names_with_a_meaning_of_their_own_are_refused(name):
    """The keys of messages are no names of signals, nor are names that begin with an underscore."""
    with pytest.raises(ModelError, match=f"expected another name, got '{name}'") as caught:
        type("Some", (px.Twin,), {name: px.sensor("K")})
    assert caught.value.hint
