"""What a future is worth: sums over time, values at the end, costs of events, chances.

An objective is a quantity of each single future; what is compared between options is its distribution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from typing import final as sealed

import numpy as np

from pollux.decide.samples import F64, Samples
from pollux.errors import ModelError, UnitError
from pollux.model.graph import Expr, const, operation
from pollux.model.symbols import AbstractCondition, AbstractTerm, Symbol
from pollux.model.unit_text import read
from pollux.model.units import DIMENSIONLESS, Unit, scale, unit
from pollux.model.value import Value

_SECOND = unit("s")
_BASES: Final = {
    "length": "m",
    "mass": "kg",
    "time": "s",
    "temperature": "K",
    "current": "A",
    "substance": "mol",
    "luminosity": "cd",
}
"""The plain units of dimensions that are not called as their unit is, as money is."""


@sealed
@dataclass(frozen=True, slots=True)
class Accrued:
    """The integral of a rate over the run."""

    rate: Expr

    @property
    def unit(self) -> Unit:
        return self.rate.unit * _SECOND

    def of(self, samples: Samples) -> F64:
        return samples.integral(self.rate)


@sealed
@dataclass(frozen=True, slots=True)
class AtEnd:
    """The value of an expression at the end of the run."""

    value: Expr

    @property
    def unit(self) -> Unit:
        return self.value.unit

    def of(self, samples: Samples) -> F64:
        return samples.final(self.value)


@sealed
@dataclass(frozen=True, slots=True)
class Happened:
    """Whether an event happened at all, or how often."""

    event: str
    every_time: bool

    @property
    def unit(self) -> Unit:
        return DIMENSIONLESS

    def of(self, samples: Samples) -> F64:
        count = samples.count(self.event)
        return count if self.every_time else np.minimum(count, 1.0)


@sealed
@dataclass(frozen=True, slots=True)
class Held:
    """1 where a condition held at some moment of the run (`ever`), or at every one (`always`)."""

    condition: Expr
    throughout: bool

    @property
    def unit(self) -> Unit:
        return DIMENSIONLESS

    def of(self, samples: Samples) -> F64:
        looked_for = operation("not", (self.condition,)) if self.throughout else self.condition
        seen = samples.integral(operation("where", (looked_for, const(1.0), const(0.0)))) > 0.0
        return np.where(samples.failed, np.nan, (~seen if self.throughout else seen).astype(float))


Term: TypeAlias = Accrued | AtEnd | Happened | Held


@sealed
@dataclass(frozen=True, slots=True)
class Objective:
    """A sum of terms with a price each, in one unit; `+`, `-` and factors make others of it."""

    terms: tuple[tuple[float, Term], ...]
    unit: Unit

    def __add__(self, other: "Objective") -> "Objective":
        factor = _factor(other.unit, self.unit)
        return Objective((*self.terms, *((factor * price, term) for price, term in other.terms)), self.unit)

    def __sub__(self, other: "Objective") -> "Objective":
        return self + -1.0 * other

    def __rmul__(self, factor: "float | Value") -> "Objective":
        number, own = (float(factor), factor.unit) if isinstance(factor, Expr) else (float(factor), DIMENSIONLESS)
        return Objective(tuple((number * price, term) for price, term in self.terms), own * self.unit)

    __mul__ = __rmul__

    def of(self, samples: Samples) -> F64:
        """Its value in every future, (options, members)."""
        total = np.zeros(samples.shape)
        for price, term in self.terms:
            total = total + price * term.of(samples)
        return total


def accrue(rate: AbstractTerm) -> Objective:
    r"""The integral :math:`\int_0^T r\,dt` of a rate over the run, in the unit of the rate times its time.

    A rate per day counts days: `px.accrue(px.money("0.4 EUR/day/rpm") * Pump.speed)` is in EUR, and that of a flow in
    m**3/h is in m**3. What is not told per a time is told times seconds: a level in m becomes m*s.
    """
    term = Accrued(rate.expr)
    return _tidy(Objective(((1.0, term),), term.unit))


def final(value: AbstractTerm) -> Objective:
    """The value of an expression at the end of the run."""
    return Objective(((1.0, AtEnd(value.expr)),), value.expr.unit)


def each(event: AbstractCondition) -> Objective:
    """How often an event happens in the run."""
    return Objective(((1.0, Happened(_event(event), True)),), DIMENSIONLESS)


@sealed
@dataclass(frozen=True, slots=True)
class Lasting:
    """A condition watched through the whole run, for `chance`."""

    term: Held


def ever(condition: AbstractCondition) -> Lasting:
    """That a condition holds at some moment of the run."""
    return Lasting(Held(condition.expr, False))


def always(condition: AbstractCondition) -> Lasting:
    """That a condition holds at every moment of the run."""
    return Lasting(Held(condition.expr, True))


def chance(what: "Lasting | AbstractCondition") -> Objective:
    """1 in futures where it holds, 0 elsewhere: its mean is a probability. An event counts when it happens at all."""
    if isinstance(what, Lasting):
        return Objective(((1.0, what.term),), DIMENSIONLESS)
    return Objective(((1.0, Happened(_event(what), False)),), DIMENSIONLESS)


Loss: TypeAlias = Objective | Mapping[AbstractCondition, Value]


def losses(loss: Loss | None, unit_of_gain: Unit) -> Objective:
    """A loss in the unit of the gain; a mapping prices events at their first time."""
    if loss is None:
        return Objective((), unit_of_gain)
    if isinstance(loss, Objective):
        return Objective((), unit_of_gain) + loss
    total = Objective((), unit_of_gain)
    for event, price in loss.items():
        total = total + price * chance(event)
    return total


def _event(symbol: AbstractCondition) -> str:
    if isinstance(symbol, Symbol) and symbol.name in symbol.schema.events:
        return symbol.name
    raise ModelError(
        "expected an event of the twin type, got a condition",
        hint="px.chance(px.ever(condition)), or declare it with @px.event",
    )


def _factor(own: Unit, wanted: Unit) -> float:
    if own.dimension != wanted.dimension:
        raise UnitError(
            f"expected {wanted}, got {own}", hint="objectives that are added have one unit; give each a price in money"
        )
    return scale(own, wanted)


def _tidy(objective: Objective) -> Objective:
    """The same objective in a plain unit: EUR/day times s becomes EUR, m**3/h times s becomes m**3."""
    plain = _plain(objective.unit)
    factor = scale(objective.unit, plain)
    return Objective(tuple((factor * price, term) for price, term in objective.terms), plain)


def _plain(own: Unit) -> Unit:
    """The base of what has one dimension, such as money; else the unit with the time that stands below cancelled."""
    if len(own.dimension) == 1 and own.dimension[0][1] == 1 and own.dimension[0][0].startswith("["):
        named = own.dimension[0][0].strip("[]")
        return unit(_BASES.get(named, named))
    for name, power in read(own.symbol):
        if power == -1 and unit(name).dimension == _SECOND.dimension:
            return own * unit(name) / _SECOND
    return own
