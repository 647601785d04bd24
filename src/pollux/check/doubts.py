"""Doubts: rules by which a value is not believed, declared for a signal, each vectorised over twins.

    px.mqtt("plant/{id}/telemetry", doubts={Pump.temp: [TooFast("2 K/s"), Stuck("1 h")]})

`OutOfRange` and `Disconnected` look at a value alone and are decided while decoding; `TooFast`, `Spike` and `Stuck`
compare it with the values before it in event time. Numbers are in the signal's declared unit, texts carry their own.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from pollux.clock import SECOND, duration
from pollux.columns.arrays import F64, I64, U8, U16, Mask
from pollux.columns.judge import DEPTH, AbstractJudge, Recent
from pollux.columns.quality import Quality, Reason
from pollux.errors import SetupError
from pollux.model.schema import Schema, Signal
from pollux.model.units import SECOND as PER_SECOND
from pollux.model.units import Unit, convert, parse_quantity, scale

Amount: TypeAlias = float | str


class AbstractDoubt(ABC):
    """A rule by which a value is not believed."""

    __slots__ = ()

    @property
    @abstractmethod
    def reason(self) -> Reason:
        """Why a doubted value is doubted."""

    @abstractmethod
    def check(self, signal: Signal) -> None:
        """Raise `UnitError` when its amounts cannot be those of the signal."""


class AbstractAloneDoubt(AbstractDoubt):
    """A doubt about a value by itself."""

    __slots__ = ()

    @abstractmethod
    def look(self, signal: Signal, values: F64) -> Mask:
        """Which values are doubted."""

    @property
    @abstractmethod
    def quality(self) -> Quality:
        """What a doubted value is worth."""


class AbstractNeighbourDoubt(AbstractDoubt):
    """A doubt about a value beside the ones before it; what it doubts is uncertain."""

    __slots__ = ()

    @abstractmethod
    def look(self, signal: Signal, recent: Recent) -> Mask:
        """Which newest values are doubted."""


@final
@dataclass(frozen=True, slots=True)
class OutOfRange(AbstractAloneDoubt):
    """Uncertain outside `low` to `high`: a narrower range than the declared one, outside which a value is bad.

    Numbers are in the signal's unit, texts carry their own; a unit of another dimension is a UnitError where it is
    declared for a signal.

    >>> import pollux as px
    >>> px.OutOfRange(high="80 degC").quality.name
    'UNCERTAIN'
    """

    low: Amount = -math.inf
    high: Amount = math.inf

    def check(self, signal: Signal) -> None:
        _level(self.low, signal)
        _level(self.high, signal)

    def look(self, signal: Signal, values: F64) -> Mask:
        low, high = _level(self.low, signal), _level(self.high, signal)
        return (values < low) | (values > high)

    @property
    def quality(self) -> Quality:
        return Quality.UNCERTAIN

    @property
    def reason(self) -> Reason:
        return Reason.RANGE


@final
@dataclass(frozen=True, slots=True)
class Disconnected(AbstractAloneDoubt):
    """Bad within `within` of `at`: what the channel shows with nothing connected, such as 0 for a pressure.

    >>> import pollux as px
    >>> px.Disconnected(at=0, within="2 mmHg").quality.name
    'BAD'
    """

    at: Amount = 0.0
    within: Amount = 0.0

    def check(self, signal: Signal) -> None:
        _level(self.at, signal)
        _size(self.within, signal)

    def look(self, signal: Signal, values: F64) -> Mask:
        doubted: Mask = np.abs(values - _level(self.at, signal)) <= _size(self.within, signal)
        return doubted

    @property
    def quality(self) -> Quality:
        return Quality.BAD

    @property
    def reason(self) -> Reason:
        return Reason.DISCONNECTED


@final
@dataclass(frozen=True, slots=True)
class TooFast(AbstractNeighbourDoubt):
    """Doubted when it changed faster than `limit`, such as "2 K/s", since the value before it.

    >>> import pollux as px
    >>> px.TooFast("2 K/s").reason.name
    'RATE'
    """

    limit: Amount

    def check(self, signal: Signal) -> None:
        _rate(self.limit, signal)

    def look(self, signal: Signal, recent: Recent) -> Mask:
        seconds = (recent.times[:, 0] - recent.times[:, 1]) / SECOND
        with np.errstate(invalid="ignore", over="ignore"):
            step = np.abs(recent.values[:, 0] - recent.values[:, 1])
            doubted: Mask = step > _rate(self.limit, signal) * seconds
        return doubted

    @property
    def reason(self) -> Reason:
        return Reason.RATE


@final
@dataclass(frozen=True, slots=True)
class Spike(AbstractNeighbourDoubt):
    """Doubted when it is further than `limit` from the median of the `of` values before it.

    A step that persists is believed again as soon as it is the median: with three, at its third value. Raises
    SetupError where `of` is more than is kept.

    >>> import pollux as px
    >>> px.Spike("15 1/min", of=5).reason.name
    'SPIKE'
    """

    limit: Amount
    of: int = 3

    def __post_init__(self) -> None:
        if not 2 <= self.of < DEPTH:
            raise SetupError(f"expected to compare with 2 to {DEPTH - 1} values, got {self.of}")

    def check(self, signal: Signal) -> None:
        _size(self.limit, signal)

    def look(self, signal: Signal, recent: Recent) -> Mask:
        before = recent.values[:, 1 : 1 + self.of]
        # A median of fewer values would call the second value ever a spike; NaN marks that one is missing.
        doubted: Mask = np.abs(recent.values[:, 0] - np.median(before, axis=1)) > _size(self.limit, signal)
        return doubted

    @property
    def reason(self) -> Reason:
        return Reason.SPIKE


@final
@dataclass(frozen=True, slots=True)
class Stuck(AbstractNeighbourDoubt):
    """Doubted when the last `samples` values are one number and no other was seen for `lasting`, such as "1 h".

    Raises SetupError where `samples` is more than is kept.

    >>> import pollux as px
    >>> px.Stuck("1 h").reason.name
    'STUCK'
    """

    lasting: str
    samples: int = DEPTH

    def __post_init__(self) -> None:
        duration(self.lasting)
        if not 2 <= self.samples <= DEPTH:
            raise SetupError(f"expected to look at 2 to {DEPTH} values, got {self.samples}")

    def check(self, signal: Signal) -> None:
        """A standstill has no unit."""

    def look(self, signal: Signal, recent: Recent) -> Mask:
        same = (recent.values[:, 1 : self.samples] == recent.values[:, :1]).all(axis=1)
        doubted: Mask = same & (recent.times[:, 0] - recent.since >= duration(self.lasting))
        return doubted

    @property
    def reason(self) -> Reason:
        return Reason.STUCK


@final
class Jury(AbstractJudge):
    """The neighbour doubts of one schema: the first that doubts a value gives the reason."""

    __slots__ = ("_doubts", "_schema")

    def __init__(self, schema: Schema, doubts: Mapping[int, Sequence[AbstractDoubt]]) -> None:
        self._schema = schema
        for i, some in doubts.items():
            for doubt in some:
                doubt.check(schema.signals[i])
        neighbours = {i: tuple(d for d in some if isinstance(d, AbstractNeighbourDoubt)) for i, some in doubts.items()}
        self._doubts = {i: some for i, some in sorted(neighbours.items()) if some}

    @property
    def signals(self) -> tuple[int, ...]:
        return tuple(self._doubts)

    def judge(self, signal: int, recent: Recent) -> tuple[U8, U16]:
        quality = np.full(len(recent.since), Quality.GOOD, np.uint8)
        reason = np.zeros(len(recent.since), np.uint16)
        for doubt in self._doubts[signal]:
            doubted = doubt.look(self._schema.signals[signal], recent) & (quality == Quality.GOOD)
            quality[doubted] = Quality.UNCERTAIN
            reason[doubted] = doubt.reason
        return quality, reason


def judged_series(
    schema: Schema, signal: int, doubts: Sequence[AbstractDoubt], times: I64, values: F64
) -> tuple[U8, U16]:
    """Qualities of a whole series in ascending event time, as history shows them: the same rules, all at once."""
    padded_times = np.concatenate((np.full(DEPTH - 1, np.iinfo(np.int64).min), times))
    padded_values = np.concatenate((np.full(DEPTH - 1, np.nan), values))
    windows = np.arange(len(times))[:, None] + np.arange(DEPTH - 1, -1, -1)
    changed = np.concatenate(([True], values[1:] != values[:-1])) if len(values) else np.empty(0, np.bool_)
    starts = np.maximum.accumulate(np.where(changed, np.arange(len(times)), 0))
    since = times[np.maximum(starts - 1, 0)]
    recent = Recent(padded_times[windows], padded_values[windows], since)
    return Jury(schema, {signal: doubts}).judge(signal, recent)


def _level(amount: Amount, signal: Signal) -> float:
    number, of = _parsed(amount, signal.edge)
    return convert(number, of, signal.unit)


def _size(amount: Amount, signal: Signal) -> float:
    number, of = _parsed(amount, signal.unit)
    return number * scale(of, signal.unit)


def _rate(amount: Amount, signal: Signal) -> float:
    number, of = _parsed(amount, signal.unit / PER_SECOND)
    return number * scale(of, signal.unit / PER_SECOND)


def _parsed(amount: Amount, otherwise: Unit) -> tuple[float, Unit]:
    return parse_quantity(amount) if isinstance(amount, str) else (float(amount), otherwise)
