"""How long a step may be: found by trying, once per type.

Two things bound it. A few members are integrated with a step that adapts itself: one whole step is compared with two
halves, and the step grows or shrinks so that their difference stays at the tolerance; the fixed step is the one that
all but the shortest of the accepted steps reach (the shortest come from kinks such as valves, where a shorter step for
the whole run would buy nothing). And it does not exceed twice the shortest time constant seen on the way: the method is
stable up to 2.8 of them, and at two a mode that is fast and only follows still loses two thirds in a step; where such a
mode matters, the trial has found a shorter step. Nor does it exceed the shortest window, or a quarter of the turn of a
cycle: a step sees no more than one turn. Inputs bound it where they say something else every so often.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import Layout, layout_of
from pollux.model.schema import Schema
from pollux.simulate.courses import Course
from pollux.simulate.kernels.numpy_kernel import numpy_kernel
from pollux.simulate.kernels.plan import Plan
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Task, rows_of
from pollux.simulate.methods.sheet import rate_of
from pollux.simulate.methods.windows import durations
from pollux.simulate.recorder import recorder

TOLERANCE = 1e-5
"""Error of one step, relative to the range through which each state has moved."""

FLAT = 1e-9
"""A state that moved by less than this part of its size has stood still."""

KINKS = 0.1
"""The part of the time in which the accepted steps may have been shorter."""

FOLLOWS = 2.0
"""Time constants of the fastest mode that a step may span."""

FIRST_ORDER = 0.02
"""The part of the shortest time constant that a step of a method of first order spans: errors of about a hundredth."""

TURN = 0.25
"""The part of a cycle's turn that a step may span."""

LONGEST = 2.0**62
"""Nanoseconds; what stands still bears any step."""

FASTER = 0.8
"""A start that bears less than this part of the step that the one bore which was tried is tried anew."""

TRIALS = 400
MEMBERS = 8
SHORTEST = 100
"""Nanoseconds; a type that needs less is too stiff for this method."""


@final
@dataclass(frozen=True, slots=True)
class Tried:
    """A step that was found, in nanoseconds, and what the start bore at which it was tried, in seconds.

    `shortest` is the shortest time constant that was met on the way.

    `is_bound_by_stability` says that the step would be longer if the fastest mode allowed it.
    """

    step: int
    borne: float
    shortest: float = np.inf
    is_bound_by_stability: bool = False


Settle: TypeAlias = Callable[[F64], None]
_tried: dict[tuple[Schema, int], Tried] = {}


def choose_step(schema: Schema, start: F64, *, t0: int, span: int, settle: Settle | None = None) -> int:
    """The step for a type in nanoseconds: tried once per type and order of magnitude of the span.

    It is tried again for a start at which the type is faster than where it was tried. `settle` brings the fast models
    of the type to rest in a table, which is done for the trial only.
    """
    return tried(schema, start, t0=t0, span=span, settle=settle).step


def tried(schema: Schema, start: F64, *, t0: int, span: int, settle: Settle | None = None) -> Tried:
    """What `choose_step` found, and why it is no longer."""
    key = (schema, len(str(span)))
    known = _tried.get(key)
    if known is not None and (settle is not None or _borne(schema, start, t0) >= FASTER * known.borne):
        return known
    _tried[key] = known = try_steps(schema, start, t0=t0, span=span, settle=settle)
    return known


def step_of_noise(schema: Schema, start: F64, *, t0: int, span: int) -> int:
    """The step for a type with noise: the methods for it are of first order, so a small part of a time constant."""
    known = tried(schema, start, t0=t0, span=span)
    wanted = min(known.step, FIRST_ORDER * known.shortest * SECOND, span / 100)
    return rounded_down(max(wanted, SHORTEST))


