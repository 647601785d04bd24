"""The demo patient's scan: closed, named parts at the end of diastole and of systole, made from a hidden truth.

What a segmentation of a CT or MR scan would hand over: cavities, the wall of the left ventricle, valve rings and the
lumens of the coronaries. The truth goes in, and a scanner's error with it; what `examine` measures on the surfaces is
all that the twin may know.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, final

import numpy as np

import pollux as px
from pollux.worlds.heart import anatomy, coronaries
from pollux.worlds.heart.coronaries import LAD, Narrowing
from pollux.worlds.heart.lumen import Course, follow
from pollux.worlds.heart.mesh import MUSCLE, Mesh, signed_volume, volume, wall_mass
from pollux.worlds.heart.nets import skin
from pollux.worlds.heart.shapes import Field, Points, Values, beyond, carve, melt, unit
from pollux.worlds.heart.solids import joined, revolution


@final
@dataclass(frozen=True, slots=True)
class Truth:
    """What the hidden patient's heart is: volumes in ml at the end of diastole and systole, mass in g, narrowings.

    The left ventricle is the stable patient of the circulation model.
    """

    left: tuple[float, float] = (212.0, 149.5)
    right: tuple[float, float] = (176.0, 113.0)
    left_atrium: tuple[float, float] = (78.0, 112.0)
    right_atrium: tuple[float, float] = (70.0, 98.0)
    mass: float = 212.0
    narrowings: tuple[Narrowing, ...] = (Narrowing(LAD, 0.62, 0.30, 14.0),)


@final
@dataclass(frozen=True, slots=True)
class Scanner:
    """Relative standard deviations of what a segmentation gets wrong (our choice)."""

    volume: float = 0.04
    mass: float = 0.05
    narrowing: float = 0.05

    def sees(self, truth: Truth, rng: np.random.Generator) -> Truth:
        """The truth as this scanner hands it over."""

        def pair(volumes: tuple[float, float]) -> tuple[float, float]:
            first, second = volumes * np.exp(self.volume * rng.standard_normal(2))
            return float(first), float(second)

        return Truth(
            pair(truth.left),
            pair(truth.right),
            pair(truth.left_atrium),
            pair(truth.right_atrium),
            float(truth.mass * np.exp(self.mass * rng.standard_normal())),
            tuple(
                replace(n, share=float(np.clip(n.share + self.narrowing * rng.standard_normal(), 0.0, 0.95)))
                for n in truth.narrowings
            ),
        )


LOW: Final = (-90.0, -95.0, -85.0)
HIGH: Final = (100.0, 70.0, 80.0)
WALL: Final = 9.0
THIN: Final = 4.0
STEP: Final = 2.5
PHASES: Final = ("end of diastole", "end of systole")


def _above_valves(points: Points, sinks: float) -> Values:
    return beyond(points, anatomy.BASE + sinks * anatomy.AXIS, -anatomy.AXIS)


def left_cavity(points: Points) -> Values:
    """Inside the left ventricle, closed at the valves."""
    return -melt(-(anatomy.left_ventricle(points) + WALL), -_above_valves(points, 4.0), 8.0)


def left_outside(points: Points) -> Values:
    """The outside of the left ventricle, closed at the valves."""
    return -melt(-anatomy.left_ventricle(points), -_above_valves(points, -1.0), 6.0)


def right_cavity(points: Points) -> Values:
    """Inside the right ventricle: what its wall and the septum leave."""
    return carve(anatomy.right_ventricle(points) + THIN, anatomy.left_ventricle(points) - 1.0, 6.0)


def left_atrial_cavity(points: Points) -> Values:
    """Inside the left atrium."""
    return carve(anatomy.left_atrium(points) + 2.5, anatomy.left_ventricle(points) - 2.0, 4.0)


def right_atrial_cavity(points: Points) -> Values:
    """Inside the right atrium."""
    return carve(anatomy.right_atrium(points) + 2.5, anatomy.right_ventricle(points) - 2.0, 4.0)


CAVITIES: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "Left ventricular cavity": left_cavity,
        "Right ventricular cavity": right_cavity,
        "Left atrial cavity": left_atrial_cavity,
        "Right atrial cavity": right_atrial_cavity,
    }
)
RINGS: Final[Mapping[str, tuple[Points, Points, float]]] = MappingProxyType(
    {
        "Mitral valve": (anatomy.BASE, anatomy.AXIS, 17.0),
        "Tricuspid valve": (np.array([-30.0, -2.0, 8.0]), unit(np.array([0.72, -0.48, 0.50])), 19.0),
        "Aortic valve": (np.array([-3.0, 18.0, 7.0]), unit(np.array([-0.25, 0.92, 0.30])), 12.5),
        "Pulmonary valve": (np.array([16.0, 33.0, 26.0]), unit(np.array([0.10, 0.93, -0.35])), 12.5),
    }
)


def segmented(truth: Truth, *, step: float = STEP) -> tuple[Mesh, ...]:
    """All parts of the scan, in millimetres; those of two phases say which in their name."""
    volumes = dict(zip(CAVITIES, (truth.left, truth.right, truth.left_atrium, truth.right_atrium), strict=True))
    shapes = {name: skin(field, LOW, HIGH, step) for name, field in CAVITIES.items()}
    ejected = 1.0 - truth.left[1] / truth.left[0]
    parts = []
    for phase, at in zip(PHASES, (0, 1), strict=True):
        for name, shape in shapes.items():
            places = shape.vertices if at == 0 else squeezed(shape.vertices, ejected)
            parts.append(_sized(Mesh(f"{name}, {phase}", places, shape.faces), volumes[name][at]))
    parts.append(_wall(parts[0], truth.mass, step))
    parts += [ring(name) for name in RINGS]
    parts += [coronaries.lumen(vessel, truth.narrowings) for vessel in coronaries.VESSELS]
    return tuple(parts)


SHORTER: Final = 9.0
"""How far the valve plane of a healthy heart comes down in systole, mm, at an ejection fraction of 0.6."""


def squeezed(points: Points, ejected: float) -> Points:
    """Where points of the heart are at the end of systole: the base comes down, the ventricles narrow and wring a
    little.
    """
    away = points - anatomy.BASE
    along = away @ anatomy.AXIS
    across = away - along[:, None] * anatomy.AXIS
    strength = ejected / 0.6
    low, high = np.clip(1 - along / 95.0, 0.0, 1.0), np.exp(np.minimum(along, 0.0) / 30.0)
    down = SHORTER * strength * np.where(along > 0, low, high)
    inside = 1.0 / (1.0 + np.exp(-(along - 4.0) / 7.0))
    narrower, turn = 1.0 - 0.17 * strength * inside, 0.16 * strength * inside * along / 95.0
    wrung = np.cos(turn)[:, None] * across + np.sin(turn)[:, None] * np.cross(anatomy.AXIS, across)
    return np.asarray(anatomy.BASE + (along + down)[:, None] * anatomy.AXIS + narrower[:, None] * wrung)


def _sized(mesh: Mesh, millilitres: float) -> Mesh:
    """The same shape at exactly this volume, about its middle."""
    middle = mesh.vertices.mean(axis=0)
    factor = (millilitres / signed_volume(mesh)) ** (1 / 3)
    return replace(mesh, vertices=middle + factor * (mesh.vertices - middle))


def _wall(cavity: Mesh, mass: float, step: float) -> Mesh:
    """The muscle between the cavity and the outside, as one closed surface of two sheets."""
    outside = _sized(skin(left_outside, LOW, HIGH, step), signed_volume(cavity) + mass / MUSCLE)
    inside = Mesh("inside", cavity.vertices, cavity.faces[:, ::-1])
    return joined("Wall of the left ventricle", [outside, inside])


def ring(name: str) -> Mesh:
    """A valve's ring."""
    place, ahead, radius = RINGS[name]
    turn = np.linspace(0.0, 2 * np.pi, 17)
    profile = np.stack([1.6 * np.sin(turn), radius + 1.6 * np.cos(turn)], axis=1)
    return _torus(name, revolution(name, np.vstack([[0.0, 0.0], profile[:-1], [0.0, 0.0]]), place, ahead), 16, 32)


