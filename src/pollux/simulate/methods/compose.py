"""From a task to a program: the passes in their order.

graph -> rows -> held values -> stages -> windows, events, jumps -> stores; with steps of each member's own, an attempt
is judged at the end.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from pollux.model.graph import Expr
from pollux.simulate.generate.lower import Held
from pollux.simulate.generate.program import Pacing, Program
from pollux.simulate.methods import arrival, attempt, delays, windows
from pollux.simulate.methods.attempt import Attempt
from pollux.simulate.methods.consistent import consistent
from pollux.simulate.methods.cubic import Between
from pollux.simulate.methods.delays import Past
from pollux.simulate.methods.ito import EulerMaruyama, Milstein
from pollux.simulate.methods.refused import refuse
from pollux.simulate.methods.rosenbrock import Rodas
from pollux.simulate.methods.rows import Method, Rows, Task, rows_of
from pollux.simulate.methods.runge_kutta import ClassicalRungeKutta, DormandPrince
from pollux.simulate.methods.sheet import Sheet, held_leaf, moves, rate_of
from pollux.simulate.methods.stages import AbstractEmbedded, AbstractStages, Rates

_METHODS: Final[Mapping[Method, Callable[[Sheet, Rates, frozenset[int]], AbstractStages]]] = {
    "rk4": ClassicalRungeKutta,
    "dopri5": DormandPrince,
    "rodas4": Rodas,
    "euler-maruyama": EulerMaruyama,
    "milstein": Milstein,
}


@lru_cache(maxsize=64)
def compose(task: Task) -> Program:
    """The program of a task."""
    refuse(task)
    rows = rows_of(task)
    held = Held(rows.kept, leaf=held_leaf(rows), moves=moves(task), strict=task.strict)
    step = _step(Sheet(task, rows, held, prefix="v"), task)
    opening = _opening(Sheet(task, rows, held, prefix="o", is_opening=True), task)
    sections = (held.lines.section(), opening.lines.section(), step.lines.section())
    return Program(rows.kept, held.rows, *sections, task.strict, _pacing(rows))


def _pacing(rows: Rows) -> Pacing | None:
    states = rows.layout.states
    return None if rows.control is None else Pacing(rows.control.since, rows.failed, range(states.start, states.stop))


def _rates(task: Task, rows: Rows) -> dict[int, Expr]:
    """Everything that moves, by its row: states and phases, the integrals of windows, those of the run."""
    rates = {rows.layout.slot[name]: rate_of(task.schema, name) for name in task.schema.states}
    for slots in rows.layout.windows:
        if windows.window_of(slots).kind in windows.INTEGRATED:
            rates[slots.running] = slots.expr.args[0]
    return rates | {rows.integral[name]: expr for name, expr in task.integrate}


def _step(sheet: Sheet, task: Task) -> Sheet:
    rows, layout = sheet.rows, sheet.layout
    own = None if rows.control is None else Attempt(sheet, rows.control)
    phases = frozenset(layout.slot[name] for name in task.schema.cycles)
    rates = _rates(task, rows)
    stages = _METHODS[task.method](sheet, rates, phases)
    between = Between(sheet, stages, rates)
    end = _arrive(sheet, task, stages, between)
    past = Past(sheet, between, end)
    for slots in layout.delays:
        past.keep(slots)
    if own is not None:
        assert isinstance(stages, AbstractEmbedded)
        own.judge(stages, end)
    return sheet


def _arrive(sheet: Sheet, task: Task, stages: AbstractStages, between: Between) -> arrival.Arrival:
    """Store everything as it is at the end of the step."""
    rows, layout = sheet.rows, sheet.layout
    readings = windows.Windows(sheet, stages, between)
    end = readings.arrival
    for slots in layout.windows:
        readings.out(slots.expr)
    arrival.conditions(sheet, end.now, task.ever)
    for name in task.schema.events:
        end.remember(name)
    moved = {layout.slot[name]: end.jumped(layout.slot[name]) for name in task.schema.states}
    moved |= end.unknowns
    moved |= {row: stages.end(row) for row in rows.integral.values()}
    for row, value in moved.items():
        sheet.lines.store(row, value.arg)
    for name, slope in rows.slope.items():
        place = layout.slot[name]
        sheet.lines.store(place, (sheet.term(place) + sheet.term(slope) * sheet.span.ticks(1.0)).arg)
    arrival.failures(sheet, list(moved.values()))
    return end


def _opening(sheet: Sheet, task: Task) -> Sheet:
    if sheet.rows.control is not None:
        attempt.opened(sheet, sheet.rows.control, _rates(task, sheet.rows))
    found = consistent(sheet, 0.0, sheet.load)
    for row, value in found.items():
        sheet.lines.store(row, value.arg)
    start = sheet.instant(0.0, state=lambda row: found[row].arg if row in found else sheet.load(row))
    for slots in sheet.layout.windows:
        windows.opened(sheet, start, slots)
    for ring in sheet.layout.delays:
        delays.opened(sheet, start, ring)
    for name in task.schema.events:
        arrival.opened(sheet, start, name)
    arrival.conditions(sheet, start, task.ever)
    return sheet
