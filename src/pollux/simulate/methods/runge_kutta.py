"""Explicit Runge-Kutta methods: the classical one of fourth order, and the pair of Dormand and Prince.

y1 = y0 + dt (b_1 k_1 + ... + b_s k_s) with the slopes k_i = f(t0 + c_i dt, y0 + dt (a_i1 k_1 + ... )). Means, sums and
integrals are states like any other, so they are as accurate as the solution.
"""

from functools import reduce
from typing import Final, final

from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.stages import AbstractEmbedded, AbstractStages, Rates


@final
class ClassicalRungeKutta(AbstractStages):
    """y1 = y0 + dt/6 (k_a + 2 k_b + 2 k_c + k_d): slopes at the start, twice in the middle, at the end."""

    def __init__(self, sheet: Sheet, rates: Rates, phases: frozenset[int]) -> None:
        super().__init__(sheet, rates, phases)
        second = self._later(0.5, self.first)
        third = self._later(0.5, second)
        self._all = (self.first, second, third, self._later(1.0, third))

    def increment(self, row: int) -> Term:
        ka, kb, kc, kd = (stage.term(self._rates[row]) for stage in self._all)
        return self._sheet.span.part(1 / 6) * (ka + 2.0 * (kb + kc) + kd)

    def _later(self, fraction: float, before: Instant) -> Instant:
        def state(row: int) -> Arg:
            moved = self._sheet.term(row) + self._sheet.span.part(fraction) * before.term(self._rates[row])
            return self._turned(row, moved).arg

        return self._sheet.instant(fraction, state=state)


_NODES: Final = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
_WEIGHTS: Final = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_LOWER: Final = (5179 / 57600, 0.0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40)


@final
class DormandPrince(AbstractEmbedded):
    """Order 5 with an estimate of order 4 (Dormand & Prince 1980, J Comput Appl Math 6:19; their RK5(4)7M)."""

    order = 4

    def __init__(self, sheet: Sheet, rates: Rates, phases: frozenset[int]) -> None:
        super().__init__(sheet, rates, phases)
        self._all: list[Instant] = [self.first]
        for node, weights in zip(_NODES[1:], _WEIGHTS[1:], strict=True):
            self._all.append(self._later(node, weights, tuple(self._all)))

    def increment(self, row: int) -> Term:
        return self._sheet.span.part(1.0) * self._weighted(row, _WEIGHTS[-1], self._all)

    def doubt(self, row: int) -> Term:
        upper = (*_WEIGHTS[-1], 0.0)
        differences = tuple(one - other for one, other in zip(upper, _LOWER, strict=True))
        return self._sheet.span.part(1.0) * self._weighted(row, differences, self._all)

    def _later(self, node: float, weights: tuple[float, ...], before: tuple[Instant, ...]) -> Instant:
        def state(row: int) -> Arg:
            moved = self._sheet.term(row) + self._sheet.span.part(1.0) * self._weighted(row, weights, before)
            return self._turned(row, moved).arg

        return self._sheet.instant(node, state=state)

    def _weighted(self, row: int, weights: tuple[float, ...], stages: "list[Instant] | tuple[Instant, ...]") -> Term:
        pairs = zip(weights, stages, strict=False)
        return reduce(Term.__add__, (weight * stage.term(self._rates[row]) for weight, stage in pairs if weight))
