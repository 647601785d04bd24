"""Where an instance keeps its numbers: the rows of a kernel, and behind them those that only an FMU has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import final

from pollux.errors import ModelError
from pollux.model.crossing import crossing
from pollux.model.graph import Expr, const, leaf, node
from pollux.model.schema import Schema
from pollux.model.units import DIMENSIONLESS
from pollux.simulate.export.names import conditions, values
from pollux.simulate.export.slopes import slopes
from pollux.simulate.generate.program import Program
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Method, Rows, Task, rows_of


@final
@dataclass(frozen=True, slots=True)
class Places:
    """The rows of an instance: those of `program`, then derivatives, outputs, truths, crossings, slopes and the time.

    `truths` are the conditions whose truth can be read: events, and derived values that are conditions. `crossings` are
    what a solver watches: the turns of cycles and those conditions; `slopes` are derivatives by (what, by what). These
    two are empty where the FMU is not for model exchange.
    """

    task: Task
    program: Program
    rows: Rows
    derivatives: Mapping[str, int]
    outputs: Mapping[str, int]
    truths: Mapping[str, int]
    crossings: Mapping[str, int]
    slopes: Mapping[tuple[str, str], int]

    @property
    def schema(self) -> Schema:
        """The type."""
        return self.task.schema

    @property
    def time(self) -> int:
        """The row of the time, the last."""
        groups = (self.derivatives, self.outputs, self.truths, self.crossings, self.slopes)
        return self.program.rows + sum(len(one) for one in groups)

    def watched(self) -> Iterator[tuple[str, Expr, Expr]]:
        """What a solver watches: its name, the condition, and the number that rises through zero with it."""
        for cycle in self.schema.cycles:
            phase = leaf("phase", cycle, DIMENSIONLESS)
            yield cycle, node(">=", (phase, const(1.0)), DIMENSIONLESS), node("-", (phase, const(1.0)), DIMENSIONLESS)
        for name, condition in conditions(self.schema).items():
            event = self.schema.events.get(name)
            yield name, condition, event.crossing if event else crossing(condition)


def places_of(schema: Schema, method: Method, *, exchange: bool) -> Places:
    """The rows for a type whose steps are those of `method`; with `exchange` those for a solver too."""
    task = Task(schema, strict=True, method=method)
    program, rows = compose(task), rows_of(task)
    after = count(program.rows)
    watched = (*schema.cycles, *conditions(schema)) if exchange else ()
    return Places(
        task,
        program,
        rows,
        derivatives=dict(zip(schema.states, after, strict=False)),
        outputs=dict(zip(values(schema), after, strict=False)),
        truths=dict(zip(conditions(schema), after, strict=False)),
        crossings=dict(zip(watched, after, strict=False)),
        slopes=dict(zip(slopes(schema) if exchange else (), after, strict=False)),
    )


def check_watchable(schema: Schema) -> None:
    """Raise `ModelError` for a condition that has no side to come from."""
    for name, condition in conditions(schema).items():
        try:
            crossing(condition)
        except ModelError as error:
            raise ModelError(error.message, at=f"{schema.name}.{name}", hint=error.hint) from None
