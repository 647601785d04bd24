"""The fields of a twin type, as its schema gives them."""

import math
from typing import Final

import numpy as np

from pollux.model.schema import Role, Schema, Signal
from pollux.show.compose.words import title
from pollux.show.documents.twins import ValueRole
from pollux.show.facts import F64, Field, TwinType

ROLES: Final[dict[Role, ValueRole]] = {
    "sensor": "measured",
    "hidden": "estimate",
    "actuator": "set",
    "parameter": "parameter",
    "fact": "fact",
}


def outward(signal: Signal) -> tuple[float, float]:
    """Factor and shift that turn a number of the columns into the unit in which the outside speaks (K into degC)."""
    inside, edge = signal.unit, signal.edge
    return inside.factor / edge.factor, (inside.offset - edge.offset) / edge.factor


def outward_columns(schema: Schema) -> tuple[F64, F64]:
    """Factors and shifts of all signals, each of shape (signals, 1): `values * factor + shift` is for clients."""
    pairs = np.array([outward(signal) for signal in schema.signals], np.float64).reshape(-1, 2)
    return pairs[:, :1], pairs[:, 1:]


def outward_number(schema: Schema | None, name: str, value: float) -> float:
    """One number of a signal for clients; of what is no signal as it is."""
    place = None if schema is None else schema.index.get(name)
    if schema is None or place is None:
        return value
    factor, shift = outward(schema.signals[place])
    return value * factor + shift


def field_of(signal: Signal) -> Field:
    """A signal as a field that clients may see, in the unit in which the outside speaks."""
    return Field(
        name=signal.name,
        role=ROLES[signal.role],
        unit=str(signal.edge),
        label=signal.doc.partition(".")[0] or title(signal.name),
        every=signal.every,
        low=outward_bound(signal, signal.low),
        high=outward_bound(signal, signal.high),
        personal=signal.personal,
        numeric=signal.kind in ("number", "flag", "choice"),
        flag=signal.kind == "flag",
        choices=signal.choices,
    )


def outward_bound(signal: Signal, value: float) -> float | None:
    """A bound in the unit in which the outside speaks; None where there is none."""
    factor, shift = outward(signal)
    return value * factor + shift if math.isfinite(value) else None


def twin_type(schema: Schema, *, plural: str = "", one: str = "", derived: tuple[Field, ...] = ()) -> TwinType:
    """A twin type with the signals of its schema as fields, and `derived` ones after them."""
    fields = (*(field_of(signal) for signal in schema.signals), *derived)
    name = title(schema.name)
    return TwinType(schema.name, fields, plural or f"{name}s", one or name.lower(), schema.personal, schema)
