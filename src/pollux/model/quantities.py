"""What stands for itself: `px.quantity(350, "K")`, `px.money("3 EUR")`, `px.pi`, `px.time()`."""

import math
from typing import Final

from pollux.errors import UnitError
from pollux.model.graph import const, node
from pollux.model.units import SECOND, Unit, absolute, convert, parse_quantity, unit
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


def time() -> Value:
    r"""The time in an equation: seconds since 1970-01-01 UTC, as the run or the live view has it.

    A clock of $10^9$ s tells a tenth of a microsecond; for what swings, a `px.cycle` with its phase is exact.

    >>> import pollux as px
    >>> class Sun(px.Twin):
    ...     height, day = px.sensor("1"), px.parameter("h", 24)
    ...
    ...     @px.reading(height)
    ...     def stands(self):
    ...         return -px.cos(2 * px.pi * px.time() / self.day)
    >>> str(Sun.__pollux__.readings["height"].unit)
    '1'
    """
    return node("time", (), SECOND)


def _is_amount(of: Unit) -> bool:
    powers = [power for name, power in of.dimension if Unit("", ((name, power),), 1.0).is_money]
    return powers == [1]
