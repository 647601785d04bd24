"""The end of a step: cycles turn, events happen, states jump.

An event is a rising edge: its condition was false at the start of the step and holds at the end. The instant lies where
the straight line through the crossing at both ends is zero. The memory of an event is one number, `previous`: negative
while the condition is false, else not negative, NaN while nobody has looked.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import final

from pollux.model.graph import Expr
from pollux.model.schema import Event
from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.consistent import consistent
from pollux.simulate.methods.sheet import Sheet, Windowed
from pollux.simulate.methods.stages import AbstractStages

_NEGATIVE = -1e-300
"""What `previous` is at least when a strict comparison sits on its edge."""


@final
class Arrival:
    """States, cycles and events at the end of a step; `now` is before the jumps, `after` is after them."""

    def __init__(self, sheet: Sheet, stages: AbstractStages, window: Windowed) -> None:
        self._sheet = sheet
        self._stages = stages
        self.schema = sheet.schema
        self.now = sheet.instant(1.0, state=self._state, window=window)
        self._window = window
        self._cycles = {sheet.layout.slot[name]: name for name in self.schema.cycles}

    @cached_property
    def unknowns(self) -> Mapping[int, Term]:
        """The algebraic unknowns after the jumps, by row."""
        if not self.schema.jumps:
            rows = (self._sheet.layout.slot[name] for name in self.schema.unknowns)
            return {row: self._stages.end(row) for row in rows}
        return consistent(self._sheet, 1.0, lambda row: self.jumped(row).arg)

    @cached_property
    def after(self) -> Instant:
        """The values of expressions after the jumps."""

        def state(row: int) -> Arg:
            return (self.unknowns[row] if row in self.unknowns else self.jumped(row)).arg

        return self._sheet.instant(1.0, state=state, window=self._window)

    def turned(self, cycle: str) -> tuple[Term, Term]:
        """Whether a cycle began anew in this step, and at which fraction of it."""
        row = self._sheet.layout.slot[cycle]
        start, end = self._sheet.term(row), self._stages.end(row)
        return end >= 1.0, (1.0 - start) / (end - start)

    def happened(self, name: str) -> tuple[Term, Term]:
        """Whether an event happened in this step, and at which fraction of it."""
        event, previous = self.schema.events[name], self._sheet.term(self._sheet.layout.events[name].previous)
        crossing = self.now.term(event.crossing)
        fired = (previous < 0.0) & self.now.term(event.condition)
        return fired, (crossing >= 0.0).where(previous / (previous - crossing), 1.0)

    def earliest(self) -> Term:
        """The fraction of the step at which something happens first: an event, a cycle that turns; else 1."""
        lines = self._sheet.lines
        instants = [self.happened(name) for name in self.schema.events]
        instants += [self.turned(name) for name in self.schema.cycles]
        early = lines.term(1.0)
        for fired, fraction in instants:
            early = early.min(fired.where(fraction, 1.0))
        return early

    def jumped(self, row: int) -> Term:
        """A state at the end of the step, after the jumps of all events that happened."""
        value = self._sheet.lines.term(self._state(row))
        for jump in self.schema.jumps:
            if self._sheet.layout.slot[jump.state] == row:
                value = self._fired(jump.event).where(self.now.term(jump.value), value)
        return value

    def _fired(self, what: str) -> Term:
        """Whether an event happened, or a cycle turned."""
        return (self.turned(what) if what in self.schema.cycles else self.happened(what))[0]

    def remember(self, name: str) -> None:
        """Store the memory of an event."""
        sheet, slots = self._sheet, self._sheet.layout.events[name]
        fired, fraction = self.happened(name)
        time = sheet.lines.term(sheet.span.at(0.0)) + fraction * sheet.span.part(1.0)
        first, last, count = sheet.term(slots.first), sheet.term(slots.last), sheet.term(slots.count)
        sheet.lines.store(slots.first, (fired & first.is_nan).where(time, first).arg)
        sheet.lines.store(slots.last, fired.where(time, last).arg)
        sheet.lines.store(slots.count, (count + fired.where(1.0, 0.0)).arg)
        sheet.lines.store(slots.previous, armed(self.after, self.schema.events[name]).arg)

    def _state(self, row: int) -> Arg:
        end = self._stages.end(row)
        return (end - (end >= 1.0).where(end.floor, 0.0)).arg if row in self._cycles else end.arg


def armed(at: Instant, event: Event) -> Term:
    """The crossing as an event remembers it: negative exactly while its condition is false."""
    crossing = at.term(event.crossing)
    return at.term(event.condition).where(crossing.max(0.0), crossing.min(_NEGATIVE))


def opened(sheet: Sheet, at: Instant, name: str) -> None:
    """Look at an event for the first time: what already holds at the start is no rising edge."""
    row = sheet.layout.events[name].previous
    previous = sheet.term(row)
    sheet.lines.store(row, previous.is_nan.where(armed(at, sheet.schema.events[name]), previous).arg)


def conditions(sheet: Sheet, at: Instant, ever: tuple[tuple[str, Expr], ...]) -> None:
    """Note which of the conditions watched hold."""
    for name, condition in ever:
        row = sheet.rows.ever[name]
        sheet.lines.store(row, at.term(condition).where(1.0, sheet.load(row)).arg)


def failures(sheet: Sheet, values: Sequence[Term]) -> None:
    """Note when a member is lost: the first step after which one of its states is no finite number."""
    row = sheet.rows.failed
    failed, total = sheet.term(row), sum(values[1:], values[0]) if values else sheet.lines.term(0.0)
    lost = ~(total - total).equals(0.0)
    sheet.lines.store(row, (lost & failed.is_nan).where(sheet.span.at(1.0), failed).arg)
