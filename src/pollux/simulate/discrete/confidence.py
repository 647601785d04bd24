"""How sure a mean of a few replications is: Student's distribution, written out."""

import math
from dataclasses import dataclass
from functools import cache
from typing import final

import numpy as np

from pollux.columns.arrays import F64

_TINY = 1e-300


@final
@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval.

    >>> print(Interval(5.02, 4.9, 5.14, 0.99))
    5.02 (4.9 to 5.14)
    """

    mean: float
    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.mean:.4g} ({self.low:.4g} to {self.high:.4g})"


def interval(values: F64, level: float = 0.95) -> Interval:
    r"""The mean of independent values with its interval: $\bar x \pm t_{n-1}\,s/\sqrt n$.

    NaN are left out. One value alone has an interval without end.

    >>> interval(np.array([1.0, 2.0, 3.0]), 0.95)
    Interval(mean=2.0, low=-0.484..., high=4.484..., level=0.95)
    """
    sound = values[~np.isnan(values)]
    if len(sound) < 2:
        mean = float(sound[0]) if len(sound) else math.nan
        return Interval(mean, -math.inf, math.inf, level)
    mean = float(sound.mean())
    half = student_quantile(0.5 + level / 2, len(sound) - 1) * float(sound.std(ddof=1)) / math.sqrt(len(sound))
    return Interval(mean, mean - half, mean + half, level)


@cache
def student_quantile(p: float, freedom: int) -> float:
    """The number below which Student's t with so many degrees of freedom lies with probability `p` (above one half).

    >>> round(student_quantile(0.975, 9), 6)
    2.262157
    """
    low, high = 0.0, 1.0
    while student_below(high, freedom) < p and high < 1e9:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_below(middle, freedom) < p else (low, middle)
    return (low + high) / 2


def student_below(t: float, freedom: int) -> float:
    r"""The probability that Student's t is below `t` >= 0: $1 - \frac12 I_{n/(n+t^2)}(n/2, 1/2)$."""
    return 1.0 - 0.5 * beta_share(freedom / (freedom + t * t), freedom / 2, 0.5)


def beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function by its continued fraction (DLMF 8.17.22, evaluated as Lentz does)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_share(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    return front / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)), from the back: two hundred terms are enough for any freedom."""
    tail = 1.0
    for m in range(200, 0, -1):
        half, odd = divmod(m, 2)
        if odd:
            d = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            d = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        tail = 1.0 + d / (tail if abs(tail) > _TINY else _TINY)
    return tail
