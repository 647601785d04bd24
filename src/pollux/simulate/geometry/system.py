"""A linear system in space, as finite elements give it: what a structure and a body with heat have in common.

A structure obeys $M\\ddot u + (\\alpha M + \\beta K)\\dot u + K u = B w$, heat obeys $M\\dot u + K u = B w$. In both
$w$ are named inputs, and what is seen is linear in $u$ and $w$.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.simulate.geometry.libraries import Sparse, library
from pollux.simulate.geometry.mises import worst

Kind = Literal["structure", "heat"]


@final
@dataclass(frozen=True, slots=True)
class Input:
    """An input: `unit` is its own, `zero` the number at which nothing happens (the reference temperature of an air).

    `elastic` says that what it does grows with Young's modulus, as the load of a thermal strain does.
    """

    name: str
    unit: str
    zero: float = 0.0
    elastic: bool = False


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """An output: rows `first` to `first + count` of the output matrices; von Mises' come in sixes, one per spot."""

    name: str
    unit: str
    first: int
    count: int = 1
    zero: float = 0.0

    @property
    def is_stress(self) -> bool:
        """Whether it is made of components of stress."""
        return self.count > 1

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.first, self.first + self.count)


@final
@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is drawn of a body: triangles over points of its surface, and the operators that move and colour them.

    `field` (components * points, unknowns) and `field_of_inputs` (..., inputs) give displacement or temperature;
    `stress` (6 * points, unknowns) and `stress_of_inputs` the components of stress where there are any.
    """

    points: F64
    triangles: I64
    field: Sparse
    field_of_inputs: F64
    stress: Sparse | None = None
    stress_of_inputs: F64 | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Nodal:
    """The temperature at every node of a mesh, which has a digest: from unknowns (nodes, unknowns) and from inputs."""

    solid: str
    of_unknowns: Sparse
    of_inputs: F64


@final
@dataclass(frozen=True, slots=True, eq=False)
class System:
    """The matrices of a body without the unknowns that are held.

    `loads` is B (unknowns, inputs), `outputs` (rows, unknowns) and `direct` (rows, inputs) say what is seen. `free` are
    the motions that nothing resists, orthonormal in M, shape (unknowns, 0 to 6): of a body that is not held, or of heat
    that cannot leave. `interfaces` are the unknowns on each named surface.
    """

    kind: Kind
    mass: Sparse
    stiffness: Sparse
    damping: tuple[float, float]
    loads: F64
    outputs: F64
    direct: F64
    free: F64
    inputs: tuple[Input, ...]
    seen: tuple[Seen, ...]
    view: View
    interfaces: Mapping[str, I64]
    nodal: Nodal | None = None

    @property
    def size(self) -> int:
        """How many unknowns."""
        return int(self.mass.shape[0])

    @property
    def order(self) -> Literal[1, 2]:
        """The order of its differential equation in time."""
        return 2 if self.kind == "structure" else 1

    @property
    def drag(self) -> Sparse:
        r"""The matrix of damping $\alpha M + \beta K$; for heat the capacity, which stands in its place."""
        alpha, beta = self.damping
        return self.mass if self.kind == "heat" else alpha * self.mass + beta * self.stiffness


def told(seen: tuple[Seen, ...], rows: F64) -> dict[str, F64]:
    """What rows (rows, ...) of outputs say by name: the linear ones, and the greatest von Mises' of the spots."""
    return {one.name: worst(rows[one.rows]) if one.is_stress else one.zero + rows[one.first] for one in seen}


def orthonormal(motions: F64, mass: Sparse) -> F64:
    """The same motions, orthonormal in the mass."""
    if not motions.shape[1]:
        return motions
    gram: F64 = motions.T @ (mass @ motions)
    scipy_linalg = library("scipy.linalg")
    found: F64 = scipy_linalg.solve_triangular(np.linalg.cholesky(gram), motions.T, lower=True).T
    return found
