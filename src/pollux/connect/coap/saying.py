"""What devices say: telemetry and acknowledgements of orders, whole or in blocks."""

from typing import Final, final

from pollux.columns.frames import Encoding, Origin
from pollux.columns.quality import Reason
from pollux.connect.coap.answers import Answers, Request
from pollux.connect.coap.around import Around, absent, wrong_method
from pollux.connect.coap.blocks import Assemblies
from pollux.connect.coap.codes import CoapError, Code, Number
from pollux.connect.coap.intake import Intake
from pollux.connect.coap.message import of_uint
from pollux.connect.coap.payloads import check, encoding_of
from pollux.connect.coap.rights import Reached
from pollux.connect.coap.shown import etag_of
from pollux.guard import Identity

REMEMBERED: Final = 65_536
"""Decisions about an identity and a topic that are remembered."""


@final
class Saying:
    """Takes what may be said, and refuses the rest with a reason."""

    def __init__(self, around: Around, answers: Answers, intake: Intake) -> None:
        self._around, self._answers, self._intake = around, answers, intake
        limits = around.limits
        self.bodies = Assemblies(
            largest=limits.body_bytes,
            total=limits.bodies_bytes,
            most=limits.bodies,
            each=limits.bodies_each,
            seconds=limits.body_seconds,
        )
        self._reached: dict[tuple[Identity, str], Reached | None] = {}
        self._origins: dict[Identity, Origin] = {}

    def say(self, request: Request, identity: Identity, payload: bytes, now: float) -> None:
        """Take a body, or a block of one; raises CoapError."""
        asked, topic, around = request.asked, request.asked.path, self._around
        reach = self.reach(identity, topic)
        if reach is None:
            around.counters.denied += 1
            around.tell(identity, Reason.NOT_ALLOWED, "this may not be said here", topic, payload)
            raise wrong_method() if around.rights.hear(identity, topic) else absent()
        encoding = encoding_of(asked.format, Encoding.JSON if reach.channel == "ack" else reach.encoding)
        if asked.if_match is not None or asked.if_none_match:
            self._hold_conditions(request, topic)
        body = self._whole(request, payload, now)
        if body is None:
            return
        try:
            check(body, encoding)
        except CoapError as error:
            around.counters.refused_payload += 1
            around.tell(identity, Reason.MALFORMED, error.message, topic, body)
            raise
        self._intake.take(request, self._origin(identity), topic, body, encoding)

    def reach(self, identity: Identity, topic: str) -> Reached | None:
        """What the topic reaches if it may be spoken to; decisions are remembered."""
        key = identity, topic
        if key not in self._reached:
            if len(self._reached) >= REMEMBERED:
                self._reached.clear()
            self._reached[key] = self._around.rights.publish(identity, topic)
        return self._reached[key]

    def _origin(self, identity: Identity) -> Origin:
        found = self._origins.get(identity)
        if found is None:
            if len(self._origins) >= REMEMBERED:
                self._origins.clear()
            found = self._origins[identity] = Origin(identity.tenant, identity.name, identity.subject)
        return found

    def forget(self) -> None:
        """Decide anew: rights may have changed."""
        self._reached.clear()
        self._origins.clear()

    def _whole(self, request: Request, payload: bytes, now: float) -> bytes | None:
        """The body, or None while blocks of it are missing; the block is answered then."""
        asked, block = request.asked, request.asked.block1
        if block is None:
            return payload
        most = self._around.limits.body_bytes
        if asked.size > most:
            raise CoapError(Code.TOO_LARGE, f"expected at most {most} bytes", ((Number.SIZE1.value, of_uint(most)),))
        request.options = ((Number.BLOCK1.value, block.value),)
        if not block.number and not block.more:
            return payload
        what = request.method, asked.path, asked.format, asked.tag
        body = self.bodies.add(request.peer, what, block, payload, now)
        if body is None:
            self._answers.give(request, Code.CONTINUE, now)
        return body

    def _hold_conditions(self, request: Request, topic: str) -> None:
        """If-Match: the twin is there, in one of these states; If-None-Match: it is not (RFC 7252, section 5.10.8)."""
        body, asked = self._around.read("/".join(topic.split("/")[1:3])), request.asked
        if asked.if_none_match and body is not None:
            raise CoapError(Code.PRECONDITION_FAILED, "expected no such twin yet")
        if asked.if_match is not None:
            tag = None if body is None else etag_of(body)
            if tag is None or (tag not in asked.if_match and b"" not in asked.if_match):
                raise CoapError(Code.PRECONDITION_FAILED, "expected the twin in the state that was named")
