"""Model exchange: we integrate the states of an FMU, find its events, and let it handle them; in Python and compiled.

Between events the states follow an explicit Runge-Kutta method, with a fixed step or one chosen by the embedded error
estimate. An event is where an indicator changes its sign; it is found by halving the step until the place is known to a
relative 1e-12, and the states there are those of a step of that length, so they are as exact as any other.

Source: FMI 2.0.4, section 3.2.2; FMI 3.0.2, section 3.2.1.
"""

import math
from typing import Any, Final

from pollux.simulate.fmi.calls import COMPLETED, DERIVATIVES, GET_STATES, GUESS, INDICATORS, NEXT, SET_STATES, SET_TIME
from pollux.simulate.fmi.loop_values import Api, Groups, Members, Method, Work
from pollux.simulate.fmi.pointers import NO, invoke
from pollux.simulate.fmi.statuses import DISCARD, ENDED, EVENT, NOT_FINITE, OK, RESTLESS, TOO_SMALL, WARNING
from pollux.simulate.fmi.transfer import IN_TIME, carry, event

_EVENTS: Final = 100_000
_HALVINGS: Final = 60
_CLOSE: Final = 1e-12
_LEAST: Final = 1e-14
"""Steps shorter than this, beside time and span, are no steps."""


def move(api: Api, component: int, t: float, x: Any) -> int:
    """Tell an instance its time and states."""
    status = invoke(api.calls[SET_TIME], component, t)
    if status <= WARNING and x.size > 0:
        status = invoke(api.calls[SET_STATES], component, x.ctypes.data, x.size)
    return status


def arrive(api: Api, component: int, t: float, work: Work) -> int:
    """Tell an instance its time and the states y, and read its event indicators."""
    status = move(api, component, t, work.y)
    if status <= WARNING and work.after.size > 0:
        status = invoke(api.calls[INDICATORS], component, work.after.ctypes.data, work.after.size)
    return status


def runge_kutta(api: Api, component: int, t: float, h: float, method: Method, work: Work) -> int:
    """One step from x to y."""
    x, y, k = work.x, work.y, work.k
    stages = k.shape[0]
    for i in range(stages + 1):
        for j in range(x.size):
            total = 0.0
            for n in range(min(i, stages)):
                total += method.table[i, n] * k[n, j]
            y[j] = x[j] + h * total
        if i < stages and x.size > 0:
            status = move(api, component, t + method.nodes[i] * h, y)
            if status <= WARNING:
                status = invoke(api.calls[DERIVATIVES], component, k.ctypes.data + 8 * i * x.size, x.size)
            if status > WARNING:
                return status
    return OK


def strain(method: Method, h: float, nominal: Any, work: Work) -> float:
    """The largest estimated error of a step, in tolerances; infinity where something is no finite number."""
    x, y, k = work.x, work.y, work.k
    worst = 0.0
    row = k.shape[0] + 1
    for j in range(x.size):
        total = 0.0
        for n in range(k.shape[0]):
            total += method.table[row, n] * k[n, j]
        share = abs(h * total) / (method.tolerance * (nominal[j] + max(abs(x[j]), abs(y[j]))))
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


def try_step(api: Api, component: int, t: float, h: float, method: Method, work: Work) -> int:
    """A step of this length, and the instance at its end."""
    status = runge_kutta(api, component, t, h, method, work)
    return status if status > WARNING else arrive(api, component, t + h, work)


def locate(api: Api, component: int, t: float, h: float, method: Method, work: Work) -> float:
    """The shortest step after which an indicator has changed its sign, and the instance there; negative on failure."""
    low, high = 0.0, h
    for _ in range(_HALVINGS):
        if high - low <= _CLOSE * max(h, abs(t) * 1e-3):
            break
        middle = 0.5 * (low + high)
        status = try_step(api, component, t, middle, method, work)
        if status > WARNING:
            return -1.0 * status
        if crossed(work.z, work.after):
            high = middle
        else:
            low = middle
    status = try_step(api, component, t, high, method, work)
    return -1.0 * status if status > WARNING else high


def completed(api: Api, component: int, work: Work) -> int:
    """Tell an instance that the step stands: EVENT where it wants event mode."""
    word, byte = work.word, work.byte
    at = work.real.ctypes.data
    word[0], word[1] = 0, 0
    if api.version == 2:
        status = invoke(api.calls[COMPLETED], component, NO, at, at + 4)
        wants, ended = word[0] != 0, word[1] != 0
    else:
        status = invoke(api.calls[COMPLETED], component, NO, at, at + 1)
        wants, ended = byte[0] != 0, byte[1] != 0
    if status > WARNING:
        return status
    if ended:
        return ENDED
    return EVENT if wants else OK


def first_step(api: Api, component: int, span: float, nominal: Any, work: Work) -> float:
    """A careful first step: a hundredth of the time in which the states would change by their own size."""
    x, k = work.x, work.k
    if invoke(api.calls[DERIVATIVES], component, k.ctypes.data, x.size) > WARNING:
        return 1e-6 * span
    size, speed = 0.0, 0.0
    for j in range(x.size):
        size = max(size, abs(x[j]) / nominal[j])
        speed = max(speed, abs(k[0, j]) / nominal[j])
    if not (size > 1e-5 and speed > 1e-5 and math.isfinite(size / speed)):
        return 1e-3 * span
    return min(span, 0.01 * size / speed)


