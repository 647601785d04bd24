"""The atoms of units: what `mmHg` or `kWh` is worth in the base units of the SI.

The common ones stand here with exact factors, so that a model can be defined without loading pint; anything else is
asked of pint, once per name. Currencies are atoms too, each with a dimension of its own: there is no exchange rate
in physics.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, final

from pollux.errors import UnitError
from pollux.model.suggest import did_you_mean


@final
@dataclass(frozen=True, slots=True)
class Atom:
    """One name of a unit: base value = number * factor + offset."""

    dimension: tuple[tuple[str, Fraction], ...]
    factor: Fraction
    offset: Fraction = Fraction(0)


def _atom(factor: str | Fraction, **powers: int) -> Atom:
    dimension = tuple((f"[{name}]", Fraction(power)) for name, power in sorted(powers.items()))
    return Atom(dimension, Fraction(factor))


_ENERGY: Final = {"mass": 1, "length": 2, "time": -2}
_PRESSURE: Final = {"mass": 1, "length": -1, "time": -2}
_TURN: Final = 2 * Fraction(math.pi)

_PREFIXES: Final = {
    "f": Fraction(1, 10**15),
    "p": Fraction(1, 10**12),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "µ": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    "c": Fraction(1, 100),
    "d": Fraction(1, 10),
    "h": Fraction(100),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
}

_PREFIXED: Final = {
    "m": _atom("1", length=1),
    "g": _atom("1/1000", mass=1),
    "s": _atom("1", time=1),
    "A": _atom("1", current=1),
    "K": _atom("1", temperature=1),
    "mol": _atom("1", substance=1),
    "cd": _atom("1", luminosity=1),
    "Hz": _atom("1", time=-1),
    "N": _atom("1", mass=1, length=1, time=-2),
    "Pa": _atom("1", **_PRESSURE),
    "bar": _atom("100000", **_PRESSURE),
    "J": _atom("1", **_ENERGY),
    "Wh": _atom("3600", **_ENERGY),
    "cal": _atom("4.184", **_ENERGY),
    "W": _atom("1", mass=1, length=2, time=-3),
    "VA": _atom("1", mass=1, length=2, time=-3),
    "C": _atom("1", current=1, time=1),
    "Ah": _atom("3600", current=1, time=1),
    "V": _atom("1", mass=1, length=2, time=-3, current=-1),
    "F": _atom("1", mass=-1, length=-2, time=4, current=2),
    "ohm": _atom("1", mass=1, length=2, time=-3, current=-2),
    "S": _atom("1", mass=-1, length=-2, time=3, current=2),
    "Wb": _atom("1", mass=1, length=2, time=-2, current=-1),
    "H": _atom("1", mass=1, length=2, time=-2, current=-2),
    "l": _atom("1/1000", length=3),
    "L": _atom("1/1000", length=3),
}

_PLAIN: Final = {
    "rad": _atom("1"),
    "deg": _atom(_TURN / 360),
    "turn": _atom(_TURN),
    "rpm": _atom(_TURN / 60, time=-1),
    "bpm": _atom("1/60", time=-1),
    "min": _atom("60", time=1),
    "h": _atom("3600", time=1),
    "hour": _atom("3600", time=1),
    "d": _atom("86400", time=1),
    "day": _atom("86400", time=1),
    "week": _atom("604800", time=1),
    "year": _atom("31557600", time=1),
    "percent": _atom("1/100"),
    "%": _atom("1/100"),
    "ppm": _atom("1/1000000"),
    "count": _atom("1"),
    "mmHg": _atom("133.322387415", **_PRESSURE),
    "cmH2O": _atom("98.0665", **_PRESSURE),
    "atm": _atom("101325", **_PRESSURE),
    "t": _atom("1000", mass=1),
    "T": _atom("1", mass=1, time=-2, current=-1),
    "lm": _atom("1", luminosity=1),
    "lx": _atom("1", luminosity=1, length=-2),
    "var": _atom("1", mass=1, length=2, time=-3),
    "kvar": _atom("1000", mass=1, length=2, time=-3),
    "Mvar": _atom("1000000", mass=1, length=2, time=-3),
    "IU": Atom((("[IU]", Fraction(1)),), Fraction(1)),
    "degC": Atom((("[temperature]", Fraction(1)),), Fraction(1), Fraction("273.15")),
    "degF": Atom((("[temperature]", Fraction(1)),), Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
}

_ALIASES: Final = {
    "°C": "degC",
    "celsius": "degC",
    "°F": "degF",
    "fahrenheit": "degF",
    "°": "deg",
    "Ω": "ohm",
    "€": "EUR",
    "£": "GBP",
    "μ": "µ",
    "kelvin": "K",
    "second": "s",
    "minute": "min",
    "days": "day",
    "hours": "hour",
}

_CODES: Final = """
AED ARS AUD BDT BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW MAD MXN MYR NGN NOK
NZD PEN PHP PKR PLN QAR RON RSD SAR SEK SGD THB TRY TWD TZS UAH UGX USD UYU VND ZAR
"""
CURRENCIES: Final = frozenset(_CODES.split())


@lru_cache(maxsize=1024)
def atom(name: str) -> tuple[str, Atom]:
    """The canonical spelling and the worth of a name of a unit.

    Raises `UnitError` for a name that neither this table nor pint knows.

    >>> atom("mmHg")[1].factor
    Fraction(26664477483, 200000000)
    """
    name = _ALIASES.get(name, name)
    if (found := _PLAIN.get(name) or _PREFIXED.get(name) or _currency(name) or _prefixed(name)) is not None:
        return name, found
    return name, _from_pint(name)


def is_currency(dimension: str) -> bool:
    """Whether a base dimension such as `[EUR]` is money."""
    return dimension[1:-1] in CURRENCIES


def _currency(name: str) -> Atom | None:
    scale, code = (name[0], name[1:]) if name[:1] in ("k", "M") else ("", name)
    if code not in CURRENCIES:
        return None
    return Atom(((f"[{code}]", Fraction(1)),), _PREFIXES.get(scale, Fraction(1)))


def _prefixed(name: str) -> Atom | None:
    prefix, rest = _PREFIXES.get(name[:1]), _PREFIXED.get(name[1:])
    # hbar is the constant of Planck and Dirac, not a hectobar.
    if prefix is None or rest is None or name == "hbar":
        return None
    return Atom(rest.dimension, rest.factor * prefix)


def _from_pint(name: str) -> Atom:
    try:
        one, powers = _in_base_units(1.0, name)
        two, _ = _in_base_units(2.0, name)
    except Exception:  # noqa: BLE001 - pint has no common error: assertion, tokenizer and attribute errors all occur
        raise unknown(name) from None
    if not math.isclose(two, 2 * one):
        raise UnitError(f"expected a unit that scales, got {name!r}", hint="use the linear unit behind it, or 1")
    dimension = tuple((base, Fraction(power).limit_denominator(60)) for base, power in sorted(powers.items()))
    # Fifteen digits: pint multiplies floats, and the noise of that is not part of the definition.
    return Atom(dimension, Fraction(f"{one:.15g}"))


def _in_base_units(number: float, name: str) -> tuple[float, dict[str, float]]:
    registry = _registry()
    worth = registry.Quantity(number, registry.Unit(name)).to_base_units()
    return float(worth.magnitude), {str(base): float(power) for base, power in worth.dimensionality.items()}


def unknown(name: str) -> UnitError:
    """The error for a name that is no unit, with the nearest known ones."""
    near = did_you_mean(name, [*_PLAIN, *_PREFIXED, *_ALIASES, *CURRENCIES])
    return UnitError(f"expected a unit, got {name!r}", hint=near or "units look like 'K', 'ml/min', '1/s'")


@lru_cache(maxsize=1)
def _registry() -> Any:
    # Loading pint takes longer than all the rest of a model; it is needed for uncommon units only.
    import pint

    registry: Any = pint.UnitRegistry()  # pyright: ignore[reportUnknownVariableType]
    return registry
