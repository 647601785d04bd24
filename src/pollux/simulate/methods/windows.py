"""Readings over a stretch of time, kept inside the kernel and latched when the stretch closes.

A window has three rows: what runs (`running`), the time gathered (`clock`), what it held when it last closed (`out`).
NaN in `running` means that no whole stretch has begun, so that the first, torn one closes as missing. A window closes
inside a step, at a fraction of it; the operand there is taken from the straight line through both ends of the step, or,
where members have steps of their own, which may be long, from a cubic: so is what is greatest and least between them.
"""

from collections.abc import Callable
from typing import final

from pollux.columns.layout import Layout, WindowSlots
from pollux.model.graph import Expr, Window
from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.arrival import Arrival
from pollux.simulate.methods.cubic import Between, Cubic
from pollux.simulate.methods.sheet import Sheet
from pollux.simulate.methods.stages import AbstractStages

INTEGRATED = ("mean", "sum")
"""The kinds whose running value is an integral, that is a state of its own."""


def window_of(slots: WindowSlots) -> Window:
    """What is asked of the operand."""
    window = slots.expr.data
    assert isinstance(window, Window)
    return window


def durations(layout: Layout) -> tuple[Window, ...]:
    """The windows over a fixed stretch of time."""
    return tuple(window for window in map(window_of, layout.windows) if window.over == "duration")


@final
class Windows:
    """The windows of a type during one step; `between` is what operands are inside it where that may be long."""

    def __init__(self, sheet: Sheet, stages: AbstractStages, between: Between | None = None) -> None:
        self._sheet = sheet
        self._between = between
        self._stages = stages
        self._arrival = Arrival(sheet, stages, self.out)
        self._outs: dict[Expr, Arg] = {}

    @property
    def arrival(self) -> Arrival:
        """The end of the step, which reads these windows."""
        return self._arrival

    def out(self, expr: Expr) -> Arg:
        """What a window holds at the end of the step; asked while it closes itself, what it held before."""
        if expr not in self._outs:
            slots = self._sheet.rows.window(expr)
            self._outs[expr] = self._sheet.load(slots.out)
            self._outs[expr] = self._close(slots)
        return self._outs[expr]

    def _close(self, slots: WindowSlots) -> Arg:
        window = window_of(slots)
        closes, fraction = self._closing(slots, window)
        held, running, clock = self._parts(slots, window, closes, fraction)
        store, out = self._sheet.lines.store, self._sheet.term(slots.out)
        out = closes.where(held, out)
        store(slots.running, running.arg)
        store(slots.out, out.arg)
        if window.kind == "mean" or window.over == "duration":
            store(slots.clock, clock.arg)
        return out.arg

    def _closing(self, slots: WindowSlots, window: Window) -> tuple[Term, Term]:
        if window.over == "cycle":
            return self._arrival.turned(window.name)
        if window.over == "event":
            return self._arrival.happened(window.name)
        dt = self._sheet.span.part(1.0)
        left = window.seconds - self._sheet.term(slots.clock)
        # A millionth of a step is rounding in the sum of steps, not time that is still to pass.
        return left <= dt * 1.000001, (left / dt).min(1.0)

    def _parts(self, slots: WindowSlots, window: Window, closes: Term, fraction: Term) -> tuple[Term, Term, Term]:
        """What the window held if it closed, then its running value and its clock after the step."""
        dt = self._sheet.span.part(1.0)
        running, clock = self._sheet.term(slots.running), self._sheet.term(slots.clock)
        rest = (1.0 - fraction) * dt
        time = closes.where(rest, clock + dt)
        if window.kind in INTEGRATED:
            more = self._stages.increment(slots.running)
            whole = running + fraction * more
            held = whole / (clock + fraction * dt) if window.kind == "mean" else whole
            return held, closes.where((1.0 - fraction) * more, running + more), time
        (operand,) = slots.expr.args
        before, now = self._stages.first.term(operand), self._arrival.now.term(operand)
        if self._between is not None and self._sheet.rows.control is not None:
            cubic = self._between.cubic(operand, self._arrival.now)
            return *self._inside(window, running, cubic, now, closes, fraction), time
        edge = before + fraction * (now - before)
        if window.kind == "last":
            return running.is_nan.where(float("nan"), edge), closes.where(now, running), time
        extreme = _extreme(window)
        return extreme(running, edge), closes.where(extreme(edge, now), extreme(running, now)), time

    def _inside(
        self, window: Window, running: Term, cubic: Cubic, now: Term, closes: Term, fraction: Term
    ) -> tuple[Term, Term]:
        """What the window held if it closed and its running value, by the operand all along a step that may be long."""
        edge = cubic.at(fraction)
        if window.kind == "last":
            return running.is_nan.where(float("nan"), edge), closes.where(now, running)
        extreme = _extreme(window)
        held, begun, whole = extreme(running, edge), extreme(edge, now), extreme(running, now)
        for x in cubic.flats():
            inside, value = (x > 0.0) & (x < 1.0), cubic.at(x)
            held = (inside & (x < fraction)).where(extreme(held, value), held)
            begun = (inside & (x >= fraction)).where(extreme(begun, value), begun)
            whole = inside.where(extreme(whole, value), whole)
        return held, closes.where(begun, whole)


def _extreme(window: Window) -> Callable[[Term, Term], Term]:
    return Term.max if window.kind == "peak" else Term.min


def opened(sheet: Sheet, at: Instant, slots: WindowSlots) -> None:
    """Begin a window that has not begun: over a duration at once, over a cycle if the run starts where it turns."""
    window = window_of(slots)
    if window.over == "event":
        return
    running = sheet.term(slots.running)
    begins = running.is_nan
    if window.over == "cycle":
        begins = begins & sheet.term(sheet.layout.slot[window.name]).equals(0.0)
    first = 0.0 if window.kind in INTEGRATED else at(slots.expr.args[0])
    sheet.lines.store(slots.running, begins.where(first, running).arg)
    if window.kind == "mean" or window.over == "duration":
        sheet.lines.store(slots.clock, begins.where(0.0, sheet.load(slots.clock)).arg)
