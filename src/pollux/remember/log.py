"""The log: every input of a site, in order, durable before anybody is told."""

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, final

from pollux.clock import Clock
from pollux.errors import StorageError
from pollux.remember.chain import Anchor
from pollux.remember.commit import Committer, Counts, Health, Policy, Ticket
from pollux.remember.disk import AbstractDisk, Disk
from pollux.remember.format import Draft
from pollux.remember.reading import LogReader
from pollux.remember.recovery import Recovery, survey
from pollux.remember.seal import Entry, Keys, Record, drafts_of
from pollux.remember.writer import DiskFull, Writer

GROUP_NS = 2_000_000
GROUP_BYTES = 4 << 20
SEGMENT_BYTES = 64 << 20
QUEUE_BYTES = 32 << 20


@final
class Log:
    """A durable log in the folder `log` of a data folder: segments of their own format (docs/reference/log.md).

    One process at a time has it open for writing. `append` may be called from any thread; entries are numbered from 1
    in the order of the calls. `recovery` says what was repaired when it was opened, None after a clean close.

    >>> import tempfile
    >>> from pollux.clock import SimulatedClock
    >>> from pollux.remember import Note
    >>> with Log.open(Path(tempfile.mkdtemp()), clock=SimulatedClock(7)) as log:
    ...     ticket = log.append(Note("tick", {"at": 7}))
    ...     ticket.wait(), ticket.seq
    ...     [(record.seq, record.arrival, record.entry.kind) for record in log.read()]
    (True, 1)
    [(1, 7, 'tick')]
    """

    def __init__(
        self,
        *,
        clock: Clock,
        keys: Keys | None,
        writer: Writer,
        committer: Committer,
        reader: LogReader,
        recovery: Recovery | None,
        unlock: Callable[[], None],
        last_arrival: int,
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._writer = writer
        self._committer = committer
        self._unlock = unlock
        self._arrival = last_arrival
        self._closing = threading.Lock()
        self._closed = False
        self.reader = reader
        self.recovery = recovery

    @staticmethod
    def open(
        folder: Path,
        *,
        clock: Clock,
        disk: AbstractDisk | None = None,
        keys: Keys | None = None,
        group_ns: int = GROUP_NS,
        group_bytes: int = GROUP_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        queue_bytes: int = QUEUE_BYTES,
        policy: Policy = "block",
        own_thread: bool = True,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> "Log":
        """Open or begin the log of a data folder. A torn last group is cut off and reported; a full disk is fine.

        `policy` says what happens to an appender when `queue_bytes` wait for the disk. Without `own_thread` nothing is
        written until `commit`, `flush` or a ticket's `wait` is called: for tests that must run the same way twice.

        Raises:
            DamagedLog: bytes that were durable have changed; carries file and byte.
            StorageError: the log was written by a newer Pollux, or the disk cannot be read.
            SetupError: another process has it open.
            StorageFailed: the repair could not be written.
        """
        disk = disk or Disk()
        place = folder / "log"
        disk.make_folder(place)
        lock = disk.lock(place)
        try:
            tail = survey(disk, place)
            writer = Writer(disk, place, tail, entropy=entropy, segment_bytes=segment_bytes)
            with contextlib.suppress(DiskFull):
                writer.settle()
        except BaseException as error:
            disk.close(lock)
            if isinstance(error, OSError):
                raise StorageError(f"expected the disk to read, got: {error}", at="log") from error
            raise
        committer = Committer(
            writer,
            group_ns=group_ns,
            group_bytes=group_bytes,
            queue_bytes=queue_bytes,
            policy=policy,
            own_thread=own_thread,
        )
        return Log(
            clock=clock,
            keys=keys,
            writer=writer,
            committer=committer,
            reader=LogReader(folder, disk=disk, keys=keys, horizon=lambda: writer.durable),
            recovery=tail.recovery,
            unlock=lambda: disk.close(lock),
            last_arrival=tail.mark.arrival,
        )

    # -- writing ------------------------------------------------------------------------------------------------------

    def append(self, entry: Entry) -> Ticket:
        """Queue a batch or a note; its ticket tells when it is durable. The entry's bytes are copied before it returns.

        Raises:
            StorageFailed: a write or sync failed earlier, or the log is closed.
            Overloaded: the disk is full (or the queue, under the policy `refuse`).
            DataRefused: the entry cannot be written, or is of a person who was erased.
            SetupError: it is of a person and the log has no keys.
        """
        return self._committer.submit(lambda seq: self._drafts(entry, seq))

    def _drafts(self, entry: Entry, seq: int) -> list[Draft]:
        # Never backwards, so that "the last entry at that time" has one answer although the system's clock was set.
        arrival = max(self._clock.now(), self._arrival)
        drafts = drafts_of(entry, seq, arrival, self._keys)
        self._arrival = arrival
        return drafts

    def flush(self, timeout: float | None = None) -> bool:
        """Make durable at once what was appended; False when `timeout` seconds or the disk's room were not enough."""
        return self._committer.flush(timeout)

    def commit(self) -> bool:
        """Write one group now, in this thread: for a log opened without a thread of its own."""
        return self._committer.commit()

    def close(self) -> None:
        """Write what waits and seal the log, so that any later change is found. Nothing happens the second time."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        try:
            self._committer.stop()
            if self._committer.failure is None:
                with contextlib.suppress(DiskFull):
                    self._writer.close()
        finally:
            self._writer.abandon()
            self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- reading ------------------------------------------------------------------------------------------------------

    def read(self, after: int = 0, until: int | None = None) -> Iterator[Record]:
        """The entries behind number `after`, in order, up to `until` or what is durable now.

        A batch comes back whole: the same frames in the same order, whatever group or file it was written in.

        Raises:
            DamagedLog: bytes have changed; everything before was given.
        """
        return self.reader.read(after, until)

    @property
    def durable(self) -> int:
        """The number of the last durable entry."""
        return self._writer.durable.seq

    @property
    def anchor(self) -> Anchor:
        """The chain's head: kept elsewhere, it finds even a log that was rewritten with valid hashes (`verify`)."""
        return self._writer.anchor

    @property
    def health(self) -> Health:
        """Whether entries are taken, and if not, why."""
        return self._committer.health

    @property
    def counts(self) -> Counts:
        """What was done since it was opened."""
        return self._committer.counts
