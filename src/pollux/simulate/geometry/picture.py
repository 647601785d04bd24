"""What a reduced body looks like: from its states to the moved and coloured surface of the 3D view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64
from pollux.simulate.geometry.form import Form
from pollux.simulate.geometry.mises import COMPONENTS, von_mises

F32: TypeAlias = NDArray[np.float32]
U32: TypeAlias = NDArray[np.uint32]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A surface at a moment: `points` (points, 3) where they lie at rest, in metres, and `triangles` between them.

    `displacement` (points, 3) is in metres, zero for heat; `colour` (points,) is von Mises' stress in Pa for a
    structure, the temperature in K for heat.
    """

    points: F32
    triangles: U32
    displacement: F32
    colour: F32


@final
@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Operators from modes and inputs to the surface, as they are sent to a page once.

    `field` (3 * points, modes) for displacement or (points, modes) for temperature and `field_of_inputs` (..., inputs);
    `stress` and `stress_of_inputs` (6 * points, ...) are empty for heat.
    """

    points: F32
    triangles: U32
    field: F32
    field_of_inputs: F32
    stress: F32
    stress_of_inputs: F32

    def surface(self, form: Form, values: Mapping[str, float]) -> Surface:
        """The surface for states, inputs and parameters by their names in a part; what is not given is at rest."""
        modes: F64 = np.array([values.get(name, 0.0) for name in form.states[: form.modes]])
        acting: F64 = np.array([values.get(one.name, one.zero) - one.zero for one in form.inputs])
        if not form.is_structure:
            zero = form.seen[0].zero
            warm = zero + self.field @ modes + self.field_of_inputs @ acting
            return Surface(self.points, self.triangles, np.zeros_like(self.points), warm.astype(np.float32))
        stiffness = values.get("stiffness", 1.0)
        elastic = np.array([one.elastic for one in form.inputs], np.bool_)
        moved = self.field @ modes + self.field_of_inputs @ np.where(elastic, acting, acting / stiffness)
        stress = stiffness * (self.stress @ modes) + self.stress_of_inputs @ np.where(
            elastic, stiffness * acting, acting
        )
        return Surface(
            self.points,
            self.triangles,
            moved.reshape(-1, 3).astype(np.float32),
            von_mises(_components(stress)).astype(np.float32),
        )


def _components(stress: NDArray[Any]) -> F64:
    return stress.astype(np.float64).reshape(-1, COMPONENTS).T
