"""Exact derivatives of objectives by what a study varies: the sensitivity equations beside the model, one member."""

from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.layout import layout_of
from pollux.decide import Objective
from pollux.decide.objectives import Accrued, AtEnd
from pollux.model.graph import Expr
from pollux.simulate import Outcome, Run, run
from pollux.simulate.sensitivity import Sensitive, sensitive
from pollux.site.compiling import COMPILERS

F64 = NDArray[np.float64]
Question: TypeAlias = tuple[float, bool, str, Expr]
"""A price, whether it is a sum over time, the name in the run, the expression."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """From a point (inputs,) to derivatives (objectives, inputs); NaN for types and objectives that have none.

    `plan` holds the column from which points start.
    """

    plan: Run
    inputs: tuple[str, ...]
    objectives: tuple[Objective, ...]

    def __call__(self, point: F64) -> F64:
        wide = sensitive(self.plan.schema, self.inputs)
        found = np.full((len(self.objectives), len(self.inputs)), np.nan)
        # What is fed does not stay where it is varied to.
        if wide is None or any(name in self.plan.inputs for name in self.inputs):
            return found
        asked = [_asked(wide, one, row) for row, one in enumerate(self.objectives)]
        plan = replace(
            self.plan,
            schema=wide.schema,
            start=self._start(wide, point),
            formulas={key: expr for one in asked if one for _, is_sum, key, expr in one if not is_sum},
            integrate={key: expr for one in asked if one for _, is_sum, key, expr in one if is_sum},
        )
        outcome = run(plan, compiler=COMPILERS)
        for row, one in enumerate(asked):
            if one is not None:
                found[row] = _answered(one, outcome, len(self.inputs))
        return found

    def _start(self, wide: Sensitive, point: F64) -> F64:
        narrow, layout = layout_of(self.plan.schema), layout_of(wide.schema)
        start = layout.start(1)
        for name, place in narrow.slot.items():
            start[layout.place(name)] = self.plan.start[place]
        for name, value in zip(self.inputs, point.tolist(), strict=True):
            start[layout.place(name)] = value
        return start


def _asked(wide: Sensitive, objective: Objective, row: int) -> list[Question] | None:
    """What the derivatives of an objective ask of a run; None where a term of it has none."""
    found: list[Question] = []
    for place, (price, term) in enumerate(objective.terms):
        if not isinstance(term, Accrued | AtEnd):
            return None
        slopes = wide.slopes(term.rate if isinstance(term, Accrued) else term.value)
        if slopes is None:
            return None
        keys = [f"slope {row} {place} {k}" for k in range(len(slopes))]
        found += [(price, isinstance(term, Accrued), key, one) for key, one in zip(keys, slopes, strict=True)]
    return found


def _answered(asked: list[Question], outcome: Outcome, inputs: int) -> F64:
    values = [
        price * float(outcome.integrals[key][0] if is_sum else outcome[key][-1, 0]) for price, is_sum, key, _ in asked
    ]
    whole: F64 = np.array(values).reshape(-1, inputs).sum(axis=0)
    return whole
