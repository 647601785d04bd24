"""The unit of a signal, guessed, always with the reason: what is told beside it, its name, its range. Or not known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, final

from pollux.check.senml_units import UNITS
from pollux.connect.opcua.units import CODES
from pollux.errors import PolluxError
from pollux.model.units import unit

Sure = Literal["told", "named", "likely", "unknown"]

_TOKENS: Final = re.compile(r"[^A-Za-z0-9%°µ]+")
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9%°µ]+")

_SUFFIXES: Final[Mapping[str, str]] = {
    "c": "degC", "degc": "degC", "celsius": "degC", "°c": "degC", "f": "degF", "degf": "degF", "fahrenheit": "degF",
    "k": "K", "kelvin": "K",
    "pa": "Pa", "hpa": "hPa", "kpa": "kPa", "mpa": "MPa", "bar": "bar", "mbar": "mbar", "psi": "psi", "mmhg": "mmHg",
    "v": "V", "mv": "mV", "kv": "kV", "volt": "V", "volts": "V", "a": "A", "ma": "mA", "amp": "A", "amps": "A",
    "w": "W", "kw": "kW", "watt": "W", "watts": "W", "wh": "Wh", "kwh": "kWh", "va": "VA",
    "kva": "kVA", "var": "var", "kvar": "kvar", "j": "J", "kj": "kJ",
    "hz": "Hz", "khz": "kHz", "mhz": "MHz", "rpm": "rpm", "bpm": "bpm",
    "pct": "%", "percent": "%", "%": "%", "ppm": "ppm",
    "m": "m", "mm": "mm", "cm": "cm", "km": "km", "m2": "m**2", "m3": "m**3", "l": "l", "ml": "ml",
    "s": "s", "sec": "s", "secs": "s", "seconds": "s", "ms": "ms", "us": "us", "min": "min", "minutes": "min",
    "hours": "h", "days": "day",
    "kg": "kg", "g": "g", "mg": "mg", "n": "N", "kn": "kN", "nm": "N*m", "deg": "deg", "rad": "rad",
    "lx": "lx", "lux": "lx", "kmh": "km/h", "mps": "m/s", "lpm": "l/min", "m3h": "m**3/h", "lh": "l/h",
    "dbm": "1", "db": "1", "ph": "1", "ohm": "ohm", "kohm": "kohm",
}  # fmt: skip
_PAIRS: Final[Mapping[tuple[str, ...], str]] = {
    ("l", "min"): "l/min", ("l", "h"): "l/h", ("l", "s"): "l/s", ("m3", "h"): "m**3/h", ("m3", "s"): "m**3/s",
    ("m", "s"): "m/s", ("mm", "s"): "mm/s", ("km", "h"): "km/h", ("m", "s2"): "m/s**2", ("kg", "h"): "kg/h",
    ("kg", "m3"): "kg/m**3", ("g", "m3"): "g/m**3", ("ug", "m3"): "ug/m**3", ("mg", "l"): "mg/l",
    ("w", "m2"): "W/m**2", ("deg", "c"): "degC", ("deg", "f"): "degF",
}  # fmt: skip
_ALONE: Final = frozenset(("rpm", "bpm", "lux", "kwh", "ppm", "percent", "pct", "psi", "mmhg"))
"""Names of units that are names of signals too: `rpm` alone says its unit, `m` or `v` alone does not."""

_QUANTITIES: Final = (
    (("temperature", "temp"), "degC", -40.0, 150.0),
    (("humidity", "rh"), "%", 0.0, 100.0),
    (("battery", "soc"), "%", 1.5, 100.0),
    (("co2",), "ppm", 300.0, 10_000.0),
    (("barometer", "pressure"), "hPa", 850.0, 1_100.0),
    (("illuminance",), "lx", 0.0, 200_000.0),
    (("latitude", "lat"), "deg", -90.0, 90.0),
    (("longitude", "lon", "lng"), "deg", -180.0, 180.0),
)
_DIMENSIONLESS: Final = frozenset(("count", "counter", "total", "index", "linkquality", "rssi", "lqi", "snr", "seq"))


@final
@dataclass(frozen=True, slots=True)
class Guess:
    """A unit in the words of Pollux, empty where it is not known; `why` says where it comes from, `sure` how sure."""

    unit: str
    why: str
    sure: Sure


NO_GUESS: Final = Guess("", "nothing beside it, in its name or in its range says one", "unknown")


def unit_of(path: str, told: str, low: float, high: float) -> Guess:
    """The unit of a signal by its path, what is told beside it, and the range that was seen.

    >>> unit_of("inlet.temp_c", "", 20, 21).unit, unit_of("pressure", "kPa", 1, 2).unit, unit_of("x", "", 1, 2).unit
    ('degC', 'kPa', '')
    """
    if told:
        known = readable(told)
        if known is None:
            return Guess("", f"its unit is told as {told!r}, which is none that Pollux knows", "unknown")
        return Guess(known, f"told beside it: {told}", "told")
    return _by_name(path.rpartition(".")[2]) or _by_range(path, low, high) or NO_GUESS


@lru_cache(maxsize=4096)
def readable(told: str) -> str | None:
    """A unit as devices write it, in the words of Pollux; None where it is none: SenML and UNECE names too.

    >>> readable("Cel"), readable("°C"), readable("kPa"), readable("%RH"), readable("furlongs of joy")
    ('degC', 'degC', 'kPa', '%', None)
    """
    text = told.strip()
    for candidate in (UNITS.get(text), text, text.replace("³", "**3").replace("²", "**2"), CODES.get(text)):
        if candidate and is_unit(candidate):
            return str(unit(candidate))
    return None


@lru_cache(maxsize=4096)
def is_unit(text: str) -> bool:
    """Whether Pollux reads this text as a unit."""
    try:
        unit(text)
    except (PolluxError, ValueError):
        return False
    return True


def words(name: str) -> list[str]:
    """The words of a name, in small letters.

    >>> words("inletTemp_C"), words("motor.rpm")
    (['inlet', 'temp', 'c'], ['motor', 'rpm'])
    """
    return [word.lower() for word in _WORDS.split(name) if word]


def _by_name(name: str) -> Guess | None:
    tokens = _TOKENS.split(name)
    if len(tokens) > 1 and mixed(tokens[-1]) and is_unit(tokens[-1]):
        return Guess(str(unit(tokens[-1])), f"its name ends in {tokens[-1]}", "named")
    parts = words(name)
    if len(parts) > 2 and parts[-2] == "per":
        parts = [*parts[:-2], parts[-1]]
    for size in (2, 1):
        end = tuple(parts[-size:])
        alone = len(parts) == size and not (size == 1 and end[0] in _ALONE)
        known = _PAIRS.get(end) if size == 2 else _SUFFIXES.get(end[-1]) if end else None
        if known and not alone:
            return Guess(known, f"its name ends in {'_'.join(end)}", "named")
    if parts and (parts[-1] in _DIMENSIONLESS or parts[0] in _DIMENSIONLESS):
        return Guess("1", f"its name says a count or an index: {parts[-1]}", "named")
    return None


def mixed(token: str) -> bool:
    """Whether a word mixes small and large letters as units do.

    >>> mixed("kPa"), mixed("MW"), mixed("Temp"), mixed("rpm")
    (True, True, False, False)
    """
    return 1 < len(token) <= 4 and token != token.lower() and not token[:2].istitle()


def _by_range(path: str, low: float, high: float) -> Guess | None:
    parts = set(words(path))
    for names, of, least, most in _QUANTITIES:
        said = next((name for name in names if name in parts), None)
        if said is not None and least <= low and high <= most:
            why = f"it is called {said} and lies from {low:g} to {high:g}, as {of} would: to be checked"
            return Guess(of, why, "likely")
    return None
