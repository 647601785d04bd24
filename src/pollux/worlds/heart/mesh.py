"""A segmented scan, measured: closed surfaces become volumes, masses and narrowings.

Lengths are millimetres, volumes millilitres. A surface that is open, turned inside out, or of impossible size is
refused with a hint; nothing is repaired silently, because a repaired heart is another heart.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px

MUSCLE: Final = 1.05
"""Density of the myocardium, g/ml."""
CUBIC_MM_PER_ML: Final = 1000.0


@final
@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles with a name: `vertices` (n, 3) in mm, `faces` (m, 3) counter-clockwise seen from outside.

    `normals` (n, 3) and `colours` (n, 3), 0 to 1, are for showing and may be absent.
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int32]
    normals: NDArray[np.float64] | None = None
    colours: NDArray[np.float64] | None = None

    @property
    def corners(self) -> NDArray[np.float64]:
        """(m, 3 corners, 3)."""
        return self.vertices[self.faces]

    @property
    def area(self) -> float:
        """Surface in mm²."""
        a, b, c = np.moveaxis(self.corners, 1, 0)
        return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def signed_volume(mesh: Mesh) -> float:
    """The divergence theorem on triangles, ml: V = Σ a · (b × c) / 6, about the middle of the mesh."""
    a, b, c = np.moveaxis(mesh.corners - mesh.vertices.mean(axis=0), 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6 / CUBIC_MM_PER_ML)


def volume(mesh: Mesh, *, smallest: float = 0.0, largest: float = float("inf")) -> float:
    """The volume inside a closed surface, ml.

    Raises `DataRefused` for an open or inconsistent surface, for one turned inside out, and for a volume outside
    `smallest` to `largest`, which nearly always is a scan in other units.
    """
    _closed(mesh)
    enclosed = signed_volume(mesh)
    if enclosed < 0:
        raise px.DataRefused(
            f"expected an outward surface, got a volume of {enclosed:.3g} ml",
            at=mesh.name,
            hint="the triangles are turned inside out: flip their orientation where the scan is exported",
        )
    if not smallest <= enclosed <= largest:
        raise px.DataRefused(
            f"expected {smallest:g} to {largest:g} ml, got {enclosed:.3g} ml",
            at=mesh.name,
            hint=_scale_hint(enclosed, smallest, largest),
        )
    return enclosed


def wall_mass(wall: Mesh) -> float:
    """Grams of muscle in a closed wall (an outer and an inner surface, both facing away from the muscle)."""
    return MUSCLE * volume(wall)


def _scale_hint(enclosed: float, smallest: float, largest: float) -> str:
    for unit, millimetres in (("metres", 1000.0), ("centimetres", 10.0), ("inches", 25.4)):
        if smallest <= enclosed * millimetres**3 <= largest:
            return f"the coordinates look like {unit}: read the file with unit={unit!r}"
    return "check which part was segmented and the unit of the file"


def welded(mesh: Mesh, *, tolerance: float = 1e-4) -> Mesh:
    """The same surface with coinciding vertices joined (STL repeats them for each triangle), degenerate triangles
    dropped.
    """
    if not np.isfinite(mesh.vertices).all():
        return mesh
    keys = np.round(np.clip(mesh.vertices, -1e9, 1e9) / tolerance).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    faces = inverse.reshape(-1)[mesh.faces]
    proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return Mesh(mesh.name, mesh.vertices[first], faces[proper].astype(np.int32))


def _closed(mesh: Mesh) -> None:
    """Every edge must be walked once in each direction: then the surface has no hole and one orientation."""
    if not len(mesh.faces):
        raise px.DataRefused(
            "expected triangles, got none", at=mesh.name, hint="is this part empty in the segmentation?"
        )
    if not np.isfinite(mesh.vertices).all():
        raise px.DataRefused(
            "expected finite coordinates, got NaN or infinity", at=mesh.name, hint="export the scan again"
        )
    count = len(mesh.vertices)
    start = mesh.faces.astype(np.int64)
    end = np.roll(start, -1, axis=1)
    there, back = np.sort((start * count + end).ravel()), np.sort((end * count + start).ravel())
    if np.array_equal(there, back):
        return
    twice = len(there) - len(np.unique(there))
    unmatched = len(np.setdiff1d(there, back))
    raise px.DataRefused(
        f"expected a closed surface, got {unmatched} edges without a partner and {twice} walked twice the same way",
        at=mesh.name,
        hint="fill the holes where the scan is segmented; if the file repeats vertices, weld them first"
        if unmatched
        else "some triangles face the other way: make the orientation consistent",
    )
