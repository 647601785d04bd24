"""Operations on plain numbers, done while a graph is built."""

import math
import operator
from collections.abc import Callable, Hashable, Mapping
from typing import Final

from pollux.errors import ModelError


def folded(op: str, numbers: tuple[float, ...], data: Hashable = None) -> float | None:
    """The number that an operation makes of numbers; None where it makes a condition or a table.

    Raises `ModelError` where there is no such number, such as the logarithm of -1.

    >>> folded("+", (1.0, 2.0)), folded("<", (1.0, 2.0))
    (3.0, None)
    """
    function: Callable[..., float] | None = _ONE.get(op) if len(numbers) == 1 else _TWO.get(op)
    if op == "pow" and isinstance(data, int):
        numbers, function = (numbers[0], float(data)), math.pow
    if function is None:
        return None
    try:
        return function(*numbers)
    except (ValueError, ArithmeticError):
        raise ModelError(
            f"expected numbers with a finite result, got {op} of {', '.join(map(repr, numbers))}"
        ) from None


def _floor(number: float) -> float:
    return float(math.floor(number))


def _lesser(left: float, right: float) -> float:
    return min(left, right)


def _greater(left: float, right: float) -> float:
    return max(left, right)


_ONE: Final[Mapping[str, Callable[[float], float]]] = {
    "neg": operator.neg,
    "abs": math.fabs,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "floor": _floor,
}

_TWO: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": float.__add__,
    "-": float.__sub__,
    "*": float.__mul__,
    "/": float.__truediv__,
    "pow": math.pow,
    "min": _lesser,
    "max": _greater,
}
