"""What was: the samples of a delay inside a step.

With samples s_1 to s_4 a distance d apart and the newest of all taken `age` seconds ago, the value tau before what is
u seconds ahead lies at theta = (age + u) / d from s_2 on, on the cubic through the four. A step is no longer than d, so
theta stays below 2, and at most one sample is added. It is taken inside the step from the cubic that has the values and
slopes of the operand at both ends (Hermite), so a method of fourth order keeps its order where the past is smooth.
"""

from typing import final

from pollux.columns.rings import SAMPLES, DelaySlots
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.arrival import Arrival
from pollux.simulate.methods.cubic import Between
from pollux.simulate.methods.interpolation import was
from pollux.simulate.methods.sheet import Sheet


@final
class Past:
    """The delays of a type during one step."""

    def __init__(self, sheet: Sheet, between: Between, arrival: Arrival) -> None:
        self._sheet = sheet
        self._between = between
        self._arrival = arrival

    def keep(self, slots: DelaySlots) -> None:
        """Add the sample that falls due in the step, and note the delayed value at its end."""
        sheet, store = self._sheet, self._sheet.lines.store
        length, age = sheet.span.part(1.0), sheet.term(slots.age)
        after = age + length
        due = after >= slots.spacing
        operand = self._between.cubic(slots.expr.args[0], self._arrival.now)
        sample = operand.at((slots.spacing - age) / length)
        rows = [sheet.term(slots.first + k) for k in range(SAMPLES)]
        shifted = [due.where(newer, older) for older, newer in zip(rows, [*rows[1:], sample], strict=True)]
        for k, value in enumerate(shifted):
            store(slots.first + k, value.arg)
        age = due.where(after - slots.spacing, after)
        store(slots.age, age.arg)
        store(slots.now, was(slots, lambda k: shifted[k], age).arg)


def opened(sheet: Sheet, at: Instant, slots: DelaySlots) -> None:
    """Before the start an operand has the value of the start."""
    begins, first = sheet.term(slots.age).is_nan, at.term(slots.expr.args[0])
    for k in range(SAMPLES):
        sheet.lines.store(slots.first + k, begins.where(first, sheet.term(slots.first + k)).arg)
    sheet.lines.store(slots.age, begins.where(0.0, sheet.term(slots.age)).arg)
    sheet.lines.store(slots.now, begins.where(first, sheet.term(slots.now)).arg)
