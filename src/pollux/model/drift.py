r"""A rate with noise, taken apart: $dX = f\,dt + \sum_k g_k\,dW_k$."""

from collections.abc import Iterator

from pollux.model.differentiate import jacobian
from pollux.model.graph import Expr, const, node, operation
from pollux.model.noises import noises_of
from pollux.model.walk import topological


def drift(rate: Expr) -> Expr:
    """$f$: the rate without its noise, with what is then zero left out.

    >>> from pollux.model.graph import leaf
    >>> from pollux.model.units import WHITE, unit
    >>> x, w, k = leaf("state", "x", unit("1/s")), leaf("noise", "w", WHITE), leaf("param", "k", WHITE)
    >>> drift(operation("+", (x, operation("*", (k, w))))) is x
    True
    """
    still: dict[Expr, Expr] = {}
    for expr in topological([rate]):
        # What stands below a total is not visited: it belongs to the linked type, and has no noise.
        args = tuple(still.get(one, one) for one in expr.args)
        still[expr] = const(0.0, expr.unit) if expr.op == "noise" else _rebuilt(expr, args)
    return still[rate]


def diffusion(rate: Expr) -> Iterator[tuple[str, Expr]]:
    """The $g_k$ that are not zero, by the names of their noises."""
    noises = noises_of(rate)
    for (_, column), strength in jacobian((rate,), noises).items():
        yield str(noises[column].data), strength


def _rebuilt(expr: Expr, args: tuple[Expr, ...]) -> Expr:
    if all(one is other for one, other in zip(args, expr.args, strict=True)):
        return expr
    zero = tuple(one.op == "const" and float(one) == 0.0 for one in args)
    gone = {"*": any(zero), "neg": zero[0], "/": zero[0], "where": all(zero[1:])}
    if gone.get(expr.op, False):
        return const(0.0, expr.unit)
    if expr.op in ("+", "-") and zero[1]:
        return args[0]
    if expr.op in ("+", "-") and zero[0]:
        return args[1] if expr.op == "+" else operation("neg", (args[1],))
    return node(expr.op, args, expr.unit, expr.data)
