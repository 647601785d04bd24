"""Curves and maps that were measured: `table` reads between the points."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeAlias, cast, final, overload

from pollux.errors import ModelError
from pollux.model.evaluate import evaluate
from pollux.model.graph import Expr, const, lift, node, told_in
from pollux.model.hermite import Points
from pollux.model.units import DIMENSIONLESS, Unit, unit
from pollux.model.value import Value

Operand: TypeAlias = Value | float
Grid: TypeAlias = Mapping[float, Mapping[float, float]]

_OPS: Final[Mapping[str, Literal["table", "spline"]]] = {"straight": "table", "smooth": "spline"}


@final
@dataclass(frozen=True, slots=True)
class Curve:
    """A curve through points: the operation that reads it, and the units of x and of y."""

    op: Literal["table", "spline"]
    points: Points
    x: Unit
    y: Unit

    def of(self, expr: Expr) -> Expr:
        """Its node over an expression, told in the unit of x; its number over a number."""
        told = told_in(expr, self.x)
        found = node(self.op, (told,), self.y, self.points)
        return const(float(evaluate(found)), self.y) if told.op == "const" else found


@overload
def table(
    x: Operand,
    points: Mapping[float, float],
    *,
    units: tuple[str, str] = ("1", "1"),
    curve: Literal["straight", "smooth"] = "straight",
) -> Value: ...
@overload
def table(x: tuple[Operand, Operand], points: Grid, *, units: tuple[str, str, str] = ("1", "1", "1")) -> Value: ...
def table(
    x: Operand | tuple[Operand, Operand],
    points: Mapping[float, float] | Grid,
    *,
    units: tuple[str, ...] | None = None,
    curve: str = "straight",
) -> Value:
    r"""A curve through points, straight between them and level beyond the ends; `units` are those of x and of y.

    `px.table(self.flow, {0: 3.2, 10: 2.9, 20: 1.8}, units=("m**3/h", "bar"))` is the characteristic of a pump. With
    `curve="smooth"` a monotone cubic goes through the points (Fritsch and Carlson 1980, see `pollux.model.hermite`):
    its slope is continuous, and it swings nowhere where the points do not.

    Over two operands it is a map, `px.table((self.speed, self.torque), {1000: {0: 0.7, 50: 0.8}, 3000: {0: 0.6, 50:
    0.9}}, units=("rpm", "N*m", "1"))`, with the same inner x everywhere; between four points it is bilinear, a sum of
    curves $T_i$ of the inner operand $v$ joined by ramps $r_i$ of the outer one $u$ from 0 to 1 between two points:

    $$f(u, v) = T_0(v) + \sum_i r_i(u)\,(T_{i+1} - T_i)(v).$$

    Raises ModelError for fewer than two points, for x that does not increase, and for points that are not finite.

    >>> from pollux.model.evaluate import evaluate
    >>> float(evaluate(table(5, {0: 1.0, 10: 3.0})))
    2.0
    >>> float(evaluate(table(1, {0: 0, 2: 1, 4: 1}, curve="smooth")))
    0.6875
    >>> float(evaluate(table((0.5, 1), {0: {0: 0, 2: 4}, 1: {0: 1, 2: 7}})))
    3.0
    """
    if isinstance(x, tuple):
        return _map(x, points, units or ("1", "1", "1"), curve)
    if curve not in _OPS:
        raise ModelError(f"expected a curve that is straight or smooth, got {curve!r:.60}")
    return _over(x, Curve(_OPS[curve], _checked(points), *_units(units or ("1", "1"), 2)))


def _over(x: object, curve: Curve) -> Value:
    if isinstance(x, Value) and not isinstance(x, Expr):
        return x.operate(curve.op, (x,), curve)
    lifted = lift(x)
    if lifted is None or lifted.is_condition:
        raise ModelError(f"expected a signal or a number, got {x!r:.60}")
    return curve.of(lifted)


def _map(x: tuple[object, ...], grid: Mapping[float, Any], units: tuple[str, ...], curve: str) -> Value:
    outer, inner, of = _units(units, 3)
    if len(x) != 2 or curve != "straight":
        raise ModelError(f"expected a straight table of one or two operands, got {len(x)}, {curve!r:.20}")
    rows = [_checked(cast(Mapping[float, Any], row) if isinstance(row, Mapping) else {}) for row in grid.values()]
    if any(xs != rows[0][0] for xs, _ in rows):
        raise ModelError("expected the same inner x in every row of a map, got others", hint="a grid has no gaps")
    edges = _checked(dict.fromkeys(grid, 0.0))[0]
    found = _over(x[1], Curve("table", rows[0], inner, of))
    for (left, right), (low, high) in zip(itertools.pairwise(edges), itertools.pairwise(rows), strict=True):
        ramp = Curve("table", ((left, right), (0.0, 1.0)), outer, DIMENSIONLESS)
        rise = Curve("table", (low[0], tuple(b - a for a, b in zip(low[1], high[1], strict=True))), inner, of)
        found = found + _over(x[0], ramp) * _over(x[1], rise)
    return found


def _checked(points: Mapping[float, Any]) -> Points:
    xs, ys = tuple(float(one) for one in points), tuple(float(one) for one in points.values())
    if len(xs) < 2 or any(not left < right for left, right in itertools.pairwise(xs)):
        _refuse(f"two points or more with x increasing, got {points!r:.60}")
    if not all(math.isfinite(one) for one in xs + ys):
        _refuse(f"finite points, got {points!r:.60}")
    return xs, ys


def _units(units: tuple[str, ...], count: int) -> tuple[Unit, ...]:
    if len(units) != count:
        _refuse(f"{count} units, got {units!r:.60}")
    return tuple(unit(one) for one in units)


def _refuse(what: str) -> NoReturn:
    raise ModelError(f"expected {what}")
