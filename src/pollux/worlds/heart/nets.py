"""The surface of a field as triangles: a dual net.

One vertex in each cell of a grid that the surface crosses, drawn onto the surface along the gradient; one quadrilateral
around each edge of the grid that it crosses, split along its shorter diagonal. Triangles come out even, normals are the
field's own, and the surface is closed wherever it stays inside the box.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pollux.worlds.heart.mesh import Mesh
from pollux.worlds.heart.shapes import Field, Points, Values, drawn, gradient, unit

COARSE: Final = 4
CORNERS: Final = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
EDGES: Final = np.array(
    [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(CORNERS[a] - CORNERS[b]).sum() == 1]
)


def skin(field: Field, low: ArrayLike, high: ArrayLike, step: float, *, name: str = "") -> Mesh:
    """The surface where `field` is zero inside the box from `low` to `high`, on a grid of `step` mm.

    >>> sphere = skin(lambda p: np.linalg.norm(p, axis=1) - 20.0, (-23, -23, -23), (23, 23, 23), 2.0)
    >>> round(float(np.linalg.norm(sphere.vertices, axis=1).mean()), 3)
    20.0
    """
    corner = np.asarray(low, np.float64)
    shape = tuple(int(n) + 1 for n in np.ceil((np.asarray(high, np.float64) - corner) / step))
    values = _sampled(field, corner, shape, step)
    cells, quads = _net(values < 0)
    vertices = drawn(field, corner + step * (cells + _crossing(values, cells)), reach=0.75 * step)
    return Mesh(name, vertices, _split(vertices, quads), normals=unit(gradient(field, vertices)))


def _sampled(field: Field, corner: Points, shape: tuple[int, ...], step: float) -> Values:
    """The field on the grid; blocks that the surface cannot reach keep the value of their middle."""
    blocks = tuple(-(-n // COARSE) for n in shape)
    index = np.stack(np.meshgrid(*map(np.arange, blocks), indexing="ij"), axis=-1).reshape(-1, 3)
    middle = field(corner + step * (index * COARSE + (COARSE - 1) / 2))
    values = middle.reshape(blocks).repeat(COARSE, 0).repeat(COARSE, 1).repeat(COARSE, 2)
    near = index[np.abs(middle) < 1.3 * step * COARSE]
    inner = np.stack(np.meshgrid(*[np.arange(COARSE)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    fine = (near[:, None] * COARSE + inner[None]).reshape(-1, 3)
    values[tuple(fine.T)] = field(corner + step * fine)
    return np.asarray(values[: shape[0], : shape[1], : shape[2]])


def _net(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells that the surface crosses, (n, 3), and the quadrilaterals that join them, outward, (m, 4)."""
    n0, n1, n2 = (n - 1 for n in inside.shape)
    total = np.sum([inside[i : n0 + i, j : n1 + j, k : n2 + k] for i, j, k in CORNERS], axis=0, dtype=np.int8)
    cells = np.argwhere((total > 0) & (total < 8))
    number = np.full(total.shape, -1, np.int64)
    number[tuple(cells.T)] = np.arange(len(cells))
    return cells, np.vstack([_around(inside, number, axis) for axis in range(3)])


def _around(inside: NDArray[np.bool_], number: NDArray[np.int64], axis: int) -> NDArray[np.int64]:
    """The quadrilateral around every grid edge along `axis` that the surface crosses."""
    turned, cells = np.moveaxis(inside, axis, 0), np.moveaxis(number, axis, 0)
    below, above = turned[:-1, 1:-1, 1:-1], turned[1:, 1:-1, 1:-1]
    ring = np.stack([cells[:, :-1, :-1], cells[:, 1:, :-1], cells[:, 1:, 1:], cells[:, :-1, 1:]], axis=-1)
    rising, falling = ring[below & ~above], ring[~below & above]
    if axis == 1:  # bringing the middle axis to the front mirrors the frame
        rising, falling = falling, rising
    return np.vstack([rising, falling[:, ::-1]])


def _crossing(values: Values, cells: NDArray[np.int64]) -> Points:
    """The mean of the points where a cell's edges cross the surface, within the cell, 0 to 1."""
    corner = values[tuple((cells[:, None] + CORNERS).reshape(-1, 3).T)].reshape(-1, 8)
    a, b = corner[:, EDGES[:, 0]], corner[:, EDGES[:, 1]]
    crossed = (a < 0) != (b < 0)
    share = np.where(crossed, a / np.where(crossed, a - b, 1.0), 0.0)
    start, end = CORNERS[EDGES[:, 0]], CORNERS[EDGES[:, 1]]
    at = start + share[..., None] * (end - start)
    return np.asarray((at * crossed[..., None]).sum(axis=1) / crossed.sum(axis=1, keepdims=True))


def _split(vertices: Points, quads: NDArray[np.int64]) -> NDArray[np.int32]:
    a, b, c, d = (vertices[quads[:, i]] for i in range(4))
    short = np.linalg.norm(a - c, axis=1) <= np.linalg.norm(b - d, axis=1)
    first = np.where(short[:, None], quads[:, [0, 1, 2]], quads[:, [0, 1, 3]])
    second = np.where(short[:, None], quads[:, [0, 2, 3]], quads[:, [1, 2, 3]])
    return np.vstack([first, second]).astype(np.int32)
