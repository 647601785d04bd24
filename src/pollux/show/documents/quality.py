"""How well a device measures."""

from msgspec import Struct

from pollux.columns.statistics import ClockFault


class DelaysOut(Struct, frozen=True, kw_only=True):
    """Seconds from event time to arrival, right to a factor of two; null where the device tells no time."""

    count: int
    ahead: int
    p50: float | None
    p95: float | None
    p99: float | None


class ClockOut(Struct, frozen=True, kw_only=True):
    """The device's clock: seconds ahead of the site's, parts per million of drift, seconds of a wrong time zone."""

    offset: float
    drift: float | None
    fault: ClockFault
    zone: float | None


class SignalQuality(Struct, frozen=True, kw_only=True):
    """What became of the samples of one signal."""

    signal: str
    samples: int
    qualities: dict[str, int]
    reasons: dict[str, int]
    gaps: int
    suspected_unit: str | None
    calibration: str | None
    residual: float | None


class DeviceQuality(Struct, frozen=True, kw_only=True):
    """The figures of one twin since it was first heard, of the signals that may be seen."""

    twin: str
    messages: int
    duplicates: int
    out_of_order: int
    delays: DelaysOut
    clock: ClockOut | None
    signals: tuple[SignalQuality, ...]
