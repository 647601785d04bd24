"""The body at rest under its loads, and the motions that nothing resists."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, I64
from pollux.simulate.geometry.factors import Solver, factored
from pollux.simulate.geometry.libraries import Sparse, library


def at_rest(stiffness: Sparse, mass: Sparse, free: F64) -> Solver:
    r"""The function from loads (unknowns, cases) to the fields in which they are borne.

    Where there are motions $Z$ that nothing resists, the part of the load that would start them is left out, and the
    field is that of the rest, orthogonal to $Z$ in the mass: the solution of
    $\begin{pmatrix} K & MZ \\ Z^T M & 0 \end{pmatrix}$.
    """
    if not free.shape[1]:
        return factored(stiffness)
    border = mass @ free
    whole = factored(library("scipy.sparse").bmat([[stiffness, border], [border.T, None]]), pivots=1.0)

    def solve(loads: NDArray[Any]) -> NDArray[Any]:
        borne = loads - border @ (free.T @ loads)
        return whole(np.concatenate([borne, np.zeros((free.shape[1], *loads.shape[1:]))]))[: len(loads)]

    return solve


def rigid_motions(nodes: F64, places: I64) -> F64:
    """Three translations and three small rotations of a body, shape (unknowns, 6), of like size."""
    arm = (nodes - nodes.mean(axis=0)) / np.abs(nodes - nodes.mean(axis=0)).max()
    motions = np.zeros((places.size, 6))
    for axis in range(3):
        motions[places[axis], axis] = 1.0
        turn = np.cross(np.eye(3)[axis], arm)
        motions[places.T, 3 + axis] = turn
    return motions


def left_free(motions: F64, held: I64) -> F64:
    """Those among some motions and their sums that move nothing that is held."""
    if not len(held):
        return motions
    _, sizes, right = np.linalg.svd(motions[held])
    rank = int((sizes > 1e-9 * max(float(sizes.max()), 1e-300)).sum())
    found: F64 = motions @ right[rank:].T
    return found
