"""The schema of a twin type: everything a `px.Twin` says, as frozen data that the rest of Pollux reads."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, final

from pollux.errors import ModelError, NotFound
from pollux.model.graph import Expr, leaf, operation
from pollux.model.priors import Prior
from pollux.model.suggest import did_you_mean
from pollux.model.units import DIMENSIONLESS, WHITE, Unit

Role = Literal["sensor", "hidden", "actuator", "parameter", "fact"]
Kind = Literal["number", "text", "flag", "choice", "position"]

NUMERIC: Final[frozenset[Kind]] = frozenset(("number", "flag"))


@final
@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of a type; its numbers are in `unit`, per second where they are rates.

    `edge` is the unit in which it was declared and in which the outside speaks: it differs from `unit` only for degC
    and degF. `start` is a number (for parameters: the value, or the mean of the prior), a text or a flag for facts,
    and None when nothing was said. `slew` is the greatest change per second, `every` the seconds between samples.
    """

    name: str
    role: Role
    unit: Unit = DIMENSIONLESS
    edge: Unit = DIMENSIONLESS
    low: float = -math.inf
    high: float = math.inf
    noise: float = 0.0
    start: float | str | bool | None = None
    prior: Prior | None = None
    safe: float | None = None
    slew: float | None = None
    every: float | None = None
    kind: Kind = "number"
    choices: tuple[str, ...] = ()
    doc: str = ""
    personal: bool = False

    @property
    def initial(self) -> float:
        """The number to begin with: the start, else the safe value, else zero or the bound nearest to it."""
        if isinstance(self.start, int | float):
            return float(self.start)
        if self.safe is not None:
            return self.safe
        return min(max(0.0, self.low), self.high)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Happens when `condition` becomes true, which is when `crossing` rises through zero."""

    condition: Expr
    crossing: Expr
    doc: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Jump:
    """At `event` the `state` becomes `value`, at the end of the step in which it happens.

    `event` names an event, or a cycle: then it happens at each turn.
    """

    event: str
    state: str
    value: Expr


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """One turn after another, each `period` seconds long."""

    period: Expr


@final
@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One twin (`is_single`) or many of the type named `to`.

    `schema` is None where that is the own type; where it `is_promised`, to be defined later, it stands in for it with
    the names and units that are needed.
    """

    schema: "Schema | None"
    to: str
    is_single: bool = False
    is_promised: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """What the device can be told besides setting its actuators; `parameters` are facts.

    One that `measures` asks for a measurement and changes nothing about the thing or the person.
    """

    name: str
    parameters: tuple[Signal, ...] = ()
    doc: str = ""
    measures: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A twin type: its signals by index, its equations as graphs; two are equal when their digests are.

    `states` are the signals with a rate, or with jumps only and the rate zero, and then the cycles; `rates` are per
    second, in the unit of the state.
    `algebraic` are residuals by the unknowns that make them zero, each in a unit of its own; `noises` are white noise
    in the rates.
    `params` are the numeric signals that stand still during a run (or are fed): all others without a reading.
    """

    name: str
    doc: str
    personal: bool
    signals: tuple[Signal, ...]
    states: tuple[str, ...]
    params: tuple[str, ...]
    rates: Mapping[str, Expr]
    derived: Mapping[str, Expr]
    readings: Mapping[str, Expr]
    events: Mapping[str, Event]
    jumps: tuple[Jump, ...]
    cycles: Mapping[str, Cycle]
    links: Mapping[str, Link]
    commands: Mapping[str, Command]
    algebraic: Mapping[str, Expr] = field(default_factory=dict[str, Expr])
    noises: tuple[str, ...] = ()
    digest: str = ""
    index: Mapping[str, int] = field(default_factory=dict[str, int])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def signal(self, name: str) -> Signal:
        """The signal of this dotted name; `NotFound` with the nearest one otherwise."""
        place = self.index.get(name)
        if place is None:
            raise NotFound(
                f"expected a signal of {self.name}, got {name!r}", at=self.name, hint=did_you_mean(name, self.index)
            )
        return self.signals[place]

    def expression(self, name: str) -> Expr:
        """What a dotted name means inside this type: a leaf for signals and phases, the graph of a derived or an event.

        A sensor with a reading is its reading. `beat.phase`, `beat.elapsed` and `beat.period` belong to a cycle.
        """
        for found in (self._equation(name), self._turn(name)):
            if found is not None:
                return found
        if name in self.noises:
            return leaf("noise", name, WHITE)
        signal = self.signal(name)
        return leaf("state" if name in self.rates or name in self.algebraic else "param", name, signal.unit)

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The signals that follow from residuals, in the order of these."""
        return tuple(self.algebraic)

    @property
    def discrete(self) -> tuple[str, ...]:
        """The states that only jump: they hold their value in between."""
        jump = {one.state for one in self.jumps}
        return tuple(name for name in self.states if name in jump and _is_zero(self.rates[name]))

    @property
    def computed(self) -> frozenset[str]:
        """The signals that equations give: with a rate, a residual or a reading. The cycles are among them."""
        return frozenset((*self.rates, *self.algebraic, *self.readings))

    @property
    def estimable(self) -> tuple[str, ...]:
        """The derived values that are numbers under a name of their own: what can be estimated besides signals."""
        return tuple(name for name, expr in self.derived.items() if name not in self.index and not expr.is_condition)

    def unit_of(self, name: str) -> Unit:
        """The unit of whatever `expression` knows by this name."""
        return self.expression(name).unit

    def _equation(self, name: str) -> Expr | None:
        if name in self.events:
            return self.events[name].condition
        found = self.derived.get(name)
        return found if found is not None else self.readings.get(name)

    def _turn(self, name: str) -> Expr | None:
        cycle, _, part = name.rpartition(".")
        cycle, part = (name, "phase") if name in self.cycles else (cycle, part)
        if cycle not in self.cycles:
            return None
        phase, period = leaf("phase", cycle, DIMENSIONLESS), self.cycles[cycle].period
        return {"phase": phase, "period": period, "elapsed": operation("*", (phase, period))}.get(part)


def _is_zero(expr: Expr) -> bool:
    return expr.op == "const" and float(expr) == 0.0


def schema_of(kind: type) -> Schema:
    """The schema of a twin type; `ModelError` for any other class."""
    schema = vars(kind).get("__pollux__")
    if not isinstance(schema, Schema):
        raise ModelError(
            f"expected a twin type, got {kind.__name__}", hint="a twin type is a class with px.Twin as base"
        )
    return schema
