"""Where a condition becomes true: a number that rises through zero there."""

from pollux.errors import ModelError
from pollux.model.graph import Expr, const, operation
from pollux.model.units import DIMENSIONLESS


def crossing(condition: Expr) -> Expr:
    """The number that is positive where a condition holds and negative where it does not.

    `a >= b` crosses as `a - b`, `a <= b` as `b - a`; `&` is the lesser of two crossings, `|` the greater, `~` the
    negative. Raises `ModelError` for an equality, which is true at a point only and has no side to come from.
    """
    if condition.op in (">", ">="):
        return operation("-", condition.args)
    if condition.op in ("<", "<="):
        return operation("-", condition.args[::-1])
    if condition.op == "not":
        return operation("neg", (crossing(condition.args[0]),))
    if condition.op in ("and", "or"):
        sides = [_pure(crossing(one)) for one in condition.args]
        return operation("min" if condition.op == "and" else "max", tuple(sides))
    raise ModelError(
        "expected a condition that turns from false to true, got an equality",
        hint="compare with >= or <=: a continuous signal equals a number for no time at all",
    )


def _pure(number: Expr) -> Expr:
    # Only the sign counts, so the unit may be dropped where crossings of different units meet.
    unit = number.unit
    return number if unit == DIMENSIONLESS else operation("*", (number, const(1.0, DIMENSIONLESS / unit)))
