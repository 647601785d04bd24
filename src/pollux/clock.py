"""What time it is: wall, simulated or replayed.

Time is an int64 count of nanoseconds since 1970-01-01 UTC, everywhere inside Pollux. Live, replay and what-if are the
same code under three clocks, so nothing but this file asks the system for the time.
"""

import heapq
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import final

from pollux.errors import PolluxError

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "second": SECOND,
    "min": MINUTE,
    "minute": MINUTE,
    "h": HOUR,
    "hour": HOUR,
    "d": DAY,
    "day": DAY,
    "week": 7 * DAY,
}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*([a-zA-Z]+)\s*")


class ClockError(PolluxError):
    """A time or a duration that cannot be read."""


def duration(text: str) -> int:
    """The length of a stretch of time in nanoseconds.

    Raises ClockError for a text that is no number with a unit of time.

    >>> duration("30 days") // DAY, duration("25 s") // SECOND, duration("1.5 h") // MINUTE
    (30, 25, 90)
    """
    match = _DURATION.fullmatch(text)
    length = match and _LENGTHS.get(match[2], _LENGTHS.get(match[2].removesuffix("s")))
    if not match or not length:
        raise ClockError(
            f"expected a duration such as '30 days', got {text!r}", hint="units: ns us ms s min h days weeks"
        )
    return round(float(match[1]) * length)


def iso(instant: int) -> str:
    """An instant as ISO 8601 in UTC, with milliseconds.

    >>> iso(1_500_000_000)
    '1970-01-01T00:00:01.500Z'
    """
    at = _EPOCH + timedelta(microseconds=instant // 1_000)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1_000:03d}Z"


def instant(text: str) -> int:
    """The instant that an ISO 8601 text names; without a zone it is UTC.

    Raises ClockError for any other text.

    >>> instant("1970-01-01T00:00:01.5Z")
    1500000000
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(f"expected an ISO 8601 time, got {text!r}", hint="for example 2026-11-23T10:42:16Z") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000


class Clock(ABC):
    """Tells the time; whoever needs it is handed one."""

    @abstractmethod
    def now(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""


@final
class WallClock(Clock):
    """The system's time, never running backwards within one process."""

    def __init__(self) -> None:
        self._offset = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        return self._offset + time.monotonic_ns()


@final
class ScaledClock(Clock):
    """The system's time, run `speed` times faster from `start` on: a calendar for demonstrations and replays.

    `run_at` changes the speed from now on; the time itself does not jump. Raises ClockError for a speed that is not
    above zero.

    >>> clock = ScaledClock(instant("2026-01-01T00:00:00Z"), speed=3600.0)
    >>> iso(clock.now())[:10], clock.speed
    ('2026-01-01', 3600.0)
    """

    def __init__(self, start: int, *, speed: float) -> None:
        self._paces: tuple[tuple[int, int, float], ...] = ((start, time.monotonic_ns(), speed),)

    @property
    def speed(self) -> float:
        """Seconds of this clock in a real second."""
        return self._paces[-1][2]

    def pace(self, over: float) -> float:
        """Its mean speed over the last real seconds, at most a minute of them."""
        moment = time.monotonic_ns()
        return (self._at(moment) - self._at(moment - round(over * SECOND))) / (over * SECOND)

    def run_at(self, speed: float) -> None:
        """From now on let so many seconds pass in a real one; raises ClockError for a speed that is not above zero."""
        if not speed > 0:
            raise ClockError(f"expected a speed above zero, got {speed:g}")
        if speed == self.speed:
            return
        origin = time.monotonic_ns()
        # The last that ended more than a minute ago says how time went before those that are kept.
        ended = sum(pace[1] < origin - MINUTE for pace in self._paces[1:])
        self._paces = (*self._paces[ended:], (self._at(origin), origin, speed))

    def now(self) -> int:
        return self._at(time.monotonic_ns())

    def _at(self, moment: int) -> int:
        # One tuple, read once: whoever asks while the speed is changed sees the old pace or the new one, never half.
        paces = self._paces
        start, origin, speed = next((pace for pace in reversed(paces) if pace[1] <= moment), paces[0])
        return start + int((moment - origin) * speed)


@final
class SimulatedClock(Clock):
    """A clock that stands still until it is moved, and calls what falls due on the way, in order of time.

    >>> clock = SimulatedClock(0)
    >>> clock.at(5, lambda: print("five"))
    >>> clock.advance_to(10)
    five
    """

    def __init__(self, start: int) -> None:
        self._now = start
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> int:
        return self._now

    def at(self, when: int, call: Callable[[], None]) -> None:
        """Call `call` when the clock reaches `when`; equal times keep the order of asking."""
        heapq.heappush(self._due, (max(when, self._now), self._count, call))
        self._count += 1

    def advance_to(self, when: int) -> None:
        """Move to `when`, doing on the way what falls due."""
        while self._due and self._due[0][0] <= when:
            self._now, _, call = heapq.heappop(self._due)
            call()
        self._now = max(self._now, when)


@final
class ReplayedClock(Clock):
    """The time of the record being replayed."""

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def show(self, when: int) -> None:
        """It is now `when`."""
        self._now = when


def stopwatch() -> float:
    """Seconds of the machine's steady counter, to measure how long work takes; never a date."""
    return time.perf_counter()
