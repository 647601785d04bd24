"""Local sensitivity: derivatives at one point, and the spread that they would give by themselves."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from pollux.columns.arrays import F64, Mask
from pollux.errors import SimulationError
from pollux.simulate.sensitivity.studies import Study
from pollux.simulate.sensitivity.words import failures, listed, number, percent, plain, ranked, row_of, table

STEP = 1e-3
"""The step in standard deviations of an input: small against its range, large against rounding."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class LocalSensitivity:
    """Derivatives of each output by each input at one point; arrays are (outputs, inputs).

    `derivative` is in the unit of the output by that of the input; `exact` says where it is that of the equations and
    not of differences, `doubt` how far the two, or else two steps of differences, disagree about it. `share`
    is what each input would explain of the variance if the output were a plane: $(d_i s_i)^2$ over their sum. `at` and
    `value` are the point (inputs,) and what comes out there (outputs,).
    """

    names: tuple[str, ...]
    input_units: tuple[str, ...]
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    at: F64
    value: F64
    derivative: F64
    exact: Mask
    doubt: F64
    share: F64
    failed: int

    def words(self, output: str | None = None) -> str:
        """One sentence: the three inputs that matter most near the point."""
        row = row_of(self.outputs, output)
        shown = [k for k in ranked(self.share[row]) if self.share[row, k] >= 0.005][:3]
        if not shown:
            return f"nothing moves {self.outputs[row]} near this point"
        parts = [f"{self.names[k]} ({percent(self.share[row, k])})" for k in shown]
        return f"near {number(self.value[row], self.units[row])}, {self.outputs[row]} hangs on {listed(parts)}"

    def table(self, output: str | None = None) -> str:
        """The derivatives of an output, the greatest share first."""
        row = row_of(self.outputs, output)
        lines = [
            [
                self.names[k],
                number(self.at[k], self.input_units[k]),
                number(self.derivative[row, k]),
                number(self.doubt[row, k]),
                percent(self.share[row, k]),
            ]
            for k in ranked(self.share[row])
        ]
        return table(["input", "at", "derivative", "doubt", "share"], lines)

    def __str__(self) -> str:
        told = [f"{self.words(name)}\n{self.table(name)}" for name in self.outputs]
        return "\n\n".join([*told, failures(self.failed, 4 * len(self.names) + 1)])

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers and lists: per output, its inputs with their derivatives."""
        return {
            "method": "local",
            "runs": 4 * len(self.names) + 1,
            "failed": self.failed,
            "outputs": [
                {
                    "name": name,
                    "unit": self.units[row],
                    "value": plain(self.value[row]),
                    "words": self.words(name),
                    "inputs": [self._input(row, k) for k in range(len(self.names))],
                }
                for row, name in enumerate(self.outputs)
            ],
        }

    def _input(self, row: int, k: int) -> dict[str, Any]:
        told = {part: plain(getattr(self, part)[row, k]) for part in ("derivative", "doubt", "share")}
        where = {"name": self.names[k], "unit": self.input_units[k], "at": float(self.at[k])}
        return {**where, **told, "exact": bool(self.exact[row, k])}


def local_sensitivity(study: Study, *, step: float = STEP) -> LocalSensitivity:
    r"""Derivatives at the middle of the inputs, from `4 * inputs + 1` runs in one call.

    Where the study knows its slopes (a what-if whose type neither jumps nor turns: the sensitivity equations are run
    beside the model, once) they are exact to the accuracy of that run, and held against differences. Else they are
    central differences,

    $d = (4 D(h/2) - D(h)) / 3$ with $D(h) = (f(x + h e_i) - f(x - h e_i)) / 2h$,

    whose error is of fourth order; the `doubt` is the difference of $D(h/2)$ and $D(h)$. `step` is h in standard
    deviations of the input's prior. An output that jumps (the chance of an event) has no derivative there: its doubt is
    of its own size.

    Raises SimulationError for a step that is not above zero.

    Reference: L. F. Richardson, Philosophical Transactions of the Royal Society A 210 (1911) 307-357.

    >>> import pollux as px
    >>> hill = px.study(lambda x: x[:, 0] ** 2 * x[:, 1], {"a": px.normal(3, 0.1), "b": px.normal(2, 0.1)}, "height")
    >>> [round(float(one), 6) for one in px.local_sensitivity(hill).derivative[0]]
    [12.0, 9.0]
    """
    if not step > 0.0:
        raise SimulationError(f"expected a step above zero, got {step:g}", at="local_sensitivity")
    inputs, middle = len(study.inputs), study.middle
    spread = np.array([one.prior.sigma for one in study.inputs])
    away = step * spread
    offsets = np.concatenate([factor * np.diag(away) for factor in (1.0, -1.0, 0.5, -0.5)])
    values = study.evaluate(np.concatenate([middle[None, :], middle + offsets]))
    up, down, up_half, down_half = values[1:].reshape(4, inputs, -1)
    coarse, fine = (up - down) / (2.0 * away[:, None]), (up_half - down_half) / away[:, None]
    differences = ((4.0 * fine - coarse) / 3.0).T
    slopes = np.full(differences.shape, np.nan) if study.slopes is None else study.slopes(middle)
    exact = np.isfinite(slopes)
    derivative = np.where(exact, slopes, differences)
    moved = (derivative * spread) ** 2
    total = np.nansum(moved, axis=1, keepdims=True)
    return LocalSensitivity(
        names=study.names,
        input_units=tuple(one.unit for one in study.inputs),
        outputs=tuple(one.name for one in study.outputs),
        units=tuple(one.unit for one in study.outputs),
        at=middle,
        value=values[0],
        derivative=derivative,
        exact=exact,
        doubt=np.where(exact, np.abs(slopes - differences), np.abs(fine - coarse).T),
        share=moved / np.where(total > 0.0, total, 1.0),
        failed=int(np.isnan(values).any(axis=1).sum()),
    )
