"""When an order is judged, and by which measurements: functions of the order and of what was measured, and no memory.

An effect that is foreseen for a moment is measured by a reading near that moment, made after the order was carried out:
within one and a half of the sensor's own intervals, or a tenth of the time for which the effect was foreseen, whichever
is longer. A value that is doubted or estimated is no measurement.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from pollux.act import Effect, Order, Outcome, compare
from pollux.clock import SECOND
from pollux.model.schema import Schema

INTERVALS: Final = 1.5
"""Intervals of a sensor by which a reading may miss the moment: one that is left out is too many."""
SHARE: Final = 0.1
"""The share of the foreseen time by which it may."""


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """A good measurement: its value in the signal's unit, and when it was so, nanoseconds UTC."""

    value: float
    at: int


@final
@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time in which a reading counts for an effect, nanoseconds UTC, both ends within."""

    start: int
    due: int
    end: int

    def holds(self, reading: Reading) -> bool:
        """Whether a reading counts."""
        return self.start <= reading.at <= self.end

    def nearest(self, readings: Sequence[Reading]) -> Reading | None:
        """The reading that counts and is nearest to the moment; None where none counts."""
        inside = [one for one in readings if self.holds(one)]
        return min(inside, key=lambda one: abs(one.at - self.due), default=None)


def window(order: Order, effect: Effect, schema: Schema) -> Window:
    """When a reading counts for an effect of an order that is done."""
    place = schema.index.get(effect.signal)
    every = schema.signals[place].every if place is not None else None
    foreseen = max(0, effect.due - order.issued_at)
    around = max(round(INTERVALS * SECOND * (every or 0.0)), round(SHARE * foreseen))
    return Window(max(order.done_at + 1, effect.due - around), effect.due, effect.due + around)


Newest = Callable[[str], Reading | None]
"""The newest reading of a signal, None while there is none or it is doubted."""

Past = Callable[[str, Window], Sequence[Reading]]
"""The good readings of a signal in a window."""


def outcomes(order: Order, schema: Schema, now: int, *, newest: Newest, past: Past) -> list[Outcome] | None:
    """Every effect of an order that is done beside its measurement; None while that is too early to say."""
    if any(now < effect.due for effect in order.predicted):
        return None
    found: list[Outcome] = []
    for effect in order.predicted:
        within = window(order, effect, schema)
        reading = newest(effect.signal)
        if (reading is None or not within.holds(reading)) and now <= within.end and _measured(effect, schema):
            return None
        if reading is None or not within.holds(reading):
            reading = within.nearest(past(effect.signal, within))
        found.append(compare(effect, math.nan) if reading is None else compare(effect, reading.value, reading.at))
    return found


def _measured(effect: Effect, schema: Schema) -> bool:
    """Whether anybody tells this signal: nobody waits for a measurement of what is only inferred."""
    place = schema.index.get(effect.signal)
    return place is not None and schema.signals[place].role in ("sensor", "actuator")
