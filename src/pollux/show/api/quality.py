"""How well a device measures."""

from pollux.columns.statistics import ClockEstimate, Delays, SignalStatistics
from pollux.show.api import seen
from pollux.show.asks import AtQuery
from pollux.show.documents.quality import ClockOut, DelaysOut, DeviceQuality, SignalQuality
from pollux.show.routes import Call, moment


def read_quality(call: Call[AtQuery, None]) -> DeviceQuality:
    """Counts by quality and reason, delays, and the clock of a twin's device; of signals that may be seen."""
    type_, twin = call.type, call.id
    seen.require_twin(call, type_, twin)
    seen.looked(call, type_, twin)
    found = call.tenancy.receptions.quality(type_.name, twin, at=moment(call.query.at, "?at"))
    return DeviceQuality(
        twin=call.twin,
        messages=found.messages,
        duplicates=found.duplicates,
        out_of_order=found.out_of_order,
        delays=_delays(found.delays),
        clock=None if found.clock is None else _clock(found.clock),
        signals=tuple(_signal(one) for one in found.signals if call.sight.field(type_, twin, one.signal)),
    )


def _delays(of: Delays) -> DelaysOut:
    return DelaysOut(count=of.count, ahead=of.ahead, p50=of.p50, p95=of.p95, p99=of.p99)


def _clock(of: ClockEstimate) -> ClockOut:
    return ClockOut(offset=of.offset, drift=of.drift, fault=of.fault, zone=of.zone)


def _signal(of: SignalStatistics) -> SignalQuality:
    return SignalQuality(
        signal=of.signal,
        samples=of.samples,
        qualities=dict(of.qualities),
        reasons=dict(of.reasons),
        gaps=of.gaps,
        suspected_unit=of.suspected_unit,
        calibration=of.calibration,
        residual=of.residual,
    )
