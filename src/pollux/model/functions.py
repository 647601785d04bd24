"""The functions of equations; they work alike on nodes, on live values and on symbols of the class."""

from typing import Any, TypeAlias, overload

from pollux.errors import ModelError
from pollux.model.graph import Expr, lift, operation
from pollux.model.symbols import AbstractCondition, AbstractSymbolic, AbstractTerm, Formula, formula
from pollux.model.value import Value

Operand: TypeAlias = Value | float
Scalar: TypeAlias = AbstractTerm | Value | float


def _applied(op: str, *operands: object) -> Any:
    """The operation in the world of its operands: symbols first, then live values, then nodes."""
    if any(isinstance(one, AbstractSymbolic) for one in operands):
        return formula(op, *operands)
    for one in operands:
        if isinstance(one, Value) and not isinstance(one, Expr):
            return one.operate(op, operands)
    lifted = [lift(one) for one in operands]
    known = tuple(one for one in lifted if one is not None)
    if len(known) < len(lifted):
        raise ModelError(f"expected signals and numbers, got {operands[lifted.index(None)]!r:.60}")
    return operation(op, known)


@overload
def minimum(a: AbstractTerm, b: Scalar) -> Formula: ...
@overload
def minimum(a: Scalar, b: AbstractTerm) -> Formula: ...
@overload
def minimum(a: Operand, b: Operand) -> Value: ...
def minimum(a: Scalar, b: Scalar) -> Any:
    """The lesser of two values of one dimension.

    >>> float(minimum(3, 2))
    2.0
    """
    return _applied("min", a, b)


@overload
def maximum(a: AbstractTerm, b: Scalar) -> Formula: ...
@overload
def maximum(a: Scalar, b: AbstractTerm) -> Formula: ...
@overload
def maximum(a: Operand, b: Operand) -> Value: ...
def maximum(a: Scalar, b: Scalar) -> Any:
    """The greater of two values of one dimension: `px.maximum(flow, 0)` is a valve.

    >>> float(maximum(3, 2))
    3.0
    """
    return _applied("max", a, b)


@overload
def clip(x: AbstractTerm, low: Scalar, high: Scalar) -> Formula: ...
@overload
def clip(x: Operand, low: Operand, high: Operand) -> Value: ...
def clip(x: Scalar, low: Scalar, high: Scalar) -> Any:
    """The value, held between `low` and `high`.

    >>> float(clip(7, 0, 5))
    5.0
    """
    return _applied("max", _applied("min", x, high), low)


@overload
def where(condition: AbstractCondition, then: Scalar, otherwise: Scalar) -> Formula: ...
@overload
def where(condition: Value, then: Operand, otherwise: Operand) -> Value: ...
def where(condition: AbstractCondition | Value, then: Scalar, otherwise: Scalar) -> Any:
    """One of two values, by a condition: `px.where(self.temp > self.limit, self.fast, self.slow)`.

    >>> from pollux.model.quantities import quantity
    >>> str(where(quantity(3, "K") > quantity(2, "K"), 1, 0))
    '<where of 3 in 1>'
    """
    return _applied("where", condition, then, otherwise)


@overload
def exp(x: AbstractTerm) -> Formula: ...
@overload
def exp(x: Operand) -> Value: ...
def exp(x: Scalar) -> Any:
    """$e^x$ of a pure number.

    >>> float(exp(0))
    1.0
    """
    return _applied("exp", x)


@overload
def log(x: AbstractTerm) -> Formula: ...
@overload
def log(x: Operand) -> Value: ...
def log(x: Scalar) -> Any:
    """The natural logarithm of a pure number.

    >>> float(log(1))
    0.0
    """
    return _applied("log", x)


@overload
def sqrt(x: AbstractTerm) -> Formula: ...
@overload
def sqrt(x: Operand) -> Value: ...
def sqrt(x: Scalar) -> Any:
    """The square root; its unit is the root of the unit.

    >>> float(sqrt(9))
    3.0
    """
    return _applied("sqrt", x)


@overload
def sin(x: AbstractTerm) -> Formula: ...
@overload
def sin(x: Operand) -> Value: ...
def sin(x: Scalar) -> Any:
    """The sine of an angle, in radians where it has no unit.

    >>> float(sin(0))
    0.0
    """
    return _applied("sin", x)


@overload
def cos(x: AbstractTerm) -> Formula: ...
@overload
def cos(x: Operand) -> Value: ...
def cos(x: Scalar) -> Any:
    """The cosine of an angle, in radians where it has no unit.

    >>> float(cos(0))
    1.0
    """
    return _applied("cos", x)


@overload
def tanh(x: AbstractTerm) -> Formula: ...
@overload
def tanh(x: Operand) -> Value: ...
def tanh(x: Scalar) -> Any:
    """The hyperbolic tangent of a pure number: a smooth step from -1 to 1.

    >>> float(tanh(0))
    0.0
    """
    return _applied("tanh", x)


@overload
def floor(x: AbstractTerm) -> Formula: ...
@overload
def floor(x: Operand) -> Value: ...
def floor(x: Scalar) -> Any:
    """The greatest whole number that is not above a pure number.

    >>> float(floor(-1.5))
    -2.0
    """
    return _applied("floor", x)
