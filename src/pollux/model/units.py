"""Units of measurement, and of money: `unit("rpm/s")`, their arithmetic and the factors between them.

A unit is a product of powers of atoms (`mmHg*s/ml`). Arithmetic works on the atoms, so that `K/s/rpm**2 * rpm**2` is
exactly `K/s`. Units are looked up while a model is defined, never per sample.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, final

from pollux.errors import UnitError
from pollux.model.atoms import Atom, atom, is_currency
from pollux.model.unit_text import Terms, merged, read, written

Dimension = tuple[tuple[str, Fraction], ...]

_GREATEST_POWER: Final = 60
_NUMBER: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)


@final
@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: base value = number * factor + offset; equal units have equal symbols.

    >>> str(unit("mmHg*s/ml") * unit("ml/s")), (unit("m") ** 2).dimension
    ('mmHg', (('[length]', Fraction(2, 1)),))
    """

    symbol: str
    dimension: Dimension
    factor: float
    offset: float = 0.0

    def __str__(self) -> str:
        return self.symbol

    def __mul__(self, other: "Unit") -> "Unit":
        return _product(self.symbol, other.symbol, 1)

    def __truediv__(self, other: "Unit") -> "Unit":
        return _product(self.symbol, other.symbol, -1)

    def __pow__(self, power: int | Fraction) -> "Unit":
        return _compose(merged((name, have * power) for name, have in _terms(self.symbol)))

    @property
    def dimensionless(self) -> bool:
        """Whether this is a pure number, such as `1`, `percent` or `rad`."""
        return not self.dimension

    @property
    def is_money(self) -> bool:
        """Whether a currency is part of it."""
        return any(is_currency(name) for name, _ in self.dimension)


def unit(text: str) -> Unit:
    """The unit that a text such as `"K"`, `"mmHg*s/ml"`, `"1/min"` or `"EUR/day"` names.

    Raises `UnitError` for an unknown name, for a text that is no product of powers, and for degC or degF inside one.

    >>> unit("K/s/rpm**2") == unit("1/rpm**2 * K / s")
    True
    """
    return _parsed(text.strip())


def scale(have: Unit, want: Unit) -> float:
    """The factor that turns a number in `have` into one in `want`; `UnitError` when their dimensions differ.

    >>> scale(unit("min"), unit("s")), scale(unit("kPa"), unit("Pa"))
    (60.0, 1000.0)
    """
    if have.dimension != want.dimension:
        raise UnitError(f"expected {want}, got {have}", hint=_bridge(have, want))
    return _ratio(have.symbol, want.symbol)


def convert(number: float, have: Unit, want: Unit) -> float:
    """A number in `have`, told in `want`; the only place where the zero of degC and degF counts.

    >>> convert(20.0, unit("degC"), unit("K")), round(convert(98.6, unit("degF"), unit("degC")), 9)
    (293.15, 37.0)
    """
    factor = scale(have, want)
    if have.offset == want.offset:
        return number * factor
    return (number * have.factor + have.offset - want.offset) / want.factor


def absolute(edge: Unit) -> Unit:
    """The unit that columns and equations use for what the edge tells in `edge`: kelvin for degC and degF."""
    return KELVIN if edge.offset else edge


def parse_quantity(text: str) -> tuple[float, Unit]:
    """A number and its unit, as written; without a unit it is a pure number.

    >>> number, of = parse_quantity("100 rpm/s")
    >>> number, str(of)
    (100.0, 'rpm/s')
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnitError(f"expected a number with a unit, got {text!r}", hint="for example '100 rpm/s'")
    return float(match[1]), unit(match[2] or "1")


def _bridge(have: Unit, want: Unit) -> str | None:
    if have.is_money != want.is_money:
        return "money is never added to physics: multiply by a price such as px.money('0.3 EUR/kWh')"
    return None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Unit:
    return _compose(read(text))


@lru_cache(maxsize=4096)
def _product(left: str, right: str, sign: int) -> Unit:
    return _compose(merged([*_terms(left), *((name, sign * power) for name, power in _terms(right))]))


@lru_cache(maxsize=4096)
def _terms(symbol: str) -> Terms:
    return read(symbol)


@lru_cache(maxsize=4096)
def _ratio(have: str, want: str) -> float:
    terms = merged([*_terms(have), *((name, -power) for name, power in _terms(want))])
    return _factor((atom(name)[1], power) for name, power in terms)


@lru_cache(maxsize=4096)
def _compose(terms: Terms) -> Unit:
    if any(abs(power) > _GREATEST_POWER or power.denominator > _GREATEST_POWER for _, power in terms):
        raise UnitError(f"expected powers up to {_GREATEST_POWER}, got {written(terms):.60}")
    atoms = [(atom(name)[1], power) for name, power in terms]
    offset = float(sum((one.offset for one, _ in atoms), Fraction(0)))
    if offset and terms != ((terms[0][0], Fraction(1)),):
        raise UnitError(
            f"expected a unit that can be multiplied, got {written(terms)}",
            hint="a difference of one degC is 1 K: write K in products, degC only for a temperature itself",
        )
    dimension = merged((base, have * power) for one, power in atoms for base, have in one.dimension)
    return Unit(written(terms), dimension, _factor(atoms), offset)


def _factor(atoms: Iterable[tuple[Atom, Fraction]]) -> float:
    # Exact as long as the powers are whole, so that 24 hours are a day to the last bit.
    exact, rough = Fraction(1), 1.0
    for one, power in atoms:
        if power.denominator == 1:
            exact *= one.factor**power.numerator
        else:
            rough *= float(one.factor) ** float(power)
    try:
        return float(exact) * rough
    except OverflowError:
        raise UnitError("expected a unit of a size that can be told, got powers that overflow") from None


DIMENSIONLESS: Final = unit("1")
KELVIN: Final = unit("K")
SECOND: Final = unit("s")
WHITE: Final = unit("1/s**(1/2)")
"""The unit of white noise: over a time t its integral has the standard deviation of the root of t."""
