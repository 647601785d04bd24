"""What an equation may give: the unit it must have, and what may not stand in it."""

from collections.abc import Callable

from pollux.errors import ModelError, UnitError
from pollux.model.graph import Expr, told_in
from pollux.model.noises import affine, quiet
from pollux.model.units import SECOND, Unit
from pollux.model.walk import topological


def rate_fit(unit: Unit, name: str) -> Callable[[Expr], Expr]:
    """The check of a rate: told in the unit of its state per second, without windows, affine in noise."""
    what = f"the rate of {name}"
    return lambda expr: affine(steady(fit(expr, unit, what), what), what)


def residual_fit(name: str) -> Callable[[Expr], Expr]:
    """The check of a residual, which is zero in whatever unit it has."""
    what = f"the residual of {name}"
    return lambda expr: quiet(steady(number(expr, what), what), what)


def period_fit(name: str) -> Callable[[Expr], Expr]:
    """The check of the length of a cycle."""
    return lambda expr: quiet(steady(fit(expr, SECOND, name), name), name)


def value_fit(unit: Unit, name: str) -> Callable[[Expr], Expr]:
    """The check of what a sensor reads or a state becomes."""
    return lambda expr: quiet(fit(expr, unit, name), name)


def fit(expr: Expr, want: Unit, what: str) -> Expr:
    """The number told in a unit; raises `UnitError` where its dimension is another."""
    number(expr, f"{want} for {what}")
    bare = expr.op == "const" and float(expr) == 0.0
    if expr.unit.dimension != want.dimension and not bare:
        hint = f"what is missing is a factor in {want / expr.unit}"
        raise UnitError(f"expected {want} for {what}, got {expr.unit}", hint=hint)
    return told_in(expr, want)


def number(expr: Expr, what: str) -> Expr:
    """The expression, which must not be a condition."""
    if expr.is_condition:
        raise ModelError(f"expected {what}, got a condition", hint="px.where(condition, 1, 0)")
    return expr


def condition(expr: Expr) -> Expr:
    """The expression, which must be a condition."""
    if not expr.is_condition:
        raise ModelError(f"expected a condition, got a number in {expr.unit}", hint="return self.wear >= 1")
    return expr


def steady(expr: Expr, what: str) -> Expr:
    """The expression, in which no window may stand."""
    if any(one.op == "window" for one in topological([expr])):
        raise ModelError(
            f"expected {what} to follow from states, got a window, which is missing at first",
            hint="let a px.hidden follow the quantity with a rate: (self.x - self.felt) / self.lag",
        )
    return expr


def check_windows(expr: Expr) -> None:
    """Refuse a window inside a window."""
    for window in topological([expr]):
        if window.op == "window" and any(one.op == "window" for one in topological(window.args)):
            raise ModelError("expected one window, got a window inside a window", hint="use one of them")
