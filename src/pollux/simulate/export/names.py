"""What a type computes and how an FMU calls it."""

from pollux.model.graph import Expr
from pollux.model.schema import Schema, Signal


def state_name(schema: Schema, state: str) -> str:
    """The name of a state's variable: a cycle is known by its phase."""
    return f"{state}.phase" if state in schema.cycles else state


def der(schema: Schema, state: str) -> str:
    """The name of a state's derivative, as the structured names of FMI have it."""
    return f"der({state_name(schema, state)})"


def is_input(signal: Signal) -> bool:
    """Whether a signal without an equation comes from outside at any time: what may be set, what is only measured."""
    return signal.role in ("actuator", "sensor")


def conditions(schema: Schema) -> dict[str, Expr]:
    """The conditions of a type by name: its events, and its derived values that are true or false."""
    found = {name: event.condition for name, event in schema.events.items()}
    return found | {name: expr for name, expr in schema.derived.items() if expr.is_condition}


def values(schema: Schema) -> dict[str, Expr]:
    """The numbers that a type computes, by name: derived values and readings."""
    found = {name: expr for name, expr in schema.derived.items() if not expr.is_condition}
    return found | dict(schema.readings)
