"""The coronary arteries of the demo patient: the grooves they follow, how wide they are, and where one is narrowed.

Each vessel is a path on the surface of the heart and a lumen along it. A narrowing takes away a share of the lumen's
area, as a cosine bell over its length. The lumens are what a scan would measure; the vessels on show are a little
wider and lie half in the fat of their grooves.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, final

import numpy as np

from pollux.worlds.heart import anatomy
from pollux.worlds.heart.mesh import Mesh
from pollux.worlds.heart.shapes import Field, Points, Values, drawn, gradient, met, spline, unit
from pollux.worlds.heart.solids import tube


@final
@dataclass(frozen=True, slots=True)
class Vessel:
    """Control points near the surface, what they follow, and radii of the lumen at both ends, mm.

    A main vessel follows the groove between two regions; a branch leaves the vessel named by `parent` where its first
    control point is nearest.
    """

    name: str
    controls: tuple[tuple[float, float, float], ...]
    radius: tuple[float, float]
    groove: tuple[str, str] | None = None
    parent: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Narrowing:
    """A lumen reduced by `share` of its area, `at` a share of the vessel's length, over `length` mm."""

    vessel: str
    share: float
    at: float
    length: float


LAD: Final = "Left anterior descending artery"
LCX: Final = "Left circumflex artery"
RCA: Final = "Right coronary artery"

VESSELS: Final = (
    Vessel(
        LAD,
        ((35, 24, 25), (32, 12, 33), (29, -4, 40), (36, -22, 45), (46, -38, 47), (56, -52, 45), (62, -66, 39)),
        (2.0, 0.9),
        groove=("lv", "rv"),
    ),
    Vessel(
        LCX,
        ((35, 24, 25), (45, 25, 17), (57, 24, -4), (55, 18, -26), (43, 8, -47)),
        (1.8, 0.9),
        groove=("lv", "la"),
        parent=LAD,
    ),
    Vessel(
        RCA,
        ((-10, 28, 36), (-32, 21, 28), (-53, 7, 22), (-57, -13, 12), (-49, -25, -1), (-32, -26, -24)),
        (2.0, 1.2),
        groove=("rv", "ra"),
    ),
    Vessel("First diagonal branch", ((30, -2, 38), (46, -8, 38), (59, -22, 32), (70, -40, 20)), (1.1, 0.5), parent=LAD),
    Vessel("Second diagonal branch", ((41, -30, 46), (54, -37, 42), (66, -50, 34)), (0.9, 0.45), parent=LAD),
    Vessel("Marginal branch", ((57, 23, -6), (67, 8, -6), (73, -14, -4), (74, -34, 2)), (1.2, 0.5), parent=LCX),
    Vessel(
        "Right marginal branch", ((-57, -13, 12), (-40, -30, 33), (-16, -44, 46), (8, -54, 52)), (1.1, 0.5), parent=RCA
    ),
    Vessel("Conus branch", ((-30, 22, 29), (-20, 12, 48), (-4, 6, 54)), (0.8, 0.4), parent=RCA),
    Vessel(
        "Posterior descending artery",
        ((-32, -26, -24), (-8, -42, -16), (14, -56, 0), (34, -66, 12)),
        (1.2, 0.5),
        parent=RCA,
    ),
)

PIECES: Final = 16
SIDES: Final = 12
SHOWN: Final = 1.35
"""How much wider the vessel on show is than its lumen."""
SUNK: Final = 0.35
"""How far its middle lies above the surface, in radii."""


@cache
def path(vessel: Vessel) -> Points:
    """The middle of a vessel on the surface of the heart, (k, 3)."""
    points = np.array(vessel.controls, np.float64)
    if vessel.groove is None:
        points = drawn(anatomy.body, points, 6, 4.0)
    else:
        points = met((anatomy.body, _between(*vessel.groove)), points)
    if vessel.parent is not None:
        parent = path(named(vessel.parent))
        points[0] = parent[np.linalg.norm(parent - points[0], axis=1).argmin()]
    way = drawn(anatomy.body, spline(points, PIECES), 3, 2.0)
    for _ in range(4):
        way[1:-1] = (way[:-2] + 2 * way[1:-1] + way[2:]) / 4
    return way


def named(name: str) -> Vessel:
    """The vessel of that name."""
    return next(vessel for vessel in VESSELS if vessel.name == name)


def tree(trunk: str) -> tuple[Vessel, ...]:
    """A main vessel and the branches that leave it; the circumflex has a tree of its own."""
    return tuple(v for v in VESSELS if v.name == trunk or (v.parent == trunk and v.groove is None))


def _between(one: str, other: str) -> Field:
    first, second = anatomy.REGIONS[one], anatomy.REGIONS[other]
    return lambda points: first(points) - second(points)


def radii(vessel: Vessel, narrowings: tuple[Narrowing, ...]) -> Values:
    """The radius of the lumen along the path, mm, narrowings included."""
    way = path(vessel)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    healthy = np.interp(along, (0.0, along[-1]), vessel.radius)
    left = np.ones_like(along)
    for narrowing in narrowings:
        if narrowing.vessel == vessel.name:
            off = np.abs(along - narrowing.at * along[-1]) / (narrowing.length / 2)
            left = left - narrowing.share * np.where(off < 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(off, 1)), 0.0)
    return np.asarray(healthy * np.sqrt(left))


def lumen(vessel: Vessel, narrowings: tuple[Narrowing, ...]) -> Mesh:
    """The closed lumen, as a scan would segment it."""
    return tube(vessel.name, path(vessel), radii(vessel, narrowings), sides=SIDES)


def shown(vessel: Vessel, narrowings: tuple[Narrowing, ...]) -> Mesh:
    """The vessel on the surface, with round ends and normals of its own."""
    way, size = path(vessel), SHOWN * radii(vessel, narrowings)
    size[-6:] *= np.array([0.98, 0.92, 0.82, 0.68, 0.5, 0.25])
    lift = np.full(len(way), SUNK)
    if vessel.parent is None:
        lift[:8] -= np.linspace(2.4, 0.0, 8)
    lifted = way + (lift * size)[:, None] * unit(gradient(anatomy.body, way))
    solid = tube(vessel.name, lifted, size, sides=SIDES)
    middle = np.vstack([np.repeat(lifted, SIDES, axis=0), lifted[[0, -1]]])
    ends = np.vstack([lifted[0] - lifted[1], lifted[-1] - lifted[-2]])
    outward = np.vstack([solid.vertices[:-2] - middle[:-2], ends])
    return Mesh(vessel.name, solid.vertices, solid.faces, unit(outward), np.ones_like(solid.vertices))


def sleeve(narrowing: Narrowing, narrowings: tuple[Narrowing, ...]) -> Mesh:
    """The stretch of a vessel where it is narrowed, a little wider than the vessel there, so that it can be marked."""
    vessel = named(narrowing.vessel)
    whole = shown(vessel, narrowings)
    assert whole.normals is not None
    rings = (len(whole.vertices) - 2) // SIDES
    off = np.abs(np.linspace(0.0, 1.0, rings) - narrowing.at) * rings
    middle = int(off.argmin())
    reach = max(2, round(0.3 * narrowing.length / (np.linalg.norm(np.diff(path(vessel), axis=0), axis=1).mean())))
    first, last = (middle - reach) * SIDES, (middle + reach + 1) * SIDES
    keep = ((whole.faces >= first) & (whole.faces < last)).all(axis=1)
    swollen = whole.vertices[first:last] + 0.35 * whole.normals[first:last]
    return Mesh("narrowing", swollen, whole.faces[keep] - first, whole.normals[first:last], np.ones_like(swollen))
