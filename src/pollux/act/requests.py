"""What a declared command may be asked with: its parameters are facts, and so are checked like facts."""

import math
from collections.abc import Mapping
from typing import Final

from pollux.errors import OrderRefused
from pollux.model.schema import Command, Schema, Signal
from pollux.model.units import convert

LONGEST: Final = 2_000
"""Characters of a text that a command may carry."""

Param = float | str | bool


def checked(command: Command, params: Mapping[str, Param], *, at: str = "") -> tuple[tuple[str, Param], ...]:
    """The parameters of a command in the order of their declaration; what was not told begins as declared.

    Raises OrderRefused with every reason: a name that is not declared, one that is missing, a number out of range, a
    choice that is none.

    >>> import pollux as px
    >>> class Infusion(px.Twin):
    ...     @px.command
    ...     def infuse(self, volume=px.fact("ml", low=0, high=500), drug=px.fact(["saline", "albumin"], "saline")):
    ...         "Infuse a volume of fluid."
    >>> infuse = Infusion.__pollux__.commands["infuse"]
    >>> checked(infuse, {"volume": 250})
    (('volume', 250.0), ('drug', 'saline'))
    >>> checked(infuse, {"drug": "gin"})
    Traceback (most recent call last):
    pollux.errors.OrderRefused: volume: expected a number, got none; drug: expected one of saline, albumin, got 'gin'
    hint: infuse takes volume, drug
    """
    known = [one.name for one in command.parameters]
    reasons = [f"{name}: not a parameter of {command.name}" for name in params if name not in known]
    values: list[tuple[str, Param]] = []
    for one in command.parameters:
        value = params.get(one.name, one.start)
        reason = _reason(one, value)
        if reason:
            reasons.append(f"{one.name}: {reason}")
        elif value is not None:
            values.append((one.name, value if one.kind != "number" else float(value)))
    if reasons:
        hint = f"{command.name} takes {', '.join(known)}" if known else f"{command.name} takes no parameters"
        raise OrderRefused("; ".join(reasons), at=at or None, hint=hint)
    return tuple(values)


def repeating(schema: Schema, signal: str) -> tuple[str, dict[str, Param]] | None:
    """The command, with its parameters, by which a device is asked to measure a signal again; None where none can.

    It is one that `measures`, with a choice among whose words the signal is, and nothing else that must be told.

    >>> import pollux as px
    >>> class Person(px.Twin):
    ...     pulse = px.sensor("1/min")
    ...     @px.command(measures=True)
    ...     def measure(self, signal=px.fact(["pulse", "weight"])):
    ...         "Measure again."
    >>> repeating(Person.__pollux__, "pulse"), repeating(Person.__pollux__, "height")
    (('measure', {'signal': 'pulse'}), None)
    """
    for command in schema.commands.values():
        needed = [one for one in command.parameters if one.start is None]
        if command.measures and len(needed) == 1 and signal in needed[0].choices:
            return command.name, {needed[0].name: signal}
    return None


def _reason(one: Signal, value: Param | None) -> str:
    """Why a value is none for this parameter; empty when it is one."""
    got = "none" if value is None else repr(value)
    match one.kind:
        case "number":
            return _number(one, value, got)
        case "flag":
            return "" if isinstance(value, bool) else f"expected True or False, got {got}"
        case "choice":
            return "" if value in one.choices else f"expected one of {', '.join(one.choices)}, got {got}"
        case "text":
            fits = isinstance(value, str) and len(value) <= LONGEST
            return "" if fits else f"expected a text of at most {LONGEST} characters, got {got[:40]}"
        case _:
            return "a position cannot be told with a command"


def _number(one: Signal, value: Param | None, got: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return f"expected a number, got {got}"
    if not one.low <= value <= one.high:
        low, high, asked = (convert(number, one.unit, one.edge) for number in (one.low, one.high, float(value)))
        return f"expected {low:g} to {high:g}, got {asked:g}"
    return ""
