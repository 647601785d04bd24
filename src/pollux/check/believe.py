"""Beliefs: what each sample is worth by itself: its number, its range, its time stamp."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import final

import numpy as np

from pollux.check.bounds import Bounds
from pollux.check.calibration import Calibrations, doubt_expired
from pollux.check.doubts import AbstractAloneDoubt, AbstractDoubt
from pollux.columns.arrays import F64, I32, I64, U8, U16
from pollux.columns.quality import Quality, Reason
from pollux.model.schema import Schema


@final
class Belief:
    """The beliefs of one type: calibrations, declared bounds, doubts about single values, possible times."""

    __slots__ = ("_bounds", "_doubts", "_high", "_low", "_schema", "calibrations")

    def __init__(
        self,
        schema: Schema,
        doubts: Mapping[int, Sequence[AbstractDoubt]],
        bounds: Bounds,
        calibrations: Calibrations | None = None,
    ) -> None:
        self._schema = schema
        self.calibrations = calibrations
        self._bounds = bounds
        self._low = np.array([signal.low for signal in schema.signals])
        self._high = np.array([signal.high for signal in schema.signals])
        self._doubts = [
            (i, doubt) for i, some in sorted(doubts.items()) for doubt in some if isinstance(doubt, AbstractAloneDoubt)
        ]

    def calibrated(
        self,
        row: I32,
        signal: I32,
        value: F64,
        event_time: I64,
        *,
        arrival: I64,
        told: U8,
        why: U16,
        kernels: ModuleType | None = None,
    ) -> tuple[F64, U8, U16]:
        """True values with quality and reason; what was measured without a valid calibration is uncertain."""
        expired = np.empty(0, np.int64)
        if self.calibrations is not None:
            value, expired = self.calibrations.apply(row, signal, value, event_time)
        if kernels is not None and not self._doubts:
            quality, reason = told.copy(), why.copy()
            bounds = self._low, self._high, self._bounds.earliest, self._bounds.ahead
            kernels.judge((signal, value, event_time, arrival), bounds, quality, reason)
        else:
            quality, reason = self.judge(signal, value, event_time, arrival=arrival, told=told, why=why)
        if len(expired):
            doubt_expired(expired, quality, reason)
        return value, quality, reason

    def again(self, row: int, signal: int, value: F64, event_time: I64, arrival: I64, told: U8) -> tuple[U8, U16]:
        """Qualities and reasons of samples (n,) of one signal of a twin that were judged before.

        `told` is what they were worth then, `value` what was believed true. Of what a device doubted itself it is known
        that it did, and not why.
        """
        place = np.full(len(value), signal, np.int32)
        good = np.full(len(value), Quality.GOOD, np.uint8)
        quality, reason = self.judge(place, value, event_time, arrival=arrival, told=good)
        if self.calibrations is not None:
            rows = np.full(len(value), row, np.int32)
            doubt_expired(self.calibrations.apply(rows, place, value, event_time)[1], quality, reason)
        itself = (quality == Quality.GOOD) & (told != Quality.GOOD)
        quality[itself], reason[itself] = told[itself], np.uint16(Reason.TOLD)
        return quality, reason

    def judge(
        self, signal: I32, value: F64, event_time: I64, *, arrival: I64, told: U8, why: U16 | None = None
    ) -> tuple[U8, U16]:
        """Quality and reason of samples, (n,) each.

        A number that is none, one outside low and high, or what a loose channel shows is bad; a time stamp before the
        earliest possible or too far after the arrival leaves the value uncertain, with the reason CLOCK. `why` is what
        the device says of what it doubts, by default that it does.
        """
        quality = told.copy()
        if why is None:
            why = np.where(told == Quality.GOOD, Reason.NONE, Reason.TOLD).astype(np.uint16)
        reason = why.copy()
        with np.errstate(over="ignore"):
            impossible = (event_time < self._bounds.earliest) | (event_time - arrival > self._bounds.ahead)
        outside = (value < self._low[signal]) | (value > self._high[signal])
        strange = ~np.isfinite(value)
        if impossible.any():
            quality[impossible & (quality == Quality.GOOD)] = Quality.UNCERTAIN
            reason[impossible] = Reason.CLOCK
        if outside.any():
            quality[outside], reason[outside] = Quality.BAD, Reason.RANGE
        for i, doubt in self._doubts:
            self._apply(i, doubt, signal, value, quality, reason)
        if strange.any():
            quality[strange] = Quality.BAD
            # A source that says why it has no number says more than that it is none.
            reason[strange & ((why == Reason.NONE) | (why == Reason.TOLD))] = Reason.NOT_A_NUMBER
        return quality, reason

    def _apply(self, i: int, doubt: AbstractAloneDoubt, signal: I32, value: F64, quality: U8, reason: U16) -> None:
        mine = np.flatnonzero(signal == i)
        if len(mine):
            doubted = mine[doubt.look(self._schema.signals[i], value[mine])]
            # Only worse: what is bad already keeps its reason, unless the channel turns out to be loose.
            doubted = doubted[(quality[doubted] == Quality.GOOD) | (doubt.quality == Quality.BAD)]
            quality[doubted], reason[doubted] = doubt.quality, doubt.reason
