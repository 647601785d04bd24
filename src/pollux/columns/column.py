"""A column: the numbers of a signal on a live view, with what they are worth."""

from collections.abc import Hashable, Iterator
from typing import Any, Final, SupportsIndex, cast, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, I64, U8, U16
from pollux.columns.quality import Quality, Reason
from pollux.columns.reckon import Known, certain, reckoned, summed
from pollux.errors import ModelError
from pollux.model.graph import Expr, const, leaf, operation
from pollux.model.tables import Curve
from pollux.model.units import DIMENSIONLESS, Unit
from pollux.model.value import Value

_ALIKE: Final = frozenset(("+", "-", "min", "max", "<", "<=", ">", ">=", "==", "where"))
_HALF: Final = 0.5


@final
class Column(Value):
    """Numbers of one signal, or of an expression, at one moment: shape () for a twin, (twins,) for a fleet.

    `np.asarray`, `float`, comparisons and arithmetic work on the numbers; a bare number beside them is in their unit.
    What was never told is NaN. `sigma` is the standard deviation, of an expression to first order and as if its
    operands were independent; `age` counts seconds at the moment of the view; `quality` and `reason` are those of the
    worst operand. `desired` is what an actuator was last asked for, `difference` how far it is from that.

    >>> from pollux.columns.worth import DECLARED
    >>> from pollux.model.units import unit
    >>> known = Known(np.array([300.0, 310.0]), DECLARED, lambda: np.full(2, 0.4))
    >>> temp = Column(known, unit("K"), now=0)
    >>> np.asarray(temp > 305).tolist(), temp.sigma.tolist(), np.asarray(temp - 5).tolist()
    ([False, True], [0.4, 0.4], [295.0, 305.0])
    """

    __slots__ = ("_desired", "_now", "known", "unit")

    def __init__(self, known: Known, unit: Unit, *, now: int, desired: F64 | None = None) -> None:
        self._now = now
        self._desired = desired
        self.known = known
        self.unit = unit

    @property
    def numbers(self) -> NDArray[Any]:
        """The numbers themselves."""
        return self.known.numbers

    @property
    def sigma(self) -> F64:
        return np.broadcast_to(self.known.spread(), self.numbers.shape)

    @property
    def age(self) -> F64:
        return np.broadcast_to(self.known.worth.age(self._now), self.numbers.shape)

    @property
    def event_time(self) -> I64:
        """Nanoseconds UTC of the oldest operand; NEVER where nothing was told."""
        return np.broadcast_to(self.known.worth.event_time, self.numbers.shape)

    @property
    def quality(self) -> U8:
        return np.broadcast_to(self.known.worth.quality, self.numbers.shape)

    @property
    def reason(self) -> U16:
        """Why it is not believed further: a `Reason` per number."""
        return np.broadcast_to(self.known.worth.reason, self.numbers.shape)

    @property
    def desired(self) -> F64:
        """What the actuator was last asked for; NaN where nothing was."""
        if self._desired is None:
            raise ModelError("expected an actuator, got a value that is not asked for")
        return self._desired

    @property
    def difference(self) -> F64:
        """Desired less reported."""
        return np.asarray(self.desired - self.numbers, np.float64)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.numbers, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.numbers)

    def __bool__(self) -> bool:
        if self.numbers.ndim:
            raise ModelError(
                f"expected one value, got {self.numbers.size}", hint="np.any or np.all, or join with & | ~"
            )
        return bool(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[float]:
        return iter(self.numbers.tolist())

    def __getitem__(self, place: SupportsIndex) -> float:
        return float(self.numbers[place])

    def __format__(self, spec: str) -> str:
        return format(self.numbers.item() if self.numbers.ndim == 0 else str(self), spec)

    def __repr__(self) -> str:
        if self.numbers.dtype == np.bool_:
            return str(self.numbers)
        name = "" if self.unit == DIMENSIONLESS else f" {self.unit}"
        told = np.array2string(self.numbers, precision=6, threshold=8) if self.numbers.ndim else f"{self.numbers:.6g}"
        return f"{told}{name} ({self._about()})"

    def _about(self) -> str:
        ages = self.age[~np.isnan(self.age)]
        if self.numbers.ndim:
            return f"{self.numbers.size} twins" + (f", {ages.min():.3g} to {ages.max():.3g} s old" if ages.size else "")
        why = f": {Reason(int(self.reason)).sentence}" if self.reason else ""
        return f"{Quality(int(self.quality)).word}{why}" + (f", {ages[0]:.3g} s old" if ages.size else "")

    def operate(self, op: str, operands: tuple[Any, ...], data: Hashable = None) -> Any:
        if op == "total":
            return Column(summed(self.known), self.unit, now=self._now)
        if isinstance(data, Curve):
            return self._read_off(data)
        known: dict[Expr, Known] = {}
        nodes = [self._node(op, place, one, known) for place, one in enumerate(operands)]
        told = tuple(one for one in nodes if one is not None)
        if len(told) < len(nodes):
            return NotImplemented
        expr = operation(op, told, data)
        return Column(reckoned(expr, known.__getitem__), expr.unit, now=self._now)

    def _node(self, op: str, place: int, operand: object, known: dict[Expr, Known]) -> Expr | None:
        """A node that stands for an operand: the graph checks and joins the units of live numbers too."""
        if isinstance(operand, Expr):
            return operand if operand.op == "const" else None
        if isinstance(operand, Column):
            own = leaf("param", str(place), operand.unit)
            known[own] = operand.known
            return operation(">=", (own, const(_HALF))) if operand.numbers.dtype == np.bool_ else own
        if not isinstance(operand, int | float | np.number | np.ndarray):
            return None
        # Beside a live value a bare number is in its unit; a factor or an exponent is a pure number.
        if not isinstance(operand, np.ndarray) and op not in _ALIKE:
            return const(float(cast(float, operand)))
        bare = leaf("param", str(place), self.unit if op in _ALIKE else DIMENSIONLESS)
        known[bare] = certain(np.asarray(operand, np.float64))
        return bare

    def _read_off(self, curve: Curve) -> "Column":
        expr = curve.of(leaf("param", "0", self.unit))
        return Column(reckoned(expr, lambda _: self.known), expr.unit, now=self._now)
