"""The property engUnit to units of Pollux: Sparkplug leaves its text to whoever writes it, so the common spellings."""

from collections.abc import Mapping
from typing import Final

from pollux.errors import PolluxError
from pollux.model.units import unit

_SPELT: Final[Mapping[str, str]] = {
    "°c": "degC", "℃": "degC", "deg c": "degC", "celsius": "degC",
    "°f": "degF", "℉": "degF", "deg f": "degF", "fahrenheit": "degF", "kelvin": "K",
    "r/min": "rpm", "1/min": "rpm", "m³/h": "m**3/h", "m3/h": "m**3/h", "m³": "m**3", "m3": "m**3",
    "l/min.": "l/min", "lpm": "l/min", "hz": "Hz", "ohms": "ohm", "ω": "ohm", "volt": "V", "volts": "V",
    "amp": "A", "amps": "A", "watt": "W", "watts": "W", "percent": "%", "psig": "psi", "kw": "kW", "kwh": "kWh",
    "sec": "s", "seconds": "s", "hours": "h", "hrs": "h", "minutes": "min",
}  # fmt: skip


def words(told: str) -> str:
    """A unit in the words of Pollux where it is known, else as it was told, so that it is refused by its name.

    >>> words("deg C"), words("kPa"), words("RPM"), words("furlongs of joy")
    ('degC', 'kPa', 'rpm', 'furlongs of joy')
    """
    for spelling in (told, _SPELT.get(told.casefold(), ""), told.lower()):
        if spelling and _is_unit(spelling):
            return spelling
    return told


def _is_unit(text: str) -> bool:
    try:
        unit(text)
    except PolluxError:
        return False
    return True
