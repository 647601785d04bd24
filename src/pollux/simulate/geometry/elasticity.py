"""Linear elasticity: a solid, held and loaded, becomes the matrices of a structure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import ModelError
from pollux.simulate.geometry.drawing import skin
from pollux.simulate.geometry.hotspots import spots
from pollux.simulate.geometry.libraries import Sparse, library, one_thread
from pollux.simulate.geometry.loading import acting, mean_over
from pollux.simulate.geometry.loads import (
    Displacement,
    Load,
    Output,
    PeakStress,
    Rayleigh,
    along,
    components,
    metres,
)
from pollux.simulate.geometry.material import Material
from pollux.simulate.geometry.mises import COMPONENTS
from pollux.simulate.geometry.solid import Solid
from pollux.simulate.geometry.space import Space
from pollux.simulate.geometry.statics import at_rest, left_free, rigid_motions
from pollux.simulate.geometry.stress import corner_stress
from pollux.simulate.geometry.system import Seen, System, View, orthonormal


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Structure:
    r"""A solid that bends: $\rho\ddot u = \nabla\cdot\sigma + f$ with $\sigma = C:(\varepsilon - \alpha\Delta T)$.

    `supports` says which components of displacement a surface holds at zero, `{"-x": "xyz"}`; without any the body is
    free to fly. `loads` are its inputs by name, `outputs` what is seen. Small strains and small rotations, one
    isotropic material; contact, plasticity and large displacement are not in it.

    Raises ModelError for unknown surfaces, points outside of the solid and constants that the material lacks.

    >>> from pollux.simulate.geometry.blocks import box
    >>> from pollux.simulate.geometry.loads import Force
    >>> from pollux.simulate.geometry.reference import steady
    >>> steel = Material(density=7850, youngs_modulus="210 GPa", poissons_ratio=0.3)
    >>> arm = Structure(
    ...     solid=box(("1 m", "50 mm", "50 mm"), cells=(8, 1, 1)),
    ...     material=steel,
    ...     supports={"-x": "xyz"},
    ...     loads={"force": Force("+x", "-z")},
    ...     outputs={"tip": Displacement("+x", "-z")},
    ... )
    >>> arm.system.size, round(1e3 * steady(arm.system, {"force": 1000.0})["tip"], 2)
    (432, 3.01)
    """

    solid: Solid
    material: Material
    supports: Mapping[str, str]
    loads: Mapping[str, Load]
    outputs: Mapping[str, Output]
    damping: Rayleigh = field(default_factory=Rayleigh)

    @cached_property
    def system(self) -> System:
        """The matrices, assembled when they are first asked for."""
        return _Assembly(self).system()

    @cached_property
    def space(self) -> Space:
        """The quadratic displacement on the solid."""
        return Space(self.solid, 3)


@final
class _Assembly:
    """One pass from a structure to its matrices."""

    def __init__(self, structure: Structure) -> None:
        self._what = structure
        self._space = structure.space
        self._helpers = library("skfem.helpers")
        held = [self._space.held(name, components(axes, name)) for name, axes in structure.supports.items()]
        self._held: I64 = np.unique(np.concatenate([*held, np.zeros(0, np.int64)]))
        self._kept: I64 = np.setdiff1d(np.arange(self._space.size), self._held)
        self._acting = [
            one for name, load in structure.loads.items() for one in acting(self._space, structure.material, name, load)
        ]
        self._at_once = _columns([one.stress for one in self._acting], COMPONENTS * len(structure.solid.points))

    @one_thread
    def system(self) -> System:
        """All matrices, without the unknowns that are held."""
        kept, what = self._kept, self._what
        stiffness, mass = (one[kept][:, kept] for one in (self._stiffness(), self._mass()))
        loads = _columns([one.load[kept] for one in self._acting], len(kept))
        motions = left_free(rigid_motions(self._space.nodes, self._space.places), self._held)[kept]
        free = orthonormal(motions, mass)
        stress = corner_stress(self._space, what.material)[:, kept]
        peaks = stress @ at_rest(stiffness, mass, free)(loads) + self._at_once
        rows, direct, seen = self._outputs(stress, peaks)
        return System(
            kind="structure",
            mass=mass,
            stiffness=stiffness,
            damping=(what.damping.mass, what.damping.stiffness),
            loads=loads,
            outputs=rows,
            direct=direct,
            free=free,
            inputs=tuple(one.input for one in self._acting),
            seen=seen,
            view=self._view(stress),
            interfaces={name: self._interface(name) for name in what.solid.surfaces},
        )

    def _stiffness(self) -> Sparse:
        lam, mu = self._what.material.lame
        help_ = self._helpers

        def form(u: Any, v: Any, w: Any) -> Any:
            strain = help_.sym_grad(u)
            return lam * help_.div(u) * help_.div(v) + 2.0 * mu * help_.ddot(strain, help_.sym_grad(v))

        return self._space.bilinear(form)

    def _mass(self) -> Sparse:
        density, dot = self._what.material.number("density"), self._helpers.dot
        return self._space.bilinear(lambda u, v, w: density * dot(u, v))

    def _outputs(self, stress: Sparse, peaks: F64) -> tuple[F64, F64, tuple[Seen, ...]]:
        rows: list[F64] = []
        direct: list[F64] = []
        seen: list[Seen] = []
        for name, one in self._what.outputs.items():
            if isinstance(one, Displacement):
                own, at_once = self._displacement(one)[None], np.zeros((1, len(self._acting)))
            else:
                own, at_once = self._stresses(one, stress, peaks)
            unit = "m" if isinstance(one, Displacement) else "Pa"
            seen.append(Seen(name, unit, sum(map(len, rows)), len(own)))
            rows.append(own)
            direct.append(at_once)
        if not rows:
            raise ModelError("expected outputs of the structure, got none", at="Structure", hint="Displacement(...)")
        return np.concatenate(rows), np.concatenate(direct), tuple(seen)

    def _displacement(self, one: Displacement) -> F64:
        way = along(one.direction)
        if isinstance(one.at, str):
            return mean_over(self._space, one.at, way)[self._kept]
        row = np.zeros(self._space.size)
        row[self._space.places[:, self._space.nearest(metres(one.at))]] = way
        return row[self._kept]

    def _stresses(self, one: Output, stress: Sparse, peaks: F64) -> tuple[F64, F64]:
        if isinstance(one, PeakStress):
            corners = spots(self._what.solid, peaks, one.spots)
        else:
            assert not isinstance(one, Displacement)
            corners = [self._space.nearest(metres(one.at), corner=True)]
        rows = np.concatenate([COMPONENTS * corner + np.arange(COMPONENTS) for corner in corners])
        found: F64 = stress[rows].toarray()
        return found, self._at_once[rows]

    def _view(self, stress: Sparse) -> View:
        drawn, sparse = skin(self._space), library("scipy.sparse")
        rows = self._space.places[:, drawn.nodes].T.ravel()
        field_ = sparse.identity(self._space.size, format="csr")[rows][:, self._kept]
        means = sparse.kron(drawn.corners, sparse.identity(COMPONENTS), format="csr")
        many = len(drawn.points)
        return View(
            drawn.points,
            drawn.triangles,
            field_,
            np.zeros((3 * many, len(self._acting))),
            means @ stress,
            means @ self._at_once,
        )

    def _interface(self, name: str) -> I64:
        found: I64 = np.flatnonzero(np.isin(self._kept, self._space.held(name, (0, 1, 2))))
        return found


def _columns(columns: list[F64], length: int) -> F64:
    """Columns side by side, none of them among it."""
    return np.stack(columns, axis=1) if columns else np.zeros((length, 0))
