"""Solving with sparse symmetric matrices, which the elements of a body always make."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

from numpy.typing import NDArray

from pollux.simulate.geometry.libraries import Sparse, dense, library

Solver: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]

SMALL: Final = 60
"""Unknowns up to which matrices, those of reduced bodies above all, are factored as dense ones."""


def factored(matrix: Sparse, *, pivots: float = 0.01) -> Solver:
    """The function that solves with a symmetric matrix, for one right side or for columns of them.

    An order of elimination for symmetric patterns, and pivots on the diagonal unless they are below `pivots` of their
    column, cost a tenth of SuperLU's own choice for any matrix; one with zeros on its diagonal needs `pivots` of 1.
    """
    if matrix.shape[0] <= SMALL:
        linalg = library("scipy.linalg")
        return partial(linalg.lu_solve, linalg.lu_factor(dense(matrix)))
    splu = library("scipy.sparse.linalg").splu
    symmetric = {"SymmetricMode": pivots < 1.0}
    factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=pivots, options=symmetric)
    solve: Solver = factors.solve
    return solve
