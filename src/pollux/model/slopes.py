r"""How a slope passes through each operation: $(u, \partial u) \mapsto \partial f(u)$, zeros and ones folded away.

A slope that is zero everywhere is None, so that nothing is built for it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias, cast

from pollux.model.graph import Expr, const, operation
from pollux.model.hermite import Cubic, Points, cubics
from pollux.model.units import Unit

Slopes: TypeAlias = tuple[Expr | None, ...]
"""What each operand of a node changes by; None where it does not change."""

_LEAST_POWER: Final = -16
_TINY: Final = 2.2250738585072014e-308


def slope_of(expr: Expr, slopes: Slopes) -> Expr | None:
    """The slope of a node, by the slopes of its operands; None for what is held, chosen whole or floored.

    >>> from pollux.model.graph import leaf
    >>> n = leaf("state", "n", const(1.0).unit)
    >>> slope_of(operation("exp", (n,)), (const(1.0),))
    <exp of 1 in 1>
    """
    rule = _RULES.get(expr.op)
    return None if rule is None or all(one is None for one in slopes) else rule(expr, slopes)


# -- arithmetic in which None is zero


def _plus(a: Expr | None, b: Expr | None) -> Expr | None:
    if a is None or b is None:
        return a if b is None else b
    if b.op == "neg":
        return _minus(a, b.args[0])
    return _some(operation("+", (a, b)))


def _minus(a: Expr | None, b: Expr | None) -> Expr | None:
    if a is None or b is None:
        return a if b is None else _negative(b)
    return None if a is b else _some(operation("-", (a, b)))


def _negative(a: Expr | None) -> Expr | None:
    if a is None:
        return None
    return a.args[0] if a.op == "neg" else operation("neg", (a,))


def _times(a: Expr | None, b: Expr | None) -> Expr | None:
    """The product, its numbers gathered in front."""
    if a is None or b is None:
        return None
    if _is_one(a) or _is_one(b):
        return b if _is_one(a) else a
    if b.op == "const" or (b.op == "*" and b.args[0].op == "const" and a.op != "const"):
        a, b = b, a
    if a.op == "const" and b.op == "*" and b.args[0].op == "const":
        return _times(operation("*", (a, b.args[0])), b.args[1])
    return _some(operation("*", (a, b)))


def _over(a: Expr | None, b: Expr) -> Expr | None:
    return None if a is None else _some(operation("/", (a, b)))


def _some(expr: Expr) -> Expr | None:
    return None if expr.op == "const" and float(expr) == 0.0 else expr


def _is_one(expr: Expr) -> bool:
    return expr.op == "const" and float(expr) == 1.0 and expr.unit.symbol == "1"


def _or_zero(a: Expr | None, unit: Unit) -> Expr:
    return const(0.0, unit) if a is None else a


# -- one rule for each operation: the node and the slopes of its operands make the slope of the node


def _sum(expr: Expr, slopes: Slopes) -> Expr | None:
    return _plus(*slopes)


def _difference(expr: Expr, slopes: Slopes) -> Expr | None:
    return _minus(*slopes)


def _product(expr: Expr, slopes: Slopes) -> Expr | None:
    return _plus(_times(slopes[0], expr.args[1]), _times(expr.args[0], slopes[1]))


def _quotient(expr: Expr, slopes: Slopes) -> Expr | None:
    return _over(_minus(slopes[0], _times(expr, slopes[1])), expr.args[1])


def _sign(expr: Expr, slopes: Slopes) -> Expr | None:
    return _negative(slopes[0])


def _magnitude(expr: Expr, slopes: Slopes) -> Expr | None:
    (inner,), slope = expr.args, cast(Expr, slopes[0])
    return operation("where", (operation("<", (inner, const(0.0))), cast(Expr, _negative(slope)), slope))


def _lesser(expr: Expr, slopes: Slopes) -> Expr | None:
    return _chosen(operation("<=", expr.args), slopes)


def _greater(expr: Expr, slopes: Slopes) -> Expr | None:
    return _chosen(operation(">=", expr.args), slopes)


def _where(expr: Expr, slopes: Slopes) -> Expr | None:
    return _chosen(expr.args[0], slopes[1:])


def _chosen(condition: Expr, slopes: Slopes) -> Expr | None:
    then, otherwise = slopes
    known = otherwise if then is None else then
    if known is None or then is otherwise:
        return known
    return operation("where", (condition, _or_zero(then, known.unit), _or_zero(otherwise, known.unit)))


def _power(expr: Expr, slopes: Slopes) -> Expr | None:
    if isinstance(expr.data, int):
        return _times(_whole_power(expr, expr.data), slopes[0])
    base, power = expr.args
    below = operation("pow", (base, operation("-", (power, const(1.0)))))
    along_base = _times(_times(power, below), slopes[0]) if slopes[0] is not None else None
    if slopes[1] is None:
        return along_base
    # The logarithm of zero would make 0 * inf of what is zero.
    steep = operation("log", (operation("max", (base, const(_TINY))),))
    return _plus(along_base, _times(_times(expr, steep), slopes[1]))


def _whole_power(expr: Expr, power: int) -> Expr | None:
    """$n x^{n-1}$."""
    (base,) = expr.args
    if power == 0:
        return None
    if power == _LEAST_POWER:
        return _times(const(float(power)), operation("/", (expr, base)))
    if power == 1:
        return const(1.0)
    return _times(const(float(power)), base if power == 2 else operation("pow", (base,), power - 1))


def _exponential(expr: Expr, slopes: Slopes) -> Expr | None:
    return _times(expr, slopes[0])


def _logarithm(expr: Expr, slopes: Slopes) -> Expr | None:
    return _over(slopes[0], expr.args[0])


def _root(expr: Expr, slopes: Slopes) -> Expr | None:
    return _over(_times(const(0.5), slopes[0]), expr)


def _sine(expr: Expr, slopes: Slopes) -> Expr | None:
    return _times(operation("cos", expr.args), slopes[0])


def _cosine(expr: Expr, slopes: Slopes) -> Expr | None:
    return _negative(_times(operation("sin", expr.args), slopes[0]))


def _tanh(expr: Expr, slopes: Slopes) -> Expr | None:
    return _times(operation("-", (const(1.0), operation("pow", (expr,), 2))), slopes[0])


def _table(expr: Expr, slopes: Slopes) -> Expr | None:
    xs, ys = cast(Points, expr.data)
    steps = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(zip(xs, ys, strict=True))]
    (x,) = expr.args
    unit = expr.unit / x.unit
    return _times(_some(stepped(x, xs, [const(one, unit) for one in (0.0, *steps, 0.0)])), slopes[0])


def _spline(expr: Expr, slopes: Slopes) -> Expr | None:
    (x,) = expr.args
    points = cast(Points, expr.data)
    level = const(0.0, expr.unit / x.unit)
    pieces = [_steepness(x, one, expr.unit) for one in cubics(points)]
    return _times(_some(stepped(x, points[0], [level, *pieces, level])), slopes[0])


def _steepness(x: Expr, cubic: Cubic, height: Unit) -> Expr:
    """The slope of one interval, $c_1 + t (2 c_2 + 3 c_3 t)$."""
    t = operation("-", (x, const(cubic.x0, x.unit)))
    c1, c2, c3 = const(cubic.c1, height / x.unit), const(2.0 * cubic.c2, height / x.unit**2), 3.0 * cubic.c3
    bent = _plus(_some(c2), _times(t, _some(const(c3, height / x.unit**3))))
    return _or_zero(_plus(_some(c1), _times(t, bent)), height / x.unit)


def stepped(x: Expr, xs: Sequence[float], pieces: Sequence[Expr]) -> Expr:
    """The piece that belongs to x: the first below `xs[0]`, the next from there on; choices halve the rest.

    >>> from pollux.model.evaluate import evaluate
    >>> float(evaluate(stepped(const(2.0), (0.0, 2.0), [const(5.0), const(6.0), const(7.0)])))
    7.0
    """
    if len(pieces) == 1:
        return pieces[0]
    middle = (len(xs) - 1) // 2
    low = stepped(x, xs[:middle], pieces[: middle + 1])
    high = stepped(x, xs[middle + 1 :], pieces[middle + 1 :])
    return low if low is high else operation("where", (operation("<", (x, const(xs[middle], x.unit))), low, high))


_Rule: TypeAlias = Callable[[Expr, Slopes], Expr | None]

_RULES: Final[Mapping[str, _Rule]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "neg": _sign,
    "abs": _magnitude,
    "min": _lesser,
    "max": _greater,
    "where": _where,
    "pow": _power,
    "exp": _exponential,
    "log": _logarithm,
    "sqrt": _root,
    "sin": _sine,
    "cos": _cosine,
    "tanh": _tanh,
    "table": _table,
    "spline": _spline,
}
