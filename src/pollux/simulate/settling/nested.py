"""The settled fast models of a slow one, compiled and wired to its table."""

from collections.abc import Iterator

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import I64
from pollux.columns.layout import SettledSlots
from pollux.errors import SimulationError
from pollux.model.graph import Settled
from pollux.model.schema import Schema
from pollux.simulate.kernels.kernel import Compiler, kernel, numpy_seconds
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Rows, Task, rows_of
from pollux.simulate.recorder import Recorder, recorder
from pollux.simulate.run import Run
from pollux.simulate.settling.settle import STRETCHES, FastModel, places
from pollux.simulate.steps import choose_step


def fast_models(run: Run, rows: Rows, compiler: Compiler | None) -> tuple[FastModel, ...]:
    """One fast model for each way in which the type asks for one."""
    return tuple(_fast_model(run, rows, slots, compiler) for slots in rows.layout.settled)


def _fast_model(run: Run, rows: Rows, slots: SettledSlots, compiler: Compiler | None) -> FastModel:
    asked = list(_asked(slots))
    schema, over = asked[0].schema, asked[0].over_seconds
    if slots.layout.settled:
        raise SimulationError("expected a fast model without a settled one of its own", at=schema.name)
    task = Task(schema, strict=run.strict)
    within, program = rows_of(task), compose(task)
    place = slice(slots.start, slots.start + slots.layout.width)
    asks, inputs = recorder(slots.exprs[0].args, rows), places(slots, asked[0].inputs)
    declared = asked[0].step_seconds
    step = run.settling.step or (round(declared * SECOND) if declared else None)
    step = step or _step(run, rows, schema, place, asks, inputs, over)
    members, every = run.start.shape[1], run.settling.interval(asked[0].every_seconds, run.span)
    steps = round(over * SECOND / step * (1 + run.span / SECOND / every / STRETCHES))
    return FastModel(
        kernel=kernel(
            program,
            members=members,
            backend=run.backend,
            compiler=compiler,
            numpy_takes=numpy_seconds(program, steps=steps, members=members),
        ),
        slots=place,
        states=slots.layout.states,
        kept=within.kept,
        asks=asks,
        inputs=inputs,
        outputs=recorder([schema.expression(one.output) for one in asked], within),
        rows=np.array([rows.settled[expr] for expr in slots.exprs], np.int64),
        over=over,
        every=every,
        dt=step / SECOND,
        tolerance=run.settling.tolerance,
    )


def _step(run: Run, rows: Rows, schema: Schema, place: slice, asks: Recorder, inputs: I64, over: float) -> int:
    """The step of the fast model for the inputs that it is given first."""
    columns = run.start[place].copy()
    columns[inputs] = asks.now(rows.table(run.start), run.t0 / SECOND)
    return choose_step(schema, columns, t0=run.t0, span=round(over * SECOND))


def _asked(slots: SettledSlots) -> Iterator[Settled]:
    for expr in slots.exprs:
        assert isinstance(expr.data, Settled)
        yield expr.data
