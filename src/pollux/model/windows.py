"""Readings over a stretch of time: `peak trough mean last sum`, each `over=` a cycle, an event or a duration."""

from typing import Literal, TypeAlias

from pollux.errors import ModelError
from pollux.model.amounts import seconds
from pollux.model.equations import Turn
from pollux.model.graph import Expr, Window, node
from pollux.model.units import SECOND, Unit
from pollux.model.value import Value

Over: TypeAlias = "Turn | Value | str"
_Kind: TypeAlias = Literal["peak", "trough", "mean", "last", "sum"]

_HINT = "over=self.beat (a cycle), over=self.door_opens (an event) or over='1 h'"


def peak(x: Value, *, over: Over) -> Value:
    """The greatest value of the last closed window: a cuff reads `px.peak(self.aorta.pressure, over=self.beat)`.

    >>> import pollux as px
    >>> class Cuff(px.Twin):
    ...     pressure, systolic = px.hidden("mmHg"), px.sensor("mmHg", noise=4)
    ...
    ...     @px.reading(systolic)
    ...     def reads(self):
    ...         return px.peak(self.pressure, over="2 s")
    >>> Cuff.__pollux__.readings["systolic"].data
    Window(kind='peak', over='duration', name='', seconds=2.0)
    """
    return _window("peak", x, over)


def trough(x: Value, *, over: Over) -> Value:
    """The least value of the last closed window.

    >>> import pollux as px
    >>> class Cuff(px.Twin):
    ...     pressure = px.hidden("mmHg")
    ...     diastolic = px.sensor("mmHg")
    ...
    ...     @px.reading(diastolic)
    ...     def reads(self):
    ...         return px.trough(self.pressure, over="2 s")
    >>> Cuff.__pollux__.readings["diastolic"].unit.symbol
    'mmHg'
    """
    return _window("trough", x, over)


def mean(x: Value, *, over: Over) -> Value:
    """The mean over the time of the last closed window.

    >>> import pollux as px
    >>> class Meter(px.Twin):
    ...     power = px.hidden("kW")
    ...     load = px.sensor("kW")
    ...
    ...     @px.reading(load)
    ...     def reads(self):
    ...         return px.mean(self.power, over="15 min")
    >>> Meter.__pollux__.readings["load"].unit.symbol
    'kW'
    """
    return _window("mean", x, over)


def last(x: Value, *, over: Over) -> Value:
    """The value at the end of the last closed window: a sample and hold.

    >>> import pollux as px
    >>> class Analyser(px.Twin):
    ...     ozone = px.hidden("ug/m**3")
    ...     shown = px.sensor("ug/m**3")
    ...
    ...     @px.reading(shown)
    ...     def reads(self):
    ...         return px.last(self.ozone, over="1 h")
    >>> Analyser.__pollux__.readings["shown"].unit.symbol
    'ug/m**3'
    """
    return _window("last", x, over)


def sum(x: Value, *, over: Over) -> Value:
    """The integral over the time of the last closed window, in the unit of x times seconds: power becomes energy.

    >>> import pollux as px
    >>> class Counter(px.Twin):
    ...     flow = px.hidden("l/s")
    ...     volume = px.sensor("l")
    ...
    ...     @px.reading(volume)
    ...     def reads(self):
    ...         return px.sum(self.flow, over="1 min")
    >>> Counter.__pollux__.readings["volume"].unit.symbol
    'l'
    """
    return _window("sum", x, over)


def _window(kind: _Kind, x: Value, over: Over) -> Value:
    if not isinstance(x, Expr):
        raise ModelError(f"expected a signal inside an equation, got {x!r:.60}", hint="windows belong to @px.reading")
    if x.is_condition:
        raise ModelError("expected a number over time, got a condition", hint="px.where(condition, 1, 0)")
    return node("window", (x,), _unit(kind, x.unit), _span(kind, over))


def _unit(kind: _Kind, unit: Unit) -> Unit:
    return unit * SECOND if kind == "sum" else unit


def _span(kind: _Kind, over: object) -> Window:
    if isinstance(over, Turn) and isinstance(over.phase, Expr):
        return Window(kind, "cycle", name=str(over.phase.data))
    if isinstance(over, Expr) and over.op == "event":
        return Window(kind, "event", name=str(over.data))
    if isinstance(over, str):
        return Window(kind, "duration", seconds=seconds(over))
    raise ModelError(f"expected a cycle, an event or a duration, got {over!r:.60}", hint=_HINT)
