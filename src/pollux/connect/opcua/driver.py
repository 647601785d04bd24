"""The client of one OPC UA server: its thread with a loop of its own, and its attempts."""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from typing import Final, final

from pollux.clock import stopwatch
from pollux.connect.backoff import Backoff
from pollux.connect.field.counters import FieldCounters
from pollux.connect.field.delivery import FieldDelivery
from pollux.connect.field.order import FieldOrder
from pollux.connect.field.source import AbstractFieldDriver, FieldPlace
from pollux.connect.opcua.connection import Connection, Lost
from pollux.connect.opcua.counters import OpcuaCounters
from pollux.connect.opcua.declared import OpcuaSource
from pollux.connect.opcua.dial import dial, own_of
from pollux.connect.opcua.marks import Marks
from pollux.connect.opcua.stack import UaError, words_of
from pollux.connect.opcua.trust import Untrusted, trust_of
from pollux.connect.opcua.writing import Outcome
from pollux.errors import Overloaded, PolluxError
from pollux.model.schema import Schema

_LOG = logging.getLogger("pollux.connect.opcua")
STEADY: Final = 10.0
"""A connection that has lasted so many seconds was a good one: the next attempt comes soon."""
MOST_ORDERS: Final = 100
ORDER_SECONDS: Final = 10.0


@final
class OpcuaDriver(AbstractFieldDriver):
    """Hears one server for one type, and writes actuators where the site acts and they were declared.

    Publishing is acknowledged to the server as it comes; what a crash takes with it is read from history again, from
    the newest value that is durable on.
    """

    def __init__(
        self, source: OpcuaSource, schema: Schema, place: FieldPlace, *, backoff: Backoff | None = None
    ) -> None:
        self._source, self._schema, self._place = source, schema, place
        self._trust = trust_of(source.pin, source.authority, source.revoked) if source.secured else None
        self._own = own_of(source, place.folder, place.clock) if source.secured else None
        self._common, self._counts = FieldCounters(), OpcuaCounters()
        self._delivery = FieldDelivery(schema.name, "opcua", place, self._common, name=source.name)
        self._marks = Marks(place.reached)
        self._backoff = backoff or Backoff()
        self._orders: deque[FieldOrder] = deque()
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._attempting: asyncio.Task[None] | None = None
        self._why, self._found = "not connected yet", ""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"pollux-{source.name}"[:40], daemon=True)

    # -- from any thread ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def connected(self) -> bool:
        connection = self._connection
        return connection is not None and connection.ready

    @property
    def trouble(self) -> str:
        if self._delivery.failure:
            return self._delivery.failure
        told = (self._found if self.connected else self._why, self._source.weak)
        return "; ".join(one for one in told if one)

    @property
    def counters(self) -> dict[str, int]:
        return {**self._common.asdict(), **self._counts.asdict()}

    def start(self) -> None:
        if self._source.weak:
            _LOG.warning("%s: %s", self.name, self._source.weak)
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye; what comes meanwhile is read from the server's history at the next start."""
        self._stopping = True
        self._ring()
        if self._thread.is_alive():
            self._thread.join()

    def takes(self, twin: str) -> bool:
        mine = self._source.id is None or self._source.id == twin
        return self._place.acts and bool(self._source.actuators) and mine

    def order(self, order: FieldOrder) -> None:
        if len(self._orders) >= MOST_ORDERS:
            raise Overloaded("too many orders wait for the server", retry_after=1.0, at=self.name)
        self._orders.append(order)
        self._ring()

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _ring(self) -> None:
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None and not loop.is_closed():
            loop.call_soon_threadsafe(wake.set)

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        listening = asyncio.create_task(self._listen(self._wake))
        while not self._stopping and not self._delivery.failure:
            begun = stopwatch()
            self._attempting = asyncio.create_task(self._attempt())
            with contextlib.suppress(asyncio.CancelledError):
                await self._attempting
            if stopwatch() - begun > STEADY:
                self._backoff.reset()
            await self._pause(self._backoff.next())
        listening.cancel()
        self._delivery.flush()

    async def _listen(self, wake: asyncio.Event) -> None:
        """Carry orders out, one after the other, and pass on that it is time to end."""
        while True:
            await wake.wait()
            wake.clear()
            while self._orders:
                await self._carry(self._orders.popleft())
            if self._stopping:
                self._leave()

    def _leave(self) -> None:
        if self._connection is not None and self._connection.ready:
            self._connection.end("the site closes")
        elif self._attempting is not None:
            self._attempting.cancel()

    async def _attempt(self) -> None:
        try:
            client = await dial(self._source, self._trust, self._own, self._place.clock)
            self._connection = Connection(
                client, self._source, self._schema, self._place, delivery=self._delivery, marks=self._marks,
                common=self._common, counts=self._counts,
            )  # fmt: skip
            if self._stopping:
                return
            await self._connection.run(self._ready)
        except Lost as lost:
            self._common.lost_connections += 1
            self._say(str(lost))
        except Untrusted as error:
            self._counts.bad_certificates += 1
            self._common.failed_connects += 1
            self._say(f"its certificate is not believed: {error}")
        except (TimeoutError, OSError, UaError, PolluxError) as error:
            self._common.failed_connects += 1
            self._say(words_of(error))
        except Exception as error:  # noqa: BLE001  trouble of one server with us must not become the site's
            _LOG.exception("internal error with %s", self.name)
            self._common.failed_connects += 1
            self._say(f"internal error: {error!r}")
        finally:
            self._connection = None

    async def _pause(self, seconds: float) -> None:
        until = stopwatch() + seconds
        while not self._stopping and (left := until - stopwatch()) > 0:
            self._delivery.flush()
            await asyncio.sleep(min(left, 0.05))

    def _ready(self, trouble: str) -> None:
        self._found = trouble
        self._why = ""
        if trouble:
            _LOG.warning("%s: %s", self.name, trouble)

    def _say(self, why: str) -> None:
        if why != self._why and not self._stopping:
            _LOG.warning("%s is not heard: %s", self.name, why)
        self._why = why

    # -- orders -------------------------------------------------------------------------------------------------------

    async def _carry(self, order: FieldOrder) -> None:
        self._common.orders += 1
        outcome = await self._outcome(order)
        if outcome.data:
            self._delivery.tell(order.twin, outcome.data)
        if outcome.state == "done":
            self._delivery.answer(order.twin, order.id, "accepted")
        self._delivery.answer(order.twin, order.id, outcome.state, outcome.reason)
        self._delivery.flush()
        self._common.orders_done += outcome.state == "done"
        self._common.orders_failed += outcome.state == "failed"
        self._common.orders_rejected += outcome.state == "rejected"

    async def _outcome(self, order: FieldOrder) -> Outcome:
        connection = self._connection
        if order.expires and self._place.clock.now() >= order.expires:
            return Outcome("rejected", "it came too late")
        if connection is None or not connection.ready:
            return Outcome("failed", f"the server is not heard: {self._why}")
        try:
            return await asyncio.wait_for(connection.carry(order), ORDER_SECONDS)
        except (TimeoutError, OSError, UaError) as error:
            return Outcome("failed", f"whether it was written is not known: {words_of(error)}")
