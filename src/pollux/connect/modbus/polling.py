"""Polling one device: at its pace, with what its values are called, and how often it is tried while it is silent."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

from pollux.columns.field import MODBUS_MISSING, Datum
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.line import Line
from pollux.connect.modbus.mapped import Bound
from pollux.connect.modbus.reader import Reader, Round, Silent

LONGEST_PAUSE: Final = 60.0
"""A device that stays silent is tried at least so often, in seconds, or every `every` where that is longer."""

Say = Callable[[Sequence[Datum]], None]


@final
class Poller:
    """Polls one device for ever. `say` is told the values of each poll, in the loop's thread.

    A device that falls silent is told once, as values that could not be reached; then nothing is said of it, so that
    its twin becomes late and offline by its own rhythm. It is tried again after `every`, twice that, and so on.
    """

    def __init__(self, bound: Bound, line: Line, counts: Counters, say: Say) -> None:
        self.bound = bound
        self._counts, self._say = counts, say
        registers = [one.register for one in bound.read]
        self._reader = Reader(registers, line, counts, unit=bound.unit, timeout=bound.timeout, gap=bound.gap)
        self._failures = 0
        self.trouble = "not asked yet"
        """Why it is not heard; empty while it is."""

    async def run(self) -> None:
        """Poll until cancelled: at fixed steps of `every`, where a step that is missed is left out and counted."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self.poll()
            every = self.bound.every
            missed = int(max(0.0, loop.time() - due) // every) if not self._failures else 0
            self._counts.polls_skipped += missed
            due = due + (missed + 1) * every if not self._failures else loop.time() + self.pause

    @property
    def pause(self) -> float:
        """Seconds until a silent device is tried again."""
        every = self.bound.every
        return max(every, min(every * 2.0 ** min(self._failures, 30), LONGEST_PAUSE))

    async def poll(self) -> None:
        """Read everything once and tell what was read."""
        self._counts.polls += 1
        found = Round()
        try:
            await self._reader.read(found)
        except Silent as silent:
            if not self._failures:
                unread = set(range(len(self.bound.read))) - found.read.keys() - found.refused.keys()
                found.refused |= dict.fromkeys(sorted(unread), silent.status)
            self._failures += 1
            self.trouble = str(silent)
        else:
            self._failures, self.trouble = 0, ""
        data = self._told(found.read) + self._bad(found.refused)
        if data:
            self._counts.values_bad += sum(datum.status != 0 for datum in data)
            self._say(data)

    def _told(self, read: Mapping[int, int]) -> list[Datum]:
        values = self._reader.values()
        numbers: list[float] = values.number.tolist()
        missing: list[bool] = values.missing.tolist()
        found: list[Datum] = []
        for place, at in read.items():
            one = self.bound.read[place]
            if place in values.text:
                found.append(Datum(one.name, values.text[place], at))
            else:
                status = MODBUS_MISSING if missing[place] else 0
                found.append(Datum(one.name, one.told(numbers[place]), at, status, one.unit))
        return found

    def _bad(self, refused: Mapping[int, int]) -> list[Datum]:
        some = [(self.bound.read[place], status) for place, status in refused.items()]
        # A text has no quality of its own: of a bad one nothing is said.
        return [Datum(one.name, None, None, status, one.unit) for one, status in some if one.signal.kind != "text"]
