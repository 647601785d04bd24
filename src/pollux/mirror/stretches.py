"""Stretches of doubt: since when and until when an inspector doubted a signal of a twin, for whoever reads the past.

An inspector works in the order of the log, so that what it said cannot be told from some samples alone. What it said is
kept as stretches of event time with one reason each; of a cell the newest MOST are kept.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import I64, U8, U16, distinct
from pollux.columns.batch import Batch
from pollux.columns.quality import Quality, Reason

FOLLOWED: Final = np.array([Reason.UNIT, Reason.SKEW, Reason.CROSS, Reason.DISAGREE], np.uint16)
"""The reasons that only an inspector gives."""

MOST: Final = 64


@final
class Stretches:
    """By signal and row, in log order: [first event time, last event time, reason]; the last one may go on."""

    __slots__ = ("_open", "_signals", "_told")

    def __init__(self, signals: int) -> None:
        self._signals = signals
        self._open: U16 = np.zeros((signals, 0), np.uint16)
        self._told: dict[tuple[int, int], deque[list[int]]] = {}

    def reserve(self, rows: int) -> None:
        """Make room for this many rows."""
        missing = rows - self._open.shape[1]
        if missing > 0:
            more = np.zeros((self._signals, max(missing, self._open.shape[1])), np.uint16)
            self._open = np.concatenate((self._open, more), axis=1)

    def forget(self, row: int) -> None:
        """Of a row without an owner nothing was said."""
        self._open[:, row] = 0
        for signal in range(self._signals):
            self._told.pop((signal, row), None)

    def note(self, batch: Batch) -> None:
        """Take note of samples in log order, with what they are worth."""
        why = np.where(np.isin(batch.reason, FOLLOWED), batch.reason, 0)
        cell = batch.signal.astype(np.int64) * self._open.shape[1] + batch.row
        doubted = why != 0
        # A good sample ends a stretch: of a cell that is doubted, or was when the batch came, every sample counts.
        followed = self._open.reshape(-1)[cell] != 0
        if doubted.any():
            followed |= np.isin(cell, distinct(cell[doubted]))
        touched = np.flatnonzero(followed)
        if not len(touched):
            return
        order = touched[np.lexsort((batch.row[touched], batch.signal[touched]))]
        signal, row, reason, time = batch.signal[order], batch.row[order], why[order], batch.event_time[order]
        changed = (signal[1:] != signal[:-1]) | (row[1:] != row[:-1]) | (reason[1:] != reason[:-1])
        starts = np.flatnonzero(np.append(True, changed))
        least, most = np.minimum.reduceat(time, starts), np.maximum.reduceat(time, starts)
        cells = zip(signal[starts].tolist(), row[starts].tolist(), reason[starts].tolist(), strict=True)
        for (i, j, code), first, last in zip(cells, least.tolist(), most.tolist(), strict=True):
            if code:
                self._extend(i, j, code, first, last)
            self._open[i, j] = code

    def _extend(self, signal: int, row: int, code: int, first: int, last: int) -> None:
        own = self._told.setdefault((signal, row), deque(maxlen=MOST))
        if self._open[signal, row] == code and own:
            own[-1][0], own[-1][1] = min(own[-1][0], first), max(own[-1][1], last)
        else:
            own.append([first, last, code])

    def add(self, signal: int, row: int, first: int, last: int, reason: Reason) -> None:
        """A stretch that is over, said afterwards; one of the same reason that it touches grows."""
        own = self._told.setdefault((signal, row), deque(maxlen=MOST))
        known = next((one for one in own if one[2] == reason and first <= one[1] and one[0] <= last), None)
        if known is None:
            # In front: the last one may be of an inspector, and go on.
            while len(own) >= MOST:
                own.popleft()
            own.appendleft([first, last, int(reason)])
        else:
            known[0], known[1] = min(known[0], first), max(known[1], last)

    def doubt(self, signal: int, row: int, time: I64, quality: U8, reason: U16) -> None:
        """Write into qualities and reasons of samples of one signal of a twin what was said of them.

        Good ones become uncertain; one out of its range stays bad, and its unit becomes the reason.
        """
        for first, last, code in self._told.get((signal, row), ()):
            inside = (time >= first) & (time <= last)
            mine = inside & (quality == Quality.GOOD)
            quality[mine], reason[mine] = Quality.UNCERTAIN, code
            if code == Reason.UNIT:
                reason[inside & (reason == Reason.RANGE)] = code

    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """What is kept, as arrays."""
        cells = sorted(self._told)
        told = [one for cell in cells for one in self._told[cell]]
        return {
            "open": self._open[:, :rows],
            "cells": np.array(cells, np.int64).reshape(-1, 2),
            "counts": np.array([len(self._told[cell]) for cell in cells], np.int64),
            "told": np.array(told, np.int64).reshape(-1, 3),
        }

    def resume(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `arrays` showed, from nothing where they lack it."""
        if "open" not in arrays:
            return
        self._open = np.array(arrays["open"])
        told, place = arrays["told"].tolist(), 0
        for (signal, row), count in zip(arrays["cells"].tolist(), arrays["counts"].tolist(), strict=True):
            self._told[signal, row] = deque(told[place : place + count], maxlen=MOST)
            place += count
