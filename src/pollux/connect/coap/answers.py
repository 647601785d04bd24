"""Requests and their answers: on the back of the acknowledgement, or by themselves when that would come too late."""

from dataclasses import dataclass
from typing import Final, final

from pollux.connect.coap.asked import Asked
from pollux.connect.coap.codes import CoapError, Code, Kind
from pollux.connect.coap.confirming import Confirming
from pollux.connect.coap.counters import Counters
from pollux.connect.coap.exchanges import Exchange
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.message import Options, head, tail
from pollux.connect.coap.peers import Peer

LONGEST_REASON: Final = 512
"""Bytes of a diagnostic payload."""

_SILENCE: Final = {2: 2, 4: 8, 5: 16}
"""What NO_RESPONSE says of each class of codes (RFC 7967)."""


@final
@dataclass(slots=True, eq=False)
class Request:
    """A request on its way to its answer."""

    peer: Peer
    confirmable: bool
    method: int
    id: int
    token: bytes
    exchange: Exchange
    asked: Asked
    since: float
    options: Options = ()
    separate: bool = False
    open: bool = False


@final
class Answers:
    """Gives answers, and sees to it that a confirmable request is acknowledged before its sender repeats it."""

    def __init__(self, limits: Limits, counters: Counters, confirming: Confirming) -> None:
        self._limits, self._counters, self._confirming = limits, counters, confirming
        self._fresh: dict[Request, None] = {}
        self.open = 0

    def await_(self, request: Request) -> None:
        """Its answer comes later."""
        request.open = True
        request.peer.pending += 1
        self.open += 1
        if request.confirmable:
            self._fresh[request] = None

    def give(self, request: Request, code: int, now: float, options: Options = (), payload: bytes = b"") -> None:
        """Answer a request."""
        if request.open:
            self._close(request)
        peer, rest = request.peer, tail((*request.options, *options), payload)
        if request.confirmable and not request.separate:
            data = head(Kind.ACK, code, request.id, request.token) + rest
            if request.method == Code.GET:
                peer.exchanges.drop(request.id)  # safe to do again, and its answer may be large
            else:
                request.exchange.answer = data
            peer.send(data)
            return
        if not request.confirmable and request.asked.silent & _SILENCE.get(code >> 5, 0):
            return
        number = peer.number()
        data = head(Kind.CON if request.confirmable else Kind.NON, code, number, request.token) + rest
        if request.confirmable:
            self._confirming.send(peer, number, data, now, _whatever)
        else:
            peer.send(data)

    def refuse(self, request: Request, error: CoapError, now: float) -> None:
        """Answer with what is wrong, in words."""
        self._counters.refused += 1
        self.give(request, error.code, now, error.options, error.message.encode()[:LONGEST_REASON])

    def turn(self, now: float) -> None:
        """Acknowledge with an empty message what would be answered later than a piggyback may come."""
        while self._fresh:
            request = next(iter(self._fresh))
            if now - request.since < self._limits.piggyback_seconds:
                return
            del self._fresh[request]
            request.separate = True
            request.exchange.answer = empty = head(Kind.ACK, Code.EMPTY, request.id)
            self._counters.separate += 1
            request.peer.send(empty)

    def _close(self, request: Request) -> None:
        request.open = False
        request.peer.pending -= 1
        self.open -= 1
        self._fresh.pop(request, None)


def _whatever(confirmed: bool, now: float) -> None:
    """Nothing hangs on whether an answer was heard: who asks again gets it anew."""
