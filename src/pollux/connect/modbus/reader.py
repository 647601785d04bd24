"""Reading all registers of one unit: in few requests, around what it refuses."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from pollux.columns.field import MODBUS_TIMEOUT
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.decoding import Decoding, Values
from pollux.connect.modbus.line import Line, Unreachable
from pollux.connect.modbus.pdu import BrokenAnswer, ExceptionCode, Refused, read_answer, read_request
from pollux.connect.modbus.plan import Plan, Span
from pollux.connect.modbus.registers import Register

HOLES: Final = frozenset({ExceptionCode.ILLEGAL_DATA_ADDRESS, ExceptionCode.ILLEGAL_DATA_VALUE})
ROUNDS: Final = 3
"""So often a read stays unanswered, beside others that are, before it counts as refused."""

GATEWAY: Final = frozenset(
    {ExceptionCode.GATEWAY_PATH_UNAVAILABLE, ExceptionCode.GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND}
)


@final
class Silent(Exception):
    """The unit does not answer, itself or by the word of its gateway; `status` says which.

    `here` says that it is this read alone that may have no answer.
    """

    def __init__(self, why: str, status: int, *, here: bool = False) -> None:
        super().__init__(why)
        self.status, self.here = status, here


@final
@dataclass(slots=True, eq=False)
class Round:
    """What one round of reads brought, by the places of the registers: when they were `read`, what was `refused`."""

    read: dict[int, int] = field(default_factory=dict[int, int])
    refused: dict[int, int] = field(default_factory=dict[int, int])


@final
class Reader:
    """Reads the registers of one unit through its line, and remembers what it refuses.

    Some devices say nothing where others refuse. A read that is not answered in three rounds in which another one was
    is taken as refused; a round in which two are not answered is over.
    """

    def __init__(
        self, registers: Sequence[Register], line: Line, counts: Counters, *, unit: int, timeout: float, gap: int
    ) -> None:
        self._line, self._counts, self._unit, self._timeout = line, counts, unit, timeout
        self._decoding = Decoding(registers)
        self._plan = Plan(self._decoding, gap=gap)
        self._image = np.zeros(self._decoding.cells, np.uint16)
        self._ignored: dict[Span, int] = {}

    async def read(self, found: Round) -> None:
        """Read everything once into `found`, which holds what came until then when Silent is raised."""
        self._plan.begin()
        waiting = deque(self._plan.spans)
        ignored: Span | None = None
        while waiting:
            span = waiting.popleft()
            try:
                at = await self._span(span)
            except Refused as refused:
                waiting.extendleft(reversed(self._refused(span, refused.code, found)))
            except Silent as silent:
                if ignored is not None or not silent.here or not (waiting or found.read):
                    raise
                ignored = span
            else:
                found.read |= dict.fromkeys(span.places, at)
                self._ignored.pop(span, None)
        if ignored is not None:
            self._passed_over(ignored, found)

    def values(self) -> Values:
        """What was read last of each register; it holds for those of the newest round alone."""
        return self._decoding.decode(self._image)

    async def _span(self, span: Span) -> int:
        request = read_request(span.table, span.first, span.count)
        try:
            answer = await self._line.ask(self._unit, request, timeout=self._timeout, counts=self._counts)
        except Unreachable as error:
            raise Silent(str(error), MODBUS_TIMEOUT, here=not error.in_time) from None
        except BrokenAnswer as error:
            raise Silent(str(error), MODBUS_TIMEOUT) from None
        try:
            cells = read_answer(span.table, span.count, answer.pdu)
        except BrokenAnswer as broken:
            self._counts.broken_answers += 1
            raise Silent(str(broken), MODBUS_TIMEOUT) from None
        self._image[span.into] = cells[span.take]
        return answer.at

    def _passed_over(self, span: Span, found: Round) -> None:
        """One read of this round was not answered; nothing else of it was refused or read."""
        if not (found.read or found.refused):
            raise Silent("no answer", MODBUS_TIMEOUT)
        found.refused |= dict.fromkeys(span.places, MODBUS_TIMEOUT)
        times = self._ignored.pop(span, 0) + 1
        if times < ROUNDS:
            self._ignored[span] = times
        else:
            self._plan.refused(span)

    def _refused(self, span: Span, code: int, found: Round) -> list[Span]:
        """What is read instead of what was refused."""
        self._counts.exceptions += 1
        if code in GATEWAY:
            raise Silent(str(Refused(code)), code)
        parts = self._plan.refused(span) if code in HOLES else []
        if not parts:
            found.refused |= dict.fromkeys(span.places, code)
        return parts
