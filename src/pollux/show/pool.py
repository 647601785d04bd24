"""A few threads for what may wait on a disk, with a bounded queue in front."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar, final

from pollux.errors import Overloaded

WORKERS: Final = 8
WAITING: Final = 64
RETRY_AFTER: Final = 1.0

_Answer = TypeVar("_Answer")


@final
class BoundedPool:
    """Runs functions outside the event loop; refuses with Overloaded when too many wait. Used from one loop."""

    __slots__ = ("_busy", "_most", "_threads")

    def __init__(self, workers: int = WORKERS, waiting: int = WAITING) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="pollux-show")
        self._most, self._busy = workers + waiting, 0

    async def run(self, work: Callable[[], _Answer]) -> _Answer:
        """The answer of `work`, from another thread."""
        if self._busy >= self._most:
            raise Overloaded("too many requests are being answered", retry_after=RETRY_AFTER)
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._busy -= 1

    def close(self) -> None:
        """End the threads; what waits is not run any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
