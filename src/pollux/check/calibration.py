r"""Calibrations: what a sensor shows, and what is true, by the certificate that held when it was measured.

A calibration is a monotone curve :math:`y = f(x)`, from points by straight lines, as gain and offset, or as a
polynomial; beyond its ends the line of the last piece goes on. It is applied on the way in, by event time. The log
keeps what came, so that another calibration for the same time is a replay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final, TypeAlias, final

import numpy as np

from pollux.clock import instant
from pollux.columns.arrays import F64, I32, I64, U8, U16, Mask
from pollux.columns.quality import Quality, Reason
from pollux.errors import SetupError
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol
from pollux.model.units import convert

Points: TypeAlias = Sequence[tuple[float, float]]

_ALWAYS: Final = -(2**62)
_FOREVER: Final = 2**62
_NONE: Final = -1


@final
@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The calibration of one sensor of one twin: `points` (raw, true), `gain` and `offset`, or a `polynomial`.

    Numbers are in the declared unit of the signal; `polynomial` is (c0, c1, ...) of c0 + c1 x + ... `valid_from` and
    `valid_until` are ISO 8601, without them it is valid always. After `valid_until`, and before the first
    `valid_from`, values are uncertain with the reason CALIBRATION; the last curve goes on being applied.
    `uncertainty` is the standard one of the certificate (JCGM 100:2008, GUM): a filter counts with it beside the noise,
    and it is told with the figures of the device. A polynomial is taken as it is told. Raises SetupError for points
    that are not monotone, a gain of zero, or more than one kind of curve.

    >>> import pollux as px
    >>> px.Calibration("P-7", "temp", points=[(0.0, 0.4), (100.0, 99.8)], valid_until="2027-01-01T00:00:00Z").twin
    'P-7'
    """

    twin: str
    signal: str | Symbol
    points: Points = ()
    gain: float = 1.0
    offset: float = 0.0
    polynomial: Sequence[float] = ()
    valid_from: str = ""
    valid_until: str = ""
    uncertainty: float = 0.0
    certificate: str = ""

    def __post_init__(self) -> None:
        told = (bool(self.points), (self.gain, self.offset) != (1.0, 0.0), bool(self.polynomial))
        if sum(told) > 1:
            raise SetupError("expected points, gain and offset, or a polynomial, got several", at=self.place)
        if self.points and len(self.points) < 2:
            raise SetupError(f"expected two points or more, got {len(self.points)}", at=self.place)
        raw, true = np.array(self.knots).T
        rising = np.diff(raw) > 0
        if not (np.isfinite(raw).all() and np.isfinite(true).all() and rising.all() and _monotone(true)):
            raise SetupError("expected points that rise in raw and are monotone in true", at=self.place)
        if self.start >= self.end:
            raise SetupError("expected a beginning before the end", at=self.place)
        if not 0.0 <= self.uncertainty < np.inf:
            raise SetupError(f"expected an uncertainty of zero or more, got {self.uncertainty}", at=self.place)

    @property
    def name(self) -> str:
        """The signal's name."""
        return self.signal.name if isinstance(self.signal, Symbol) else self.signal

    @property
    def place(self) -> str:
        """Which sensor it is, for messages."""
        return f"calibration of {self.twin}, {self.name}"

    @property
    def start(self) -> int:
        """When it begins to be valid, nanoseconds UTC."""
        return instant(self.valid_from) if self.valid_from else _ALWAYS

    @property
    def end(self) -> int:
        """Until when it is valid, nanoseconds UTC."""
        return instant(self.valid_until) if self.valid_until else _FOREVER

    @property
    def knots(self) -> tuple[tuple[float, float], ...]:
        """The curve as points, for gain and offset too; of a polynomial, those of the line without it."""
        if self.points:
            return tuple((float(raw), float(true)) for raw, true in self.points)
        return (0.0, self.offset), (1.0, self.gain + self.offset)

    @property
    def words(self) -> str:
        """What it is, in one line."""
        parts = [self.certificate or "calibrated"]
        parts += [f"until {self.valid_until}"] if self.valid_until else []
        parts += [f"uncertainty {self.uncertainty:g}"] if self.uncertainty else []
        return ", ".join(parts)


def held_as(calibrations: Sequence[Calibration]) -> str:
    """A digest of calibrations: another one says that the same log means other values."""
    told = [
        (one.twin, one.name, one.knots, tuple(one.polynomial), one.start, one.end, one.certificate, one.uncertainty)
        for one in calibrations
    ]
    return sha256(repr(sorted(told)).encode()).hexdigest()


def _monotone(true: F64) -> bool:
    steps = np.diff(true)
    return bool((steps > 0).all() or (steps < 0).all())


