"""Fast models inside slow ones: run until they repeat themselves, their outputs held in the slow model.

A slow model asks at fixed intervals. Each member's fast model goes on from the state in which it was left, in the
member's own column, so that a small change of its inputs settles in a few turns; where nothing changed it is not run at
all. It runs for a stretch, its outputs are compared with those before, and stops once they change by less than the
tolerance. What each member does depends on that member only.

Two errors are made, and both are measured: outputs not quite settled (`drift`), and outputs held while the inputs went
on changing (`held`). Both are relative; see `Settled`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64, I64, Mask
from pollux.columns.layout import SettledSlots
from pollux.simulate.kernels.plan import AbstractKernel, Plan
from pollux.simulate.recorder import Recorder

QUESTIONS = 168
"""How often a slow model asks its fast ones where nothing else is said: every hour of a week."""

STRETCHES = 10
"""A stretch is this part of the time for which the model is declared to run until it has settled."""

MOST = 20
"""After so many stretches a member that has not settled is counted as such, and its last outputs are taken."""

SAME = 0.1
"""Inputs that moved by less than this part of the tolerance since the fast model last ran are taken as unchanged."""


@final
@dataclass(frozen=True, slots=True)
class Settling:
    """How a slow model asks its fast ones.

    `every` is the time between two questions in nanoseconds (None: as the type says, else 168 questions in a run),
    `tolerance` the relative change over one stretch below which outputs count as settled, `step` that of the fast model
    in nanoseconds (None: chosen).
    """

    every: int | None = None
    tolerance: float = 1e-3
    step: int | None = None

    def interval(self, declared: float | None, span: int) -> float:
        """The seconds between two questions in a run of this span, for a model that is declared to be asked so often.

        >>> Settling().interval(None, 7 * 24 * 3600 * SECOND), Settling().interval(8 * 3600.0, SECOND)
        (3600.0, 28800.0)
        """
        if self.every is not None:
            return self.every / SECOND
        return span / SECOND / QUESTIONS if declared is None else declared


@final
@dataclass(frozen=True, slots=True)
class Settled:
    """What settling cost and how far it can be trusted.

    `questions` were asked and `seconds` simulated by fast models, both summed over members; `unsettled` is how often a
    member had not settled, `drift` the largest relative change of an output over the last stretch among those that had.
    `held` is the largest relative change of an output from one question to the next: in between the slow model saw a
    value that was wrong by up to that; `Settling.every` asks more often.
    """

    questions: int = 0
    seconds: float = 0.0
    unsettled: int = 0
    drift: float = 0.0
    held: float = 0.0

    def __add__(self, other: "Settled") -> "Settled":
        """The account of two groups of members, or of two fast models."""
        return Settled(
            self.questions + other.questions,
            self.seconds + other.seconds,
            self.unsettled + other.unsettled,
            max(self.drift, other.drift),
            max(self.held, other.held),
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class FastModel:
    """A fast model as a slow one uses it: where its column stands, what it is given, what is read from it."""

    kernel: AbstractKernel
    slots: slice
    states: slice
    kept: int
    asks: Recorder
    inputs: I64
    outputs: Recorder
    rows: I64
    over: float
    every: float
    dt: float
    tolerance: float

    def settle(self, table: F64, time: float, *, first: bool) -> Settled:
        """Bring the fast models of all members to rest for the inputs of this moment, and hand out their outputs.

        The first time in a run nobody knows what the slow model saw before: nothing counts as held.
        """
        given = self.asks.now(table, time)
        column = np.zeros((self.kept, table.shape[1]))
        column[: self.slots.stop - self.slots.start] = table[self.slots]
        before = self.outputs.now(column, time)
        cold = ~_finite(before)
        asked = _finite(given) & self._alive(column)
        active = np.flatnonzero(asked & (cold | self._moved(column[self.inputs], given)))
        column[self.inputs[:, None], active] = given[:, active]
        account = self._run(column, active, active[cold[active]], time)
        table[self.slots] = column[: self.slots.stop - self.slots.start]
        after = np.where(asked, self.outputs.now(column, time), np.nan)
        table[self.rows] = after
        held = 0.0 if first else _largest(_change(before, after)[:, ~cold])
        return Settled(table.shape[1], account.seconds, account.unsettled, account.drift, held)

    def _moved(self, last: F64, given: F64) -> Mask:
        still: Mask = np.all(_change(last, given) <= SAME * self.tolerance, axis=0)
        return ~still

    def _alive(self, column: F64) -> Mask:
        return _finite(column[self.states])

    def _run(self, column: F64, active: I64, cold: I64, time: float) -> Settled:
        """Stretch after stretch for those that have not settled; a member that has failed is left as it is."""
        self._advance(column, cold, time, self.over)
        account = Settled(seconds=len(cold) * self.over)
        stretch = self.over / STRETCHES
        for _ in range(MOST):
            if not len(active):
                return account
            before = self.outputs.now(column[:, active], time)
            self._advance(column, active, time, stretch)
            change = _change(before, self.outputs.now(column[:, active], time)).max(axis=0)
            settled = change <= self.tolerance
            account += Settled(seconds=len(active) * stretch, drift=_largest(change[settled]))
            active = active[~settled & self._alive(column[:, active])]
        return account + Settled(unsettled=len(active))

    def _advance(self, column: F64, members: I64, time: float, seconds: float) -> None:
        if not len(members):
            return
        part = np.ascontiguousarray(column[:, members])
        steps = max(1, round(seconds / self.dt))
        none, nothing = np.zeros(0, np.int64), np.zeros((0, 0, len(members)))
        stops = np.array([[0, -1, -1, -1, steps]], np.int64)
        plan = Plan(stops, none, np.zeros((0, 0)), none, nothing, none, time, self.dt)
        self.kernel.advance(part, np.empty((0, 0, len(members))), plan)
        column[:, members] = part


def _finite(numbers: F64) -> Mask:
    """Which members have finite numbers only."""
    finite: Mask = np.all(np.isfinite(numbers), axis=0)
    return finite


def _change(before: F64, after: F64) -> F64:
    """The change relative to the size of the numbers; NaN where one is no number."""
    size = np.maximum(np.abs(before), np.abs(after))
    with np.errstate(invalid="ignore"):
        return np.where(before == after, 0.0, np.abs(after - before) / np.where(size == 0.0, 1.0, size))


def _largest(change: F64) -> float:
    return float(np.nanmax(change)) if np.isfinite(change).any() else 0.0


def places(slots: SettledSlots, inputs: Sequence[str]) -> I64:
    """Where the inputs stand in the fast model's own column."""
    return np.array([slots.layout.place(name) for name in inputs], np.int64)
