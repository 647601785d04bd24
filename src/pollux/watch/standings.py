"""Where rules stand for each twin, as columns by row, so that what most samples leave alone is seen at once."""

from typing import Any, Final, final

import numpy as np

from pollux.columns.arrays import I64, Mask

HOUSE: Final = -1
"""The row of what is no twin: something of the house that must go on."""


@final
class Floor:
    """The columns of all rules of one type, each of shape (rules, rows + 1).

    `busy[rule, row + 1]` says whether a limit is being passed or an alarm stands; `last[rule, row + 1]` is the newest
    moment that was looked at.
    """

    __slots__ = ("busy", "last")

    def __init__(self, rules: int) -> None:
        self.busy: Mask = np.zeros((rules, 64), np.bool_)
        self.last: I64 = np.zeros((rules, 64), np.int64)

    def grow(self, rows: int) -> None:
        """Make room for so many twins."""
        rules, have = self.busy.shape
        if rows + 1 > have:
            more = max(rows + 1, 2 * have) - have
            self.busy = np.concatenate([self.busy, np.zeros((rules, more), np.bool_)], axis=1)
            self.last = np.concatenate([self.last, np.zeros((rules, more), np.int64)], axis=1)


@final
class Standings:
    """Where one rule of a floor stands: since when its limit is passed by each row, and the alarm that is raised."""

    __slots__ = ("_alarms", "_floor", "_pending", "_rule")

    def __init__(self, floor: Floor, rule: int) -> None:
        self._floor, self._rule = floor, rule
        self._alarms: dict[int, str] = {}
        self._pending: dict[int, int] = {}

    @property
    def busy(self) -> Mask:
        """Of which rows a limit is being passed or an alarm stands, at row + 1."""
        busy: Mask = self._floor.busy[self._rule]
        return busy

    @property
    def last(self) -> I64:
        """The newest moment that was looked at of each row, at row + 1."""
        last: I64 = self._floor.last[self._rule]
        return last

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

    def restore(self, frozen: list[Any]) -> None:
        """Go on from what was frozen, on a floor where nothing of this rule stands."""
        places, last = np.frombuffer(frozen[0], np.int64), np.frombuffer(frozen[1], np.int64)
        self._pending, self._alarms = {int(r): int(m) for r, m in frozen[2]}, {int(r): str(a) for r, a in frozen[3]}
        standing = [*self._pending, *self._alarms]
        self._floor.grow(max(int(places.max(initial=0)), 1 + max(standing, default=0)))
        self.last[places] = last
        for row in standing:
            self.busy[row + 1] = True
