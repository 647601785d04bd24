"""How narrow a vessel is: its centre line, its area along it, and what a healthy one would have there.

The centre line follows the distance along the wall from one end of the lumen to the other; across it the lumen is cut
with planes, and the area of each cut is exact for the triangles. A healthy radius is a straight line through the
sections that are not narrowed, so that the natural taper of a vessel is not taken for a narrowing.
"""

import heapq
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px
from pollux.worlds.heart.mesh import Mesh, volume, welded
from pollux.worlds.heart.shapes import Points, Values, unit

ENDS: Final = 0.04
"""Share of the length at each end that is not measured: caps and mouths are no lumen."""
ROUNDS: Final = 3
TRIM: Final = 0.04
LARGEST_RADIUS: Final = 8.0
"""No coronary is wider, mm: a larger one is a scan in other units."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A lumen along its centre line: distance (mm), centre (k, 3), area (mm²) and the healthy area there."""

    name: str
    along: Values
    centre: Points
    area: Values
    healthy: Values

    @property
    def narrowest(self) -> int:
        """Where the share of the healthy area is least."""
        return int((self.area / self.healthy).argmin())

    @property
    def narrowing(self) -> float:
        """The share of the healthy area that is lost at the narrowest place, 0 to 1."""
        return float(max(0.0, 1.0 - _least(self.area / self.healthy)))

    @property
    def smallest_area(self) -> float:
        """mm²."""
        return float((1.0 - self.narrowing) * self.healthy[self.narrowest])


def follow(mesh: Mesh, *, sections: int = 160) -> Course:
    """Measure one unbranched, closed lumen (mm).

    Raises `DataRefused` where it is open, inside out, in other units, or not a tube.
    """
    tube = welded(mesh)
    enclosed = volume(tube)
    centre, wall = _first_line(tube)
    along = _distances(centre)
    radius = float(np.sqrt(1000 * enclosed / along[-1] / np.pi))
    if radius > LARGEST_RADIUS:
        raise px.DataRefused(
            f"expected the lumen of a coronary, got a mean radius of {radius:.3g} mm",
            at=mesh.name,
            hint="check the unit of the file and which part this is",
        )
    for _ in range(ROUNDS):
        centre, area = _sections(tube, _even(centre, sections), wall)
    inner = slice(int(ENDS * sections), sections - int(ENDS * sections))
    whole = np.isfinite(area[inner])
    if whole.mean() < 0.5:
        raise px.DataRefused(
            "expected one tube, got sections that do not close", at=mesh.name, hint="does this part have branches?"
        )
    return _judged(mesh.name, centre[inner][whole], area[inner][whole])


def _first_line(mesh: Mesh) -> tuple[Points, Values]:
    """Centres of the bands of equal distance along the wall, and that distance for each vertex, from one end."""
    edges = np.unique(
        np.sort(np.vstack([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]), axis=1), axis=0
    )
    length = np.linalg.norm(mesh.vertices[edges[:, 0]] - mesh.vertices[edges[:, 1]], axis=1)
    one_end = int(_walked(len(mesh.vertices), edges, length, 0).argmax())
    wall = _walked(len(mesh.vertices), edges, length, one_end)
    if not np.isfinite(wall).all():
        raise px.DataRefused(
            "expected one piece, got several", at=mesh.name, hint="segment each vessel as its own part"
        )
    bands = max(4, int(wall.max() / (3 * length.mean())))
    which = np.minimum((wall / wall.max() * bands).astype(int), bands - 1)
    centres = np.stack([mesh.vertices[which == band].mean(axis=0) for band in range(bands) if (which == band).any()])
    return centres, wall


def _walked(count: int, edges: NDArray[np.int32], length: Values, start: int) -> Values:
    """Shortest way along the edges from one vertex to all (Dijkstra)."""
    ways: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for (a, b), far in zip(edges.tolist(), length.tolist(), strict=True):
        ways[a].append((b, far))
        ways[b].append((a, far))
    distance = [float("inf")] * count
    distance[start], queue = 0.0, [(0.0, start)]
    while queue:
        here, vertex = heapq.heappop(queue)
        for other, far in ways[vertex] if here <= distance[vertex] else ():
            if here + far < distance[other]:
                distance[other] = here + far
                heapq.heappush(queue, (here + far, other))
    return np.array(distance)


