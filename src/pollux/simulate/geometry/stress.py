"""Stress from displacement: linear operators at the corners of the cells.

Within a cell the strain of a quadratic field is taken at the corners; a corner gets the mean of the cells around it.
Components stand in the order xx, yy, zz, yz, xz, xy.
"""

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.simulate.geometry.libraries import Sparse, library
from pollux.simulate.geometry.material import Material
from pollux.simulate.geometry.mises import COMPONENTS
from pollux.simulate.geometry.space import Space

_SHEARS = ((1, 2), (0, 2), (0, 1))


def corner_stress(space: Space, material: Material) -> Sparse:
    """The operator (6 * corners, unknowns) from displacement to the components of stress in Pa."""
    fem, mesh = library("skfem"), space.mesh
    corners = mesh.elem.refdom.p
    at_corners = fem.Basis(mesh, space.element, quadrature=(corners, np.ones(corners.shape[1])))
    vertices = mesh.t.T
    share = 1.0 / np.bincount(vertices.ravel(), minlength=mesh.p.shape[1])[vertices]
    rows = COMPONENTS * vertices + np.arange(COMPONENTS)[:, None, None]
    parts = library("scipy.sparse")
    values, where, which = list[F64](), list[I64](), list[I64]()
    for local, unknowns in enumerate(at_corners.element_dofs):
        stress = _stress(np.asarray(at_corners.basis[local][0].grad), *material.lame) * share
        values.append(stress.ravel())
        where.append(rows.ravel())
        which.append(np.broadcast_to(unknowns[None, :, None], rows.shape).ravel())
    shape = (COMPONENTS * mesh.p.shape[1], space.size)
    entries = (np.concatenate(values), (np.concatenate(where), np.concatenate(which)))
    return parts.coo_matrix(entries, shape=shape).tocsr()


def _stress(gradient: F64, lam: float, mu: float) -> F64:
    """The six components from the gradient (3, 3, cells, points) of a displacement."""
    volume = lam * (gradient[0, 0] + gradient[1, 1] + gradient[2, 2])
    normal = [volume + 2.0 * mu * gradient[i, i] for i in range(3)]
    return np.stack([*normal, *(mu * (gradient[i, j] + gradient[j, i]) for i, j in _SHEARS)])


def thermal_stress(material: Material) -> F64:
    r"""The stress per kelvin of a body that cannot expand: $-(3\lambda + 2\mu)\alpha$ in each normal component."""
    lam, mu = material.lame
    return -(3.0 * lam + 2.0 * mu) * material.number("expansion") * np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