def _torus(name: str, lathe: Mesh, around: int, sides: int) -> Mesh:
    """The turned profile closed upon itself instead of at poles."""
    grid = np.arange(around * sides).reshape(around, sides)
    a, b = grid, np.roll(grid, -1, axis=1)
    c, d = np.roll(grid, -1, axis=0), np.roll(np.roll(grid, -1, axis=0), -1, axis=1)
    faces = np.vstack([np.stack([a, d, b], axis=-1).reshape(-1, 3), np.stack([a, c, d], axis=-1).reshape(-1, 3)])
    mesh = Mesh(name, lathe.vertices[: around * sides], faces.astype(np.int32))
    return mesh if signed_volume(mesh) > 0 else replace(mesh, faces=mesh.faces[:, ::-1])


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One number that the scan gives, with its unit and the part it was measured on."""

    name: str
    value: float
    unit: str
    part: str


PLAUSIBLE: Final = (15.0, 800.0)
"""Millilitres between which a cavity of an adult lies; beyond them the scan is in other units."""


def examine(parts: tuple[Mesh, ...]) -> tuple[Finding, ...]:
    """Volumes, ejection fractions, mass and narrowings, measured on the surfaces.

    Raises `DataRefused` for a part that is missing, open, inside out or of impossible size.
    """
    found = {part.name: part for part in parts}
    findings: list[Finding] = []
    for side in ("Left", "Right"):
        name = f"{side} ventricular cavity"
        full, empty = (_measured(found, f"{name}, {phase}", _cavity) for phase in PHASES)
        findings += [
            Finding(f"{side} ventricle, end-diastolic volume", full, "ml", f"{name}, {PHASES[0]}"),
            Finding(f"{side} ventricle, end-systolic volume", empty, "ml", f"{name}, {PHASES[1]}"),
            Finding(f"{side} ventricle, ejection fraction", 100 * (1 - empty / full), "%", name),
        ]
    wall = "Wall of the left ventricle"
    findings.append(Finding("Left ventricle, mass", _measured(found, wall, wall_mass), "g", wall))
    lumens = [follow(part) for part in parts if part.name in VESSEL_NAMES]
    return (*findings, *map(_narrowing, lumens))


VESSEL_NAMES: Final = frozenset(vessel.name for vessel in coronaries.VESSELS)


def _narrowing(course: Course) -> Finding:
    return Finding(f"{course.name}, narrowing", 100 * course.narrowing, "%", course.name)


def _cavity(mesh: Mesh) -> float:
    return volume(mesh, smallest=PLAUSIBLE[0], largest=PLAUSIBLE[1])


def _measured(parts: Mapping[str, Mesh], name: str, how: Callable[[Mesh], float]) -> float:
    if name not in parts:
        raise px.DataRefused(
            f"expected a part called {name!r}, got {sorted(parts)}",
            at="scan",
            hint="name the parts as the world does, or rename them",
        )
    return how(parts[name])
