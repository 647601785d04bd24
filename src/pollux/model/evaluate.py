"""The numbers of an expression, by NumPy, for live views and as the reference that kernels are held against."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from pollux.errors import ModelError
from pollux.model.graph import Expr
from pollux.model.hermite import Points, smooth
from pollux.model.value import Value
from pollux.model.walk import topological

Numbers: TypeAlias = NDArray[Any]
Leaf: TypeAlias = Callable[[Expr], "Numbers | float"]

OUTSIDE: Final = frozenset(
    ("state", "param", "phase", "time", "window", "total", "gather", "present", "settled", "delay")
)
"""The operations whose numbers come from outside of the expression: `leaf` is asked for them."""


def evaluate(expr: Value, leaf: Leaf | None = None) -> Numbers:
    """The numbers of an expression, in its unit, broadcast over whatever shapes the leaves have.

    `leaf` gives the numbers of `OUTSIDE` nodes; white noise counts as its mean, zero. Nothing is raised for overflow or
    a bad argument: the result is infinity or NaN there, as in a kernel.

    >>> from pollux.model.quantities import quantity
    >>> float(evaluate(quantity(3, "K") + quantity(2, "K")))
    5.0
    """
    if not isinstance(expr, Expr):
        raise ModelError(f"expected an expression, got {type(expr).__name__}")
    return evaluate_all((expr,), leaf)[0]


def evaluate_all(roots: tuple[Expr, ...], leaf: Leaf | None = None) -> list[Numbers]:
    """The numbers of several expressions, with what they share computed once."""
    found: dict[Expr, Numbers] = {}
    with np.errstate(all="ignore"):
        for expr in topological(roots, stop=OUTSIDE):
            args = [] if expr.op in OUTSIDE else [found[one] for one in expr.args]
            found[expr] = _one(expr, args, leaf)
    return [found[one] for one in roots]


def _one(expr: Expr, args: list[Numbers], leaf: Leaf | None) -> Numbers:
    if expr.op in OUTSIDE:
        if leaf is None:
            raise ModelError(f"expected numbers for {expr!r}, got no reader of signals")
        return np.asarray(leaf(expr))
    if expr.op == "const":
        return np.asarray(expr.data)
    if expr.op == "noise":
        return np.asarray(0.0)
    if expr.op == "table":
        return np.asarray(np.interp(args[0], *cast(Points, expr.data)))
    if expr.op == "spline":
        return smooth(cast(Points, expr.data), args[0])
    if expr.op == "pow" and isinstance(expr.data, int):
        return np.asarray(np.float_power(args[0], expr.data))
    return np.asarray(_NUMPY[expr.op](*args))


_NUMPY: Final[Mapping[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "pow": np.float_power,
    "min": np.minimum,
    "max": np.maximum,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "floor": np.floor,
}
