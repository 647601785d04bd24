"""Units as FMI tells them: powers of the seven SI base units and of the radian, a factor and an offset."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from pollux.model.unit_text import read
from pollux.model.units import Unit

_BASE: Final = {
    "[mass]": "kg",
    "[length]": "m",
    "[time]": "s",
    "[current]": "A",
    "[temperature]": "K",
    "[substance]": "mol",
    "[luminosity]": "cd",
}

_ANGLES: Final = frozenset(("rad", "deg", "turn", "rpm"))
"""Pollux counts angles as pure numbers; FMI has an exponent for the radian."""


def base_unit(unit: Unit) -> Mapping[str, str] | None:
    """The attributes of a `BaseUnit`: base value = factor * value + offset; None for what the SI does not know.

    Money and international units have no base unit, nor has a root whose power is no whole number.

    >>> from pollux.model.units import unit
    >>> base_unit(unit("kN"))
    {'kg': '1', 'm': '1', 's': '-2', 'factor': '1000.0'}
    >>> base_unit(unit("rpm")), base_unit(unit("EUR/h"))
    ({'s': '-1', 'rad': '1', 'factor': '0.10471975511965977'}, None)
    """
    powers = _powers(unit)
    if any(one not in _BASE.values() and one != "rad" for one in powers):
        return None
    if any(power.denominator != 1 for power in powers.values()):
        return None
    found = {one: str(powers[one]) for one in (*_BASE.values(), "rad") if powers.get(one)}
    if unit.factor != 1.0:
        found["factor"] = repr(unit.factor)
    if unit.offset:
        found["offset"] = repr(unit.offset)
    return found


def display(edge: Unit, unit: Unit) -> Mapping[str, str]:
    """The attributes of a `DisplayUnit`: shown value = factor * value + offset.

    >>> from pollux.model.units import unit
    >>> display(unit("degC"), unit("K"))
    {'name': 'degC', 'factor': '1.0', 'offset': '-273.15'}
    """
    factor = unit.factor / edge.factor
    return {"name": edge.symbol, "factor": repr(factor), "offset": repr((unit.offset - edge.offset) / edge.factor)}


def used(pairs: Iterable[tuple[Unit, Unit]]) -> dict[Unit, list[Unit]]:
    """The units of (unit, edge) pairs in their order, each with the units in which it is shown."""
    found: dict[Unit, list[Unit]] = {}
    for unit, edge in pairs:
        shown = found.setdefault(unit, [])
        if edge != unit and edge not in shown:
            shown.append(edge)
    return found


def _powers(unit: Unit) -> dict[str, Fraction]:
    found = {_BASE.get(name, name): power for name, power in unit.dimension}
    turns = sum((power for name, power in read(unit.symbol) if name in _ANGLES), Fraction(0))
    return found | ({"rad": turns} if turns else {})
