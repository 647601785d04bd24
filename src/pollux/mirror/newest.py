"""The newest of several samples, by event time, whatever the order they came in.

Samples of one signal of one twin are in a total order: by event time; at one time those that were stamped on arrival
after those whose device told the time; then the later heard of the former, the greater number of the latter. The last
value is the greatest in this order, so that shuffling and repeating a device's messages, or cutting them into other
batches, gives the same columns.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64, Mask

_SIGN: Final = np.int64(0x7FFF_FFFF_FFFF_FFFF)


def ranked(value: F64) -> I64:
    """Integers in the same order as the numbers, with -0.0 below 0.0: equal ranks are equal bits.

    >>> ranked(np.array([-1.0, -0.0, 0.0, 2.0])).argsort().tolist()
    [0, 1, 2, 3]
    """
    bits = np.ascontiguousarray(value).view(np.int64)
    return np.where(bits < 0, bits ^ _SIGN, bits)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples in log order: which cell each belongs to, its event time, whether the device told it, its number."""

    cell: I64
    time: I64
    told: Mask
    value: F64


@final
@dataclass(frozen=True, slots=True, eq=False)
class Newest:
    """`winners` are the places of samples that become the last value of their cell; `late[i]` says that sample i was
    older than what was known when it came.
    """

    winners: I64
    late: Mask


@final
class Contest:
    """Finds the newest sample of each cell, a signal of a twin; keeps a mark per cell to find repetitions quickly."""

    __slots__ = ("_mark",)

    def __init__(self) -> None:
        self._mark = np.empty(0, np.int32)

    def hold(self, samples: Samples, known: Samples) -> Newest:
        """Compare samples with each other and with what is known of their cells (time NEVER where nothing is)."""
        beats = _beats(samples, known)
        if self._alone(samples.cell):
            return Newest(np.flatnonzero(beats), samples.time < known.time)
        order = np.argsort(samples.cell, kind="stable")
        begins = np.append(True, samples.cell[order][1:] != samples.cell[order][:-1])
        if _rising(samples, order, begins):
            winners, late = order[np.append(begins[1:], True)], samples.time < known.time
        else:
            winners, late = _greatest(samples), _late(samples, known, order, begins)
        return Newest(winners[beats[winners]], late)

    def _alone(self, cell: I64) -> bool:
        """Whether no cell comes twice."""
        most = int(cell.max(initial=-1)) + 1
        if most > len(self._mark):
            self._mark = np.empty(max(most, 2 * len(self._mark)), np.int32)
        place = np.arange(len(cell), dtype=np.int32)
        # With repeated places the last assignment stays, so that an earlier sample of its cell does not find itself.
        self._mark[cell] = place
        return bool((self._mark[cell] == place).all())


def _beats(samples: Samples, known: Samples) -> Mask:
    """Which samples are newer than what is known of their cells."""
    beats: Mask = samples.time > known.time
    same = samples.time == known.time
    if same.any():
        greater = known.told & (ranked(samples.value) > ranked(known.value))
        beats |= same & np.where(samples.told, greater, True)
    return beats


def _rising(samples: Samples, order: I64, begins: Mask) -> bool:
    """Whether each sample is newer than the one before it in its cell: the common case, a series in order."""
    time, told = samples.time[order], samples.told[order]
    newer = np.append(True, (time[1:] > time[:-1]) | ((time[1:] == time[:-1]) & ~told[1:] & ~told[:-1]))
    return bool((newer | begins).all())


def _greatest(samples: Samples) -> I64:
    """The place of the greatest sample of each cell, in ascending order of cells."""
    place = np.arange(len(samples.cell))
    # Of equal ones that were told the first stays, as it does when they come in two batches.
    by_value, by_place = np.where(samples.told, ranked(samples.value), 0), np.where(samples.told, -place, place)
    order = np.lexsort((by_place, by_value, ~samples.told, samples.time, samples.cell))
    greatest: I64 = order[np.append(samples.cell[order][1:] != samples.cell[order][:-1], True)]
    return greatest


def _late(samples: Samples, known: Samples, order: I64, begins: Mask) -> Mask:
    """Which samples are older than the newest before them, in their batch or in the columns."""
    distinct, rank = np.unique(np.maximum(samples.time, known.time)[order], return_inverse=True)
    # Ranks instead of times leave room to set the cells apart, so that one running maximum serves them all.
    apart = np.cumsum(begins) * len(order)
    newest: I64 = distinct[np.maximum.accumulate(rank + apart) - apart]
    late = np.empty(len(order), np.bool_)
    late[order] = samples.time[order] < newest
    return late
