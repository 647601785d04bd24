"""Algebraic unknowns at one instant: Newton's method on the residuals, written out."""

from collections.abc import Callable
from typing import Final

from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Term
from pollux.simulate.methods.elimination import Factored
from pollux.simulate.methods.jacobian import unknowns
from pollux.simulate.methods.sheet import Sheet

ITERATIONS: Final = 8
"""From a guess that is right to a tenth, so many steps of Newton's method reach what a float can hold."""


def consistent(sheet: Sheet, fraction: float, state: Callable[[int], Arg]) -> dict[int, Term]:
    """The unknowns (by row) that make all residuals zero for these states; the search begins at what they were."""
    residuals = unknowns(sheet)
    found = {row: sheet.lines.term(state(row)) for row in residuals.rows}
    for _ in range(ITERATIONS if found else 0):
        here = dict(found)

        def known(row: int, here: dict[int, Term] = here) -> Arg:
            return here[row].arg if row in here else state(row)

        at = sheet.instant(fraction, state=known)
        matrix = Factored(residuals.matrix(at), len(residuals.rows))
        steps = matrix.solve([-at.term(expr) for expr in residuals.exprs])
        found = {row: here[row] + step for row, step in zip(residuals.rows, steps, strict=True)}
    return found
