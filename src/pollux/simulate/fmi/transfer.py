"""Values in and out of instances, in the bytes that FMI functions read and write; runs in Python and compiled."""

import math
from typing import Any, Final

from pollux.simulate.fmi.calls import DISCRETE, ENTER_CONTINUOUS, ENTER_EVENT, ENTER_STEP, NEXT, SET_CLOCK, TICKS
from pollux.simulate.fmi.loop_values import Api, Groups, Members, Work
from pollux.simulate.fmi.pointers import invoke
from pollux.simulate.fmi.statuses import ENDED, OK, RESTLESS, WARNING

PLAIN: Final = 0
IN_STEPS: Final = 1
IN_TIME: Final = 2
"""How inputs are set: just so, in event mode between steps, in event mode between stretches of continuous time."""

_ROUNDS: Final = 1000
_CLOSE: Final = 1e-9
"""A clock is due so much of its period before its time, since times are rounded."""


def carry(api: Api, groups: Groups, component: int, values: int) -> int:
    """Call the function of each group for one instance; `values` is the address of the bytes of a member."""
    table, references = groups.table, groups.references.ctypes.data
    for g in range(table.shape[0]):
        first = references + 4 * table[g, 1]
        place = values + table[g, 3]
        if api.version == 2:
            status = invoke(table[g, 0], component, first, table[g, 2], place)
        else:
            status = invoke(table[g, 0], component, first, table[g, 2], place, table[g, 4])
        if status > WARNING:
            return status
    return OK


def update(api: Api, component: int, work: Work) -> int:
    """Update the discrete states once; `real[6]` is how it went: 0 settled, 1 once more, 2 it asked to stop.

    The event information of FMI 2 is the beginning of the scratch, with the time of the next event at byte 24; FMI 3 is
    given pointers to the same places. `real[4]` becomes that time. Whether states jumped is not asked: they are read.
    """
    byte, word, real = work.byte, work.word, work.real
    at = real.ctypes.data
    for i in range(8):
        word[i] = 0
    if api.version == 2:
        status = invoke(api.calls[DISCRETE], component, at)
        again, ended, due = word[0] != 0, word[1] != 0, word[4] != 0
    else:
        status = invoke(api.calls[DISCRETE], component, at, at + 1, at + 2, at + 3, at + 4, at + 24)
        again, ended, due = byte[0] != 0, byte[1] != 0, byte[4] != 0
    real[4] = real[3] if due else math.inf
    real[6] = 2.0 if ended else (1.0 if again else 0.0)
    return status


def settle(api: Api, component: int, work: Work) -> int:
    """Update the discrete states until nothing changes; see `update` for what it leaves in `real`."""
    for _ in range(_ROUNDS):
        status = update(api, component, work)
        if status > WARNING:
            return status
        if work.real[6] == 2.0:
            return ENDED
        if work.real[6] == 0.0:
            return OK
    return RESTLESS


def leave(api: Api, mode: int, component: int) -> int:
    """From event mode to where it came from."""
    return invoke(api.calls[ENTER_STEP if mode == IN_STEPS else ENTER_CONTINUOUS], component)


def tick(api: Api, component: int, now: float, memory: Any, m: int, work: Work) -> int:
    """In event mode, let the clocks tick that are due."""
    for i in range(api.clocks.shape[0]):
        due = api.shifts[i] + memory[m, TICKS + i] * api.periods[i]
        if due <= now + _CLOSE * api.periods[i]:
            memory[m, TICKS + i] += 1.0
            work.byte[0] = 1
            at = api.clocks.ctypes.data + 4 * i
            status = invoke(api.calls[SET_CLOCK], component, at, 1, work.real.ctypes.data)
            if status > WARNING:
                return status
    return OK


def following(api: Api, memory: Any, m: int, told: float) -> float:
    """The time of the next event: what the instance has told, or when the next clock ticks."""
    for i in range(api.clocks.shape[0]):
        told = min(told, api.shifts[i] + memory[m, TICKS + i] * api.periods[i])
    return told


def event(api: Api, mode: int, component: int, now: float, memory: Any, m: int, work: Work) -> int:
    """Go through event mode, and back to where it came from."""
    status = invoke(api.calls[ENTER_EVENT], component)
    if status <= WARNING:
        status = tick(api, component, now, memory, m, work)
    if status <= WARNING:
        status = settle(api, component, work)
    if status > WARNING:
        return status
    memory[m, NEXT] = following(api, memory, m, work.real[4])
    return leave(api, mode, component)


def put_one(
    api: Api, mode: int, groups: Groups, component: int, values: int, memory: Any, m: int, work: Work
) -> int:  # fmt: skip
    """Set the inputs of one instance."""
    if mode == PLAIN:
        return carry(api, groups, component, values)
    status = invoke(api.calls[ENTER_EVENT], component)
    if status <= WARNING:
        status = carry(api, groups, component, values)
    if status <= WARNING:
        status = settle(api, component, work)
    if status > WARNING:
        return status
    memory[m, NEXT] = following(api, memory, m, work.real[4])
    return leave(api, mode, component)


def put_all(api: Api, mode: int, groups: Groups, members: Members, raw: Any, work: Work) -> None:
    """Set the inputs of all instances that live; `raw` are their bytes (members, bytes)."""
    for m in range(members.components.shape[0]):
        if members.dead[m] == OK:
            values = raw.ctypes.data + m * raw.shape[1]
            status = put_one(api, mode, groups, members.components[m], values, members.memory, m, work)
            work.beat[0] += 1
            if status > WARNING:
                members.dead[m] = status


def get_all(api: Api, groups: Groups, members: Members, raw: Any, work: Work) -> None:
    """Read all instances that live."""
    for m in range(members.components.shape[0]):
        if members.dead[m] == OK:
            status = carry(api, groups, members.components[m], raw.ctypes.data + m * raw.shape[1])
            work.beat[0] += 1
            if status > WARNING:
                members.dead[m] = status


PIECES: Final = (carry, update, settle, leave, tick, following, event, put_one)
"""What the loops call, for the compiler."""
