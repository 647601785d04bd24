"""The sections that only an FMU has: what importers read, and what happens to a state in event mode."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from pollux.model.graph import Expr
from pollux.simulate.export.places import Places, conditions, values
from pollux.simulate.generate.assign import Arg, Assign
from pollux.simulate.generate.lines import Lines, Term
from pollux.simulate.generate.lower import Instant
from pollux.simulate.methods.sheet import rate_of

Section: TypeAlias = tuple[Assign, ...]
State: TypeAlias = Callable[[int], Arg]

EDGE = 1e-30
"""What a crossing is at least: a solver that stops at exactly zero would not know on which side it stands."""


def derivatives(places: Places) -> Section:
    """The rates of all states, phases among them."""
    rates = {row: rate_of(places.schema, name) for name, row in places.derivatives.items()}
    return _stored(places, rates)


def outputs(places: Places) -> Section:
    """Derived values and readings."""
    named = values(places.schema)
    return _stored(places, {row: named[name] for name, row in places.outputs.items()})


def truths(places: Places) -> Section:
    """The conditions as they are."""
    named = conditions(places.schema)
    return _stored(places, {row: named[name] for name, row in places.truths.items()})


def crossings(places: Places) -> Section:
    """Numbers that are above zero exactly where their condition holds, and never zero."""
    lines = Lines("c")
    now = _instant(lines, places)
    for name, condition, crossing in places.watched():
        if name in places.crossings:
            number = now.term(crossing)
            number = now.term(condition).where(number.max(EDGE), number.min(-EDGE))
            lines.store(places.crossings[name], number.arg)
    return lines.section()


def meeting(places: Places) -> Section:
    """Event mode: cycles turn, events whose condition has become true happen, their jumps take effect.

    The order is that of a kernel's step: jumps see the states before any of them, and a condition that only a jump
    made true is no event.
    """
    lines = Lines("m")
    turned = _turned(lines, places)
    now = _instant(lines, places, lambda row: turned[row].arg)
    jumped = dict(turned)
    for jump in places.schema.jumps:
        before = lines.term(lines.emit("load", places.truths[jump.event]))
        happens = now.term(places.schema.events[jump.event].condition) & before.equals(0.0)
        row = places.rows.layout.slot[jump.state]
        jumped[row] = happens.where(now.term(jump.value), jumped[row])
    after = _instant(lines, places, lambda row: jumped[row].arg)
    for name, condition in conditions(places.schema).items():
        lines.store(places.truths[name], after(condition))
    for row, value in jumped.items():
        lines.store(row, value.arg)
    return lines.section()


def _turned(lines: Lines, places: Places) -> dict[int, Term]:
    """The states by row, with phases brought back into their turn."""
    slots = {name: places.rows.layout.slot[name] for name in places.schema.states}
    found = {row: lines.term(lines.emit("load", row)) for row in slots.values()}
    for name in places.schema.cycles:
        phase = found[slots[name]]
        found[slots[name]] = phase - (phase >= 1.0).where(phase.floor, 0.0)
    return found


def _stored(places: Places, exprs: Mapping[int, Expr]) -> Section:
    lines = Lines("o")
    now = _instant(lines, places)
    for row, expr in exprs.items():
        lines.store(row, now(expr))
    return lines.section()


def _instant(lines: Lines, places: Places, state: State | None = None) -> Instant:
    rows = places.rows

    def leaf(expr: Expr) -> Arg:
        if expr.op == "time":
            return "t0"
        if expr.op == "window":
            return lines.emit("load", rows.window(expr).out)
        row = rows.layout.place(str(expr.data))
        return state(row) if state is not None and expr.op in ("state", "phase") else lines.emit("load", row)

    return Instant(lines, leaf, held=None, strict=True)
