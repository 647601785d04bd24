"""Solids with explicit triangles, closed and outward: globes and tubes along a path."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pollux.worlds.heart.mesh import Mesh
from pollux.worlds.heart.shapes import Points, Values, unit


def globe(name: str, centre: ArrayLike, axes: ArrayLike, *, turns: int = 48) -> Mesh:
    """An ellipsoid of `turns` meridians with half-axes `axes` in mm.

    >>> globe("probe", (0, 0, 0), (10, 10, 10)).area > 1_240
    True
    """
    polar = np.linspace(0.0, np.pi, turns // 2 + 1)
    profile = np.stack([-np.cos(polar), np.sin(polar)], axis=1)
    ball = revolution(name, profile, (0, 0, 0), (0, 0, 1), sides=turns)
    size = np.broadcast_to(np.asarray(axes, np.float64), 3)
    return Mesh(name, np.asarray(centre, np.float64) + ball.vertices * size, ball.faces)


def revolution(name: str, profile: ArrayLike, place: ArrayLike, ahead: ArrayLike, *, sides: int = 32) -> Mesh:
    """A profile of (k, 2) rows (distance along the axis, radius) turned about an axis through `place`; closed at both
    poles.
    """
    along, radius = np.asarray(profile, np.float64).T
    axis, origin = unit(np.asarray(ahead, np.float64)), np.asarray(place, np.float64)
    side = unit(np.asarray(np.cross(axis, np.eye(3)[np.abs(axis).argmin()]), np.float64))
    up = np.cross(axis, side)
    angle = np.arange(sides) * 2 * np.pi / sides
    round_ = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up
    way = origin + along[:, None] * axis
    circles = way[1:-1, None] + radius[1:-1, None, None] * round_
    return Mesh(name, *stacked(circles, way[[0, -1]]))


def tube(name: str, path: ArrayLike, radii: ArrayLike, *, sides: int = 24) -> Mesh:
    """A round tube along a path of (k, 3) points with capped ends; `radii` in mm, one or k."""
    way = np.asarray(path, np.float64)
    size = np.broadcast_to(np.asarray(radii, np.float64), len(way))
    return Mesh(name, *stacked(rings(way, size, sides), way[[0, -1]]))


def rings(way: Points, size: Values, sides: int) -> Points:
    """Circles across a path, (k, sides, 3), in a frame that does not twist along it."""
    ahead = unit(np.gradient(way, axis=0))
    side = np.empty_like(way)
    side[0] = unit(np.asarray(np.cross(ahead[0], np.eye(3)[np.abs(ahead[0]).argmin()]), np.float64))
    for i in range(1, len(way)):
        carried = side[i - 1] - (side[i - 1] @ ahead[i]) * ahead[i]
        side[i] = carried / np.linalg.norm(carried)
    up = np.cross(ahead, side)
    angle = np.arange(sides) * 2 * np.pi / sides
    round_ = np.cos(angle)[:, None] * side[:, None] + np.sin(angle)[:, None] * up[:, None]
    return np.asarray(way[:, None] + size[:, None, None] * round_)


def stacked(circles: Points, poles: Points) -> tuple[Points, NDArray[np.int32]]:
    """Rings (k, sides, 3), counter-clockwise about the way ahead, joined into a closed surface between two poles."""
    count, sides, _ = circles.shape
    ring = np.arange(count * sides).reshape(count, sides)
    near, far = count * sides, count * sides + 1
    a, b = ring, np.roll(ring, -1, axis=1)
    walls = [np.stack(t, axis=-1).reshape(-1, 3) for t in ((a[:-1], b[:-1], b[1:]), (a[:-1], b[1:], a[1:]))]
    first = np.stack([np.full(sides, near), b[0], a[0]], axis=1)
    last = np.stack([np.full(sides, far), a[-1], b[-1]], axis=1)
    return np.vstack([circles.reshape(-1, 3), poles]), np.vstack([*walls, first, last]).astype(np.int32)


def joined(name: str, meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one part; normals and colours stay where all have them."""
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)]
    vertices, normals, colours = (_together([getattr(mesh, what) for mesh in meshes]) for what in ATTRIBUTES)
    assert vertices is not None
    return Mesh(name, vertices, np.vstack(faces).astype(np.int32), normals, colours)


ATTRIBUTES: Final = ("vertices", "normals", "colours")


def _together(arrays: Sequence[Points | None]) -> Points | None:
    present = [array for array in arrays if array is not None]
    return np.vstack(present) if len(present) == len(arrays) else None


def with_normals(mesh: Mesh) -> Mesh:
    """The same mesh with normals averaged over the triangles around each vertex, by their area."""
    a, b, c = np.moveaxis(mesh.corners, 1, 0)
    across = np.cross(b - a, c - a)
    total = np.zeros_like(mesh.vertices)
    for corner in range(3):
        np.add.at(total, mesh.faces[:, corner], across)
    return replace(mesh, normals=unit(total))
