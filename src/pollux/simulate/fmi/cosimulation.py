"""Steps of co-simulation, many at a time for many instances; runs in Python and compiled.

Source: FMI 2.0.4, section 4.2.1; FMI 3.0.2, sections 4.2.1 (doStep, early return) and 4.1.3 (event mode).
"""

from typing import Any, Final

from pollux.simulate.fmi.calls import DO_STEP, NEXT
from pollux.simulate.fmi.loop_values import Api, Groups, Members, Work
from pollux.simulate.fmi.pointers import NO, invoke
from pollux.simulate.fmi.statuses import ENDED, OK, RESTLESS, STUCK, WARNING
from pollux.simulate.fmi.transfer import IN_STEPS, carry, event

_EVENTS: Final = 100_000
_SLIVER: Final = 1e-12
"""What is left of a step, in its length, and counts as nothing."""


def part_of_step(api: Api, component: int, now: float, until: float, work: Work) -> int:
    """One call of doStep of FMI 3; `real[1]` becomes how far it came, `byte[0]` whether it has an event."""
    byte, real = work.byte, work.real
    at = real.ctypes.data
    byte[0], byte[1], byte[2] = 0, 0, 0
    real[1] = until
    if until <= now:
        return OK
    status = invoke(api.calls[DO_STEP], component, now, until - now, NO, at, at + 1, at + 2, at + 8)
    if status <= WARNING and byte[1] != 0:
        return ENDED
    real[1] = min(real[1], until) if byte[2] != 0 else until
    return status


def step_modern(
    api: Api, events: bool, component: int, begin: float, h: float, memory: Any, m: int, work: Work
) -> int:  # fmt: skip
    """One communication step of FMI 3: it may return early, and go through event mode where that is used."""
    now, end = begin, begin + h
    happened = 0
    while end - now > _SLIVER * h:
        until = end
        if events and memory[m, NEXT] < end:
            until = max(memory[m, NEXT], now)
        status = part_of_step(api, component, now, until, work)
        if status > WARNING:
            return status
        reached = work.real[1]
        if events and (work.byte[0] != 0 or reached >= memory[m, NEXT]):
            happened += 1
            if happened > _EVENTS:
                return RESTLESS
            status = event(api, IN_STEPS, component, reached, memory, m, work)
            if status > WARNING:
                return status
        elif reached <= now:
            return STUCK
        now = reached
    return OK


def march(
    api: Api, events: bool, members: Members, begin: float, h: float, count: int, groups: Groups, record: Any,
    work: Work,
) -> None:  # fmt: skip
    """`count` steps of all instances that live; what is read after each goes to `record` (count, members, bytes).

    A member whose call fails is left alone from then on. A record without rows records nothing.
    """
    amount = members.components.shape[0]
    for m in range(amount):
        component = members.components[m]
        for k in range(count):
            if members.dead[m] != OK:
                break
            now = begin + k * h
            if api.version == 2:
                status = invoke(api.calls[DO_STEP], component, now, h, NO)
            else:
                status = step_modern(api, events, component, now, h, members.memory, m, work)
            if status <= WARNING and record.shape[0] > 0:
                status = carry(api, groups, component, record.ctypes.data + (k * amount + m) * record.shape[2])
            work.beat[0] += 1
            if status > WARNING:
                members.dead[m] = status
                members.failed_at[m] = now


PIECES: Final = (part_of_step, step_modern)
