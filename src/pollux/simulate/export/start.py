"""The column an FMU begins with: that of the type, with what is given."""

from collections.abc import Mapping
from typing import TypeAlias

from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.errors import SimulationError
from pollux.model.amounts import Amount, amount
from pollux.model.roles import Role
from pollux.model.schema import Schema, Signal
from pollux.model.symbols import Symbol
from pollux.model.value import Value

Start: TypeAlias = Mapping[Role | Value | str, Amount]


def start_column(twin: type, schema: Schema, given: Start) -> F64:
    """The column (layout.width,) of a type, each given signal at its value; of an unknown, where the search begins.

    Raises `NotFound` for a name that the type does not have, `SimulationError` for a signal that nobody can set and for
    a value outside its bounds.
    """
    layout = layout_of(schema)
    column: F64 = layout.start(1)[:, 0].copy()
    for key, value in given.items():
        signal = schema.signal(_name(twin, key))
        if signal.name not in (*schema.states, *schema.unknowns, *schema.params):
            raise SimulationError(
                "expected a state, a parameter or an actuator, got what is computed", at=f"{schema.name}.{signal.name}"
            )
        column[layout.place(signal.name)] = _within(schema, signal, amount(value, signal.edge))
    return column


def _name(twin: type, key: object) -> str:
    if isinstance(key, Symbol) and key.twin is twin:
        return key.name
    if isinstance(key, str):
        return key
    raise SimulationError(f"expected signals of {twin.__name__} as keys of start, got {key!r:.60}")


def _within(schema: Schema, signal: Signal, value: float) -> float:
    if not signal.low <= value <= signal.high:
        raise SimulationError(
            f"expected a number from {signal.low:g} to {signal.high:g} {signal.unit}, got {value:g}",
            at=f"{schema.name}.{signal.name}",
        )
    return value
