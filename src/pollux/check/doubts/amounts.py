"""Amounts of rules: numbers in the signal's unit, texts that carry their own; turned into the unit of the columns."""

from typing import TypeAlias

from pollux.model.schema import Signal
from pollux.model.units import SECOND as PER_SECOND
from pollux.model.units import Unit, convert, parse_quantity, scale

Amount: TypeAlias = float | str


def level(amount: Amount, signal: Signal) -> float:
    """A level of a signal: zeros of degC and degF count."""
    number, of = _parsed(amount, signal.edge)
    return convert(number, of, signal.unit)


def size(amount: Amount, signal: Signal) -> float:
    """A difference of a signal."""
    number, of = _parsed(amount, signal.unit)
    return number * scale(of, signal.unit)


def rate(amount: Amount, signal: Signal) -> float:
    """A change of a signal per second."""
    number, of = _parsed(amount, signal.unit / PER_SECOND)
    return number * scale(of, signal.unit / PER_SECOND)


def _parsed(amount: Amount, otherwise: Unit) -> tuple[float, Unit]:
    return parse_quantity(amount) if isinstance(amount, str) else (float(amount), otherwise)
