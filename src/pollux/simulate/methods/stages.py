"""The classical Runge-Kutta method of fourth order, written out.

y1 = y0 + dt/6 (k_a + 2 k_b + 2 k_c + k_d), with the slopes k at the start, twice in the middle and at the end of the
step. Means, sums and integrals are states like any other, so they are as accurate as the solution.
"""

from collections.abc import Mapping
from typing import final

from pollux.model.graph import Expr
from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.sheet import Sheet


@final
class Stages:
    """The four stages of a step for all rows that move; `rates` are per second."""

    def __init__(self, sheet: Sheet, rates: Mapping[int, Expr], phases: frozenset[int]) -> None:
        self._sheet = sheet
        self._rates = rates
        self._phases = phases
        self.a = sheet.instant("t0", state=sheet.load)
        self.b = self._later("t1", 0.5, "h", self.a)
        self.c = self._later("t1", 0.5, "h", self.b)
        self.d = self._later("t2", 1.0, "dt", self.c)

    def increment(self, row: int) -> Term:
        """By how much a row moves during the step."""
        ka, kb, kc, kd = (stage.term(self._rates[row]) for stage in (self.a, self.b, self.c, self.d))
        return self._sheet.lines.term("s6") * (ka + 2.0 * (kb + kc) + kd)

    def end(self, row: int) -> Term:
        """A row at the end of the step; phases may lie beyond 1."""
        return self._sheet.term(row) + self.increment(row)

    def _later(self, time: str, fraction: float, length: str, before: Instant) -> Instant:
        def state(row: int) -> Arg:
            moved = self._sheet.term(row) + self._sheet.lines.term(length) * before.term(self._rates[row])
            return self._turned(moved).arg if row in self._phases else moved.arg

        return self._sheet.instant(time, state=state, fraction=fraction)

    @staticmethod
    def _turned(phase: Term) -> Term:
        return (phase >= 1.0).where(phase - 1.0, phase)
