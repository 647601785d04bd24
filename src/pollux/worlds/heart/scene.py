"""The heart to look at: one smooth surface cut into named parts, vessels one can look into, and places to point at.

The parts carry normals and a tint near white (fat in the grooves, the grain of flesh), so that a page may colour a
part by a value and it still looks like flesh; the tone of each kind of tissue, and its light, are the page's. Names
are data: `PARTS` says what each is, `places` where its labels point.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, final

import numpy as np

from pollux.worlds.heart import anatomy, coronaries, glb
from pollux.worlds.heart.coronaries import LAD, LCX, RCA, Narrowing
from pollux.worlds.heart.mesh import Mesh
from pollux.worlds.heart.nets import skin
from pollux.worlds.heart.patches import Sheet, cut, patches
from pollux.worlds.heart.shapes import Points, Values, beyond, chain, drawn, unit
from pollux.worlds.heart.solids import joined, revolution, with_normals

LOW: Final = (-85.0, -95.0, -92.0)
HIGH: Final = (100.0, 142.0, 85.0)
STEP: Final = 2.8
FAT: Final = np.array([1.0, 0.95, 0.72])
FAT_WIDTH: Final = 6.0
FLESH: Final = 0.93
TALL: Final = 2.0 / 215.0
"""Units of the page's scene per millimetre: the heart is about two units tall."""
MIDDLE: Final = np.array([2.0, 24.0, -8.0])
"""The point of the heart (mm) that stands at the scene's origin."""


@final
@dataclass(frozen=True, slots=True)
class Piece:
    """What a part is: its kind of tissue and its name for people."""

    kind: str
    label: str


PARTS: Final[Mapping[str, Piece]] = MappingProxyType(
    {
        "lv": Piece("muscle", "Left ventricle"),
        "rv": Piece("muscle", "Right ventricle"),
        "la": Piece("muscle", "Left atrium"),
        "ra": Piece("muscle", "Right atrium"),
        "aorta": Piece("artery", "Aorta"),
        "pulmonary_trunk": Piece("pulmonary", "Pulmonary artery"),
        "caval_veins": Piece("vein", "Venae cavae"),
        "pulmonary_veins": Piece("artery", "Pulmonary veins"),
        "lad": Piece("coronary", "Left anterior artery"),
        "lcx": Piece("coronary", "Circumflex artery"),
        "rca": Piece("coronary", "Right coronary artery"),
        "lad_narrowing": Piece("narrowing", "Narrowing"),
    }
)
TREES: Final = MappingProxyType({"lad": LAD, "lcx": LCX, "rca": RCA})


def heart(narrowings: tuple[Narrowing, ...], *, step: float = STEP) -> tuple[Mesh, ...]:
    """The parts on show in millimetres, `step` mm fine, in the order of `PARTS`."""
    sheet = _opened(_tinted(skin(anatomy.body, LOW, HIGH, step)))
    first = sheet.rows.shape[1] - len(anatomy.REGIONS)
    regions = patches(sheet, range(first, sheet.rows.shape[1]))
    meshes = {name: _as_mesh(name, patch) for name, patch in zip(anatomy.REGIONS, regions, strict=True)}
    for name, cuffs in _cuffs().items():
        meshes[name] = joined(name, [meshes[name], *cuffs])
    meshes |= _arteries(narrowings)
    return tuple(meshes[name] for name in PARTS if name in meshes)


def file(narrowings: tuple[Narrowing, ...], *, step: float = STEP) -> bytes:
    """The scene as binary glTF: about two units tall, upright, facing +z, with its places as empty nodes."""
    parts = [replace(mesh, vertices=_placed(mesh.vertices)) for mesh in heart(narrowings, step=step)]
    where = {name: _placed(point) for name, point in places(narrowings).items()}
    return glb.written(parts, places=where, scale=1.0)


def _placed(points: Points) -> Points:
    return np.asarray(TALL * (points - MIDDLE))


def _tinted(surface: Mesh) -> Sheet:
    """Rows of place, normal, tint, and the distance to each region."""
    assert surface.normals is not None
    distance = np.stack([region(surface.vertices) for region in anatomy.REGIONS.values()], axis=1)
    tint = _grain(surface.vertices)[:, None] * _fat(distance)
    return Sheet(np.hstack([surface.vertices, surface.normals, tint, distance]), surface.faces.astype(np.int64))


def _fat(distance: Points) -> Points:
    """Fat fills the grooves between the four chambers."""
    nearest = np.sort(distance[:, :4], axis=1)
    amount = np.exp(-(((nearest[:, 1] - nearest[:, 0]) / FAT_WIDTH) ** 2)) * (nearest[:, 0] < 6.0)
    return 1.0 + amount[:, None] * (FAT - 1.0)


def _grain(points: Points) -> Values:
    """Flesh is never one tone: waves of a few centimetres, a few per cent."""
    x, y, z = points.T
    slow = np.sin(x / 17 + 1.3 * np.sin(y / 23)) * np.sin(z / 19 + 1.1 * np.sin(x / 29))
    fine = np.sin(y / 5.1 + 2.0 * np.sin(x / 7.3)) * np.sin(x / 4.7 + 1.7 * np.sin(z / 6.1))
    return np.asarray(FLESH + 0.045 * slow + 0.02 * fine)


