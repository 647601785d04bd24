"""The thread that all Modbus devices of a site share, and the lines that devices behind one gateway share."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final, TypeAlias, final

from pollux.clock import Clock
from pollux.connect.modbus.address import Place
from pollux.connect.modbus.line import Line

Work: TypeAlias = Callable[["Hub"], Coroutine[None, None, None]]


@final
class Hub:
    """One loop in one thread, there while anything is attached.

    >>> hub = Hub.of(Path("plant/field"))
    >>> hub is Hub.of(Path("plant/field")), hub is Hub.of(Path("other/field"))
    (True, False)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._works: dict[int, tuple[asyncio.Event, threading.Event]] = {}
        self._lines: dict[Place, Line] = {}

    @staticmethod
    def of(folder: Path) -> "Hub":
        """The hub of a site, told by the folder that only this site has open."""
        with _LOCK:
            return _HUBS.setdefault(folder, Hub())

    def line(self, place: Place, clock: Clock, *, rate: float) -> Line:
        """The line of an address; the least rate of all who share it counts. In the hub's thread only."""
        line = self._lines.setdefault(place, Line(place, clock, rate=rate))
        line.rate = min(line.rate, rate)
        return line

    def attach(self, work: Work) -> int:
        """Run a work until `detach`, from any thread; the number that it goes by."""
        with self._lock:
            if self._thread is None:
                self._begin()
            assert self._loop is not None
            number = max(self._works, default=0) + 1
            over, done = asyncio.Event(), threading.Event()
            self._works[number] = over, done
            self._loop.call_soon_threadsafe(self._run, work, over, done)
            return number

    def detach(self, number: int) -> None:
        """End a work, and the thread with the last one; returns when that is done."""
        with self._lock:
            over, done = self._works.pop(number)
            assert self._loop is not None
            assert self._thread is not None
            self._loop.call_soon_threadsafe(over.set)
            done.wait()
            if not self._works:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._thread = self._loop = None

    # -- in the hub's thread ------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._turn, args=(loop,), name="pollux-modbus", daemon=True)
        self._thread.start()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            for line in self._lines.values():
                line.close()
            self._lines.clear()
            loop.run_until_complete(asyncio.sleep(0))
        finally:
            loop.close()

    def _run(self, work: Work, over: asyncio.Event, done: threading.Event) -> None:
        assert self._loop is not None
        task = self._loop.create_task(work(self))
        ending = self._loop.create_task(_ended(task, over))
        ending.add_done_callback(lambda _: done.set())


async def _ended(task: asyncio.Task[None], over: asyncio.Event) -> None:
    await over.wait()
    task.cancel()
    await asyncio.wait([task])


_HUBS: Final["weakref.WeakValueDictionary[Path, Hub]"] = weakref.WeakValueDictionary()
_LOCK: Final = threading.Lock()
