"""Intervals of whole numbers, few and bounded: what a counter has said beside its newest run."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, final

WINDOW: Final = 128
"""Intervals kept for each counter; beyond that the lowest are forgotten."""


@final
class Intervals:
    """Disjoint intervals, ends included, in ascending order, never touching each other.

    >>> some = Intervals([1, 3, 7, 7])
    >>> some.add(2), some.add(5), some.add(6), list(some.ends)
    (False, True, True, [1, 3, 5, 7])
    """

    __slots__ = ("ends",)

    def __init__(self, ends: Iterable[int] = ()) -> None:
        self.ends = array("q", ends)

    def add(self, number: int) -> bool:
        """Add a number; False when it is there already."""
        ends = self.ends
        place = bisect_right(ends, number)
        if place % 2 or (place and ends[place - 1] == number):
            return False
        after = place < len(ends) and ends[place] == number + 1
        before = place > 0 and ends[place - 1] == number - 1
        if before and after:
            del ends[place - 1 : place + 1]
        elif before:
            ends[place - 1] = number
        elif after:
            ends[place] = number
        else:
            ends[place:place] = array("q", (number, number))
        del ends[: max(len(ends) - 2 * WINDOW, 0)]
        return True

    def push(self, low: int, high: int) -> None:
        """Put an interval above all others."""
        self.ends.extend((low, high))
        del self.ends[: max(len(self.ends) - 2 * WINDOW, 0)]

    def join(self, low: int) -> int:
        """The lowest number of the run that ends at `low`: the topmost interval is taken out if it touches."""
        if self.ends and self.ends[-1] == low - 1:
            _, low = self.ends.pop(), self.ends.pop()
        return low
