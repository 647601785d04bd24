"""Which clocks of an FMU are ticked from outside: those of a constant period, in event mode.

Source: FMI 3.0.2, section 2.2.9 (clocks); the other kinds need a scheduler that asks the FMU for its intervals.
"""

from collections.abc import Iterator
from typing import Final

from pollux.errors import SimulationError
from pollux.simulate.fmi.description import Ability, Description, Variable

_STEADY: Final = ("constant", "fixed", "tunable")


def clocks_of(description: Description, ability: Ability, at: str) -> tuple[Variable, ...]:
    """The input clocks; raises `SimulationError` for those that cannot be ticked here."""
    found = tuple(_inputs(description))
    for one in found:
        if one.interval not in _STEADY or one.period is None or not one.period > 0.0:
            raise SimulationError(
                f"expected input clocks of a constant period, got {one.name!r}, which is {one.interval or 'untold'}",
                at=at,
                hint="triggered, changing and countdown clocks are not supported",
            )
    if found and ability.way == "co-simulation" and not ability.event_mode:
        raise SimulationError(f"expected event mode, without which {found[0].name!r} cannot tick, got none", at=at)
    return found


def _inputs(description: Description) -> Iterator[Variable]:
    return (one for one in description.variables if one.type == "Clock" and one.causality == "input")
