"""The expression graph: one node per distinct expression, each with its unit.

Equal expressions are the same object (hash-consing), so common subexpressions are shared for free and `is` compares
them. The table of nodes holds them weakly. Numbers are already in the unit of their node: where two units of one
dimension meet, a constant factor stands in the graph.

`op` is one of `OPERATIONS`, or `const` (data: the number), `state`, `param`, `phase` and `noise` (data: the dotted
name), `time` (seconds since 1970 UTC), `table` and `spline` (data: their xs and ys), `delay` (data: seconds), `window`
(data: a `Window`), `total` (data: the name of the link; its operand stands in the names of the linked type), `gather`
(the same for a link to one twin), `present` (data: the name of the link that leads somewhere or not) and `settled`
(data: a `Settled`).
"""

import math
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeGuard, final

import numpy as np
from numpy.typing import NDArray

from pollux.errors import ModelError, UnitError
from pollux.model.folding import folded
from pollux.model.rules import CONDITIONS, OPERATIONS, ruling
from pollux.model.units import DIMENSIONLESS, Unit, scale
from pollux.model.value import Floats, Value

if TYPE_CHECKING:
    from pollux.model.schema import Schema

_GREATEST_POWER: Final = 16
_BRANCH: Final = (
    "px.where(condition, then, otherwise) chooses by value; & | ~ join conditions; px.maximum instead of max"
)


@final
@dataclass(frozen=True, slots=True)
class Window:
    """A reading over a stretch of time: `name` is the cycle or event that closes it, `seconds` its length otherwise.

    `peak`, `trough`, `mean` and `last` are in the unit of their operand; `sum` is the integral over time, in that unit
    times seconds. The result is that of the last closed window, missing (NaN) before the first.
    """

    kind: Literal["peak", "trough", "mean", "last", "sum"]
    over: Literal["cycle", "event", "duration"]
    name: str = ""
    seconds: float = 0.0


@final
@dataclass(frozen=True, slots=True)
class Settled:
    """The `output` of a fast model, run for `over_seconds` with the operands of the node as its `inputs`.

    `every_seconds` is how often the slow model asks again, `step_seconds` the step of the fast one; None leaves them to
    the run.
    """

    schema: "Schema"
    inputs: tuple[str, ...]
    over_seconds: float
    output: str
    every_seconds: float | None = None
    step_seconds: float | None = None


@final
class Expr(Value):
    """A node of the graph: `op` applied to `args`, in `unit`; `data` is what else the operation needs to know."""

    __slots__ = ("__weakref__", "args", "data", "op", "unit")

    op: str
    args: "tuple[Expr, ...]"
    unit: Unit
    data: Hashable

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise ModelError("expected a new expression, got a change to one", hint="expressions are values")

    def __reduce__(self) -> tuple[Any, ...]:
        return node, (self.op, self.args, self.unit, self.data)

    def __repr__(self) -> str:
        about = f" {self.data!r}" if self.data is not None and self.op != "settled" else ""
        return f"<{self.op}{about} of {len(self.args)} in {self.unit}>"

    @property
    def is_condition(self) -> bool:
        """Whether this is true or false rather than a number."""
        return self.op in CONDITIONS or self.op in ("event", "present")

    def operate(self, op: str, operands: tuple[Any, ...], data: Hashable = None) -> Any:
        lifted = [lift(one) for one in operands]
        if any(one is None for one in lifted):
            # An equality that nobody knows would be False in silence; all else becomes a TypeError.
            return _refuse_equality(operands) if op == "==" else NotImplemented
        return operation(op, tuple(one for one in lifted if one is not None), data)

    @property
    def sigma(self) -> Floats:
        return _no_numbers(".sigma")

    @property
    def age(self) -> Floats:
        return _no_numbers(".age")

    @property
    def quality(self) -> NDArray[np.uint8]:
        return _no_numbers(".quality")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return _no_numbers("an array")

    def __float__(self) -> float:
        return self.data if isinstance(self.data, float) and self.op == "const" else _no_numbers("float")

    def __bool__(self) -> bool:
        raise ModelError("expected an expression, got a Python branch on a signal", hint=_BRANCH)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        op = _UFUNCS.get(ufunc.__name__)
        # NumPy hands its own scalars over as arrays without dimensions.
        if op is not None and method == "__call__" and all(one.ndim == 0 for one in inputs if _is_array(one)):
            return self.operate(op, tuple(float(one) if _is_array(one) else one for one in inputs))
        word = _WORDS.get(ufunc.__name__)
        hint = f"use px.{word} in equations" if word else "write the equation with the functions of px"
        raise ModelError(f"expected px functions, got np.{ufunc.__name__} of a signal", hint=hint)


def _is_array(thing: object) -> TypeGuard[NDArray[Any]]:
    return isinstance(thing, np.ndarray)


_UFUNCS: Final = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "true_divide": "/",
    "power": "pow",
    "float_power": "pow",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
}
_WORDS: Final = {
    **{word: word for word in ("exp", "log", "sqrt", "sin", "cos", "tanh", "floor", "minimum", "maximum", "clip")},
    "fmin": "minimum",
    "fmax": "maximum",
}


def _refuse_equality(operands: tuple[Any, ...]) -> NoReturn:
    raise ModelError(f"expected signals and numbers to compare, got {operands!r:.60}")


def _no_numbers(what: str) -> NoReturn:
    raise ModelError(
        f"expected a live value for {what}, got a signal inside an equation",
        hint="an equation has no numbers yet: use px.exp, not math.exp or np.exp",
    )


