"""What a twin's filter learns, and how fast it believes that things drift."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from pollux.clock import DAY, duration
from pollux.errors import ModelError
from pollux.model.schema import Schema, Signal


@final
@dataclass(frozen=True, slots=True)
class Learning:
    """How the hidden part of a type is estimated by an ensemble Kalman filter.

    `members` is the size of the ensemble, `every` how often measurements are taken in: those between two updates enter
    as one, their mean. `drift` gives, for each parameter that may change, the standard deviation of its random walk
    over one day, in the free units of its prior (for a lognormal: about the relative change divided by its spread).
    `fades` gives for some of them the time in which a deviation from the middle of the prior falls to its e-th part, so
    that what befalls a twin passes again. Forecasts go on walking as the filter does.
    `floor` is the part of a signal's error, in its unit, that more readings do not average away.

    Raises ModelError for fewer than 8 members, for drifts and floors below zero, and for what fades in no time or does
    not drift.

    >>> learning = Learning(members=64, every="6 h", drift={"svr": 0.05, "cold": 1}, fades={"cold": "10 days"})
    >>> learning.interval, learning.fading("cold"), learning.fading("svr")
    (21600000000000, 10.0, inf)
    """

    members: int = 64
    every: str = "1 h"
    drift: Mapping[str, float] = field(default_factory=dict[str, float])
    fades: Mapping[str, str] = field(default_factory=dict[str, str])
    floor: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        if self.members < 8:
            raise ModelError(f"expected at least 8 members, got {self.members}", at="Learning")
        if any(not (math.isfinite(step) and step >= 0) for step in (*self.drift.values(), *self.floor.values())):
            raise ModelError("expected drifts and floors of zero or more", at="Learning")
        for name, time in self.fades.items():
            if name not in self.drift or duration(time) <= 0:
                raise ModelError(
                    f"expected a time above zero and a drift of {name}, got {time!r}", at="Learning, fades"
                )

    @property
    def interval(self) -> int:
        """Nanoseconds between two updates."""
        return duration(self.every)

    def fading(self, name: str) -> float:
        """Days in which a parameter's deviation from its prior's middle falls to an e-th; infinite for most."""
        time = self.fades.get(name)
        return math.inf if time is None else duration(time) / DAY

    def check(self, schema: Schema) -> None:
        """Refuse names that the type does not have, and a drift of what has no prior."""
        for name in (*self.drift, *self.floor):
            schema.signal(name)
        for name in self.drift:
            if schema.signal(name) not in learnt(schema):
                raise ModelError(
                    f"expected a parameter with a prior, got {name}",
                    at=schema.name,
                    hint="what has no prior is not learnt",
                )


def learnt(schema: Schema) -> tuple[Signal, ...]:
    """The parameters with a prior: what differs from twin to twin."""
    return tuple(one for one in schema.signals if one.prior is not None and one.role == "parameter")


def inferred(schema: Schema) -> tuple[Signal, ...]:
    """What is estimated besides parameters: every signal with a rate, and the unknowns, which move along with these.

    A state that only jumps is left as the model has it: a mode is on or off, not seven tenths on.
    """
    moved = (schema.rates.keys() | schema.algebraic.keys()) - set(schema.discrete)
    return tuple(one for one in schema.signals if one.name in moved)


def observed(schema: Schema) -> tuple[Signal, ...]:
    """The sensors that tell something of the states: those with a reading, a rate or a residual."""
    return tuple(one for one in schema.signals if one.role == "sensor" and one.name in schema.computed)
