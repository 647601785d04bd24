"""The doors of the kernel: begin a member, forget what was counted, go on; many members one after another."""

import math

from pollux.columns.arrays import F64, I64
from pollux.columns.jit import inlined, jit, long
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import Opening, Plan, Records, Sheet, State
from pollux.simulate.discrete.kernel import advance
from pollux.simulate.discrete.kernel_flow import STREAMS, free
from pollux.simulate.discrete.kernel_random import routed
from pollux.simulate.discrete.kernel_slots import live
from pollux.simulate.discrete.kernel_words import counted, enlist, enter, look, measured, new_part, timed, want, worked


@inlined
def _emptied(plan: Plan, s: State, member: int) -> None:
    """A state in which nothing is there and nothing is due."""
    s.clock[:] = 0.0
    s.mark[:] = 0
    s.mark[c.MEMBER] = member
    s.due[:] = math.inf
    half = len(s.due)
    for timer in range(half):
        s.tree[half + timer] = timer
    for node in range(half - 1, 0, -1):
        s.tree[node] = s.tree[2 * node]
    s.slot[:] = 0
    s.slot[:, c.PART] = c.NONE
    s.slot[:, c.TARGET] = c.NONE
    s.slot[:, c.NEXT] = c.NONE
    s.slot[:, c.HANDS] = c.NONE
    s.slot_f[:] = 0.0
    s.slot_f[:, c.REST] = -1.0
    s.slot_f[:, c.PASSIVE] = -1.0
    s.spent[:] = 0.0
    s.queue[:] = 0
    s.queue[:, c.PUSHER] = c.NONE
    s.queue_f[:] = 0.0
    for p in range(len(s.part)):
        s.part[p] = p + 1
    s.part[len(s.part) - 1] = c.NONE
    s.drawn[:] = 0
    s.listed[:] = 0
    s.hand_f[:] = 0.0


@jit
def opened(plan: Plan, s: State, r: Records, opening: Opening, member: int) -> None:
    """Begin a member at time zero."""
    _emptied(plan, s, member)
    for station in range(len(plan.station)):
        s.factor[station] = opening.factor[station]
    for q in range(len(plan.queue)):
        s.queue[q, c.ROOM] = opening.room[q]
    for worker in range(len(s.hand)):
        s.hand[worker, c.FREE] = opening.staff[worker]
        s.hand[worker, c.STAFF] = opening.staff[worker]
        s.hand[worker, c.WAITERS] = c.NONE
    for q in range(len(plan.queue)):
        for _ in range(opening.level[q]):
            _laid_in(s, q)
    for i in range(len(plan.slot)):
        _placed(plan, s, r, i, opening)
    for station in range(len(plan.station)):
        if plan.station[station, c.ROLE] != c.SOURCE:
            look(s, station)


@inlined
def _laid_in(s: State, q: int) -> None:
    p = new_part(s)
    s.part[p] = c.NONE
    if s.queue[q, c.LEVEL] == 0:
        s.queue[q, c.HEAD] = p
    else:
        s.part[s.queue[q, c.TAIL]] = p
    s.part_f[p, c.CAME] = 0.0
    s.queue[q, c.TAIL] = p
    s.queue[q, c.LEVEL] += 1
    s.queue[q, c.PEAK] = s.queue[q, c.LEVEL]


@inlined
def _placed(plan: Plan, s: State, r: Records, i: int, opening: Opening) -> None:
    """A slot as it is at time zero."""
    station, mode, rest = plan.slot[i], opening.mode[i], opening.rest[i]
    live(plan, s, i, station)
    if plan.station[station, c.ROLE] == c.SOURCE:
        s.slot_f[i, c.REST] = rest
        want(s, r, i, c.SERVICE, c.NONE)
    elif mode == c.BUSY:
        _handed(plan, s, i, station)
        s.slot_f[i, c.REST] = rest
        want(s, r, i, c.SERVICE, plan.station[station, c.OPERATOR])
    elif mode == c.BLOCKED:
        _handed(plan, s, i, station)
        stream, count = station * STREAMS + c.ROUTE, plan.station[station, c.OUTPUT_COUNT]
        s.slot[i, c.TARGET] = routed(plan, s, stream, plan.station[station, c.OUTPUTS], count)
        enlist(s, r, i, s.slot[i, c.TARGET], False)
    elif mode == c.DOWN:
        if plan.station[station, c.FAILS] == c.CALENDAR:
            timed(s, plan.calendar[i], math.inf)
        worker = plan.station[station, c.REPAIRER]
        if rest < 0.0:
            want(s, r, i, c.REPAIR, worker)
        else:
            if worker >= 0 and s.hand[worker, c.FREE] > 0:
                s.hand[worker, c.FREE] -= 1
                s.slot[i, c.HANDS] = worker
            enter(s, r, i, c.DOWN)
            timed(s, i, rest)
    else:
        free(plan, s, station)


