"""What is known of how well a device measures: the figures of one twin, for people, programs and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

ClockFault: TypeAlias = Literal["none", "ahead", "behind", "drifting", "zone", "never set"]


@final
@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds between event time and arrival, where the device tells the time: quantiles of `count` samples.

    They come from a histogram whose steps double, so that they are right to a factor of two. `ahead` counts samples
    from before their own event time; the quantiles are None where there are no samples.
    """

    count: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    ahead: int = 0


@final
@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """The clock of a device against the site's: `offset` in seconds, positive where it runs ahead.

    `drift` is how fast the offset grows, in parts per million, None while too little was heard; `zone` the nearest
    multiple of a quarter of an hour in seconds where the offset looks like a wrong time zone or daylight saving.
    """

    offset: float
    drift: float | None = None
    fault: ClockFault = "none"
    zone: float | None = None


@final
@dataclass(frozen=True, slots=True)
class SignalStatistics:
    """What became of the samples of one signal that were heard for the first time.

    `qualities` and `reasons` count them by the words of `Quality` and the names of `Reason` in lower case;
    `suspected_unit` is what a rule takes their unit for, `calibration` the certificate that was applied last,
    `residual` how far the last reading lay from what the twin's filter foresaw, in standard deviations.
    """

    signal: str
    samples: int
    qualities: Mapping[str, int]
    reasons: Mapping[str, int]
    suspected_unit: str | None = None
    calibration: str | None = None
    residual: float | None = None

    @property
    def gaps(self) -> int:
        """How often a rule saw values missing."""
        return self.reasons.get("gap", 0)


@final
@dataclass(frozen=True, slots=True)
class DeviceStatistics:
    """The figures of one twin since it was first heard.

    `messages` counts all that came, `duplicates` those that had come before, `out_of_order` samples older than what was
    known already. `clock` is None where no rule looks at it.
    """

    type: str
    twin: str
    messages: int
    duplicates: int
    out_of_order: int
    delays: Delays
    clock: ClockEstimate | None
    signals: tuple[SignalStatistics, ...]

    def __getitem__(self, signal: str) -> SignalStatistics:
        return next(one for one in self.signals if one.signal == signal)
