"""Numbers with a unit that stand for themselves: `px.quantity(350, "K")`, `px.money("3 EUR")`, `px.pi`."""

import math
from typing import Final

from pollux.errors import UnitError
from pollux.model.graph import const
from pollux.model.units import Unit, absolute, convert, parse_quantity, unit
from pollux.model.value import Value

pi: Final = math.pi


def quantity(number: float, of: str) -> Value:
    """A number with a unit, for equations, conditions and declarations; degC and degF become kelvin.

    >>> float(quantity(20, "degC"))
    293.15
    """
    edge = unit(of)
    return const(convert(float(number), edge, absolute(edge)), absolute(edge))


def money(text: str) -> Value:
    """An amount of money, or a price: `money("50000 EUR")`, `money("0.4 EUR/day/rpm")`.

    Raises `UnitError` when not exactly one currency to the power of one is in it.

    >>> float(money("3 EUR"))
    3.0
    """
    number, of = parse_quantity(text)
    if not _is_amount(of):
        raise UnitError(f"expected an amount of money, got {text!r}", hint="for example '3 EUR' or '0.3 EUR/kWh'")
    return const(number, of)


def _is_amount(of: Unit) -> bool:
    powers = [power for name, power in of.dimension if Unit("", ((name, power),), 1.0).is_money]
    return powers == [1]
