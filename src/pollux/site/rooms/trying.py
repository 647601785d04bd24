"""What is tried on a fork: choices of its type's lab, and settings of the asker's own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import DAY, duration
from pollux.decide import options
from pollux.errors import DataRefused
from pollux.model.roles import actuator
from pollux.site.declare import Declared
from pollux.site.presenting import Lab, LabChoice
from pollux.site.rooms.runs import KEYS

MOST: Final = len(KEYS)
"""Choices that a comparison holds, going on as it is among them."""

FARTHEST: Final = 36_525 * DAY

NOT_JUDGED: Final = "not a choice of the lab, so nothing was held against it"


@final
@dataclass(frozen=True, slots=True)
class Trial:
    """What a run tries: choices, and by choice why it will not be ranked; how far, with how many members and luck."""

    choices: tuple[LabChoice, ...]
    unranked: tuple[str | None, ...]
    over: str
    span: int
    members: int
    seed: int | None = None


def trial(
    choices: Sequence[LabChoice],
    own: Sequence[LabChoice] = (),
    *,
    over: str,
    members: int,
    seed: int | None = None,
    judged: bool = True,
) -> Trial:
    """Choices of the lab and the asker's own ones. Where the lab's are `judged` by gates, no other one is ranked.

    Raises DataRefused for more than a comparison holds, and for a span that cannot be run.
    """
    every = (*choices, *own)
    if len(every) > MOST:
        raise DataRefused(
            f"expected at most {MOST - 1} besides going on as it is, got {len(every) - 1}", at="$.choices"
        )
    reasons = (*(None for _ in choices), *(NOT_JUDGED if judged else None for _ in own))
    return Trial(every, reasons, over, span_of(over), members, seed)


def chosen(lab: Lab, twin: str, wanted: Sequence[str]) -> tuple[LabChoice, ...]:
    """The choices of a lab by their names, behind going on as it is; raises DataRefused for names that it has not."""
    known = {choice.id: choice for choice in lab.choices(twin)}
    missing = [one for one in wanted if one not in known]
    if missing:
        raise DataRefused(f"no choice {missing[0]!r}", at="$.choices", hint=f"there are {', '.join(known)}")
    return tuple(known[one] for one in dict.fromkeys([next(iter(known)), *wanted]))


def every_choice(lab: Lab, twin: str) -> tuple[LabChoice, ...]:
    """The choices of a lab, as far as a comparison holds them."""
    return tuple(lab.choices(twin))[:MOST]


def settled(declared: Declared, settings: Mapping[str, Sequence[float]]) -> tuple[LabChoice, ...]:
    """Choices of the asker's own: a grid of values of actuators; raises DataRefused and ModelError for what is none."""
    symbols = [actuator_of(declared, name) for name in settings]
    if not symbols:
        return ()
    if math.prod(len(values) for values in settings.values()) >= MOST:
        raise DataRefused(f"expected at most {MOST - 1} combinations, got more", at="$.settings")
    grid = options(dict(zip(symbols, settings.values(), strict=True)))
    return tuple(_own(dict(zip(symbols, option.told, strict=True))) for option in grid)


def actuator_of(declared: Declared, name: str) -> actuator:
    """An actuator of a type by its name; raises DataRefused for what is none."""
    symbol = getattr(declared.kind, name, None)
    if not isinstance(symbol, actuator):
        raise DataRefused(f"expected an actuator of {declared.schema.name}, got {name!r}", at="$.settings")
    return symbol


def _own(plan: Mapping[actuator, float]) -> LabChoice:
    words = ", ".join(f"{one.name} {value:g} {one.schema.signal(one.name).edge}" for one, value in plan.items())
    return LabChoice(f"set {words}", words, words, plan)


def span_of(over: str) -> int:
    """How far ahead, in nanoseconds; raises DataRefused for a span that cannot be run."""
    try:
        span = duration(over)
    except OverflowError:
        span = FARTHEST + 1
    if not 0 < span <= FARTHEST:
        raise DataRefused(f"expected a span above zero and at most 100 years, got {over!r}", at="$.over")
    return span