def _distances(line: Points) -> Values:
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def _even(line: Points, count: int) -> Points:
    """The line smoothed a little and sampled evenly."""
    soft = line.copy()
    soft[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    along = _distances(soft)
    at = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(at, along, soft[:, i]) for i in range(3)], axis=1)


def _sections(mesh: Mesh, centre: Points, wall: Values) -> tuple[Points, Values]:
    """Cut the lumen across each centre: better centres (of gravity) and areas, NaN where a section does not close."""
    ahead = unit(np.gradient(centre, axis=0))
    nearest = np.array([np.linalg.norm(mesh.vertices - place, axis=1).argmin() for place in centre])
    side = np.linalg.norm(mesh.vertices[mesh.faces[:, 0]] - mesh.vertices[mesh.faces[:, 1]], axis=1).mean()
    reach = 0.06 * wall.max() + 4 * side
    middle = wall[mesh.faces].mean(axis=1)
    cuts = [
        _cut(mesh, mesh.faces[np.abs(middle - wall[v]) < reach], c, a)
        for v, c, a in zip(nearest, centre, ahead, strict=True)
    ]
    places = [place if cut is None else cut[0] for place, cut in zip(centre, cuts, strict=True)]
    return np.stack(places), np.array([np.nan if cut is None else cut[1] for cut in cuts])


def _cut(mesh: Mesh, faces: NDArray[np.int32], place: Points, ahead: Points) -> tuple[Points, float] | None:
    """Centre of gravity and area of the section through `place` across `ahead`; None where it does not close."""
    corners = mesh.vertices[faces] - place
    height = corners @ ahead
    above = height > 0
    crossed = above.any(axis=1) & ~above.all(axis=1)
    corners, height, above = corners[crossed], height[crossed], above[crossed]
    if not len(corners):
        return None
    into, out = _passage(corners, height, above, rising=True), _passage(corners, height, above, rising=False)
    if np.linalg.norm((out - into).sum(axis=0)) > 1e-6 * np.abs(out - into).sum():
        return None
    twice = np.cross(into, out) @ ahead
    area = twice.sum() / 2
    return place + ((into + out) * twice[:, None]).sum(axis=0) / (6 * area), abs(float(area))


def _passage(corners: Points, height: Values, above: NDArray[np.bool_], *, rising: bool) -> Points:
    """Where the boundary of each triangle, walked in its order, passes through the plane upward or downward."""
    following = np.roll(above, -1, axis=1)
    at = ((~above & following) if rising else (above & ~following)).argmax(axis=1)
    each, after = np.arange(len(corners)), (at + 1) % 3
    share = height[each, at] / (height[each, at] - height[each, after])
    return np.asarray(corners[each, at] + share[:, None] * (corners[each, after] - corners[each, at]))


def _judged(name: str, centre: Points, area: Values) -> Course:
    along, radius = _distances(centre), np.sqrt(area / np.pi)
    usual = np.ones(len(radius), bool)
    for _ in range(8):
        slope, level = np.polyfit(along[usual], radius[usual], 1)
        line = slope * along + level
        trimmed = radius > (1 - TRIM) * line
        if trimmed.sum() < 6 or np.array_equal(trimmed, usual):
            break
        usual = trimmed
    return Course(name, along, centre, area, np.pi * np.maximum(line, 1e-6) ** 2)


def _least(values: Values) -> float:
    """The least of the values, refined by a parabola: the throat may lie between two sections."""
    i = int(values.argmin())
    if i in (0, len(values) - 1):
        return float(values[i])
    before, here, after = values[i - 1 : i + 2]
    bend = before - 2 * here + after
    return float(here - (after - before) ** 2 / (8 * bend)) if bend > 0 else float(here)
