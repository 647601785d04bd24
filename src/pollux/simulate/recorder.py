"""What a run hands out: expressions on the grid, reckoned from the rows that the kernel recorded.

The kernel copies rows; NumPy computes the rest afterwards, for whole grids at once. So a kernel does not depend on what
somebody wants to see, and is compiled once per type.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.model.evaluate import OUTSIDE, evaluate_all
from pollux.model.graph import Expr, Settled
from pollux.model.schema import Schema
from pollux.simulate.generate.lower import postorder
from pollux.simulate.methods.rows import Rows, Task, rows_of
from pollux.simulate.methods.sheet import BEYOND, refuse_links

Reader: TypeAlias = Callable[[int], F64]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Recorder:
    """Expressions of a type, and the row of the table from which each of their leaves is read.

    `picks` are the rows among them that move during a run and are recorded; the others are read from the table.
    """

    exprs: tuple[Expr, ...]
    places: dict[Expr, int]
    picks: tuple[int, ...]

    def values(self, recorded: F64, table: F64, times: F64) -> F64:
        """The expressions (expressions, times, members) from the recorded rows (picks, times, members).

        `times` are seconds since 1970.
        """
        line = {row: k for k, row in enumerate(self.picks)}

        def read(row: int) -> F64:
            source, place = (recorded, line[row]) if row in line else (table, row)
            found: F64 = source[place]
            return found

        return self._evaluated(read, times[:, None], recorded.shape[1:])

    def now(self, table: F64, time: float) -> F64:
        """The expressions (expressions, members) as they are in a table."""
        return self._evaluated(lambda row: table[row], np.array(time), table.shape[1:])

    def _evaluated(self, read: Reader, time: F64, shape: tuple[int, ...]) -> F64:
        out = np.empty((len(self.exprs), *shape))
        found = evaluate_all(self.exprs, lambda expr: time if expr.op == "time" else read(self.places[expr]))
        for k, one in enumerate(found):
            out[k] = one
        return out


def recorder(exprs: Sequence[Expr], rows: Rows, *, fed: Collection[str] = ()) -> Recorder:
    """A recorder of expressions; parameters in `fed` move, the others stand still."""
    places: dict[Expr, int] = {}
    moving: set[int] = set()
    for expr in postorder(exprs, lambda _: False):
        if expr.op in OUTSIDE and expr.op != "time":
            places[expr] = _place(expr, rows)
            if expr.op != "param" or expr.data in fed:
                moving.add(places[expr])
    return Recorder(tuple(exprs), places, tuple(sorted(moving)))


def _place(expr: Expr, rows: Rows) -> int:
    if expr.op in BEYOND:
        refuse_links(expr)
    if expr.op == "delay":
        return rows.delay(expr).now
    if expr.op == "settled":
        return rows.settled[expr]
    return rows.window(expr).out if expr.op == "window" else rows.layout.place(str(expr.data))


def now(schema: Schema, columns: F64, exprs: Sequence[Expr], *, time: float) -> F64:
    """Expressions (expressions, members) as columns of the type hold them; `time` in seconds since 1970.

    The outputs of a settled fast model are read from the state in which it was left.
    """
    rows = rows_of(Task(schema))
    table = rows.table(columns)
    for slots in rows.layout.settled:
        fast = slots.layout.schema
        column = table[slots.start : slots.start + slots.layout.width]
        outputs = [fast.expression(expr.data.output) for expr in slots.exprs if isinstance(expr.data, Settled)]
        table[[rows.settled[expr] for expr in slots.exprs]] = now(fast, column, outputs, time=time)
    return recorder(exprs, rows).now(table, time)
