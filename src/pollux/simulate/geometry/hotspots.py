"""Where stress is watched: a few corners of the mesh at which loads, one at a time, bring the most of it."""

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import ModelError
from pollux.simulate.geometry.mises import COMPONENTS, von_mises
from pollux.simulate.geometry.solid import Solid


def spots(solid: Solid, stress: F64, count: int) -> list[int]:
    """The corners of the solid to watch, the loads in turn naming their worst that is no neighbour of one named before.

    `stress` is (6 * corners, loads), at rest. Raises ModelError where there is no load or no spot is wanted.
    """
    if count < 1 or not stress.shape[1]:
        raise ModelError(f"expected loads and one spot or more, got {stress.shape[1]} loads, {count} spots")
    worth: F64 = np.stack([von_mises(one.reshape(-1, COMPONENTS).T) for one in stress.T])
    # Bits of noise decide nothing: equal within a millionth is equal, and the first corner is taken.
    worth = (worth / np.maximum(worth.max(axis=1, keepdims=True), 1e-300)).round(6)
    reach, chosen = _cell(solid), list[int]()
    open_ = np.ones(worth.shape[1], np.bool_)
    while len(chosen) < count and open_.any():
        load = worth[len(chosen) % len(worth)]
        best = int(np.where(open_, load, -1.0).argmax())
        chosen.append(best)
        open_ &= np.linalg.norm(solid.points - solid.points[best], axis=1) > reach
    return chosen


def _cell(solid: Solid) -> float:
    """The size of a typical cell in metres."""
    return float((solid.volume / len(solid.cells)) ** (1.0 / 3.0))
