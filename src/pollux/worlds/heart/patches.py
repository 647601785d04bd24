"""Cutting a surface: along planes, and into the patches that belong to different parts.

Everything a vertex carries (place, normal, colour) is one row of numbers, so that a cut interpolates all of it alike
and the seams between patches are smooth curves, not the saw of whole triangles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from pollux.worlds.heart.shapes import Points, Values


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Triangles over rows of vertex attributes (n, k)."""

    rows: Points
    faces: NDArray[np.int64]

    def compact(self) -> "Sheet":
        """Without the rows that no triangle uses."""
        used, faces = np.unique(self.faces, return_inverse=True)
        return Sheet(self.rows[used], faces.reshape(-1, 3))


def cut(sheet: Sheet, values: Values) -> tuple[Sheet, Sheet]:
    """Both sides of the line where `values` (one a vertex) is zero: first the negative, then the rest.

    >>> square = Sheet(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), np.array([[0, 1, 2], [0, 2, 3]]))
    >>> left, right = cut(square, square.rows[:, 0] - 0.25)
    >>> bool(left.rows[:, 0].max() == right.rows[:, 0].min() == 0.25)
    True
    """
    below = values < 0
    count = below[sheet.faces].sum(axis=1)
    mixed = sheet.faces[(count == 1) | (count == 2)]
    single = below[mixed].sum(axis=1) == 1
    lone = np.where(below[mixed] == single[:, None], np.arange(3), -1).max(axis=1)
    turned = mixed[np.arange(len(mixed))[:, None], (lone[:, None] + np.arange(3)) % 3]
    rows, first, second = _crossings(sheet.rows, values, turned)
    tip = np.stack([turned[:, 0], first, second], axis=1)
    rest = np.vstack(
        [np.stack([first, turned[:, 1], turned[:, 2]], axis=1), np.stack([first, turned[:, 2], second], axis=1)]
    )
    inner = np.vstack([sheet.faces[count == 3], tip[single], rest[np.tile(~single, 2)]])
    outer = np.vstack([sheet.faces[count == 0], tip[~single], rest[np.tile(single, 2)]])
    return Sheet(rows, inner).compact(), Sheet(rows, outer).compact()


def _crossings(
    rows: Points, values: Values, turned: NDArray[np.int64]
) -> tuple[Points, NDArray[np.int64], NDArray[np.int64]]:
    """New rows where the two edges at each triangle's lone corner cross zero; shared by the triangles on both sides."""
    edges = np.vstack([turned[:, [0, 1]], turned[:, [0, 2]]])
    unique, which = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    a, b = unique[:, 0], unique[:, 1]
    share = (values[a] / (values[a] - values[b]))[:, None]
    added = len(rows) + which.reshape(-1)
    return np.vstack([rows, rows[a] + share * (rows[b] - rows[a])]), added[: len(turned)], added[len(turned) :]


def patches(sheet: Sheet, columns: Sequence[int]) -> tuple[Sheet, ...]:
    """One sheet for each of the given columns: where that column's attribute is the least of them all."""
    found = []
    for i, column in enumerate(columns[:-1]):
        others = sheet.rows[:, list(columns[i + 1 :])].min(axis=1)
        mine, sheet = cut(sheet, sheet.rows[:, column] - others)
        found.append(mine)
    return (*found, sheet)
