r"""Redundant sensors: which of several that measure one quantity is wrong.

Each is compared with the median of those that are fresh, :math:`r_i = x_i - \mathrm{median}(x)`; with three or more the
median is right as long as fewer than half are wrong (its breakdown point; Huber 1981, Robust Statistics), so that
:math:`|r_i| > w` says that sensor :math:`i` is the wrong one. With two nothing says which: both are doubted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.check.doubts.amounts import Amount, size
from pollux.check.following.base import AbstractCheck, AbstractFollower, doubt
from pollux.check.following.rows import Rows, rounds
from pollux.clock import duration
from pollux.columns.arrays import F64, I64, U8, U16, Mask
from pollux.columns.batch import Batch
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason
from pollux.errors import SetupError
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol
from pollux.model.units import Unit, scale

_MAJORITY: Final = 3


@final
@dataclass(frozen=True, slots=True, eq=False)
class Agree(AbstractCheck):
    """The sensors of one quantity agree within `within`; one that the others contradict is uncertain, they stay good.

    What is compared is the mean deviation from the median over about `over` samples (exponential, weight
    2 / (over + 1)), once there are as many, each clipped at twice `within`: a small bias shows in it that a single
    sample hides in noise, and one spike does not. Values count
    for `fresh` after their event time. Where the median has no majority, and with two sensors always, all that deviate
    are doubted with another reason. Raises SetupError for fewer than two signals, UnitError for other dimensions.

    >>> import pollux as px
    >>> px.Agree(["temp_a", "temp_b", "temp_c"], within="2 K").within
    '2 K'
    """

    signals: Sequence[str | Symbol]
    within: Amount
    over: int = 1
    fresh: str = "1 min"

    def __post_init__(self) -> None:
        names = [one.name if isinstance(one, Symbol) else one for one in self.signals]
        if len(set(names)) < 2 or len(set(names)) < len(names):
            raise SetupError(f"expected two signals or more, each once, got {', '.join(names)}", at="Agree")
        if self.over < 1 or duration(self.fresh) <= 0:
            raise SetupError("expected at least one sample, fresh for longer than no time", at="Agree")
        object.__setattr__(self, "signals", tuple(names))

    @property
    def key(self) -> str:
        return "agree:" + ",".join(str(one) for one in self.signals)

    def bind(self, schema: Schema, wire: Mapping[int, Unit]) -> AbstractFollower:
        return _Agreement(self, schema)


@final
class _Agreement(AbstractFollower):
    """The newest values of the sensors of one quantity, (rows, sensors), and how far each has been from the median."""

    def __init__(self, rule: Agree, schema: Schema) -> None:
        signals = [schema.signal(str(name)) for name in rule.signals]
        for other in signals[1:]:
            scale(other.unit, signals[0].unit)
        self._to_first = np.array([scale(one.unit, signals[0].unit) for one in signals])
        self._member = {schema.index[one.name]: place for place, one in enumerate(signals)}
        self._within, self._fresh = size(rule.within, signals[0]), duration(rule.fresh)
        self._over, self._weight = rule.over, 2.0 / (rule.over + 1)
        many = len(signals)
        self.rows = Rows(
            {
                "value": np.full(many, np.nan),
                "time": np.full(many, NEVER, np.int64),
                "deviation": np.zeros(many),
                "count": np.zeros(many, np.int64),
            }
        )

    def follow(self, batch: Batch, quality: U8, reason: U16) -> None:
        member = np.full(len(batch), -1, np.int64)
        for signal, place in self._member.items():
            member[batch.signal == signal] = place
        mine = np.flatnonzero((member >= 0) & (quality != Quality.BAD) & np.isfinite(batch.value))
        if not len(mine):
            return
        # What one message says of one moment is compared together, not with what was said before it.
        row, frame, time = batch.row[mine].astype(np.int64), batch.frame[mine], batch.event_time[mine]
        order = np.lexsort((time, frame, row))
        mine, row, frame, time = mine[order], row[order], frame[order], time[order]
        changed = (row[1:] != row[:-1]) | (frame[1:] != frame[:-1]) | (time[1:] != time[:-1])
        heads = np.flatnonzero(np.append(True, changed))
        length = np.diff(np.append(heads, len(mine)))
        for places in rounds(row[heads]):
            now = _ranges(heads[places], length[places])
            self._compare(mine[now], member[mine[now]], batch, quality, reason)

    def _compare(self, some: I64, member: I64, batch: Batch, quality: U8, reason: U16) -> None:
        rows, row = self.rows, batch.row[some].astype(np.int64)
        newer = batch.event_time[some] >= rows["time"][row, member]
        some, member, row = some[newer], member[newer], row[newer]
        rows["value"][row, member] = batch.value[some] * self._to_first[member]
        rows["time"][row, member] = batch.event_time[some]
        values, fresh = self._fresh_values(row)
        deviation = values - _median(values, fresh)
        # One spike is no bias: it counts for as much as a deviation that is just seen (Huber's clipping).
        mine = np.clip(deviation[np.arange(len(row)), member], -2 * self._within, 2 * self._within)
        rows["count"][row, member] += 1
        count, before = rows["count"][row, member], rows["deviation"][row, member]
        mean = before + np.maximum(self._weight, 1.0 / count) * (mine - before)
        rows["deviation"][row, member] = mean
        apart, alone = self._apart(mean, rows["deviation"][row], fresh)
        apart &= count >= self._over
        doubt(quality, reason, some[apart & ~alone], Reason.CROSS)
        doubt(quality, reason, some[apart & alone], Reason.DISAGREE)

    def _fresh_values(self, row: I64) -> tuple[F64, Mask]:
        time, values = self.rows["time"][row], self.rows["value"][row]
        newest = time.max(axis=1, keepdims=True)
        fresh: Mask = (time != NEVER) & (time > newest - self._fresh)
        return np.where(fresh, values, np.nan), fresh

    def _apart(self, mean: F64, all_means: F64, fresh: Mask) -> tuple[Mask, Mask]:
        """Which are apart from the median, and of which nothing says that it is they who are wrong."""
        count = fresh.sum(axis=1)
        # Of two the median is their middle, from which each is half of what lies between them.
        limit = np.where(count == 2, self._within / 2, self._within)
        apart: Mask = (count >= 2) & (np.abs(mean) > limit)
        near = (np.abs(all_means) <= self._within) & fresh
        alone: Mask = (count < _MAJORITY) | (2 * near.sum(axis=1) <= count)
        return apart, alone


def _ranges(start: I64, length: I64) -> I64:
    """All places of ranges, one after the other."""
    before = np.cumsum(length) - length
    places: I64 = np.repeat(start - before, length) + np.arange(int(length.sum()))
    return places


def _median(values: F64, fresh: Mask) -> F64:
    """Medians of the fresh values (n, 1): numbers last, so that those that are missing do not count."""
    ordered, count = np.sort(values, axis=1), fresh.sum(axis=1)
    place = np.arange(len(values))
    low, high = ordered[place, (count - 1) // 2], ordered[place, count // 2 - (count == 0)]
    middle: F64 = (0.5 * (low + high))[:, None]
    return middle