def look(api: Api, component: int, work: Work) -> int:
    """Read the states and the event indicators of an instance."""
    x, z = work.x, work.z
    status = OK
    if x.size > 0:
        status = invoke(api.calls[GET_STATES], component, x.ctypes.data, x.size)
    if status <= WARNING and z.size > 0:
        status = invoke(api.calls[INDICATORS], component, z.ctypes.data, z.size)
    return status


def attempt(api: Api, component: int, t: float, h: float, method: Method, nominal: Any, work: Work) -> int:
    """One step to y. DISCARD where it has to be shorter; `real[7]` becomes the step to take next."""
    status = runge_kutta(api, component, t, h, method, work)
    if method.fixed > 0.0 or work.x.size == 0:
        work.real[7] = method.fixed
        if status == DISCARD or (status <= WARNING and not finite(work.y)):
            return NOT_FINITE
        return status
    if status == DISCARD:
        work.real[7] = 0.25 * h
        return DISCARD
    if status > WARNING:
        return status
    ratio = strain(method, h, nominal, work)
    work.real[7] = h * min(5.0, max(0.1, 0.9 * max(ratio, 1e-10) ** (-1.0 / method.order)))
    return OK if ratio <= 1.0 else DISCARD


def accept(api: Api, component: int, t: float, h: float, method: Method, work: Work) -> int:
    """Let a step to y stand, or the part of it up to an event: EVENT then. `real[6]` becomes its length."""
    status = arrive(api, component, t + h, work)
    if status > WARNING:
        return status
    happened = crossed(work.z, work.after)
    if happened:
        h = locate(api, component, t, h, method, work)
        if h < 0.0:
            return int(-h)
    status = completed(api, component, work)
    work.real[6] = h
    for j in range(work.x.size):
        work.x[j] = work.y[j]
    for j in range(work.z.size):
        work.z[j] = work.after[j]
    return EVENT if happened and status <= WARNING else status


def handle(api: Api, component: int, t: float, m: int, members: Members, work: Work) -> int:
    """Let an instance handle its events, and look where it is afterwards."""
    status = event(api, IN_TIME, component, t, members.memory, m, work)
    return status if status > WARNING else look(api, component, work)


def cross(api: Api, members: Members, m: int, begin: float, end: float, method: Method, work: Work) -> int:
    """Carry one instance from `begin` to `end`, through all its events."""
    component, memory, nominal = members.components[m], members.memory, members.nominal[m]
    status = look(api, component, work)
    if status > WARNING:
        return status
    t, happened = begin, 0
    guess = method.fixed if method.fixed > 0.0 else memory[m, GUESS]
    if work.x.size > 0 and guess <= 0.0:
        guess = first_step(api, component, end - begin, nominal, work)
    while end - t > _LEAST * max(abs(end), end - begin):
        work.beat[0] += 1
        h = end - t
        if work.x.size > 0 and guess < h * (1.0 - 1e-9):
            h = guess
        due = memory[m, NEXT] <= t + h
        if due:
            h = max(memory[m, NEXT] - t, 0.0)
        if h > 0.0:
            status = attempt(api, component, t, h, method, nominal, work)
            if status == DISCARD:
                guess = work.real[7]
                if not guess > _LEAST * max(abs(t), end - begin):
                    return TOO_SMALL if finite(work.y) else NOT_FINITE
                continue
            if status <= WARNING:
                guess = max(work.real[7], guess) if h < guess else work.real[7]
                status = accept(api, component, t, h, method, work)
            due = due or status == EVENT
            if status > WARNING and status != EVENT:
                return status
            t += work.real[6]
        if due:
            happened += 1
            status = handle(api, component, t, m, members, work) if happened <= _EVENTS else RESTLESS
            if status > WARNING:
                return status
    memory[m, GUESS] = guess
    return OK


def travel(
    api: Api, members: Members, begin: float, h: float, count: int, method: Method, groups: Groups, record: Any,
    work: Work,
) -> None:  # fmt: skip
    """`count` stretches of length `h` for all instances that live, recorded like those of `march`."""
    amount = members.components.shape[0]
    for m in range(amount):
        component = members.components[m]
        for n in range(count):
            if members.dead[m] != OK:
                break
            now = begin + n * h
            status = cross(api, members, m, now, begin + (n + 1) * h, method, work)
            if status <= WARNING and record.shape[0] > 0:
                status = carry(api, groups, component, record.ctypes.data + (n * amount + m) * record.shape[2])
            if status > WARNING:
                members.dead[m] = status
                members.failed_at[m] = now


PIECES: Final = (
    move, arrive, runge_kutta, strain, finite, crossed, try_step, locate, completed, first_step, look, attempt, accept,
    handle, cross,
)  # fmt: skip
"""What `travel` calls."""
