"""Steps of each member's own: an attempt is kept where its error is small and no event lies inside it.

The error of a step is the root of the mean of (error of a state / (absolute + relative size))^2; up to 1 it is kept.
The next step is longer by 0.9 error^(-1/(order + 1)), between a fifth and five times (Hairer, Norsett & Wanner 1993,
Solving Ordinary Differential Equations I, II.4). A step in which an event happens or a cycle turns is taken back and
shortened until its end meets the instant, so that jumps happen where they belong and the order of the method is kept.

No member sees another: its steps are the same whatever the block, the chunk and the thread. Nothing is decided by a
branch; a member that has arrived, or is lost, makes attempts of no length, which change nothing.
"""

from typing import Final, final

from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Term
from pollux.simulate.methods.arrival import Arrival
from pollux.simulate.methods.rows import Control
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.span import OwnSpan
from pollux.simulate.methods.stages import AbstractEmbedded, Rates

SAFETY: Final = 0.9
LEAST, MOST = 0.2, 5.0
"""By how much the next step may differ from this one."""

UNREADABLE: Final = 0.1
"""What remains of a step whose error is no number."""

NEAR: Final = 1e-3
"""An event is met when the rest of the step is this part of the relative error times the step that was wished for."""

CHATTER: Final = 0.05
"""Events that follow each other at once are met late, by twice as much each time, up to this part of a step: a bucket
that is set back to its brim while it rains would else have no end of them."""

FIRST: Final = 1e-6
"""Seconds to begin with where size or rate say nothing."""

NO_STEP: Final = 1e-15
"""A step of this part of the time passed, or of as many seconds at the start, moves nothing: the member is lost."""


@final
class Attempt:
    """One attempt of every member at a step of its own length."""

    def __init__(self, sheet: Sheet, control: Control) -> None:
        self._sheet = sheet
        self._control = control
        since, wish = sheet.term(control.since), sheet.term(control.proposal).min(sheet.term(control.cap))
        for ring in sheet.layout.delays:
            wish = wish.min(ring.spacing)
        left = sheet.lines.term("target") - since
        # What would leave a short rest is cut in two equal parts instead.
        self.length = (left <= wish).where(left, (left < 2.0 * wish).where(0.5 * left, wish))
        self._ends = self.length >= left
        sheet.span = OwnSpan(sheet.lines, since, self.length)

    def judge(self, stages: AbstractEmbedded, arrival: Arrival) -> None:
        """Keep or take back everything stored so far, and choose what each member tries next."""
        error, early = self._error(stages), arrival.earliest()
        fits, met = error <= 1.0, (1.0 - early) * self.length <= self._near()
        busy = self.length > 0.0
        kept = busy & fits & met
        back = busy & ~kept
        self._keep(kept, self._lost(back))
        self._count(kept, back)
        self._next(stages.order, error, busy & fits, kept, early)

    def _lost(self, back: Term) -> Term:
        since = self._sheet.term(self._control.since)
        return back & (self.length <= NO_STEP * since.max(NO_STEP))

    def _keep(self, kept: Term, lost: Term) -> None:
        """What happened in the step happened where it is kept; a member whose steps came to nothing is lost."""
        sheet, lines = self._sheet, self._sheet.lines
        states = frozenset(sheet.layout.slot[name] for name in sheet.schema.states)

        def change(row: int, value: Arg) -> Arg:
            settled = kept.where(value, sheet.load(row))
            return (lost.where(float("nan"), settled) if row in states else settled).arg

        lines.amend(change)
        since, failed = sheet.term(self._control.since), sheet.term(sheet.rows.failed)
        after = kept.where(self._ends.where("target", since + self.length), since)
        lines.store(self._control.since, lost.where(float("inf"), after).arg)
        lines.store(sheet.rows.failed, (lost & failed.is_nan).where(sheet.span.at(0.0), failed).arg)

    def _error(self, stages: AbstractEmbedded) -> Term:
        sheet, slot = self._sheet, self._sheet.layout.slot
        squares = [self._part(stages, slot[name], row) for name, row in self._control.absolute.items()]
        total = sum(squares[1:], squares[0]) if squares else sheet.lines.term(0.0)
        return sheet.lines.term(sheet.lines.emit("sqrt", (total * (1.0 / max(1, len(squares)))).arg))

    def _part(self, stages: AbstractEmbedded, row: int, absolute: int) -> Term:
        size = abs(self._sheet.term(row)).max(abs(stages.end(row)))
        scale = self._sheet.term(absolute) + self._sheet.term(self._control.relative) * size
        share = stages.doubt(row) / scale
        return share * share

    def _near(self) -> Term:
        relative, proposal = self._sheet.term(self._control.relative), self._sheet.term(self._control.proposal)
        exact = NEAR * relative * proposal + NO_STEP * self._sheet.term(self._control.since)
        return exact + self._sheet.term(self._control.late)

    def _count(self, kept: Term, back: Term) -> None:
        for row, counted in ((self._control.accepted, kept), (self._control.rejected, back)):
            self._sheet.lines.store(row, (self._sheet.term(row) + counted.where(1.0, 0.0)).arg)

    def _next(self, order: int, error: Term, fits: Term, kept: Term, early: Term) -> None:
        """The step after this one; what a stop or an event cuts short does not shorten those behind it."""
        lines, control = self._sheet.lines, self._control
        proposal, cap = self._sheet.term(control.proposal), self._sheet.term(control.cap)
        power = lines.term(lines.emit("pow", error.arg, -1.0 / (order + 1)))
        factor = error.is_nan.where(UNREADABLE, (SAFETY * power).min(MOST).max(LEAST))
        tried = self.length * factor
        longer = (self.length < proposal).where(tried.max(proposal), tried)
        lines.store(control.proposal, kept.where(longer, fits.where(proposal, self._shorter(tried, proposal))).arg)
        meets = early * self.length + 0.5 * self._near()
        lines.store(control.cap, kept.where(float("inf"), fits.where(meets, cap)).arg)
        lines.store(control.late, kept.where(self._late(proposal, early), self._sheet.term(control.late)).arg)

    def _late(self, proposal: Term, early: Term) -> Term:
        """By how much the next event may be met late: not at all, but where the last two were at once."""
        twice = 2.0 * self._near()
        at_once = (early < 1.0) & (self.length <= twice)
        return at_once.where(twice.min(CHATTER * proposal), 0.0)

    def _shorter(self, tried: Term, proposal: Term) -> Term:
        return (self.length > 0.0).where(tried, proposal)


def opened(sheet: Sheet, control: Control, rates: Rates) -> None:
    """The first step of a member that has not begun: a hundredth of size over rate (Hairer et al., II.4)."""
    sheet.span = OwnSpan(sheet.lines, sheet.term(control.since), sheet.lines.term(0.0))
    start, slot = sheet.instant(0.0, state=sheet.load), sheet.layout.slot
    size = rate = sheet.lines.term(0.0)
    for name, absolute in control.absolute.items():
        scale = sheet.term(absolute) + sheet.term(control.relative) * abs(sheet.term(slot[name]))
        size = size.max(abs(sheet.term(slot[name])) / scale)
        rate = rate.max(abs(start.term(rates[slot[name]])) / scale)
    first = ((size < 1e-5) | (rate < 1e-5)).where(FIRST, 0.01 * size / rate)
    begun = sheet.term(control.proposal)
    sheet.lines.store(control.proposal, (begun > 0.0).where(begun, first).arg)
