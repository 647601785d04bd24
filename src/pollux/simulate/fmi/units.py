"""The unit names of FMUs in the language of Pollux: Modelica writes `N.m`, `rad/s2` and `1/min`."""

import re
from typing import Final

from pollux.errors import UnitError
from pollux.model.units import DIMENSIONLESS, Unit, unit

_POWER: Final = re.compile(r"(?<=[A-Za-zµΩ°%])(-?\d+)")
_WORDS: Final = {"Ohm": "ohm", "degC": "degC", "rev/min": "rpm", "r/min": "rpm", "U": "turn", "1/min": "1/min"}


def known_unit(told: str) -> Unit | None:
    """The unit that an FMU means, None where it is not known; nothing said is a pure number.

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


def _modelica(told: str) -> str:
    """`J/(kg.K)` and `m/s2` as products and powers."""
    return _POWER.sub(r"**\1", re.sub(r"(?<![0-9])\.|\.(?![0-9])", "*", told.replace("Ohm", "ohm")))
