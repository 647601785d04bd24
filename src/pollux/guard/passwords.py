"""People's passwords: hashed slowly, so in a bounded pool and at a bounded rate.

One verification costs about a tenth of a second and 64 MiB. Unbounded, a password form is a way to exhaust a server;
so only `workers` run at once, only `waiting` may wait, and a name has `per_name` attempts a minute, an address, behind
which many people may be, `per_address`.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pollux.clock import MINUTE, SECOND, Clock
from pollux.errors import DataRefused, Overloaded

SHORTEST = 10


@final
class Rate:
    """A bucket per key that holds `burst` attempts and regains `burst` a minute; the oldest keys are forgotten.

    >>> from pollux.clock import SimulatedClock
    >>> rate = Rate(2, clock=SimulatedClock(0))
    >>> rate.take("ann"), rate.take("ann"), rate.take("ann"), rate.take("bob")
    (0.0, 0.0, 30.0, 0.0)
    """

    def __init__(self, burst: int, *, clock: Clock, keys: int = 65_536) -> None:
        self._burst, self._clock, self._keys = burst, clock, keys
        self._level: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Take one attempt: 0.0 if there was one, else the seconds until there is."""
        now, per_attempt = self._clock.now(), MINUTE / self._burst
        with self._lock:
            level, at = self._level.pop(key, (float(self._burst), now))
            level = min(float(self._burst), level + max(0, now - at) / per_attempt)
            taken = level >= 1.0
            self._level[key] = (level - 1.0 if taken else level, now)
            if len(self._level) > self._keys:
                self._level.popitem(last=False)
        return 0.0 if taken else (1.0 - level) * per_attempt / SECOND


@final
class Passwords:
    """Hashes and verifies passwords (argon2id) in threads of its own, never in the caller's."""

    def __init__(
        self,
        clock: Clock,
        *,
        hasher: PasswordHasher | None = None,
        workers: int = 2,
        waiting: int = 64,
        per_name: int = 5,
        per_address: int = 60,
    ) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="pollux-passwords")
        self._places = threading.BoundedSemaphore(workers + waiting)
        self._names = Rate(per_name, clock=clock)
        self._addresses = Rate(per_address, clock=clock)
        self._nobody = ""
        self.refused = 0

    def hash(self, password: str) -> str:
        """The hash to keep; slow. A password shorter than ten characters is refused."""
        if len(password) < SHORTEST:
            raise DataRefused(f"expected a password of at least {SHORTEST} characters, got {len(password)}")
        return self._hasher.hash(password)

    def verify(self, kept: str | None, password: bytes, *, name: str, address: str) -> Future[bool]:
        """Whether the password belongs to the kept hash, later. The attempt counts for the name and the address.

        Without a kept hash one of nobody is verified, so that the time taken does not say who exists.
        Raises Overloaded when the rate is exceeded or too many wait.
        """
        pause = max(self._names.take(name), self._addresses.take(address))
        if pause or not self._places.acquire(blocking=False):
            self.refused += 1
            raise Overloaded("too many attempts to sign in", retry_after=max(pause, 1.0))
        done = self._pool.submit(self._matches, kept, password)
        done.add_done_callback(lambda _: self._places.release())
        return done

    def close(self) -> None:
        """End the threads; what waits is not verified any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, kept: str | None, password: bytes) -> bool:
        if kept is None and not self._nobody:
            self._nobody = self._hasher.hash("nobody has this password")
        try:
            return self._hasher.verify(kept or self._nobody, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def then(future: Future[bool], convert: Callable[[bool], object]) -> None:
    """Call `convert` with the outcome when it is known; a cancelled verification counts as refused."""
    future.add_done_callback(lambda done: convert(not done.cancelled() and done.exception() is None and done.result()))
