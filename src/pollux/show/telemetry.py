"""Telemetry over HTTP: plain ASGI, in front of the router, because this is where most requests arrive.

A body is kept as it came: bytes to one batch of frames, 202 once the log has it on disk. What it means is decided
behind the log, so a value that is not believed is no error here; the twin's page says what became of it.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, final

import cbor2
import msgspec
from starlette.types import Receive, Scope, Send

from pollux.clock import Clock
from pollux.columns.frames import Encoding, Message, Origin
from pollux.errors import StorageFailed
from pollux.guard import Gate, Identity
from pollux.show.answers import body_of, media_of, send_bytes
from pollux.show.inlet import Inlet
from pollux.show.problems import NOTHING_HERE, Refused, absent
from pollux.show.routes import API, JSON

LARGEST: Final = 4 << 20
MOST_MESSAGES: Final = 10_000
DURABLE_WITHIN: Final = 30.0
"""Seconds; a log that has not answered by then is in trouble."""

NDJSON: Final = "application/x-ndjson"
ENCODINGS: Final[Mapping[str, Encoding]] = {
    JSON: Encoding.JSON,
    "application/cbor": Encoding.CBOR,
    "application/msgpack": Encoding.MSGPACK,
    "application/vnd.msgpack": Encoding.MSGPACK,
    "application/x-msgpack": Encoding.MSGPACK,
    "application/octet-stream": Encoding.BINARY,
}

Part = tuple[str, bytes, Encoding]
"""The twin's full name, the bytes, how they are written."""

_T = TypeVar("_T")
_SINGLE: Final = re.compile(rf"{API}/twins/([^/]+)/([^/]+)/telemetry")
_BATCH: Final = f"{API}/telemetry"
_NAME: Final = re.compile(r"[^/*+#\x00-\x1f\x7f]{1,128}/[^/*+#\x00-\x1f\x7f]{1,128}")
_JSON: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])


@final
class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a batch: `twin` is "Type/id", `data` what the twin's own route would take."""

    twin: str
    data: msgspec.Raw


