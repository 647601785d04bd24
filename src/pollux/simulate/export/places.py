"""Where an instance keeps its numbers: the rows of a kernel, and behind them those that only an FMU has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

from pollux.errors import ModelError
from pollux.model.crossing import crossing
from pollux.model.graph import Expr, const, leaf, node
from pollux.model.schema import Schema
from pollux.model.units import DIMENSIONLESS
from pollux.simulate.generate.program import Program
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Rows, Task, rows_of


@final
@dataclass(frozen=True, slots=True)
class Places:
    """The rows of an instance: those of `program`, then derivatives, outputs, truths, crossings and the time.

    `truths` are the conditions whose truth can be read: events, and derived values that are conditions. `crossings` are
    what a solver watches: the turns of cycles and those conditions; empty where the FMU is not for model exchange.
    """

    schema: Schema
    program: Program
    rows: Rows
    derivatives: Mapping[str, int]
    outputs: Mapping[str, int]
    truths: Mapping[str, int]
    crossings: Mapping[str, int]

    @property
    def time(self) -> int:
        """The row of the time, the last."""
        return self.program.rows + len(self.derivatives) + len(self.outputs) + len(self.truths) + len(self.crossings)

    def watched(self) -> Iterator[tuple[str, Expr, Expr]]:
        """What a solver watches: its name, the condition, and the number that rises through zero with it."""
        for cycle in self.schema.cycles:
            phase = leaf("phase", cycle, DIMENSIONLESS)
            yield cycle, node(">=", (phase, const(1.0)), DIMENSIONLESS), node("-", (phase, const(1.0)), DIMENSIONLESS)
        for name, condition in conditions(self.schema).items():
            event = self.schema.events.get(name)
            yield name, condition, event.crossing if event else crossing(condition)


def places_of(schema: Schema, *, exchange: bool) -> Places:
    """The rows for a type; with `exchange` those for a solver too."""
    task = Task(schema, strict=True)
    program, rows = compose(task), rows_of(task)
    first = program.rows
    groups: list[Mapping[str, int]] = []
    watched = (*schema.cycles, *conditions(schema)) if exchange else ()
    for names in (schema.states, tuple(values(schema)), tuple(conditions(schema)), watched):
        groups.append({name: first + k for k, name in enumerate(names)})
        first += len(names)
    derivatives, outputs, truths, crossings = groups
    return Places(schema, program, rows, derivatives, outputs, truths, crossings)


def conditions(schema: Schema) -> dict[str, Expr]:
    """The conditions of a type by name: its events, and its derived values that are true or false."""
    found = {name: event.condition for name, event in schema.events.items()}
    return found | {name: expr for name, expr in schema.derived.items() if expr.is_condition}


def values(schema: Schema) -> dict[str, Expr]:
    """The numbers that a type computes, by name: derived values and readings."""
    found = {name: expr for name, expr in schema.derived.items() if not expr.is_condition}
    return found | dict(schema.readings)


def check_watchable(schema: Schema) -> None:
    """Raise `ModelError` for a condition that has no side to come from."""
    for name, condition in conditions(schema).items():
        try:
            crossing(condition)
        except ModelError as error:
            raise ModelError(error.message, at=f"{schema.name}.{name}", hint=error.hint) from None
