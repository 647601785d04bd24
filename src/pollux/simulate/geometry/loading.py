"""What loads do to the unknowns of a structure: a column of numbers for each input, and stress where nothing moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import ModelError
from pollux.simulate.geometry.libraries import Sparse, library
from pollux.simulate.geometry.loads import Acceleration, Force, Load, Pressure, Warmed, Warming, along
from pollux.simulate.geometry.material import Material
from pollux.simulate.geometry.mises import COMPONENTS
from pollux.simulate.geometry.space import Space
from pollux.simulate.geometry.stress import thermal_stress
from pollux.simulate.geometry.system import Input


@final
@dataclass(frozen=True, slots=True, eq=False)
class Acting:
    """An input, its load (unknowns,) per unit, and the stress (6 * corners,) that it makes before anything moves."""

    input: Input
    load: F64
    stress: F64


def acting(space: Space, material: Material, name: str, load: Load) -> Iterator[Acting]:
    """The inputs that a load is made of: one, but for a warm body as many as it has modes and inputs."""
    none = np.zeros(COMPONENTS * len(space.solid.points))
    match load:
        case Force():
            yield Acting(Input(name, "N"), mean_over(space, load.surface, along(load.direction)), none)
        case Pressure():
            yield Acting(Input(name, "Pa"), _pressed(space, load.surface), none)
        case Acceleration():
            yield Acting(Input(name, "m/s**2"), _weight(space, material, load), none)
        case Warming():
            warm = np.ones(len(space.nodes))
            yield _warm(space, material, Input(name, "K", elastic=True), _expansion(space, material), warm)
        case Warmed():
            yield from _warmed(space, material, name, load)


def mean_over(space: Space, surface: str, way: F64) -> F64:
    """The mean of a component of displacement over a surface; as a load, one newton spread over it."""
    area = space.solid.area(surface)
    return space.linear(lambda v, w: sum(way[i] * v[i] for i in range(3)) / area, space.on(surface))


def _pressed(space: Space, surface: str) -> F64:
    dot = library("skfem.helpers").dot
    return space.linear(lambda v, w: -dot(w.n, v), space.on(surface))


def _weight(space: Space, material: Material, load: Acceleration) -> F64:
    density, way = material.number("density"), along(load.direction)
    return space.linear(lambda v, w: density * sum(way[i] * v[i] for i in range(3)))


def _warmed(space: Space, material: Material, name: str, load: Warmed) -> Iterator[Acting]:
    warmth = load.by.warmth
    if warmth is None or warmth.solid != space.solid.digest:
        what = "a structure" if warmth is None else "heat in another solid, or in one with other surfaces"
        raise ModelError(f"expected a reduced body with heat in the same solid, got {what}", at=name)
    push = _expansion(space, material)
    for column, one in enumerate(warmth.inputs(name)):
        yield _warm(space, material, one, push, warmth.fields[:, column])


def _expansion(space: Space, material: Material) -> Sparse:
    r"""The loads (unknowns, nodes) of temperatures: $\int (3\lambda + 2\mu)\alpha\,T\,\nabla\cdot v$."""
    push, div = -float(thermal_stress(material)[0]), library("skfem.helpers").div
    scalar = Space(space.solid, 1)

    def form(t: Any, v: Any, w: Any) -> Any:
        return push * t * div(v)

    matrix = library("skfem").BilinearForm(form).assemble(scalar.inside, space.inside)
    return matrix.tocsr()[:, scalar.places[0]]


def _warm(space: Space, material: Material, of: Input, push: Sparse, field: F64) -> Acting:
    corners = field[: len(space.solid.points)]
    return Acting(of, push @ field, np.outer(corners, thermal_stress(material)).ravel())
