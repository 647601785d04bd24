"""Numbers in declarations: bare ones are in the declared unit, texts and quantities bring their own."""

import math
from typing import Final, TypeAlias

from pollux.clock import duration
from pollux.errors import ModelError, UnitError
from pollux.model.graph import Expr
from pollux.model.priors import Prior
from pollux.model.units import SECOND, Unit, absolute, convert, parse_quantity, scale
from pollux.model.value import Value

Amount: TypeAlias = float | str | Value

_SECOND: Final = 1e9
"""Nanoseconds; the quotient is the nearest number, a product with 1e-9 is not."""


def amount(what: Amount, edge: Unit) -> float:
    """A declared number in the unit that columns use; degC and degF become kelvin.

    >>> from pollux.model.units import unit
    >>> amount(20, unit("degC")), amount("300 K", unit("degC"))
    (293.15, 300.0)
    """
    number, own = _told(what, edge)
    _check_dimension(own, edge)
    return convert(number, own, absolute(edge))


def difference(what: Amount, edge: Unit) -> float:
    """A declared difference, such as a noise: a factor applies, the zero of degC does not."""
    number, own = _told(what, edge)
    _check_dimension(own, edge)
    return number * scale(own, absolute(edge))


def slope(what: Amount, edge: Unit) -> float:
    """A declared change per second: `"100 rpm/s"`, or a bare number in the declared unit per second."""
    per_second = absolute(edge) / SECOND
    if not isinstance(what, str | Value):
        return difference(what, edge)
    number, own = _told(what, per_second)
    _check_dimension(own, per_second)
    return number * scale(own, per_second)


def seconds(what: str | float) -> float:
    """A declared stretch of time in seconds, from a text such as `"25 s"` or a number of seconds."""
    length = duration(what) / _SECOND if isinstance(what, str) else float(what)
    if not 0.0 < length < math.inf:
        raise ModelError(f"expected a stretch of time above zero, got {what!r}", hint="for example '25 s'")
    return length


def belief(prior: Prior, edge: Unit) -> Prior:
    """A prior declared in `edge`, in the unit that columns use."""
    to = absolute(edge)
    if to == edge:
        return prior
    zero = convert(0.0, edge, to)
    return prior.told_in(scale(edge, to), zero)


def _told(what: object, bare: Unit) -> tuple[float, Unit]:
    if isinstance(what, str):
        return parse_quantity(what)
    if isinstance(what, Expr) and what.op == "const":
        return float(what), what.unit
    if isinstance(what, bool) or not isinstance(what, int | float) or math.isnan(what):
        raise ModelError(
            f"expected a number, got {what!r:.60}", hint='a number, "100 rpm/s" or px.quantity(20, "degC")'
        )
    return float(what), bare


def _check_dimension(own: Unit, edge: Unit) -> None:
    if own.dimension != edge.dimension:
        raise UnitError(f"expected {edge}, got {own}")
