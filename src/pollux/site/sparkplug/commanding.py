"""Orders as commands of Sparkplug, and when they are seen to be carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from pollux.check.faults import Fault
from pollux.check.sparkplug_said import Address, Born, Heard
from pollux.check.sparkplug_writing import Wish, as_kind
from pollux.columns.quality import Reason
from pollux.connect.field.order import FieldOrder, Param
from pollux.errors import PolluxError
from pollux.model.schema import Schema
from pollux.model.units import convert, unit
from pollux.site.sparkplug.source import SparkplugSource
from pollux.site.sparkplug.units import words

MOST: Final = 1_000
"""Orders of one connection that wait to be seen carried out."""

_CLOSE: Final = 1e-6


@final
@dataclass(slots=True)
class Awaited:
    """An order that has left: its device has still to tell these values by metric."""

    order: FieldOrder
    at: Address
    left: dict[str, Param] = field(default_factory=dict[str, Param])


def wishes(order: FieldOrder, source: SparkplugSource, schema: Schema, born: Mapping[str, Born]) -> list[Wish]:
    """What an order asks of the metrics that a birth has named, in their units; raises `Fault` where it cannot be."""
    return [_wish(name, value, source, schema, born) for name, value in order.params.items()]


def awaited(order: FieldOrder, at: Address, asked: Sequence[Wish]) -> Awaited:
    """What is to be heard before an order counts as done."""
    return Awaited(order, at, {one.name: as_kind(one.value, one.kind) for one in asked})


def seen(waiting: Awaited, values: Sequence[Heard]) -> bool:
    """Whether, with these values, everything has been told as it was asked."""
    for heard in values:
        wanted = waiting.left.get(heard.name)
        if wanted is not None and heard.device == waiting.at.device and _same(wanted, heard.value):
            del waiting.left[heard.name]
    return not waiting.left


def _wish(name: str, value: Param, source: SparkplugSource, schema: Schema, born: Mapping[str, Born]) -> Wish:
    signal = schema.signal(name)
    if signal.role != "actuator":
        raise Fault(Reason.WRONG_ROLE, f"expected an actuator, got the {signal.role} {name}")
    metric = born.get(source.metric(name))
    if metric is None:
        raise Fault(Reason.UNKNOWN_SIGNAL, f"no birth has named the metric {source.metric(name)}")
    told = source.units.get(name) or words(metric.unit)
    if signal.kind == "number" and told and not isinstance(value, str | bool):
        try:
            value = convert(value, signal.edge, unit(told))
        except PolluxError as wrong:
            raise Fault(Reason.WRONG_UNIT, f"the metric {metric.name} is told in {told}: {wrong.message}") from None
    as_kind(value, metric.kind)
    return Wish(metric.name, metric.kind, value, metric.alias)


def _same(wanted: Param, told: float | str | bool | None) -> bool:
    if isinstance(wanted, str) or isinstance(told, str) or told is None:
        return wanted == told
    return abs(float(wanted) - float(told)) <= _CLOSE * max(1.0, abs(float(wanted)))
