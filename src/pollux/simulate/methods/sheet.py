"""One section of a kernel being written: it knows the rows and makes the instants of a step."""

from collections.abc import Callable, Mapping
from typing import Final, NoReturn, TypeAlias, final

from pollux.errors import SimulationError
from pollux.model.graph import Expr, const, node
from pollux.model.schema import Schema
from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Lines, Term
from pollux.simulate.generate.lower import Held, Instant
from pollux.simulate.methods.interpolation import was
from pollux.simulate.methods.rows import Rows, Task
from pollux.simulate.methods.span import AbstractSpan, FixedSpan

State: TypeAlias = Callable[[int], Arg]
Windowed: TypeAlias = Callable[[Expr], Arg]

BEYOND: Final = frozenset(("gather", "total", "present"))
"""What an expression knows through links."""


def refuse_links(expr: Expr) -> NoReturn:
    """Refuse an expression that reads linked twins, where these are not simulated too."""
    raise SimulationError(
        "expected a type that runs alone, got one that reads linked twins",
        at=str(expr.data),
        hint="types that read each other run together: pollux.simulate.couple",
    )


@final
class Sheet:
    """The assignments of one section, on the rows of a task."""

    def __init__(
        self,
        task: Task,
        rows: Rows,
        held: Held,
        *,
        prefix: str,
        is_opening: bool = False,
        beyond: Callable[[Expr], int] | None = None,
    ) -> None:
        self.schema = task.schema
        self.rows = rows
        self.layout = rows.layout
        self.lines = Lines(prefix)
        self.span: AbstractSpan = FixedSpan(self.lines)
        self._strict = task.strict
        self._held = held
        self._is_opening = is_opening
        self._beyond = beyond or refuse_links

    def load(self, row: int) -> Arg:
        """What stands in a row."""
        return self.lines.emit("load", row)

    def term(self, row: int) -> Term:
        """What stands in a row, with the signs of arithmetic."""
        return self.lines.term(self.load(row))

    def instant(
        self,
        fraction: float,
        *,
        state: State,
        window: Windowed | None = None,
        known: Mapping[Expr, Arg] | None = None,
    ) -> Instant:
        """The values of expressions at a fraction of the step, for these states and windows; some are `known`."""

        def leaf(expr: Expr) -> Arg:
            if expr.op == "time":
                return self.span.at(fraction)
            if expr.op in ("state", "phase"):
                return state(self.layout.slot[str(expr.data)])
            if expr.op == "window":
                return (window or self.latched)(expr)
            if expr.op == "delay":
                return self._delayed(expr, fraction, found)
            if expr.op == "noise":
                return 0.0  # its mean: what it does to a step, the method adds
            if expr.op == "settled":
                return self.load(self.rows.settled[expr])
            if expr.op in BEYOND:
                return self.load(self._beyond(expr))
            return self._fed(str(expr.data), fraction)

        found = Instant(self.lines, leaf, held=self._held, strict=self._strict, known=known)
        return found

    def latched(self, expr: Expr) -> Arg:
        """What a window held when it last closed."""
        return self.load(self.rows.window(expr).out)

    def _delayed(self, expr: Expr, fraction: float, present: Instant) -> Arg:
        """What a delay gives at a fraction of the step; at the opening, where it has not begun, the present value."""
        slots = self.rows.delay(expr)
        age = self.term(slots.age)

        def sample(k: int) -> Term:
            return self.term(slots.first + k)

        if not self._is_opening:
            return was(slots, sample, age + self.span.part(fraction) if fraction else age).arg
        return age.is_nan.where(present(expr.args[0]), was(slots, sample, age)).arg

    def _fed(self, name: str, fraction: float) -> Arg:
        value = self.term(self.layout.place(name))
        slope = self.rows.slope.get(name)
        return (
            value.arg if slope is None or not fraction else (value + self.term(slope) * self.span.ticks(fraction)).arg
        )


def moves(task: Task) -> Callable[[Expr], bool]:
    """Tells the leaves that change in a run: states, phases, time, noise, the past, windows, slopes, linked twins."""

    def leaf_moves(expr: Expr) -> bool:
        if expr.op == "param":
            return expr.data in task.sloped
        return expr.op in ("state", "phase", "time", "window", "noise", "delay") or expr.op in BEYOND

    return leaf_moves


def held_leaf(rows: Rows) -> Callable[[Expr], int]:
    """The row of a leaf that stands still."""

    def leaf_row(expr: Expr) -> int:
        return rows.settled[expr] if expr.op == "settled" else rows.layout.place(str(expr.data))

    return leaf_row


def rate_of(schema: Schema, state: str) -> Expr:
    """How fast a state changes; a cycle's phase makes one turn per period."""
    if state not in schema.cycles:
        return schema.rates[state]
    period = schema.cycles[state].period
    # One division less in every stage where the period is itself a quotient, as it is in 1 / heart_rate.
    over, under = period.args if period.op == "/" else (period, const(1.0))
    return node("/", (under, over), period.unit**-1)
