"""Small bodies that textbooks know the answer for."""

import numpy as np

from pollux.simulate.geometry import (
    Convection,
    Displacement,
    Flow,
    Force,
    Heat,
    Held,
    Material,
    PeakStress,
    Pressure,
    Rayleigh,
    Solid,
    Stress,
    Structure,
    Temperature,
    Warming,
    box,
)

STEEL = Material(
    density="7850 kg/m**3",
    youngs_modulus="210 GPa",
    poissons_ratio=0.3,
    expansion="12e-6 1/K",
    conductivity="50 W/m/K",
    heat_capacity="460 J/kg/K",
)

# A beam without Poisson's ratio is the beam of the books: nothing at the root holds it back across.
PLAIN = Material(density=7850, youngs_modulus="210 GPa")

LENGTH, WIDTH, HEIGHT = 1.0, 0.03, 0.02


def beam(material: Material = PLAIN, *, cells: int = 10, damping: Rayleigh | None = None) -> Structure:
    """A cantilever held at x = 0, pushed down at its end."""
    return Structure(
        solid=box((LENGTH, WIDTH, HEIGHT), cells=(cells, 1, 1)),
        material=material,
        supports={"-x": "xyz"},
        loads={"force": Force("+x", "-z")},
        outputs={"tip": Displacement("+x", "-z"), "root": Stress((0.5 * LENGTH, 0.5 * WIDTH, HEIGHT))},
        damping=damping or Rayleigh(),
    )


def plate(cells: int = 8) -> Structure:
    """A square plate of one metre, simply supported on its four edges, under a pressure from above."""
    return Structure(
        solid=box((1, 1, 0.01), cells=(cells, cells, 1)),
        material=STEEL,
        supports={"-x": "yz", "+x": "yz", "-y": "xz", "+y": "xz"},
        loads={"pressure": Pressure("+z")},
        outputs={"middle": Displacement((0.5, 0.5, 0.005), "-z")},
    )


def bar() -> Structure:
    """A bar on three smooth planes, which may expand freely."""
    return Structure(
        solid=box((0.5, 0.1, 0.1), cells=(3, 1, 1)),
        material=STEEL,
        supports={"-x": "x", "-y": "y", "-z": "z"},
        loads={"warming": Warming(), "pull": Force("+x", "+x")},
        outputs={"end": Displacement("+x", "+x"), "stress": Stress((0.25, 0.1, 0.1)), "peak": PeakStress(2)},
    )


SLAB, CONDUCTIVITY, STORED = 0.1, 2.0, 2.0e6
"""Thickness (m), conductivity (W/m/K) and heat capacity by volume (J/m**3/K) of the slab."""


def slab(cells: int = 10) -> Heat:
    """A slab of which both faces are held at temperatures."""
    return Heat(
        solid=box((SLAB, 0.1, 0.1), cells=(cells, 1, 1)),
        material=Material(density=2000, conductivity=CONDUCTIVITY, heat_capacity=STORED / 2000),
        exchanges={"left": Held("-x"), "right": Held("+x")},
        outputs={"middle": Temperature((SLAB / 2, 0.05, 0.05)), "mean": Temperature()},
        reference=300,
    )


def wall() -> Heat:
    """A wall between a room and the weather, with a heater on the inside."""
    return Heat(
        solid=box((0.2, 1, 1), cells=(6, 1, 1)),
        material=Material(density=1800, conductivity=0.8, heat_capacity=900),
        exchanges={"room": Convection("-x", film=8), "weather": Convection("+x", film=25), "heater": Flow("-x")},
        outputs={"inside": Temperature("-x"), "outside": Temperature("+x"), "mean": Temperature()},
        reference=293.15,
    )


def closed(cells: tuple[int, int, int] = (4, 2, 2)) -> Heat:
    """A block from which no heat can go."""
    return Heat(
        solid=box((0.2, 0.1, 0.1), cells=cells),
        material=STEEL,
        exchanges={"heater": Flow("-x")},
        outputs={"mean": Temperature(), "far": Temperature("+x")},
        reference=300,
    )


def distorted(size: tuple[float, float, float] = (1.0, 0.8, 0.6)) -> Solid:
    """A box whose inner corners are shifted, so that no two cells are alike."""
    straight = box(size, cells=(3, 3, 3))
    low, high = straight.extent
    inner = np.all((straight.points > low + 1e-9) & (straight.points < high - 1e-9), axis=1, keepdims=True)
    shift = 0.15 * np.min(np.array(size) / 3) * np.random.default_rng(3).uniform(-1, 1, straight.points.shape)
    return Solid(straight.points + inner * shift, straight.cells, straight.surfaces)
