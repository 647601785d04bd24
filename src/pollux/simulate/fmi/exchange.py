"""Model exchange: we integrate the states of an FMU, find its events, and let it handle them; in Python and compiled.

Between events the states follow an explicit Runge-Kutta method, with a fixed step or one chosen by the embedded error
estimate. An event is where an indicator changes its sign; it is found by halving the step until the place is known to a
relative 1e-12, and the states there are those of a step of that length, so they are as exact as any other.

Source: FMI 2.0.4, section 3.2.2; FMI 3.0.2, section 3.2.1.
"""

import math
from typing import Any, Final

from pollux.simulate.fmi.calls import COMPLETED, DERIVATIVES, GET_STATES, GUESS, INDICATORS, NEXT, SET_STATES, SET_TIME
from pollux.simulate.fmi.pointers import NO, invoke
from pollux.simulate.fmi.statuses import DISCARD, ENDED, EVENT, NOT_FINITE, OK, RESTLESS, TOO_SMALL, WARNING
from pollux.simulate.fmi.transfer import IN_TIME, carry, event

_EVENTS: Final = 100_000
_HALVINGS: Final = 60
_CLOSE: Final = 1e-12
_LEAST: Final = 1e-14
"""Steps shorter than this, beside time and span, are no steps."""


def move(calls: Any, component: int, t: float, x: Any) -> int:
    """Tell an instance its time and states."""
    status = invoke(calls[SET_TIME], component, t)
    if status <= WARNING and x.size > 0:
        status = invoke(calls[SET_STATES], component, x.ctypes.data, x.size)
    return status


def arrive(calls: Any, component: int, t: float, x: Any, z: Any) -> int:
    """Tell an instance its time and states, and read its event indicators."""
    status = move(calls, component, t, x)
    if status <= WARNING and z.size > 0:
        status = invoke(calls[INDICATORS], component, z.ctypes.data, z.size)
    return status


def runge_kutta(calls: Any, component: int, t: float, h: float, method: Any, nodes: Any, x: Any, k: Any, y: Any) -> int:
    """One step from x to y; `method` has a row per stage and then the weights."""
    stages = k.shape[0]
    for i in range(stages + 1):
        for j in range(x.size):
            total = 0.0
            for n in range(min(i, stages)):
                total += method[i, n] * k[n, j]
            y[j] = x[j] + h * total
        if i < stages and x.size > 0:
            status = move(calls, component, t + nodes[i] * h, y)
            if status <= WARNING:
                status = invoke(calls[DERIVATIVES], component, k.ctypes.data + 8 * i * x.size, x.size)
            if status > WARNING:
                return status
    return OK


def strain(method: Any, h: float, x: Any, k: Any, y: Any, nominal: Any, tolerance: float) -> float:
    """The largest estimated error of a step, in tolerances; infinity where something is no finite number."""
    worst = 0.0
    row = k.shape[0] + 1
    for j in range(x.size):
        total = 0.0
        for n in range(k.shape[0]):
            total += method[row, n] * k[n, j]
        share = abs(h * total) / (tolerance * (nominal[j] + max(abs(x[j]), abs(y[j]))))
        if not math.isfinite(share) or not math.isfinite(y[j]):
            return math.inf
        worst = max(worst, share)
    return worst


def finite(y: Any) -> bool:
    """Whether all are finite numbers."""
    for j in range(y.size):  # noqa: SIM110  # compiled: a generator is not
        if not math.isfinite(y[j]):
            return False
    return True


def crossed(z: Any, after: Any) -> bool:
    """Whether an indicator changed its sign."""
    for j in range(z.size):  # noqa: SIM110
        if (z[j] > 0.0) != (after[j] > 0.0):
            return True
    return False


def locate(
    calls: Any, component: int, t: float, h: float, method: Any, nodes: Any, x: Any, k: Any, y: Any, z: Any, after: Any
) -> float:
    """The shortest step after which an indicator has changed its sign, and the instance there; negative on failure."""
    low, high = 0.0, h
    for _ in range(_HALVINGS):
        if high - low <= _CLOSE * max(h, abs(t) * 1e-3):
            break
        middle = 0.5 * (low + high)
        status = runge_kutta(calls, component, t, middle, method, nodes, x, k, y)
        if status <= WARNING:
            status = arrive(calls, component, t + middle, y, after)
        if status > WARNING:
            return -1.0 * status
        if crossed(z, after):
            high = middle
        else:
            low = middle
    status = runge_kutta(calls, component, t, high, method, nodes, x, k, y)
    if status <= WARNING:
        status = arrive(calls, component, t + high, y, after)
    return -1.0 * status if status > WARNING else high


def completed(calls: Any, version: int, component: int, byte: Any, word: Any, real: Any) -> int:
    """Tell an instance that the step stands: EVENT where it wants event mode."""
    at = real.ctypes.data
    word[0], word[1] = 0, 0
    if version == 2:
        status = invoke(calls[COMPLETED], component, NO, at, at + 4)
        wants, ended = word[0] != 0, word[1] != 0
    else:
        status = invoke(calls[COMPLETED], component, NO, at, at + 1)
        wants, ended = byte[0] != 0, byte[1] != 0
    if status > WARNING:
        return status
    if ended:
        return ENDED
    return EVENT if wants else OK