@final
class Calibrations:
    """All calibrations of the twins of one type, as tables: sets of curves in order of time, by signal and twin.

    Raises SetupError for an unknown signal, one that is no number, and two calibrations that begin at one moment.
    """

    def __init__(self, schema: Schema, calibrations: Sequence[Calibration]) -> None:
        self._sets: dict[int, dict[str, int]] = {}
        self._curves: list[list[Calibration]] = []
        for one in calibrations:
            signal = schema.signal(one.name)
            if signal.kind != "number":
                raise SetupError(f"expected a number, got a {signal.kind}", at=one.place)
            own = self._sets.setdefault(schema.index[one.name], {})
            if one.twin not in own:
                own[one.twin] = len(self._curves)
                self._curves.append([])
            self._curves[own[one.twin]].append(one)
        for curves in self._curves:
            curves.sort(key=lambda one: one.start)
            for before, after in pairwise(curves):
                if before.start == after.start:
                    raise SetupError("expected one calibration from each moment on, got two", at=after.place)
        self._edges = {signal: _edge(schema, signal) for signal in self._sets}
        self._tables = _Tables(self._curves)
        self._key: object = None
        self._rows: dict[int, I32] = {}

    def of(self, twin: str, signal: int, at: int) -> Calibration | None:
        """The calibration that is applied to what a twin measures at a moment."""
        place = self._sets.get(signal, {}).get(twin)
        if place is None:
            return None
        begun = [one for one in self._curves[place] if one.start <= at]
        return begun[-1] if begun else None

    def know(self, rows: Mapping[str, int], newcomers: Mapping[str, int], key: object) -> None:
        """Look up the rows of the twins; `key` changes when they may have changed."""
        if key == self._key:
            return
        self._key = key
        for signal, own in self._sets.items():
            places = {rows.get(twin, newcomers.get(twin, _NONE)): place for twin, place in own.items()}
            places.pop(_NONE, None)
            table = np.full(max(places, default=-1) + 1, _NONE, np.int32)
            table[list(places)] = list(places.values())
            self._rows[signal] = table

    def apply(self, row: I32, signal: I32, value: F64, time: I64) -> tuple[F64, I64]:
        """True values, and the places of those for which no calibration was valid."""
        out, doubted = value, [np.empty(0, np.int64)]
        for number, table in self._rows.items():
            mine = np.flatnonzero((signal == number) & (row < len(table)))
            mine = mine[table[row[mine]] != _NONE]
            if len(mine):
                out = value.copy() if out is value else out
                factor, shift = self._edges[number]
                told, valid = self._tables.true(table[row[mine]], value[mine] * factor + shift, time[mine])
                out[mine] = (told - shift) / factor
                doubted.append(mine[~valid])
        return out, np.concatenate(doubted)


def _edge(schema: Schema, signal: int) -> tuple[float, float]:
    """Factor and shift from the numbers of columns to those of the declared unit."""
    one = schema.signals[signal]
    shift = convert(0.0, one.unit, one.edge)
    return convert(1.0, one.unit, one.edge) - shift, shift


@final
class _Tables:
    """Curves as padded arrays: (sets, times) for when they begin and end, (sets, times, knots) for their points."""

    def __init__(self, sets: Sequence[Sequence[Calibration]]) -> None:
        most = max((len(curves) for curves in sets), default=0)
        knots = max((len(one.knots) for curves in sets for one in curves), default=0)
        terms = max((len(one.polynomial) for curves in sets for one in curves), default=0)
        self._starts = np.full((len(sets), most), _FOREVER, np.int64)
        self._ends = np.full((len(sets), most), _ALWAYS, np.int64)
        self._raw = np.full((len(sets), most, knots), np.inf)
        self._true = np.full((len(sets), most, knots), np.inf)
        self._terms = np.zeros((len(sets), most, terms))
        self._knots = np.zeros((len(sets), most), np.int64)
        self._curved = np.zeros((len(sets), most), np.bool_)
        for place, curves in enumerate(sets):
            for number, one in enumerate(curves):
                self._fill((place, number), one)

    def _fill(self, at: tuple[int, int], one: Calibration) -> None:
        points = np.array(one.knots)
        self._starts[at], self._ends[at], self._knots[at] = one.start, one.end, len(points)
        self._raw[at][: len(points)], self._true[at][: len(points)] = points.T
        self._terms[at][: len(one.polynomial)] = one.polynomial
        self._curved[at] = bool(one.polynomial)

    def true(self, place: I32, raw: F64, time: I64) -> tuple[F64, Mask]:
        """True values of raw ones, and of which a calibration was valid."""
        which = (self._starts[place] <= time[:, None]).sum(axis=1) - 1
        begun, which = which >= 0, np.maximum(which, 0)
        at = np.arange(len(raw))
        knots, x, y = self._knots[place, which], self._raw[place, which], self._true[place, which]
        piece = np.clip((x <= raw[:, None]).sum(axis=1) - 1, 0, knots - 2)
        slope = (y[at, piece + 1] - y[at, piece]) / (x[at, piece + 1] - x[at, piece])
        told = y[at, piece] + slope * (raw - x[at, piece])
        curved = np.zeros(len(raw))
        for power in range(self._terms.shape[2] - 1, -1, -1):
            curved = curved * raw + self._terms[place, which, power]
        told = np.where(self._curved[place, which], curved, told)
        valid: Mask = begun & (time <= self._ends[place, which])
        return np.where(begun, told, raw), valid


def doubt_expired(places: I64, quality: U8, reason: U16) -> None:
    """Let good values without a valid calibration be uncertain."""
    new = places[quality[places] == Quality.GOOD]
    quality[new], reason[new] = np.uint8(Quality.UNCERTAIN), np.uint16(Reason.CALIBRATION)
