"""How things are written for people: numbers, counts, names."""

import math
from typing import Final

from pollux.clock import DAY, HOUR, MINUTE, SECOND

MINUS = "\N{MINUS SIGN}"


def number(value: float) -> str:
    """A number with four digits at most, thousands apart, and a true minus sign.

    >>> number(-1234.5), number(0.12345), number(86.9), number(3.0)
    ('−1,234', '0.1235', '86.9', '3')
    """
    if not math.isfinite(value):
        return "–"
    size = math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:,.{max(0, min(6, 3 - size))}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def amount(value: float, unit: str) -> str:
    """A number with its unit.

    >>> amount(2400.0, "rpm"), amount(0.5, "1")
    ('2,400 rpm', '0.5')
    """
    return number(value) if unit in ("", "1") else f"{number(value)} {unit}"


def count(n: int, one: str, many: str = "") -> str:
    """A number of things.

    >>> count(1, "twin"), count(12, "twin"), count(2, "pulse oximetry", "pulse oximetries")
    ('1 twin', '12 twins', '2 pulse oximetries')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


_LENGTHS: Final = ((DAY, "day"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


def stretch(length: int) -> str:
    """A length of time (ns) in the largest unit that fits whole.

    >>> stretch(3 * DAY), stretch(90 * MINUTE), stretch(DAY)
    ('3 days', '90 min', '1 day')
    """
    unit, word = next(((u, w) for u, w in _LENGTHS if length >= u and length % u == 0), _LENGTHS[-1])
    n = length // unit
    return f"{n:,} {word}{'s' if word == 'day' and n != 1 else ''}"


def age(length: int) -> str:
    """How long ago something was (ns), as people say it.

    >>> age(300_000_000), age(95 * SECOND), age(26 * HOUR), age(-5)
    ('0.3 s', '95 s', '26 h', '0.0 s')
    """
    if length < 10 * SECOND:
        return f"{max(0, length) / SECOND:.1f} s"
    unit, word = next((u, w) for u, w in _LENGTHS if length >= 2 * u or u == SECOND)
    return f"{length // unit:,} {word}{'s' if word == 'day' else ''}"


def title(name: str) -> str:
    """A name of a signal or a type as a title.

    >>> title("lv.end_volume"), title("HeatPump")
    ('Lv end volume', 'Heat pump')
    """
    spaced = "".join(f" {mark.lower()}" if mark.isupper() and place else mark for place, mark in enumerate(name))
    words = " ".join(spaced.replace(".", " ").replace("_", " ").split())
    return words[:1].upper() + words[1:]
