"""How long the step of a coupled system may be: found by trying, with the first and the last member, before the run.

One whole step is compared with two halves; the step grows or shrinks so that their difference stays at the tolerance of
types that run alone. The step of the run is the one that all but the shortest of the accepted steps reach, the series
1, 2, 5, 10 below it, no longer than the shortest window, and no longer than the fastest mode seen on the way allows: a
system at rest has no error to tell of it. Its pace is the spectral radius of the slopes' Jacobian, by repeated products
with a vector (power iteration), so that no matrix of all twins is ever made.
"""

from typing import Final, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.links import Links
from pollux.errors import SimulationError
from pollux.simulate.coupled.compose import Composed
from pollux.simulate.coupled.numpy_kernel import CoupledNumpyKernel
from pollux.simulate.coupled.program import METHODS, Method
from pollux.simulate.coupled.recorder import System
from pollux.simulate.kernels.plan import Plan
from pollux.simulate.methods.sheet import rate_of
from pollux.simulate.methods.windows import durations
from pollux.simulate.steps import FLAT, KINKS, SHORTEST, TOLERANCE, rounded_down

ORDERS: Final[dict[Method, int]] = {"rk4": 4, "heun": 2, "midpoint": 2}
"""The orders of the methods whose step can be chosen."""

_FOLLOWS: Final[dict[Method, float]] = {"rk4": 2.0, "heun": 1.2, "midpoint": 1.2}
"""Time constants of the fastest mode that a step may span; these methods are stable up to 2.8 and 2."""

_TRIALS: Final = 80
_PRODUCTS: Final = 16
_LOOKS: Final = 10
"""Among so many accepted steps the fastest mode is looked for once."""


def chosen_step(composed: Composed, system: System, table: F64, method: Method, *, t0: int, span: int) -> int:
    """The step in nanoseconds; raises `SimulationError` for a method whose scheme is defined by its step."""
    if method not in ORDERS:
        raise SimulationError(
            f"expected a step for the method {method!r}",
            at="CoupledRun.step",
            hint="rk4 chooses its own where it is None",
        )
    some = sorted({0, table.shape[1] - 1})
    trial = _Trial(composed, system, np.ascontiguousarray(table[:, some]), method)
    trial.through(t0 / SECOND, span / SECOND)
    windows = [one.seconds for rows in system.rows for one in durations(rows.run.layout)]
    reached = trial.reached if trial.accepted else span / SECOND / 100
    bounds = (reached, _FOLLOWS[method] / trial.fastest, *windows, span / SECOND)
    return rounded_down(max(min(bounds) * SECOND, SHORTEST))


@final
class _Trial:
    """A few members under a step that adapts itself."""

    def __init__(self, composed: Composed, system: System, table: F64, method: Method) -> None:
        links: tuple[Links, ...] = tuple(system.links[kind, name] for kind, name, _ in composed.program.links)
        self._kernel = CoupledNumpyKernel(composed.program, system.places, links, np.array(METHODS[method]))
        self._order = ORDERS[method]
        self._table = table
        states = [
            (system.places.row(kind, row), name in rows.run.layout.schema.cycles)
            for kind, rows in enumerate(system.rows)
            for row, name in enumerate(rows.run.layout.schema.states, start=rows.run.layout.states.start)
        ]
        self._rows = np.concatenate([np.zeros(0, np.int64), *(place for place, _ in states)]).astype(np.int64)
        self._turns = np.concatenate([np.zeros(0, np.bool_), *(np.full(len(p), turns) for p, turns in states)])
        self._low = self._high = table[self._rows]
        self.accepted: list[float] = []
        self._system = system
        self.fastest = 1e-300

    @property
    def reached(self) -> float:
        """The step below which the trial spent no more than a tenth of its time."""
        steps = np.sort(self.accepted)
        return float(steps[np.searchsorted(np.cumsum(steps), KINKS * steps.sum())])

    def through(self, time: float, span: float) -> None:
        """Go as far as the trials reach."""
        step, end = span, time + span
        self.fastest = max(self.fastest, self._pace(time))
        for _ in range(_TRIALS):
            if end - time < 1e-9 * span or step < SHORTEST / SECOND:
                return
            step = min(step, end - time)
            whole, halves = self._table.copy(), self._table.copy()
            self._advance(whole, time, step, 1)
            self._advance(halves, time, step / 2, 2)
            error = self._error(whole[self._rows], halves[self._rows])
            if error <= TOLERANCE:
                time += step
                self.accepted.append(step)
                if len(self.accepted) % _LOOKS == 0:
                    self.fastest = max(self.fastest, self._pace(time))
                self._table = halves
                self._low = np.minimum(self._low, halves[self._rows])
                self._high = np.maximum(self._high, halves[self._rows])
            factor = (TOLERANCE / max(error, 1e-30)) ** (1 / (self._order + 1))
            step *= min(4.0, max(0.1, 0.9 * factor))

    def _pace(self, time: float) -> float:
        """The spectral radius of the Jacobian where the members are, per second."""
        size = np.maximum(np.maximum(np.abs(self._low), np.abs(self._high)), 1e-6)
        slopes = self._slopes(self._table, time)
        mode = 1.0 + 0.5 * np.sin(np.arange(slopes.size).reshape(slopes.shape))
        growths: list[F64] = []
        for _ in range(_PRODUCTS):
            moved = self._table.copy()
            moved[self._rows] += 1e-6 * size * mode
            with np.errstate(all="ignore"):
                mode = (self._slopes(moved, time) - slopes) / (1e-6 * size)
                growths.append(np.sqrt((mode**2).mean(axis=0)))
                mode = mode / growths[-1]
        with np.errstate(all="ignore"):
            means = np.exp(np.log(np.array(growths[_PRODUCTS // 2 :])).mean(axis=0))
        sound = means[np.isfinite(means)]
        return float(sound.max(initial=1e-300))

    def _slopes(self, table: F64, time: float) -> F64:
        """How fast all states of all twins change, in the order of their rows."""
        parts = [np.zeros((0, table.shape[1]))]
        for kind, rows in enumerate(self._system.rows):
            schema = rows.run.layout.schema
            rates = [rate_of(schema, name) for name in schema.states]
            parts.append(self._system.now(table, kind, rates, time=time).reshape(-1, table.shape[1]))
        return np.concatenate(parts)

    def _error(self, whole: F64, halves: F64) -> float:
        """The error of a step relative to the range through which each state has moved."""
        gap = np.abs(whole - halves)
        gap = np.where(self._turns[:, None], np.minimum(gap, np.abs(1.0 - gap)), gap)
        span = np.maximum(self._high, halves) - np.minimum(self._low, halves)
        size = np.maximum(np.abs(self._high), np.abs(self._low))
        with np.errstate(invalid="ignore"):
            worst = float(np.max(gap / np.maximum(span, FLAT * size + 1e-300), initial=0.0)) / (2**self._order - 1)
        return worst if np.isfinite(worst) else np.inf

    def _advance(self, table: F64, time: float, dt: float, steps: int) -> None:
        members, none = table.shape[1], np.zeros(0, np.int64)
        own = np.zeros((0, 0, members))
        plan = Plan(np.array([[0, -1, -1, -1, steps]]), none, np.zeros((0, 0)), none, own, none, time, dt)
        self._kernel.advance(table, np.empty((0, 0, members)), plan)
