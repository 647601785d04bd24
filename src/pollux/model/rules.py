"""What each operation asks of the units of its operands, and the unit that comes out.

An operand is told as its unit, or as `None` when it is the bare number zero, which fits every unit. The rules know
nothing of graphs; `graph` asks them before it makes a node.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, final

from pollux.model.units import DIMENSIONLESS, Unit

Units = tuple[Unit | None, ...]


@final
@dataclass(frozen=True, slots=True)
class Ruling:
    """The unit that each operand must be told in, and the unit of the result."""

    wants: tuple[Unit, ...]
    gives: Unit


COMPARISONS: Final = frozenset(("<", "<=", ">", ">=", "=="))
CONNECTIVES: Final = frozenset(("and", "or", "not"))
CONDITIONS: Final = COMPARISONS | CONNECTIVES
LEAVES: Final = frozenset(("const", "state", "param", "time", "phase", "noise", "present"))


def ruling(op: str, units: Units, data: Hashable = None) -> Ruling:
    """The rule of an operation for operands in these units; `UnitError` where they cannot meet.

    >>> from pollux.model.units import unit
    >>> ruling("*", (unit("K/s"), unit("min"))).gives.symbol
    'K*min/s'
    """
    return _RULES[op](units, data)


def _alike(units: Units, data: Hashable) -> Ruling:
    want = next((one for one in units if one is not None), DIMENSIONLESS)
    return Ruling((want,) * len(units), want)


def _compared(units: Units, data: Hashable) -> Ruling:
    return Ruling(_alike(units, data).wants, DIMENSIONLESS)


def _times(units: Units, data: Hashable) -> Ruling:
    left, right = _definite(units)
    return Ruling((left, right), left * right)


def _over(units: Units, data: Hashable) -> Ruling:
    left, right = _definite(units)
    return Ruling((left, right), left / right)


def _power(units: Units, data: Hashable) -> Ruling:
    if isinstance(data, int):
        (base,) = _definite(units)
        return Ruling((base,), base**data)
    return _pure(units, data)


def _root(units: Units, data: Hashable) -> Ruling:
    (base,) = _definite(units)
    return Ruling((base,), base ** Fraction(1, 2))


def _pure(units: Units, data: Hashable) -> Ruling:
    return Ruling((DIMENSIONLESS,) * len(units), DIMENSIONLESS)


def _chosen(units: Units, data: Hashable) -> Ruling:
    branches = _alike(units[1:], data)
    return Ruling((DIMENSIONLESS, *branches.wants), branches.gives)


def _definite(units: Units) -> tuple[Unit, ...]:
    return tuple(one or DIMENSIONLESS for one in units)


_RULES: Final[Mapping[str, Callable[[Units, Hashable], Ruling]]] = {
    **dict.fromkeys(("+", "-", "neg", "abs", "min", "max"), _alike),
    **dict.fromkeys(COMPARISONS, _compared),
    **dict.fromkeys(CONNECTIVES, _pure),
    **dict.fromkeys(("exp", "log", "sin", "cos", "tanh", "floor"), _pure),
    "*": _times,
    "/": _over,
    "pow": _power,
    "sqrt": _root,
    "where": _chosen,
}

OPERATIONS: Final = frozenset(_RULES)
