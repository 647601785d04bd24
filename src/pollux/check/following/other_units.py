r"""Values that look like another unit of their dimension: degF told as degC, psi as bar, millimetres as metres.

Another unit is an affine relation :math:`x' = a x + b` that is known beforehand, so that a suspicion names it. It is
raised in two ways: nearly all recent values are impossible as declared and possible after conversion, or the values
have left their own level for good, and the conversion brings them back onto it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.check.following.base import AbstractCheck, AbstractFollower, doubt
from pollux.check.following.rows import Rows, pushed, rounds
from pollux.columns.arrays import F64, I64, U8, U16, Mask
from pollux.columns.batch import Batch
from pollux.columns.quality import Reason
from pollux.errors import SetupError
from pollux.model.schema import Schema, Signal
from pollux.model.symbols import Symbol
from pollux.model.units import Unit, convert, scale, unit

COMMON: Final = (
    "K", "degC", "degF", "Pa", "hPa", "kPa", "MPa", "mbar", "bar", "psi", "mmHg", "mm", "cm", "m", "km", "inch", "ft",
    "1", "percent", "m/s", "km/h", "W", "kW", "MW", "J", "kWh", "V", "mV", "A", "mA", "Hz", "rpm", "kg", "g", "lb",
    "l/min", "m**3/h", "l/s",
)  # fmt: skip
"""Units that are mistaken for one another, where nothing is declared."""

RING: Final = 8
KNOWN: Final = 32
"""Values from which a level is known."""

_MOST: Final = RING - 1
_AWAY, _BACK = 6.0, 3.0
_LEARNING: Final = 1 / 64
_BELIEVED_AFTER: Final = 64
"""A level that was left for so many values, and that no unit explains, is learnt anew."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class OtherUnit(AbstractCheck):
    """Values of a signal are uncertain while they look like one of these `units` instead of the declared one.

    Without `units` those that are often mistaken are tried. Suspected is a unit (a) where at least 7 of the last 8
    values lie outside the declared low and high as they are, and inside after conversion; (b) where all of the last 8
    lie more than 6 spreads from the signal's own level, known from 32 values, and their median after conversion within
    3 spreads, and within a tenth of the jump. It is suspected until the values fit again as declared. What lies outside
    of low and high stays bad; its reason becomes the unit. Raises UnitError for another dimension.

    >>> import pollux as px
    >>> px.OtherUnit("temp", "degF", "K").units
    ('degF', 'K')
    """

    signal: str
    units: tuple[str, ...]

    def __init__(self, signal: str | Symbol, *units: str) -> None:
        object.__setattr__(self, "signal", signal.name if isinstance(signal, Symbol) else signal)
        object.__setattr__(self, "units", units)

    @property
    def key(self) -> str:
        return f"unit:{self.signal}"

    def bind(self, schema: Schema, wire: Mapping[int, Unit]) -> AbstractFollower:
        return _OtherUnits(self, schema, wire)


