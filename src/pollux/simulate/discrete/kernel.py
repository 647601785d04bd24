"""The kernel of a line: timers that end what slots are doing, and three agendas for what follows from it at once.

An event moves one slot. What it sets free is written on agendas (slots that begin, queues that let somebody in,
stations that may start) and worked off before time goes on, in an order that depends on nothing but the line. Nothing
calls itself, so everything is compiled into one loop.
"""

import math

from pollux.columns.jit import inlined, jit
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import Plan, Records, State
from pollux.simulate.discrete.kernel_flow import STREAMS, free, let_in, offer
from pollux.simulate.discrete.kernel_random import routed
from pollux.simulate.discrete.kernel_slots import begin, broken, go, live
from pollux.simulate.discrete.kernel_words import enlist, enter, measured, release, timed, wake, want


@inlined
def repaired(plan: Plan, s: State, r: Records, i: int, station: int) -> None:
    """A slot is up again and does what it was kept from."""
    release(s, i)
    live(plan, s, i, station)
    if s.slot[i, c.PART] < 0:
        enter(s, r, i, c.IDLE)
        free(plan, s, station)
    elif s.slot_f[i, c.REST] >= 0.0:
        want(s, r, i, c.SERVICE, plan.station[station, c.OPERATOR])
    elif s.slot[i, c.LISTED]:
        enter(s, r, i, c.BLOCKED)
    else:
        enlist(s, r, i, s.slot[i, c.TARGET], False)


@inlined
def struck(plan: Plan, s: State, r: Records, i: int, timer: int) -> None:
    """A failure by the calendar: whatever a slot is doing it is down; a changeover is finished first."""
    mode = s.slot[i, c.MODE]
    if mode == c.SETUP:
        timed(s, timer, s.due[i])
        return
    timed(s, timer, math.inf)
    rest = -1.0
    if mode == c.BUSY:
        rest = s.due[i] - s.clock[0]
        timed(s, i, math.inf)
    broken(plan, s, r, i, plan.slot[i], rest)


@inlined
def finish(plan: Plan, s: State, r: Records, i: int, station: int) -> None:
    """A slot has done its work: the part goes on, or is held until there is room."""
    s.slot[i, c.DONE] += 1
    s.slot[i, c.WORKED] += 1
    release(s, i)
    role = plan.station[station, c.ROLE]
    if role != c.MACHINE:
        if role == c.SOURCE:
            s.slot[i, c.LEFT_OF_BATCH] = plan.station[station, c.BATCH]
        offer(plan, s, r, i, station)
        return
    outputs = plan.station[station, c.OUTPUTS]
    if plan.station[station, c.BEFORE]:
        first = plan.station[station, c.INPUTS]
        for place in range(first, first + 2 * plan.station[station, c.INPUT_COUNT], 2):
            q = plan.links[place]
            if plan.queue[q, c.KIND] != c.SUPPLY:
                measured(s, q)
                s.queue[q, c.HELD] -= plan.links[place + 1]
                wake(s, q)
        s.queue[s.slot[i, c.TARGET], c.RESERVED] -= 1
    else:
        stream, count = station * STREAMS + c.ROUTE, plan.station[station, c.OUTPUT_COUNT]
        s.slot[i, c.TARGET] = routed(plan, s, stream, outputs, count)
    enlist(s, r, i, s.slot[i, c.TARGET], plan.station[station, c.BEFORE] == 1)


@inlined
def ended(plan: Plan, s: State, r: Records, i: int) -> None:
    """The timer of a slot has rung."""
    station = plan.slot[i]
    timed(s, i, math.inf)
    mode = s.slot[i, c.MODE]
    if mode == c.BUSY:
        if s.slot[i, c.BREAKS]:
            s.slot[i, c.BREAKS] = 0
            broken(plan, s, r, i, station, s.slot_f[i, c.REST])
        else:
            finish(plan, s, r, i, station)
    elif mode == c.DOWN:
        repaired(plan, s, r, i, station)
    else:  # set up
        release(s, i)
        want(s, r, i, c.SERVICE, plan.station[station, c.OPERATOR])


@inlined
def happened(plan: Plan, s: State, r: Records, timer: int) -> None:
    """A timer rings: it is that time now."""
    s.clock[0] = s.due[timer]
    s.mark[c.EVENTS] += 1
    if timer < len(plan.slot):
        ended(plan, s, r, timer)
    else:
        struck(plan, s, r, int(plan.timer[timer]), timer)


@jit
def advance(plan: Plan, s: State, r: Records, end: float) -> None:
    """Go on to a moment: everything that is due until then, and at it, happens.

    The agendas first: slots, then queues, then stations; when nothing is left on them, the next timer.
    """
    while s.mark[c.FAILED] == 0:
        if s.mark[c.READY_COUNT] > 0:
            s.mark[c.READY_COUNT] -= 1
            go(plan, s, r, int(s.ready[s.mark[c.READY_COUNT]]))
        elif s.mark[c.QUEUE_COUNT] > 0:
            s.mark[c.QUEUE_COUNT] -= 1
            q = int(s.awake[s.mark[c.QUEUE_COUNT]])
            s.queue[q, c.AWAKE] = 0
            let_in(plan, s, r, q)
        elif s.mark[c.STATION_COUNT] > 0:
            s.mark[c.STATION_COUNT] -= 1
            station = int(s.looked[s.mark[c.STATION_COUNT]])
            s.listed[station] = 0
            begin(plan, s, r, station)
        elif s.due[s.tree[1]] <= end:
            happened(plan, s, r, int(s.tree[1]))
        else:
            s.mark[c.RESTS] = s.due[s.tree[1]] == math.inf
            s.clock[0] = end
            break
