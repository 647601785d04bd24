"""How a line stands when a run begins: empty, or as a live one stands now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, final

import numpy as np

from pollux.errors import NotFound, SimulationError
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import Opening
from pollux.simulate.discrete.line import Line
from pollux.simulate.discrete.lowering import ENDLESS, Lowered
from pollux.simulate.discrete.memory import level_opening

Mode: TypeAlias = Literal["idle", "busy", "blocked", "down"]

_MODES: Final[Mapping[str, int]] = {"idle": c.IDLE, "busy": c.BUSY, "blocked": c.BLOCKED, "down": c.DOWN}


@final
@dataclass(frozen=True, slots=True)
class Start:
    """How a line stands: parts in queues, what machines do, and for how many seconds they go on with it.

    What is not said is as the line says it: queues as they start, machines idle. Without a rest chance decides how long
    work or a repair still takes, as if it had just begun. `speed` makes machines (and sources) so many times faster
    through the whole run. All servers of a machine do the same.
    """

    levels: Mapping[str, int] = field(default_factory=dict[str, int])
    modes: Mapping[str, Mode] = field(default_factory=dict[str, Mode])
    rests: Mapping[str, float] = field(default_factory=dict[str, float])
    speed: Mapping[str, float] = field(default_factory=dict[str, float])


def opening_of(line: Line, lowered: Lowered, start: Start | None) -> Opening:
    """The tables of a start; raises NotFound for other names, SimulationError for what cannot be."""
    opening = level_opening(lowered)
    if start is None:
        return opening
    for name, level in start.levels.items():
        place = _place(lowered.queues, name, line)
        room = min(int(lowered.room[place]), ENDLESS)
        if not 0 <= level <= room or lowered.plan.queue[place, c.KIND] not in (c.BUFFER, c.STOCK):
            raise SimulationError(f"expected zero to {room} parts, got {level}", at=f"{line.name}, {name}")
        opening.level[place] = level
    for name, mode in start.modes.items():
        first, end = lowered.slots[lowered.stations[_place(lowered.stations, name, line)]]
        opening.mode[first:end] = _MODES[mode]
    for name, rest in start.rests.items():
        first, end = lowered.slots[lowered.stations[_place(lowered.stations, name, line)]]
        opening.rest[first:end] = max(0.0, rest)
    for name, speed in start.speed.items():
        if not speed > 0 or not np.isfinite(speed):
            raise SimulationError(f"expected a speed above zero, got {speed:g}", at=f"{line.name}, {name}")
        opening.factor[_place(lowered.stations, name, line)] = speed
    return opening


def _place(names: tuple[str, ...], name: str, line: Line) -> int:
    if name not in names:
        raise NotFound(f"expected a name of the line, got {name!r}", at=line.name)
    return names.index(name)
