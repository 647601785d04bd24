"""Hard limits, on measurements only.

They run on raw decoded values, before and independently of every filter, gate and model, and go on when these fail.
What the model estimates (the filling pressure above all) has no limit here: wearables do not determine it, so it is a
risk, shown with its probability and with what would settle it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final


class Measured(StrEnum):
    """What has a limit. `MEAN` is sent by the cuff; `MEAN_DERIVED` is computed here from systolic and diastolic."""

    SYSTOLIC = "systolic pressure"
    DIASTOLIC = "diastolic pressure"
    MEAN = "mean pressure, as sent by the cuff"
    MEAN_DERIVED = "mean pressure, derived: diastolic + (systolic − diastolic) / 3"
    PULSE = "heart rate"
    SATURATION = "oxygen saturation"


@final
@dataclass(frozen=True, slots=True)
class Limit:
    """Below `low` or above `high`, in `unit`, is an alert."""

    low: float
    high: float
    unit: str


INFINITY: Final = float("inf")

LIMITS: Final[Mapping[Measured, Limit]] = MappingProxyType(
    {
        Measured.SYSTOLIC: Limit(90, INFINITY, "mmHg"),
        Measured.MEAN: Limit(60, INFINITY, "mmHg"),
        Measured.MEAN_DERIVED: Limit(60, INFINITY, "mmHg"),
        Measured.PULSE: Limit(40, 130, "/min"),
        Measured.SATURATION: Limit(90, INFINITY, "%"),
    }
)


@final
@dataclass(frozen=True, slots=True)
class Measurement:
    """One raw decoded value and its event time in nanoseconds since 1970."""

    what: Measured
    value: float
    time: int


@final
@dataclass(frozen=True, slots=True)
class Breach:
    """A measurement beyond its limit."""

    measurement: Measurement
    limit: float
    unit: str

    def __str__(self) -> str:
        side = "below" if self.measurement.value < self.limit else "above"
        return f"{self.measurement.what} {self.measurement.value:g} {self.unit}, {side} {self.limit:g}"


def mean_pressure(systolic: float, diastolic: float) -> float:
    """The mean pressure that a cuff's two numbers imply, mmHg; it reads 5 to 8 mmHg below the true mean in our
    patients.

    >>> mean_pressure(118.0, 61.0)
    80.0
    """
    return diastolic + (systolic - diastolic) / 3


def breaches(measurements: Iterable[Measurement]) -> tuple[Breach, ...]:
    """Every measurement beyond its limit, in the order given.

    >>> [str(b) for b in breaches([Measurement(Measured.SATURATION, 88, 0), Measurement(Measured.PULSE, 72, 0)])]
    ['oxygen saturation 88 %, below 90']
    """
    return tuple(breach for breach in map(_breach, measurements) if breach is not None)


def _breach(measurement: Measurement) -> Breach | None:
    limit = LIMITS.get(measurement.what)
    if limit is None or not (measurement.value < limit.low or measurement.value > limit.high):
        return None
    return Breach(measurement, limit.low if measurement.value < limit.low else limit.high, limit.unit)
