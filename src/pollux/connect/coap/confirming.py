"""Messages of ours that ask to be acknowledged, sent again with growing pauses (RFC 7252, section 4.2)."""

import heapq
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final, final

from pollux.connect.coap.counters import Counters
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.peers import Peer

RANDOM_FACTOR: Final = 1.5
"""The first pause is up to so many times the shortest one, so that senders do not fall into step."""


@final
@dataclass(slots=True, eq=False)
class _Sent:
    data: bytes
    pause: float
    left: int
    settled: Callable[[bool, float], None]


@final
class Confirming:
    """What waits for its acknowledgement. `settled` hears whether it came, and when.

    With the limits as they are it is sent five times within 45 seconds, and given up after 93 at most.
    """

    def __init__(self, limits: Limits, counters: Counters) -> None:
        self._limits, self._counters = limits, counters
        self._waiting: dict[tuple[Peer, int], _Sent] = {}
        self._due: list[tuple[float, int, tuple[Peer, int]]] = []
        self._serial = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def send(self, peer: Peer, number: int, data: bytes, now: float, settled: Callable[[bool, float], None]) -> None:
        """Send a confirmable message with this id."""
        first = self._limits.ack_seconds
        pause = first * (1 + (RANDOM_FACTOR - 1) * secrets.randbelow(1_000) / 1_000)
        key = peer, number
        self._waiting[key] = _Sent(data, pause, self._limits.retransmissions, settled)
        heapq.heappush(self._due, (now + pause, next(self._serial), key))
        peer.send(data)

    def confirmed(self, peer: Peer, number: int, now: float) -> bool:
        """An acknowledgement has come; whether it was waited for."""
        return self._end((peer, number), True, now)

    def rejected(self, peer: Peer, number: int, now: float) -> bool:
        """A reset has come instead; whether it was waited for."""
        return self._end((peer, number), False, now)

    def forget(self, peer: Peer, now: float) -> None:
        """Give up everything that is on its way to a peer."""
        for key in [key for key in self._waiting if key[0] is peer]:
            self._end(key, False, now)

    def turn(self, now: float) -> None:
        """Send again what is due, and give up what was sent often enough."""
        while self._due and self._due[0][0] <= now:
            key = heapq.heappop(self._due)[2]
            sent = self._waiting.get(key)
            if sent is None:
                continue
            if not sent.left:
                self._counters.unconfirmed += 1
                self._end(key, False, now)
                continue
            sent.left -= 1
            sent.pause *= 2
            self._counters.retransmitted += 1
            heapq.heappush(self._due, (now + sent.pause, next(self._serial), key))
            key[0].send(sent.data)

    def _end(self, key: tuple[Peer, int], confirmed: bool, now: float) -> bool:
        sent = self._waiting.pop(key, None)
        if sent is None:
            return False
        if len(self._due) > 2 * len(self._waiting) + 64:
            self._due = [one for one in self._due if one[2] in self._waiting]
            heapq.heapify(self._due)
        sent.settled(confirmed, now)
        return True
