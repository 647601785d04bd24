"""Who is spoken with: an address, or a DTLS session at it, with what is remembered of it."""

import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, final

from pollux.connect.coap.counters import Counters
from pollux.connect.coap.exchanges import Budget, Exchanges
from pollux.connect.coap.limits import Limits
from pollux.guard import Identity

if TYPE_CHECKING:
    from pollux.connect.coap.observers import Observation

CANDIDATES = 64
"""Peers of which one makes room: those that came first. To look at all would let a flood of addresses cost too much."""

NOTIFIED = 64
"""Notifications without confirmation whose ids are remembered, so that a reset ends the observation."""


@final
@dataclass(slots=True, eq=False)
class Peer:
    """One endpoint at the other side; `identity` is who it has last shown to be, in its session or in a request."""

    host: str
    way: Callable[[bytes], None]
    exchanges: Exchanges
    certificate: bytes | None = None
    identity: Identity | None = None
    since: float = 0.0
    heard: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    pending: int = 0
    observed: "dict[bytes, Observation]" = field(default_factory=dict)  # pyright: ignore[reportUnknownVariableType]
    notified: "dict[int, Observation]" = field(default_factory=dict)  # pyright: ignore[reportUnknownVariableType]
    _number: int = field(default_factory=lambda: secrets.randbelow(0x10000))

    @property
    def busy(self) -> bool:
        """Whether it observes, or waits for an answer."""
        return bool(self.observed or self.pending)

    def send(self, data: bytes) -> None:
        """Give it a message."""
        self.bytes_out += len(data)
        self.way(data)

    def number(self) -> int:
        """The next message id of ours."""
        self._number = self._number + 1 & 0xFFFF
        return self._number

    def remember(self, number: int, observation: "Observation") -> None:
        """Keep which observation a notification belongs to."""
        if len(self.notified) >= NOTIFIED:
            del self.notified[next(iter(self.notified))]
        self.notified[number] = observation


@final
class Peers:
    """All peers by key. When there is no room, one of those that came first goes: of those that wait for nothing the
    one that is unheard for longest. `lost` is told."""

    def __init__(self, limits: Limits, counters: Counters, lost: Callable[[Peer, float], None]) -> None:
        self._limits, self._counters, self._lost = limits, counters, lost
        self._by_key: dict[Hashable, Peer] = {}
        self.budget = Budget(limits.exchanges_total)

    def __len__(self) -> int:
        return len(self._by_key)

    def made(self, host: str, way: Callable[[bytes], None], now: float, certificate: bytes | None = None) -> Peer:
        """A peer; one of a session is kept with it, another is to be added."""
        exchanges = Exchanges(self.budget, self._limits.exchanges)
        return Peer(host, way, exchanges, certificate, since=now, heard=now)

    def all(self) -> list[Peer]:
        """The peers that were added."""
        return list(self._by_key.values())

    def at(self, key: Hashable) -> Peer | None:
        """The peer of a key, if there is one."""
        return self._by_key.get(key)

    def add(self, key: Hashable, peer: Peer, now: float) -> None:
        """Keep a peer under a key."""
        if len(self._by_key) >= self._limits.peers:
            self._make_room(now)
        self._by_key[key] = peer

    def sweep(self, now: float) -> None:
        """Forget who has not been heard for long and waits for nothing."""
        for key, peer in list(self._by_key.items()):
            peer.exchanges.sweep(now)
            if not peer.busy and now - peer.heard > self._limits.peer_seconds:
                self._forget(key, now)

    def _make_room(self, now: float) -> None:
        oldest = min(
            islice(self._by_key, CANDIDATES), key=lambda key: (self._by_key[key].busy, self._by_key[key].heard)
        )
        self._counters.dropped_peers += 1
        self._forget(oldest, now)

    def _forget(self, key: Hashable, now: float) -> None:
        peer = self._by_key.pop(key)
        peer.exchanges.clear()
        self._lost(peer, now)
