"""An operand inside a step: the cubic that has its values and slopes at both ends (Hermite).

Slopes are taken along the solution: the derivatives of the operand by the states times their rates. What a method of
fourth order gives at both ends is known in between to the same order, where the operand has no kink.
"""

from functools import reduce
from typing import final

from pollux.model.differentiate import derivative
from pollux.model.graph import Expr
from pollux.model.walk import topological
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.jacobian import leaf_of
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.stages import AbstractStages, Rates


@final
class Between:
    """Operands between the start and the end of a step."""

    def __init__(self, sheet: Sheet, stages: AbstractStages, rates: Rates) -> None:
        self._sheet = sheet
        self._first = stages.first
        schema, slot = sheet.schema, sheet.layout.slot
        self._moved = {leaf_of(schema, name): rates[slot[name]] for name in schema.states}

    def cubic(self, operand: Expr, end: Instant) -> "Cubic":
        """The operand as a cubic of the fraction of the step; `end` is what holds at its end, before jumps."""
        length = self._sheet.span.part(1.0)
        s0, s1 = (length * self._slope(operand, at) for at in (self._first, end))
        return Cubic(self._first.term(operand), end.term(operand), s0, s1)

    def _slope(self, operand: Expr, at: Instant) -> Term:
        """How fast the operand changes along the solution."""
        below = set(topological([operand]))
        parts = [at.term(derivative(operand, one)) for one in below if one.op == "time"]
        for one, rate in self._moved.items():
            if one in below:
                parts.append(at.term(derivative(operand, one)) * at.term(rate))
        return reduce(Term.__add__, parts) if parts else self._sheet.lines.term(0.0)


@final
class Cubic:
    """v0 at 0 and v1 at 1, with the slopes s0 and s1."""

    def __init__(self, v0: Term, v1: Term, s0: Term, s1: Term) -> None:
        gap = v1 - v0
        self._v0, self._s0 = v0, s0
        self._b = 3.0 * gap - 2.0 * s0 - s1
        self._a = s0 + s1 - 2.0 * gap

    def at(self, x: Term) -> Term:
        """The value at a fraction of the step."""
        return self._v0 + x * (self._s0 + x * (self._b + x * self._a))

    def flats(self) -> tuple[Term, Term]:
        """Where it is level: the roots of s0 + 2 b x + 3 a x^2, no numbers or beyond the step where there is none.

        Without cancellation: q = -(b + sign(b) sqrt(b^2 - 3 a s0)), then q / (3 a) and s0 / q.
        """
        lines, b = self._b.lines, self._b
        root = lines.term(lines.emit("sqrt", (b * b - 3.0 * self._a * self._s0).arg))
        q = -(b + (b < 0.0).where(-root, root))
        return q / (3.0 * self._a), self._s0 / q