@inlined
def _handed(plan: Plan, s: State, i: int, station: int) -> None:
    """A slot has a part in its hands already."""
    s.slot[i, c.PART] = new_part(s)


@jit
def forget(s: State) -> None:
    """Count from now on."""
    now = s.clock[0]
    s.spent[:] = 0.0
    s.slot_f[:, c.SINCE] = now
    for i in range(len(s.slot)):
        mode = s.slot[i, c.MODE]
        s.slot[i, c.PERIODS] = mode != c.IDLE and mode != c.BLOCKED
    s.slot[:, c.DONE] = 0
    s.slot[:, c.LOST] = 0
    for q in range(len(s.queue)):
        s.queue[q, c.PEAK] = s.queue[q, c.LEVEL] + s.queue[q, c.HELD]
    s.queue[:, c.PASSED] = 0
    s.queue[:, c.ENTERED] = 0
    s.queue_f[:] = 0.0
    s.queue_f[:, c.TOUCHED] = now
    s.hand_f[:] = 0.0
    s.hand_f[:, c.TOUCHED] = now
    s.clock[c.PARTS_AREA] = 0.0
    s.clock[c.PARTS_TOUCHED] = now


@jit
def summed(s: State) -> None:
    """Bring what is integrated over time up to now."""
    now = s.clock[0]
    for i in range(len(s.slot)):
        s.spent[i, s.slot[i, c.MODE]] += now - s.slot_f[i, c.SINCE]
        s.slot_f[i, c.SINCE] = now
    counted(s)
    for q in range(len(s.queue)):
        measured(s, q)
    for worker in range(len(s.hand)):
        worked(s, worker)


@inlined
def _list(to: F64 | I64, values: F64 | I64) -> None:
    """Copy a list; assigned as a whole it would be copied twice."""
    for place in range(len(values)):
        to[place] = values[place]


@inlined
def _table(to: F64 | I64, values: F64 | I64) -> None:
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            to[row, column] = values[row, column]


@jit
def _noted(s: State, sheet: Sheet, row: int) -> None:
    _table(sheet.slot[row], s.slot)
    _table(sheet.spent[row], s.spent)
    _table(sheet.queue[row], s.queue)
    _table(sheet.queue_f[row], s.queue_f)
    _table(sheet.hand_f[row], s.hand_f)
    _list(sheet.clock[row], s.clock)
    _list(sheet.mark[row], s.mark)


@inlined
def _one_of(many: State, m: int) -> State:
    """One member of a stack of states."""
    return State(
        many.clock[m],
        many.due[m],
        many.tree[m],
        many.slot[m],
        many.slot_f[m],
        many.spent[m],
        many.queue[m],
        many.queue_f[m],
        many.part[m],
        many.part_f[m],
        many.hand[m],
        many.hand_f[m],
        many.drawn[m],
        many.spare[m],
        many.ready[m],
        many.awake[m],
        many.looked[m],
        many.listed[m],
        many.factor[m],
        many.mark[m],
    )


@long
def replicate(
    plan: Plan,
    many: State,
    r: Records,
    silent: Records,
    opening: Opening,
    sheet: Sheet,
    first: int,
    members: int,
    fresh: bool,
    warm: float,
    end: float,
    batches: int,
) -> None:
    """Take members through time, one after another: to `warm` uncounted, then to `end` in so many counted batches.

    Each has a row of `many`, or all share one. `fresh` ones begin at time zero with the luck of members `first` and on.
    Every batch of every member has a row of `sheet`; without batches they are only brought to `warm`.
    """
    rows = len(many.mark)
    before = silent if warm > 0.0 else Records(silent.waits, r.trace, r.trace_f)
    for number in range(members):
        s = _one_of(many, number % rows)
        if fresh:
            opened(plan, s, before, opening, first + number)
        for batch in range(-1, batches):
            if batch >= 0:
                forget(s)
            advance(plan, s, r if batch >= 0 else before, warm + (end - warm) * (batch + 1) / max(1, batches))
            summed(s)
            if batch >= 0:
                _noted(s, sheet, number * batches + batch)
