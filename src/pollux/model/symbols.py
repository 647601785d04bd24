"""What a name is on the class: a symbol, to write objectives, conditions and choices with.

`12 * Pump.speed` is a `Formula`, `Pump.temp > 350` a `Condition`. A bare number beside a symbol is in the declared unit
of the symbol. Symbols are hashed by identity, so they can be keys: `{Pump.speed: [2400, 2600]}`.
"""

import copy
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, Never, NoReturn, Protocol, Self, TypeAlias, cast, final, overload

from pollux.errors import ModelError
from pollux.model.graph import Expr, const, lift, operation
from pollux.model.schema import Schema, schema_of
from pollux.model.units import DIMENSIONLESS, Unit, absolute, convert, scale
from pollux.model.value import Value

Scalar: TypeAlias = "AbstractTerm | Value | float"

_SAME_UNIT: Final = frozenset(("+", "-", "<", "<=", ">", ">=", "min", "max", "where"))
_DIFFERENCES: Final = frozenset(("+", "-"))


class AbstractSymbolic(ABC):
    """An expression over the names of one twin type."""

    @property
    @abstractmethod
    def twin(self) -> type | None:
        """The twin type whose names stand in it; None for what names nothing."""

    @property
    @abstractmethod
    def expr(self) -> Expr:
        """The graph of it, with the leaves of the type's schema."""

    @property
    def schema(self) -> Schema:
        """The schema of the twin type whose names stand in it."""
        if self.twin is None:
            raise ModelError("expected a name of a twin type, got a number", hint="for example 12 * Pump.speed")
        return schema_of(self.twin)


class AbstractTerm(AbstractSymbolic):
    """A number over the names of one twin type."""

    @property
    def edge(self) -> Unit:
        """The unit in which bare numbers beside it are told."""
        return self.expr.unit

    def __add__(self, other: Scalar) -> "Formula":
        return formula("+", self, other)

    def __radd__(self, other: Scalar) -> "Formula":
        return formula("+", other, self)

    def __sub__(self, other: Scalar) -> "Formula":
        return formula("-", self, other)

    def __rsub__(self, other: Scalar) -> "Formula":
        return formula("-", other, self)

    def __mul__(self, other: Scalar) -> "Formula":
        return formula("*", self, other)

    def __rmul__(self, other: Scalar) -> "Formula":
        return formula("*", other, self)

    def __truediv__(self, other: Scalar) -> "Formula":
        return formula("/", self, other)

    def __rtruediv__(self, other: Scalar) -> "Formula":
        return formula("/", other, self)

    def __pow__(self, power: float) -> "Formula":
        return formula("pow", self, power)

    def __neg__(self) -> "Formula":
        return formula("neg", self)

    def __abs__(self) -> "Formula":
        return formula("abs", self)

    def __lt__(self, other: Scalar) -> "Condition":
        return condition("<", self, other)

    def __le__(self, other: Scalar) -> "Condition":
        return condition("<=", self, other)

    def __gt__(self, other: Scalar) -> "Condition":
        return condition(">", self, other)

    def __ge__(self, other: Scalar) -> "Condition":
        return condition(">=", self, other)


class AbstractCondition(AbstractSymbolic):
    """True or false over the names of one twin type: a comparison, an event, or several joined by `& | ~`."""

    def __and__(self, other: "AbstractCondition") -> "Condition":
        return condition("and", self, other)

    def __or__(self, other: "AbstractCondition") -> "Condition":
        return condition("or", self, other)

    def __invert__(self) -> "Condition":
        return condition("not", self)


class Written(AbstractSymbolic):
    """What is written with symbols, beside the twin type that they name."""

    def __init__(self, twin: type | None, expr: Expr) -> None:
        self._twin = twin
        self._expr = expr

    @property
    def twin(self) -> type | None:
        return self._twin

    @property
    def expr(self) -> Expr:
        return self._expr


@final
class Formula(Written, AbstractTerm):
    """A number made of symbols, such as `12 * Pump.speed`."""

    def __bool__(self) -> NoReturn:
        raise _no_truth("a formula")

    def __repr__(self) -> str:
        return f"Formula({_name(self._twin)}: {self._expr.op} in {self._expr.unit})"


@final
class Condition(Written, AbstractCondition):
    """A comparison of symbols, such as `Pump.temp > 350`."""

    def __bool__(self) -> NoReturn:
        raise _no_truth("a condition on symbols")

    def __repr__(self) -> str:
        return f"Condition({_name(self._twin)}: {self._expr.op})"


