"""Presence: when each twin was heard last, its own rhythm, and how far its data reach."""

from collections.abc import Mapping
from enum import IntEnum
from types import ModuleType
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.arrays import I32, I64, U8
from pollux.columns.memory import NEVER

LATE_AFTER: Final = 2.0
"""Silence beyond this many of its intervals makes a twin late."""

OFFLINE_AFTER: Final = 10.0
"""Silence beyond this many of its intervals makes a twin offline."""

_ARRAYS: Final = ("heard", "interval", "messages", "watermark")
_LEARNING: Final = 0.125
_LONGEST_STEP: Final = 4.0
_SHORTEST: Final = 1.0 * SECOND


@final
class Presence(IntEnum):
    """Whether a twin is heard."""

    NEVER = 0
    ONLINE = 1
    LATE = 2
    OFFLINE = 3


@final
class Rhythm:
    """The presence of the twins of one type, by row: shapes are (rows,).

    `heard` is the arrival of the last message, `interval` the learnt time between messages in nanoseconds (0 while
    unknown), `messages` their count, `watermark` the newest believed event time.
    """

    __slots__ = ("_first", *_ARRAYS)

    def __init__(self) -> None:
        self._first = np.empty(0, np.int32)
        self.heard = np.empty(0, np.int64)
        self.interval = np.empty(0, np.float64)
        self.messages = np.empty(0, np.int64)
        self.watermark = np.empty(0, np.int64)

    def reserve(self, rows: int) -> None:
        """Make room for this many rows."""
        missing = rows - len(self.heard)
        if missing > 0:
            missing = max(missing, len(self.heard))
            self._first = np.empty(len(self.heard) + missing, np.int32)
            self.heard = np.concatenate((self.heard, np.full(missing, NEVER)))
            self.interval = np.concatenate((self.interval, np.zeros(missing)))
            self.messages = np.concatenate((self.messages, np.zeros(missing, np.int64)))
            self.watermark = np.concatenate((self.watermark, np.full(missing, NEVER)))

    def forget(self, row: int) -> None:
        """A row without an owner was never heard."""
        self.heard[row], self.interval[row], self.messages[row], self.watermark[row] = NEVER, 0.0, 0, NEVER

    def hear(self, row: I32, arrival: I64, kernels: ModuleType | None = None) -> I64:
        """Note messages in log order; repeated ones count too, for whoever repeats is there. The rows heard."""
        if kernels is not None:
            own, rows = (self._first, self.heard, self.interval, self.messages), np.empty(len(row), np.int64)
            return rows[: kernels.hear(row, arrival, own, _LEARNING, _LONGEST_STEP, rows)]
        place = np.arange(len(row), dtype=np.int32)
        # With repeated places the last assignment stays: from the end backwards that is the first message of a twin.
        self._first[row[::-1]] = place[::-1]
        first = self._first[row] == place
        self._learn(row[first], arrival[first])
        if first.all():
            self.messages[row] += 1
            return np.asarray(row, np.int64)
        np.add.at(self.messages, row, 1)
        # What was read at once arrives at once and says nothing about rhythm: few are left to learn from one by one.
        left = ~first & (arrival > self.heard[row])
        for one, when in zip(row[left].tolist(), arrival[left].tolist(), strict=True):
            self._learn_one(one, when)
        return np.asarray(row[first], np.int64)

    def _learn_one(self, row: int, arrival: int) -> None:
        """What `_learn` does, for one message, in the same arithmetic."""
        before, known = int(self.heard[row]), float(self.interval[row])
        if arrival <= before:
            return
        step = float(arrival - before)
        if known > 0.0:
            step = min(step, _LONGEST_STEP * known)
            step = known + _LEARNING * (step - known)
        self.interval[row] = step
        self.heard[row] = arrival

    def _learn(self, row: I32, arrival: I64) -> None:
        before, known = self.heard[row], self.interval[row]
        step = np.where(before == NEVER, 0, arrival - before).astype(np.float64)
        # An outage is not a rhythm: it may stretch the interval, but not by much.
        step = np.where(known > 0.0, np.minimum(step, _LONGEST_STEP * known), step)
        learnt = np.where(known > 0.0, known + _LEARNING * (step - known), step)
        self.interval[row] = np.where(step > 0.0, learnt, known)
        self.heard[row] = np.maximum(before, arrival)

    def reach(self, row: I32, event_time: I64) -> None:
        """Note believed event times."""
        np.maximum.at(self.watermark, row, event_time)

    def presence(self, rows: I64 | slice, *, now: int, agreed: float = 0.0, speed: float = 1.0) -> U8:
        """A `Presence` for each of these rows; `agreed` is the declared interval in nanoseconds, 0 for none.

        The interval counted with is the agreed one, else the learnt one; never below a real second, for messages take
        real time to arrive: `speed` says how many of a clock that runs fast are in one.
        """
        heard = self.heard[rows]
        interval = np.maximum(agreed or self.interval[rows], _SHORTEST * max(1.0, speed))
        with np.errstate(over="ignore"):
            silence = (now - heard).astype(np.float64)
        state = np.full(heard.shape, Presence.ONLINE, np.uint8)
        state[silence > LATE_AFTER * interval] = Presence.LATE
        state[silence > OFFLINE_AFTER * interval] = Presence.OFFLINE
        state[heard == NEVER] = Presence.NEVER
        return state

    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """The first rows of every array, by name."""
        return {name: getattr(self, name)[:rows] for name in _ARRAYS}

    @staticmethod
    def restored(arrays: Mapping[str, NDArray[Any]]) -> "Rhythm":
        """The rhythm that `arrays` showed."""
        rhythm = Rhythm()
        for name in _ARRAYS:
            setattr(rhythm, name, np.array(arrays[name]))
        rhythm._first = np.empty(len(rhythm.heard), np.int32)
        return rhythm
