"""Arrays for the state of a line: of one member, or a stack of them."""

from typing import Final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import Opening, Records, Sheet, State
from pollux.simulate.discrete.lowering import Lowered

SILENT: Final = Records(np.zeros((0, c.BINS), np.int64), np.zeros((0, 2), np.int64), np.zeros(0))
"""Nothing is written down."""


def blank(lowered: Lowered, parts: int, members: int | None = None) -> State:
    """The state of one member, or of so many, with room for so many parts; its content is that of no moment."""
    plan = lowered.plan
    slots, queues, stations, pools = len(plan.slot), len(plan.queue), len(plan.station), len(lowered.pools)
    leaves = 1 << max(1, (len(plan.timer) - 1).bit_length())
    front = () if members is None else (members,)

    def whole(*shape: int) -> I64:
        return np.zeros((*front, *shape), np.int64)

    def real(*shape: int) -> F64:
        return np.zeros((*front, *shape))

    return State(
        clock=real(3),
        due=real(leaves),
        tree=whole(2 * leaves),
        slot=whole(slots, c.SLOT_COLUMNS),
        slot_f=real(slots, c.SLOT_FLOATS),
        spent=real(slots, len(c.MODES)),
        queue=whole(queues, c.QUEUE_STATE),
        queue_f=real(queues, c.QUEUE_FLOATS),
        part=whole(parts),
        part_f=real(parts, 2),
        hand=whole(pools, c.HAND_COLUMNS),
        hand_f=real(pools, 2),
        drawn=whole(len(plan.law)),
        spare=real(len(plan.law)),
        ready=whole(slots),
        awake=whole(queues),
        looked=whole(stations),
        listed=whole(stations),
        factor=real(stations),
        mark=whole(c.MARKS),
    )


def blank_sheet(lowered: Lowered, rows: int) -> Sheet:
    """Room for what is counted of so many members."""
    slots, queues = len(lowered.plan.slot), len(lowered.plan.queue)
    return Sheet(
        np.zeros((rows, slots, c.SLOT_COLUMNS), np.int64),
        np.zeros((rows, slots, len(c.MODES))),
        np.zeros((rows, queues, c.QUEUE_STATE), np.int64),
        np.zeros((rows, queues, c.QUEUE_FLOATS)),
        np.zeros((rows, len(lowered.pools), 2)),
        np.zeros((rows, 3)),
        np.zeros((rows, c.MARKS), np.int64),
    )


def records(lowered: Lowered, trace: int = 0) -> Records:
    """Histograms, and room for a trace of so many changes."""
    return Records(np.zeros((len(lowered.queues), c.BINS), np.int64), np.zeros((trace, 2), np.int64), np.zeros(trace))


def parts_of(lowered: Lowered, parts: int) -> int:
    """How many parts there must be room for."""
    return lowered.bound + (parts if lowered.unlimited else 0)


def level_opening(lowered: Lowered) -> Opening:
    """How a line begins by itself: empty but for what its queues say, every machine up and idle."""
    slots = len(lowered.plan.slot)
    return Opening(
        lowered.room,
        lowered.level.copy(),
        lowered.staff,
        np.zeros(slots, np.int64),
        np.full(slots, -1.0),
        np.ones(len(lowered.stations)),
    )
