"""What a kernel is asked for, and the rows of the table it works on.

The first rows are the columns `Layout`, unchanged. Behind them stand the rows that belong to a run only: the outputs of
settled fast models, the slopes of inputs that are fed as straight lines, integrals, conditions watched, and the time at
which a member failed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar, final, get_args

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.layout import Layout, WindowSlots, layout_of
from pollux.columns.rings import DelaySlots
from pollux.errors import SimulationError
from pollux.model.graph import Expr
from pollux.model.schema import Schema

T = TypeVar("T")

Method: TypeAlias = Literal["rk4", "dopri5", "rodas4", "euler-maruyama", "milstein"]
"""How a run is integrated; what each is good for stands in docs/how-to/choose-a-solver.md."""

METHODS: Final[tuple[Method, ...]] = get_args(Method)

STOCHASTIC: Final[frozenset[Method]] = frozenset(("euler-maruyama", "milstein"))
"""The methods for types with noise."""

ADAPTIVE: Final[frozenset[Method]] = frozenset(("dopri5", "rodas4"))
"""The methods whose members take steps of their own."""

RELATIVE: Final = 1e-6
"""The relative error of an accepted step where nothing else is said."""

ABSOLUTE: Final = 1e-3
"""The absolute error of a state of unknown size, as a part of the relative one."""

_CONTROLS: Final = 7
"""The rows of `Control` besides those of its states."""


def usual(schema: Schema) -> Method:
    """The method of a type that is not stiff and not driven."""
    if schema.noises:
        return "euler-maruyama"
    if schema.algebraic:
        return "rodas4"
    return "dopri5" if schema.jumps and not layout_of(schema).settled else "rk4"


@final
@dataclass(frozen=True, slots=True)
class Task:
    """What a kernel computes besides the schema: integrals over the run, conditions that ever hold, sloped inputs.

    `method` is how it integrates; a trial takes any type as it is without its noise.
    """

    schema: Schema
    integrate: tuple[tuple[str, Expr], ...] = ()
    ever: tuple[tuple[str, Expr], ...] = ()
    sloped: tuple[str, ...] = ()
    strict: bool = False
    method: Method = "rk4"
    is_trial: bool = False


@final
@dataclass(frozen=True, slots=True)
class Control:
    """Where each member keeps what governs its own steps.

    `since` is how far it is, in seconds since the start of the run; `proposal` the step it would take next, `cap` the
    most it may take to meet an event, `late` by how much it may be late for one that follows another at once,
    `accepted` and `rejected` how many it took and took back. `relative` is the relative error of a step it accepts,
    `absolute` that which is added for each state, in its unit.
    """

    since: int
    proposal: int
    cap: int
    late: int
    accepted: int
    rejected: int
    relative: int
    absolute: Mapping[str, int]


@final
@dataclass(frozen=True, slots=True)
class Luck:
    """What the random numbers of a run are drawn by: a seed, the member, the number of its first step."""

    seed: int
    member: int
    first: int


@final
@dataclass(frozen=True, slots=True)
class Rows:
    """Places in the table of a run: `kept` rows, of which the first `layout.width` are the columns."""

    layout: Layout
    settled: Mapping[Expr, int]
    slope: Mapping[str, int]
    integral: Mapping[str, int]
    ever: Mapping[str, int]
    failed: int
    control: Control | None = None
    luck: Luck | None = None

    @property
    def kept(self) -> int:
        """The number of rows in the table."""
        return self.failed + 1

    def window(self, expr: Expr) -> WindowSlots:
        """Where a window of the type keeps its numbers; refuses one that only an objective uses."""
        for slots in self.layout.windows:
            if slots.expr is expr:
                return slots
        raise SimulationError(
            f"expected a window of {self.layout.schema.name}, got one that the type does not have",
            hint="make it a derived or a reading of the type, so that it has an accumulator",
        )

    def delay(self, expr: Expr) -> DelaySlots:
        """Where a delay of the type keeps its samples; refuses one that only an objective uses."""
        for slots in self.layout.delays:
            if slots.expr is expr:
                return slots
        raise SimulationError(
            f"expected a delay of {self.layout.schema.name}, got one that the type does not have",
            hint="make it a derived of the type, so that it has a memory",
        )

    def table(self, start: F64) -> F64:
        """The table of a run (kept rows, members) that begins with these columns (layout.width, members)."""
        table = np.zeros((self.kept, start.shape[1]))
        table[: self.layout.width] = start
        table[self.failed] = np.nan
        if self.control is not None:
            table[self.control.cap] = np.inf
        return table


def rows_of(task: Task) -> Rows:
    """The rows that a task needs, in a fixed order."""
    layout = layout_of(task.schema)
    row = layout.width
    settled = _numbered((expr for fast in layout.settled for expr in fast.exprs), row)
    slope = _numbered(task.sloped, row := row + len(settled))
    integral = _numbered((name for name, _ in task.integrate), row := row + len(slope))
    ever = _numbered((name for name, _ in task.ever), row := row + len(integral))
    row += len(ever)
    control = _control(task.schema.states, row) if task.method in ADAPTIVE else None
    row += 0 if control is None else _CONTROLS + len(control.absolute)
    luck = Luck(row, row + 1, row + 2) if task.schema.noises else None
    row += 0 if luck is None else 3
    return Rows(layout, settled, slope, integral, ever, failed=row, control=control, luck=luck)


def _control(states: tuple[str, ...], first: int) -> Control:
    since, proposal, cap, late, accepted, rejected, relative = range(first, first + _CONTROLS)
    absolute = _numbered(states, first + _CONTROLS)
    return Control(since, proposal, cap, late, accepted, rejected, relative, absolute)


def _numbered(members: Iterable[T], first: int) -> dict[T, int]:
    return {one: row for row, one in enumerate(members, start=first)}
