"""What was seen: the sequence numbers of every counter, so that a message that comes twice counts once.

A counter belongs to a device, a life of it (boot), a twin, and a signal if the topic names one. What it has said is
kept as intervals: one for a device that counts on, more while numbers are missing. Memory is bounded: of a counter the
newest WINDOW intervals are kept, of a twin and channel the newest LIVES counters. What is forgotten counts as new if it
comes again: data told twice does no harm to columns, data lost does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import I64, Mask
from pollux.columns.batch import NO_SEQUENCE, WHOLE, Life, Messages
from pollux.mirror.intervals import Intervals

LIVES: Final = 8
"""Counters kept for each twin and channel."""

_NONE: Final = -1
_SPARE: Final = 1024
_EMPTY: Final = Intervals()


@final
class Seen:
    """The sequence numbers seen by the twins of one type.

    Counter k has said everything from `low[k]` to `high[k]` (nothing, while low is above high), and what `_older[k]`
    holds below that. `_newest[row]` is the counter that a twin used last for whole messages.
    """

    __slots__ = (
        "_counters",
        "_high",
        "_life",
        "_low",
        "_newest",
        "_numbers",
        "_older",
        "_source",
        "_translation",
        "_used",
        "_vacant",
    )

    def __init__(self) -> None:
        self._counters: dict[tuple[int, int], list[int]] = {}
        self._numbers: dict[Life, int] = {}
        self._older: dict[int, Intervals] = {}
        self._vacant: list[int] = []
        self._source: Sequence[Life] = ()
        self._translation = np.empty(0, np.int64)
        self._used = 0
        self._newest = np.full(16, _NONE, np.int64)
        self._low = np.zeros(16, np.int64)
        self._high = np.zeros(16, np.int64)
        self._life = np.full(16, _NONE, np.int64)

    def accept(self, messages: Messages) -> Mask:
        """Note the messages; which of them are heard for the first time. Without a sequence number all are."""
        first = np.ones(len(messages), np.bool_)
        counted = np.flatnonzero(messages.seq != NO_SEQUENCE)
        if len(counted):
            self._room(int(messages.row[counted].max()) + 1)
            life = self._translated(messages.lives)[messages.life]
            while len(counted):
                counter = self._resolved(messages, counted, life)
                mine, counted = counted[: len(counter)], counted[len(counter) :]
                first[mine] = self._count(counter, messages.seq[mine])
        return first

    def _resolved(self, messages: Messages, which: I64, life: I64) -> I64:
        """The counters of the leading messages: of all, or of those before one that makes another be forgotten."""
        row, channel, life = messages.row[which], messages.channel[which], life[which]
        counter = self._newest[row]
        known = (channel == WHOLE) & (counter != _NONE) & (self._life[counter] == life)
        for i in np.flatnonzero(~known).tolist():
            own = self._counters.setdefault((int(row[i]), int(channel[i])), [])
            found = next((one for one in own if self._life[one] == life[i]), _NONE)
            full = len(own) == LIVES
            if found == _NONE and full and i > 0:
                return counter[:i]
            counter[i] = self._new(own, int(life[i])) if found == _NONE else found
            if channel[i] == WHOLE:
                self._newest[row[i]] = counter[i]
            if found == _NONE and full:
                # Others may have been found to have the counter that was just forgotten: look again without this one.
                return counter[:1]
        return counter

    def _new(self, own: list[int], life: int) -> int:
        if len(own) == LIVES:
            self._release(own.pop(0))
        if self._vacant:
            counter = self._vacant.pop()
        else:
            counter = self._used
            self._used += 1
            if counter == len(self._low):
                self._low, self._high = np.resize(self._low, 2 * counter), np.resize(self._high, 2 * counter)
                self._life = np.resize(self._life, 2 * counter)
        self._low[counter], self._high[counter], self._life[counter] = 0, _NONE, life
        own.append(counter)
        return counter

    def _release(self, counter: int) -> None:
        self._older.pop(counter, None)
        self._life[counter] = _NONE
        self._vacant.append(counter)

    def _count(self, counter: I64, seq: I64) -> Mask:
        """Count the numbers, in log order; which of them are new."""
        order = np.argsort(counter, kind="stable")
        whose, number = counter[order], seq[order]
        begins = np.concatenate(([True], whose[1:] != whose[:-1]))
        starts = np.flatnonzero(begins)
        before = np.concatenate(([0], number[:-1]))
        before[starts] = self._high[whose[starts]]
        # The common case: every device counts on by one, or speaks for the first time.
        follows = (number == before + 1) | (begins & (self._low[whose] > self._high[whose]))
        steady = np.logical_and.reduceat(follows, starts)
        ends = np.append(starts[1:], len(order))
        empty = steady & (self._low[whose[starts]] > self._high[whose[starts]])
        self._low[whose[starts[empty]]] = number[starts[empty]]
        self._high[whose[starts[steady]]] = number[ends[steady] - 1]
        new = np.repeat(steady, ends - starts)
        for group in np.flatnonzero(~steady).tolist():
            here = slice(int(starts[group]), int(ends[group]))
            new[here] = [self._add(int(whose[here.start]), one) for one in number[here].tolist()]
        first = np.empty(len(order), np.bool_)
        first[order] = new
        return first

    def _add(self, counter: int, number: int) -> bool:
        """Count one number; False when it was counted before."""
        low, high = int(self._low[counter]), int(self._high[counter])
        if low <= number <= high:
            return False
        if number < low - 1:
            return self._older.setdefault(counter, Intervals()).add(number)
        if number == low - 1:
            self._low[counter] = self._joined(counter, number)
        elif number == high + 1:
            self._high[counter] = number
        else:
            if low <= high:
                self._older.setdefault(counter, Intervals()).push(low, high)
            self._low[counter] = self._high[counter] = number
        return True

    def _joined(self, counter: int, low: int) -> int:
        older = self._older.get(counter)
        return low if older is None else older.join(low)

    def forget(self, row: int) -> None:
        """Forget the counters of a twin."""
        for key in [key for key in self._counters if key[0] == row]:
            for counter in self._counters.pop(key):
                self._release(counter)
        if row < len(self._newest):
            self._newest[row] = _NONE

    def _room(self, rows: int) -> None:
        if rows > len(self._newest):
            more = np.full(max(rows, 2 * len(self._newest)), _NONE, np.int64)
            more[: len(self._newest)] = self._newest
            self._newest = more

    def _translated(self, lives: Sequence[Life]) -> I64:
        """The own number of each life; a list that only grows is translated as far as it has grown."""
        if len(self._numbers) > 4 * self._used + len(lives) + _SPARE:
            self._renumber()
            self._source = ()
        known = len(self._translation) if lives is self._source else 0
        if known < len(lives):
            new = np.array([self._number(life) for life in lives[known:]], np.int64)
            self._translation = np.concatenate((self._translation[:known], new))
        self._source = lives
        return self._translation

    def _number(self, life: Life) -> int:
        return self._numbers.setdefault(life, len(self._numbers))

    def _renumber(self) -> None:
        """Forget the names of lives whose counters are gone: devices that restart often leave many."""
        live = set(self._life[: self._used].tolist())
        kept = [life for life, number in self._numbers.items() if number in live]
        new = {self._numbers[life]: number for number, life in enumerate(kept)} | {_NONE: _NONE}
        self._life[: self._used] = [new[number] for number in self._life[: self._used].tolist()]
        self._numbers = {life: number for number, life in enumerate(kept)}

    def state(self) -> tuple[list[list[Any]], dict[str, NDArray[Any]]]:
        """The counters in an order of their own: names as [row, channel, tenant, device, boot], and their numbers."""
        names = {number: life for life, number in self._numbers.items()}
        keys = [(key, counter) for key, own in sorted(self._counters.items()) for counter in own]
        counters = np.array([counter for _, counter in keys], np.int64)
        older = [self._older.get(counter, _EMPTY).ends for counter in counters.tolist()]
        told = [[*key, *names[int(self._life[counter])]] for key, counter in keys]
        return told, {
            "low": self._low[counters],
            "high": self._high[counters],
            "older": np.array([len(ends) for ends in older], np.int64),
            "ends": np.array([end for ends in older for end in ends], np.int64),
        }

    @staticmethod
    def restored(told: list[list[Any]], arrays: Mapping[str, NDArray[Any]]) -> "Seen":
        """What was seen when `state` was asked."""
        seen, place = Seen(), 0
        for number, (row, channel, *life) in enumerate(told):
            seen._room(row + 1)
            own = seen._counters.setdefault((row, channel), [])
            counter = seen._new(own, seen._number(Life(*life)))
            seen._low[counter], seen._high[counter] = arrays["low"][number], arrays["high"][number]
            count = int(arrays["older"][number])
            if count:
                seen._older[counter] = Intervals(arrays["ends"][place : place + count].tolist())
            place += count
        return seen