def first_step(calls: Any, component: int, t: float, span: float, x: Any, k: Any, nominal: Any) -> float:
    """A careful first step: a hundredth of the time in which the states would change by their own size."""
    if invoke(calls[DERIVATIVES], component, k.ctypes.data, x.size) > WARNING:
        return 1e-6 * span
    size, speed = 0.0, 0.0
    for j in range(x.size):
        size = max(size, abs(x[j]) / nominal[j])
        speed = max(speed, abs(k[0, j]) / nominal[j])
    if not (size > 1e-5 and speed > 1e-5 and math.isfinite(size / speed)):
        return 1e-3 * span
    return min(span, 0.01 * size / speed)


def look(calls: Any, component: int, x: Any, z: Any) -> int:
    """Read the states and the event indicators of an instance."""
    status = OK
    if x.size > 0:
        status = invoke(calls[GET_STATES], component, x.ctypes.data, x.size)
    if status <= WARNING and z.size > 0:
        status = invoke(calls[INDICATORS], component, z.ctypes.data, z.size)
    return status


def attempt(
    calls: Any, component: int, t: float, h: float, fixed: float, tolerance: float, method: Any, nodes: Any,
    order: int, x: Any, k: Any, y: Any, nominal: Any, real: Any,
) -> int:  # fmt: skip
    """One step to y. DISCARD where it has to be shorter; `real[6]` becomes the step to take next."""
    status = runge_kutta(calls, component, t, h, method, nodes, x, k, y)
    if fixed > 0.0 or x.size == 0:
        real[6] = fixed
        if status <= WARNING and not finite(y):
            return NOT_FINITE
        return NOT_FINITE if status == DISCARD else status
    if status == DISCARD:
        real[6] = 0.25 * h
        return DISCARD
    ratio = strain(method, h, x, k, y, nominal, tolerance)
    if status > WARNING:
        return status
    real[6] = h * min(5.0, max(0.1, 0.9 * max(ratio, 1e-10) ** (-1.0 / order)))
    return OK if ratio <= 1.0 else DISCARD


def cross(
    calls: Any, version: int, component: int, m: int, begin: float, end: float, memory: Any, fixed: float,
    tolerance: float, method: Any, nodes: Any, order: int, x: Any, y: Any, k: Any, z: Any, after: Any, nominal: Any,
    byte: Any, word: Any, real: Any, beat: Any,
) -> int:  # fmt: skip
    """Carry one instance from `begin` to `end`, through all its events."""
    status = look(calls, component, x, z)
    if status > WARNING:
        return status
    t = begin
    happened = 0
    guess = fixed if fixed > 0.0 else memory[m, GUESS]
    if x.size > 0 and guess <= 0.0:
        guess = first_step(calls, component, t, end - begin, x, k, nominal)
    while end - t > _LEAST * max(abs(end), end - begin):
        beat[0] += 1
        h = end - t
        if x.size > 0 and guess < h * (1.0 - 1e-9):
            h = guess
        due = memory[m, NEXT] <= t + h
        if due:
            h = max(memory[m, NEXT] - t, 0.0)
        if h > 0.0:
            status = attempt(
                calls, component, t, h, fixed, tolerance, method, nodes, order, x, k, y, nominal, real
            )  # fmt: skip
            if status == DISCARD:
                guess = real[6]
                if not guess > _LEAST * max(abs(t), end - begin):
                    return TOO_SMALL if finite(y) else NOT_FINITE
                continue
            if status > WARNING:
                return status
            guess = max(real[6], guess) if h < guess else real[6]
            status = arrive(calls, component, t + h, y, after)
            if status > WARNING:
                return status
            if crossed(z, after):
                found = locate(calls, component, t, h, method, nodes, x, k, y, z, after)
                if found < 0.0:
                    return int(-found)
                h = found
                due = True
            status = completed(calls, version, component, byte, word, real)
            if status == EVENT:
                due = True
            elif status > WARNING:
                return status
            t += h
            for j in range(x.size):
                x[j] = y[j]
            for j in range(z.size):
                z[j] = after[j]
        if due:
            happened += 1
            if happened > _EVENTS:
                return RESTLESS
            status = event(calls, version, IN_TIME, component, byte, word, real)
            if status > WARNING:
                return status
            memory[m, NEXT] = real[4]
            status = look(calls, component, x, z)
            if status > WARNING:
                return status
    memory[m, GUESS] = guess
    return OK


def travel(
    calls: Any, version: int, components: Any, dead: Any, failed_at: Any, memory: Any, begin: float, h: float,
    count: int, fixed: float, tolerance: float, method: Any, nodes: Any, order: int, x: Any, y: Any, k: Any, z: Any,
    after: Any, nominal: Any, groups: Any, references: Any, record: Any, byte: Any, word: Any, real: Any, beat: Any,
) -> None:  # fmt: skip
    """`count` stretches of length `h` for all instances that live, recorded like those of `march`."""
    width = record.shape[2]
    for m in range(components.shape[0]):
        component = components[m]
        for n in range(count):
            if dead[m] != OK:
                break
            now = begin + n * h
            status = cross(
                calls, version, component, m, now, begin + (n + 1) * h, memory, fixed, tolerance, method, nodes, order,
                x, y, k, z, after, nominal[m], byte, word, real, beat,
            )  # fmt: skip
            if status <= WARNING and record.shape[0] > 0:
                row = record.ctypes.data + (n * components.shape[0] + m) * width
                status = carry(version, groups, references.ctypes.data, component, row)
            if status > WARNING:
                dead[m] = status
                failed_at[m] = now


PIECES = (
    move, arrive, runge_kutta, strain, finite, crossed, locate, completed, first_step, look, attempt, cross,
)  # fmt: skip
"""What `travel` calls, in the order in which they call each other."""
