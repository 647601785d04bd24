"""Shapes as fields: each says how far a point is from a surface (mm), negative inside.

Rounded pieces that melt into each other make an anatomy better than triangles do.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Values = NDArray[np.float64]
Field = Callable[[Points], Values]

FAR: Final = 15.0
"""Beyond this distance (mm), more than any melt is wide, a lower bound is as good as the distance itself."""
LINKS: Final = 6
"""Links of a chain that share one box, for speed."""


def melt(a: Values, b: Values, width: float) -> Values:
    """The union of two fields, rounded over `width` mm where they meet.

    >>> float(melt(np.array(1.0), np.array(1.0), 4.0))
    0.0
    """
    near = np.maximum(width - np.abs(a - b), 0.0)
    return np.minimum(a, b) - near * near / (4.0 * width)


def carve(a: Values, b: Values, width: float) -> Values:
    """The field `a` without `b`, rounded over `width` mm."""
    return -melt(-a, b, width)


def ellipsoid(points: Points, centre: ArrayLike, axes: ArrayLike, turn: NDArray[np.float64] | None = None) -> Values:
    """Distance to an ellipsoid to first order; `turn` has the unit axes as rows."""
    local = points - np.asarray(centre, np.float64)
    if turn is not None:
        local = local @ turn.T
    scaled = local / np.asarray(axes, np.float64)
    length = np.linalg.norm(scaled, axis=1)
    slope = np.linalg.norm(scaled / np.asarray(axes, np.float64), axis=1)
    # At the centre itself the ratio is 0 / 0: the shortest way out is the shortest axis.
    return np.asarray(np.where(slope > 1e-9, (length - 1.0) * length / np.maximum(slope, 1e-9), -np.min(axes)))


def chain(points: Points, path: Points) -> Values:
    """Distance to spheres drawn along a path of rows x, y, z, radius, close to each other against their radii."""
    parts = [path[max(0, i - 1) : i + LINKS + 2] for i in range(0, len(path) - 1, LINKS)]
    return np.asarray(np.minimum.reduce([_near(points, part) for part in parts]))


def _near(points: Points, path: Points) -> Values:
    way, size = path[:, :3], path[:, 3]
    low, high = (way - size[:, None]).min(axis=0), (way + size[:, None]).max(axis=0)
    outside = np.maximum(np.maximum(low - points, points - high), 0.0)
    distance = np.sqrt(np.einsum("ij,ij->i", outside, outside))
    near = distance < FAR
    distance[near] = _links(points[near], way, size)
    return np.asarray(distance)


def _links(points: Points, way: Points, size: Values) -> Values:
    """The envelope of the spheres: their least distance, refined by a parabola through the three nearest."""
    gaps = np.stack(
        [np.linalg.norm(points - centre, axis=1) - radius for centre, radius in zip(way, size, strict=True)]
    )
    nearest = gaps.argmin(axis=0)
    middle = np.clip(nearest, 1, len(way) - 2)
    each = np.arange(len(points))
    before, here, after = gaps[middle - 1, each], gaps[middle, each], gaps[middle + 1, each]
    bend, lean = before - 2 * here + after, (after - before) / 2
    at = np.clip(-lean / np.maximum(bend, 1e-9), -1.0, 1.0)
    return np.asarray(here + at * (lean + at * bend / 2))


def beyond(points: Points, place: ArrayLike, ahead: ArrayLike) -> Values:
    """Distance past a plane through `place`, along the unit vector `ahead`."""
    return np.asarray((points - np.asarray(place, np.float64)) @ np.asarray(ahead, np.float64))


def spline(controls: ArrayLike, pieces: int = 8) -> Points:
    """A smooth path through control points (centripetal Catmull-Rom), `pieces` steps between each two.

    Control points may carry more than three columns (a radius, for one): all are drawn alike.
    """
    p = np.asarray(controls, np.float64)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.concatenate([[0.0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(p[:, :3], axis=0), axis=1)))])
    at = np.linspace(0.0, 1.0, pieces, endpoint=False)
    rows = [_piece(p[i : i + 4], t[i : i + 4], t[i + 1] + at * (t[i + 2] - t[i + 1])) for i in range(len(p) - 3)]
    return np.vstack([*rows, p[-2][None]])


def _piece(p: Points, t: Values, at: Values) -> Points:
    def between(a: Points, b: Points, ta: float, tb: float) -> Points:
        share = ((at - ta) / (tb - ta))[:, None]
        return np.asarray(a + share * (b - a))

    first = [between(p[i], p[i + 1], t[i], t[i + 1]) for i in range(3)]
    second = [between(first[i], first[i + 1], t[i], t[i + 2]) for i in range(2)]
    return between(second[0], second[1], t[1], t[2])


TETRAHEDRON: Final = np.array([(1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)], np.float64)


def gradient(field: Field, points: Points, step: float = 0.6) -> Points:
    """The gradient of a field, (n, 3), from four values far enough apart to bridge its small steps."""
    values = field((points[None] + step * TETRAHEDRON[:, None]).reshape(-1, 3)).reshape(4, -1)
    return np.asarray(values.T @ TETRAHEDRON / (4 * step))


def unit(vectors: Points) -> Points:
    """Each row at length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def drawn(field: Field, points: Points, steps: int = 2, reach: float = 1.0) -> Points:
    """Points moved onto the surface of a field along its gradient, at most `reach` mm a step."""
    for _ in range(steps):
        slope = gradient(field, points)
        move = field(points)[:, None] * slope / np.maximum((slope**2).sum(axis=1, keepdims=True), 1e-6)
        length = np.linalg.norm(move, axis=1, keepdims=True)
        points = points - move * np.minimum(1.0, reach / np.maximum(length, 1e-12))
    return points


def met(fields: Sequence[Field], points: Points, steps: int = 12, reach: float = 3.0) -> Points:
    """Points moved to where all the fields are zero, by the shortest Newton steps; for grooves and crossings."""
    for _ in range(steps):
        slopes = np.stack([gradient(field, points) for field in fields], axis=1)
        wrong = np.stack([field(points) for field in fields], axis=1)
        move = (np.linalg.pinv(slopes, rcond=1e-2) @ wrong[..., None])[..., 0]
        length = np.linalg.norm(move, axis=1, keepdims=True)
        points = points - move * np.minimum(1.0, reach / np.maximum(length, 1e-12))
    return points
