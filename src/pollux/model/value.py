"""`Value`: what a signal is on every view, a node in an equation or numbers when live."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Operand: TypeAlias = "Value | float"


class Value(ABC):
    """A number, or many of one kind, that can be reckoned with but not looked into.

    `+ - * / ** abs` and comparisons give values, `& | ~` join conditions. `np.asarray(value)` and `float(value)` give
    the numbers of a live view. Equality builds a comparison too; values are hashed by identity.

    >>> import pollux as px
    >>> isinstance(px.quantity(350, "K"), px.Value)
    True
    """

    __slots__ = ()

    @abstractmethod
    def operate(self, op: str, operands: tuple[Any, ...], data: Hashable = None) -> "Value":
        """The result of an operation of the graph, `NotImplemented` when an operand is of a kind that knows better."""

    @property
    @abstractmethod
    def sigma(self) -> Floats:
        """The standard deviation, in the unit of the value."""

    @property
    @abstractmethod
    def age(self) -> Floats:
        """Seconds since this was measured or estimated."""

    @property
    @abstractmethod
    def quality(self) -> NDArray[np.uint8]:
        """How far to trust it: a `Quality` per number."""

    @abstractmethod
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]: ...

    @abstractmethod
    def __float__(self) -> float: ...

    @abstractmethod
    def __bool__(self) -> bool: ...

    def __add__(self, other: Operand) -> "Value":
        return self.operate("+", (self, other))

    def __radd__(self, other: Operand) -> "Value":
        return self.operate("+", (other, self))

    def __sub__(self, other: Operand) -> "Value":
        return self.operate("-", (self, other))

    def __rsub__(self, other: Operand) -> "Value":
        return self.operate("-", (other, self))

    def __mul__(self, other: Operand) -> "Value":
        return self.operate("*", (self, other))

    def __rmul__(self, other: Operand) -> "Value":
        return self.operate("*", (other, self))

    def __truediv__(self, other: Operand) -> "Value":
        return self.operate("/", (self, other))

    def __rtruediv__(self, other: Operand) -> "Value":
        return self.operate("/", (other, self))

    def __pow__(self, power: Operand) -> "Value":
        return self.operate("pow", (self, power))

    def __rpow__(self, base: Operand) -> "Value":
        return self.operate("pow", (base, self))

    def __neg__(self) -> "Value":
        return self.operate("neg", (self,))

    def __pos__(self) -> "Value":
        return self

    def __abs__(self) -> "Value":
        return self.operate("abs", (self,))

    def __lt__(self, other: Operand) -> "Value":
        return self.operate("<", (self, other))

    def __le__(self, other: Operand) -> "Value":
        return self.operate("<=", (self, other))

    def __gt__(self, other: Operand) -> "Value":
        return self.operate(">", (self, other))

    def __ge__(self, other: Operand) -> "Value":
        return self.operate(">=", (self, other))

    def __eq__(self, other: object) -> "Value":  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.operate("==", (self, other))

    def __ne__(self, other: object) -> "Value":  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return ~(self == other)

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        # By identity, and not through a function of Python: graphs are dictionaries of these.
        __hash__ = object.__hash__

    def __and__(self, other: "Value") -> "Value":
        return self.operate("and", (self, other))

    def __or__(self, other: "Value") -> "Value":
        return self.operate("or", (self, other))

    def __invert__(self) -> "Value":
        return self.operate("not", (self,))
