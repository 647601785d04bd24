"""Observations (RFC 7641): who is told when a resource changes, and how."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

from pollux.clock import Clock
from pollux.connect.coap.codes import CoapError, Code, Kind, Number
from pollux.connect.coap.confirming import Confirming
from pollux.connect.coap.counters import Counters
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.message import Options, head, of_uint, tail
from pollux.connect.coap.peers import Peer
from pollux.guard import Identity

_LAST: Final = 0xFFFFFF

Drawn = Callable[["Observation", bytes, float], tuple[Options, bytes]]
"""What a notification says: its options and the payload, or the first block of it."""


@final
@dataclass(slots=True, eq=False)
class Observation:
    """One observer of one topic. `every` says that each message counts; else only the newest does."""

    peer: Peer
    token: bytes
    topic: str
    identity: Identity
    accept: int | None
    every: bool
    confirmed: float
    told: float
    number: int = 2
    outstanding: bool = False
    waiting: deque[tuple[bytes, int]] = field(default_factory=deque[tuple[bytes, int]])

    def next(self) -> bytes:
        """The value of the next observe option: a number that grows (RFC 7641, section 4.4)."""
        self.number = self.number + 1 & _LAST
        return of_uint(self.number)


def max_age(limits: Limits) -> int:
    """For how many seconds a notification stands, with a margin for one that is lost and sent again."""
    return round(limits.refresh_seconds) + 100


@final
class Observers:
    """All observations; a peer has `observers_each` at most, all have `observers`. A further one is served unobserved.

    Of a resource whose newest value counts, at most one waits for each observer; of orders, `orders`, and what comes
    then is dropped: an order that was not heard expires. Orders are always confirmed, values once in
    `confirm_seconds`. Where nothing was told for `refresh_seconds`, the state as it is goes out to be confirmed, or
    nothing in place of an order, so that observers that are gone are found. Whoever answers with a reset, or confirms
    nothing, observes no longer.
    """

    def __init__(
        self,
        limits: Limits,
        counters: Counters,
        clock: Clock,
        confirming: Confirming,
        *,
        may: Callable[[Identity, str], bool],
        now: Callable[[str], bytes | None],
        draw: Drawn,
    ) -> None:
        self._limits, self._counters, self._clock, self._confirming = limits, counters, clock, confirming
        self._may, self._as_it_is, self._draw = may, now, draw
        self._age = Number.MAX_AGE.value, of_uint(max_age(limits))
        self._of: dict[str, dict[Observation, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, made: Observation) -> bool:
        """Begin, in place of one with the same token; False where there is no room."""
        self.drop(made.peer, made.token)
        if len(made.peer.observed) >= self._limits.observers_each or self._count >= self._limits.observers:
            self._counters.refused_observers += 1
            return False
        made.peer.observed[made.token] = made
        self._of.setdefault(made.topic, {})[made] = None
        self._count += 1
        self._counters.observed += 1
        return True

    def drop(self, peer: Peer, token: bytes) -> None:
        """End the observation of a token, if there is one."""
        found = peer.observed.get(token)
        if found is not None:
            self._end(found)

    def lost(self, peer: Peer) -> None:
        """End all observations of a peer."""
        for one in list(peer.observed.values()):
            self._end(one)

    def reset(self, peer: Peer, number: int) -> None:
        """A notification was answered with a reset."""
        found = peer.notified.pop(number, None)
        if found is not None:
            self._end(found)

    def tell(self, topic: str, payload: bytes, now: float, *, expires: int = 0) -> int:
        """Something was said on a topic; how many observers it has. After `expires` (0: never) none of them is told."""
        hearing = self._of.get(topic, {})
        for one in list(hearing):
            if one.every and len(one.waiting) >= self._limits.orders:
                self._counters.dropped_orders += 1
                continue
            if not one.every and one.waiting:
                self._counters.coalesced += 1
                one.waiting.clear()
            one.waiting.append((payload, expires))
            self._next(one, now)
        return len(hearing)

    def recheck(self, alive: Callable[[Identity], bool]) -> None:
        """End the observations of identities that have ended, and tell them."""
        for one in [one for hearing in self._of.values() for one in hearing]:
            if not alive(one.identity) or not self._may(one.identity, one.topic):
                self._counters.ended_identity += 1
                self._last_word(one, Code.UNAUTHORIZED)

    def refresh(self, now: float) -> None:
        """Tell those who have heard nothing for long how it is, and find out who is gone."""
        for one in [one for hearing in self._of.values() for one in hearing]:
            if one.outstanding or now - one.told < self._limits.refresh_seconds:
                continue
            body = b"" if one.every else self._as_it_is(one.topic)
            if body is not None:
                one.waiting.append((body, 0))
                one.confirmed = now - self._limits.confirm_seconds
                self._next(one, now)

    def end(self) -> None:
        """Tell all observers that nothing more comes."""
        for one in [one for hearing in self._of.values() for one in hearing]:
            self._last_word(one, Code.UNAVAILABLE)

    def _next(self, one: Observation, now: float) -> None:
        if one.outstanding or not one.waiting or one.peer.observed.get(one.token) is not one:
            return
        peer = one.peer
        payload, expires = one.waiting.popleft()
        if expires and self._clock.now() >= expires:
            self._counters.expired += 1
            self._next(one, now)
            return
        try:
            options, piece = self._draw(one, payload, now)
        except CoapError as error:
            self._last_word(one, error.code)
            return
        confirm = one.every or now - one.confirmed >= self._limits.confirm_seconds
        number = peer.number()
        kind = Kind.CON if confirm else Kind.NON
        one.told = now
        rest = tail(((Number.OBSERVE.value, one.next()), self._age, *options), piece)
        data = head(kind, Code.CONTENT, number, one.token) + rest
        self._counters.notified += 1
        peer.remember(number, one)
        if not confirm:
            peer.send(data)
            return
        one.outstanding = True
        self._confirming.send(peer, number, data, now, lambda confirmed, at: self._settled(one, confirmed, at))

    def _settled(self, one: Observation, confirmed: bool, now: float) -> None:
        one.outstanding = False
        if not confirmed:
            self._end(one)
            return
        one.confirmed = now
        self._next(one, now)

    def _last_word(self, one: Observation, code: Code) -> None:
        one.peer.send(head(Kind.NON, code, one.peer.number(), one.token))
        self._end(one)

    def _end(self, one: Observation) -> None:
        if one.peer.observed.get(one.token) is one:
            del one.peer.observed[one.token]
        hearing = self._of.get(one.topic, {})
        if one in hearing:
            del hearing[one]
            self._count -= 1
            if not hearing:
                del self._of[one.topic]
        one.waiting.clear()
