"""Facts as people and programs set them, past the devices."""

import numpy as np

from pollux.columns.batch import Place
from pollux.columns.block import Block
from pollux.columns.memory import NEVER, first_quality
from pollux.columns.quality import Quality, Reason
from pollux.errors import DataRefused
from pollux.mirror.population import Population


def set_fact(population: Population, signal: int, row: int, value: float | bool | str | Place, *, when: int) -> None:
    """Set a fact or a parameter; `DataRefused` for a value of another kind, or a signal that is measured."""
    block = population.block
    declared = block.schema.signals[signal]
    if declared.role not in ("fact", "parameter"):
        raise DataRefused(f"expected a fact or a parameter, got the {declared.role}", at=declared.name)
    if declared.kind in ("text", "position"):
        if isinstance(value, str) != (declared.kind == "text") or isinstance(value, int | float):
            raise DataRefused(f"expected a {declared.kind}, got {type(value).__name__}", at=declared.name)
        population.tell(row, signal, value, event_time=when, arrival=when)
    else:
        block.put(signal, [row], value=_number(block, signal, value), event_time=when, quality=Quality.GOOD, sigma=0.0)
    # Topics may say the same fact: decoders look at them again.
    block.epoch += 1
    block.version += 1


def forget_fact(block: Block, signal: int, row: int) -> None:
    """Make a fact as if it had never been told."""
    declared = block.schema.signals[signal]
    if signal in block.texts:
        block.texts[signal][row] = block.first_text(signal)
    elif signal in block.positions:
        start = 3 * block.positions[signal]
        block.memory.places[start : start + 3, row] = np.nan
    else:
        slot = block.layout.signal_slot[signal]
        block.values[slot, row] = block.layout.start(1)[slot, 0]
    block.event_time[signal, row] = block.arrival[signal, row] = NEVER
    block.quality[signal, row] = first_quality(declared)
    block.reason[signal, row] = Reason.NONE
    block.epoch += 1
    block.version += 1


def _number(block: Block, signal: int, value: object) -> float:
    declared = block.schema.signals[signal]
    if declared.kind == "choice":
        if value not in declared.choices:
            raise DataRefused(f"expected one of {', '.join(declared.choices)}, got {value!r}", at=declared.name)
        return float(declared.choices.index(str(value)))
    if isinstance(value, bool) == (declared.kind == "flag") and isinstance(value, int | float) and np.isfinite(value):
        return float(value)
    raise DataRefused(f"expected a {declared.kind}, got {value!r}", at=declared.name)
