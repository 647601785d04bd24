"""What was: `delay` gives the value that an expression had some constant time ago."""

from pollux.errors import ModelError
from pollux.model.amounts import seconds
from pollux.model.graph import Expr, lift, node
from pollux.model.value import Value


def delay(x: Value, *, by: str | float) -> Value:
    r"""The value of an expression a constant time ago, $x(t - \tau)$: a pipe, a conveyor, a slow analyser.

    Before the start it is the value at the start. A rate with a delay makes a delay differential equation,
    $\dot x = f(x(t), x(t - \tau))$. The past is kept in 64 samples over the delay, with cubics between them, so what
    swings faster than about a tenth of the delay is lost. It takes part in no derivative: the past stands still.

    Raises ModelError outside of equations, for a condition, and for a time that is not above zero.

    >>> import pollux as px
    >>> class Heater(px.Twin):
    ...     power = px.actuator("kW", low=0, high=10, safe=0)
    ...     temp, lag = px.hidden("K"), px.parameter("kW*s/K", 4000)
    ...
    ...     @px.rate(temp)
    ...     def warms(self):
    ...         return px.delay(self.power, by="40 s") / self.lag
    >>> next(one for one in Heater.__pollux__.rates["temp"].args if one.op == "delay")
    <delay 40.0 of 1 in kW>

    R. D. Driver, Ordinary and Delay Differential Equations, Springer 1977, chapter 5.
    """
    time, told = seconds(by), lift(x)
    if told is None:
        raise ModelError(f"expected a signal inside an equation, got {x!r:.60}", hint="a delay belongs to an equation")
    if told.is_condition:
        raise ModelError("expected a number to delay, got a condition", hint="px.where(condition, 1, 0)")
    return told if told.op == "const" else delayed(told, time)


def delayed(expr: Expr, time: float) -> Expr:
    """The node of a delay of so many seconds."""
    return node("delay", (expr,), expr.unit, time)
