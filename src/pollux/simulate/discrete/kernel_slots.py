"""What slots begin: to take parts and work on them, to be set up, to be repaired; and when they fail."""

from pollux.columns.jit import inlined
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import Plan, Records, State
from pollux.simulate.discrete.kernel_flow import STREAMS, is_fed, is_room, take
from pollux.simulate.discrete.kernel_random import draw, routed
from pollux.simulate.discrete.kernel_words import drop_part, enter, release, timed, wake, want


@inlined
def reserve(plan: Plan, s: State, r: Records, i: int, station: int) -> bool:
    """For a machine that begins only where there is room for its part: choose where it goes, and keep a place there."""
    if s.slot[i, c.TARGET] < 0:
        stream = station * STREAMS + c.ROUTE
        outputs, count = plan.station[station, c.OUTPUTS], plan.station[station, c.OUTPUT_COUNT]
        s.slot[i, c.TARGET] = routed(plan, s, stream, outputs, count)
    q = s.slot[i, c.TARGET]
    if not is_room(plan, s, q):
        if s.slot[i, c.MODE] != c.BLOCKED:
            enter(s, r, i, c.BLOCKED)
        return False
    s.queue[q, c.RESERVED] += 1
    return True


@inlined
def start(plan: Plan, s: State, r: Records, i: int, station: int) -> None:
    """A slot takes what it needs; what is made of several parts is as old as the oldest."""
    first, before = plan.station[station, c.INPUTS], plan.station[station, c.BEFORE]
    carrier = c.NONE
    for place in range(first, first + 2 * plan.station[station, c.INPUT_COUNT], 2):
        q, needed = plan.links[place], plan.links[place + 1]
        for _ in range(needed):
            p = take(plan, s, r, q)
            if carrier < 0:
                carrier = p
            else:
                s.part_f[carrier, c.BORN] = min(s.part_f[carrier, c.BORN], s.part_f[p, c.BORN])
                drop_part(s, p)
        if before and plan.queue[q, c.KIND] != c.SUPPLY:
            s.queue[q, c.HELD] += needed
        else:
            wake(s, q)
    s.slot[i, c.PART] = carrier
    every = plan.station[station, c.EVERY]
    if every > 0 and s.slot[i, c.WORKED] >= every:
        s.slot[i, c.WORKED] = 0
        want(s, r, i, c.CHANGEOVER, plan.station[station, c.SETTER])
    else:
        want(s, r, i, c.SERVICE, plan.station[station, c.OPERATOR])


@inlined
def replenish(plan: Plan, s: State, r: Records, station: int, slot: int, end: int) -> None:
    """Order up to the full stock when what is there and on order is at the reorder point or below."""
    q = plan.links[plan.station[station, c.OUTPUTS]]
    for i in range(slot, end):
        position = s.queue[q, c.LEVEL] + s.queue[q, c.ON_ORDER]
        if position > plan.queue[q, c.REORDER]:
            break
        if s.slot[i, c.MODE] == c.IDLE:
            s.slot[i, c.LEFT_OF_BATCH] = plan.queue[q, c.UP_TO] - position
            s.queue[q, c.ON_ORDER] += s.slot[i, c.LEFT_OF_BATCH]
            want(s, r, i, c.SERVICE, c.NONE)


@inlined
def begin(plan: Plan, s: State, r: Records, station: int) -> None:
    """Start the slots of a machine that can; order what a stock lacks."""
    slot = plan.station[station, c.FIRST]
    end = slot + plan.station[station, c.COUNT]
    if plan.station[station, c.ROLE] == c.REPLENISHER:
        replenish(plan, s, r, station, slot, end)
        return
    before = plan.station[station, c.BEFORE]
    for i in range(slot, end):
        mode = s.slot[i, c.MODE]
        if s.slot[i, c.PART] >= 0 or (mode != c.IDLE and mode != c.BLOCKED):
            continue
        if not is_fed(plan, s, station):
            if mode == c.BLOCKED:
                enter(s, r, i, c.IDLE)
            break
        if not before or reserve(plan, s, r, i, station):
            start(plan, s, r, i, station)


@inlined
def until(s: State, i: int, span: float) -> None:
    """The timer of a slot rings after a span; one that is no number fails the member."""
    if not span >= 0.0:
        s.mark[c.FAILED] = c.NO_NUMBER
    else:
        timed(s, i, s.clock[0] + span)


@inlined
def broken(plan: Plan, s: State, r: Records, i: int, station: int, rest: float) -> None:
    """A slot is down: its operator leaves, a repairer is wanted; the work that is left is done afterwards."""
    s.slot_f[i, c.REST] = rest
    release(s, i)
    want(s, r, i, c.REPAIR, plan.station[station, c.REPAIRER])


@inlined
def go(plan: Plan, s: State, r: Records, i: int) -> None:
    """A slot begins what it wants: to work, to be set up, to be repaired."""
    station, purpose = plan.slot[i], s.slot[i, c.WANTS]
    stream = station * STREAMS + purpose
    if purpose != c.SERVICE:
        enter(s, r, i, c.DOWN if purpose == c.REPAIR else c.SETUP)
        until(s, i, draw(plan, s, stream))
        return
    rest = float(s.slot_f[i, c.REST])
    if rest < 0.0:
        rest = float(draw(plan, s, stream) / s.factor[station])
    s.slot_f[i, c.REST] = -1.0
    fails = plan.station[station, c.FAILS]
    if fails == c.CYCLES:
        if s.slot_f[i, c.LIFE] <= 0.0:
            broken(plan, s, r, i, station, rest)
            return
        s.slot_f[i, c.LIFE] -= 1.0
    elif fails == c.BUSY_TIME:
        life = float(s.slot_f[i, c.LIFE])
        if life < rest:
            s.slot_f[i, c.REST] = rest - life
            s.slot[i, c.BREAKS] = 1
            rest = life
        else:
            s.slot_f[i, c.LIFE] = life - rest
    enter(s, r, i, c.BUSY)
    until(s, i, rest)


@inlined
def live(plan: Plan, s: State, i: int, station: int) -> None:
    """Draw when a slot fails next: how much it works until then, or the moment."""
    fails = plan.station[station, c.FAILS]
    if fails == c.NEVER:
        return
    life = draw(plan, s, station * STREAMS + c.FAILURE)
    if fails == c.CALENDAR:
        timed(s, plan.calendar[i], s.clock[0] + life)
    else:
        s.slot_f[i, c.LIFE] = life
