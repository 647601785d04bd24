"""The modal form of a reduced body: equations that know nothing of each other, and what is seen of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64
from pollux.simulate.geometry.libraries import library
from pollux.simulate.geometry.modes import hertz
from pollux.simulate.geometry.system import Input, Kind, Seen, System


@final
@dataclass(frozen=True, slots=True, eq=False)
class Form:
    r"""One equation per mode; $w$ are the inputs less the numbers at which nothing happens.

    $$\ddot q_i + d_i\dot q_i + \lambda_i q_i = b_i w \quad\text{(structure)}, \qquad
    \dot q_i + \lambda_i q_i = b_i w \quad\text{(heat)}, \qquad y = C q + D w$$

    `values` are $\lambda$ (1/s**2; in heat 1/s), `drive` is b (modes, inputs), `outputs` C (rows, modes), `direct` D
    (rows, inputs). `masses` are what a mode weighs, in kg or J/K, `uniform` is q where the whole body is one kelvin
    warmer.
    """

    kind: Kind
    values: F64
    damping: tuple[float, float]
    masses: F64
    uniform: F64
    drive: F64
    outputs: F64
    direct: F64
    inputs: tuple[Input, ...]
    seen: tuple[Seen, ...]

    @property
    def modes(self) -> int:
        """How many modes there are."""
        return len(self.values)

    @property
    def is_structure(self) -> bool:
        """Whether modes have speeds."""
        return self.kind == "structure"

    @property
    def frequencies(self) -> F64:
        """The natural frequencies in Hz; in heat those from which on the mode follows less and less."""
        return hertz(self.values, 2 if self.is_structure else 1)

    @property
    def drag(self) -> F64:
        r"""The damping $d_i = \alpha + \beta\lambda_i$ of each mode in 1/s; in heat there is none."""
        alpha, beta = self.damping
        return alpha + beta * self.values if self.is_structure else np.zeros(self.modes)

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states in a part: `mode1`, `mode2`, ... and in a structure `speed1`, `speed2`, ..."""
        numbers = range(1, self.modes + 1)
        speeds = [f"speed{number}" for number in numbers] if self.is_structure else []
        return (*(f"mode{number}" for number in numbers), *speeds)

    def energy(self, states: Sequence[float] | F64) -> float:
        r"""Joules in a structure, $\sum_i \tfrac12 m_i(\dot q_i^2 + \lambda_i q_i^2)$, for states in their order."""
        amounts, speeds = np.split(np.asarray(states, np.float64), 2)
        return float(0.5 * (self.masses * (speeds**2 + self.values * amounts**2)).sum())

    def system(self, like: System) -> System:
        """The same equations as matrices, to be solved as the full ones are; the view is that of the full system."""
        sparse = library("scipy.sparse")
        return System(
            self.kind,
            sparse.identity(self.modes, format="csr"),
            sparse.diags(self.values, format="csr"),
            self.damping,
            self.drive,
            self.outputs,
            self.direct,
            np.eye(self.modes)[:, self.values == 0.0],
            self.inputs,
            self.seen,
            like.view,
            {},
        )
