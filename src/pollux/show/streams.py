"""Telemetry over a WebSocket: each message a payload, acknowledged by a running count once it is durable.

Texts are JSON, binary messages what the client has named. What is on its way is bounded: beyond that the socket is not
read, so that TCP slows the sender down, and so it is while the account sends more than its rate or the log is full.
Nothing that was acknowledged is lost; what was sent and not acknowledged is sent again by whoever cares.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast, final

import msgspec
from starlette.types import Receive, Scope, Send

from pollux.clock import stopwatch
from pollux.columns.encodings import FORMS
from pollux.columns.frames import Message
from pollux.errors import DataRefused, Overloaded, PolluxError
from pollux.guard import Gate, Identity
from pollux.show.answers import query_of
from pollux.show.asks import StreamQuery
from pollux.show.dispatch import IDENTITY, ROUTE, tenancy_of, tenant_asked
from pollux.show.facts import Metric
from pollux.show.house import House
from pollux.show.inlet import Inlet
from pollux.show.live.link import SIGN_IN_AGAIN, TRY_LATER
from pollux.show.metrics import one
from pollux.show.parts import ENCODINGS, NDJSON
from pollux.show.problems import Refused
from pollux.show.routes import JSON
from pollux.show.telemetry import DURABLE_WITHIN, Telemetry, unknown

MOST_STREAMS: Final = 1_000
MOST_IN_FLIGHT: Final = 64
"""Messages of one socket that were read and are not durable yet."""
WAIT_FOR_ROOM: Final = 30.0
"""Seconds for which a socket is not read while the log is full; then it is closed, and told to try later."""
PROTOCOL: Final = "telemetry."
FAILED: Final = 1011

_BY_SUFFIX: Final = {form.suffix: form.media[0] for form in FORMS}


@final
class Durable(msgspec.Struct, frozen=True):
    """So many messages of this socket are settled: durable, or refused before; `accepted` counts what was in them."""

    durable: int
    accepted: int


@final
class Declined(msgspec.Struct, frozen=True):
    """A message of this socket, counted from 1, that was not taken."""

    refused: int
    detail: str
    at: str | None = None


@final
@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message that is on its way: what it holds, and when it is durable; or why it was refused."""

    count: int
    done: asyncio.Future[None] | None
    why: Declined | None = None


