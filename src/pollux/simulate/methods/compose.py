"""From a task to a program: the passes in their order.

graph -> rows -> held values -> stages -> windows, events, jumps -> stores.
"""

from functools import lru_cache

from pollux.model.graph import Expr
from pollux.simulate.generate.lower import Held
from pollux.simulate.generate.program import Program
from pollux.simulate.methods import arrival, windows
from pollux.simulate.methods.refused import refuse
from pollux.simulate.methods.rows import Rows, Task, rows_of
from pollux.simulate.methods.sheet import Sheet, held_leaf, moves, rate_of
from pollux.simulate.methods.stages import Stages


@lru_cache(maxsize=64)
def compose(task: Task) -> Program:
    """The program of a task."""
    refuse(task.schema)
    rows = rows_of(task)
    held = Held(rows.kept, leaf=held_leaf(rows), moves=moves(task), strict=task.strict)
    step = _step(Sheet(task, rows, held, prefix="v"), task)
    opening = _opening(Sheet(task, rows, held, prefix="o"), task)
    return Program(
        rows.kept, held.rows, held.lines.section(), opening.lines.section(), step.lines.section(), task.strict
    )


def _rates(task: Task, rows: Rows) -> dict[int, Expr]:
    """Everything that moves, by its row: states and phases, the integrals of windows, those of the run."""
    rates = {rows.layout.slot[name]: rate_of(task.schema, name) for name in task.schema.states}
    for slots in rows.layout.windows:
        if windows.window_of(slots).kind in windows.INTEGRATED:
            rates[slots.running] = slots.expr.args[0]
    return rates | {rows.integral[name]: expr for name, expr in task.integrate}


def _step(sheet: Sheet, task: Task) -> Sheet:
    rows, layout = sheet.rows, sheet.layout
    stages = Stages(sheet, _rates(task, rows), frozenset(layout.slot[name] for name in task.schema.cycles))
    readings = windows.Windows(sheet, stages)
    end = readings.arrival
    for slots in layout.windows:
        readings.out(slots.expr)
    arrival.conditions(sheet, end.now, task.ever)
    for name in task.schema.events:
        end.remember(name)
    moved = {layout.slot[name]: end.jumped(layout.slot[name]) for name in task.schema.states}
    moved |= {row: stages.end(row) for row in rows.integral.values()}
    for row, value in moved.items():
        sheet.lines.store(row, value.arg)
    for name, slope in rows.slope.items():
        sheet.lines.store(layout.slot[name], (sheet.term(layout.slot[name]) + sheet.term(slope)).arg)
    arrival.failures(sheet, list(moved.values()))
    return sheet


def _opening(sheet: Sheet, task: Task) -> Sheet:
    start = sheet.instant("t0", state=sheet.load)
    for slots in sheet.layout.windows:
        windows.opened(sheet, start, slots)
    for name in task.schema.events:
        arrival.opened(sheet, start, name)
    arrival.conditions(sheet, start, task.ever)
    return sheet
