"""The demo patient's heart as fields: where its pieces lie, how thick they are, how they melt into each other.

Millimetres. x points to the patient's left, y up, z to the front: seen from +z he faces us. The origin is the middle
of the valve plane. An enlarged heart, drawn by hand from textbook anatomy; it belongs to nobody.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from pollux.worlds.heart.shapes import Field, Points, Values, chain, ellipsoid, melt, spline, unit

AXIS: Final = unit(np.array([0.60, -0.70, 0.40]))
"""From the middle of the mitral valve to the apex."""
BASE: Final = np.array([17.0, 8.0, -15.0])
"""The middle of the mitral valve."""


SEPTAL: Final = unit(np.cross(np.cross(AXIS, np.array([-0.55, -0.25, 0.80])), AXIS))
"""Across the axis, from the left ventricle towards the right one."""
ANTERIOR: Final = np.cross(SEPTAL, AXIS)
"""Across the axis and the septum, towards the front."""


def _on_axis(*rows: tuple[float, float]) -> Points:
    """Rows of distance from the base and radius, as a path along the axis of the left ventricle."""
    return spline([(*(BASE + along * AXIS), radius) for along, radius in rows], 10)


LEFT_VENTRICLE: Final = _on_axis((2, 35), (22, 42), (46, 41), (70, 32), (90, 19), (104, 9.5))
RIGHT_VENTRICLE: Final = spline(
    [(-26, -5, 12, 30), (-13, -21, 24, 31), (9, -36, 32, 27), (29, -49, 36, 21), (45, -57, 38, 12)], 10
)
CONUS: Final = spline([(-9, -8, 29, 25), (4, 9, 32, 20.5), (13, 24, 29.5, 16.5), (17, 36, 25, 14.5)], 10)

RIGHT_ATRIUM: Final = ((-47, 14, -6), (27, 36, 28))
RIGHT_APPENDAGE: Final = spline([(-44, 33, 10, 17), (-31, 40, 23, 13), (-18, 40, 31, 9.5), (-7, 36, 35, 5.5)], 9)
LEFT_ATRIUM: Final = ((8, 26, -40), (39, 28, 24))
LEFT_APPENDAGE: Final = spline([(38, 30, -26, 14), (48, 33, -10, 10.5), (47, 33, 5, 8.5), (40, 31, 15, 6)], 9)

AORTA: Final = spline(
    [
        *[(-2, 14, 6, 15.5), (-7, 30, 11, 16.5), (-14, 50, 10, 15), (-13, 72, 4, 14.5), (-3, 90, -9, 14)],
        *[(12, 94, -24, 13), (25, 83, -40, 12.5), (28, 60, -53, 12), (26, 26, -63, 11.5), (24, -8, -68, 11.5)],
        (23, -34, -69, 11.5),
    ],
    9,
)
BRANCHES: Final = (
    spline([(-10, 88, 0, 8.0), (-16, 103, 4, 6.8), (-24, 124, 5, 6.5)], 7),
    spline([(1, 98, -10, 6.4), (-1, 110, -8, 5.2), (-4, 130, -6, 5.0)], 7),
    spline([(15, 99, -23, 7.0), (19, 110, -22, 5.8), (26, 128, -19, 5.5)], 7),
)
TRUNK: Final = spline([(15, 30, 27, 15.5), (19, 46, 20, 15.5), (20, 59, 8, 15), (18, 67, -6, 13.5)], 9)
LEFT_ARTERY: Final = spline([(18, 66, -4, 12), (34, 72, -14, 11), (52, 70, -26, 10), (68, 65, -36, 9.5)], 9)
RIGHT_ARTERY: Final = spline(
    [(16, 65, -10, 12), (0, 62, -27, 11), (-24, 58, -33, 10.5), (-50, 56, -35, 9.5), (-68, 53, -37, 9)], 9
)
UPPER_CAVA: Final = spline([(-45, 34, -8, 13), (-44, 50, -9, 11.5), (-43, 78, -9, 11), (-41, 102, -8, 11)], 7)
LOWER_CAVA: Final = spline([(-44, 0, -14, 16), (-44, -20, -17, 13.5), (-42, -48, -18, 13)], 7)
PULMONARY_VEINS: Final = (
    spline([(36, 38, -44, 10), (50, 44, -50, 8), (70, 48, -56, 7.5)], 7),
    spline([(38, 20, -46, 10), (52, 18, -52, 8), (68, 14, -58, 7.5)], 7),
    spline([(-18, 34, -46, 10), (-36, 36, -49, 8), (-68, 34, -49, 7.5)], 7),
    spline([(-18, 18, -48, 10), (-38, 14, -51, 8), (-66, 8, -52, 7.5)], 7),
)
OPEN_ENDS: Final = (*BRANCHES, AORTA, LEFT_ARTERY, RIGHT_ARTERY, UPPER_CAVA, LOWER_CAVA, *PULMONARY_VEINS)
"""Vessels that are cut where their path ends."""


def left_ventricle(points: Points) -> Values:
    """The outside of the left ventricle."""
    return chain(points, LEFT_VENTRICLE)


def right_ventricle(points: Points) -> Values:
    """The outside of the right ventricle with its outflow."""
    return melt(chain(points, RIGHT_VENTRICLE), chain(points, CONUS), 14.0)


def right_atrium(points: Points) -> Values:
    """The right atrium with its appendage, which lies in front of the aortic root."""
    return melt(ellipsoid(points, *RIGHT_ATRIUM), chain(points, RIGHT_APPENDAGE), 9.0)


def left_atrium(points: Points) -> Values:
    """The left atrium with its appendage, which looks round the left side of the pulmonary trunk."""
    return melt(ellipsoid(points, *LEFT_ATRIUM), chain(points, LEFT_APPENDAGE), 8.0)


def aorta(points: Points) -> Values:
    """From the valve over the arch into the descending aorta, with the three branches."""
    whole = chain(points, AORTA)
    for branch in BRANCHES:
        whole = melt(whole, chain(points, branch), 5.0)
    return whole


def pulmonary_artery(points: Points) -> Values:
    """The trunk and its two branches."""
    return melt(chain(points, TRUNK), melt(chain(points, LEFT_ARTERY), chain(points, RIGHT_ARTERY), 6.0), 8.0)


def venae_cavae(points: Points) -> Values:
    """The upper and the lower vena cava."""
    return np.minimum(chain(points, UPPER_CAVA), chain(points, LOWER_CAVA))


def pulmonary_veins(points: Points) -> Values:
    """Four veins into the left atrium."""
    return np.asarray(np.minimum.reduce([chain(points, vein) for vein in PULMONARY_VEINS]))


REGIONS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "lv": left_ventricle,
        "rv": right_ventricle,
        "la": left_atrium,
        "ra": right_atrium,
        "aorta": aorta,
        "pulmonary_trunk": pulmonary_artery,
        "caval_veins": venae_cavae,
        "pulmonary_veins": pulmonary_veins,
    }
)


def body(points: Points) -> Values:
    """The whole outside; vessels end round."""
    ventricles = melt(left_ventricle(points), right_ventricle(points), 7.0)
    atria = melt(
        melt(left_atrium(points), pulmonary_veins(points), 8.0),
        melt(right_atrium(points), venae_cavae(points), 9.0),
        6.0,
    )
    vessels = melt(aorta(points), pulmonary_artery(points), 9.0)
    return melt(melt(ventricles, atria, 5.0), vessels, 4.0)
