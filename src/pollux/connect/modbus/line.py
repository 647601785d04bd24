"""A line: one connection to a device or gateway, shared by all units behind it, one request at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, final

from pollux.clock import SECOND, Clock, stopwatch
from pollux.connect.modbus.address import Place
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.framing import AbstractFraming, Answered, BrokenFrame, Mbap, Rtu
from pollux.connect.modbus.pdu import BrokenAnswer
from pollux.connect.modbus.port import SerialPort

_SILENT: Final = 3
"""After so many requests in a row without an answer a connection is made anew."""

_REST: Final = 1.0


@final
class Unreachable(Exception):
    """There is no connection, or no answer in time: then the line is there, and the unit may be silent on purpose."""

    def __init__(self, why: str, *, in_time: bool = True) -> None:
        super().__init__(why)
        self.in_time = in_time


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """The PDU that came, and the instant for which it holds: its arrival less half the round trip, nanoseconds UTC."""

    pdu: bytes
    at: int


class _Transport(Protocol):
    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


@final
class _Came(NamedTuple):
    """What came, when on the stopwatch, and when by the clock."""

    what: Answered | BrokenFrame
    moment: float
    now: int


@final
class _Wire(asyncio.Protocol):
    """Bytes of one connection to frames, with the moment at which each came."""

    def __init__(self, framing: AbstractFraming, clock: Clock) -> None:
        self._framing, self._clock = framing, clock
        self._held = bytearray()
        self._wanted: Callable[[Answered], bool] = lambda _: False
        self.open = True
        self.stray = 0
        self._came: asyncio.Future[_Came] | None = None

    def data_received(self, data: bytes) -> None:
        moment, now = stopwatch(), self._clock.now()
        self._held += data
        try:
            while (found := self._framing.take(self._held)) is not None:
                self._tell(_Came(found, moment, now))
        except BrokenFrame as broken:
            self._held.clear()
            self._tell(_Came(broken, moment, now))

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._tell(_Came(BrokenFrame("the connection has ended"), stopwatch(), 0))

    def listen(self, wanted: Callable[[Answered], bool]) -> "asyncio.Future[_Came]":
        """What comes from now on and is wanted, or breaks; all else, and what came before, is thrown away.

        So a device that talks without being asked fills no memory, and no late answer passes for another one.
        """
        self._held.clear()
        self._wanted = wanted
        self._came = asyncio.get_running_loop().create_future()
        return self._came

    def _tell(self, came: _Came) -> None:
        waits = self._came is not None and not self._came.done()
        if waits and self._came is not None and (isinstance(came.what, BrokenFrame) or self._wanted(came.what)):
            self._came.set_result(came)
        else:
            self.stray += isinstance(came.what, Answered)


@final
class Line:
    """Asks units one after the other: a second request leaves when the first is answered or its time is over.

    Between two requests lie at least `1 / rate` seconds, and the silence that RTU asks for; after one that was not
    answered in time RTU waits as long again, and throws away what comes. A connection may take `wait` seconds; one that
    failed is not tried again within the next second, so that many units behind a gateway that is away do not knock one
    after the other.
    """

    def __init__(self, place: Place, clock: Clock, *, rate: float, wait: float = 5.0) -> None:
        self.place = place
        self.rate = rate
        self._clock, self._wait = clock, wait
        self._refused: tuple[float, str] = (0.0, "")
        self._framing: AbstractFraming = Mbap() if place.framed == "mbap" else Rtu()
        self._turn = asyncio.Lock()
        self._wire: _Wire | None = None
        self._transport: _Transport | None = None
        self._number = self._silent = 0
        self._free_at = 0.0

    @property
    def connected(self) -> bool:
        """Whether there is a connection just now."""
        return self._wire is not None and self._wire.open

    async def ask(self, unit: int, pdu: bytes, *, timeout: float, counts: Counters, until: int = 0) -> Answer:
        """Ask a unit and wait for its answer at most `timeout` seconds; raises Unreachable and BrokenAnswer.

        `counts` are of whoever asks. After the instant `until` nothing is asked any more (0: always).
        """
        async with self._turn:
            await asyncio.sleep(max(0.0, self._free_at - stopwatch()))
            wire, transport = await self._connected(counts)
            if until and until <= self._clock.now():
                raise Unreachable("the line was not free in time")
            self._number = self._number % 0xFFFF + 1
            expected = (self._number if self.place.framed == "mbap" else -1, unit, pdu[0])
            answer = wire.listen(lambda one: (one.number, one.unit, one.pdu[0] & 0x7F) == expected)
            counts.requests += 1
            begun, late = stopwatch(), 0.0
            transport.write(self._framing.wrap(self._number, unit, pdu))
            try:
                async with asyncio.timeout(timeout):
                    came = await answer
            except TimeoutError:
                counts.timeouts += 1
                self._missed()
                # Answers of RTU bear no number: a late one must be over before the next question, or passes for its.
                late = timeout if self.place.framed == "rtu" else 0.0
                raise Unreachable(f"no answer within {timeout:g} s", in_time=False) from None
            finally:
                counts.stray_answers += wire.stray
                wire.stray = 0
                self._free_at = max(begun + 1 / self.rate, stopwatch() + max(late, self.place.silence))
            return self._taken(came, wire, begun, counts)

    def close(self) -> None:
        """Hang up; the next question connects again."""
        if self._transport is not None:
            self._transport.close()
        self._wire = self._transport = None

    def _taken(self, came: _Came, wire: _Wire, begun: float, counts: Counters) -> Answer:
        if isinstance(came.what, BrokenFrame) and not wire.open:
            counts.field.lost_connections += 1
            self.close()
            raise Unreachable("the connection has ended")
        if isinstance(came.what, BrokenFrame):
            counts.broken_answers += 1
            if self.place.framed == "mbap":
                self.close()
            raise BrokenAnswer(str(came.what))
        self._silent = 0
        counts.answers += 1
        return Answer(came.what.pdu, came.now - round((came.moment - begun) * SECOND / 2))

    def _missed(self) -> None:
        self._silent += 1
        if self._silent >= _SILENT:
            self._silent = 0
            self.close()

    async def _connected(self, counts: Counters) -> tuple[_Wire, _Transport]:
        if self._wire is not None and self._transport is not None and self._wire.open:
            return self._wire, self._transport
        self.close()
        if stopwatch() < self._refused[0]:
            raise Unreachable(self._refused[1])
        wire = _Wire(self._framing, self._clock)
        try:
            self._transport = await self._opened(wire)
        except OSError as error:  # a TimeoutError is one
            counts.field.failed_connects += 1
            slow = isinstance(error, TimeoutError)
            why = f"no connection within {self._wait:g} s" if slow else f"no connection: {error.strerror or error}"
            self._refused = stopwatch() + _REST, why
            raise Unreachable(why) from None
        self._wire = wire
        counts.field.connects += 1
        return self._wire, self._transport

    async def _opened(self, wire: _Wire) -> _Transport:
        place = self.place
        if place.device:
            return SerialPort(place, wire)
        async with asyncio.timeout(self._wait):
            made: tuple[asyncio.Transport, _Wire] = await asyncio.get_running_loop().create_connection(
                lambda: wire, place.host, place.port
            )
        return made[0]
