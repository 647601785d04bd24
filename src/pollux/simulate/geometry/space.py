"""Quadratic finite elements on a solid: where their nodes are, and what is integrated over cells and surfaces.

Linear tetrahedra and hexahedra lock: in bending they are stiffer than the body by factors, because a straight edge
cannot follow a curved one without a shear that is not there. So every field here is quadratic: ten nodes in a
tetrahedron, 27 in a hexahedron, on straight-sided cells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import ModelError
from pollux.simulate.geometry.libraries import Sparse, library
from pollux.simulate.geometry.solid import Solid

Bilinear: TypeAlias = Callable[[Any, Any, Any], Any]
"""A weak form of u, v and what scikit-fem knows of the place, w."""

Linear: TypeAlias = Callable[[Any, Any], Any]
"""A weak form of v and w."""

ORDER: Final = 4
"""Polynomials of this degree are integrated exactly on straight cells: the product of two quadratic fields."""


@final
@dataclass(frozen=True, eq=False)
class Space:
    """The quadratic field with `components` numbers at each node of a solid: 1 for temperature, 3 for displacement."""

    solid: Solid
    components: int

    @cached_property
    def mesh(self) -> Any:
        """The solid as scikit-fem sees it."""
        fem = library("skfem")
        kind = fem.MeshTet if self.solid.cells.shape[1] == 4 else fem.MeshHex
        return kind(np.ascontiguousarray(self.solid.points.T), np.ascontiguousarray(self.solid.cells.T))

    @cached_property
    def element(self) -> Any:
        """Ten or 27 nodes to a cell, for one number or for three."""
        fem = library("skfem")
        scalar = fem.ElementTetP2() if self.solid.cells.shape[1] == 4 else fem.ElementHex2()
        return scalar if self.components == 1 else fem.ElementVector(scalar)

    @cached_property
    def inside(self) -> Any:
        """The basis that integrates over cells."""
        return library("skfem").Basis(self.mesh, self.element, intorder=ORDER)

    def on(self, surface: str) -> Any:
        """The basis that integrates over a surface of the solid, which is named."""
        return library("skfem").FacetBasis(
            self.mesh, self.element, facets=np.sort(self.facets_of(self.solid.faces(surface))), intorder=ORDER
        )

    @property
    def size(self) -> int:
        """How many numbers make the field."""
        return int(self.inside.N)

    def bilinear(self, form: Bilinear, basis: Any = None) -> Sparse:
        """The matrix of a weak form of u and v over the cells, or over the surface of a basis."""
        return library("skfem").BilinearForm(form).assemble(self.inside if basis is None else basis).tocsr()

    def linear(self, form: Linear, basis: Any = None) -> F64:
        """The vector of a weak form of v."""
        found: F64 = library("skfem").LinearForm(form).assemble(self.inside if basis is None else basis)
        return found

    @cached_property
    def places(self) -> I64:
        """The numbers of the field at each node, shape (components, nodes): which unknown is which component."""
        basis = self.inside
        kinds = (basis.nodal_dofs, basis.edge_dofs, basis.facet_dofs, basis.interior_dofs)
        places: I64 = np.concatenate([dofs[: self.components] for dofs in kinds if dofs.size], axis=1)
        return places

    @cached_property
    def nodes(self) -> F64:
        """Where the nodes are, shape (nodes, 3); corners of cells come first, in the order of the solid's points."""
        found: F64 = self.inside.doflocs[:, self.places[0]].T
        return found

    def held(self, surface: str, components: tuple[int, ...] = (0,)) -> I64:
        """The unknowns of some components on a surface."""
        facets = self.inside.get_dofs(facets=self.facets_of(self.solid.faces(surface))).all()
        wanted = self.places[list(components)].ravel()
        found: I64 = np.intersect1d(facets, wanted)
        return found

    def nearest(self, point: F64, *, corner: bool = False) -> int:
        """The node nearest to a point in metres; raises ModelError where the point is farther off than half a cell."""
        nodes = self.nodes[: len(self.solid.points)] if corner else self.nodes
        distance = np.linalg.norm(nodes - point, axis=1)
        found = int(distance.argmin())
        corners = self.solid.points[self.solid.cells]
        reach = float(np.linalg.norm(corners.max(axis=1) - corners.min(axis=1), axis=1).max())
        if distance[found] > 0.5 * reach:
            low, high = self.solid.extent
            raise ModelError(
                f"expected a point of the solid, got {point.tolist()} m, {distance[found]:.3g} m from its nearest node",
                hint=f"the solid reaches from {low.round(6).tolist()} to {high.round(6).tolist()} m",
            )
        return found

    def facets_of(self, faces: I64) -> I64:
        """The numbers that scikit-fem gave some faces, which are told by their corners."""
        known = np.sort(self.mesh.facets.T, axis=1)
        wanted = np.sort(faces, axis=1)
        _, labels = np.unique(np.concatenate([known, wanted]), axis=0, return_inverse=True)
        labels = labels.ravel()
        facet_of = np.empty(labels.max() + 1, np.int64)
        facet_of[labels[: len(known)]] = np.arange(len(known))
        found: I64 = facet_of[labels[len(known) :]]
        return found
