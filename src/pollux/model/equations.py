"""The equations of a model: `rate`, `algebraic`, `derived`, `reading`, `event`, `on`, `cycle`.

Each takes a function of the view, which is called once, when the class is complete, to trace its graph.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, cast, final, overload

from pollux.model.roles import Role, sensor
from pollux.model.symbols import AbstractCondition, AbstractTerm, Place, Symbol, ValuedSymbol
from pollux.model.value import Value

Equation: TypeAlias = Callable[[Any], "Value | float"]
Equations: TypeAlias = Callable[[Any], "Value | float | tuple[Value | float, ...]"]


@final
@dataclass(frozen=True, slots=True)
class RateEquation:
    """How fast states change: one value per state."""

    states: "tuple[Role | Value, ...]"
    function: Equations


@final
@dataclass(frozen=True, slots=True)
class AlgebraicEquation:
    """What is zero where unknowns have their values: one residual per unknown."""

    unknowns: "tuple[Role | Value, ...]"
    function: Equations


@final
@dataclass(frozen=True, slots=True)
class ReadingEquation:
    """What a sensor sees of the states."""

    sensor: "sensor | Value"
    function: Equation


@final
@dataclass(frozen=True, slots=True)
class JumpEquation:
    """What a state becomes when an event happens or a cycle turns."""

    event: "event | cycle | Value | Turn"
    state: "Role | Value"
    function: Equation


def rate(*states: Role | Value) -> Callable[[Equations], RateEquation]:
    """The change per unit of time of one or more states: `@px.rate(temp)`, `@px.rate(lv.volume, rv.volume)`.

    The function returns one value per state, in the order of the states, each in the unit of the state over a unit of
    time. Only a sensor or a hidden may have a rate, and only one.

    >>> import pollux as px
    >>> class Tanks(px.Twin):
    ...     upper, lower = px.hidden("l", start=10), px.hidden("l")
    ...     flow = px.parameter("l/min", 3)
    ...
    ...     @px.rate(upper, lower)
    ...     def flows(self):
    ...         return -self.flow, self.flow
    >>> Tanks.__pollux__.states
    ('upper', 'lower')
    """
    return lambda function: RateEquation(states, function)


def algebraic(*unknowns: Role | Value) -> Callable[[Equations], AlgebraicEquation]:
    r"""Quantities that are what makes residuals zero at every moment: `@px.algebraic(flow)`.

    The function returns one residual per unknown, each in any unit. With the rates of the states $x$ the unknowns $z$
    make a system of differential and algebraic equations of index 1,

    $$\dot x = f(x, z), \qquad 0 = g(x, z), \qquad \det \partial g/\partial z \ne 0 .$$

    An unknown is a sensor or a hidden without a rate, a reading or a jump; its `start` is where the search begins.

    Raises ModelError, when the class is complete, where residuals depend on fewer unknowns than they are.

    >>> import pollux as px
    >>> class Pipe(px.Twin):
    ...     push = px.actuator("bar", low=0, high=9)
    ...     smooth, rough = px.parameter("bar*s/l", 1), px.parameter("bar*s**2/l**2", 2)
    ...     flow = px.hidden("l/s", start=1)
    ...
    ...     @px.algebraic(flow)
    ...     def balances(self):
    ...         return self.push - self.smooth * self.flow - self.rough * self.flow * abs(self.flow)
    >>> Pipe.__pollux__.unknowns
    ('flow',)

    K. E. Brenan, S. L. Campbell, L. R. Petzold, Numerical Solution of Initial-Value Problems in Differential-Algebraic
    Equations, SIAM 1996, section 2.
    """
    return lambda function: AlgebraicEquation(unknowns, function)


def reading(of: sensor | Value) -> Callable[[Equation], ReadingEquation]:
    """What a sensor sees, as an equation: `@px.reading(systolic)`, often a `peak` or a `mean` over a cycle.

    >>> import pollux as px
    >>> class Meter(px.Twin):
    ...     power = px.hidden("kW")
    ...     energy = px.sensor("kWh")
    ...
    ...     @px.reading(energy)
    ...     def meters(self):
    ...         return px.sum(self.power, over="1 h")
    >>> Meter.__pollux__.readings["energy"].unit.symbol
    'kWh'
    """
    return lambda function: ReadingEquation(of, function)


def on(happening: "event | cycle | Value | Turn", state: Role | Value) -> Callable[[Equation], JumpEquation]:
    """The value to which a state jumps at an event, at the end of the step in which it happens.

    `px.on(cycle, state)` is a jump at each turn of a cycle, as a sampled controller makes. A `px.hidden` that jumps and
    has no rate is a discrete state: its rate is zero, so it holds its value from one jump to the next.

    >>> import pollux as px
    >>> class Tyre(px.Twin):
    ...     wear = px.hidden("1", start=0)
    ...     ageing = px.parameter("1/year", 0.3)
    ...
    ...     @px.rate(wear)
    ...     def wears(self):
    ...         return self.ageing
    ...
    ...     @px.event
    ...     def worn(self):
    ...         return self.wear >= 1
    ...
    ...     @px.on(worn, wear)
    ...     def replaced(self):
    ...         return 0
    >>> Tyre.__pollux__.jumps[0].state
    'wear'

    A controller that sets its output ten times a second, of what it sees at that moment:

    >>> class Servo(px.Twin):
    ...     place = px.sensor("m")
    ...     drive = px.hidden("m/s", start=0)
    ...     gain, period = px.parameter("1/s", 2), px.parameter("s", 0.1)
    ...
    ...     @px.rate(place)
    ...     def moves(self):
    ...         return self.drive
    ...
    ...     @px.cycle
    ...     def tick(self):
    ...         return self.period
    ...
    ...     @px.on(tick, drive)
    ...     def controls(self):
    ...         return -self.gain * self.place
    >>> Servo.__pollux__.discrete, Servo.__pollux__.jumps[0].event
    (('drive',), 'tick')
    """
    return lambda function: JumpEquation(happening, state, function)


@final
class derived(ValuedSymbol, AbstractTerm):
    """A named intermediate: a symbol on the class, a value on a view, no state of its own.

    >>> import pollux as px
    >>> class Motor(px.Twin):
    ...     torque, speed = px.sensor("N*m"), px.sensor("rpm")
    ...
    ...     @px.derived
    ...     def power(self):
    ...         return self.torque * self.speed
    >>> Motor.power.expr.unit.symbol
    'N*m*rpm'
    """

    def __init__(self, function: Equation) -> None:
        super().__init__()
        self.function = function
        self.__doc__ = function.__doc__


@final
class event(ValuedSymbol, AbstractCondition):
    """Something that happens: the moment at which its condition becomes true, located inside the step.

    On the class it joins with `& | ~` like any condition; on a view it is the condition itself, true or false.

    >>> import pollux as px
    >>> class Tank(px.Twin):
    ...     level = px.sensor("m")
    ...     brim = px.parameter("m", 3)
    ...
    ...     @px.event
    ...     def overflows(self):
    ...         return self.level > self.brim
    >>> Tank.overflows & (Tank.brim < 2)
    Condition(Tank: and)
    """

    def __init__(self, function: Equation) -> None:
        super().__init__()
        self.function = function
        self.__doc__ = function.__doc__


@final
@dataclass(frozen=True, slots=True)
class Turn:
    """Where a cycle stands: `phase` from 0 to 1, and the `period` of this turn."""

    phase: Value
    period: Value

    @property
    def elapsed(self) -> Value:
        """The time since this turn began."""
        return self.phase * self.period


@final
class cycle(Symbol):
    """One turn after another; the function returns how long a turn is.

    On a view it gives `.phase` (0 to 1), `.elapsed` and `.period`; windows take it as `over=self.beat`.

    >>> import pollux as px
    >>> class Heart(px.Twin):
    ...     heart_rate = px.parameter("1/min", 75)
    ...
    ...     @px.cycle
    ...     def beat(self):
    ...         return 1 / self.heart_rate
    >>> Heart.__pollux__.unit_of("beat.elapsed").symbol
    's'
    """

    def __init__(self, function: Equation) -> None:
        super().__init__()
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Turn: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else cast(Place, instance).__pollux_get__(self)

    def seen(self, read: Callable[[str], Value]) -> Turn:
        return Turn(read(f"{self.local}.phase"), read(f"{self.local}.period"))
