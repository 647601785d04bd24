"""How requests are read and answers written: bodies with a limit, queries into values, documents into bytes."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from pollux.show.inflate import ACCEPT, CODINGS, Inflater
from pollux.show.problems import MEDIA, Headers, Refused
from pollux.show.routes import JSON, Reply

CLOSE: Final = ((b"connection", b"close"),)
BODY_WITHIN: Final = 60.0
"""Seconds."""
LINGER: Final = 5.0
"""Seconds in which the rest of a refused body may come, and is thrown away."""
LINGER_BYTES: Final = 256 << 20

NOT_STORED: Final = (b"cache-control", b"no-store")

_ENCODER: Final = msgspec.json.Encoder()
_MAP: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header, None where it is not there; several are joined by commas."""
    found = [value for key, value in scope["headers"] if key == name]
    return b", ".join(found).decode("latin-1") if found else None


def query_of(scope: Scope, kind: type[Struct]) -> Struct:
    """What the query string asks, besides the tenant; raises Refused for what cannot be asked."""
    text = scope["query_string"].decode("latin-1")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=32, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Refused(400, "expected a query of at most 32 names with values in UTF-8", at="?") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise Refused(400, "expected each name once", at=f"?{name}")
        given[name] = value
    given.pop("tenant", None)
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        detail, _, place = str(error).partition(" - at `$")
        raise Refused(422, detail, at="?" + place.strip("`.")) from None


async def body_of(scope: Scope, receive: Receive, largest: int, *, compressed: bool = False) -> bytes:
    """The body; one that is too large is refused before it is read, or as soon as it shows.

    With `compressed` it may come in gzip or deflate, and is bounded as it came and as it unfolds.
    """
    length = header(scope, b"content-length")
    if length is not None and length.isdecimal() and len(length) < 20 and int(length) > largest:
        raise too_large(largest)
    coding = (header(scope, b"content-encoding") or "identity").strip().lower()
    if coding != "identity" and not (compressed and coding in CODINGS):
        what = "in gzip or deflate" if compressed else "that is not compressed"
        raise Refused(415, f"expected a body {what}", at="Content-Encoding", headers=(*CLOSE, *(ACCEPT * compressed)))
    inflater = None if coding == "identity" else Inflater(coding, largest)
    try:
        async with asyncio.timeout(BODY_WITHIN):
            return await _read(receive, largest, inflater)
    except TimeoutError:
        raise Refused(408, f"expected the body within {BODY_WITHIN:g} s", headers=CLOSE) from None


async def _read(receive: Receive, largest: int, inflater: Inflater | None) -> bytes:
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the client went away")
        piece = message.get("body", b"")
        size, more = size + len(piece), message.get("more_body", False)
        if size > largest:
            raise too_large(largest)
        try:
            pieces.append(piece if inflater is None else inflater.feed(piece))
        except Refused as refused:
            # What is left of the body is not read, so the connection cannot go on.
            raise Refused(refused.status, refused.detail, at=refused.at, headers=CLOSE if more else ()) from None
    if inflater is not None:
        inflater.finish()
    return b"".join(pieces)


def too_large(largest: int) -> Refused:
    """The answer to a body that is too large; what is left of it is thrown away."""
    return Refused(413, f"expected at most {largest} bytes", hint="send several smaller bodies", headers=CLOSE)


def media_of(scope: Scope) -> str:
    """The content type without its parameters, in small letters."""
    return (header(scope, b"content-type") or "").partition(";")[0].strip().lower()


def decoded(body: bytes, kinds: Sequence[type[Struct]]) -> Any:
    """The body as the first kind whose required fields are there, else as the last; raises Refused."""
    try:
        kind = kinds[-1] if len(kinds) == 1 else _fitting(body, kinds)
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        detail, _, place = str(error).partition(" - at `")
        raise Refused(422, detail, at=place.strip("`") or "$") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, f"expected JSON: {error}", at="$") from None
    except RecursionError:
        raise Refused(400, "expected JSON that is less deep", at="$") from None


def _fitting(body: bytes, kinds: Sequence[type[Struct]]) -> type[Struct]:
    there = _MAP.decode(body).keys()
    for kind in kinds:
        if all(field.encode_name in there for field in msgspec.structs.fields(kind) if field.required):
            return kind
    return kinds[-1]


def accepts(scope: Scope, media: str) -> bool:
    """Whether the client takes an answer of this kind.

    >>> accepts({"headers": [(b"accept", b"text/html, application/*;q=0.5")]}, "application/json")
    True
    >>> accepts({"headers": [(b"accept", b"text/html, */*;q=0")]}, "application/json")
    False
    """
    asked = header(scope, b"accept")
    if asked is None:
        return True
    family = media.partition("/")[0]
    wanted = {f"{family}/*", "*/*", media.partition(";")[0]}
    for item in asked.split(","):
        kind, *params = (part.strip().lower() for part in item.split(";"))
        if kind in wanted and not any(
            param.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for param in params
        ):
            return True
    return False


def written(answer: object) -> Reply:
    """Whatever an endpoint gave, as a reply with bytes."""
    reply = (
        answer if isinstance(answer, Reply) else Reply(answer) if isinstance(answer, Struct) else Reply(_json(answer))
    )
    if isinstance(reply.body, bytes):
        return reply
    if reply.body is None and reply.status != 204:
        return Reply(b"null", reply.status, reply.headers, JSON)
    return Reply(b"" if reply.body is None else _json(reply.body), reply.status, reply.headers, reply.media)


def _json(document: object) -> bytes:
    return _ENCODER.encode(document)


async def send_bytes(send: Send, status: int, body: bytes, media: str, headers: Headers = ()) -> None:
    """Send one whole answer."""
    given = [*headers]
    names = {name for name, _ in given}
    if body or status not in (204, 304):
        given.append((b"content-length", str(len(body)).encode()))
    if body:
        given.append((b"content-type", media.encode()))
    if b"cache-control" not in names:
        given.append(NOT_STORED)
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": body})


async def send_last(send: Send, receive: Receive, refused: Refused) -> None:
    """Send a problem that ends the connection, and end it only when the client has had time to read why.

    Most clients send a whole body before they look for an answer. Closing while they still send makes the system reset
    the connection, and they never see it; so the answer goes first, and what still comes is thrown away for a while.
    """
    headers = [*refused.headers, (b"content-length", str(len(refused.body)).encode()), NOT_STORED]
    headers.append((b"content-type", MEDIA.encode()))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": refused.body, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            await _thrown_away(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _thrown_away(receive: Receive) -> None:
    left, more = LINGER_BYTES, True
    while more and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        more = bool(message.get("more_body", False))


async def send_problem(scope: Scope, send: Send, refused: Refused) -> None:
    """Send a problem document, over HTTP or as the refusal of a WebSocket."""
    if scope["type"] == "http":
        await send_bytes(send, refused.status, refused.body, MEDIA, refused.headers)
        return
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4403 if refused.status != 401 else 4401})
        return
    headers = [*refused.headers, (b"content-type", MEDIA.encode()), NOT_STORED]
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": refused.body})
