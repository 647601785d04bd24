"""From types and their links to a coupled program: what is exchanged, the rows, then section by section."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from pollux.errors import SimulationError
from pollux.model.graph import Expr
from pollux.model.walk import topological
from pollux.simulate.coupled.exchange import Exchange, Source, gathers
from pollux.simulate.coupled.program import CoupledProgram, Kind, Section, Wire
from pollux.simulate.coupled.rows import KindRows, kind_rows
from pollux.simulate.coupled.sections import Sections
from pollux.simulate.methods.rows import Task, rows_of
from pollux.simulate.methods.sheet import rate_of
from pollux.simulate.methods.windows import INTEGRATED, window_of


@final
@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A coupled program, what is exchanged in it, and the rows of each type."""

    program: CoupledProgram
    exchange: Exchange
    rows: tuple[KindRows, ...]


@lru_cache(maxsize=64)
def compose(tasks: tuple[Task, ...]) -> Composed:
    """The program of types that run together."""
    return _Composer(tasks).composed()


@final
class _Composer:
    """One pass over some types."""

    def __init__(self, tasks: tuple[Task, ...]) -> None:
        for task in tasks:
            _check(task)
        self._tasks = tasks
        self._exchange = Exchange([one.schema for one in tasks], [frozenset(one.sloped) for one in tasks])
        self._stage = [_stage_roots(task) for task in tasks]
        self._end = [_end_roots(task) for task in tasks]
        both = [[*stage, *end] for stage, end in zip(self._stage, self._end, strict=True)]
        self._exports = self._exchange.exports(both)
        self._rows = [self._kind_rows(kind, task, both[kind]) for kind, task in enumerate(tasks)]
        self._links: dict[tuple[int, str, int], int] = {}

    def composed(self) -> Composed:
        kinds = tuple(self._kind(kind) for kind in range(len(self._tasks)))
        levels = 1 + max((self._exchange.level(one) for one in self._exports), default=-1)
        at_the_end = any(gathers(roots) for roots in self._end)
        program = CoupledProgram(kinds, tuple(self._links), levels, at_the_end, self._tasks[0].strict)
        return Composed(program, self._exchange, tuple(self._rows))

    def _kind_rows(self, kind: int, task: Task, roots: Iterable[Expr]) -> KindRows:
        exports = [one.expr for one in self._exports if one.kind == kind]
        return kind_rows(task, exports, gathers([*exports, *roots]))

    def _kind(self, kind: int) -> Kind:
        rows = self._rows[kind]
        still = [node for node in rows.wire if self._exchange.stands_still(kind, node)]
        sections = Sections(self._tasks[kind], rows, still)
        exports: dict[int, Section] = {}
        read = dict.fromkeys(still)
        for level in sorted({self._exchange.level(one) for one in self._mine(kind)}):
            exprs = [one.expr for one in self._mine(kind) if self._exchange.level(one) == level]
            earlier = [one.expr for one in self._mine(kind) if self._exchange.level(one) < level]
            wires = self._wires(kind, exprs, read)
            exports[level] = Section(sections.exports(exprs, earlier), wires)
            read |= dict.fromkeys(gathers(exprs))
        stage, end = (self._wires(kind, roots, read) for roots in (self._stage[kind], self._end[kind]))
        loaded = tuple(self._wire(kind, node) for node in still)
        wired = {"hold": loaded, "rates": stage, "carry": end, "end": end, "opening": end}
        made = {name: Section(lines, wired.get(name, ())) for name, lines in sections.all().items()}
        return Kind(rows.kept, sections.rows, exports, made)

    def _mine(self, kind: int) -> list[Source]:
        return [one for one in self._exports if one.kind == kind]

    def _wires(self, kind: int, roots: Sequence[Expr], read: Iterable[Expr]) -> tuple[Wire, ...]:
        """What a section reads that has not been read before in the same stage."""
        return tuple(self._wire(kind, node) for node in gathers(roots) if node not in dict.fromkeys(read))

    def _wire(self, kind: int, node: Expr) -> Wire:
        source = self._exchange.source(kind, node)
        rows = self._rows[source.kind]
        row = rows.bare(source.expr) if self._exchange.is_bare(source) else rows.export[source.expr]
        link = self._links.setdefault((kind, str(node.data), source.kind), len(self._links))
        return Wire(link, row, self._rows[kind].wire[node], node.op == "total")


def _stage_roots(task: Task) -> list[Expr]:
    schema, run = task.schema, rows_of(task)
    integrated = [one.expr.args[0] for one in run.layout.windows if window_of(one).kind in INTEGRATED]
    return [*(rate_of(schema, name) for name in schema.states), *integrated, *(expr for _, expr in task.integrate)]


def _end_roots(task: Task) -> list[Expr]:
    schema, run = task.schema, rows_of(task)
    seen = [one.expr.args[0] for one in run.layout.windows if window_of(one).kind not in INTEGRATED]
    events = [expr for one in schema.events.values() for expr in (one.condition, one.crossing)]
    return [*seen, *events, *(one.value for one in schema.jumps), *(expr for _, expr in task.ever)]


def _check(task: Task) -> None:
    """Refuse what this kernel has no way for."""
    schema = task.schema
    ops = {one.op for one in topological([*_stage_roots(task), *_end_roots(task)])}
    found = {
        "a settled fast model": "settled" in ops,
        "algebraic unknowns": bool(schema.algebraic),
        "noise": bool(schema.noises),
        "a delay": "delay" in ops,
        "a jump at each turn of a cycle": any(jump.event in schema.cycles for jump in schema.jumps),
    }
    for what, is_there in found.items():
        if is_there:
            raise SimulationError(
                f"expected twins of rates, events and windows, got {schema.name} with {what}",
                at=schema.name,
                hint="run it alone, and couple it as a part of a pollux.simulate.CoSimulation",
            )
