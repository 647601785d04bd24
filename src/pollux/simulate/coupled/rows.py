"""The rows of one type in a coupled kernel: those of its table, and behind them what a step needs in between.

| rows | what |
|---|---|
| `run` | as for a type that runs alone: the columns, slopes of inputs, integrals, conditions, when it failed |
| `present` | whether a link to one twin leads somewhere; fixed during a run |
| `stage` | the states as they are at the stage in hand |
| `slope` | how fast everything moves there |
| `increment` | what the slopes of the stages so far add up to |
| `export` | what others gather |
| `wire` | what this twin gathers |
| `carry` | operands of windows at the start of the step |
| behind `first_held` | what stands still between two loads of inputs |
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, final

from pollux.model.graph import Expr
from pollux.simulate.methods.rows import Rows, Task, rows_of
from pollux.simulate.methods.sheet import rate_of
from pollux.simulate.methods.windows import INTEGRATED, window_of

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True, eq=False)
class KindRows:
    """Where everything of one type stands; the first `kept` rows are the table."""

    run: Rows
    rates: Mapping[int, Expr]
    present: Mapping[str, int]
    stage: Mapping[int, int]
    slope: Mapping[int, int]
    increment: Mapping[int, int]
    export: Mapping[Expr, int]
    wire: Mapping[Expr, int]
    carry: Mapping[Expr, int]
    first_held: int

    @property
    def kept(self) -> int:
        """The number of rows in the table."""
        return self.run.kept + len(self.present)

    def bare(self, expr: Expr) -> int:
        """The row in which a state, a phase or a parameter is read by others."""
        row = self.run.layout.place(str(expr.data))
        return row if expr.op == "param" else self.stage[row]


def kind_rows(task: Task, exports: Sequence[Expr], wires: Sequence[Expr]) -> KindRows:
    """The rows of a type that exports and gathers so much."""
    run = rows_of(task)
    schema, layout = task.schema, run.layout
    rates = {layout.slot[name]: rate_of(schema, name) for name in schema.states}
    states = tuple(rates)
    rates |= {one.running: one.expr.args[0] for one in layout.windows if window_of(one).kind in INTEGRATED}
    rates |= {run.integral[name]: expr for name, expr in task.integrate}
    present = _numbered((name for name, link in schema.links.items() if link.is_single), run.kept)
    stage = _numbered(states, run.kept + len(present))
    slope = _numbered(rates, run.kept + len(present) + len(stage))
    increment = _numbered(rates, run.kept + len(present) + len(stage) + len(slope))
    scratch = run.kept + len(present) + len(stage) + 2 * len(slope)
    export, wire = _numbered(exports, scratch), _numbered(wires, scratch + len(exports))
    carry = _numbered(_carried(run), scratch + len(exports) + len(wires))
    first_held = scratch + len(exports) + len(wires) + len(carry)
    return KindRows(run, rates, present, stage, slope, increment, export, wire, carry, first_held)


def _carried(run: Rows) -> list[Expr]:
    """The operands that a window looks at at both ends of a step."""
    seen = (one.expr.args[0] for one in run.layout.windows if window_of(one).kind not in INTEGRATED)
    return list(dict.fromkeys(seen))


def _numbered(members: Iterable[T], first: int) -> dict[T, int]:
    return {one: row for row, one in enumerate(members, start=first)}
