"""The words in which rules are declared: on symbols of the twin type, with units and durations as texts."""

from typing import Literal

from pollux.clock import duration
from pollux.errors import ModelError
from pollux.model.symbols import AbstractCondition, Symbol
from pollux.watch.rules import Change, Limit, Severity, Silence


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
    """
    expr = condition.expr
    compares = expr.op in (">", ">=", "<", "<=")
    if not compares or expr.args[0].op not in ("state", "param", "window") or expr.args[1].op != "const":
        raise ModelError(
            "expected one measured signal compared with a number", hint="for example px.limit(Pump.temp > 350, ...)"
        )
    signal = str(expr.args[0].data)
    if condition.schema.signal(signal).role not in ("sensor", "actuator"):
        raise ModelError(
            f"expected a measured signal, got {signal}", hint="nobody measures it: show its probability instead"
        )
    side: Literal["above", "below"] = "above" if expr.op in (">", ">=") else "below"
    return Limit(signal, side, float(expr.args[1]), severity, title, hysteresis, duration(delay))


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
    """An alarm when a measured value rises, or falls, by more than so much within a stretch of time."""
    if (rise is None) == (fall is None):
        raise ModelError("expected either rise= or fall=", at=signal.name)
    by = rise if rise is not None else fall
    assert by is not None
    return Change(signal.name, "rise" if rise is not None else "fall", by, duration(within), severity, title, inclusive)


def silence(signal: Symbol, *, after: str, severity: Severity, title: str = "") -> Silence:
    """An alarm when no reading of a signal came for longer than `after`."""
    return Silence(signal.name, duration(after), severity, title)
