"""What was: the samples of a delay inside a step.

With samples s_1 to s_4 a distance d apart and the newest of all taken `age` seconds ago, the value tau before what is
u seconds ahead lies at theta = (age + u) / d from s_2 on, on the cubic through the four. A step is no longer than d, so
theta stays below 2, and at most one sample is added. It is taken inside the step from the cubic that has the values and
slopes of the operand at both ends (Hermite), so a method of fourth order keeps its order where the past is smooth.
"""

from functools import reduce
from typing import final

from pollux.columns.rings import SAMPLES, DelaySlots
from pollux.model.differentiate import derivative
from pollux.model.graph import Expr
from pollux.model.walk import topological
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.arrival import Arrival
from pollux.simulate.methods.interpolation import was
from pollux.simulate.methods.jacobian import leaf_of
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.stages import AbstractStages, Rates


@final
class Past:
    """The delays of a type during one step."""

    def __init__(self, sheet: Sheet, stages: AbstractStages, rates: Rates, arrival: Arrival) -> None:
        self._sheet = sheet
        self._stages = stages
        self._arrival = arrival
        schema, slot = sheet.schema, sheet.layout.slot
        self._moved = {leaf_of(schema, name): rates[slot[name]] for name in schema.states}

    def keep(self, slots: DelaySlots) -> None:
        """Add the sample that falls due in the step, and note the delayed value at its end."""
        sheet, store = self._sheet, self._sheet.lines.store
        length, age = sheet.span.part(1.0), sheet.term(slots.age)
        after = age + length
        due = after >= slots.spacing
        sample = self._sample(slots.expr.args[0], (slots.spacing - age) / length)
        rows = [sheet.term(slots.first + k) for k in range(SAMPLES)]
        shifted = [due.where(newer, older) for older, newer in zip(rows, [*rows[1:], sample], strict=True)]
        for k, value in enumerate(shifted):
            store(slots.first + k, value.arg)
        age = due.where(after - slots.spacing, after)
        store(slots.age, age.arg)
        store(slots.now, was(slots, lambda k: shifted[k], age).arg)

    def _sample(self, operand: Expr, fraction: Term) -> Term:
        """The operand at a fraction of the step: the cubic with its values and slopes at both ends."""
        length, x = self._sheet.span.part(1.0), fraction
        start, end = self._stages.first, self._arrival.now
        v0, v1 = start.term(operand), end.term(operand)
        s0, s1 = (length * self._slope(operand, at) for at in (start, end))
        gap = v1 - v0
        return v0 + x * (s0 + x * (3.0 * gap - 2.0 * s0 - s1 + x * (s0 + s1 - 2.0 * gap)))

    def _slope(self, operand: Expr, at: Instant) -> Term:
        """How fast the operand changes along the solution."""
        parts = [at.term(derivative(operand, one)) for one in topological([operand]) if one.op == "time"]
        for one, rate in self._moved.items():
            if any(one is other for other in topological([operand])):
                parts.append(at.term(derivative(operand, one)) * at.term(rate))
        return reduce(Term.__add__, parts) if parts else self._sheet.lines.term(0.0)


def opened(sheet: Sheet, at: Instant, slots: DelaySlots) -> None:
    """Before the start an operand has the value of the start."""
    begins, first = sheet.term(slots.age).is_nan, at.term(slots.expr.args[0])
    for k in range(SAMPLES):
        sheet.lines.store(slots.first + k, begins.where(first, sheet.term(slots.first + k)).arg)
    sheet.lines.store(slots.age, begins.where(0.0, sheet.term(slots.age)).arg)
    sheet.lines.store(slots.now, begins.where(first, sheet.term(slots.now)).arg)
