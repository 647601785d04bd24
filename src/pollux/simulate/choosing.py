"""The method of a run where nobody named one.

Noise and algebraic variables leave no choice, and a jump wants to be met where it happens. A type is stiff where an
explicit method must take short steps to remain stable although its solution asks for none (Hairer & Wanner 1996,
Solving Ordinary Differential Equations II, IV.1). That is found by trying: where stability bounds the explicit step and
a run would need many of them, a few members go ahead with the implicit method. It is chosen where its steps are so much
longer that they pay for what they cost.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.model.schema import Schema
from pollux.model.walk import topological
from pollux.simulate.kernels.numpy_kernel import numpy_kernel
from pollux.simulate.kernels.plan import Plan
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Control, Method, Task, rows_of, usual
from pollux.simulate.run import Run
from pollux.simulate.steps import FOLLOWS, Tried, few, tried
from pollux.simulate.tolerance import Tolerance

MANY: Final = 20_000
"""Explicit steps of a run below which nobody asks for another method."""

DEARER: Final = 10.0
"""How many explicit steps an implicit one costs, at most: six stages, a Jacobian and its factors."""

PIECES: Final = 40
"""After each of so many pieces the trial asks itself whether it is worth going on."""

SHORT: Final = 50
"""Steps of a run that is over before a method with steps of its own has found their length."""

KINKED: Final = frozenset(("min", "max", "where", "abs", "floor", "table"))
"""What makes a rate turn a corner."""

STRETCH: Final = 400
"""The implicit trial goes as far as so many steps would bring it that just pay, and ends when it has taken them."""

_known: dict[tuple[Schema, int, int], float] = {}


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """A method, why where that is worth a word, and the step where that was found on the way."""

    method: Method
    note: str = ""
    step: int | None = None


def chosen(run: Run) -> Choice:
    """The method for a run."""
    schema, method = run.schema, usual(run.schema)
    if schema.noises or schema.algebraic:
        return Choice(method)
    if run.step is not None or layout_of(schema).settled:
        return Choice("rk4")
    explicit = tried(schema, run.start, t0=run.t0, span=run.span)
    longer = _longer(run, explicit)
    if longer > DEARER:
        return Choice("rodas4", _stiff(run, explicit, longer))
    if _is_driven_over_thresholds(run, explicit):
        return Choice("dopri5")
    return Choice(method, step=explicit.step)


def _is_driven_over_thresholds(run: Run, explicit: Tried) -> bool:
    """Whether inputs drive rates over kinks, for long enough that steps of one length would pay for them all along.

    Where a cycle turns, steps are short as it is.
    """
    if not run.inputs or run.schema.cycles or run.span / explicit.step < SHORT:
        return False
    return any(one.op in KINKED for one in topological(run.schema.rates.values()))


def _stiff(run: Run, explicit: Tried, longer: float) -> str:
    step, many = explicit.step / SECOND, run.span / explicit.step
    return (
        f"{run.schema.name} is stiff: a mode that dies away in {step / FOLLOWS:.1g} s holds an explicit method to "
        f"steps of {step:.2g} s, {many:,.0f} of them; the implicit one takes steps {longer:,.0f} times as long"
    )


def _longer(run: Run, explicit: Tried) -> float:
    """How many times longer implicit steps are, as far as it was worth trying; 1 where it was not."""
    if not explicit.is_bound_by_stability or run.span / explicit.step < MANY:
        return 1.0
    # A start that allows another explicit step is another question: a type may be stiff for some parameters only.
    key = (run.schema, len(str(run.span)), explicit.step)
    if key not in _known:
        span = min(run.span, round(explicit.step * STRETCH * DEARER))
        _known[key] = _implicit_step(run.schema, run.start, run.t0 / SECOND, span / SECOND) * SECOND / explicit.step
    return _known[key]


def _implicit_step(schema: Schema, start: F64, time: float, span: float) -> float:
    """The mean step of a few members under the implicit method, in seconds; 0 as soon as it is not worth its price."""
    task = Task(schema, method="rodas4")
    rows, kernel = rows_of(task), numpy_kernel(compose(task))
    control = rows.control
    assert control is not None
    table = rows.table(few(start, layout_of(schema)))
    Tolerance().into(table, control)
    for piece in range(PIECES):
        kernel.advance(table, np.empty((0, 0, table.shape[1])), _piece(piece, time, span / PIECES, table.shape[1]))
        if not np.isfinite(table[control.since]).any() or _most(table, control) > STRETCH:
            return 0.0
    return span / _most(table, control)


def _most(table: F64, control: Control) -> float:
    """How many steps the slowest of the members that are not lost has tried."""
    steps: F64 = table[control.accepted] + table[control.rejected]
    return float(np.max(steps, where=np.isfinite(table[control.since]), initial=1.0))


def _piece(number: int, time: float, span: float, members: int) -> Plan:
    none, nothing = np.zeros(0, np.int64), np.zeros((0, 0, members))
    stops = np.array([[number, -1, -1, -1, number + 1]], np.int64)
    return Plan(stops, none, np.zeros((0, 0)), none, nothing, none, time, span)