def _relations(signal: Signal, told: Unit, units: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """By unit the factor and the shift that turn a column's number, understood as `told`, into what was meant."""
    found: dict[str, tuple[float, float]] = {}
    for text in units or COMMON:
        other = unit(text)
        if other.dimension != told.dimension and not units:
            continue
        scale(other, told)
        shift, one = (convert(convert(x, signal.unit, told), other, signal.unit) for x in (0.0, 1.0))
        if abs(one - shift - 1.0) > 0.01 or abs(shift) > 0.0:
            found[text] = (one - shift, shift)
    if not found:
        raise SetupError(f"expected a unit that {told} can be mistaken for, found none", at=signal.name)
    return found


@final
class _OtherUnits(AbstractFollower):
    """The newest values of one signal and its own level, by row, and the unit that is suspected (0 for none)."""

    def __init__(self, rule: OtherUnit, schema: Schema, wire: Mapping[int, Unit]) -> None:
        signal = schema.signal(rule.signal)
        self._signal = schema.index[rule.signal]
        relations = _relations(signal, wire.get(self._signal, signal.edge), rule.units)
        self._names = tuple(relations)
        self._factor = np.array([1.0, *(factor for factor, _ in relations.values())])
        self._shift = np.array([0.0, *(shift for _, shift in relations.values())])
        self._low, self._high = signal.low, signal.high
        bounded = np.isfinite(signal.high - signal.low)
        self._middle = 0.5 * (signal.low + signal.high) if bounded else 0.0
        self._least = 0.002 * (signal.high - signal.low) if bounded else 0.0
        self.rows = Rows(
            {
                "ring": np.full(RING, np.nan),
                "level": np.zeros(()),
                "spread": np.zeros(()),
                "seen": np.zeros((), np.int32),
                "away": np.zeros((), np.int32),
                "suspect": np.zeros((), np.int8),
            }
        )

    def unit_of(self, signal: int, row: int) -> str | None:
        suspect = int(self.rows["suspect"][row]) if signal == self._signal else 0
        return self._names[suspect - 1] if suspect else None

    def follow(self, batch: Batch, quality: U8, reason: U16) -> None:
        mine = np.flatnonzero((batch.signal == self._signal) & np.isfinite(batch.value))
        row = batch.row[mine].astype(np.int64)
        wrong = np.zeros(len(mine), np.bool_)
        for places in rounds(row):
            wrong[places] = self._hear(row[places], batch.value[mine[places]])
        suspected = mine[wrong]
        doubt(quality, reason, suspected, Reason.UNIT)
        reason[suspected[reason[suspected] == Reason.RANGE]] = np.uint16(Reason.UNIT)

    def _hear(self, row: I64, value: F64) -> Mask:
        """Take in one value of each of some twins; whose unit is suspected now."""
        rows = self.rows
        ring = rows["ring"][row] = pushed(rows["ring"][row], value)
        self._learn(row, value)
        full = np.flatnonzero(~np.isnan(ring[:, 0]))
        if len(full):
            some, ring = row[full], ring[full]
            suspected = rows["suspect"][some] > 0
            self._suspect(some[~suspected], ring[~suspected])
            self._clear(some[suspected], ring[suspected])
        wrong: Mask = rows["suspect"][row] > 0
        return wrong

    def _meant(self, row: I64, value: F64) -> F64:
        suspect = self.rows["suspect"][row]
        meant: F64 = value * self._factor[suspect] + self._shift[suspect]
        return meant

    def _spread(self, row: I64) -> F64:
        level, spread = self.rows["level"][row], self.rows["spread"][row]
        found: F64 = np.maximum(spread, self._least or 0.01 * np.abs(level))
        return found

    def _learn(self, row: I64, value: F64) -> None:
        """Follow the level and the mean deviation from it, by what is meant; what has left it is waited for."""
        rows, meant = self.rows, self._meant(row, value)
        off = np.abs(meant - rows["level"][row])
        known = rows["seen"][row] >= KNOWN
        near = ~known | (off <= _AWAY * self._spread(row))
        rows["away"][row] = np.where(near, 0, rows["away"][row] + 1)
        lost = rows["away"][row] > _BELIEVED_AFTER
        rows["seen"][row[lost]], rows["away"][row[lost]] = 0, 0
        near |= lost
        some, meant = row[near], meant[near]
        rows["seen"][some] += 1
        weight = np.maximum(1.0 / rows["seen"][some], _LEARNING)
        rows["spread"][some] += weight * (np.abs(meant - rows["level"][some]) - rows["spread"][some])
        rows["level"][some] += weight * (meant - rows["level"][some])
        first = some[rows["seen"][some] == 1]
        rows["spread"][first] = 0.0

    def _inside(self, values: F64) -> I64:
        """How many of each ring are inside of low and high."""
        inside: I64 = ((values >= self._low) & (values <= self._high)).sum(axis=-1)
        return inside

    def _suspect(self, row: I64, ring: F64) -> None:
        if not len(row):
            return
        rows, level, spread = self.rows, self.rows["level"][row], self._spread(row)
        known = rows["seen"][row] >= KNOWN
        # (n, units, RING): what was meant under each suspicion.
        meant = ring[:, None, :] * self._factor[1:, None] + self._shift[1:, None]
        middle, inside = np.median(meant, axis=2), self._inside(meant) >= _MOST
        jump = np.abs(np.median(ring, axis=1) - level)
        back = np.abs(middle - level[:, None])
        impossible = (self._inside(ring) <= RING - _MOST)[:, None] & inside
        left = known & (np.abs(ring - level[:, None]) > _AWAY * spread[:, None]).all(axis=1)
        fits = left[:, None] & inside & (back <= np.minimum(_BACK * spread, 0.1 * jump)[:, None])
        suspicion = impossible | fits
        far = np.where(known[:, None], back, np.abs(middle - self._middle))
        best = np.where(suspicion, far, np.inf).argmin(axis=1)
        new = suspicion.any(axis=1)
        rows["suspect"][row[new]] = (best[new] + 1).astype(np.int8)
        rows["away"][row[new]] = 0
        unknown = row[new & ~known]
        rows["seen"][unknown] = 0

    def _clear(self, row: I64, ring: F64) -> None:
        """Suspect no more where nearly all values fit as declared, and better so than converted."""
        if not len(row):
            return
        level = self.rows["level"][row][:, None]
        suspect = self.rows["suspect"][row]
        meant = ring * self._factor[suspect][:, None] + self._shift[suspect][:, None]
        nearer = (np.abs(ring - level) < np.abs(meant - level)).sum(axis=1) >= _MOST
        known = self.rows["seen"][row] >= KNOWN
        fits = self._inside(ring) >= _MOST
        ends = row[fits & ((known & nearer) | (self._inside(meant) <= RING - _MOST))]
        self.rows["suspect"][ends] = 0
        self.rows["away"][ends] = 0
