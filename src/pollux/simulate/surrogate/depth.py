"""Where a design knows something, and how far outside of it a point lies."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64

BEYOND: Final = 0.25
AT_ONCE: Final = 1 << 22
"""Distances at a time: 32 MiB."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The surroundings of a design: no farther from a point of it than its points are from each other.

    `low` and `high` bound each germ, a little outside of the outermost points; `reach` is the greatest distance of a
    point of the design to its nearest neighbour, `typical` the median one. The convex hull would not do: in five
    dimensions nearly every new point of the same distribution lies outside of the hull of a hundred.
    """

    design: F64
    low: F64
    high: F64
    reach: float
    typical: float

    @property
    def bounds(self) -> tuple[F64, F64]:
        """The least and greatest germs that are asked for: a quarter of the design's width beyond it."""
        beyond = BEYOND * (self.high - self.low)
        return self.low - beyond, self.high + beyond

    def clipped(self, germs: F64) -> F64:
        """The nearest germs not far from the bounds: what was learnt is not asked where it would run away."""
        return np.clip(germs, *self.bounds)

    def excess(self, germs: F64) -> F64:
        """How far outside points lie, in typical distances of the design: 0 inside; infinite for what is no number."""
        nearest = np.sqrt(_nearest(germs, self.design)) - self.reach
        beyond = np.maximum(self.low - germs, germs - self.high).max(axis=1)
        found = np.maximum(np.maximum(nearest, beyond), 0.0) / self.typical
        return np.where(np.isfinite(found), found, np.inf)


def region_of(germs: F64) -> Region:
    """The surroundings of a design (points, inputs)."""
    ordered = np.sort(germs, axis=0)
    gaps = np.diff(ordered, axis=0)
    own = np.sqrt(_nearest(germs, germs, apart=True))
    # A germ that never varies has no gap: whatever differs from it lies outside.
    reach, typical = max(float(own.max()), 1e-12), max(float(np.median(own)), 1e-12)
    return Region(germs, ordered[0] - gaps[0], ordered[-1] + gaps[-1], reach, typical)


def _nearest(points: F64, design: F64, *, apart: bool = False) -> F64:
    """The squared distance of each point to the nearest one of the design; `apart` leaves each one itself out."""
    found = np.empty(len(points))
    most = max(1, AT_ONCE // max(1, design.size))
    for begun in range(0, len(points), most):
        some = points[begun : begun + most]
        squares = ((some[:, None, :] - design[None, :, :]) ** 2).sum(axis=2)
        if apart:
            rows = np.arange(len(some))
            squares[rows, begun + rows] = np.inf
        found[begun : begun + most] = squares.min(axis=1)
    return found
