"""An order on a server: the nodes of its actuators written, the status of each write seen, the values read back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from pollux.columns.field import Datum
from pollux.connect.field.delivery import Answered
from pollux.connect.field.order import FieldOrder, Param
from pollux.connect.opcua.points import Point
from pollux.connect.opcua.services import read
from pollux.connect.opcua.stack import Session, ua, value_of
from pollux.connect.opcua.values import datum, status_of
from pollux.model.schema import Schema, Signal
from pollux.model.units import convert, unit

CLOSE: Final = 1e-6
"""How far what is read back may lie from what was written: a node of 32 bits keeps seven digits."""


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order, why, and what the nodes say now."""

    state: Answered
    reason: str = ""
    data: list[Datum] = field(default_factory=list[Datum])


@final
class Unfit(Exception):
    """Why an order cannot be written."""


async def carry(session: Session, order: FieldOrder, points: Mapping[str, Point], schema: Schema) -> Outcome:
    """Write what an order asks for to the nodes of its actuators; nothing is written unless all of it can be."""
    if order.name != "set":
        return Outcome("rejected", f"no node takes the command {order.name}: only actuators are written")
    try:
        written = [(_point(points, name), _variant(_point(points, name), schema.signal(name), value))
                   for name, value in order.params.items()]  # fmt: skip
    except Unfit as unfit:
        return Outcome("rejected", str(unfit))
    wanted = [
        ua.WriteValue(
            NodeId=point.node, AttributeId=ua.AttributeIds.Value, Value=ua.DataValue(variant, StatusCode=None)
        )
        for point, variant in written
    ]
    statuses = await session.write(ua.WriteParameters(NodesToWrite=wanted))
    refused = [f"{point.signal}: {status.name}" for (point, _), status in zip(written, statuses, strict=True)
               if not status.is_good()]  # fmt: skip
    if refused:
        return Outcome("failed", f"the server refuses the write: {', '.join(refused)}")
    return await _read_back(session, written)


async def _read_back(session: Session, written: list[tuple[Point, Any]]) -> Outcome:
    values = await read(session, [point.node for point, _ in written], ua.AttributeIds.Value)
    data: list[Datum] = []
    wrong: list[str] = []
    for (point, variant), value in zip(written, values, strict=True):
        told = value_of(value)
        data.append(datum(point.signal, value, point.unit, point.words))
        if status_of(value) >> 30 or not _same(variant.Value, told):
            wrong.append(f"{point.signal}: wrote {variant.Value}, reads {told}")
    return Outcome("failed", ", ".join(wrong), data) if wrong else Outcome("done", "", data)


def _point(points: Mapping[str, Point], name: str) -> Point:
    point = points.get(name)
    if point is None:
        raise Unfit(f"expected an actuator that a node is declared for, got {name}")
    return point


def _variant(point: Point, signal: Signal, value: Param) -> Any:
    if signal.kind == "flag":
        return ua.Variant(bool(value), ua.VariantType.Boolean)
    if isinstance(value, str):
        return ua.Variant(*((point.words.index(value), point.type) if value in point.words else (value, None)))
    number = float(value)
    if point.unit is not None:
        number = convert(number, signal.edge, unit(point.unit))
    if point.type in (ua.VariantType.Float, ua.VariantType.Double):
        return ua.Variant(number, point.type)
    if not math.isclose(number, round(number), abs_tol=CLOSE):
        raise Unfit(f"expected a whole number for {point.signal}, which its node holds, got {number:g}")
    return ua.Variant(round(number), point.type)


def _same(wrote: object, reads: object) -> bool:
    if isinstance(wrote, float) and isinstance(reads, int | float):
        return math.isclose(wrote, reads, rel_tol=CLOSE, abs_tol=CLOSE)
    return wrote == reads