@final
class SentValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same where the data cannot stay the bytes that came."""

    twin: str
    data: Any


_LINE: Final = msgspec.json.Decoder(Sent)
_LISTS: Final[Mapping[Encoding, "msgspec.json.Decoder[list[Sent]] | msgspec.msgpack.Decoder[list[Sent]]"]] = {
    Encoding.JSON: msgspec.json.Decoder(list[Sent]),
    Encoding.MSGPACK: msgspec.msgpack.Decoder(list[Sent]),
}


@final
class Telemetry:
    """The two routes that take telemetry in."""

    __slots__ = ("_clock", "_gate", "_inlet", "_largest")

    def __init__(self, inlet: Inlet, gate: Gate, clock: Clock, *, largest: int = LARGEST) -> None:
        self._inlet, self._gate, self._clock, self._largest = inlet, gate, clock, largest

    @staticmethod
    def takes(path: str) -> bool:
        """Whether a path is one of the two."""
        return path.endswith("/telemetry") and (path == _BATCH or _SINGLE.fullmatch(path) is not None)

    async def post(self, scope: Scope, receive: Receive, send: Send, identity: Identity, tenant: str) -> int:
        """Take one body in; the number of messages, answered with 202. Raises Refused and what the inlet raises."""
        single = _SINGLE.fullmatch(scope["path"])
        twin = f"{single[1]}/{single[2]}" if single else None
        if twin is not None and not self._may(identity, twin):
            raise absent()
        media = media_of(scope)
        if media not in ENCODINGS and media != NDJSON:
            raise Refused(415, f"expected {JSON}, {NDJSON}, application/cbor or application/msgpack", at="Content-Type")
        body = await body_of(scope, receive, self._largest)
        if not body:
            raise Refused(400, "expected a body, got none", at="$")
        parts = alone(twin, body, media) if twin is not None else together(body, media)
        messages = self._messages(parts, identity, tenant)
        try:
            async with asyncio.timeout(DURABLE_WITHIN):
                await self._inlet.send(messages)
        except TimeoutError:
            raise StorageFailed("it is not known whether this is durable", hint="send it again") from None
        await send_bytes(send, 202, b'{"accepted":%d}' % len(messages), JSON)
        return len(messages)

    def _messages(self, parts: Sequence[Part], identity: Identity, tenant: str) -> list[Message]:
        origin, now = Origin(tenant, identity.name, identity.subject), self._clock.now()
        checked: set[str] = set()
        for place, (twin, _, _) in enumerate(parts):
            if twin in checked:
                continue
            if not _NAME.fullmatch(twin):
                raise Refused(422, "expected the name of a twin, such as Pump/P-7", at=f"$[{place}].twin")
            if not self._may(identity, twin):
                raise Refused(404, NOTHING_HERE, at=f"$[{place}].twin")
            checked.add(twin)
        return [
            Message(origin, f"twins/{twin}/telemetry".encode(), data, now, encoding, 1)
            for twin, data, encoding in parts
        ]

    def _may(self, identity: Identity, twin: str) -> bool:
        return self._gate.may(identity, "publish", f"{twin}/telemetry")


def alone(twin: str, body: bytes, media: str) -> list[Part]:
    """The messages of one twin: the body, or each line of it. JSON must be an object or an array.

    >>> alone("Pump/P-7", b'{"temp": 300}\\n{"temp": 301}\\n', NDJSON)[1][1]
    b'{"temp": 301}'
    """
    encoding = ENCODINGS.get(media, Encoding.JSON)
    lines = [line for line in body.split(b"\n") if line.strip()] if media == NDJSON else [body]
    _count(lines)
    if encoding is Encoding.JSON:
        for place, line in enumerate(lines):
            _checked(_JSON, line, f"line {place + 1}" if media == NDJSON else "$")
    return [(twin, line, encoding) for line in lines]


def together(body: bytes, media: str) -> list[Part]:
    """The messages of a batch, each with its twin; the data stay the bytes that came."""
    if media == NDJSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        _count(lines)
        sent = [_checked(_LINE, line, f"line {place + 1}") for place, line in enumerate(lines)]
        return [(one.twin, bytes(one.data), Encoding.JSON) for one in sent]
    encoding = ENCODINGS[media]
    if encoding is Encoding.CBOR:
        return _cbor(body)
    if encoding not in _LISTS:
        raise Refused(415, f"expected {JSON}, {NDJSON}, application/cbor or application/msgpack", at="Content-Type")
    batch = _checked(_LISTS[encoding], body, "$")
    _count(batch)
    return [(one.twin, bytes(one.data), encoding) for one in batch]


def _no_tag(decoder: object, immutable: bool) -> object:
    raise Refused(422, "expected plain CBOR, got a regular expression or a shared reference", at="$")


_TAGS: Final[Mapping[int, Callable[[object, bool], object]]] = {28: _no_tag, 29: _no_tag, 35: _no_tag}
"""Tags that are work or cycles for whoever decodes them, and never data."""


def _cbor(body: bytes) -> list[Part]:
    try:
        said = cbor2.loads(body, max_depth=32, strict_hashable_types=True, semantic_decoders=_TAGS)
        batch = msgspec.convert(said, list[SentValue])
        _count(batch)
        return [(one.twin, cbor2.dumps(one.data), Encoding.CBOR) for one in batch]
    except msgspec.ValidationError as error:
        raise Refused(422, str(error), at="$") from None
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError, TypeError) as error:
        raise Refused(400, f"expected CBOR: {error}", at="$") from None


def _checked(decoder: msgspec.json.Decoder[_T] | msgspec.msgpack.Decoder[_T], body: bytes, at: str) -> _T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        detail, _, place = str(error).partition(" - at `")
        raise Refused(422, detail, at=place.strip("`") or at) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        kind = "MessagePack" if isinstance(decoder, msgspec.msgpack.Decoder) else "JSON"
        raise Refused(400, f"expected {kind}: {error}", at=at) from None
    except RecursionError:
        raise Refused(400, "expected data that are less deep", at=at) from None


def _count(messages: Sequence[object]) -> None:
    if not 0 < len(messages) <= MOST_MESSAGES:
        raise Refused(422, f"expected 1 to {MOST_MESSAGES} messages, got {len(messages)}", at="$")