def bearable(schema: Schema, driven: F64, *, t0: int) -> int:
    """The step that the fastest mode and the cycles of these members (width, members) allow, whatever accuracy asks.

    For what courses will make of a type that was tried as it is in the beginning.
    """
    parts = [driven[:, at : at + MEMBERS] for at in range(0, driven.shape[1], MEMBERS)]
    borne = min(_borne(schema, part, t0) for part in parts) * SECOND
    return rounded_down(min(max(borne, SHORTEST), LONGEST))


def heard(courses: Iterable[Course], *, t0: int, span: int) -> int:
    """The step that hears what inputs say: as long as the stretches between their instants, but for short ones.

    A level that changes inside a step counts with its mean, which is exact only for what is linear in it. Stretches
    that take no more than a tenth of the time together, such as doses, do not shorten all steps.
    """
    return rounded_down(min((_reached(_stretches(one, t0, span)) for one in courses), default=float(span)))


def _stretches(course: Course, t0: int, span: int) -> list[float]:
    inside = course.times[(course.times > t0) & (course.times < t0 + span)]
    stretches: list[float] = np.diff(np.concatenate(([t0], inside, [t0 + span]))).astype(np.float64).tolist()
    return stretches


def _borne(schema: Schema, start: F64, t0: int) -> float:
    return _Trial(schema, start, None).bears(t0 / SECOND)


def try_steps(schema: Schema, start: F64, *, t0: int, span: int, settle: Settle | None = None) -> Tried:
    """The longest step of the series 1, 2, 5, 10, ... nanoseconds that the trial allows."""
    trial = _Trial(schema, start, settle)
    borne = trial.bears(t0 / SECOND)
    trial.through(t0 / SECOND, span / SECOND)
    reached = _reached(trial.accepted) if trial.accepted else span / SECOND / 100
    stable = FOLLOWS * trial.shortest
    bounds = (reached, stable, TURN * trial.quickest, *longest(layout_of(schema)))
    # A trial that stability holds back is accepted up to where the method would no longer be stable.
    is_bound = 0.5 * stable <= min(bounds)
    return Tried(rounded_down(max(min(bounds) * SECOND, SHORTEST)), borne, trial.shortest, is_bound)


def longest(layout: Layout) -> tuple[float, ...]:
    """What no step may exceed, in seconds: the shortest window, the distance between two samples of a delay."""
    return (*(one.seconds for one in durations(layout)), *(one.spacing for one in layout.delays))


def _reached(accepted: list[float]) -> float:
    """The step below which the trial spent no more than a tenth of its time."""
    steps = np.sort(accepted)
    return float(steps[np.searchsorted(np.cumsum(steps), KINKS * steps.sum())])


def rounded_down(step: float) -> int:
    """The largest of 1, 2, 5, 10, 20, ... that is not above a step.

    >>> rounded_down(3_700_000.0), rounded_down(99.9)
    (2000000, 50)
    """
    power = int(10 ** (len(str(int(step))) - 1))
    return max(m * power for m in (1, 2, 5) if m * power <= step)


