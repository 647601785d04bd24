"""Values in and out of instances, in the bytes that FMI functions read and write; runs in Python and compiled.

A table of groups has a row (address of the function, first reference, references, first byte, values) per group; the
bytes of a member are a row of an array, each group at its first byte.
"""

import math
from typing import Any, Final

from pollux.simulate.fmi.calls import DISCRETE, ENTER_CONTINUOUS, ENTER_EVENT, ENTER_STEP, NEXT
from pollux.simulate.fmi.pointers import invoke
from pollux.simulate.fmi.statuses import ENDED, OK, RESTLESS, WARNING

PLAIN: Final = 0
IN_STEPS: Final = 1
IN_TIME: Final = 2
"""How inputs are set: just so, in event mode between steps, in event mode between stretches of continuous time."""

_ROUNDS: Final = 1000


def carry(version: int, groups: Any, references: int, component: int, values: int) -> int:
    """Call the function of each group for one instance; `references` and `values` are addresses."""
    for g in range(groups.shape[0]):
        first = references + 4 * groups[g, 1]
        place = values + groups[g, 3]
        if version == 2:
            status = invoke(groups[g, 0], component, first, groups[g, 2], place)
        else:
            status = invoke(groups[g, 0], component, first, groups[g, 2], place, groups[g, 4])
        if status > WARNING:
            return status
    return OK


def settle(calls: Any, version: int, component: int, byte: Any, word: Any, real: Any) -> int:
    """Update the discrete states until nothing changes; leaves the next event and whether states jumped in `real`.

    `byte`, `word` and `real` are three views of one scratch of 64 bytes; the event information of FMI 2 is its
    beginning, with the time at byte 24. `real[4]` becomes the time of the next event, `real[5]` 1 where states jumped.
    """
    at = real.ctypes.data
    jumped = 0.0
    for _ in range(_ROUNDS):
        for i in range(6):
            word[i] = 0
        if version == 2:
            status = invoke(calls[DISCRETE], component, at)
            again, ended, changed, due = word[0] != 0, word[1] != 0, word[3] != 0, word[4] != 0
        else:
            status = invoke(calls[DISCRETE], component, at, at + 1, at + 2, at + 3, at + 4, at + 24)
            again, ended, changed, due = byte[0] != 0, byte[1] != 0, byte[3] != 0, byte[4] != 0
        if status > WARNING:
            return status
        if ended:
            return ENDED
        if changed:
            jumped = 1.0
        if not again:
            real[4] = real[3] if due else math.inf
            real[5] = jumped
            return OK
    return RESTLESS


def event(calls: Any, version: int, mode: int, component: int, byte: Any, word: Any, real: Any) -> int:
    """Go through event mode, and back to where it came from."""
    status = invoke(calls[ENTER_EVENT], component)
    if status > WARNING:
        return status
    status = settle(calls, version, component, byte, word, real)
    if status > WARNING:
        return status
    return invoke(calls[ENTER_STEP if mode == IN_STEPS else ENTER_CONTINUOUS], component)


def put_one(
    calls: Any, version: int, mode: int, groups: Any, references: int, component: int, values: int,
    memory: Any, m: int, byte: Any, word: Any, real: Any,
) -> int:  # fmt: skip
    """Set the inputs of one instance."""
    if mode == PLAIN:
        return carry(version, groups, references, component, values)
    status = invoke(calls[ENTER_EVENT], component)
    if status > WARNING:
        return status
    status = carry(version, groups, references, component, values)
    if status > WARNING:
        return status
    status = settle(calls, version, component, byte, word, real)
    if status > WARNING:
        return status
    memory[m, NEXT] = real[4]
    return invoke(calls[ENTER_STEP if mode == IN_STEPS else ENTER_CONTINUOUS], component)


def put_all(
    calls: Any, version: int, mode: int, groups: Any, references: Any, components: Any, dead: Any, raw: Any,
    memory: Any, byte: Any, word: Any, real: Any, beat: Any,
) -> None:  # fmt: skip
    """Set the inputs of all instances that live."""
    for m in range(components.shape[0]):
        if dead[m] == OK:
            values = raw.ctypes.data + m * raw.shape[1]
            status = put_one(
                calls, version, mode, groups, references.ctypes.data, components[m], values, memory, m, byte, word,
                real,
            )  # fmt: skip
            beat[0] += 1
            if status > WARNING:
                dead[m] = status


def get_all(version: int, groups: Any, references: Any, components: Any, dead: Any, raw: Any, beat: Any) -> None:
    """Read all instances that live."""
    for m in range(components.shape[0]):
        if dead[m] == OK:
            values = raw.ctypes.data + m * raw.shape[1]
            status = carry(version, groups, references.ctypes.data, components[m], values)
            beat[0] += 1
            if status > WARNING:
                dead[m] = status


PIECES = (carry, settle, event, put_one)
"""What the loops call, for the compiler."""
