"""The written form of units: products of powers, read and written without evaluating anything."""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final, NoReturn, final

from pollux.errors import UnitError
from pollux.model.atoms import atom

Terms = tuple[tuple[str, Fraction], ...]

_LONGEST: Final = 200
_TOKEN: Final = re.compile(r"\s*(\*\*|[*·/^()-]|\d+\.?\d*|[^\W\d]\w*|[%°€£]\w*)\s*")


def read(text: str) -> Terms:
    """The atoms of a unit and their powers, in canonical order.

    >>> read("mmHg*s/ml")
    (('ml', Fraction(-1, 1)), ('mmHg', Fraction(1, 1)), ('s', Fraction(1, 1)))
    """
    return merged((atom(name)[0], power) for name, power in _Reader(text).read())


def merged(terms: Iterable[tuple[str, Fraction]]) -> Terms:
    """The same product with each name once, sorted, without zero powers."""
    powers: dict[str, Fraction] = {}
    for name, power in terms:
        powers[name] = powers.get(name, Fraction(0)) + power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def written(terms: Terms) -> str:
    """The canonical text of a product: `read(written(terms)) == terms`.

    >>> written(read("1/s * K / rpm**2"))
    'K/rpm**2/s'
    """
    above = "*".join(_powered(name, power) for name, power in terms if power > 0)
    below = "".join("/" + _powered(name, -power) for name, power in terms if power < 0)
    return (above or "1") + below


def _powered(name: str, power: Fraction) -> str:
    if power == 1:
        return name
    return f"{name}**{power}" if power.denominator == 1 else f"{name}**({power})"


@final
class _Reader:
    """Reads one text from left to right; units come from outside too, so everything is bounded."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._at = 0

    def read(self) -> list[tuple[str, Fraction]]:
        terms = self._product()
        return terms if self._at == len(self._tokens) else self._refuse()

    def _split(self) -> list[str]:
        if not 0 < len(self._text) <= _LONGEST:
            self._refuse()
        tokens: list[str] = []
        at = 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at) or self._refuse()
            tokens.append(match[1])
            at = match.end()
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1] if self._at <= len(self._tokens) else self._refuse()

    def _product(self) -> list[tuple[str, Fraction]]:
        terms = self._factor()
        while self._peek() in ("*", "·", "/"):
            sign = -1 if self._take() == "/" else 1
            terms += [(name, sign * power) for name, power in self._factor()]
        return terms

    def _factor(self) -> list[tuple[str, Fraction]]:
        terms = self._primary()
        if self._peek() not in ("**", "^"):
            return terms
        self._take()
        exponent = self._exponent()
        return [(name, power * exponent) for name, power in terms]

    def _primary(self) -> list[tuple[str, Fraction]]:
        word = self._take()
        if word == "(":
            terms = self._product()
            return terms if self._take() == ")" else self._refuse()
        if word == "1":
            return []
        return self._refuse() if word[0] in "*/^()-·0123456789" else [(word, Fraction(1))]

    def _exponent(self) -> Fraction:
        if self._peek() != "(":
            return self._number()
        self._take()
        power = self._number()
        if self._peek() == "/":
            self._take()
            power /= self._number() or self._refuse()
        return power if self._take() == ")" else self._refuse()

    def _number(self) -> Fraction:
        sign = -1 if self._peek() == "-" else 1
        digits = self._take() if sign == 1 else (self._take(), self._take())[1]
        power = Fraction(digits) if digits[0].isdigit() else self._refuse()
        return sign * power

    def _refuse(self) -> NoReturn:
        raise UnitError(
            f"expected a unit, got {self._text[:_LONGEST]!r}",
            hint="units are products of powers: 'K', 'ml/min', 'mmHg*s/ml', 'm**2', '1/s'",
        )
