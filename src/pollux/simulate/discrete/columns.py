"""What the columns of the tables of a line mean, and the two bundles of arrays that the kernel works on."""

from typing import Final, NamedTuple, final

from pollux.columns.arrays import F64, I64

# -- modes of a slot: what a server, a place on a conveyor or a source is doing
IDLE: Final = 0
BUSY: Final = 1
BLOCKED: Final = 2
SETUP: Final = 3
DOWN: Final = 4
WAITING: Final = 5
MODES: Final = ("starved", "busy", "blocked", "setup", "down", "waiting")

# -- roles of a station
MACHINE: Final = 0
SOURCE: Final = 1
REPLENISHER: Final = 2

# -- kinds of queues
BUFFER: Final = 0
SUPPLY: Final = 1
STOCK: Final = 2
SINK: Final = 3

# -- what failures are counted in
NEVER: Final = 0
BUSY_TIME: Final = 1
CALENDAR: Final = 2
CYCLES: Final = 3

# -- what chance decides at a station; each has a stream of its own
SERVICE: Final = 0
FAILURE: Final = 1
REPAIR: Final = 2
CHANGEOVER: Final = 3
ROUTE: Final = 4
PURPOSES: Final = ("service", "failure", "repair", "setup", "route")

# -- columns of Plan.station
ROLE: Final = 0
FIRST: Final = 1
COUNT: Final = 2
BEFORE: Final = 3
FAILS: Final = 4
EVERY: Final = 5
LOSES: Final = 6
BATCH: Final = 7
INPUTS: Final = 8
INPUT_COUNT: Final = 9
OUTPUTS: Final = 10
OUTPUT_COUNT: Final = 11
OPERATOR: Final = 12
REPAIRER: Final = 13
SETTER: Final = 14
STATION_COLUMNS: Final = 15

# -- columns of Plan.queue
KIND: Final = 0
TAKERS: Final = 1
TAKER_COUNT: Final = 2
FEEDERS: Final = 3
FEEDER_COUNT: Final = 4
REORDER: Final = 5
UP_TO: Final = 6
SUPPLIER: Final = 7
QUEUE_COLUMNS: Final = 8

# -- columns of Plan.law
LAW: Final = 0
POINTS: Final = 1
POINT_COUNT: Final = 2

# -- columns of State.slot
MODE: Final = 0
PART: Final = 1
TARGET: Final = 2
BREAKS: Final = 3
WORKED: Final = 4
DONE: Final = 5
WANTS: Final = 6
LEFT_OF_BATCH: Final = 7
PERIODS: Final = 8
LOST: Final = 9
NEXT: Final = 10
LISTED: Final = 11
HANDS: Final = 12
SLOT_COLUMNS: Final = 13

# -- columns of State.slot_f
SINCE: Final = 0
REST: Final = 1
LIFE: Final = 2
PASSIVE: Final = 3
SLOT_FLOATS: Final = 4

# -- columns of State.queue
LEVEL: Final = 0
HELD: Final = 1
RESERVED: Final = 2
ROOM: Final = 3
HEAD: Final = 4
TAIL: Final = 5
PUSHER: Final = 6
LAST_PUSHER: Final = 7
PEAK: Final = 8
PASSED: Final = 9
ON_ORDER: Final = 10
AWAKE: Final = 11
ENTERED: Final = 12
QUEUE_STATE: Final = 13

# -- columns of State.queue_f: content integrated over time, since when, waits and their squares
AREA: Final = 0
TOUCHED: Final = 1
WAITS: Final = 2
SQUARES: Final = 3
QUEUE_FLOATS: Final = 4

# -- columns of State.part_f
BORN: Final = 0
CAME: Final = 1

# -- columns of State.hand and hand_f: a pool of workers
FREE: Final = 0
WAITERS: Final = 1
LAST_WAITER: Final = 2
STAFF: Final = 3
HAND_COLUMNS: Final = 4

# -- places of State.mark
SPARE_PART: Final = 0
EVENTS: Final = 1
FAILED: Final = 2
READY_COUNT: Final = 3
QUEUE_COUNT: Final = 4
STATION_COUNT: Final = 5
TRACED: Final = 6
MEMBER: Final = 7
PARTS: Final = 8
RESTS: Final = 9
MARKS: Final = 10

# -- places of State.clock
NOW: Final = 0
PARTS_AREA: Final = 1
PARTS_TOUCHED: Final = 2

# -- why a replication failed
NO_ROOM: Final = 1
NO_NUMBER: Final = 2

BINS: Final = 1024
"""Of a histogram of durations: sixteen to each power of two, from 2**-32 to 2**32 seconds."""

NONE: Final = -1


@final
class Plan(NamedTuple):
    """A line as tables: the same for all replications.

    `slot` (slots,) is the station of each slot; `timer` (timers,) the slot of each timer: first those that end what a
    slot is doing, then those of failures by the calendar, whose number is `calendar` (slots,). `links` holds lists:
    queues and counts of inputs, queues of outputs, stations that take from or feed a queue; `share` the cumulative
    probabilities beside outputs. A stream is a station and a purpose: `law` and `law_f` say what is drawn, `key` is
    that of its random numbers.
    """

    station: I64
    slot: I64
    timer: I64
    calendar: I64
    queue: I64
    links: I64
    share: F64
    law: I64
    law_f: F64
    points: F64
    key: I64


@final
class State(NamedTuple):
    """Everything that changes in one replication; in a stack of them every array has one axis more in front.

    `clock` is now; `due` and `tree` are the timers and the tournament for the next; `factor` makes stations faster.
    `ready`, `awake` and `looked` are the agendas of slots, queues and stations.
    """

    clock: F64
    due: F64
    tree: I64
    slot: I64
    slot_f: F64
    spent: F64
    queue: I64
    queue_f: F64
    part: I64
    part_f: F64
    hand: I64
    hand_f: F64
    drawn: I64
    spare: F64
    ready: I64
    awake: I64
    looked: I64
    listed: I64
    factor: F64
    mark: I64


@final
class Records(NamedTuple):
    """What is written down beside the state: histograms of waits (queues, BINS), and a trace of modes, maybe empty."""

    waits: I64
    trace: I64
    trace_f: F64


@final
class Opening(NamedTuple):
    """How members begin: places (queues,) and content of queues, staff of pools; modes of slots and how long they last.

    `rest` below zero means that chance decides. `factor` (stations,) makes stations faster.
    """

    room: I64
    level: I64
    staff: I64
    mode: I64
    rest: F64
    factor: F64


@final
class Sheet(NamedTuple):
    """What was counted, with one row for each member: see `State` for the columns."""

    slot: I64
    spent: F64
    queue: I64
    queue_f: F64
    hand_f: F64
    clock: F64
    mark: I64
