"""The units of FMUs in the language of Pollux: by name (Modelica writes `N.m`, `rad/s2`), else by their definition."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from pollux.errors import UnitError
from pollux.model.units import DIMENSIONLESS, Unit, convert, unit

_POWER: Final = re.compile(r"(?<=[A-Za-zµΩ°%])(-?\d+)")
_WORDS: Final = {"rev/min": "rpm", "r/min": "rpm"}


@final
@dataclass(frozen=True, slots=True)
class Told:
    """In what an FMU tells a number: in `unit` it is number * factor + offset."""

    unit: Unit
    factor: float = 1.0
    offset: float = 0.0

    def into(self, number: float, edge: Unit) -> float:
        """A number of the FMU in a unit of ours; raises `UnitError` where the dimensions differ."""
        return convert(number * self.factor + self.offset, self.unit, edge)


def known_unit(told: str) -> Unit | None:
    """The unit that a name means, None where it is not known; nothing said is a pure number.

    >>> str(known_unit("N.m")), str(known_unit("kg/(m.s2)")), str(known_unit("rev/min")), known_unit("furlongs?")
    ('N*m', 'kg/m/s**2', 'rpm', None)
    """
    if told in ("", "1", "-"):
        return DIMENSIONLESS
    for text in (_WORDS.get(told), _modelica(told), told):
        try:
            if text is not None:
                return unit(text)
        except UnitError:
            continue
    return None


def told_in(name: str, defined: Mapping[str, Told]) -> Told | None:
    """In what a unit of this name is told: by its name, unless the FMU defines it as something else, or only so.

    >>> cube = Told(unit("m**3"), 1e-9)
    >>> told_in("stere milli", {"stere milli": cube}) == cube, told_in("K", {"K": Told(unit("K"))}).unit == unit("K")
    (True, True)
    """
    known, own = known_unit(name), defined.get(name)
    if known is None:
        return own
    return own if own is not None and own.unit.dimension != known.dimension else Told(known)


def base_unit(powers: Mapping[str, int], factor: float, offset: float) -> Told:
    """What FMI defines by powers of the base units of the SI (and radians): SI = number * factor + offset.

    >>> str(base_unit({"kg": 1, "m": 2, "s": -3}, 1000.0, 0.0).unit)
    'kg*m**2/s**3'
    """
    text = "*".join(f"{name}**{power}" for name, power in powers.items() if power)
    return Told(unit(text or "1"), factor, offset)


def _modelica(told: str) -> str:
    """`J/(kg.K)` and `m/s2` as products and powers."""
    return _POWER.sub(r"**\1", re.sub(r"(?<![0-9])\.|\.(?![0-9])", "*", told.replace("Ohm", "ohm")))
