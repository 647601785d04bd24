"""Heat: a solid that conducts, with what flows through its surface, becomes the matrices of its temperatures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import ModelError
from pollux.model.amounts import Amount, amount
from pollux.model.units import unit
from pollux.simulate.geometry.drawing import skin
from pollux.simulate.geometry.libraries import Sparse, library, one_thread
from pollux.simulate.geometry.loads import Point, metres
from pollux.simulate.geometry.material import Material
from pollux.simulate.geometry.solid import Solid
from pollux.simulate.geometry.space import Space
from pollux.simulate.geometry.system import Input, Nodal, Seen, System, View, orthonormal

WHOLE: Final = ""
"""The place of a source or of a mean that means the whole body."""


@final
@dataclass(frozen=True, slots=True)
class Convection:
    """An air or a liquid at a temperature in K, which is the input; `film` is the coefficient in W/m**2/K."""

    surface: str
    film: Amount


@final
@dataclass(frozen=True, slots=True)
class Flow:
    """A power in W into the body, spread evenly over a surface, or over the whole volume where none is named."""

    surface: str = WHOLE


@final
@dataclass(frozen=True, slots=True)
class Held:
    """A surface held at a temperature in K, which is the input.

    What a jump of it does to the capacity of the cells at the surface in the same instant is left out.
    """

    surface: str


Exchange: TypeAlias = Convection | Flow | Held


@final
@dataclass(frozen=True, slots=True)
class Temperature:
    """Kelvin: the mean over a surface by its name, over the whole body, or at the node nearest to a point."""

    at: str | Point = WHOLE


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Heat:
    r"""A solid that conducts: $\rho c\,\dot T = \nabla\cdot(k\nabla T) + q$.

    `exchanges` are its inputs by name; through a surface with none no heat passes. `outputs` are temperatures by name.
    `reference` is the temperature around which the body is described: the one it has at the start of a twin, and what
    airs and held surfaces have where nobody sets them. Constants do not depend on temperature; there is no radiation.

    Raises ModelError for unknown surfaces, points outside of the solid and constants that the material lacks.

    >>> from pollux.simulate.geometry.blocks import box
    >>> from pollux.simulate.geometry.reference import steady
    >>> wall = Heat(
    ...     solid=box(("0.1 m", "1 m", "1 m"), cells=(4, 1, 1)),
    ...     material=Material(density=2000, conductivity=1, heat_capacity=900),
    ...     exchanges={"room": Held("-x"), "outside": Convection("+x", film=10)},
    ...     outputs={"skin": Temperature("+x")},
    ... )
    >>> round(steady(wall.system, {"room": 300.0, "outside": 280.0})["skin"], 9)
    290.0
    """

    solid: Solid
    material: Material
    exchanges: Mapping[str, Exchange]
    outputs: Mapping[str, Temperature]
    reference: Amount = "293.15 K"

    @cached_property
    def system(self) -> System:
        """The matrices, assembled when they are first asked for."""
        return _Assembly(self).system()

    @cached_property
    def space(self) -> Space:
        """The quadratic temperature on the solid."""
        return Space(self.solid, 1)


@final
class _Assembly:
    """One pass from a body with heat to its matrices."""

    def __init__(self, heat: Heat) -> None:
        self._what = heat
        self._space = heat.space
        self._zero = amount(heat.reference, unit("K"))
        self._held = {name: one for name, one in heat.exchanges.items() if isinstance(one, Held)}
        unknowns = [self._space.held(one.surface) for one in self._held.values()]
        self._fixed: I64 = np.unique(np.concatenate([*unknowns, np.zeros(0, np.int64)]))
        self._kept: I64 = np.setdiff1d(np.arange(self._space.size), self._fixed)

    @one_thread
    def system(self) -> System:
        """All matrices, without the unknowns that are held; what these do comes in as loads."""
        kept, what = self._kept, self._what
        whole, capacity = self._conduction(), self._capacity()[kept][:, kept]
        given = self._given()
        loads = self._loads() - whole @ given
        rows = self._rows()
        stiffness = whole[kept][:, kept]
        is_closed = not any(isinstance(one, Convection | Held) for one in what.exchanges.values())
        free = orthonormal(np.ones((len(kept), 1 if is_closed else 0)), capacity)
        return System(
            kind="heat",
            mass=capacity,
            stiffness=stiffness,
            damping=(0.0, 0.0),
            loads=loads[kept],
            outputs=rows[:, kept],
            direct=rows @ given,
            free=free,
            inputs=tuple(self._input(name, one) for name, one in what.exchanges.items()),
            seen=tuple(Seen(name, "K", place, zero=self._zero) for place, name in enumerate(what.outputs)),
            view=self._view(given),
            interfaces={name: self._interface(name) for name in what.solid.surfaces},
            nodal=self._nodal(given),
        )

    def _input(self, name: str, one: Exchange) -> Input:
        return Input(name, "W") if isinstance(one, Flow) else Input(name, "K", self._zero)

    def _conduction(self) -> Sparse:
        k, dot = self._what.material.number("conductivity"), library("skfem.helpers").dot
        total = self._space.bilinear(lambda u, v, w: k * dot(u.grad, v.grad))
        for one in self._what.exchanges.values():
            if isinstance(one, Convection):
                film = _film(one)
                total = total + film * self._space.bilinear(lambda u, v, w: u * v, self._space.on(one.surface))
        return total.tocsr()

    def _capacity(self) -> Sparse:
        material = self._what.material
        stored = material.number("density") * material.number("heat_capacity")
        return self._space.bilinear(lambda u, v, w: stored * u * v)

    def _given(self) -> F64:
        """The temperatures of held unknowns per kelvin of each input; where two surfaces meet, the later one has it."""
        given = np.zeros((self._space.size, len(self._what.exchanges)))
        for column, one in enumerate(self._what.exchanges.values()):
            if isinstance(one, Held):
                unknowns = self._space.held(one.surface)
                given[unknowns] = 0.0
                given[unknowns, column] = 1.0
        return given

    def _loads(self) -> F64:
        loads = np.zeros((self._space.size, len(self._what.exchanges)))
        for column, one in enumerate(self._what.exchanges.values()):
            if isinstance(one, Convection):
                loads[:, column] = _film(one) * self._what.solid.area(one.surface) * self._mean(one.surface)
            elif isinstance(one, Flow):
                loads[:, column] = self._mean(one.surface)
        return loads

    def _mean(self, surface: str) -> F64:
        """The mean of the temperature over a surface or the volume; as a load, one watt spread over it."""
        space, solid = self._space, self._what.solid
        if surface == WHOLE:
            return space.linear(lambda v, w: v / solid.volume)
        return space.linear(lambda v, w: v / solid.area(surface), space.on(surface))

    def _rows(self) -> F64:
        rows = np.zeros((len(self._what.outputs), self._space.size))
        for place, one in enumerate(self._what.outputs.values()):
            if isinstance(one.at, str):
                rows[place] = self._mean(one.at)
            else:
                rows[place, self._space.places[0, self._space.nearest(metres(one.at))]] = 1.0
        if not len(rows):
            raise ModelError("expected outputs of the body, got none", at="Heat", hint="Temperature(...)")
        return rows

    def _view(self, given: F64) -> View:
        drawn = skin(self._space)
        spread = library("scipy.sparse").identity(self._space.size, format="csr")[self._space.places[0, drawn.nodes]]
        return View(drawn.points, drawn.triangles, spread[:, self._kept], spread @ given)

    def _nodal(self, given: F64) -> Nodal:
        everywhere = library("scipy.sparse").identity(self._space.size, format="csr")[self._space.places[0]]
        return Nodal(self._what.solid.digest, everywhere[:, self._kept], everywhere @ given)

    def _interface(self, name: str) -> I64:
        found: I64 = np.flatnonzero(np.isin(self._kept, self._space.held(name)))
        return found


def _film(one: Convection) -> float:
    film = amount(one.film, unit("W/m**2/K"))
    if not film > 0.0:
        raise ModelError(f"expected a film coefficient above zero, got {film} W/m**2/K", at=f"surface {one.surface!r}")
    return film
