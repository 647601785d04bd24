"""Where one rule stands for each twin, as columns by row, so that what most samples leave alone is seen at once."""

from typing import Any, Final, final

import numpy as np

from pollux.columns.arrays import I64, Mask

HOUSE: Final = -1
"""The row of what is no twin: something of the house that must go on."""


@final
class Standings:
    """For each row since when a limit is passed, the alarm that is raised, and the newest moment that was looked at.

    `busy[row + 1]` says whether a limit is being passed or an alarm stands; `last[row + 1]` is the newest moment.
    """

    __slots__ = ("_alarms", "_pending", "busy", "last")

    def __init__(self) -> None:
        self._alarms: dict[int, str] = {}
        self._pending: dict[int, int] = {}
        self.busy: Mask = np.zeros(64, np.bool_)
        self.last: I64 = np.zeros(64, np.int64)

    def grow(self, rows: int) -> None:
        """Make room for so many twins."""
        have = len(self.busy)
        if rows + 1 > have:
            more = max(rows + 1, 2 * have) - have
            self.busy = np.concatenate([self.busy, np.zeros(more, np.bool_)])
            self.last = np.concatenate([self.last, np.zeros(more, np.int64)])

    def alarm(self, row: int) -> str:
        """The alarm that stands; empty for none."""
        return self._alarms.get(row, "")

    def look(self, row: int, moment: int) -> bool:
        """A sample is looked at; whether it is older than one before."""
        late = moment < self.last[row + 1]
        if not late:
            self.last[row + 1] = moment
        return bool(late)

    def since(self, row: int, moment: int) -> int:
        """Since when the limit is passed, now that it is."""
        self.busy[row + 1] = True
        return self._pending.setdefault(row, moment)

    def stand(self, row: int, alarm: str) -> None:
        """An alarm stands from now on."""
        self._alarms[row] = alarm
        self.busy[row + 1] = True

    def end(self, row: int) -> str:
        """Nothing is passed any more; the alarm that stood."""
        self._pending.pop(row, None)
        self.busy[row + 1] = False
        return self._alarms.pop(row, "")

    def forget(self, row: int) -> str:
        """The twin of a row is gone; the alarm that stood."""
        if row + 1 >= len(self.busy):
            return ""
        self.last[row + 1] = 0
        return self.end(row)

    def freeze(self) -> list[Any]:
        """As plain values: what is zero is not there, so that room alone makes no difference."""
        places = np.flatnonzero(self.last)
        return [
            places.tobytes(),
            self.last[places].tobytes(),
            sorted(self._pending.items()),
            sorted(self._alarms.items()),
        ]

    @staticmethod
    def of(frozen: list[Any]) -> "Standings":
        """What was frozen."""
        made = Standings()
        places, last = np.frombuffer(frozen[0], np.int64), np.frombuffer(frozen[1], np.int64)
        made.grow(int(places.max(initial=0)))
        made.last[places] = last
        made._pending, made._alarms = {int(r): int(m) for r, m in frozen[2]}, {int(r): str(a) for r, a in frozen[3]}
        for row in (*made._pending, *made._alarms):
            made.grow(row + 1)
            made.busy[row + 1] = True
        return made
