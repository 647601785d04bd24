"""What has been told of each signal: what a reconnection and a history repeat is told once."""

from collections.abc import Hashable
from typing import Final, final

from pollux.clock import MINUTE
from pollux.columns.field import Datum
from pollux.columns.memory import NEVER
from pollux.connect.field.source import Reached

AHEAD: Final = 10 * MINUTE
"""A source time this far in the future cannot be right: it is told, and no gap is measured by it."""
FEW: Final = 16
MANY: Final = 1_000
"""Values of a signal that are remembered, always and while a history is read."""

Key = tuple[str, str]
"""Twin and signal."""


@final
class Marks:
    """The newest values told of each signal, by source time, status and value; it begins with what the site knows.

    A value counts as told when it was, or where nothing was told yet when it is of the very moment that the site knows.
    A time before that is no reason to leave a value out: clocks are set back.

    >>> marks = Marks(lambda twin, signal: 5)
    >>> marks.is_new(("P-7", "temp"), Datum("temp", 1.0, 5)), marks.is_new(("P-7", "temp"), Datum("temp", 1.0, 6))
    (False, True)
    >>> marks.told(("P-7", "temp"), Datum("temp", 1.0, 6), now=10)
    >>> marks.is_new(("P-7", "temp"), Datum("temp", 1.0, 6)), marks.is_new(("P-7", "temp"), Datum("temp", 2.0, 5))
    (False, True)
    >>> marks.since(("P-7", "temp"))
    6
    """

    def __init__(self, reached: Reached) -> None:
        self._reached = reached
        self._times: dict[Key, int] = {}
        self._recent: dict[Key, dict[Hashable, None]] = {}
        self._most = FEW

    def since(self, key: Key) -> int | None:
        """When the newest value told of a signal was so, None where none was told ever."""
        time = self._times.get(key)
        if time is None:
            time = self._times[key] = int(self._reached(*key))
        return None if time == NEVER else time

    def is_new(self, key: Key, datum: Datum) -> bool:
        """Whether a value has not been told."""
        if datum.time is None:
            return True
        recent = self._recent.get(key)
        return datum.time != self.since(key) if recent is None else _identity(datum) not in recent

    def told(self, key: Key, datum: Datum, *, now: int) -> None:
        """A value is on its way to the log."""
        if datum.time is None:
            return
        recent = self._recent.setdefault(key, {})
        recent[_identity(datum)] = None
        while len(recent) > self._most:
            del recent[next(iter(recent))]
        if datum.time <= now + AHEAD:
            self._times[key] = datum.time

    def filling(self, on: bool) -> None:
        """While a history is read more is remembered, since what is live meanwhile lies in both."""
        self._most = MANY if on else FEW
        if not on:
            for recent in self._recent.values():
                for old in list(recent)[: max(0, len(recent) - FEW)]:
                    del recent[old]


def _identity(datum: Datum) -> Hashable:
    return datum.time, datum.status, repr(datum.value)
