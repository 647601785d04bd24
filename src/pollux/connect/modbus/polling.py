"""Polling one device: its reads, their values, what it refuses, and how often it is tried while it is silent."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, final

import numpy as np

from pollux.columns.field import MODBUS_MISSING, MODBUS_TIMEOUT, Datum
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.decoding import Decoding
from pollux.connect.modbus.line import Answer, Line, Unreachable
from pollux.connect.modbus.mapped import Bound
from pollux.connect.modbus.pdu import BrokenAnswer, ExceptionCode, Refused, read_answer, read_request
from pollux.connect.modbus.plan import Plan, Span

LONGEST_PAUSE: Final = 60.0
"""A device that stays silent is tried at least so often, in seconds, or every `every` where that is longer."""

HOLES: Final = frozenset({ExceptionCode.ILLEGAL_DATA_ADDRESS, ExceptionCode.ILLEGAL_DATA_VALUE})
GATEWAY: Final = frozenset(
    {ExceptionCode.GATEWAY_PATH_UNAVAILABLE, ExceptionCode.GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND}
)

Say = Callable[[Sequence[Datum]], None]


@final
class _Silent(Exception):
    """The device does not answer, itself or by the word of its gateway."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


@final
class Poller:
    """Polls one device for ever. `say` is told the values of each poll, in the loop's thread.

    A device that falls silent is told once, as values that could not be reached; then nothing is said of it, so that
    its twin becomes late and offline by its own rhythm. It is tried again after `every`, twice that, and so on.
    """

    def __init__(self, bound: Bound, line: Line, counts: Counters, say: Say) -> None:
        self.bound = bound
        self._line, self._counts, self._say = line, counts, say
        self._decoding = Decoding([one.register for one in bound.read])
        self._plan = Plan(self._decoding, gap=bound.gap)
        self._image = np.zeros(self._decoding.cells, np.uint16)
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
        self._plan.begin()
        found: list[Datum] = []
        try:
            await self._reads(found)
        except _Silent as silent:
            if not self._failures:
                told = {datum.signal for datum in found}
                unread = [place for place, one in enumerate(self.bound.read) if one.name not in told]
                found += self._bad(unread, silent.status)
            self._failures += 1
            self.trouble = str(silent)
        else:
            self._failures, self.trouble = 0, ""
        if found:
            self._counts.values_bad += sum(datum.status != 0 for datum in found)
            self._say(found)

    async def _reads(self, found: list[Datum]) -> None:
        read: dict[int, int] = {}
        waiting = deque(self._plan.spans)
        try:
            while waiting:
                span = waiting.popleft()
                try:
                    at = await self._read(span)
                except Refused as refused:
                    waiting.extendleft(reversed(self._refused(span, refused.code, found)))
                else:
                    read |= dict.fromkeys(span.places, at)
        finally:
            # What was read before the device fell silent was read all the same.
            found += self._told(read)

    async def _read(self, span: Span) -> int:
        answer = await self._asked(read_request(span.table, span.first, span.count))
        try:
            cells = read_answer(span.table, span.count, answer.pdu)
        except BrokenAnswer as broken:
            self._counts.broken_answers += 1
            raise _Silent(str(broken), MODBUS_TIMEOUT) from None
        self._image[span.into] = cells[span.take]
        return answer.at

    async def _asked(self, request: bytes) -> Answer:
        device = self.bound
        try:
            return await self._line.ask(device.unit, request, timeout=device.timeout, counts=self._counts)
        except (Unreachable, BrokenAnswer) as error:
            raise _Silent(str(error), MODBUS_TIMEOUT) from None

    def _refused(self, span: Span, code: int, found: list[Datum]) -> list[Span]:
        """What is read instead of what was refused."""
        self._counts.exceptions += 1
        if code in GATEWAY:
            raise _Silent(str(Refused(code)), code)
        parts = self._plan.refused(span) if code in HOLES else []
        if not parts:
            found += self._bad(span.places, code)
        return parts

    def _told(self, read: dict[int, int]) -> list[Datum]:
        values = self._decoding.decode(self._image)
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

    def _bad(self, places: Sequence[int], status: int) -> list[Datum]:
        some = [self.bound.read[place] for place in places]
        # A text has no quality of its own: of a bad one nothing is said.
        return [Datum(one.name, None, None, status, one.unit) for one in some if one.signal.kind != "text"]
