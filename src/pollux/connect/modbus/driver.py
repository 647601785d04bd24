"""The driver of one Modbus device: polled in the thread of all Modbus devices of its site, set by orders."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

from pollux.columns.field import Datum
from pollux.connect.field.delivery import PAUSE, FieldDelivery
from pollux.connect.field.order import FieldOrder
from pollux.connect.field.source import AbstractFieldDriver, FieldPlace
from pollux.connect.modbus.address import Place
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.hub import Hub
from pollux.connect.modbus.mapped import Bound
from pollux.connect.modbus.polling import LONGEST_PAUSE, Poller
from pollux.connect.modbus.writing import Writer
from pollux.errors import Overloaded

_LOG = logging.getLogger("pollux.connect.modbus")
WAITING: Final = 16
"""Orders that may wait for one device."""

FRAMES: Final = 600
"""Polls that may wait for the log; beyond them the newest is dropped and counted."""


@final
class ModbusDriver(AbstractFieldDriver):
    """Polls one device and carries out orders for it; a device that is away is tried again and again."""

    def __init__(self, name: str, line: Place, bound: Bound, place: FieldPlace, *, type_: str, rate: float) -> None:
        self._name, self._at, self._bound, self._place, self._rate = name, line, bound, place, rate
        self._counts = Counters()
        self._delivery = FieldDelivery(type_, "modbus", place, self._counts.field, name=name, most=FRAMES)
        self._hub = Hub.of(place.folder)
        self._number: int | None = None
        self._poller: Poller | None = None
        self._fault = ""
        self._orders: deque[FieldOrder] = deque()
        self._asked: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def counters(self) -> dict[str, int]:
        return self._counts.asdict()

    @property
    def connected(self) -> bool:
        return self._poller is not None and not self._poller.trouble

    @property
    def trouble(self) -> str:
        heard = "not asked yet" if self._poller is None else self._poller.trouble
        return self._delivery.failure or self._fault or heard

    def start(self) -> None:
        self._number = self._hub.attach(self._work)

    def stop(self) -> None:
        number, self._number = self._number, None
        if number is not None:
            self._hub.detach(number)

    def takes(self, twin: str) -> bool:
        return self._place.acts and bool(self._bound.written) and twin == self._bound.twin

    def order(self, order: FieldOrder) -> None:
        if len(self._orders) >= WAITING:
            raise Overloaded(f"{WAITING} orders wait for this device already", retry_after=1.0, at=self._name)
        self._orders.append(order)
        loop, asked = self._loop, self._asked
        if loop is not None and asked is not None and self._number is not None:
            loop.call_soon_threadsafe(asked.set)

    # -- in the hub's thread ------------------------------------------------------------------------------------------

    async def _work(self, hub: Hub) -> None:
        line = hub.line(self._at, self._place.clock, rate=self._rate)
        self._poller = Poller(self._bound, line, self._counts, self._tell)
        works = [self._guarded("polling", self._poller.run), self._flushing()]
        if self._place.acts and self._bound.written:
            self._loop, asked = asyncio.get_running_loop(), asyncio.Event()
            self._asked = asked
            writer = Writer(self._bound, line, self._place.clock, self._counts)
            works.append(self._guarded("writing", lambda: self._carrying(writer, asked)))
        try:
            await asyncio.gather(*works)
        finally:
            self._delivery.flush()

    async def _guarded(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Work for ever; a fault of ours at this device leaves the others as they are, and is said."""
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001  whatever it is, it is one device's
                _LOG.exception("%s %s has failed", what, self._name)
                self._fault = f"{what}: {type(error).__name__}: {error}"
                await asyncio.sleep(LONGEST_PAUSE)
                self._fault = ""

    async def _flushing(self) -> None:
        """Offer again what the log had no room for."""
        while True:
            await asyncio.sleep(PAUSE if len(self._delivery) else 10 * PAUSE)
            self._delivery.flush()

    async def _carrying(self, writer: Writer, asked: asyncio.Event) -> None:
        while True:
            while self._orders:
                order = self._orders.popleft()
                outcome = await writer.carry(order)
                self._tell(outcome.read)
                if outcome.state == "done":
                    self._delivery.answer(order.twin, order.id, "accepted")
                self._delivery.answer(order.twin, order.id, outcome.state, outcome.reason)
                self._delivery.flush()
            asked.clear()
            if not self._orders:
                await asked.wait()

    def _tell(self, data: Sequence[Datum]) -> None:
        if data:
            self._delivery.tell(self._bound.twin, data)
            self._delivery.flush()