def few(start: F64, layout: Layout) -> F64:
    """Some of the members, from first to last, among those that are sound; else the type as it is declared."""
    known = np.r_[layout.states, layout.params]
    sound = start[:, np.isfinite(start[known]).all(axis=0)]
    if not sound.shape[1]:
        return layout.start(1)
    return sound[:, :: max(1, sound.shape[1] // MEMBERS)][:, :MEMBERS]


@final
class _Trial:
    """A few members under a step that adapts itself."""

    def __init__(self, schema: Schema, start: F64, settle: Settle | None) -> None:
        task = Task(schema, is_trial=True)
        start = few(start, layout_of(schema))
        self._rows, program = rows_of(task), compose(task)
        self._kernel = numpy_kernel(program)
        self._table = self._rows.table(start)
        if settle is not None:
            settle(self._table)
        self._states = self._rows.layout.states
        self._phases = np.array([name in schema.cycles for name in schema.states], np.bool_)
        self._low = self._high = self._table[self._states]
        self._rates = recorder([rate_of(schema, name) for name in schema.states], self._rows)
        self.accepted: list[float] = []
        self.shortest = self.quickest = np.inf

    def through(self, time: float, span: float) -> None:
        """Go as far as the trials reach; `accepted` are the steps in seconds.

        `shortest` is the least time constant on the way, `quickest` the shortest turn of a cycle.
        """
        step, end = span, time + span
        for _ in range(TRIALS):
            if end - time < 1e-9 * span or step < SHORTEST / SECOND:
                return
            self.quickest = min(self.quickest, self.turn(time))
            step = min(step, end - time, TURN * self.quickest, *(one.spacing for one in self._rows.layout.delays))
            halves, error = self._step(time, step)
            if error <= TOLERANCE:
                time += step
                self._accept(halves, time, step)
            step *= min(4.0, max(0.1, 0.9 * (TOLERANCE / max(error, 1e-30)) ** 0.2))

    def _accept(self, table: F64, time: float, step: float) -> None:
        self.accepted.append(step)
        self._table = table
        self._low = np.minimum(self._low, table[self._states])
        self._high = np.maximum(self._high, table[self._states])
        self.shortest = min(self.shortest, self.time_constant(time))

    def bears(self, time: float) -> float:
        """The step that fastest mode and cycles allow, in seconds."""
        return min(FOLLOWS * self.time_constant(time), TURN * self.turn(time))

    def turn(self, time: float) -> float:
        """The shortest turn of a cycle at this moment, in seconds."""
        turning = self._rates.now(self._table, time)[self._phases]
        return 1.0 / max(float(np.max(turning[np.isfinite(turning)], initial=0.0)), 1e-300)

    def time_constant(self, time: float) -> float:
        """One over the largest eigenvalue of the rates' Jacobian, by differences, at the fastest of the members."""
        states, members = self._states.stop - self._states.start, self._table.shape[1]
        if not states or not members:
            return np.inf
        shift = 1e-6 * np.maximum(np.abs(self._table[self._states]), 1e-6)
        shifted = np.repeat(self._table[:, None, :], 1 + states, axis=1)
        shifted[np.arange(self._states.start, self._states.stop), 1 + np.arange(states)] += shift
        rates = self._rates.now(shifted.reshape(len(self._table), -1), time).reshape(states, 1 + states, members)
        jacobian = (rates[:, 1:] - rates[:, :1]) / shift
        sound = jacobian[:, :, np.isfinite(jacobian).all(axis=(0, 1))]
        eigenvalues = np.abs(np.linalg.eigvals(np.moveaxis(sound, 2, 0)))
        return 1.0 / max(float(eigenvalues.max(initial=0.0)), 1e-300)

    def _step(self, time: float, step: float) -> tuple[F64, float]:
        """The members after two half steps, and how far a whole step is from there."""
        whole, halves = self._table.copy(), self._table.copy()
        self._advance(whole, time, step, 1)
        self._advance(halves, time, step / 2, 2)
        with np.errstate(all="ignore"):
            return halves, self._error(whole[self._states], halves[self._states])

    def _error(self, whole: F64, halves: F64) -> float:
        gap = np.abs(whole - halves)
        gap = np.where(self._phases[:, None], np.minimum(gap, np.abs(1.0 - gap)), gap)
        span = np.maximum(self._high, halves) - np.minimum(self._low, halves)
        size = np.maximum(np.abs(self._high), np.abs(self._low))
        worst = float(np.max(gap / np.maximum(span, FLAT * size + 1e-300), initial=0.0)) / 15.0
        return worst if np.isfinite(worst) else np.inf

    def _advance(self, table: F64, time: float, dt: float, steps: int) -> None:
        members, none = table.shape[1], np.zeros(0, np.int64)
        own = np.zeros((0, 0, members))
        plan = Plan(np.array([[0, -1, -1, -1, steps]]), none, np.zeros((0, 0)), none, own, none, time, dt)
        self._kernel.advance(table, np.empty((0, 0, members)), plan)
