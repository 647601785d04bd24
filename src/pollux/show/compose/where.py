"""The small language of `where`: comparisons of values, joined by "and".

temp > 350 and wear >= 0.5 and mode == "auto"
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.quality import Quality
from pollux.errors import DataRefused
from pollux.show.facts import Table, TwinType

Compare = Callable[[Any, Any], Any]

_COMPARE: Final[dict[str, Compare]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_TERM: Final = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|==|!=|>|<)\s*(\"[^\"]*\"|[^\s\"]+)\s*")
_HINT: Final = 'for example: temp > 350 and mode == "auto"'


@final
@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a field with a number or a text."""

    field: str
    sign: str
    value: float | str


def parse(text: str) -> tuple[Term, ...]:
    """The comparisons that a text joins by "and"; raises DataRefused.

    >>> parse("temp > 350 and name == \\"a and b\\"")
    (Term(field='temp', sign='>', value=350.0), Term(field='name', sign='==', value='a and b'))
    """
    terms: list[Term] = []
    place = 0
    while True:
        match = _TERM.match(text, place)
        if match is None:
            raise DataRefused(f"expected a comparison, got {text[place : place + 40]!r}", at="?where", hint=_HINT)
        terms.append(Term(match[1], match[2], _value(match[3])))
        place = match.end()
        if place == len(text):
            return tuple(terms)
        if not text.startswith("and ", place):
            raise DataRefused(f'expected "and", got {text[place : place + 40]!r}', at="?where", hint=_HINT)
        place += len("and ")


def holds(terms: tuple[Term, ...], table: Table) -> NDArray[np.bool_]:
    """For which twins of a table all comparisons hold, shape (twins,); a missing value fits none of them."""
    mask = np.ones(len(table.ids), np.bool_)
    for term in terms:
        mask &= _holds(term, table)
    return mask


def names(terms: tuple[Term, ...], type_: TwinType) -> tuple[str, ...]:
    """The fields that are compared; raises DataRefused for one that the type has not."""
    for term in terms:
        if term.field not in type_.index:
            raise DataRefused(f"expected a field of {type_.name}, got {term.field!r}", at="?where", hint=_HINT)
    return tuple(term.field for term in terms)


def _holds(term: Term, table: Table) -> NDArray[np.bool_]:
    compare, place = _COMPARE[term.sign], table.type.index[term.field]
    choices = table.type.fields[place].choices
    if isinstance(term.value, str):
        given = table.texts.get(term.field) or [
            choices[int(code)] if choices and 0 <= code < len(choices) else None for code in table.values[place]
        ]
        return np.array([text is not None and bool(compare(text, term.value)) for text in given], np.bool_)
    numbers = table.values[place]
    there = (table.quality[place] != Quality.MISSING) & ~np.isnan(numbers)
    held: NDArray[np.bool_] = compare(numbers, term.value) & there
    return held


def _value(text: str) -> float | str:
    if text.startswith('"'):
        return text[1:-1]
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return float(text)
    except ValueError:
        raise DataRefused(f"expected a number or a text in quotes, got {text!r}", at="?where", hint=_HINT) from None
