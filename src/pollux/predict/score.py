"""How right predictions were: coverage, bias, error, and whether the claimed level can be believed."""

from dataclasses import dataclass
from math import comb
from typing import final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class Score:
    """A set of intervals beside what happened.

    `coverage` is the share inside, `p_value` the exact two-sided binomial test of the claimed `level`; `bias` and
    `rms` are those of the median, `width` the mean width, all three in the signal's unit.
    """

    count: int
    level: float
    coverage: float
    p_value: float
    bias: float
    rms: float
    width: float


def interval(members: F64, level: float = 0.9) -> tuple[F64, F64, F64]:
    """Low, median and high of an ensemble over its last axis, such that a further member falls inside with `level`.

    The quantile p of N members is taken at place p (N + 1) (Weibull), because the extremes of few members lie inside
    those of the distribution.

    >>> low, median, high = interval(np.arange(1.0, 20.0))
    >>> float(low), float(median), float(high)
    (1.0, 10.0, 19.0)
    """
    tail = (1.0 - level) / 2.0
    low, median, high = np.quantile(members, (tail, 0.5, 1.0 - tail), axis=-1, method="weibull")
    return low, median, high


def middle(members: F64) -> tuple[float, float]:
    """The middle value that a member has, and the deviation: of what is on or off, what most members have.

    >>> middle(np.array([0.0, 1.0, 1.0, 1.0]))
    (1.0, 0.4330127018922193)
    """
    return float(np.quantile(members, 0.5, method="inverted_cdf")), float(members.std())


def binomial_test(inside: int, count: int, level: float) -> float:
    """The exact two-sided p-value of seeing `inside` of `count` when each has the chance `level`.

    The sum of the probabilities of all outcomes no likelier than the one seen (Clopper and Pearson's companion test).

    >>> round(binomial_test(180, 200, 0.9), 3), round(binomial_test(160, 200, 0.9), 6)
    (1.0, 2.5e-05)
    """
    chance = [comb(count, k) * level**k * (1 - level) ** (count - k) for k in range(count + 1)]
    seen = chance[inside] * (1 + 1e-9)
    return min(1.0, sum(p for p in chance if p <= seen))


def score(low: F64, median: F64, high: F64, truth: F64, level: float = 0.9) -> Score:
    """Hold intervals (cases,) against the truth (cases,)."""
    inside = int(((low <= truth) & (truth <= high)).sum())
    error = median - truth
    return Score(
        len(truth),
        level,
        inside / len(truth),
        binomial_test(inside, len(truth), level),
        float(error.mean()),
        float(np.sqrt((error**2).mean())),
        float((high - low).mean()),
    )
