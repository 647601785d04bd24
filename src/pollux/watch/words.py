"""The words in which rules are declared: on symbols of the twin type, with units and durations as texts."""

from typing import Literal

from pollux.clock import duration
from pollux.errors import ModelError
from pollux.model.graph import Expr
from pollux.model.schema import Schema
from pollux.model.symbols import AbstractCondition, Symbol
from pollux.model.units import convert, scale
from pollux.watch.rules import Change, Limit, Severity, Silence, Writing


def limit(
    condition: AbstractCondition,
    *,
    severity: Severity,
    title: str = "",
    hysteresis: float = 0.0,
    delay: str = "0 s",
) -> Limit:
    """An alarm while a measured value is beyond a limit: `px.limit(Pump.temp > 350, severity="high")`.

    The condition compares one signal with one number; both in its declared unit, as is `hysteresis`, by which the value
    must come back. `delay` is how long it must last. Raises ModelError for anything else: a limit on an estimate is a
    risk and no alarm.

    >>> import pollux as px
    >>> class Pump(px.Twin):
    ...     temp = px.sensor("K", low=250, high=420)
    >>> rule = px.limit(Pump.temp > 350, severity="high", hysteresis=5, delay="10 s")
    >>> rule.signal, rule.side, rule.value
    ('temp', 'above', 350.0)
    """
    expr = condition.expr
    if expr.op not in (">", ">=", "<", "<=") or expr.args[1].op != "const":
        raise _senseless()
    signal = _measured(condition.schema, expr.args[0])
    side: Literal["above", "below"] = "above" if expr.op in (">", ">=") else "below"
    writing = _writing(condition.schema, signal)
    return Limit(signal, side, float(expr.args[1]), severity, title, hysteresis, duration(delay), writing)


def change(
    signal: Symbol,
    *,
    within: str,
    severity: Severity,
    rise: float | None = None,
    fall: float | None = None,
    title: str = "",
    inclusive: bool = False,
) -> Change:
    """An alarm when a measured value rises, or falls, by more than so much within a stretch of time.

    `rise` and `fall` are in the signal's declared unit; `inclusive` counts that much itself. Raises ModelError unless
    one of them is given.

    >>> import pollux as px
    >>> class Patient(px.Twin):
    ...     weight = px.sensor("kg", low=30, high=250)
    >>> px.change(Patient.weight, within="3 days", rise=2.0, severity="high").side
    'rise'
    """
    if (rise is None) == (fall is None):
        raise ModelError("expected either rise= or fall=", at=signal.name)
    by = rise if rise is not None else fall
    assert by is not None
    side: Literal["rise", "fall"] = "rise" if rise is not None else "fall"
    writing = _writing(signal.schema, signal.name)
    return Change(signal.name, side, by, duration(within), severity, title, inclusive, writing)


def silence(signal: Symbol, *, after: str, severity: Severity, title: str = "") -> Silence:
    """An alarm when no reading of a signal came for longer than `after`.

    >>> import pollux as px
    >>> class Patient(px.Twin):
    ...     weight = px.sensor("kg", low=30, high=250)
    >>> px.silence(Patient.weight, after="2 days", severity="low").signal
    'weight'
    """
    return Silence(signal.name, duration(after), severity, title)


def _writing(schema: Schema, name: str) -> Writing:
    signal = schema.signal(name)
    return Writing(str(signal.edge), scale(signal.unit, signal.edge), convert(0.0, signal.unit, signal.edge))


def _measured(schema: Schema, expr: Expr) -> str:
    """The measured signal that an expression is: a device's value, also where the type has an equation for it."""
    readings = [name for name, reading in schema.readings.items() if reading is expr]
    if not readings and expr.op not in ("state", "param"):
        raise _senseless()
    name = readings[0] if readings else str(expr.data)
    if schema.signal(name).role not in ("sensor", "actuator"):
        raise ModelError(
            f"expected a measured signal, got {name}", hint="nobody measures it: show its probability instead"
        )
    return name


def _senseless() -> ModelError:
    return ModelError(
        "expected one measured signal compared with a number", hint="for example px.limit(Pump.temp > 350, ...)"
    )
