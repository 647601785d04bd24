"""The history of a twin as series: the samples themselves, their extremes, or one figure a column."""

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from msgspec import UNSET

from pollux.clock import SECOND
from pollux.columns.quality import Quality, Reason
from pollux.errors import DataRefused
from pollux.show.compose import decimate
from pollux.show.documents.past import Gap, Series
from pollux.show.facts import F64, I64, U8, U16, Field, GapFact, Samples
from pollux.show.routes import seconds

MOST_SAMPLES: Final = 200_000
"""A field of an answer without `points` holds at most this many samples."""

EXTRAS: Final = frozenset(("t", "quality", "arrived", "seq", "reason"))
"""Fields that may be asked for and are no signals; the first two are always there."""


@final
class Picture:
    """How a stretch of time is to be drawn."""

    __slots__ = ("agg", "extras", "points", "width")

    def __init__(
        self, start: int, end: int, points: int | None, agg: decimate.Aggregate | None, extras: frozenset[str]
    ) -> None:
        if agg is not None and points is None:
            raise DataRefused(
                "expected points with agg, got none", at="?points", hint="points is the number of columns"
            )
        self.points, self.extras = points, extras
        self.agg: decimate.Aggregate | None = agg
        self.width = decimate.column_width(start, end, points) if points else 0

    def series(self, field: Field, samples: Samples, gaps: Sequence[GapFact]) -> Series:
        """One field as a series."""
        if self.agg is not None:
            return self._aggregated(field, samples, self.agg, gaps)
        places, raw = self._places(samples)
        quality = samples.quality if raw else decimate.worst_quality(samples.time, samples.quality, self.width)
        return self._written(field, samples, places, quality[places], raw, gaps)

    def _places(self, samples: Samples) -> tuple[I64, bool]:
        n = len(samples.time)
        if not self.points:
            if n > MOST_SAMPLES:
                hint = "ask for points, or for a shorter stretch"
                raise DataRefused(f"expected at most {MOST_SAMPLES} samples, got {n}", at="?points", hint=hint)
            return np.arange(n), True
        if n <= 2 * self.points:
            return np.arange(n), True
        return decimate.extremes(samples.time, samples.value, self.width, low=samples.low, high=samples.high), False

    def _written(
        self, field: Field, samples: Samples, places: I64, quality: U8, raw: bool, gaps: Sequence[GapFact]
    ) -> Series:
        time = samples.time[places]
        arrived, position = samples.arrival, samples.position
        return Series(
            field=field.name,
            role=field.role,
            unit=field.unit,
            raw=raw,
            t=(time / SECOND).tolist(),
            v=numbers(samples.value[places]),
            q=[] if bool((quality == Quality.GOOD).all()) else quality.tolist(),
            lo=numbers(self._edge(samples, samples.low, places, raw, least=True)),
            hi=numbers(self._edge(samples, samples.high, places, raw, least=False)),
            gaps=gaps_of(gaps),
            arrived=(arrived[places] / SECOND).tolist() if "arrived" in self.extras and arrived is not None else UNSET,
            seq=position[places].tolist() if "seq" in self.extras and position is not None else UNSET,
            reason=reasons(samples.reason[places]) if "reason" in self.extras and samples.reason is not None else UNSET,
        )

    def _edge(self, samples: Samples, edge: F64 | None, places: I64, raw: bool, *, least: bool) -> F64:
        """The edge of a fan at the samples that stay: of each column the outermost one, so it is never narrowed."""
        if edge is None:
            return np.empty(0, np.float64)
        if raw or not len(edge):
            return edge[places]
        _, start, column = np.unique(samples.time // self.width, return_index=True, return_inverse=True)
        outermost = (np.fmin if least else np.fmax).reduceat(edge, start)
        return np.asarray(outermost[column][places], np.float64)

    def _aggregated(self, field: Field, samples: Samples, how: decimate.Aggregate, gaps: Sequence[GapFact]) -> Series:
        time, value = decimate.aggregate(samples.time, samples.value, self.width, how)
        t = (time / SECOND).tolist()
        unit = "1" if how == "count" else field.unit
        return Series(
            field=field.name, role=field.role, unit=unit, raw=False, t=t, v=numbers(value), q=[], lo=[], hi=[],
            gaps=gaps_of(gaps),
        )  # fmt: skip


def reasons(codes: U16) -> list[str | None]:
    """Why samples are doubted, as people read it; None where nothing is wrong.

    >>> reasons(np.array([0, 3], np.uint16))
    [None, 'has not moved for too long']
    """
    return [Reason(code).sentence if code else None for code in codes.tolist()]


def numbers(values: F64) -> list[float | None]:
    """Numbers for JSON: None where there is none."""
    listed: list[float | None] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)):
        listed[int(place)] = None
    return listed


def within(gaps: Sequence[GapFact], start: int, end: int) -> list[GapFact]:
    """The parts of gaps that lie in [start, end).

    >>> within([GapFact(0, 5, "no cuff"), GapFact(20, 30, "later")], 3, 10)
    [GapFact(start=3, end=5, text='no cuff')]
    """
    cut = (GapFact(max(start, gap.start), min(end, gap.end), gap.text) for gap in gaps)
    return [gap for gap in cut if gap.start < gap.end]


def gaps_of(gaps: Sequence[GapFact]) -> tuple[Gap, ...]:
    """Gaps as clients see them."""
    return tuple(Gap(from_=seconds(gap.start), to=seconds(gap.end), text=gap.text) for gap in gaps)
