"""The sections of one type, written with the same passes as the kernel of a type that runs alone."""

from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn, final

from pollux.model.graph import Expr
from pollux.simulate.coupled.rows import KindRows
from pollux.simulate.generate.assign import Arg, Assign
from pollux.simulate.generate.lines import Lines, Term
from pollux.simulate.generate.lower import Held, Instant
from pollux.simulate.methods import arrival, windows
from pollux.simulate.methods.rows import Task
from pollux.simulate.methods.sheet import BEYOND, Sheet, held_leaf, moves
from pollux.simulate.methods.span import AbstractSpan
from pollux.simulate.methods.stages import AbstractStages


@final
class StageSpan(AbstractSpan):
    """A moment of a stage: its time `t` and its fraction `c` of the step are told by the driver."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def at(self, fraction: float) -> Arg:
        return "t"

    def part(self, fraction: float) -> NoReturn:
        raise AssertionError("a stage is a moment, it has no length")

    def ticks(self, fraction: float) -> Term:
        return self._lines.term("c")


@final
class CarriedStages(AbstractStages):
    """The end of a step whose slopes are added up already; its start is known where it was carried here."""

    def __init__(self, sheet: Sheet, rows: KindRows, phases: frozenset[int]) -> None:
        super().__init__(sheet, rows.rates, phases)
        self._increment = rows.increment
        carried = {expr: sheet.load(row) for expr, row in rows.carry.items()}
        self.first = sheet.instant(0.0, state=sheet.load, known=carried)

    def increment(self, row: int) -> Term:
        return self._sheet.span.part(1.0) * self._sheet.term(self._increment[row])


@final
class Sections:
    """Writes the sections of a type; what stands still is held in rows behind all others, `still_wires` among it."""

    def __init__(self, task: Task, rows: KindRows, still_wires: Collection[Expr]) -> None:
        self._task = task
        self._places = rows
        self._phases = frozenset(rows.run.layout.slot[name] for name in task.schema.cycles)
        own_moves, own_leaf = moves(task), held_leaf(rows.run)
        known = frozenset(still_wires)
        self._held = Held(
            rows.first_held,
            leaf=lambda expr: self._beyond(expr) if expr.op in BEYOND else own_leaf(expr),
            moves=lambda expr: expr not in known and expr.op != "present" and own_moves(expr),
            strict=task.strict,
        )

    @property
    def rows(self) -> int:
        """The number of all rows, those that are held included."""
        return self._held.rows

    def exports(self, exprs: Sequence[Expr], earlier: Sequence[Expr]) -> tuple[Assign, ...]:
        """Reckon what others gather; some exports were reckoned earlier."""
        sheet = self._sheet("x")
        at = self._stage(sheet, earlier)
        for expr in exprs:
            sheet.lines.store(self._places.export[expr], at(expr))
        return sheet.lines.section()

    def all(self) -> Mapping[str, tuple[Assign, ...]]:
        """Every other section by its name."""
        made = {
            "rates": self._rates(),
            "carry": self._carry(),
            "begin": self._begin(),
            "push": self._push(),
            "finish": self._finish(),
            "end": self._end(),
            "opening": self._opening(),
        }
        return made | {"hold": self._held.lines.section()}

    def _rates(self) -> tuple[Assign, ...]:
        sheet = self._sheet("r")
        at = self._stage(sheet, tuple(self._places.export))
        for row, rate in self._places.rates.items():
            sheet.lines.store(self._places.slope[row], at(rate))
        return sheet.lines.section()

    def _carry(self) -> tuple[Assign, ...]:
        sheet = self._sheet("k")
        at = self._stage(sheet, tuple(self._places.export))
        for expr, row in self._places.carry.items():
            sheet.lines.store(row, at(expr))
        return sheet.lines.section()

    def _begin(self) -> tuple[Assign, ...]:
        sheet = self._sheet("b")
        for row, stage in self._places.stage.items():
            sheet.lines.store(stage, sheet.load(row))
        for increment in self._places.increment.values():
            sheet.lines.store(increment, 0.0)
        return sheet.lines.section()

    def _push(self) -> tuple[Assign, ...]:
        sheet = self._sheet("p")
        weight, reach = sheet.lines.term("w"), sheet.lines.term("x")
        for row, slope in self._places.slope.items():
            increment = self._places.increment[row]
            sheet.lines.store(increment, (sheet.term(increment) + weight * sheet.term(slope)).arg)
        for row, stage in self._places.stage.items():
            moved = sheet.term(row) + reach * sheet.term(self._places.slope[row])
            turned = (moved >= 1.0).where(moved - 1.0, moved) if row in self._phases else moved
            sheet.lines.store(stage, turned.arg)
        return sheet.lines.section()

    def _finish(self) -> tuple[Assign, ...]:
        sheet = self._sheet("f")
        for row, stage in self._places.stage.items():
            end = sheet.term(row) + sheet.lines.term("dt") * sheet.term(self._places.increment[row])
            turned = end - (end >= 1.0).where(end.floor, 0.0) if row in self._phases else end
            sheet.lines.store(stage, turned.arg)
        return sheet.lines.section()

    def _end(self) -> tuple[Assign, ...]:
        """As at the end of a step of a type that runs alone."""
        sheet, layout = self._sheet("v", is_stage=False), self._places.run.layout
        stages = CarriedStages(sheet, self._places, self._phases)
        readings = windows.Windows(sheet, stages)
        end = readings.arrival
        for slots in layout.windows:
            readings.out(slots.expr)
        arrival.conditions(sheet, end.now, self._task.ever)
        for name in self._task.schema.events:
            end.remember(name)
        moved = {layout.slot[name]: end.jumped(layout.slot[name]) for name in self._task.schema.states}
        moved |= {row: stages.end(row) for row in self._places.run.integral.values()}
        for row, value in moved.items():
            sheet.lines.store(row, value.arg)
        for name, slope in self._places.run.slope.items():
            place = layout.slot[name]
            sheet.lines.store(place, (sheet.term(place) + sheet.term(slope)).arg)
        arrival.failures(sheet, list(moved.values()))
        return sheet.lines.section()

    def _opening(self) -> tuple[Assign, ...]:
        sheet = self._sheet("o", is_stage=False)
        start = sheet.instant(0.0, state=sheet.load)
        for slots in self._places.run.layout.windows:
            windows.opened(sheet, start, slots)
        for name in self._task.schema.events:
            arrival.opened(sheet, start, name)
        arrival.conditions(sheet, start, self._task.ever)
        return sheet.lines.section()

    def _stage(self, sheet: Sheet, exported: Sequence[Expr]) -> Instant:
        """The values of expressions at the stage in hand."""
        known = {expr: sheet.load(self._places.export[expr]) for expr in exported}
        return sheet.instant(1.0, state=lambda row: sheet.load(self._places.stage[row]), known=known)

    def _sheet(self, prefix: str, *, is_stage: bool = True) -> Sheet:
        sheet = Sheet(self._task, self._places.run, self._held, prefix=prefix, beyond=self._beyond)
        if is_stage:
            sheet.span = StageSpan(sheet.lines)
        return sheet

    def _beyond(self, expr: Expr) -> int:
        return self._places.present[str(expr.data)] if expr.op == "present" else self._places.wire[expr]
