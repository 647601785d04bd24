"""Solids by our own words that need no mesher: boxes, plates and walls of hexahedra."""

import numpy as np

from pollux.columns.arrays import I64
from pollux.errors import ModelError
from pollux.model.amounts import Amount, amount
from pollux.model.units import unit
from pollux.simulate.geometry.solid import AXES, Solid

LARGEST = 100_000
"""Cells; beyond that a mesh on a laptop is a mistake of units more often than a wish."""


def box(size: tuple[Amount, Amount, Amount], *, cells: tuple[int, int, int]) -> Solid:
    """A box from the origin to `size`, cut into `cells` hexahedra along x, y and z; a bare number is in metres.

    Its surfaces are named after where they look: `"-x"`, `"+x"`, `"-y"`, `"+y"`, `"-z"`, `"+z"`. A beam is a long box,
    a plate and a wall are flat ones; with quadratic elements one cell through the thickness is enough for bending.

    Raises ModelError for a size or a number of cells that is not above zero, or for too many cells.

    >>> box((1, "100 mm", "10 mm"), cells=(10, 2, 1)).cells.shape
    (20, 8)
    """
    lengths = [amount(one, unit("m")) for one in size]
    if min(lengths) <= 0.0 or min(cells) < 1 or int(np.prod(cells)) > LARGEST:
        raise ModelError(
            f"expected a size above zero and up to {LARGEST:,} cells, got {lengths} m in {cells} cells", at="box"
        )
    x, y, z = (np.linspace(0.0, length, n + 1) for length, n in zip(lengths, cells, strict=True))
    grid = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1)
    bare = Solid(grid.reshape(-1, 3), _hexahedra(cells))
    for side in AXES:
        bare = bare.named(side, facing=side)
    return bare


def _hexahedra(cells: tuple[int, int, int]) -> I64:
    """The corners of each cell in scikit-fem's order: origin, the three neighbours, the three across, the far one."""
    nodes = np.arange(np.prod([n + 1 for n in cells])).reshape([n + 1 for n in cells])
    corners = ((0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1))
    nx, ny, nz = cells
    return np.stack([nodes[i : i + nx, j : j + ny, k : k + nz].ravel() for i, j, k in corners], axis=1)
