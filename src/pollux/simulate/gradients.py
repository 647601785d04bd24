"""Derivatives of a whole run by what it begins with, by reverse differentiation in JAX.

The final columns are a function of the initial ones, member by member. One pass backwards gives the derivative of a
number at the end by every parameter and every initial state, for all members at once, at a few times the cost of the
run. The method is differentiated as it is computed (discretise, then differentiate), so the gradient is that of the
numbers that the run gives, exactly. Where a condition turns or an event jumps, it is that of the branch taken: how the
instant of the jump moves is left out.

A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.model.differentiate import LEAVES, derivative
from pollux.model.graph import Expr
from pollux.model.walk import topological
from pollux.simulate.kernels.jax_kernel import JaxKernel, Moves, Rows, entered, fed, jax_of, moves_of
from pollux.simulate.kernels.plan import Plan
from pollux.simulate.methods.rows import ADAPTIVE
from pollux.simulate.prepare import Prepared, prepare
from pollux.simulate.recorder import recorder
from pollux.simulate.run import Run

_SEEDS = frozenset(("state", "param"))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """A number at the end of a run and its derivatives: `value` (members,), each of `by` (members,), by name.

    Derivatives are in the unit of the number over that of the parameter or state.
    """

    value: F64
    by: Mapping[str, F64]


def gradient(run: Run, of: Expr, by: Sequence[str], *, is_integral: bool = False) -> Gradient:
    """The derivatives of an expression at the end of a run, or of its integral over the run, by parameters and states.

    States count as they are at the start. Needs a method with steps of one length.

    Raises SimulationError for an adaptive method and for a type with fast models, NotFound for unknown names,
    SetupError where JAX is not installed.
    """
    request = replace(run, backend="jax", method="rk4" if run.method == "auto" else run.method, record=(), formulas={})
    if request.method in ADAPTIVE:
        raise SimulationError(f"expected a method with steps of one length, got {request.method!r}", at="gradient")
    request = replace(request, integrate={"integral": of} if is_integral else {})
    prepared = prepare(request, None)
    if prepared.whole.fast:
        raise SimulationError("expected a type without settled fast models", at=run.schema.name)
    final_table, pull = _flow(prepared)
    looks = recorder([of], prepared.rows)
    time = (run.t0 + run.span) / SECOND
    value = final_table[prepared.rows.integral["integral"]] if is_integral else looks.now(final_table, time)[0]
    start = pull(_seeds(prepared, of, final_table, time, is_integral=is_integral))
    layout = prepared.rows.layout
    return Gradient(value, {name: start[layout.place(name)] for name in by})


def _seeds(prepared: Prepared, of: Expr, table: F64, time: float, *, is_integral: bool) -> F64:
    """The derivatives of the number by the rows of the final table."""
    seeds = np.zeros_like(table)
    if is_integral:
        seeds[prepared.rows.integral["integral"]] = 1.0
        return seeds
    leaves = [one for one in topological([of]) if one.op in _SEEDS & LEAVES]
    slopes = recorder([derivative(of, one) for one in leaves], prepared.rows).now(table, time)
    for one, slope in zip(leaves, slopes, strict=True):
        seeds[prepared.rows.layout.place(str(one.data))] = slope
    return seeds


def _flow(prepared: Prepared) -> tuple[F64, Any]:
    """The table at the end, and what pulls derivatives at the end back to the start."""
    jax, job = jax_of(), prepared.whole
    kernel = job.kernel
    assert isinstance(kernel, JaxKernel)
    moves, plan = moves_of(kernel), job.schedule.plan(0, job.schedule.steps)

    def through(first: Rows) -> Rows:
        return _through(jax, kernel, moves, plan, first)

    with jax.enable_x64(True):
        rows, pull = jax.vjp(through, entered(kernel, job.table))

    def back(seeds: F64) -> F64:
        with jax.enable_x64(True):
            (start,) = pull(entered(kernel, seeds))
        return np.stack([np.asarray(row) for row in start[: kernel.kept]])

    return np.stack([np.asarray(row) for row in rows[: kernel.kept]]), back


def _through(jax: Any, kernel: JaxKernel, moves: Moves, plan: Plan, rows: Rows) -> Rows:
    """All stops of a plan, in loops whose lengths are known, so that they can be run backwards."""
    for number, (at, from_shared, from_own, _, until) in enumerate(plan.stops.tolist()):
        rows, loads = fed(rows, plan, number, from_shared, from_own)
        rows = moves.hold(rows) if loads else rows
        rows = moves.begin(rows, plan.start, plan.dt, at, until) if number == 0 else rows

        # Only the rows at the start of a step are kept; what lies inside it is reckoned again on the way back.
        @jax.checkpoint  # type: ignore[untyped-decorator]
        def step(carried: Rows, s: Any) -> tuple[Rows, None]:
            return moves.step(carried, plan.start, plan.dt, s), None

        rows, _ = jax.lax.scan(step, rows, np.arange(at, until))
    return rows
