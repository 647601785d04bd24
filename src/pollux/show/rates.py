"""How much one account may send over HTTP: a token bucket each, in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, final

from pollux.clock import stopwatch
from pollux.errors import Overloaded

RATE: Final = 50_000.0
"""Messages a second that one account may send over HTTP."""
BURST: Final = 200_000.0
"""Messages that it may send at once after a pause."""
ACCOUNTS: Final = 10_000

Who = tuple[str, str]


@final
class Rates:
    """Token buckets by tenant and name.

    The account that has sent nothing for longest is forgotten beyond `accounts`, and begins with a full bucket again.

    >>> rates = Rates(10, 20, now=lambda: 0.0)
    >>> rates.take(("", "P-7"), 20)
    >>> rates.take(("", "P-7"), 5)
    Traceback (most recent call last):
        ...
    pollux.errors.Overloaded: expected at most 10 messages a second of one account
    """

    def __init__(
        self,
        rate: float = RATE,
        burst: float = BURST,
        *,
        accounts: int = ACCOUNTS,
        now: Callable[[], float] = stopwatch,
    ) -> None:
        self._rate, self._burst, self._accounts, self._now = rate, burst, accounts, now
        self._left: OrderedDict[Who, tuple[float, float]] = OrderedDict()
        self.refused = 0

    def take(self, who: Who, count: int) -> None:
        """Let so many messages of an account in; raises Overloaded with the time after which they fit.

        More than fit into a bucket are let in when it is full, and leave a debt.
        """
        now = self._now()
        left, since = self._left.get(who, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        wanted = min(count, self._burst)
        if left < wanted:
            self.refused += count
            after = (wanted - left) / self._rate
            raise Overloaded(f"expected at most {self._rate:g} messages a second of one account", retry_after=after)
        self._left[who] = left - count, now
        self._left.move_to_end(who)
        if len(self._left) > self._accounts:
            self._left.popitem(last=False)
