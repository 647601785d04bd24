r"""Whether residuals can determine their unknowns, judged by which unknown stands in which residual.

A system $g(x) = 0$ of $n$ residuals can be solved near a solution only where its Jacobian is regular. That needs a
pairing of each residual with an unknown of its own that it depends on; without one the Jacobian is singular for all
numbers. The pairing is a maximum matching in the bipartite graph of the nonzero $\partial g_i/\partial x_j$.

H. W. Kuhn, The Hungarian method for the assignment problem, Naval Research Logistics Quarterly 2:83 (1955), §3.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from pollux.model.differentiate import jacobian
from pollux.model.graph import Expr


@final
@dataclass(frozen=True, slots=True)
class Deficit:
    """Residuals, by place, that together depend on fewer unknowns than they are."""

    residuals: tuple[int, ...]
    unknowns: tuple[int, ...]


def deficit(residuals: tuple[Expr, ...], unknowns: tuple[Expr, ...]) -> Deficit | None:
    """The residuals that cannot determine their unknowns; None where the system is structurally regular.

    >>> from pollux.model.graph import leaf, operation
    >>> from pollux.model.units import unit
    >>> x, y = leaf("state", "x", unit("1")), leaf("state", "y", unit("1"))
    >>> deficit((operation("+", (x, y)), operation("-", (x, y))), (x, y)) is None
    True
    >>> deficit((operation("exp", (x,)), operation("sin", (x,))), (x, y))
    Deficit(residuals=(0, 1), unknowns=(0,))
    """
    depends: dict[int, list[int]] = {row: [] for row in range(len(residuals))}
    for row, column in jacobian(residuals, unknowns):
        depends[row].append(column)
    matched: dict[int, int] = {}
    for row in depends:
        lacking = _paired(row, depends, matched)
        if lacking is not None:
            return lacking
    return None


def _paired(root: int, depends: Mapping[int, list[int]], matched: dict[int, int]) -> Deficit | None:
    """Pair one more residual, by an augmenting path of least length; what was reached where there is none."""
    reached_by: dict[int, int] = {}
    rows, waiting = [root], deque([root])
    while waiting:
        row = waiting.popleft()
        for column in depends[row]:
            if column in reached_by:
                continue
            reached_by[column] = row
            if column not in matched:
                _flip(column, root, reached_by, matched)
                return None
            rows.append(matched[column])
            waiting.append(matched[column])
    return Deficit(tuple(sorted(rows)), tuple(sorted(reached_by)))


def _flip(column: int, root: int, reached_by: Mapping[int, int], matched: dict[int, int]) -> None:
    before = {row: one for one, row in matched.items()}
    row = reached_by[column]
    matched[column] = row
    while row != root:
        column, row = before[row], reached_by[before[row]]
        matched[column] = row
