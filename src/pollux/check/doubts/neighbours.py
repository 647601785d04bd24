"""Doubts about a value beside the ones before it in event time: too fast, a spike, stuck, after a gap."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.check.doubts.amounts import Amount, rate, size
from pollux.check.doubts.base import AbstractNeighbourDoubt
from pollux.clock import SECOND, duration
from pollux.columns.arrays import Mask
from pollux.columns.judge import DEPTH, Recent
from pollux.columns.memory import NEVER
from pollux.columns.quality import Reason
from pollux.errors import SetupError
from pollux.model.schema import Signal

_KNOWN: Final = 4
"""Intervals that a rhythm is learnt from, at least."""


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
        rate(self.limit, signal)

    def look(self, signal: Signal, recent: Recent) -> Mask:
        seconds = (recent.times[:, 0] - recent.times[:, 1]) / SECOND
        with np.errstate(invalid="ignore", over="ignore"):
            step = np.abs(recent.values[:, 0] - recent.values[:, 1])
            doubted: Mask = step > rate(self.limit, signal) * seconds
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
        size(self.limit, signal)

    def look(self, signal: Signal, recent: Recent) -> Mask:
        before = recent.values[:, 1 : 1 + self.of]
        # A median of fewer values would call the second value ever a spike; NaN marks that one is missing.
        doubted: Mask = np.abs(recent.values[:, 0] - np.median(before, axis=1)) > size(self.limit, signal)
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

    @property
    def reach(self) -> int:
        return 2 * duration(self.lasting)

    def look(self, signal: Signal, recent: Recent) -> Mask:
        same = (recent.values[:, 1 : self.samples] == recent.values[:, :1]).all(axis=1)
        doubted: Mask = same & (recent.times[:, 0] - recent.since >= duration(self.lasting))
        return doubted

    @property
    def reason(self) -> Reason:
        return Reason.STUCK


@final
@dataclass(frozen=True, slots=True)
class Gap(AbstractNeighbourDoubt):
    r"""Doubted when it is the first one after values were missing.

    Missing means: for longer than `longer`, such as "10 min"; without it for longer than `times` intervals of the
    signal's own rhythm, :math:`t_0 - t_1 > c\,\mathrm{median}(t_1 - t_2, \ldots, t_{k-1} - t_k)` over the intervals
    that are kept, four at least. Values that come late, by event time, fill a gap again. While values are missing
    presence says so. Raises SetupError for less than one interval.

    >>> import pollux as px
    >>> px.Gap("10 min").reason.name
    'GAP'
    """

    longer: str | None = None
    times: float = 5.0

    def __post_init__(self) -> None:
        if self.longer is not None:
            duration(self.longer)
        if not self.times > 1.0:
            raise SetupError(f"expected a gap to be longer than an interval, got {self.times} of it")

    def check(self, signal: Signal) -> None:
        """A gap has no unit."""

    def look(self, signal: Signal, recent: Recent) -> Mask:
        known = recent.times != NEVER
        with np.errstate(over="ignore"):
            steps = (recent.times[:, :-1] - recent.times[:, 1:]).astype(np.float64)
        steps[~known[:, 1:]] = np.nan
        doubted = np.zeros(len(steps), np.bool_)
        if self.longer is not None:
            doubted[known[:, 1]] = steps[known[:, 1], 0] > duration(self.longer)
            return doubted
        rhythmic = np.flatnonzero(known[:, 1 : 2 + _KNOWN].all(axis=1))
        doubted[rhythmic] = steps[rhythmic, 0] > self.times * np.nanmedian(steps[rhythmic, 1:], axis=1)
        return doubted

    @property
    def reason(self) -> Reason:
        return Reason.GAP
