"""The small moves of the kernel: timers, modes, agendas, lists of parts and of slots."""

from pollux.columns.jit import inlined
from pollux.simulate.discrete.columns import (
    AREA,
    AWAKE,
    BLOCKED,
    BORN,
    FAILED,
    FREE,
    HANDS,
    HELD,
    IDLE,
    LAST_PUSHER,
    LAST_WAITER,
    LEVEL,
    LISTED,
    MODE,
    NEXT,
    NO_ROOM,
    NONE,
    PARTS,
    PARTS_AREA,
    PARTS_TOUCHED,
    PASSIVE,
    PERIODS,
    PUSHER,
    QUEUE_COUNT,
    READY_COUNT,
    SINCE,
    SPARE_PART,
    STAFF,
    STATION_COUNT,
    TOUCHED,
    TRACED,
    WAITERS,
    WAITING,
    WANTS,
    Records,
    State,
)


@inlined
def timed(s: State, timer: int, when: float) -> None:
    """Set a timer and play its matches again, up to the root; of equal times the lower number is first."""
    s.due[timer] = when
    node = (len(s.due) + timer) >> 1
    while node >= 1:
        one, other = s.tree[2 * node], s.tree[2 * node + 1]
        winner = one if s.due[one] <= s.due[other] else other
        if winner == s.tree[node] and winner != timer:
            break  # the same winner at the same time: nothing changes above
        s.tree[node] = winner
        node >>= 1


@inlined
def enter(s: State, r: Records, i: int, mode: int) -> None:
    """A slot is in another mode from now on; after a rest of more than no time an active period begins."""
    now, old = s.clock[0], s.slot[i, MODE]
    s.spent[i, old] += now - s.slot_f[i, SINCE]
    s.slot_f[i, SINCE] = now
    s.slot[i, MODE] = mode
    rested, rests = old in (IDLE, BLOCKED), mode in (IDLE, BLOCKED)
    if rested and not rests:
        if now > s.slot_f[i, PASSIVE]:
            s.slot[i, PERIODS] += 1
    elif rests and not rested:
        s.slot_f[i, PASSIVE] = now
    place = s.mark[TRACED]
    if place < len(r.trace_f):
        r.trace_f[place] = now
        r.trace[place, 0] = i
        r.trace[place, 1] = mode
        s.mark[TRACED] = place + 1


@inlined
def make_ready(s: State, i: int) -> None:
    """Put a slot on the agenda: it begins what it wants."""
    s.ready[s.mark[READY_COUNT]] = i
    s.mark[READY_COUNT] += 1


@inlined
def wake(s: State, q: int) -> None:
    """Put a queue on the agenda: somebody may be let in."""
    if s.queue[q, AWAKE] == 0:
        s.queue[q, AWAKE] = 1
        s.awake[s.mark[QUEUE_COUNT]] = q
        s.mark[QUEUE_COUNT] += 1


@inlined
def look(s: State, station: int) -> None:
    """Put a station on the agenda: one of its slots may start."""
    if s.listed[station] == 0:
        s.listed[station] = 1
        s.looked[s.mark[STATION_COUNT]] = station
        s.mark[STATION_COUNT] += 1


@inlined
def want(s: State, r: Records, i: int, purpose: int, worker: int) -> None:
    """A slot begins something now, or when a worker has a hand free for it."""
    s.slot[i, WANTS] = purpose
    if worker < 0:
        make_ready(s, i)
    elif s.hand[worker, FREE] > 0:
        worked(s, worker)
        s.hand[worker, FREE] -= 1
        s.slot[i, HANDS] = worker
        make_ready(s, i)
    else:
        enter(s, r, i, WAITING)
        s.slot[i, NEXT] = NONE
        if s.hand[worker, WAITERS] < 0:
            s.hand[worker, WAITERS] = i
        else:
            s.slot[s.hand[worker, LAST_WAITER], NEXT] = i
        s.hand[worker, LAST_WAITER] = i


@inlined
def release(s: State, i: int) -> None:
    """The worker who was at a slot goes to the one that has waited longest, or is free."""
    worker = s.slot[i, HANDS]
    if worker >= 0:
        s.slot[i, HANDS] = NONE
        after = s.hand[worker, WAITERS]
        if after < 0:
            worked(s, worker)
            s.hand[worker, FREE] += 1
        else:
            s.hand[worker, WAITERS] = s.slot[after, NEXT]
            s.slot[after, HANDS] = worker
            make_ready(s, after)


@inlined
def worked(s: State, worker: int) -> None:
    """Integrate how many workers of a pool were busy up to now."""
    now = s.clock[0]
    s.hand_f[worker, AREA] += (s.hand[worker, STAFF] - s.hand[worker, FREE]) * (now - s.hand_f[worker, TOUCHED])
    s.hand_f[worker, TOUCHED] = now


@inlined
def measured(s: State, q: int) -> None:
    """Integrate the content of a queue up to now."""
    now = s.clock[0]
    s.queue_f[q, AREA] += (s.queue[q, LEVEL] + s.queue[q, HELD]) * (now - s.queue_f[q, TOUCHED])
    s.queue_f[q, TOUCHED] = now


@inlined
def enlist(s: State, r: Records, i: int, q: int, first: bool) -> None:
    """A slot holds a part that shall go into a queue, behind those that wait there already, or before them."""
    enter(s, r, i, BLOCKED)
    s.slot[i, LISTED] = 1
    head = s.queue[q, PUSHER]
    if head < 0:
        s.slot[i, NEXT] = NONE
        s.queue[q, PUSHER] = i
        s.queue[q, LAST_PUSHER] = i
    elif first:
        s.slot[i, NEXT] = head
        s.queue[q, PUSHER] = i
    else:
        s.slot[i, NEXT] = NONE
        s.slot[s.queue[q, LAST_PUSHER], NEXT] = i
        s.queue[q, LAST_PUSHER] = i
    wake(s, q)


@inlined
def counted(s: State) -> None:
    """Integrate how many parts there are up to now."""
    now = s.clock[0]
    s.clock[PARTS_AREA] += s.mark[PARTS] * (now - s.clock[PARTS_TOUCHED])
    s.clock[PARTS_TOUCHED] = now


@inlined
def new_part(s: State) -> int:
    """A part that begins now; the member fails where there is no room for one more."""
    p = s.mark[SPARE_PART]
    if p < 0:
        s.mark[FAILED] = NO_ROOM
        return 0
    s.mark[SPARE_PART] = s.part[p]
    s.part_f[p, BORN] = s.clock[0]
    counted(s)
    s.mark[PARTS] += 1
    return int(p)


@inlined
def drop_part(s: State, p: int) -> None:
    """A part is gone, and its place free for another."""
    s.part[p] = s.mark[SPARE_PART]
    s.mark[SPARE_PART] = p
    counted(s)
    s.mark[PARTS] -= 1