def _opened(sheet: Sheet) -> Sheet:
    """The surface without the round end of each vessel, beyond the place where it is cut."""
    for path in anatomy.OPEN_ENDS:
        end, ahead = _end(path)
        points = sheet.rows[:, :3]
        gone = np.minimum(beyond(points, end[:3], ahead), 1.5 - chain(points, path))
        sheet, _ = cut(sheet, gone)
    return sheet


def _end(path: Points) -> tuple[Points, Points]:
    return path[-1], unit(path[-1, :3] - path[-2, :3])


CUFF: Final = ((-2.4, 0.94), (-0.9, 1.014), (-0.1, 1.015), (0.35, 0.985), (0.5, 0.93), (0.35, 0.88), (-0.4, 0.85))
"""The lip of a cut vessel: millimetres beyond the cut, share of the radius."""
DEEP: Final = (-0.35, -0.8, -1.3, -1.8)
"""How far one looks in, in radii."""
DARKER: Final = (0.62, 0.34, 0.16, 0.07, 0.04)
WARM: Final = np.array([1.0, 0.62, 0.58])


def _cuffs() -> dict[str, list[Mesh]]:
    cuffs: dict[str, list[Mesh]] = {}
    for path in anatomy.OPEN_ENDS:
        end, ahead = _end(path)
        inside = end[None, :3] - ahead * end[3]
        depths = {name: float(region(inside)[0]) for name, region in anatomy.REGIONS.items()}
        owner = min(depths, key=lambda name: depths[name])
        cuffs.setdefault(owner, []).append(_cuff(owner, end, ahead))
    return cuffs


def _cuff(name: str, end: Points, ahead: Points) -> Mesh:
    """A rounded lip, a wall going in, and darkness at its bottom."""
    lip = [(along, share * end[3]) for along, share in CUFF]
    inside = [(share * end[3], 0.85 * end[3]) for share in DEEP]
    profile = [(lip[0][0], 0.0), *lip, *inside, (DEEP[-1] * end[3], 0.0)]
    solid = revolution(name, profile, end[:3], ahead)
    solid = with_normals(_without(solid, len(solid.vertices) - 2))
    bright = [FLESH] * (len(lip) - 1) + list(DARKER)
    light = np.append(np.repeat(bright, (len(solid.vertices) - 1) // len(bright)), 0.03)
    return replace(solid, colours=light[:, None] * np.where(light[:, None] < 0.7, WARM, 1.0))


def _without(mesh: Mesh, vertex: int) -> Mesh:
    """The mesh without one vertex and the triangles around it."""
    faces = mesh.faces[(mesh.faces != vertex).all(axis=1)]
    return replace(mesh, vertices=np.delete(mesh.vertices, vertex, axis=0), faces=faces - (faces > vertex))


def _as_mesh(name: str, sheet: Sheet) -> Mesh:
    rows = sheet.rows
    return Mesh(name, rows[:, :3], sheet.faces.astype(np.int32), normals=unit(rows[:, 3:6]), colours=rows[:, 6:9])


def _arteries(narrowings: tuple[Narrowing, ...]) -> dict[str, Mesh]:
    """The three coronary trees, and a sleeve where one is narrowed."""
    trees = {
        name: joined(name, [coronaries.shown(vessel, narrowings) for vessel in coronaries.tree(trunk)])
        for name, trunk in TREES.items()
    }
    sleeves = [coronaries.sleeve(narrowing, narrowings) for narrowing in narrowings]
    return trees | ({"lad_narrowing": joined("lad_narrowing", sleeves)} if sleeves else {})


def places(narrowings: tuple[Narrowing, ...]) -> dict[str, Points]:
    """Points on the surface at which labels end, and points inside the chambers around which they beat, mm."""
    anterior, septal = anatomy.ANTERIOR, anatomy.SEPTAL
    sides = {
        "at_anterior": (54.0, anterior + 0.5 * septal),
        "at_lateral": (56.0, anterior - 0.7 * septal),
        "at_inferior": (44.0, -anterior - 0.5 * septal),
    }
    guesses = {name: anatomy.BASE + along * anatomy.AXIS + 40.0 * unit(side) for name, (along, side) in sides.items()}
    guesses["at_apex"] = anatomy.BASE + 110.0 * anatomy.AXIS
    guesses |= {
        "at_rv": np.array([-18.0, -30.0, 52.0]),
        "at_ra": np.array([-68.0, 14.0, 12.0]),
        "at_la": np.array([8.0, 28.0, -66.0]),
    }
    found = {name: drawn(anatomy.body, guess[None], 6, 6.0)[0] for name, guess in guesses.items()}
    for narrowing in narrowings:
        way = coronaries.path(coronaries.named(narrowing.vessel))
        found["at_stenosis"] = way[round(narrowing.at * (len(way) - 1))]
    inside = {"in_lv": anatomy.BASE + 44.0 * anatomy.AXIS, "in_rv": np.array([0.0, -30.0, 26.0])}
    inside |= {"in_la": np.array(anatomy.LEFT_ATRIUM[0]), "in_ra": np.array(anatomy.RIGHT_ATRIUM[0])}
    return found | inside
