"""Inputs over time: what a parameter or an actuator does during a run, given at some instants.

A course is level between its instants (a dose, a command) or straight (the weather). It is sampled before the run, to
the steps at which it changes, so that the kernel only copies numbers. A level that changes inside a step takes its mean
over that step: the integral of the input is kept, however short a dose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64, distinct
from pollux.errors import SimulationError


@final
@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The values of one input from each instant on; build it with `level` or `straight`.

    `times` are nanoseconds since 1970, increasing; `values` are in the unit of the signal, shape (times,) where all
    members share them, else (times, members). Before the first instant, and where it is NaN, a level has its value of
    the start table; a straight course has its first value before the first instant. Raises SimulationError for values
    without an instant each, and for instants that do not increase.

    >>> import pollux as px
    >>> px.level([0, px.duration("8 h")], [0.0, 40.0]).values.shape
    (2,)
    """

    times: I64
    values: F64
    is_straight: bool

    def __post_init__(self) -> None:
        if self.times.ndim != 1 or not len(self.times) or self.values.shape[:1] != self.times.shape:
            raise SimulationError(
                f"expected one value per instant, got {self.values.shape} for {self.times.shape}", at="Course"
            )
        if np.any(np.diff(self.times) <= 0):
            raise SimulationError("expected instants that increase", at="Course", hint="sort them, drop doubles")

    @property
    def is_shared(self) -> bool:
        """Whether all members have the same."""
        return self.values.ndim == 1


def level(times: I64 | list[int], values: F64 | list[float]) -> Course:
    """Each value from its instant until the next.

    >>> level([0, 60_000_000_000], [0.0, 25.0]).is_shared
    True
    """
    return Course(np.asarray(times, np.int64), np.asarray(values, np.float64), False)


def straight(times: I64 | list[int], values: F64 | list[float]) -> Course:
    """Straight lines between the values, level after the last.

    >>> straight([0, 3_600_000_000_000], [281.0, 284.5]).is_straight
    True
    """
    return Course(np.asarray(times, np.int64), np.asarray(values, np.float64), True)


def side_by_side(parts: Sequence[tuple[Course, int]]) -> Course:
    """One level course for many members: each of these courses for so many of them, in this order.

    A member whose own course has not begun keeps the value of the start table.

    >>> side_by_side([(level([0], [1.0]), 2), (level([5], [3.0]), 1)]).values
    array([[ 1.,  1., nan],
           [ 1.,  1.,  3.]])
    """
    if any(course.is_straight or not course.is_shared for course, _ in parts):
        raise SimulationError("expected level courses that their members share", at="side_by_side")
    times = distinct(np.concatenate([course.times for course, _ in parts]))
    columns = [np.repeat(_held(course, times)[:, None], members, axis=1) for course, members in parts]
    return Course(times, np.concatenate(columns, axis=1), False)


def _held(course: Course, times: I64) -> F64:
    place = np.searchsorted(course.times, times, side="right") - 1
    return np.where(place < 0, np.nan, course.values[place])


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A course on the steps of a run: from step `marks[k]` on it is `values[k]` and rises by `slopes[k]` a step.

    `values` and `slopes` have the shape (marks, members), or (marks, 1) where they are shared; `slopes` is None for
    levels.
    """

    marks: I64
    values: F64
    slopes: F64 | None

    def at(self, marks: I64) -> tuple[F64, F64 | None]:
        """Values and slopes on a finer set of marks that contains its own."""
        place = np.searchsorted(self.marks, marks, side="right") - 1
        if self.slopes is None:
            return self.values[place], None
        since = (marks - self.marks[place])[:, None]
        return self.values[place] + self.slopes[place] * since, self.slopes[place]


def sampled(course: Course, before: F64, *, t0: int, step: float, steps: int) -> Sampled:
    """A course as the steps of a run see it; `before` is the value of each member up to the first instant."""
    times = (course.times - t0) / step
    values = course.values[:, None] if course.is_shared else course.values
    if course.is_straight:
        return _sloped(times, values, _marks(times, steps), steps)
    if times[0] > 0 or np.isnan(values).any():
        times, values = np.concatenate(([min(-1.0, times[0] - 1.0)], times)), _begun(values, before)
    marks = _marks(times, steps)
    return Sampled(marks, _levels(times, values, marks), None)


def _begun(values: F64, before: F64) -> F64:
    """The values with that of the start table before them, member by member where that differs."""
    first = before[None, :1] if np.all(before == before[0]) else before[None, :]
    members = max(values.shape[1], first.shape[1])
    wide = np.concatenate([np.broadcast_to(part, (len(part), members)) for part in (first, values)])
    return np.where(np.isnan(wide), wide[0], wide)


def _marks(times: F64, steps: int) -> I64:
    """The steps before and after each instant, and the first."""
    around = np.concatenate((np.floor(times), np.ceil(times)))
    inside = around[(around > 0) & (around < steps)]
    return distinct(np.concatenate(([0], inside)).astype(np.int64))


def _levels(times: F64, values: F64, marks: I64) -> F64:
    """The value at each mark; the mean over the step where an instant lies inside it."""
    place = np.maximum(np.searchsorted(times, marks, side="right") - 1, 0)
    out = values[place]
    last = np.searchsorted(times, marks + 1, side="left") - 1
    for k in np.flatnonzero(last > place):
        edges = np.concatenate(([marks[k]], times[place[k] + 1 : last[k] + 1], [marks[k] + 1]))
        out[k] = np.diff(edges) @ values[place[k] : last[k] + 1]
    return out


def _sloped(times: F64, values: F64, marks: I64, steps: int) -> Sampled:
    ends = np.append(marks[1:], max(steps, marks[-1] + 1))
    value, after = _interpolated(times, values, marks), _interpolated(times, values, ends)
    return Sampled(marks, value, (after - value) / (ends - marks)[:, None])


def _interpolated(times: F64, values: F64, at: I64) -> F64:
    place = np.clip(np.searchsorted(times, at, side="right") - 1, 0, max(len(times) - 2, 0))
    if len(times) == 1:
        return values[place]
    share = np.clip((at - times[place]) / (times[place + 1] - times[place]), 0.0, 1.0)[:, None]
    return values[place] * (1.0 - share) + values[place + 1] * share
