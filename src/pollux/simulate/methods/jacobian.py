"""The derivatives that implicit methods need, from the graph: by everything that moves, and by time."""

from dataclasses import dataclass
from functools import reduce
from typing import final

from pollux.model.differentiate import derivative, jacobian
from pollux.model.graph import Expr, leaf, node
from pollux.model.schema import Schema
from pollux.model.units import DIMENSIONLESS, SECOND
from pollux.model.walk import topological
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.stages import Rates


@final
@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Equations by number: the row of the table that each moves, what it says, and whether that is a rate.

    What is not a rate is a residual, which is zero at every instant: the equation of an algebraic unknown.
    """

    rows: tuple[int, ...]
    exprs: tuple[Expr, ...]
    is_rate: tuple[bool, ...]
    leaves: tuple[Expr, ...]
    slopes: tuple[tuple[Expr, int], ...]

    def matrix(self, at: Instant) -> dict[tuple[int, int], Term]:
        """The derivatives of the equations by what they move, where they are not zero by structure."""
        place = {one: number for number, one in enumerate(self.leaves)}
        entries = jacobian(self.exprs, tuple(place))
        return {(i, j): at.term(expr) for (i, j), expr in entries.items()}

    def drift(self, at: Instant, sheet: Sheet) -> list[Term | None]:
        """The derivatives of the equations by time, inputs that rise along with it included; None where zero."""
        return [self._drift(expr, at, sheet) for expr in self.exprs]

    def _drift(self, expr: Expr, at: Instant, sheet: Sheet) -> Term | None:
        leaves = {one for one in topological([expr]) if one.op in ("time", "param")}
        parts: list[Term] = []
        for one in sorted(leaves, key=str):
            if one.op == "time":
                parts.append(at.term(derivative(expr, one)))
        for one, row in self.slopes:
            if one in leaves:
                # Slopes are told per tick, rates per second.
                parts.append(at.term(derivative(expr, one)) * sheet.term(row) * (1.0 / sheet.lines.term("unit")))
        return reduce(Term.__add__, parts) if parts else None


def system(sheet: Sheet, rates: Rates) -> System:
    """The equations of a type: rates in the order of their rows, then residuals."""
    schema, slot = sheet.schema, sheet.layout.slot
    rows = (*rates, *(slot[name] for name in schema.unknowns))
    exprs = (*rates.values(), *schema.algebraic.values())
    is_rate = (*[True] * len(rates), *[False] * len(schema.unknowns))
    by_row = {slot[name]: leaf_of(schema, name) for name in (*schema.states, *schema.unknowns)}
    # An integral moves and is not asked for: nothing depends on it.
    leaves = tuple(by_row.get(row, _nobody(row)) for row in rows)
    slopes = tuple((schema.expression(name), row) for name, row in sheet.rows.slope.items())
    return System(rows, exprs, is_rate, leaves, slopes)


def unknowns(sheet: Sheet) -> System:
    """The residuals alone, to be solved for their unknowns."""
    schema, slot = sheet.schema, sheet.layout.slot
    rows = tuple(slot[name] for name in schema.unknowns)
    leaves = tuple(leaf_of(schema, name) for name in schema.unknowns)
    return System(rows, tuple(schema.algebraic.values()), (False,) * len(rows), leaves, ())


def leaf_of(schema: Schema, name: str) -> Expr:
    """The node that stands for a state or an unknown in equations."""
    if name in schema.cycles:
        return leaf("phase", name, DIMENSIONLESS)
    return leaf("state", name, schema.signal(name).unit)


def _nobody(row: int) -> Expr:
    return node("state", (), SECOND, f"integral:{row}")
