"""Von Mises' stress, one number for how near a ductile material is to yielding."""

from typing import Final

import numpy as np

from pollux.columns.arrays import F64

COMPONENTS: Final = 6
"""Components of stress in their order: xx, yy, zz, yz, xz, xy."""


def von_mises(stress: F64) -> F64:
    r"""Von Mises' stress of components (6, ...).

    $$\sqrt{\tfrac12[(\sigma_x-\sigma_y)^2+(\sigma_y-\sigma_z)^2+(\sigma_z-\sigma_x)^2]
    + 3(\tau_{yz}^2+\tau_{xz}^2+\tau_{xy}^2)}$$

    >>> float(von_mises(np.array([3.0, 0, 0, 0, 0, 0])))
    3.0
    """
    x, y, z, yz, xz, xy = stress
    found: F64 = np.sqrt(0.5 * ((x - y) ** 2 + (y - z) ** 2 + (z - x) ** 2) + 3.0 * (yz**2 + xz**2 + xy**2))
    return found


def worst(stress: F64) -> F64:
    """The greatest von Mises' stress of some spots, whose components (6 * spots, ...) stand in turn."""
    spots = stress.reshape(-1, COMPONENTS, *stress.shape[1:])
    found: F64 = von_mises(np.moveaxis(spots, 1, 0)).max(axis=0)
    return found
