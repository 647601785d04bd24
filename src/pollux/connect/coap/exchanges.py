"""Message ids that were heard, so that what comes twice is done once (RFC 7252, section 4.5). Pure, bounded."""

from dataclasses import dataclass, field
from typing import Final, final

EXCHANGE_LIFETIME: Final = 247.0
"""Seconds after which an id may stand for another message."""


@final
@dataclass(slots=True)
class Budget:
    """How many ids all peers together remember."""

    most: int
    held: int = 0
    forgotten: int = 0


@final
@dataclass(slots=True)
class Exchange:
    """A request that was heard: the answer that is given again, None while there is none."""

    until: float
    answer: bytes | None = None


@final
@dataclass(slots=True)
class Exchanges:
    """The ids of one peer: the newest `most`, fewer where all peers together have no room; the oldest are forgotten.

    >>> heard = Exchanges(Budget(100), most=2)
    >>> heard.find(7, 0.0), heard.begin(7, 0.0) is heard.find(7, 1.0)
    (None, True)
    >>> heard.find(7, 248.0) is None
    True
    """

    budget: Budget
    most: int
    _known: dict[int, Exchange] = field(default_factory=dict[int, Exchange])

    def __len__(self) -> int:
        return len(self._known)

    def find(self, number: int, now: float) -> Exchange | None:
        """The exchange of an id that was heard not long ago."""
        found = self._known.get(number)
        if found is None or found.until > now:
            return found
        self.drop(number)
        return None

    def begin(self, number: int, now: float) -> Exchange:
        """Remember an id."""
        known, budget = self._known, self.budget
        if len(known) >= self.most or (budget.held >= budget.most and len(known) >= LEAST):
            oldest = next(iter(known))
            budget.forgotten += known[oldest].until > now
            self.drop(oldest)
        made = known[number] = Exchange(now + EXCHANGE_LIFETIME)
        budget.held += 1
        return made

    def drop(self, number: int) -> None:
        """Forget an id: its request may be repeated without harm."""
        if self._known.pop(number, None) is not None:
            self.budget.held -= 1

    def sweep(self, now: float) -> None:
        """Forget what is over; they lie in the order of their time."""
        for number in list(self._known):
            if self._known[number].until > now:
                return
            self.drop(number)

    def clear(self) -> None:
        """Forget all."""
        self.budget.held -= len(self._known)
        self._known.clear()


LEAST: Final = 16
"""Ids that a peer may remember however many others there are."""
