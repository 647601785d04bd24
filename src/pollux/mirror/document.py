"""What a twin tells about itself: the document of its retained state, for whoever may read it."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from pollux.clock import iso
from pollux.columns.block import Block
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality
from pollux.columns.view import fact
from pollux.model.units import convert


def state_document(block: Block, row: int, signals: Iterable[int] | None = None) -> dict[str, Any]:
    """The known signals of a twin as `{"temp": {"value", "unit", "t", "quality"}}`, in the units of the edge.

    `signals` are schema indices, all unless told; what was never told is left out. An actuator that was asked for
    something else says so under `desired`.
    """
    chosen = range(len(block.schema.signals)) if signals is None else signals
    told = {block.schema.signals[i].name: _said(block, i, row) for i in chosen}
    return {name: said for name, said in told.items() if said}


def _said(block: Block, signal: int, row: int) -> dict[str, Any]:
    quality, declared = Quality(int(block.quality[signal, row])), block.schema.signals[signal]
    wanted = _wanted(block, signal, row)
    if quality == Quality.MISSING:
        return wanted
    said: dict[str, Any] = {"value": _value(block, signal, row), "quality": quality.word}
    if declared.kind == "number":
        said["unit"] = declared.edge.symbol
    if block.event_time[signal, row] != NEVER:
        said["t"] = iso(int(block.event_time[signal, row]))
    return said | wanted


def _value(block: Block, signal: int, row: int) -> Any:
    declared = block.schema.signals[signal]
    if declared.kind in ("text", "choice", "position"):
        return fact(block, signal, row)
    number = float(block.values[block.layout.signal_slot[signal], row])
    return bool(number) if declared.kind == "flag" else convert(number, declared.unit, declared.edge)


def _wanted(block: Block, signal: int, row: int) -> dict[str, Any]:
    place = block.actuators.get(signal)
    if place is None or np.isnan(block.desired[place, row]):
        return {}
    declared = block.schema.signals[signal]
    return {"desired": convert(float(block.desired[place, row]), declared.unit, declared.edge)}
