"""Quantiles of a stream in bounded memory, with an error that is known and not only likely."""

import math
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64

CAPACITY: Final = 4096
"""Values a level holds; even. More is exacter and larger."""


@final
class Sketch:
    """Levels of values, where a value of level h stands for 2^h samples; a level that is full is thinned into the next.

    Thinning sorts a level and keeps every second value, the even and the odd ones by turns. It moves no rank by more
    than the weight 2^h of one value, so that the sum of these weights, `doubt`, bounds the error of every rank: for
    every q the answer x of `quantile(q)` satisfies

        count(values < x) - doubt <= q n <= count(values <= x) + doubt

    Each level of capacity c adds at most n / c to it, hence `doubt / n <= (floor(log2(n / c)) + 1) / c`: 0.1 % for a
    minute at 1,000 samples/s, 0.2 % at 10,000/s, and nothing at all up to c values. Sketches of the same capacity
    merge, their doubts add, and the bound holds for the whole.

    Ranks do not depend on the unit, so the bound is the same for kelvin, degrees and gravities.

    Sources: Manku, Rajagopalan, Lindsay, "Approximate medians and other quantiles in one pass and with limited memory",
    SIGMOD 1998 (levels of equal capacity, deterministic); Agarwal et al., "Mergeable summaries", PODS 2012 (merging).

    >>> sketch = Sketch()
    >>> sketch.add(np.arange(100_000.0))
    >>> abs(sketch.quantile(0.5) - 50_000) <= sketch.doubt < 200
    True
    """

    __slots__ = ("_capacity", "_levels", "_odd", "count", "doubt")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._levels: list[list[F64]] = [[]]
        self._odd: list[int] = [0]
        self.count = 0
        self.doubt = 0

    def add(self, values: F64) -> None:
        """Add values, (n,); none of them NaN."""
        if len(values):
            self.count += len(values)
            self._put(0, np.array(values))
            self._thin()

    def merge(self, other: "Sketch") -> None:
        """Add all that another sketch has seen."""
        self.count += other.count
        self.doubt += other.doubt
        for level, parts in enumerate(other._levels):
            for part in parts:
                self._put(level, part)
        self._thin()

    def quantile(self, q: float) -> float:
        """A value that about the fraction q of all values do not exceed; NaN for no values."""
        if not self.count:
            return math.nan
        values = np.concatenate([part for parts in self._levels for part in parts])
        weights = np.concatenate([np.full(len(part), 1 << h) for h, parts in enumerate(self._levels) for part in parts])
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(weights[order])
        place = int(np.searchsorted(reached, q * self.count))
        return float(values[order[min(place, len(order) - 1)]])

    def _put(self, level: int, part: F64) -> None:
        while len(self._levels) <= level:
            self._levels.append([])
            self._odd.append(0)
        self._levels[level].append(part)

    def _thin(self) -> None:
        level = 0
        while level < len(self._levels):
            if sum(map(len, self._levels[level])) >= self._capacity:
                self._thin_one(level)
            level += 1

    def _thin_one(self, level: int) -> None:
        values = np.sort(np.concatenate(self._levels[level]))
        even = len(values) // 2 * 2
        # What is left over of an odd number keeps its weight, so that all weights together stay the count.
        self._levels[level] = [values[even:]]
        self._put(level + 1, values[:even][self._odd[level] :: 2])
        self._odd[level] ^= 1
        self.doubt += 1 << level
