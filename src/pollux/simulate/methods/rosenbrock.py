"""A Rosenbrock method for stiff types and algebraic variables: linearly implicit, with the exact Jacobian.

With M the identity for rates and zero for residuals, J the Jacobian and F_t the derivative by time at the start,

    (M / (gamma h) - J) u_i = F(t0 + alpha_i h, y0 + sum_j a_ij u_j) + M sum_j (c_ij / h) u_j + gamma_i h F_t
    y1 = y0 + sum_j a_6j u_j + u_6,   error u_6.

RODAS: six stages, order 4 with an estimate of order 3, L-stable, stiffly accurate, for equations of index 1. E. Hairer,
G. Wanner, Solving Ordinary Differential Equations II, 2nd ed. 1996, IV.7 and VI.3; coefficients of their code RODAS.
"""

from functools import reduce
from typing import Final, final

from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.elimination import Factored
from pollux.simulate.methods.jacobian import system
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.stages import AbstractEmbedded, Rates

GAMMA: Final = 0.25
_NODES: Final = (0.0, 0.386, 0.21, 0.63, 1.0, 1.0)
_DRIFTS: Final = (0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0)
_A: Final = (
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0),
)
_C: Final = (
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
    (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
)


@final
class Rodas(AbstractEmbedded):
    """One step of RODAS."""

    order = 3

    def __init__(self, sheet: Sheet, rates: Rates, phases: frozenset[int]) -> None:
        super().__init__(sheet, rates, phases)
        self._system = system(sheet, rates)
        self._place = {row: number for number, row in enumerate(self._system.rows)}
        self._per_length = 1.0 / sheet.span.part(1.0)
        self._drifts = self._system.drift(self.first, sheet)
        self._factored = Factored(self._matrix(), len(self._system.rows))
        self._all: list[list[Term]] = []
        for number in range(len(_NODES)):
            self._all.append(self._factored.solve(self._right(number)))

    def increment(self, row: int) -> Term:
        return self._moved(row, (*_A[-1], 1.0))

    def doubt(self, row: int) -> Term:
        return self._all[-1][self._place[row]]

    def _matrix(self) -> dict[tuple[int, int], Term]:
        entries = {at: -value for at, value in self._system.matrix(self.first).items()}
        mass = self._per_length * (1.0 / GAMMA)
        for number, is_rate in enumerate(self._system.is_rate):
            if is_rate:
                here = number, number
                entries[here] = entries[here] + mass if here in entries else mass
        return entries

    def _right(self, number: int) -> list[Term]:
        stage = self._stage(number)
        return [self._side(number, place, stage.term(expr)) for place, expr in enumerate(self._system.exprs)]

    def _side(self, number: int, place: int, value: Term) -> Term:
        drift = self._drifts[place]
        if drift is not None and _DRIFTS[number]:
            value = value + self._sheet.span.part(1.0) * (drift * _DRIFTS[number])
        if not number or not self._system.is_rate[place]:
            return value
        before = reduce(Term.__add__, (c * u[place] for c, u in zip(_C[number], self._all, strict=True)))
        return value + self._per_length * before

    def _stage(self, number: int) -> Instant:
        if not number:
            return self.first

        def state(row: int) -> Arg:
            return self._turned(row, self._sheet.term(row) + self._moved(row, _A[number])).arg

        return self._sheet.instant(_NODES[number], state=state)

    def _moved(self, row: int, weights: tuple[float, ...]) -> Term:
        place = self._place[row]
        return reduce(Term.__add__, (a * u[place] for a, u in zip(weights, self._all, strict=False)))
