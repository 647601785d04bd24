"""What has to be known to run an FMU, without its description: it travels to the process that runs it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from pollux.simulate.fmi.description import Ability, Description, Variable
from pollux.simulate.fmi.kinds import NUMERIC


class Group(msgspec.Struct, frozen=True):
    """Variables of one type, which one call carries: their references, and the place of each number in the order.

    `sizes` are how many numbers each reference holds.
    """

    type: str
    references: list[int]
    sizes: list[int]
    places: list[int]


class Plan(msgspec.Struct, frozen=True):
    """How the instances of one FMU are made and run. Times are seconds of the FMU's own time.

    `clocks` are the periodic input clocks, which are ticked from outside: reference, period and shift.
    """

    version: Literal[2, 3]
    exchange: bool
    folder: str
    identifier: str
    token: str
    starts: list[Group]
    inputs: list[Group]
    reads: list[Group]
    texts: list[tuple[int, str]]
    begin: float
    tolerance: float
    fixed_step: float
    event_mode: bool
    discrete_inputs: bool
    states: int
    indicators: int
    serializes: bool
    tolerance_told: bool
    clocks: list[tuple[int, float, float]] = []


def groups(description: Description, variables: Sequence[Variable]) -> list[Group]:
    """The variables by type, in as few calls as there are types."""
    numbers = iter(range(sum(one.size for one in variables)))
    places = [(one, [next(numbers) for _ in range(one.size)]) for one in variables]
    found: dict[str, list[tuple[Variable, list[int]]]] = {}
    for one, own in places:
        found.setdefault(NUMERIC[description.version][one.type].word, []).append((one, own))
    kinds = {NUMERIC[description.version][one.type].word: one.type for one in variables}
    return [
        Group(
            kinds[word],
            [one.reference for one, _ in members],
            [one.size for one, _ in members],
            [place for _, own in members for place in own],
        )
        for word, members in found.items()
    ]


def width(found: Sequence[Group]) -> int:
    """How many numbers the groups hold together."""
    return sum(len(group.places) for group in found)


def plan_of(
    description: Description,
    ability: Ability,
    folder: str,
    *,
    starts: Sequence[Variable],
    inputs: Sequence[Variable],
    reads: Sequence[Variable],
    texts: Mapping[Variable, str],
    clocks: Sequence[Variable],
    tolerance: float | None,
    fixed_step: float,
) -> Plan:
    """The plan for one way of running an FMU with these variables."""
    told = tolerance or description.tolerance
    exchange = ability.way == "model exchange"
    return Plan(
        version=description.version,
        exchange=exchange,
        folder=folder,
        identifier=ability.identifier,
        token=description.token,
        starts=groups(description, starts),
        inputs=groups(description, inputs),
        reads=groups(description, reads),
        texts=[(one.reference, text) for one, text in texts.items()],
        begin=description.begin,
        tolerance=told or 1e-6,
        fixed_step=fixed_step,
        event_mode=ability.event_mode,
        discrete_inputs=any(one.variability != "continuous" for one in inputs),
        states=description.state_count if exchange else 0,
        indicators=description.indicator_count if exchange else 0,
        serializes=ability.serializes,
        tolerance_told=told is not None,
        clocks=[(one.reference, one.period, one.shift) for one in clocks if one.period is not None],
    )
