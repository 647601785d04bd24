"""Sparse elimination, written out: the equations of a step solved for every member at once.

A matrix known by its structure is factored once, and solved for several right-hand sides, as a list of assignments
without a branch. Pivots are chosen when the kernel is written, by structure alone: the cheapest first (Markowitz 1957,
Management Science 3:255), on the diagonal where it stands. What is zero by structure costs nothing.

No pivot is chosen by its value, because members differ. The matrices of implicit methods, 1/(gamma h) - J, are bent
towards the diagonal by a short step: where a pivot comes near zero, the step's error says so, and it is taken back.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, final

from pollux.errors import SimulationError
from pollux.simulate.generate.lines import Term

Matrix: TypeAlias = dict[tuple[int, int], Term]


@final
class Factored:
    """The matrix `entries` of `size` rows, factored into L U with unit L; raises `SimulationError` without full rank.

    Entries are by (row, column); what is not among them is zero.
    """

    def __init__(self, entries: Mapping[tuple[int, int], Term], size: int) -> None:
        self._lower: list[tuple[int, int, Term]] = []
        self._pivots: list[tuple[int, int, Term]] = []
        self._upper: list[list[tuple[int, Term]]] = []
        rest, rows, columns = dict(entries), set(range(size)), set(range(size))
        while rows:
            row, column = _pivot(rest, rows, columns)
            self._eliminate(rest, row, column)
            rows.discard(row)
            columns.discard(column)

    def _eliminate(self, rest: Matrix, row: int, column: int) -> None:
        reciprocal = 1.0 / rest.pop((row, column))
        across = [(j, rest.pop((i, j))) for i, j in sorted(rest) if i == row]
        for i in [i for i, j in sorted(rest) if j == column]:
            share = rest.pop((i, column)) * reciprocal
            self._lower.append((i, row, share))
            for j, value in across:
                filled = share * value
                rest[i, j] = rest[i, j] - filled if (i, j) in rest else -filled
        self._pivots.append((row, column, reciprocal))
        self._upper.append(across)

    def solve(self, right: Sequence[Term]) -> list[Term]:
        """x with A x = right."""
        b = list(right)
        for i, row, share in self._lower:
            b[i] = b[i] - share * b[row]
        x = list(right)
        for (row, column, reciprocal), across in zip(reversed(self._pivots), reversed(self._upper), strict=True):
            value = b[row]
            for j, factor in across:
                value = value - factor * x[j]
            x[column] = value * reciprocal
        return x


def _pivot(rest: Matrix, rows: set[int], columns: set[int]) -> tuple[int, int]:
    """The entry whose elimination fills in least; the diagonal first, because a short step makes it large."""
    across, down = dict.fromkeys(rows, 0), dict.fromkeys(columns, 0)
    for i, j in rest:
        across[i] += 1
        down[j] += 1
    if not rest or min(across.values()) == 0 or min(down.values()) == 0:
        raise SimulationError(
            "expected equations that determine every unknown, got some that do not",
            hint="each @px.algebraic must depend on what it is solved for",
        )
    return min(rest, key=lambda at: (at[0] != at[1], (across[at[0]] - 1) * (down[at[1]] - 1), at))
