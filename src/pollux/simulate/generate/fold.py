"""Constant folding: what is known while the kernel is written is not computed while it runs.

Only rewrites that keep every bit are made (`x * 1`, `x / 1`, `x - 0`), so that they hold for strict arithmetic too;
`0 * x` stays, because x may be NaN. `x + 0` becomes x: it differs for x = -0 alone, and alike in every printer.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from pollux.simulate.generate.assign import Arg


def _floor(x: float) -> float:
    return float(math.floor(x))


def _over(x: float, y: float) -> float:
    return x / y


def _both(a: bool, b: bool) -> bool:
    return a and b


def _either(a: bool, b: bool) -> bool:
    return a or b


_KNOWN: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _over,
    "neg": operator.neg,
    "abs": operator.abs,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "max": max,
    "min": min,
    "sqrt": math.sqrt,
    "floor": _floor,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "pow": math.pow,
    "not": operator.not_,
    "and": _both,
    "or": _either,
}


def fold(op: str, args: tuple[Arg, ...]) -> Arg | None:
    """The value of an operation where it is known or is one of its arguments, else None.

    >>> fold("+", (2.0, 3.0)), fold("*", ("v3", 1.0)), fold("*", ("v3", 0.0))
    (5.0, 'v3', None)
    """
    if op == "where":
        return _choice(*args)
    if not any(isinstance(a, str) for a in args):
        return _computed(op, args)
    return _unit(op, args)


def _choice(condition: Arg, then: Arg, otherwise: Arg) -> Arg | None:
    if isinstance(condition, bool):
        return then if condition else otherwise
    return then if repr(then) == repr(otherwise) else None


def _computed(op: str, args: tuple[Arg, ...]) -> Arg | None:
    """Folded only where the result is finite: overflow and division by zero are left to the kernel's own rules."""
    known = _KNOWN.get(op)
    if known is None:
        return None
    try:
        value: float | bool = known(*args)
    except (ArithmeticError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _unit(op: str, args: tuple[Arg, ...]) -> Arg | None:
    first, last = args[0], args[-1]
    if op in ("and", "or"):
        return _logic(op, first, last)
    if op in ("max", "min") and first == last:
        return first
    neutral = {"+": 0.0, "-": 0.0, "*": 1.0, "/": 1.0}.get(op)
    if neutral is None:
        return None
    if _is(last, neutral):
        return first
    return last if op in ("+", "*") and _is(first, neutral) else None


def _logic(op: str, first: Arg, last: Arg) -> Arg | None:
    for one, other in ((first, last), (last, first)):
        if isinstance(one, bool):
            return other if one is (op == "and") else one
    return first if first == last else None


def _is(arg: Arg, number: float) -> bool:
    return isinstance(arg, float) and arg == number
