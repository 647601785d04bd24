"""Stochastic differential equations: dX = f dt + sum_k g_k dW_k in the sense of Ito.

The drift f is the rate without noise, g_k its derivative by the k-th noise. In a step of length h the k-th Wiener
process moves by dW_k = sqrt(h) N_k, with N_k drawn for the seed, the member and the number of the step: it is the same
whatever the chunk and the thread, and when a run goes on with the same step.

P. E. Kloeden, E. Platen, Numerical Solution of Stochastic Differential Equations, Springer 1992, 10.2 and 10.3.
"""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Final, TypeAlias, final

from pollux.errors import SimulationError
from pollux.model.differentiate import jacobian
from pollux.model.drift import diffusion, drift
from pollux.model.graph import Expr, operation
from pollux.simulate.generate.assign import WHOLE
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.generate.threefry import normals
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.stages import AbstractStages, Rates

Pushes: TypeAlias = Mapping[tuple[int, int], Expr]
"""L_k g_l by (k, l)."""

_WHOLE_BITS: Final = 6755399441055744.0
"""Added to a whole number below 2**51 it leaves that number in the low bits."""


@final
class EulerMaruyama(AbstractStages):
    """X1 = X0 + f h + sum_k g_k dW_k: of strong order 1/2 (1 where no g depends on a state) and weak order 1."""

    def __init__(self, sheet: Sheet, rates: Rates, phases: frozenset[int]) -> None:
        super().__init__(sheet, rates, phases)
        self._moved = _Moved(sheet, rates)

    def increment(self, row: int) -> Term:
        return self._moved.euler(row, self.first)


@final
class Milstein(AbstractStages):
    """Euler-Maruyama with 1/2 sum_kl (L_k g_l)(dW_k dW_l - h delta_kl), L_k = sum_j g_jk d/dx_j: of strong order 1.

    For commutative noise, L_k g_l = L_l g_k; another one is refused, because its step needs more than the dW_k.
    """

    def __init__(self, sheet: Sheet, rates: Rates, phases: frozenset[int]) -> None:
        super().__init__(sheet, rates, phases)
        self._moved = _Moved(sheet, rates)
        self._pushes: dict[int, Pushes] = {row: dict(self._moved.pushes(row)) for row in rates}
        for row, pushes in self._pushes.items():
            _check_commutative(pushes, sheet, row)

    def increment(self, row: int) -> Term:
        step = self._moved.euler(row, self.first)
        for (k, l), push in sorted(self._pushes[row].items()):
            area = self._moved.wiener(k) * self._moved.wiener(l)
            area = area - self._sheet.span.part(1.0) if k == l else area
            step = step + 0.5 * (self.first.term(push) * area)
        return step


@final
class _Moved:
    """Drift, diffusion and the increments of the Wiener processes in one step."""

    def __init__(self, sheet: Sheet, rates: Rates) -> None:
        self._sheet = sheet
        self._drift = {row: drift(expr) for row, expr in rates.items()}
        place = {name: k for k, name in enumerate(sheet.schema.noises)}
        self._diffusion = {row: {place[name]: g for name, g in diffusion(expr)} for row, expr in rates.items()}
        # The phase of a cycle has no noise, so nothing is pushed along it.
        schema = sheet.schema
        self._states = {schema.expression(name): name for name in schema.states if name not in schema.cycles}
        self._wiener: dict[int, Term] = {}

    def euler(self, row: int, at: Instant) -> Term:
        """f h + sum_k g_k dW_k."""
        parts = [at.term(self._drift[row]) * self._sheet.span.part(1.0)]
        parts += [at.term(g) * self.wiener(k) for k, g in sorted(self._diffusion[row].items())]
        return reduce(Term.__add__, parts)

    def pushes(self, row: int) -> Iterator[tuple[tuple[int, int], Expr]]:
        """L_k g_l by (k, l), where it is not zero by structure."""
        states = tuple(self._states)
        for last, g in self._diffusion[row].items():
            found: dict[int, Expr] = {}
            for (_, column), slope in jacobian((g,), states).items():
                moved = self._diffusion[self._sheet.layout.slot[self._states[states[column]]]]
                for first, other in moved.items():
                    part = operation("*", (other, slope))
                    found[first] = operation("+", (found[first], part)) if first in found else part
            yield from (((first, last), push) for first, push in found.items())

    def wiener(self, k: int) -> Term:
        """By how much the k-th process moves in the step."""
        if k not in self._wiener:
            even = k - k % 2
            lines = self._sheet.lines
            root = lines.term(lines.emit("sqrt", self._sheet.span.part(1.0).arg))
            for number, normal in zip((even, even + 1), self._drawn(even // 2), strict=True):
                self._wiener[number] = normal * root
        return self._wiener[k]

    def _drawn(self, pair: int) -> tuple[Term, Term]:
        lines, luck = self._sheet.lines, self._sheet.rows.luck
        assert luck is not None
        lines.kinds.setdefault("s", WHOLE)
        seed, member, first = (
            (self._sheet.term(row) + _WHOLE_BITS).bits for row in (luck.seed, luck.member, luck.first)
        )
        return normals((seed, member), (first.wrapped("s"), lines.term(pair)))


def _check_commutative(pushes: Pushes, sheet: Sheet, row: int) -> None:
    for first, last in pushes:
        if pushes[first, last] is not pushes.get((last, first)):
            names = sheet.schema.noises
            raise SimulationError(
                f"expected noise that commutes for milstein, got {names[first]} and {names[last]} in the rate of "
                f"{sheet.layout.names[row]}",
                at=sheet.schema.name,
                hint='method="euler-maruyama"',
            )
