"""How parts move: into queues and out of them, from those who wait for room, to those who wait for parts."""

from typing import Final

from pollux.columns.jit import inlined
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import Plan, Records, State
from pollux.simulate.discrete.kernel_random import bin_of, routed
from pollux.simulate.discrete.kernel_words import drop_part, enlist, enter, look, measured, new_part, wake, want

STREAMS: Final = len(c.PURPOSES)


@inlined
def is_room(plan: Plan, s: State, q: int) -> bool:
    """Whether a queue takes one more: a free place, or, in a queue without places, a taker with nothing to do."""
    if plan.queue[q, c.KIND] == c.SINK:
        return True
    room = s.queue[q, c.ROOM]
    if room > 0:
        return bool(s.queue[q, c.LEVEL] + s.queue[q, c.HELD] + s.queue[q, c.RESERVED] < room)
    idle = 0
    first = plan.queue[q, c.TAKERS]
    for place in range(first, first + plan.queue[q, c.TAKER_COUNT]):
        station = plan.links[place]
        slot = plan.station[station, c.FIRST]
        for i in range(slot, slot + plan.station[station, c.COUNT]):
            idle += s.slot[i, c.MODE] == c.IDLE and s.slot[i, c.PART] < 0
    return bool(s.queue[q, c.LEVEL] + s.queue[q, c.RESERVED] < idle)


@inlined
def passed(s: State, r: Records, q: int, length: float) -> None:
    """Count a wait in a queue, or, at the end of the line, the whole way through it."""
    s.queue[q, c.PASSED] += 1
    s.queue_f[q, c.WAITS] += length
    s.queue_f[q, c.SQUARES] += length * length
    if len(r.waits) > 0:
        r.waits[q, bin_of(length)] += 1


@inlined
def deliver(plan: Plan, s: State, r: Records, q: int, p: int) -> None:
    """A part goes into a queue, or out of the line."""
    if plan.queue[q, c.KIND] == c.SINK:
        passed(s, r, q, s.clock[0] - s.part_f[p, c.BORN])
        drop_part(s, p)
        return
    measured(s, q)
    s.part_f[p, c.CAME] = s.clock[0]
    s.part[p] = c.NONE
    if s.queue[q, c.LEVEL] == 0:
        s.queue[q, c.HEAD] = p
    else:
        s.part[s.queue[q, c.TAIL]] = p
    s.queue[q, c.TAIL] = p
    s.queue[q, c.LEVEL] += 1
    s.queue[q, c.ENTERED] += 1
    s.queue[q, c.PEAK] = max(s.queue[q, c.PEAK], s.queue[q, c.LEVEL] + s.queue[q, c.HELD])
    first = plan.queue[q, c.TAKERS]
    for place in range(first, first + plan.queue[q, c.TAKER_COUNT]):
        look(s, plan.links[place])


@inlined
def offer(plan: Plan, s: State, r: Records, i: int, station: int) -> None:
    """A source or a supplier holds out the next part of its batch."""
    s.slot[i, c.PART] = new_part(s)
    q = routed(
        plan,
        s,
        station * STREAMS + c.ROUTE,
        plan.station[station, c.OUTPUTS],
        plan.station[station, c.OUTPUT_COUNT],
    )
    enlist(s, r, i, q, False)


@inlined
def free(plan: Plan, s: State, station: int) -> None:
    """A slot of a machine has nothing to do: whoever waits before a queue without places may hand over."""
    look(s, station)
    first = plan.station[station, c.INPUTS]
    for place in range(first, first + 2 * plan.station[station, c.INPUT_COUNT], 2):
        q = plan.links[place]
        if s.queue[q, c.ROOM] == 0:
            wake(s, q)


@inlined
def rid_of(plan: Plan, s: State, r: Records, i: int, station: int, q: int) -> None:
    """What a slot does when its part is gone."""
    role = plan.station[station, c.ROLE]
    if role == c.MACHINE:
        enter(s, r, i, c.IDLE)
        free(plan, s, station)
        return
    s.slot[i, c.LEFT_OF_BATCH] -= 1
    if role == c.REPLENISHER:
        s.queue[q, c.ON_ORDER] -= 1
    if s.slot[i, c.LEFT_OF_BATCH] > 0:
        offer(plan, s, r, i, station)
    elif role == c.SOURCE:
        want(s, r, i, c.SERVICE, c.NONE)
    else:
        enter(s, r, i, c.IDLE)
        look(s, station)


@inlined
def let_in(plan: Plan, s: State, r: Records, q: int) -> None:
    """Let those in who wait for room, in their order; tell machines that begin only where there is room."""
    while True:
        i = s.queue[q, c.PUSHER]
        if i < 0:
            break
        station = int(plan.slot[i])
        room = is_room(plan, s, q)
        if not room and plan.station[station, c.LOSES] == 0:
            break
        s.queue[q, c.PUSHER] = s.slot[i, c.NEXT]
        s.slot[i, c.LISTED] = 0
        if s.slot[i, c.MODE] != c.BLOCKED:  # it broke down while it waited, and asks again when it is repaired
            continue
        p = s.slot[i, c.PART]
        s.slot[i, c.PART] = c.NONE
        s.slot[i, c.TARGET] = c.NONE
        if room:
            deliver(plan, s, r, q, p)
        else:
            s.slot[i, c.LOST] += 1
            drop_part(s, p)
        rid_of(plan, s, r, i, station, q)
    first = plan.queue[q, c.FEEDERS]
    for place in range(first, first + plan.queue[q, c.FEEDER_COUNT]):
        look(s, plan.links[place])


@inlined
def is_fed(plan: Plan, s: State, station: int) -> bool:
    """Whether everything that a station needs for one part is there."""
    first = plan.station[station, c.INPUTS]
    for place in range(first, first + 2 * plan.station[station, c.INPUT_COUNT], 2):
        q = plan.links[place]
        if plan.queue[q, c.KIND] != c.SUPPLY and s.queue[q, c.LEVEL] < plan.links[place + 1]:
            return False
    return True


@inlined
def take(plan: Plan, s: State, r: Records, q: int) -> int:
    """The next part of a queue."""
    if plan.queue[q, c.KIND] == c.SUPPLY:
        s.queue[q, c.PASSED] += 1
        return new_part(s)
    measured(s, q)
    p = s.queue[q, c.HEAD]
    s.queue[q, c.HEAD] = s.part[p]
    s.queue[q, c.LEVEL] -= 1
    passed(s, r, q, s.clock[0] - s.part_f[p, c.CAME])
    if plan.queue[q, c.KIND] == c.STOCK:
        look(s, plan.queue[q, c.SUPPLIER])
    return int(p)
