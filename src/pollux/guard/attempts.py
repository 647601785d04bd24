"""Attempts to come in that failed: by the name that was claimed, with the reason, for whoever asks why a device is not
there. Whoever was refused is told nothing of it."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

NAMES: Final = 1_000
"""Claimed names that are remembered; beyond them the one that tried longest ago is forgotten."""

KEPT: Final = 8

REASONS: Final = 16
"""Reasons that are counted apart; what fails for others is counted as `other reasons`."""

OTHER: Final = "other reasons"
_LONGEST: Final = 128


@final
@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when (nanoseconds UTC), from which address, as which client, and why it failed."""

    at: int
    name: str
    client: str
    address: str
    why: str


@final
@dataclass(slots=True)
class _Tried:
    count: int = 0
    newest: deque[Attempt] = field(default_factory=lambda: deque(maxlen=KEPT))


@final
class Attempts:
    """The newest failed attempts of each claimed name, in bounded memory. Any thread may tell and ask.

    The name is what a stranger says: an attempt under a device's name is no act of that device.

    >>> attempts = Attempts(lambda: 5)
    >>> attempts.tell("P-7", "P-7", "192.0.2.1", "the token is not one of this account")
    >>> attempts.of("P-7")
    (1, (Attempt(at=5, name='P-7', client='P-7', address='192.0.2.1', why='the token is not one of this account'),))
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._tried: OrderedDict[str, _Tried] = OrderedDict()
        self._counts: dict[str, int] = {}

    def tell(self, name: str, client: str, address: str, why: str) -> None:
        """An attempt under a claimed name has failed."""
        name, client = name[:_LONGEST], client[:_LONGEST]
        with self._lock:
            tried = self._tried.setdefault(name, _Tried())
            self._tried.move_to_end(name)
            tried.count += 1
            self._add(why)
            tried.newest.append(Attempt(self._now(), name, client, address, why))
            if len(self._tried) > NAMES:
                self._tried.popitem(last=False)

    def count(self, why: str) -> None:
        """An attempt has failed of which nothing is to be remembered but its reason."""
        with self._lock:
            self._add(why)

    def taken(self) -> dict[str, int]:
        """How many attempts failed since this was asked last, by reason."""
        with self._lock:
            counts, self._counts = self._counts, {}
            return counts

    def _add(self, why: str) -> None:
        # Reasons come from TLS, too, and some of them hold what a stranger has sent.
        why = why[:_LONGEST]
        known = why in self._counts or len(self._counts) < REASONS
        self._counts[why if known else OTHER] = self._counts.get(why if known else OTHER, 0) + 1

    def of(self, name: str) -> tuple[int, tuple[Attempt, ...]]:
        """How many attempts under a name failed, and the newest of them, the newest last."""
        with self._lock:
            tried = self._tried.get(name)
            return (tried.count, tuple(tried.newest)) if tried else (0, ())

    def nameless(self) -> tuple[int, tuple[Attempt, ...]]:
        """The same of those that claimed no name, such as handshakes that ended early."""
        return self.of("")
