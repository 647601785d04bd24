"""Moments of a stretch of samples, to which more can be added and which merge without looking back."""

import math
from dataclasses import dataclass
from typing import final

from pollux.columns.arrays import F64


@final
@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, sum of squared deviations `m2 = sum((x - mean)^2)`, least and greatest value.

    Two of them merge exactly, whatever the order (up to rounding): with d = mean_b - mean_a and n = n_a + n_b,

        mean = mean_a + d n_b / n        m2 = m2_a + m2_b + d^2 n_a n_b / n

    which loses no digits where the mean is large beside the deviation, as sums of squares do. Source: Chan, Golub,
    LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", COMPSTAT 1982.

    >>> import numpy as np
    >>> some = Moments.of(np.array([1.0, 2.0])).merge(Moments.of(np.array([6.0])))
    >>> some.count, some.mean, round(some.deviation, 6), round(some.rms, 6)
    (3, 3.0, 2.645751, 3.696846)
    """

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    @staticmethod
    def of(values: F64) -> "Moments":
        """The moments of some values, (n,)."""
        if not len(values):
            return Moments()
        mean = float(values.mean())
        rest = values - mean
        return Moments(len(values), mean, float(rest @ rest), float(values.min()), float(values.max()))

    def merge(self, other: "Moments") -> "Moments":
        """The moments of both together."""
        count = self.count + other.count
        if not (self.count and other.count):
            return self if self.count else other
        apart = other.mean - self.mean
        return Moments(
            count,
            self.mean + apart * (other.count / count),
            self.m2 + other.m2 + apart * apart * (self.count * other.count / count),
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @property
    def deviation(self) -> float:
        """Standard deviation of the sample, `sqrt(m2 / (n - 1))`; NaN for fewer than two values."""
        return math.sqrt(self.m2 / (self.count - 1)) if self.count > 1 else math.nan

    @property
    def rms(self) -> float:
        """Root mean square, `sqrt(mean^2 + m2 / n)`; NaN for no values."""
        return math.sqrt(self.mean**2 + self.m2 / self.count) if self.count else math.nan
