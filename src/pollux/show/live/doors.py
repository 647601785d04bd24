"""The two doors of the live wire: a WebSocket, and server-sent events where a proxy lets none through."""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Coroutine
from typing import Final, cast, final

import msgspec
from starlette.types import Receive, Scope, Send

from pollux.clock import SECOND
from pollux.errors import Overloaded
from pollux.guard import Identity
from pollux.show.answers import NOT_STORED, query_of
from pollux.show.asks import WatchQuery
from pollux.show.dispatch import IDENTITY, ROUTE, tenancy_of, tenant_asked
from pollux.show.house import House
from pollux.show.live.frames import CONTROL, PROTOCOL, control
from pollux.show.live.hub import Hub
from pollux.show.live.link import SIGN_IN_AGAIN, TRY_LATER, Link
from pollux.show.live.link import Send as SendBytes
from pollux.show.live.messages import Asked, Hello, Pause, Resume, Trouble, Watch
from pollux.show.problems import Refused

LARGEST: Final = 4 << 20
"""Bytes of one message from a client: a watch may name many twins."""

_ASKED: Final[msgspec.msgpack.Decoder[Watch | Resume | Pause]] = msgspec.msgpack.Decoder(Asked)


@final
class LiveDoors:
    """Opens links; whoever comes in has passed the entrance and its look at Host and Origin."""

    def __init__(self, house: House, hub: Hub) -> None:
        self._house, self._hub = house, hub

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until either side ends it."""
        await receive()
        identity = cast(Identity | None, scope.get(IDENTITY))
        if identity is None or self._hub.full:
            # A browser shows a page no status of a refused WebSocket, so the reason is a close code.
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": SIGN_IN_AGAIN if identity is None else TRY_LATER})
            return

        async def deliver(message: bytes) -> None:
            await send({"type": "websocket.send", "bytes": message})

        link = self._link(scope, identity, deliver)
        await send({"type": "websocket.accept"})
        await deliver(control(self._hello(resumed=False)))
        self._hub.add(link)
        try:
            code = await _first(link.serve(), _hear(link, receive))
        finally:
            self._hub.drop(link)
        if code is not None:
            with contextlib.suppress(Exception):  # the client may be gone already
                await send({"type": "websocket.close", "code": code})

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream of events until either side ends it; each carries one message in base64."""
        if scope["method"] != "GET":
            raise Refused(405, f"expected GET, got {scope['method']}", headers=((b"allow", b"GET"),))
        scope[ROUTE] = "live/events"
        query = cast(WatchQuery, query_of(scope, WatchQuery))
        watch = _watch_of(query.watch)
        if self._hub.full:
            raise Overloaded("too many live links", retry_after=10.0)
        headers = [(b"content-type", b"text/event-stream"), NOT_STORED, (b"x-accel-buffering", b"no")]

        async def deliver(message: bytes) -> None:
            body = b"data: " + base64.b64encode(message) + b"\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})

        link = self._link(scope, cast(Identity, scope[IDENTITY]), deliver)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await deliver(control(self._hello(resumed=query.resume > 0)))
        link.resume(query.resume)
        link.look(watch)
        self._hub.add(link)
        try:
            await _first(link.serve(), _gone(receive))
        finally:
            self._hub.drop(link)
        with contextlib.suppress(Exception):  # the client may be gone already
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _link(self, scope: Scope, identity: Identity, deliver: SendBytes) -> Link:
        tenant = tenant_asked(scope)
        tenant = identity.tenant if tenant is None else tenant
        tenancy = tenancy_of(self._house, identity, tenant)
        gallery = self._hub.gallery(tenant, tenancy)
        return Link(identity, gallery, self._house.gate, deliver)

    def _hello(self, *, resumed: bool) -> Hello:
        now, speed = self._house.clock.now() / SECOND, self._house.speed()
        return Hello(protocol=PROTOCOL, now=now, speed=speed, version=self._house.version, resumed=resumed)


async def _hear(link: Link, receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        asked = heard(message.get("bytes") or b"")
        if isinstance(asked, Trouble):
            link.tell(asked)
        elif isinstance(asked, Resume):
            link.resume(asked.seq)
        else:
            link.look(None if isinstance(asked, Pause) else asked)


def heard(message: bytes) -> Watch | Resume | Pause | Trouble:
    """What a message of a client says; Trouble says what is wrong with it."""
    hint = "four zero bytes and then MessagePack"
    if not message.startswith(CONTROL) or len(message) > LARGEST:
        return Trouble(title="Not understood", detail="expected a control message", hint=hint)
    try:
        return _ASKED.decode(message[len(CONTROL) :])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Trouble(title="Not understood", detail=str(error), hint=hint)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first(serving: Coroutine[None, None, int], listening: Coroutine[None, None, None]) -> int | None:
    """Run both until one ends; the code to close with, None when the client is gone."""
    tasks = asyncio.ensure_future(serving), asyncio.ensure_future(listening)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    return ended[0] if isinstance(ended[0], int) else None


def _watch_of(text: str) -> Watch:
    try:
        said = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        fields = msgspec.json.decode(said)
        return msgspec.convert({"is": "watch", **fields}, Watch)
    except msgspec.ValidationError as error:
        raise Refused(422, str(error), at="?watch") from None
    except (binascii.Error, ValueError, TypeError, RecursionError, msgspec.DecodeError):
        raise Refused(400, "expected the base64url of a JSON object", at="?watch") from None
