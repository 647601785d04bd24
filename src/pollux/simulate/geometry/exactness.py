"""How far a reduced model is from the full one: computed afterwards, with both, and kept with the result.

At rest a reduced model is exact by construction. In between, both are shaken at frequencies of a band, and both are
run through the jump of each input; what counts is the greatest difference over the greatest response, for each output
and the input at which it is worst. The energy is that of the difference of the whole fields, $e^T K e$.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, Mask
from pollux.simulate.geometry.reference import response, steps
from pollux.simulate.geometry.statics import at_rest
from pollux.simulate.geometry.system import System

FREQUENCIES: Final = 24
STEPS: Final = 200

UNCOUPLED: Final = 1e-6
"""An output that an input moves by less than this part of what it could has nothing to do with it."""


@final
@dataclass(frozen=True, slots=True)
class ReductionError:
    """Relative errors of a reduced model by output and input: 0.01 is one in a hundred of the greatest response.

    `response` is over `band` (Hz), `step` through `span` seconds after a jump of the input; pairs that have nothing to
    do with each other are left out. `energy` is, by input, the root of the energy of the difference over that of the
    field. `left_out` is the part of the snapshots, squared, that the shapes cannot show, where there were any.
    """

    band: tuple[float, float]
    span: float
    response: Mapping[str, Mapping[str, float]]
    step: Mapping[str, Mapping[str, float]]
    energy: Mapping[str, float]
    left_out: float | None = None

    @property
    def worst(self) -> float:
        """The greatest error of an output."""
        both = (*self.response.values(), *self.step.values())
        return max((error for one in both for error in one.values()), default=0.0)

    def __str__(self) -> str:
        low, high = self.band
        lines = [f"errors from {low:.3g} to {high:.3g} Hz; through {self.span:.3g} s after a jump:"]
        for name, by_input in self.response.items():
            lines += [
                f"  {name} under {one}: {error:.2%}; {self.step[name].get(one, 0.0):.2%}"
                for one, error in by_input.items()
            ]
        lines += [f"  whole field under {one}: {error:.2%} in the norm of energy" for one, error in self.energy.items()]
        return "\n".join(lines if self.left_out is None else [*lines, f"  left out of snapshots: {self.left_out:.2e}"])


def compared(
    full: System, small: System, shapes: F64, rest: F64, *, high: float, span: float, left_out: float | None
) -> ReductionError:
    """The errors of `small`, whose states q and inputs w mean the field `shapes @ q + rest @ w`."""
    pairs, names = _coupled(full), [one.name for one in full.inputs]
    frequencies: F64 = np.geomspace(high / 1000.0, high, FREQUENCIES)
    jumps = [_jump(full, small, shapes, rest, case, span) for case in np.eye(len(names))]
    exact, close = (np.stack([one[side] for one in jumps], axis=2) for side in (0, 1))
    return ReductionError(
        (float(frequencies[0]), high),
        span,
        _relative(response(full, frequencies), response(small, frequencies), full, pairs),
        _relative(exact, close, full, pairs),
        {name: one[2] for name, one in zip(names, jumps, strict=True)},
        left_out,
    )


def bounds(full: System) -> F64:
    r"""How far each input could move each output at rest at most (rows, inputs), after Cauchy and Schwarz.

    $|c^T K^{-1} b| \le \sqrt{c^T K^{-1} c}\,\sqrt{b^T K^{-1} b}$
    """
    rest = at_rest(full.stiffness, full.mass, full.free)
    moved, seen = rest(full.loads), rest(np.ascontiguousarray(full.outputs.T))
    far = np.sqrt(np.abs((full.outputs * seen.T).sum(axis=1)))
    found: F64 = far[:, None] * np.sqrt(np.abs((full.loads * moved).sum(axis=0))) + np.abs(full.direct)
    return found


def _coupled(full: System) -> Mask:
    """Which inputs an output (rows, inputs) has to do with, at rest or through a motion that nothing resists."""
    moved = at_rest(full.stiffness, full.mass, full.free)(full.loads)
    found: Mask = np.abs(full.outputs @ moved + full.direct) > UNCOUPLED * bounds(full)
    flying = np.abs(full.outputs @ full.free) @ np.abs(full.free.T @ full.loads)
    return found | (flying > UNCOUPLED * max(float(flying.max(initial=0.0)), 1e-300))


def _jump(full: System, small: System, shapes: F64, rest: F64, case: F64, span: float) -> tuple[F64, F64, float]:
    """The rows of both after a jump, (steps, rows), and the error in energy norm."""
    exact, states = steps(full, case, span, STEPS)[1:], steps(small, case, span, STEPS)[1:]
    fields = states @ shapes.T + rest @ case
    energy = [_greatest(one, full) for one in (fields - exact, exact)]
    rows = exact @ full.outputs.T + full.direct @ case
    return rows, states @ small.outputs.T + small.direct @ case, energy[0] / max(energy[1], 1e-300)


def _greatest(fields: F64, full: System) -> float:
    """The greatest root of the energy of some fields (fields, unknowns)."""
    return float(np.sqrt(np.maximum((fields * (full.stiffness @ fields.T).T).sum(axis=1), 0.0).max()))


def _relative(exact: NDArray[Any], close: NDArray[Any], full: System, pairs: Mask) -> dict[str, dict[str, float]]:
    """The errors of each output by input; both are (points, rows, inputs)."""
    found: dict[str, dict[str, float]] = {}
    for one in full.seen:
        gap = np.linalg.norm((close - exact)[:, one.rows], axis=1).max(axis=0)
        size = np.linalg.norm(exact[:, one.rows], axis=1).max(axis=0)
        coupled: Mask = np.atleast_1d(pairs[one.rows].any(axis=0))
        errors: F64 = gap / np.maximum(size, 1e-300)
        found[one.name] = {full.inputs[at].name: float(errors[at]) for at in np.flatnonzero(coupled)}
    return found