def _name(twin: type | None) -> str:
    return "?" if twin is None else twin.__name__


def _no_truth(what: str) -> ModelError:
    return ModelError(
        f"expected values, got {what} where Python asks true or false",
        hint="join conditions with & | ~ and write (low < x) & (x < high); values live on p7.now",
    )


def formula(op: str, *operands: object) -> Formula:
    """The formula of an operation on symbols, numbers and quantities."""
    return Formula(_twin_of(operands), operation(op, _told(op, operands)))


def condition(op: str, *operands: object) -> Condition:
    """The condition of a comparison or of joined conditions."""
    return Condition(_twin_of(operands), operation(op, _told(op, operands)))


def _twin_of(operands: tuple[object, ...]) -> type | None:
    twins = {one.twin for one in operands if isinstance(one, AbstractSymbolic)} - {None}
    if len(twins) > 1:
        names = " and ".join(sorted(twin.__name__ for twin in twins if twin is not None))
        raise ModelError(f"expected names of one twin type, got {names}", hint="relate types with px.links")
    return twins.pop() if twins else None


def _told(op: str, operands: tuple[object, ...]) -> tuple[Expr, ...]:
    edge = next((one.edge for one in operands if isinstance(one, AbstractTerm)), DIMENSIONLESS)
    return tuple(_one(op, one, edge) for one in operands)


def _one(op: str, operand: object, edge: Unit) -> Expr:
    if isinstance(operand, AbstractSymbolic):
        return operand.expr
    lifted = lift(operand)
    if lifted is None:
        raise ModelError(f"expected a symbol, a number or a quantity, got {type(operand).__name__}")
    if isinstance(operand, Value) or op not in _SAME_UNIT:
        return lifted
    to = absolute(edge)
    number = float(lifted) * scale(edge, to) if op in _DIFFERENCES else convert(float(lifted), edge, to)
    return const(number, to)


class AbstractHolder(ABC):
    """A part, through which the symbols of its class get dotted names."""

    @abstractmethod
    def __pollux_path__(self) -> str:
        """The dotted name of the part inside the class that declares the outermost one."""

    @abstractmethod
    def __pollux_top__(self) -> type | None:
        """The class that declares the outermost part."""

    @abstractmethod
    def __pollux_given__(self) -> Mapping[str, Any]:
        """The values that it was given, by name."""


class Place(Protocol):
    """What an attribute can be read on: a view gives the value, a part in a class body the symbol."""

    def __pollux_get__(self, symbol: "Symbol") -> Any: ...


class Symbol(AbstractSymbolic):
    """A name that a class body gives: it knows its dotted name, its type and the line that declares it."""

    def __init__(self) -> None:
        self.declared_at: str = _line_outside()
        self._local = ""
        self._owner: type | None = None
        self._holder: AbstractHolder | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        if self._owner is None:
            self._owner, self._local = owner, name

    @property
    def local(self) -> str:
        """The name inside the class that declares it."""
        return self._local

    @property
    def name(self) -> str:
        """The dotted name inside the twin: `wear`, or `seal.wear` for the wear of a part."""
        return self._local if self._holder is None else f"{self._holder.__pollux_path__()}.{self._local}"

    @property
    def twin(self) -> type | None:
        return self._owner if self._holder is None else self._holder.__pollux_top__()

    @property
    def expr(self) -> Expr:
        return self.schema.expression(self.name)

    def seen(self, read: Callable[[str], Value]) -> Any:
        """What stands under this name on a view that reads dotted names with `read`."""
        return read(self._local)

    def held_by(self, holder: AbstractHolder) -> Self:
        """The same symbol as a name of a part: `lv.volume` for `Chamber.volume`."""
        held = copy.copy(self)
        held._holder = holder
        return held

    def __set__(self, instance: object, value: Never) -> NoReturn:
        refuse_change(instance, self.local)

    def __repr__(self) -> str:
        return f"{_name(self.twin)}.{self.name}"


class ValuedSymbol(Symbol):
    """A name that is one value on a view."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else cast(Place, instance).__pollux_get__(self)


def refuse_change(instance: object, name: str) -> NoReturn:
    """Raise the error for an assignment to a name of a view."""
    raise ModelError(
        f"expected {type(instance).__name__}.{name} to be read, got a change: views are read only",
        hint="set an actuator with an order, try values in a fork; an equation returns what changes",
    )


def _line_outside() -> str:
    """The file and line of the class body that is being read."""
    frame: Any = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith("pollux.model"):
        frame = frame.f_back
    return "" if frame is None else f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
