"""One connection to a server, from the first word to the last: nodes found, changes heard, the gap filled, orders."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Final, final

from pollux.clock import MINUTE, SECOND, duration, stopwatch
from pollux.columns.field import Datum
from pollux.connect.field.counters import FieldCounters
from pollux.connect.field.delivery import FieldDelivery
from pollux.connect.field.order import FieldOrder
from pollux.connect.field.source import FieldPlace
from pollux.connect.opcua.counters import OpcuaCounters
from pollux.connect.opcua.declared import OpcuaSource
from pollux.connect.opcua.history import NoHistory, history
from pollux.connect.opcua.marks import Marks
from pollux.connect.opcua.points import Point, Resolved, resolve
from pollux.connect.opcua.services import AT_ONCE
from pollux.connect.opcua.stack import DataValue, Session, ua
from pollux.connect.opcua.values import OVERFLOW, datum, nanos, status_of, time_of
from pollux.connect.opcua.writing import Outcome, carry
from pollux.model.schema import Schema

_LOG = logging.getLogger("pollux.connect.opcua")
ALIVE_MS: Final = 2_000.0
"""How often the server says that it is there when nothing has changed."""
SILENT: Final = 15.0
"""Seconds without a word after which a subscription is taken for lost."""
BEAT: Final = 10.0
"""Seconds after which a twin whose values stand still is told to be there."""
AGAIN: Final = 600.0
"""Seconds after which the nodes are looked for anew: twins come, and a server may have been changed."""
HELD: Final = 100_000
"""Live values that are held back while the gap is read; beyond that the connection begins anew."""
BEHIND: Final = 2_000
"""Frames that wait for the log before more of a history is read."""
CLOCKS: Final = 10 * SECOND
_NO_MORE: Final = 5.0


@final
class Lost(Exception):
    """Why a connection has ended."""


@final
class Connection:
    """A connection that was opened; it is used from its own loop alone."""

    def __init__(
        self, client: Any, source: OpcuaSource, schema: Schema, place: FieldPlace, *, delivery: FieldDelivery,
        marks: Marks, common: FieldCounters, counts: OpcuaCounters,
    ) -> None:  # fmt: skip
        self._client, self._source, self._schema, self._place = client, source, schema, place
        self._delivery, self._marks, self._common, self._counts = delivery, marks, common, counts
        self._session: Session = client.uaclient.session
        self._points: list[Point] = []
        self._held: list[tuple[Point, DataValue]] | None = []
        self._heard = self._looked = stopwatch()
        self._told: dict[str, float] = {}
        self._over = asyncio.Event()
        self._why = "the connection was lost"
        self.ready = False

    async def run(self, ready: Callable[[str], None]) -> None:
        """Hear the server until it is lost, which raises Lost; `ready` hears what is not as declared."""
        self._client.connection_lost_callback = self._lose
        await self._client.connect()
        self._common.connects += 1
        try:
            found = await resolve(self._session, self._source, self._schema)
            self._points = found.points
            await self._subscribe(found)
            self._counts.points, self._counts.faults = len(self._points), len(found.faults)
            if not self._points:
                raise Lost(found.trouble)
            self.ready = True
            ready(found.trouble)
            self._marks.filling(True)
            await self._fill()
            self._release()
            self._marks.filling(False)
            await self._live()
        finally:
            self.ready = False
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._client.disconnect(), _NO_MORE)

    def end(self, why: str) -> None:
        """Say goodbye soon, for the first reason that there is."""
        if not self._over.is_set():
            self._why = why
            self._over.set()

    async def carry(self, order: FieldOrder) -> Outcome:
        """Carry an order out."""
        mine = {point.signal: point for point in self._points
                if point.twin == order.twin and point.signal in self._source.actuators}  # fmt: skip
        return await carry(self._session, order, mine, self._schema)

    # -- subscribing --------------------------------------------------------------------------------------------------

    async def _subscribe(self, found: Resolved) -> None:
        wanted = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=self._source.publishing_ms,
            RequestedLifetimeCount=max(300, round(30_000 / self._source.publishing_ms)),
            RequestedMaxKeepAliveCount=max(1, round(ALIVE_MS / self._source.publishing_ms)),
            MaxNotificationsPerPublish=10_000,
            PublishingEnabled=True,
            Priority=0,
        )
        made = await self._session.create_subscription(wanted, self._published)
        refused: set[int] = set()
        for start in range(0, len(self._points), AT_ONCE):
            items = [self._item(i) for i in range(start, min(start + AT_ONCE, len(self._points)))]
            results = await self._session.create_monitored_items(
                ua.CreateMonitoredItemsParameters(
                    SubscriptionId=made.SubscriptionId,
                    TimestampsToReturn=ua.TimestampsToReturn.Both,
                    ItemsToCreate=items,
                )
            )
            for i, result in enumerate(results, start):
                if not result.StatusCode.is_good():
                    refused.add(i)
                    point = self._points[i]
                    found.faults.append(f"{point.twin}.{point.signal}: {result.StatusCode.name}")
        if len(refused) == len(self._points):
            self._points = []

    def _item(self, number: int) -> Any:
        asked = ua.MonitoringParameters(
            ClientHandle=number,
            SamplingInterval=self._source.sampling_ms,
            QueueSize=self._source.queue,
            DiscardOldest=True,
        )
        wanted = ua.ReadValueId(NodeId=self._points[number].node, AttributeId=ua.AttributeIds.Value)
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=wanted, MonitoringMode=ua.MonitoringMode.Reporting, RequestedParameters=asked
        )

    # -- hearing ------------------------------------------------------------------------------------------------------

    def _published(self, result: Any) -> None:
        self._heard = stopwatch()
        self._counts.publishes += 1
        heard: list[tuple[Point, DataValue]] = []
        for data in result.NotificationMessage.NotificationData or ():
            if isinstance(data, ua.DataChangeNotification):
                heard += [(self._points[item.ClientHandle], item.Value) for item in data.MonitoredItems]
            elif isinstance(data, ua.StatusChangeNotification):
                self.end(f"the server has ended the subscription: {ua.StatusCode(data.Status.value).name}")
        if self._held is None:
            self._take(heard)
            self._delivery.flush()
            return
        self._held += heard
        if len(self._held) > HELD:
            self.end("the history is read more slowly than life goes on")

    def _take(self, heard: list[tuple[Point, DataValue]]) -> None:
        """Tell what is new, one frame for each twin."""
        told: dict[str, list[Datum]] = {}
        for point, value in heard:
            one = datum(point.signal, value, point.unit, point.words)
            self._note(value)
            if self._marks.is_new(point.key, one):
                told.setdefault(point.twin, []).append(one)
            else:
                self._counts.repeated += 1
        now = self._place.clock.now()
        for twin, data in told.items():
            if self._delivery.tell(twin, data):
                self._told[twin] = stopwatch()
                for one in data:
                    self._marks.told((twin, one.signal), one, now=now)

    def _note(self, value: DataValue) -> None:
        if status_of(value) & OVERFLOW == OVERFLOW:
            self._counts.overflows += 1
        source, server = nanos(value.SourceTimestamp), nanos(value.ServerTimestamp)
        if source is not None and server is not None and source > server + CLOCKS:
            self._counts.ahead += 1

    # -- the gap ------------------------------------------------------------------------------------------------------

    async def _fill(self) -> None:
        """Read what was missed since each signal was last told, before anything live of it is told."""
        now = self._place.clock.now()
        oldest = now - duration(self._source.history)
        bare: list[str] = []
        for point in self._points:
            since = self._marks.since(point.key)
            if since is None or since >= now or self._over.is_set():
                continue
            self._counts.gaps += 1
            try:
                if not point.historic:
                    raise NoHistory
                await self._read(point, max(since, oldest), now + MINUTE)
                self._counts.gaps_filled += 1
            except NoHistory as none:
                self._counts.gaps_open += 1
                bare.append(f"{point.twin}.{point.signal}" + (f" ({none})" if str(none) else ""))
        if bare:
            _LOG.warning(
                "%s: what %d signals did meanwhile is not known, the server has no history of them: %s",
                self._source.name, len(bare), ", ".join(bare[:3]),
            )  # fmt: skip

    async def _read(self, point: Point, since: int, until: int) -> None:
        async for values in history(self._session, point, since, until):
            before = self._common.values
            # A server that answers with what was not asked for would tell old values anew.
            self._take([(point, value) for value in values if since <= (time_of(value) or 0) <= until])
            self._counts.from_history += self._common.values - before
            self._delivery.flush()
            while len(self._delivery) > BEHIND and not self._delivery.failure and not self._over.is_set():
                await asyncio.sleep(0.05)
                self._delivery.flush()

    def _release(self) -> None:
        held, self._held = self._held or [], None
        self._take(held)
        self._delivery.flush()

    # -- living -------------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over.wait(), 0.05 if len(self._delivery) else 0.5)
            now = stopwatch()
            self._beat(now)
            self._delivery.flush()
            if self._delivery.failure:
                raise Lost(self._delivery.failure)
            if now - self._heard > SILENT:
                raise Lost(f"the server has said nothing for {SILENT:g} s")
            if now - self._looked > AGAIN:
                await self._look(now)
        raise Lost(self._why)

    def _beat(self, now: float) -> None:
        for twin in dict.fromkeys(point.twin for point in self._points):
            if now - self._told.setdefault(twin, now) > BEAT:
                self._delivery.beat(twin)
                self._told[twin] = now

    async def _look(self, now: float) -> None:
        self._looked = now
        found = await resolve(self._session, self._source, self._schema)
        if {(one.key, one.node) for one in found.points} != {(one.key, one.node) for one in self._points}:
            raise Lost("the server has other nodes than before")

    async def _lose(self, error: Exception) -> None:
        self.end(f"the connection was lost: {error}")
