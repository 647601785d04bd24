"""Group commit: many appenders, one thread that writes, tickets that complete in order."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

from pollux.clock import stopwatch
from pollux.errors import Overloaded, StorageFailed
from pollux.remember.format import Draft
from pollux.remember.writer import DiskFull, Writer

Call: TypeAlias = tuple[Callable[..., object], tuple[Any, ...]]
Policy: TypeAlias = Literal["block", "refuse"]

ENOUGH = 8 << 10
_RETRY_FULL = 0.25
_REPORT = logging.getLogger("pollux.remember")


@final
@dataclass(frozen=True, slots=True)
class Health:
    """Whether the log takes entries, and if not, why."""

    accepting: bool
    reason: str = ""


@final
@dataclass(slots=True)
class Counts:
    """What the log did since it was opened; `waits` and `refused` are what its bounded queue did to appenders."""

    entries: int = 0
    groups: int = 0
    bytes: int = 0
    waits: int = 0
    refused: int = 0
    failed_calls: int = 0


@final
class Ticket:
    """What `append` gives: the number of the entry, and whether it is durable.

    Calls are made by the log's thread in the order of entries; those asked for after the entry was durable, in the
    order of asking. A call that raises is reported through `logging` and disturbs no other.
    """

    __slots__ = ("_committer", "calls", "seq")

    def __init__(self, committer: "Committer", seq: int) -> None:
        self._committer = committer
        self.seq = seq
        self.calls: list[tuple[bool, Call]] = []

    @property
    def durable(self) -> bool:
        """Whether the entry is on the disk."""
        return self._committer.durable >= self.seq

    @property
    def failure(self) -> StorageFailed | None:
        """Why the entry was not acknowledged and will not be; None while that is open."""
        return None if self.durable else self._committer.failure

    def then(self, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback(*args)` once the entry is durable; never when it fails."""
        self._committer.when(self, True, (callback, args))

    def otherwise(self, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback(*args)` if the entry will never be acknowledged."""
        self._committer.when(self, False, (callback, args))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the entry is durable; False when `timeout` seconds were not enough.

        Raises:
            StorageFailed: it will not be.
        """
        return self._committer.wait(self.seq, timeout)


@dataclass(slots=True)
class _Waiting:
    ticket: Ticket
    drafts: Sequence[Draft]
    size: int
    since: float


@final
class Committer:
    """The queue between appenders and the disk.

    A group is closed `group_ns` after its first entry came, or once `ENOUGH` bytes wait, which are worth a sync of
    their own; it holds at most `group_bytes`. The queue holds `queue_bytes`; beyond that `policy` says whether an
    appender waits or is refused. With a thread of its own, appending never syncs; without, whoever calls `commit`,
    `flush` or `wait` does the writing, which makes every run repeatable.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        group_ns: int,
        group_bytes: int,
        queue_bytes: int,
        policy: Policy,
        own_thread: bool,
    ) -> None:
        self._writer = writer
        self._group_seconds = group_ns / 1e9
        self._group_bytes = group_bytes
        self._queue_bytes = queue_bytes
        self._policy = policy
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._done = threading.Condition(self._lock)
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self._stuck: list[_Waiting] = []
        self._late: deque[Call] = deque()
        self._hurry = False
        self._closing = False
        self._next = writer.durable.seq + 1
        self.durable = writer.durable.seq
        self.failure: StorageFailed | None = None
        self.counts = Counts()
        self._thread = threading.Thread(target=self._run, name="pollux-log", daemon=True) if own_thread else None
        if self._thread:
            self._thread.start()

    # -- appenders ----------------------------------------------------------------------------------------------------

    def submit(self, make: Callable[[int], Sequence[Draft]]) -> Ticket:
        """Queue the entry whose records `make(seq)` gives; if it raises, no number is used up.

        Raises:
            StorageFailed: the log has failed or is closed.
            Overloaded: the disk is full, or the queue is and the policy is to refuse.
        """
        with self._lock:
            self._admit()
        with self._turn:
            ticket = Ticket(self, self._next)
            drafts = make(ticket.seq)
            waiting = _Waiting(ticket, drafts, sum(draft.span for draft in drafts), stopwatch())
            with self._lock:
                self._refuse_if_over()
                self._next += 1
                self._queue.append(waiting)
                self._queued += waiting.size
                ready = self._queued >= self._group_bytes
                if len(self._queue) == 1 or self._queued >= ENOUGH:
                    self._work.notify()
        if ready and self._thread is None:
            self.commit()
        return ticket

    def _admit(self) -> None:
        self._refuse_if_over()
        if self._stuck:
            self.counts.refused += 1
            raise Overloaded("expected room on the disk, got none", retry_after=1.0, hint="free space on the disk")
        if self._has_room() or threading.current_thread() is self._thread:
            # The log's own thread makes the room; it must not wait for it.
            return
        if self._policy == "refuse":
            self.counts.refused += 1
            raise Overloaded(f"expected at most {self._queue_bytes} bytes waiting for the disk", retry_after=0.1)
        self.counts.waits += 1
        self._done.wait_for(lambda: self._has_room() or self._is_over() or bool(self._stuck))
        self._admit()

    def _has_room(self) -> bool:
        return self._thread is None or self._queued < self._queue_bytes

    def _is_over(self) -> bool:
        return self._closing or self.failure is not None

    def _refuse_if_over(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self._closing:
            raise StorageFailed("expected an open log, got a closed one")

    def when(self, ticket: Ticket, durable: bool, call: Call) -> None:
        """Make the call when the ticket is durable, or when it has failed."""
        with self._lock:
            if self.durable < ticket.seq and self.failure is None:
                ticket.calls.append((durable, call))
                return
            if durable == (ticket.seq <= self.durable):
                self._late.append(call)
                self._work.notify()
        if self._thread is None or not self._thread.is_alive():
            self._call_late()

    def wait(self, seq: int, timeout: float | None) -> bool:
        """Wait until entry `seq` is durable; False at the time-out, or on a full disk where no thread tries on."""
        if self._thread is None:
            while self.durable < seq and self.commit():
                pass
        with self._lock:
            if self._thread is not None:
                self._done.wait_for(lambda: self.durable >= seq or self.failure is not None, timeout)
            if self.durable < seq and self.failure is not None:
                raise self.failure
            return self.durable >= seq

    def flush(self, timeout: float | None) -> bool:
        """Close the group that is open now and wait until all appended entries are durable."""
        with self._lock:
            last = self._next - 1
            self._hurry = bool(self._queue)
            self._work.notify()
        return self.wait(last, timeout)

    @property
    def health(self) -> Health:
        """Whether entries are taken."""
        with self._lock:
            if self.failure is not None:
                return Health(False, str(self.failure))
            if self._closing:
                return Health(False, "the log is closed")
            if self._stuck:
                return Health(False, "the disk is full: nothing is acknowledged until there is room")
            return Health(True)

    # -- the disk's side ----------------------------------------------------------------------------------------------

    def commit(self) -> bool:
        """Write one group; False where none was written: nothing waits, or the disk is full.

        Raises:
            StorageFailed: the disk failed; so have all that waited.
        """
        with self._lock:
            group = self._stuck or self._take()
        if not group:
            return False
        try:
            self._writer.write([draft for waiting in group for draft in waiting.drafts])
        except DiskFull:
            self._hold(group)
            return False
        except StorageFailed as failure:
            self.fail(failure, group)
            raise
        self._completed(group)
        return True

    def _take(self) -> list[_Waiting]:
        """The next group: at least one entry, at most `group_bytes`. Under the lock."""
        group: list[_Waiting] = []
        size = 0
        while self._queue and (not group or size + self._queue[0].size <= self._group_bytes):
            group.append(self._queue.popleft())
            size += group[-1].size
        self._hurry = self._hurry and bool(self._queue)
        return group

    def _hold(self, group: list[_Waiting]) -> None:
        with self._lock:
            if not self._stuck:
                _REPORT.error("the log's disk is full: nothing is acknowledged until there is room")
            self._stuck = group
            self._done.notify_all()

    def _completed(self, group: list[_Waiting]) -> None:
        size = sum(waiting.size for waiting in group)
        with self._lock:
            self._stuck = []
            self._queued -= size
            self.durable = group[-1].ticket.seq
            self.counts.entries += len(group)
            self.counts.groups += 1
            self.counts.bytes += size
            self._done.notify_all()
        for waiting in group:
            for durable, call in waiting.ticket.calls:
                if durable:
                    self._call(call)

    def fail(self, failure: StorageFailed, group: Sequence[_Waiting] = ()) -> None:
        """Nothing more is acknowledged."""
        with self._lock:
            self.failure = self.failure or failure
            lost = [*(group or self._stuck), *self._queue]
            self._queue.clear()
            self._stuck = []
            self._queued = 0
            self._done.notify_all()
            self._work.notify_all()
        for waiting in lost:
            for durable, call in waiting.ticket.calls:
                if not durable:
                    self._call(call)

    def _call(self, call: Call) -> None:
        function, arguments = call
        try:
            function(*arguments)
        except Exception:  # noqa: BLE001 - whatever a caller's function does, the log goes on
            self.counts.failed_calls += 1
            _REPORT.exception("a call made for a durable entry failed")

    def _call_late(self) -> None:
        while self._late:
            self._call(self._late.popleft())

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (due := self._due()) != "end":
                if due == "group":
                    self.commit()
                self._call_late()
        except StorageFailed as failure:
            _REPORT.critical("the log has failed: %s", failure)
        except BaseException as error:
            self.fail(StorageFailed(f"expected the log's thread to go on, got {type(error).__name__}: {error}"))
            raise
        finally:
            self._serve_late()

    def _due(self) -> Literal["group", "calls", "end"]:
        """Wait until a group closes or a call is due, or all is done and the log is closing."""
        with self._lock:
            while not (self._queue or self._late or self._closing or self._stuck):
                self._work.wait()
            if self._stuck:
                self._work.wait_for(lambda: self._closing or bool(self._late), _RETRY_FULL)
                return "calls" if self._late else "end" if self._closing else "group"
            while self._queue and not (self._late or self._closing or self._hurry):
                left = self._queue[0].since + self._group_seconds - stopwatch()
                if left <= 0 or self._queued >= ENOUGH:
                    return "group"
                self._work.wait(left)
            return "calls" if self._late else "group" if self._queue else "end"

    def _serve_late(self) -> None:
        """After a failure callers may still attach calls; they are made here until the log is closed."""
        while True:
            with self._lock:
                self._work.wait_for(lambda: self._closing or bool(self._late))
                if self._closing and not self._late:
                    return
            self._call_late()

    def stop(self) -> None:
        """Write what waits and end the thread; what finds no room on the disk fails."""
        with self._lock:
            self._closing = True
            self._work.notify_all()
            self._done.notify_all()
        if self._thread is None:
            while self.failure is None and self.commit():
                pass
        elif self._thread is not threading.current_thread():
            self._thread.join()
        if self._stuck:
            self.fail(StorageFailed("expected room on the disk before the log was closed, got none"))
        self._call_late()
