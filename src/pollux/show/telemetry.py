"""Telemetry over HTTP: plain ASGI, in front of the router, because this is where most requests arrive.

A body is kept as it came: bytes to one batch of frames, 202 once the log has it on disk. What it means is decided
behind the log, so a value that is not believed is no error here; the twin's page says what became of it.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Final, cast, final

import msgspec
from starlette.types import Receive, Scope, Send

from pollux.clock import Clock
from pollux.columns.frames import Encoding, Message, Origin
from pollux.errors import StorageFailed
from pollux.guard import Gate, Identity
from pollux.show.answers import body_of, media_of, query_of, send_bytes
from pollux.show.asks import TelemetryQuery
from pollux.show.facts import Metric
from pollux.show.house import House
from pollux.show.inlet import Inlet
from pollux.show.metrics import one
from pollux.show.parts import ENCODINGS, NDJSON, Accepted, LeftOut, Part, alone, together
from pollux.show.problems import NOTHING_HERE, Refused, absent
from pollux.show.rates import Rates
from pollux.show.routes import API, JSON

LARGEST: Final = 4 << 20
DURABLE_WITHIN: Final = 30.0
"""Seconds; a log that has not answered by then is in trouble."""

_SINGLE: Final = re.compile(rf"{API}/twins/([^/]+)/([^/]+)/telemetry")
_BATCH: Final = f"{API}/telemetry"
_NAME: Final = re.compile(r"[^/*+#\x00-\x1f\x7f]{1,128}/[^/*+#\x00-\x1f\x7f]{1,128}")


@final
class Telemetry:
    """The two routes that take telemetry in, and what streams share with them."""

    __slots__ = ("_clock", "_gate", "_house", "_inlet", "_largest", "_rates")

    def __init__(self, inlet: Inlet, house: House, rates: Rates, *, largest: int = LARGEST) -> None:
        self._inlet, self._house, self._rates, self._largest = inlet, house, rates, largest
        self._gate: Gate = house.gate
        self._clock: Clock = house.clock

    @staticmethod
    def takes(path: str) -> bool:
        """Whether a path is one of the two."""
        return path.endswith("/telemetry") and (path == _BATCH or _SINGLE.fullmatch(path) is not None)

    def twin_of(self, path: str, identity: Identity) -> str | None:
        """The twin that a path names, None for the path of all; raises Refused where the identity may not send."""
        single = _SINGLE.fullmatch(path)
        if single is None:
            return None
        twin = f"{single[1]}/{single[2]}"
        if not self._may(identity, twin):
            raise absent()
        return twin

    async def post(self, scope: Scope, receive: Receive, send: Send, identity: Identity, tenant: str) -> int:
        """Take one body in; the number of messages, answered with 202. Raises Refused and what the inlet raises."""
        twin = self.twin_of(scope["path"], identity)
        query = cast(TelemetryQuery, query_of(scope, TelemetryQuery))
        media = media_of(scope)
        if media not in ENCODINGS and media != NDJSON:
            raise unknown(media)
        body = await body_of(scope, receive, self._largest, compressed=True)
        if not body:
            raise Refused(400, "expected a body, got none", at="$")
        left_out: list[LeftOut] | None = [] if query.partial else None
        messages = self.messages(twin, body, media, identity, tenant, left_out)
        try:
            async with asyncio.timeout(DURABLE_WITHIN):
                await self._inlet.send(messages)
        except TimeoutError:
            raise StorageFailed("it is not known whether this is durable", hint="send it again") from None
        await send_bytes(send, 202, _accepted(len(messages), left_out), JSON)
        return len(messages)

    def messages(
        self,
        twin: str | None,
        body: bytes,
        media: str,
        identity: Identity,
        tenant: str,
        left_out: list[LeftOut] | None = None,
    ) -> list[Message]:
        """The messages of a body, each of a twin that the identity may send for.

        One that cannot be taken refuses the whole; with `left_out` it goes there, and only a body of which nothing can
        be taken is refused. Raises Refused, DataRefused, and Overloaded for more than the account may send.
        """
        now = self._clock.now()

        def apart(payload: bytes, encoding: Encoding) -> Sequence[tuple[str, bytes]]:
            return self._house.apart(payload, encoding, now)

        parts = alone(twin, body, media) if twin is not None else together(body, media, apart, left_out)
        parts = self._allowed(parts, identity, left_out)
        if not parts and left_out:
            raise Refused(
                422, f"none of {len(left_out)} messages can be taken: {left_out[0].detail}", at=left_out[0].at
            )
        self._rates.take((tenant, identity.name), len(parts))
        origin = Origin(tenant, identity.name, identity.subject)
        return [
            Message(origin, f"twins/{part.twin}/telemetry".encode(), part.data, now, part.encoding, 1) for part in parts
        ]

    def metrics(self) -> Iterable[Metric]:
        """What became of the messages that came over HTTP and over streams."""
        inlet = self._inlet
        yield one("pollux_telemetry_accepted_total", "counter", "Messages made durable over HTTP.", inlet.accepted)
        refused = (({"queue": "inlet"}, float(inlet.refused)), ({"queue": "account"}, float(self._rates.refused)))
        yield Metric(
            "pollux_telemetry_refused_total", "counter", "Messages refused as too many, by what was full.", refused
        )

    def _allowed(self, parts: Sequence[Part], identity: Identity, left_out: list[LeftOut] | None) -> list[Part]:
        wrong: dict[str, Refused | None] = {}
        taken: list[Part] = []
        for part in parts:
            if part.twin not in wrong:
                wrong[part.twin] = self._wrong(part, identity)
            refused = wrong[part.twin]
            if refused is None:
                taken.append(part)
            elif left_out is None:
                raise refused
            else:
                left_out.append(LeftOut(f"{part.at}.twin", refused.detail))
        return taken

    def _wrong(self, part: Part, identity: Identity) -> Refused | None:
        if not _NAME.fullmatch(part.twin):
            return Refused(422, "expected the name of a twin, such as Pump/P-7", at=f"{part.at}.twin")
        if not self._may(identity, part.twin):
            return Refused(404, NOTHING_HERE, at=f"{part.at}.twin")
        return None

    def _may(self, identity: Identity, twin: str) -> bool:
        return self._gate.may(identity, "publish", f"{twin}/telemetry")


def unknown(media: str) -> Refused:
    """The answer to a content type that is none of telemetry."""
    known = ", ".join((*ENCODINGS, NDJSON))
    return Refused(415, f"expected a content type of telemetry, got {media[:80]!r}", at="Content-Type", hint=known)


def _accepted(count: int, left_out: list[LeftOut] | None) -> bytes:
    if left_out is None:
        return b'{"accepted":%d}' % count
    return msgspec.json.encode(Accepted(count, sorted(left_out, key=_place)))


def _place(one: LeftOut) -> int:
    """The number of the message that a place names."""
    return int("".join(filter(str.isdigit, one.at.partition(".")[0])) or 0)
