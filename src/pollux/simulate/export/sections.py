"""The sections that only an FMU has: what importers read, and what happens to a state in event mode."""

from collections.abc import Mapping
from typing import TypeAlias

from pollux.model.graph import Expr
from pollux.model.schema import Jump
from pollux.simulate.export.names import conditions, values
from pollux.simulate.export.places import Places
from pollux.simulate.export.slopes import slopes
from pollux.simulate.generate.assign import Arg, Assign
from pollux.simulate.generate.lines import Term
from pollux.simulate.generate.lower import Held, Instant
from pollux.simulate.methods.consistent import consistent
from pollux.simulate.methods.sheet import Sheet, held_leaf, rate_of

Section: TypeAlias = tuple[Assign, ...]

EDGE = 1e-30
"""What a crossing is at least: a solver that stops at exactly zero would not know on which side it stands."""


def algebra(places: Places) -> Section:
    """The algebraic unknowns for these states and inputs; the search begins at what they were."""
    sheet = _sheet(places)
    for row, value in consistent(sheet, 0.0, sheet.load).items():
        sheet.lines.store(row, value.arg)
    return sheet.lines.section()


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
    sheet = _sheet(places)
    now = sheet.instant(0.0, state=sheet.load)
    for name, condition, crossing in places.watched():
        if name in places.crossings:
            number = now.term(crossing)
            number = now.term(condition).where(number.max(EDGE), number.min(-EDGE))
            sheet.lines.store(places.crossings[name], number.arg)
    return sheet.lines.section()


def jacobian(places: Places) -> Section:
    """The exact derivatives of rates and outputs by states and inputs."""
    named = slopes(places.schema)
    return _stored(places, {row: named[pair] for pair, row in places.slopes.items()})


def meeting(places: Places) -> Section:
    """Event mode: cycles turn, events whose condition has become true happen, their jumps take effect.

    The order is that of a kernel's step: jumps see the states before any of them, and a condition that only a jump
    made true is no event.
    """
    sheet = _sheet(places)
    turned = _turned(sheet)
    now = sheet.instant(0.0, state=lambda row: turned[row].arg if row in turned else sheet.load(row))
    jumped = dict(turned)
    for jump in places.schema.jumps:
        row = sheet.layout.slot[jump.state]
        jumped[row] = _happens(places, sheet, now, jump).where(now.term(jump.value), jumped[row])

    def known(row: int) -> Arg:
        return jumped[row].arg if row in jumped else sheet.load(row)

    found = {**jumped, **consistent(sheet, 0.0, known)}
    after = sheet.instant(0.0, state=lambda row: found[row].arg)
    for name, condition in conditions(places.schema).items():
        sheet.lines.store(places.truths[name], after(condition))
    for row, value in found.items():
        sheet.lines.store(row, value.arg)
    return sheet.lines.section()


def _happens(places: Places, sheet: Sheet, now: Instant, jump: Jump) -> Term:
    """Whether what a jump waits for happens: a condition that did not hold before, or a turn that is complete."""
    if jump.event in places.schema.cycles:
        return sheet.term(sheet.layout.slot[jump.event]) >= 1.0
    held = sheet.term(places.truths[jump.event])
    return now.term(places.schema.events[jump.event].condition) & held.equals(0.0)


def _turned(sheet: Sheet) -> dict[int, Term]:
    """The states by row, with phases brought back into their turn."""
    found = {sheet.layout.slot[name]: sheet.term(sheet.layout.slot[name]) for name in sheet.schema.states}
    for name in sheet.schema.cycles:
        row = sheet.layout.slot[name]
        found[row] = found[row] - (found[row] >= 1.0).where(found[row].floor, 0.0)
    return found


def _stored(places: Places, exprs: Mapping[int, Expr]) -> Section:
    sheet = _sheet(places)
    now = sheet.instant(0.0, state=sheet.load)
    for row, expr in exprs.items():
        sheet.lines.store(row, now(expr))
    return sheet.lines.section()


def _sheet(places: Places) -> Sheet:
    """A section at one moment, whose only time is `t0`; nothing is held from one call to the next."""
    held = Held(places.time + 1, leaf=held_leaf(places.rows), moves=lambda _: True, strict=True)
    # As at an opening: a delay that has not begun has the present value.
    return Sheet(places.task, places.rows, held, prefix="v", is_opening=True)
