"""Doubts about a value alone: a narrower range, and what a loose channel shows."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.check.doubts.amounts import Amount, level, size
from pollux.check.doubts.base import AbstractAloneDoubt
from pollux.columns.arrays import F64, Mask
from pollux.columns.quality import Quality, Reason
from pollux.model.schema import Signal


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
        level(self.low, signal)
        level(self.high, signal)

    def look(self, signal: Signal, values: F64) -> Mask:
        low, high = level(self.low, signal), level(self.high, signal)
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
        level(self.at, signal)
        size(self.within, signal)

    def look(self, signal: Signal, values: F64) -> Mask:
        doubted: Mask = np.abs(values - level(self.at, signal)) <= size(self.within, signal)
        return doubted

    @property
    def quality(self) -> Quality:
        return Quality.BAD

    @property
    def reason(self) -> Reason:
        return Reason.DISCONNECTED