@final
class Streams:
    """Serves the sockets; whoever comes in has passed the entrance and its look at Host and Origin."""

    def __init__(self, house: House, inlet: Inlet, telemetry: Telemetry) -> None:
        self._house, self._inlet, self._telemetry = house, inlet, telemetry
        self._open = 0

    def metrics(self) -> Iterable[Metric]:
        """How many are open."""
        yield one("pollux_telemetry_streams", "gauge", "Open WebSockets that send telemetry.", self._open)

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until either side ends it. Raises Refused for what may not be opened."""
        await receive()
        scope[ROUTE] = "telemetry stream"
        identity = cast(Identity | None, scope.get(IDENTITY))
        if identity is None or self._open >= MOST_STREAMS:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": SIGN_IN_AGAIN if identity is None else TRY_LATER})
            return
        tenant = tenant_asked(scope)
        tenant = identity.tenant if tenant is None else tenant
        tenancy_of(self._house, identity, tenant)
        twin = self._telemetry.twin_of(scope["path"], identity)
        media, protocol = _written(scope)
        await send({"type": "websocket.accept", "subprotocol": protocol})
        stream = _Stream(self._inlet, self._telemetry, self._house.gate, identity, tenant, twin, media)
        self._open += 1
        try:
            await stream.serve(receive, send)
        finally:
            self._open -= 1


def _written(scope: Scope) -> tuple[str, str | None]:
    """How binary messages are written, and the subprotocol that said so: `telemetry.cbor` and the like."""
    for offered in cast(Sequence[str], scope.get("subprotocols") or ()):
        if offered.startswith(PROTOCOL):
            return _media(offered.removeprefix(PROTOCOL)), offered
    return _media(cast(StreamQuery, query_of(scope, StreamQuery)).type), None


def _media(name: str) -> str:
    media = _BY_SUFFIX.get(name, name)
    if media not in ENCODINGS and media != NDJSON:
        raise unknown(media)
    return media


@final
class _Stream:
    """One socket: a task reads and queues, another one tells what has become durable, in order."""

    def __init__(
        self,
        inlet: Inlet,
        telemetry: Telemetry,
        gate: Gate,
        identity: Identity,
        tenant: str,
        twin: str | None,
        media: str,
    ) -> None:
        self._inlet, self._telemetry, self._gate = inlet, telemetry, gate
        self._identity, self._tenant, self._twin, self._media = identity, tenant, twin, media
        self._flying: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(MOST_IN_FLIGHT)
        self._read = self._settled = self._accepted = 0

    async def serve(self, receive: Receive, send: Send) -> None:
        """Read and acknowledge until the client leaves, or it is over for a reason that is its close code."""
        reading, telling = asyncio.ensure_future(self._hear(receive)), asyncio.ensure_future(self._tell(send))
        try:
            await asyncio.wait((reading, telling), return_when=asyncio.FIRST_COMPLETED)
            code = telling.result() if telling.done() else reading.result()
            if not telling.done() and code is not None:
                self._flying.put_nowait(None)
                code = await telling or code
        finally:
            reading.cancel()
            telling.cancel()
            await asyncio.gather(reading, telling, return_exceptions=True)
        if code is not None:
            with contextlib.suppress(OSError):  # the client may be gone already
                await send({"type": "websocket.close", "code": code})

    async def _hear(self, receive: Receive) -> int | None:
        while True:
            await self._room.acquire()
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return None
            if not self._gate.alive(self._identity):
                return SIGN_IN_AGAIN
            self._read += 1
            text = message.get("text")
            body, media = (text.encode(), JSON) if text is not None else (message.get("bytes") or b"", self._media)
            waiting = await self._queued(body, media)
            if waiting is None:
                return TRY_LATER
            self._flying.put_nowait(waiting)

    async def _queued(self, body: bytes, media: str) -> _Waiting | None:
        """A message on its way into the log; None when there was no room for it in time."""
        until = stopwatch() + WAIT_FOR_ROOM
        messages: list[Message] | None = None
        while True:
            try:
                if messages is None:
                    messages = self._messages(body, media)
                return _Waiting(len(messages), self._inlet.post(messages))
            except (Refused, DataRefused) as refused:
                return _Waiting(0, None, Declined(self._read, _detail(refused), refused.at))
            except Overloaded as full:
                if stopwatch() + full.retry_after > until:
                    return None
                await asyncio.sleep(full.retry_after)

    def _messages(self, body: bytes, media: str) -> list[Message]:
        if not body:
            raise Refused(400, "expected a payload, got none", at="$")
        return self._telemetry.messages(self._twin, body, media, self._identity, self._tenant)

    async def _tell(self, send: Send) -> int | None:
        """Say what has become of the messages, in their order, until none is left or the client is gone."""
        try:
            told, waiting = 0, await self._flying.get()
            while waiting is not None:
                if not await self._settle(waiting, send):
                    return FAILED
                if self._flying.empty():
                    # One count for all that were done together.
                    await _say(send, Durable(self._settled, self._accepted))
                    told = self._settled
                waiting = await self._flying.get()
            if self._settled > told:
                await _say(send, Durable(self._settled, self._accepted))
        except OSError:
            return None
        return None

    async def _settle(self, waiting: _Waiting, send: Send) -> bool:
        """Wait for one message; False when it did not become durable, since nothing after it may be counted then."""
        if waiting.why is not None:
            await _say(send, waiting.why)
        if waiting.done is not None and not await _durable(waiting.done):
            return False
        self._settled, self._accepted = self._settled + 1, self._accepted + waiting.count
        self._room.release()
        return True


async def _durable(done: asyncio.Future[None]) -> bool:
    try:
        async with asyncio.timeout(DURABLE_WITHIN):
            await done
    except (PolluxError, TimeoutError):
        return False
    return True


async def _say(send: Send, what: Durable | Declined) -> None:
    await send({"type": "websocket.send", "text": msgspec.json.encode(what).decode()})


def _detail(refused: Refused | DataRefused) -> str:
    return refused.detail if isinstance(refused, Refused) else refused.message