_nodes: "weakref.WeakValueDictionary[Hashable, Expr]" = weakref.WeakValueDictionary()


def node(op: str, args: tuple[Expr, ...], unit: Unit, data: Hashable = None) -> Expr:
    """The one node of this kind; units are taken as told, `operation` is the door that checks them."""
    # Operands are known by id: they live as long as the node that holds them, so no id is reused while it is a key.
    exact = (data, math.copysign(1.0, data)) if isinstance(data, float) else data
    key = (op, tuple(id(one) for one in args), unit.symbol, exact)
    found = _nodes.get(key)
    if found is None:
        found = object.__new__(Expr)
        for name, value in (("op", op), ("args", args), ("unit", unit), ("data", data)):
            object.__setattr__(found, name, value)
        _nodes[key] = found
    return found


def const(number: float, unit: Unit = DIMENSIONLESS) -> Expr:
    """A number in a unit."""
    if math.isnan(number):
        raise ModelError("expected a number, got NaN", hint="what is not known yet is a px.hidden or a prior")
    return node("const", (), unit, float(number))


def leaf(op: Literal["state", "param", "phase", "noise"], name: str, unit: Unit) -> Expr:
    """A signal, the phase of a cycle or a noise, by its dotted name."""
    return node(op, (), unit, name)


def lift(thing: object) -> Expr | None:
    """A thing as a node; `None` for other kinds of values, `ModelError` for what can never be one."""
    if isinstance(thing, Expr):
        return thing
    if isinstance(thing, _NEVER):
        raise ModelError(f"expected a signal or a number, got {thing!r:.60}", hint=_hint_for(thing))
    return const(float(thing)) if isinstance(thing, Real) else None


_NEVER: Final[tuple[type, ...]] = (bool, np.bool_, str, tuple, list, dict, type(None))


def _hint_for(thing: object) -> str:
    if isinstance(thing, str):
        return "texts take no part in equations; a number with a unit is px.quantity(350, 'K')"
    if isinstance(thing, bool | np.bool_):
        return "a condition compares signals, such as self.temp > self.limit"
    return "an equation returns a value, or a tuple with one value per state"


def operation(op: str, operands: tuple[Expr, ...], data: Hashable = None) -> Expr:
    """The node of an operation on nodes, with its units checked and brought together.

    Raises `UnitError` where dimensions differ, `ModelError` for a condition used as a number and the reverse.
    """
    if op not in OPERATIONS:
        raise ModelError(f"expected an operation of the graph, got {op!r}")
    _check_kinds(op, operands)
    if op == "pow" and len(operands) == 2:
        return _power(*operands)
    rule = ruling(op, tuple(None if _is_bare(one) else one.unit for one in operands), data)
    args = tuple(told_in(one, want) for one, want in zip(operands, rule.wants, strict=True))
    return _folded(op, args, rule.gives, data)


def told_in(expr: Expr, want: Unit) -> Expr:
    """The expression with its numbers in another unit of the same dimension; zero fits every unit."""
    if expr.unit == want:
        return expr
    if _is_bare(expr) and (expr.data == 0.0 or want.dimension):
        return const(0.0, want) if expr.data == 0.0 else _refuse_bare(expr, want)
    factor = scale(expr.unit, want)
    if expr.op == "const":
        return const(float(expr) * factor, want)
    return expr if factor == 1.0 else node("*", (const(factor, want / expr.unit), expr), want)


def _is_bare(expr: Expr) -> bool:
    return expr.op == "const" and expr.unit == DIMENSIONLESS


def _refuse_bare(expr: Expr, want: Unit) -> NoReturn:
    number = f"{float(expr):g}"
    raise UnitError(
        f"expected {want}, got the bare number {number}",
        hint=f'make it a px.parameter("{want}", {number}), or write px.quantity({number}, "{want}")',
    )


def _check_kinds(op: str, operands: tuple[Expr, ...]) -> None:
    logical = {"and": len(operands), "or": len(operands), "not": 1, "where": 1}.get(op, 0)
    for place, one in enumerate(operands):
        if place < logical and not one.is_condition:
            raise ModelError(
                f"expected a condition, got a number in {one.unit}", hint="a condition compares: self.temp > self.limit"
            )
        if place >= logical and one.is_condition:
            raise ModelError("expected a number, got a condition", hint="px.where(condition, 1, 0) makes it a number")


def _power(base: Expr, power: Expr) -> Expr:
    if power.op != "const" or power.unit.dimension:
        return _folded("pow", (told_in(base, DIMENSIONLESS), told_in(power, DIMENSIONLESS)), DIMENSIONLESS, None)
    exponent = float(told_in(power, DIMENSIONLESS))
    if exponent == 0.5:
        return operation("sqrt", (base,))
    if exponent.is_integer() and abs(exponent) <= _GREATEST_POWER:
        return operation("pow", (base,), int(exponent))
    if not base.unit.dimension:
        return _folded("pow", (told_in(base, DIMENSIONLESS), const(exponent)), DIMENSIONLESS, None)
    exact = Fraction(exponent).limit_denominator(60)
    return node("pow", (base, const(exponent)), base.unit**exact)


def _folded(op: str, args: tuple[Expr, ...], unit: Unit, data: Hashable) -> Expr:
    """The node, or its number where all operands are numbers."""
    if op == "/" and args[1].op == "const" and float(args[1]) == 0.0:
        raise ModelError("expected a divisor other than zero, got 0")
    if args and all(one.op == "const" for one in args):
        number = folded(op, tuple(float(one) for one in args), data)
        if number is not None:
            return const(number, unit)
    return node(op, args, unit, data)
