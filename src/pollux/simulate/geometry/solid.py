"""A solid: a mesh of tetrahedra or hexahedra in metres, and names for stretches of its surface."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I64, Mask
from pollux.errors import ModelError
from pollux.model.suggest import did_you_mean

Where: TypeAlias = Callable[[F64], Mask]

AXES: Final[Mapping[str, tuple[float, float, float]]] = {
    "-x": (-1.0, 0.0, 0.0),
    "+x": (1.0, 0.0, 0.0),
    "-y": (0.0, -1.0, 0.0),
    "+y": (0.0, 1.0, 0.0),
    "-z": (0.0, 0.0, -1.0),
    "+z": (0.0, 0.0, 1.0),
}

FACES: Final[Mapping[int, tuple[tuple[int, ...], ...]]] = {
    4: ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)),
    8: ((0, 1, 4, 2), (0, 1, 5, 3), (0, 2, 6, 3), (1, 4, 7, 5), (2, 4, 7, 6), (3, 5, 7, 6)),
}
"""The faces of a cell by its corners, around; those of a hexahedron in scikit-fem's order of corners."""

STRAIGHT: Final = 0.999
"""The cosine between a normal and an axis above which a face counts as facing that way (2.6 degrees)."""


@final
@dataclass(frozen=True, eq=False)
class Solid:
    """A body as `cells` (cells, 4 or 8) between `points` (points, 3) in metres, the surface of it by name.

    `surfaces` holds faces as rows of their corners. Raises ModelError for a mesh that is none: no cells, corners beyond
    the points, numbers that are not finite.

    >>> from pollux.simulate.geometry.blocks import box
    >>> body = box(("2 m", "1 m", "1 m"), cells=(2, 1, 1))
    >>> round(body.volume, 12), sorted(body.surfaces)
    (2.0, ['+x', '+y', '+z', '-x', '-y', '-z'])
    """

    points: F64
    cells: I64
    surfaces: Mapping[str, I64] = field(default_factory=dict[str, I64])

    def __post_init__(self) -> None:
        if not len(self.cells) or self.cells.shape[1] not in FACES:
            raise ModelError("expected a mesh of tetrahedra or hexahedra, got none", at="Solid")
        if not np.isfinite(self.points).all() or self.cells.min() < 0 or self.cells.max() >= len(self.points):
            raise ModelError("expected finite points and cells between them, got others", at="Solid")

    def named(self, name: str, *, facing: str | None = None, where: Where | None = None) -> "Solid":
        """The solid with a further name for the faces that look along an axis and whose middles fulfil `where`.

        `facing` is `"+x"`, `"-z"` and the like; `where` is given the middles (faces, 3) in metres.

        Raises ModelError where neither is given, for another axis, and where no face is meant.

        >>> from pollux.simulate.geometry.blocks import box
        >>> arm = box(("1 m", "0.1 m", "0.1 m"), cells=(10, 1, 1))
        >>> half = arm.named("pad", facing="+z", where=lambda middle: middle[:, 0] > 0.5)
        >>> round(half.area("pad"), 12)
        0.05
        """
        if facing is None and where is None:
            raise ModelError("expected facing= or where=, got neither", at=f"surface {name!r}", hint='facing="+x"')
        chosen = np.ones(len(self.boundary), np.bool_)
        if facing is not None:
            chosen &= self.normals @ self._axis(facing) > STRAIGHT
        if where is not None:
            chosen &= np.asarray(where(self._middles), np.bool_)
        return self._with(name, self.boundary[chosen])

    def _with(self, name: str, faces: I64) -> "Solid":
        if not len(faces):
            low, high = self.extent
            raise ModelError(
                "expected some faces of the surface, got none",
                at=f"surface {name!r}",
                hint=f"the solid reaches from {low.round(6).tolist()} to {high.round(6).tolist()} m",
            )
        return replace(self, surfaces={**self.surfaces, name: faces})

    @staticmethod
    def _axis(facing: str) -> F64:
        if facing not in AXES:
            raise ModelError(f"expected one of {', '.join(AXES)}, got {facing!r}", at="facing")
        return np.array(AXES[facing])

    def faces(self, name: str) -> I64:
        """The faces of a surface; raises ModelError with the nearest name where there is none."""
        found = self.surfaces.get(name)
        if found is None:
            hint = did_you_mean(name, self.surfaces) or f"known are {', '.join(sorted(self.surfaces))}"
            raise ModelError(f"expected a surface of the solid, got {name!r}", at="Solid", hint=hint)
        return found

    @cached_property
    def boundary(self) -> I64:
        """Every face that belongs to one cell only, by its corners."""
        corners = np.concatenate([self.cells[:, face] for face in FACES[self.cells.shape[1]]])
        _, first, count = np.unique(np.sort(corners, axis=1), axis=0, return_index=True, return_counts=True)
        found: I64 = corners[np.sort(first[count == 1])]
        return found

    @cached_property
    def _middles(self) -> F64:
        found: F64 = self.points[self.boundary].mean(axis=1)
        return found

    @cached_property
    def normals(self) -> F64:
        """Unit normals of the boundary, away from the middle of the cell that each face belongs to."""
        owners = _owners(self.cells, self.boundary)
        across = area_vectors(self.points, self.boundary)
        inward = self.points[self.cells[owners]].mean(axis=1) - self._middles
        across *= np.where((across * inward).sum(axis=1) > 0.0, -1.0, 1.0)[:, None]
        unit: F64 = across / np.linalg.norm(across, axis=1, keepdims=True)
        return unit

    @property
    def extent(self) -> tuple[F64, F64]:
        """The least and the greatest coordinates in metres."""
        return self.points.min(axis=0), self.points.max(axis=0)

    @cached_property
    def volume(self) -> float:
        """Cubic metres, by the divergence theorem over the flat faces of the boundary."""
        outward = self.normals * np.linalg.norm(area_vectors(self.points, self.boundary), axis=1, keepdims=True)
        return float((outward * self._middles).sum() / 3.0)

    def area(self, name: str) -> float:
        """Square metres of a surface."""
        return float(np.linalg.norm(area_vectors(self.points, self.faces(name)), axis=1).sum())

    @cached_property
    def digest(self) -> str:
        """What tells this solid from others: a hash of its points, cells and surfaces."""
        whole = hashlib.sha256()
        for name, array in (("points", self.points), ("cells", self.cells), *sorted(self.surfaces.items())):
            whole.update(f"{name}:{array.shape}:".encode())
            whole.update(np.ascontiguousarray(array, "<f8" if array.dtype.kind == "f" else "<i8").tobytes())
        return whole.hexdigest()


def area_vectors(points: F64, faces: I64) -> F64:
    """The area of each face as a vector along its normal, shape (faces, 3); half the product of its diagonals."""
    a, b, c = points[faces[:, 0]], points[faces[:, 1]], points[faces[:, 2]]
    if faces.shape[1] == 3:
        found: F64 = 0.5 * np.cross(b - a, c - a)
        return found
    return 0.5 * np.cross(c - a, points[faces[:, 3]] - b)


def _owners(cells: I64, faces: I64) -> I64:
    """The cell that each face of the boundary belongs to."""
    kinds = FACES[cells.shape[1]]
    corners = np.sort(np.concatenate([cells[:, face] for face in kinds]), axis=1)
    wanted = np.sort(faces, axis=1)
    _, labels = np.unique(np.concatenate([corners, wanted]), axis=0, return_inverse=True)
    labels = labels.ravel()
    cell_of = np.full(labels.max() + 1, -1, np.int64)
    cell_of[labels[: len(corners)]] = np.tile(np.arange(len(cells)), len(kinds))
    found: I64 = cell_of[labels[len(corners) :]]
    return found
