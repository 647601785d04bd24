"""One whole turn of a cycle: of a twin's own, or of a fast model that it settles, as a page plays it."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND, duration
from pollux.columns.layout import Layout, layout_of
from pollux.errors import ModelError, NotFound, SimulationError
from pollux.model.evaluate import evaluate
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol
from pollux.simulate import Run, run
from pollux.site.compiling import COMPILERS

if TYPE_CHECKING:
    from pollux.show.facts import Turn

F64 = NDArray[np.float64]

TURNS = 6
"""Turns that are run before one is taken: what was changed a moment ago has then settled as far as an eye can see."""


def turn_of(
    layout: Layout, column: F64, cycle: Symbol, fields: Sequence[Symbol], *, now: int, seq: int, every: str
) -> "Turn":
    """The newest whole turn of `cycle` for one column (layout.width,), with `fields` of its model every so often.

    Raises ModelError for something that is no cycle and for fields of another model, NotFound where the twin neither
    has the cycle nor settles a model that has it, SimulationError where it fails or does not turn.
    """
    schema = cycle.schema
    if cycle.name not in schema.cycles:
        raise ModelError(f"expected a cycle of {schema.name}, got {cycle.name}", hint="@px.cycle")
    foreign = [one.name for one in fields if one.schema != schema]
    if foreign:
        raise ModelError(f"expected fields of {schema.name}, got {foreign[0]}", at=cycle.name)
    own = _own(layout, column, schema)
    period = _period(schema, own, cycle)
    names = (cycle.name, *(one.name for one in fields))
    grid = duration(every)
    rows = math.ceil((TURNS + 1) * period * SECOND / grid)
    outcome = run(Run(schema, own, now, rows * grid, grid=grid, record=names), compiler=COMPILERS)
    phase = outcome[cycle.name][:, 0] % 1.0
    begins = np.flatnonzero(np.diff(phase) < 0) + 1
    if len(begins) < 2 or not np.isfinite(phase).all():
        raise SimulationError(f"expected whole turns of {cycle.name}, got none", at=schema.name)
    first, last = int(begins[-2]), int(begins[-1])
    turned = np.stack([outcome[name][first:last, 0] for name in names[1:]], axis=1)
    from pollux.show.facts import Turn  # brings the server with it, which no other run of a fork needs

    return Turn(names[1:], turned, int(outcome.times[first]), grid / SECOND, seq)


def medoid(columns: F64, slots: Sequence[int]) -> int:
    """The member nearest to the middle of an ensemble (width, members) in all of some numbers at once."""
    chosen = columns[list(slots)]
    spread = chosen.std(axis=1, keepdims=True)
    away = (chosen - np.median(chosen, axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    return int(np.nan_to_num((away**2).sum(axis=0), nan=np.inf).argmin())


def _own(layout: Layout, column: F64, schema: Schema) -> F64:
    """The column of the model that turns: the twin's, or that of a fast model in it."""
    if layout.schema == schema:
        return column[:, None].copy()
    for slots in layout.settled:
        if slots.layout.schema == schema:
            return column[slots.start : slots.start + slots.layout.width, None].copy()
    raise NotFound(f"expected {schema.name} in {layout.schema.name}, got no settled model of it", at=layout.schema.name)


def _period(schema: Schema, own: F64, cycle: Symbol) -> float:
    """Seconds that a turn takes at the beginning."""
    layout = layout_of(schema)
    expr = schema.expression(f"{cycle.name}.period")
    found = float(evaluate(expr, lambda leaf: own[layout.place(str(leaf.data)), 0]))
    if not (np.isfinite(found) and found > 0):
        raise SimulationError(f"expected a period above zero, got {found:g}", at=f"{schema.name}.{cycle.name}")
    return found
