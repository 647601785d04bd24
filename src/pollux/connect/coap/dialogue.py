"""The message layer (RFC 7252, section 4): from datagrams of peers to requests, each served once. No socket here."""

import logging
from typing import Final, final

from pollux.connect.coap.admission import CREDENTIALS, Admission
from pollux.connect.coap.answers import Answers, Request
from pollux.connect.coap.around import Around
from pollux.connect.coap.asked import Asked, asked
from pollux.connect.coap.codes import CoapError, Code, Kind
from pollux.connect.coap.confirming import Confirming
from pollux.connect.coap.intake import Intake
from pollux.connect.coap.links import WELL_KNOWN
from pollux.connect.coap.message import body, head, start
from pollux.connect.coap.observers import Observers
from pollux.connect.coap.peers import Peer
from pollux.connect.coap.saying import Saying
from pollux.connect.coap.showing import Showing

REMEMBERED: Final = 4_096
"""Ways in which options were written that are remembered: devices say the same again and again."""

SHORT: Final = 256
"""Bytes of options that are remembered at most."""

_METHODS: Final = 0x1F
_MARKER: Final = b"\xff"
_LOG = logging.getLogger("pollux.connect.coap")


@final
class Dialogue:
    """Hears what peers send, and lets it be served."""

    def __init__(
        self, around: Around, admission: Admission, answers: Answers, confirming: Confirming, intake: Intake,
        observers: Observers, saying: Saying, showing: Showing,
    ) -> None:  # fmt: skip
        self._around, self._admission, self._answers = around, admission, answers
        self._confirming, self._intake, self._observers = confirming, intake, observers
        self._saying, self._showing = saying, showing
        self._known: dict[bytes, Asked] = {}

    def heard(self, peer: Peer, data: bytes, now: float) -> None:
        """A datagram of a peer."""
        counters = self._around.counters
        counters.heard += 1
        peer.bytes_in += len(data)
        try:
            kind, code, number, token = start(data)
            if Code.EMPTY < code <= _METHODS and kind <= Kind.NON:
                self._request(peer, kind, code, number, token, data, now)
            else:
                self._other(peer, kind, code, number, data, now)
        except CoapError:
            counters.malformed += 1
            self._reset(peer, data)

    def _other(self, peer: Peer, kind: int, code: int, number: int, data: bytes, now: float) -> None:
        """What is no request: acknowledgements and resets of what was said, pings, and what belongs nowhere."""
        if kind == Kind.ACK and code == Code.EMPTY:
            self._confirming.confirmed(peer, number, now)
        elif kind == Kind.RST:
            self._around.counters.resets += 1
            self._confirming.rejected(peer, number, now)
            self._observers.reset(peer, number)
        elif kind == Kind.CON:
            if code == Code.EMPTY and len(data) > 4:
                self._around.counters.malformed += 1
            peer.send(head(Kind.RST, Code.EMPTY, number))

    def _reset(self, peer: Peer, data: bytes) -> None:
        """What cannot be read is rejected where that was asked for, and passed over otherwise."""
        if len(data) >= 4 and data[0] >> 4 == 0b0100:
            peer.send(head(Kind.RST, Code.EMPTY, data[2] << 8 | data[3]))

    def _request(self, peer: Peer, kind: int, code: int, number: int, token: bytes, data: bytes, now: float) -> None:
        counters, exchanges = self._around.counters, peer.exchanges
        exchange = exchanges.find(number, now)
        if exchange is not None:
            counters.repeated += 1
            if exchange.answer is not None:
                peer.send(exchange.answer)
            return
        wrong: CoapError | None = None
        try:
            wanted, payload = self._read(data, 4 + len(token))
        except CoapError as error:
            if error.code == Code.EMPTY:
                raise
            wanted, payload, wrong = NOTHING, b"", error
        counters.requests += 1
        exchange = exchanges.begin(number, now)
        request = Request(peer, kind == Kind.CON, code, number, token, exchange, wanted, now)
        self._serve(request, payload, wrong, now)

    def _serve(self, request: Request, payload: bytes, wrong: CoapError | None, now: float) -> None:
        try:
            if wrong is not None:
                raise wrong
            self._route(request, payload, now)
        except CoapError as error:
            if error.code == Code.BAD_OPTION and not request.confirmable:
                # Of a message that is not confirmed nothing is served, and no reason given (section 5.4.1).
                request.peer.send(head(Kind.RST, Code.EMPTY, request.id))
                return
            self._answers.refuse(request, error, now)
        except Exception:  # noqa: BLE001
            # A fault of ours with one request must not end the service of all others.
            _LOG.exception("a request could not be served")
            self._around.counters.internal_errors += 1
            self._answers.refuse(request, CoapError(Code.INTERNAL_ERROR, "this is our fault"), now)

    def _route(self, request: Request, payload: bytes, now: float) -> None:
        wanted, method = request.asked, request.method
        identity = request.peer.identity = self._admission.who(request.peer, wanted)
        if wanted.path == WELL_KNOWN:
            self._showing.list(request, identity, now)
            return
        for name, _ in wanted.queries:
            if name not in CREDENTIALS:
                raise CoapError(Code.BAD_REQUEST, f"expected a query of name or token, got {name!r}")
        if method in (Code.POST, Code.PUT):
            self._saying.say(request, identity, payload, now)
        elif method == Code.GET:
            self._showing.show(request, identity, self._observers, now)
        else:
            raise CoapError(Code.METHOD_NOT_ALLOWED, "expected GET, POST or PUT")

    def _read(self, data: bytes, at: int) -> tuple[Asked, bytes]:
        """What is asked, and the payload. A beginning that is known as whole options ends at the payload's marker."""
        marker = data.find(_MARKER, at)
        written = data[at:] if marker < 0 else data[at:marker]
        known = self._known.get(written)
        if known is not None and marker != len(data) - 1:
            return known, b"" if marker < 0 else data[marker + 1 :]
        options, payload = body(data, at)
        found = asked(options)
        whole = len(data) - at - len(written) == (len(payload) + 1 if payload else 0)
        if whole and len(written) <= SHORT:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[written] = found
        return found, payload


NOTHING: Final = Asked("")
"""What is asked by options that cannot be understood."""
