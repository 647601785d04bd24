"""Random numbers by counting, inside the kernel: Philox 4x32-10, and durations by inverting their distributions.

The key is that of a stream (seed, block, purpose), the counter holds the number of the draw and of the member. So a
member's luck does not depend on other members, on chunks, or on what else is drawn.

Reference: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

import math
from typing import Final

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.jit import inlined, jit
from pollux.model.quantile import CENTRE, SHOULDER, TAIL
from pollux.simulate.discrete.columns import LAW, MEMBER, POINT_COUNT, POINTS, Plan, State

_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)
_M0: Final = np.uint64(0xD2511F53)
_M1: Final = np.uint64(0xCD9E8D57)
_W0: Final = np.uint64(0x9E3779B9)
_W1: Final = np.uint64(0xBB67AE85)
_UP: Final = np.uint64(20)
_DOWN: Final = np.uint64(12)

_CENTRE: Final = np.array(CENTRE)
_SHOULDER: Final = np.array(SHOULDER)
_TAIL: Final = np.array(TAIL)

Word = np.uint64
Block = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@inlined
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> Block:
    """Four words of 32 bits from a counter of four and a key of two."""
    for _ in range(10):
        first, second = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (second >> _HALF) ^ c1 ^ k0, second & _LOW, (first >> _HALF) ^ c3 ^ k1, first & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@inlined
def unit(high: Word, low: Word) -> float:
    """A number strictly between 0 and 1 from 52 of 64 bits."""
    bits = np.int64((high << _UP) | (low >> _DOWN))
    return (float(bits) + 0.5) * 2.0**-52


@inlined
def uniform(plan: Plan, s: State, stream: int) -> float:
    """The next number of a stream for this member; every second one was made with the one before."""
    count = s.drawn[stream]
    s.drawn[stream] = count + 1
    if count & 1:
        return float(s.spare[stream])
    pair, member = np.uint64(count >> 1), np.uint64(s.mark[MEMBER])
    a, b, c, d = philox(
        pair & _LOW,
        pair >> _HALF,
        member & _LOW,
        member >> _HALF,
        np.uint64(plan.key[stream, 0]),
        np.uint64(plan.key[stream, 1]),
    )
    s.spare[stream] = unit(c, d)
    return unit(a, b)


@jit
def _ratio(both: F64, x: float) -> float:
    above, below = both[0, 0], both[1, 0]
    for power in range(1, 8):
        above, below = above * x + both[0, power], below * x + both[1, power]
    return float(above / below)


@jit
def normal_quantile(p: float) -> float:
    """As `standard_normal_quantile`, of one number."""
    q = p - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(_CENTRE, 0.180625 - q * q)
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    tail = _ratio(_SHOULDER, r - 1.6) if r <= 5.0 else _ratio(_TAIL, r - 5.0)
    return math.copysign(tail, q)


@jit
def _rare(plan: Plan, s: State, stream: int, kind: int, a: float, b: float, c: float) -> float:
    """The laws that are drawn seldom."""
    if kind == 4:  # erlang
        product = 1.0
        for _ in range(int(b)):
            product *= uniform(plan, s, stream)
        return -a * math.log(product)
    first, count = plan.law[stream, POINTS], plan.law[stream, POINT_COUNT]
    if kind == 9:  # schedule
        number = s.drawn[stream]
        s.drawn[stream] = number + 1
        return float(plan.points[first + number]) if number < count else math.inf
    u = uniform(plan, s, stream)
    if kind == 5:  # lognormal
        return a * math.exp(b * normal_quantile(u))
    if kind == 6:  # weibull
        return float(a * (-math.log(u)) ** b)
    if kind == 7:  # geometric
        return float(a * max(1.0, math.ceil(math.log(u) * b)))
    if kind == 8:  # empirical
        return float(plan.points[first + int(u * count)])
    return _triangle(u, a, b, c)


@jit
def _triangle(u: float, a: float, m: float, b: float) -> float:
    if u * (b - a) < m - a:
        return a + math.sqrt(u * (b - a) * (m - a))
    return b - math.sqrt((1.0 - u) * (b - a) * (b - m))


@inlined
def draw(plan: Plan, s: State, stream: int) -> float:
    """The next duration of a stream in seconds."""
    kind = plan.law[stream, LAW]
    a, b = plan.law_f[stream, 0], plan.law_f[stream, 1]
    if kind == 0:  # constant
        return float(a)
    if kind == 1:  # exponential
        return float(-a * math.log(uniform(plan, s, stream)))
    if kind == 10:  # never
        return math.inf
    if kind == 2:  # uniform
        return float(a + uniform(plan, s, stream) * (b - a))
    return _rare(plan, s, stream, kind, a, b, plan.law_f[stream, 2])


@jit
def bin_of(length: float) -> int:
    """The bin of a duration in a histogram: sixteen to each power of two; zero is the first."""
    if not length > 0.0:
        return 0
    mantissa, exponent = math.frexp(length)
    place = (exponent + 32) * 16 + int((mantissa - 0.5) * 32.0)
    return min(max(place, 1), 1023)


@jit
def routed(plan: Plan, s: State, stream: int, first: int, count: int) -> int:
    """The queue that chance sends a part to, from the outputs `first` and on."""
    if count == 1:
        return int(plan.links[first])
    u = uniform(plan, s, stream)
    for place in range(first, first + count - 1):
        if u < plan.share[place]:
            return int(plan.links[place])
    return int(plan.links[first + count - 1])
