"""The values of a command at the wall: the outside speaks the declared units, orders hold those of the columns."""

from collections.abc import Mapping

from pollux.act import Order
from pollux.model.schema import Schema, Signal
from pollux.model.units import convert

Param = float | str | bool


def outward_params(schema: Schema | None, order: Order) -> dict[str, Param]:
    """What an order asks for, as its device, its person and its readers are told it (K as degC where so declared)."""
    return {name: _outward(_asked(schema, order.name, name), value) for name, value in order.params}


def inward_params(schema: Schema, command: str, params: Mapping[str, Param]) -> tuple[tuple[str, Param], ...]:
    """What somebody outside asks for, in the units of the columns; numbers become floats, the rest stays as it is."""
    return tuple((name, inward(_asked(schema, command, name), value)) for name, value in params.items())


def _asked(schema: Schema | None, command: str, name: str) -> Signal | None:
    """The actuator, or the parameter of a command of the type's own; None for a name that is neither."""
    if schema is None:
        return None
    if command == "set":
        return schema.signals[schema.index[name]] if name in schema.index else None
    own = schema.commands.get(command)
    return next((one for one in own.parameters if one.name == name), None) if own else None


def inward(signal: Signal | None, value: Param) -> Param:
    """What somebody outside says of a signal, in the unit of its column; what is no number of a signal as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return float(value) if signal is None else convert(float(value), signal.edge, signal.unit)


def _outward(signal: Signal | None, value: Param) -> Param:
    if signal is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return convert(float(value), signal.unit, signal.edge)
