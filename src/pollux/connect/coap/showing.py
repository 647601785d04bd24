"""What is shown: the state of a twin, its orders to whoever observes them, and what there is at all."""

import hashlib
import re
from typing import Final, final

from pollux.connect.coap.answers import Answers, Request
from pollux.connect.coap.around import Around, absent, wrong_method
from pollux.connect.coap.blocks import Block, cut
from pollux.connect.coap.codes import LINKS, CoapError, Code, Number
from pollux.connect.coap.links import Links
from pollux.connect.coap.message import Options, of_uint
from pollux.connect.coap.observers import Observation, Observers, max_age
from pollux.connect.coap.payloads import drawn
from pollux.connect.coap.peers import Peer
from pollux.connect.coap.shown import Shown, etag_of
from pollux.guard import Identity

_TWIN: Final = re.compile(r"twins/([^/]+/[^/]+)/(state|commands)")
_BEGIN: Final = 0
_END: Final = 1


@final
class Showing:
    """Answers GET, and begins and ends observations."""

    def __init__(self, around: Around, answers: Answers, links: Links) -> None:
        self._around, self._answers, self._links = around, answers, links
        self.shown = Shown(around.limits.shown, around.limits.shown_seconds)

    def list(self, request: Request, identity: Identity, now: float) -> None:
        """Answer with the links of an identity; raises CoapError."""
        asked = request.asked
        if request.method != Code.GET:
            raise wrong_method()
        if asked.accept not in (None, LINKS):
            raise CoapError(Code.NOT_ACCEPTABLE, f"expected {LINKS} to be accepted, got {asked.accept}")
        body = self._links.of(identity, [one for one in asked.queries if one[0] not in ("token", "name")])
        tag = hashlib.blake2b(body, digest_size=4).digest()
        self._give(request, LINKS, tag, body, (), now)

    def show(self, request: Request, identity: Identity, observers: Observers, now: float) -> None:
        """Answer with a state, or begin to tell of it; raises CoapError."""
        asked, around = request.asked, self._around
        found = _TWIN.fullmatch(asked.path)
        if found is None or not around.rights.hear(identity, asked.path):
            raise wrong_method() if around.rights.publish(identity, asked.path) else absent()
        if found[2] == "commands":
            drawn(b"null", asked.accept)
            self._answers.give(request, Code.CONTENT, now, self._observed(request, identity, True, observers, now))
            return
        kept = self._kept(request, now)
        if kept is not None:
            self._give(request, drawn(b"null", asked.accept)[0], kept[1], kept[0], (), now)
            return
        body = around.read(found[1])
        if body is None:
            raise absent()
        format_, picture = drawn(body, asked.accept)
        options = self._observed(request, identity, False, observers, now)
        self._give(request, format_, etag_of(body), picture, options, now)

    def draw(self, one: Observation, body: bytes, now: float) -> tuple[Options, bytes]:
        """A notification; of what fits no block the first one, the others are asked for."""
        if not body:
            return (), b""
        format_, picture = drawn(body, one.accept)
        tag = etag_of(body)
        options, piece = self._cut((one.peer, one.topic, one.accept), picture, tag, None, now)
        return ((Number.ETAG.value, tag), (Number.CONTENT_FORMAT.value, of_uint(format_)), *options), piece

    def _kept(self, request: Request, now: float) -> tuple[bytes, bytes] | None:
        """What was begun to be shown in blocks, for a block that is not the first."""
        block = request.asked.block2
        return self.shown.find(_key(request), now) if block is not None and block.number else None

    def _observed(self, request: Request, identity: Identity, every: bool, observers: Observers, now: float) -> Options:
        """Begin or end what the observe option asks for (RFC 7641, section 4.1)."""
        peer, asked = request.peer, request.asked
        if asked.observe == _END:
            observers.drop(peer, request.token)
        if asked.observe != _BEGIN or (asked.block2 is not None and asked.block2.number):
            return ()
        made = Observation(peer, request.token, asked.path, identity, asked.accept, every, now, now)
        if not observers.add(made):
            return ()
        age = Number.MAX_AGE.value, of_uint(max_age(self._around.limits))
        return ((Number.OBSERVE.value, of_uint(made.number)), age)

    def as_it_is(self, topic: str) -> bytes | None:
        """The state that a topic tells of, as a JSON document."""
        found = _TWIN.fullmatch(topic)
        return None if found is None else self._around.read(found[1])

    def _give(self, request: Request, format_: int, tag: bytes, body: bytes, options: Options, now: float) -> None:
        if tag in request.asked.etags:
            self._answers.give(request, Code.VALID, now, ((Number.ETAG.value, tag), *options))
            return
        more, piece = self._cut(_key(request), body, tag, request.asked.block2, now)
        said = ((Number.ETAG.value, tag), (Number.CONTENT_FORMAT.value, of_uint(format_)))
        self._answers.give(request, Code.CONTENT, now, (*said, *options, *more), piece)

    def _cut(
        self, key: tuple[Peer, str, int | None], body: bytes, tag: bytes, block: Block | None, now: float
    ) -> tuple[Options, bytes]:
        options, piece = cut(body, block)
        if len(piece) < len(body) and not (block is not None and block.number):
            self.shown.keep(key, body, tag, now)
        return options, piece


def _key(request: Request) -> tuple[Peer, str, int | None]:
    return request.peer, request.asked.path, request.asked.accept
