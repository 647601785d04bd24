r"""Exact derivatives on the graph, by forward differentiation.

One pass over the nodes, operands first, carries beside each node $u$ the nonzero $\partial u/\partial x_j$ of the
leaves $x_j$ that it depends on, so what expressions share is differentiated once. The derivative is again a graph, in
the unit of the expression over that of the leaf; zeros and ones are folded away.

At the kink of `abs`, `min`, `max` and between the points of a `table` one side counts: the right one of `abs` and
`table`, that of the first operand where two are equal. Conditions choose and have no derivative. What is held has
the derivative zero by definition: `window` keeps the value of a closed stretch, `settled` that of its last run, `delay`
that of the past, and a `total` stands in the names of other twins.

A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 3.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pollux.errors import ModelError
from pollux.model.graph import Expr, const
from pollux.model.slopes import slope_of
from pollux.model.walk import topological

LEAVES: Final = frozenset(("state", "param", "phase", "time", "noise"))
"""What can be differentiated by."""

_HELD: Final = frozenset(("window", "settled", "delay"))


def derivative(expr: Expr, by: Expr) -> Expr:
    r"""The graph of $\partial f/\partial x$, in the unit of `expr` over that of the leaf `by`.

    Raises ModelError where `expr` is a condition or `by` is no state, parameter, phase, time or noise.

    >>> from pollux.model.graph import leaf, operation
    >>> from pollux.model.latex import latex
    >>> from pollux.model.units import unit
    >>> x = leaf("state", "x", unit("m"))
    >>> latex(derivative(operation("sin", (operation("/", (x, const(2.0, unit("m")))),)), x))
    '0.5\\,\\mathrm{m^{-1}} \\, \\cos\\left(\\frac{x}{2\\,\\mathrm{m}}\\right)'
    """
    found = jacobian((expr,), (by,)).get((0, 0))
    return const(0.0, expr.unit / by.unit) if found is None else found


def jacobian(exprs: Sequence[Expr], by: Sequence[Expr]) -> Mapping[tuple[int, int], Expr]:
    r"""The nonzero $\partial f_i/\partial x_j$ by place `(i, j)`, row by row; what is zero everywhere is left out.

    Raises ModelError where an expression is a condition or one of `by` is no leaf.

    >>> from pollux.model.graph import leaf, operation
    >>> from pollux.model.units import unit
    >>> x, y = leaf("state", "x", unit("m")), leaf("state", "y", unit("m"))
    >>> jacobian((operation("+", (x, y)), operation("*", (y, y))), (x, y)).keys()
    dict_keys([(0, 0), (0, 1), (1, 1)])
    """
    _check(exprs, by)
    slopes = _slopes(exprs, {leaf: place for place, leaf in enumerate(by)})
    return {(row, column): slopes[expr][column] for row, expr in enumerate(exprs) for column in sorted(slopes[expr])}


def _check(exprs: Sequence[Expr], by: Sequence[Expr]) -> None:
    for one in by:
        if one.op not in LEAVES:
            raise ModelError(f"expected a signal, a phase or time to differentiate by, got {one!r}")
    for one in exprs:
        if one.is_condition:
            raise ModelError("expected a number to differentiate, got a condition", hint="px.where(condition, 1, 0)")


def _slopes(exprs: Sequence[Expr], place: Mapping[Expr, int]) -> dict[Expr, dict[int, Expr]]:
    """For each node its slopes along the leaves, by the place of the leaf."""
    slopes: dict[Expr, dict[int, Expr]] = {}
    for expr in topological(exprs, stop=_HELD):
        if expr in place:
            slopes[expr] = {place[expr]: const(1.0)}
        else:
            # What stands below a held value is not visited.
            slopes[expr] = _through(expr, [slopes.get(one, {}) for one in expr.args])
    return slopes


def _through(expr: Expr, below: list[dict[int, Expr]]) -> dict[int, Expr]:
    columns = sorted({column for one in below for column in one})
    found = {column: slope_of(expr, tuple(one.get(column) for one in below)) for column in columns}
    return {column: slope for column, slope in found.items() if slope is not None}
