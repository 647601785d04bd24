"""Steps of co-simulation, many at a time for many instances; runs in Python and compiled.

Source: FMI 2.0.4, section 4.2.1; FMI 3.0.2, sections 4.2.1 (doStep, early return) and 4.1.3 (event mode).
"""

from typing import Any, Final

from pollux.simulate.fmi.calls import DO_STEP, NEXT
from pollux.simulate.fmi.pointers import NO, invoke
from pollux.simulate.fmi.statuses import ENDED, OK, RESTLESS, STUCK, WARNING
from pollux.simulate.fmi.transfer import IN_STEPS, carry, event

_EVENTS: Final = 100_000
_SLIVER: Final = 1e-12
"""What is left of a step, in its length, and counts as nothing."""


def step_modern(
    calls: Any, events: bool, component: int, begin: float, h: float, memory: Any, m: int, byte: Any, word: Any,
    real: Any,
) -> int:  # fmt: skip
    """One communication step of FMI 3: it may return early, and go through event mode where that is used."""
    at = real.ctypes.data
    now, end = begin, begin + h
    happened = 0
    while end - now > _SLIVER * h:
        until = end
        if events and memory[m, NEXT] < end:
            until = max(memory[m, NEXT], now)
        byte[0], byte[1], byte[2] = 0, 0, 0
        real[1] = until
        if until > now:
            status = invoke(calls[DO_STEP], component, now, until - now, NO, at, at + 1, at + 2, at + 8)
            if status > WARNING:
                return status
            if byte[1] != 0:
                return ENDED
        reached = min(real[1], until) if byte[2] != 0 else until
        if events and (byte[0] != 0 or reached >= memory[m, NEXT]):
            happened += 1
            if happened > _EVENTS:
                return RESTLESS
            status = event(calls, 3, IN_STEPS, component, byte, word, real)
            if status > WARNING:
                return status
            memory[m, NEXT] = real[4]
        elif reached <= now:
            return STUCK
        now = reached
    return OK


def march(
    calls: Any, version: int, events: bool, components: Any, dead: Any, failed_at: Any, memory: Any, begin: float,
    h: float, count: int, groups: Any, references: Any, record: Any, byte: Any, word: Any, real: Any, beat: Any,
) -> None:  # fmt: skip
    """`count` steps of all instances that live; what is read after each goes to `record` (count, members, bytes).

    A member whose call fails is left alone from then on. A record without rows records nothing.
    """
    width = record.shape[2]
    for m in range(components.shape[0]):
        component = components[m]
        for k in range(count):
            if dead[m] != OK:
                break
            now = begin + k * h
            if version == 2:
                status = invoke(calls[DO_STEP], component, now, h, NO)
            else:
                status = step_modern(calls, events, component, now, h, memory, m, byte, word, real)
            if status <= WARNING and record.shape[0] > 0:
                row = record.ctypes.data + (k * components.shape[0] + m) * width
                status = carry(version, groups, references.ctypes.data, component, row)
            beat[0] += 1
            if status > WARNING:
                dead[m] = status
                failed_at[m] = now


PIECES = (step_modern,)
