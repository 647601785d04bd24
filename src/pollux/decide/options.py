"""What may be chosen: values of actuators and parameters, as a grid or as a list of plans."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from pollux.errors import ModelError
from pollux.model.graph import Expr
from pollux.model.roles import actuator, parameter
from pollux.model.units import absolute, convert, scale

Choice: TypeAlias = "actuator | parameter"
Choices: TypeAlias = "Mapping[Choice, Sequence[float | Expr]] | Sequence[Mapping[Choice, float | Expr]]"


@final
@dataclass(frozen=True, slots=True)
class Option:
    """One way to go on: the names that are set and their values, in the declared units of the columns.

    `label` is how people call it, `key` how `Futures.probability` answers: the number itself where one thing was
    chosen, a tuple of numbers in the order of the choices else.

    >>> import pollux as px
    >>> option = px.Option((("speed", 2400.0),), (2400.0,))
    >>> str(option), option.key
    ('speed 2400', 2400.0)
    """

    values: tuple[tuple[str, float], ...]
    told: tuple[float, ...]
    label: str = ""

    @property
    def key(self) -> float | tuple[float, ...]:
        """How the option is looked up in a mapping of results."""
        return self.told[0] if len(self.told) == 1 else self.told

    def __str__(self) -> str:
        return self.label or ", ".join(f"{name} {value:g}" for name, value in self.values) or "as it is"


def options(choices: "Choices | None") -> tuple[Option, ...]:
    """The options of a mapping (several keys make a grid), of a list of mappings (taken as it is), or of nothing."""
    if not choices:
        return (Option((), ()),)
    if not isinstance(choices, Mapping):
        return tuple(_option(plan) for plan in choices)
    grid = itertools.product(*choices.values())
    return tuple(_option(dict(zip(choices, values, strict=True))) for values in grid)


def _option(plan: "Mapping[Choice, float | Expr] | Mapping[object, float | Expr]") -> Option:
    values: list[tuple[str, float]] = []
    told: list[float] = []
    for symbol, value in plan.items():
        if not isinstance(symbol, actuator | parameter):
            raise ModelError(
                f"expected an actuator or a parameter to choose, got {symbol!r}",
                hint="sensors tell and hidden states follow: neither can be chosen",
            )
        inside = _inside(symbol, value)
        values.append((symbol.name, inside))
        told.append(float(value) if not isinstance(value, Expr) else inside)
    return Option(tuple(values), tuple(told))


def _inside(symbol: "Choice", value: "float | Expr") -> float:
    """A chosen value in the unit of the columns; a bare number is in the declared unit."""
    signal = symbol.schema.signal(symbol.name)
    if isinstance(value, Expr):
        return float(value) * scale(value.unit, absolute(signal.edge))
    inside = convert(float(value), signal.edge, absolute(signal.edge))
    if not signal.low <= inside <= signal.high:
        low, high = (convert(bound, absolute(signal.edge), signal.edge) for bound in (signal.low, signal.high))
        raise ModelError(
            f"expected {low:g} to {high:g} {signal.edge}, got {value:g}", at=repr(symbol),
            hint="the limits are declared with the signal",
        )  # fmt: skip
    return inside
