"""Store and forward: a bounded queue on disk, from which every message goes out in order, once for the twin.

A message gets a number and, of its twin, the next `seq` under the queue's `life`; the site counts each of them once,
however often it is sent. It is durable before anybody can take it.
"""

import contextlib
import logging
import threading
from bisect import bisect
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Final, final

from pollux.edge.finding import Findings, read_cursor
from pollux.edge.segments import (
    LANES,
    Lane,
    Ledger,
    Message,
    Segment,
    framed,
    path_of,
    read_message,
)
from pollux.errors import SetupError, StorageError
from pollux.remember.disk import FULL, AbstractDisk, Disk

LEAST: Final = 64 << 10
_LARGEST: Final = 4 << 20
_LOG = logging.getLogger("pollux.edge")

Payload = Callable[[int, str], bytes]
"""The bytes of a message, given its `seq` and its `boot`."""


@final
class Queue:
    """The messages that the site has not confirmed, in a folder of at most `budget` bytes.

    Two lanes, summaries and raw blocks, lie in segments of their own; numbers run through both, and messages leave in
    their order. Where the budget or the disk is full the oldest raw segment gives way, then the oldest summaries:
    `dropped` counts what they held that was not confirmed. One process at a time has it open; methods may be called
    from any thread. Where bytes cannot be read the segment is cut: at the end of a lane this is what a power cut leaves
    of a message that was not durable yet, elsewhere it is counted in `damaged`. Either way a new life begins, so that
    no `seq` means two messages.

    Raises SetupError for a budget below 64 KiB or a folder in use, StorageError where the disk does not answer.
    """

    def __init__(self, folder: Path, *, budget: int, disk: AbstractDisk | None = None) -> None:
        if budget < LEAST:
            raise SetupError(f"expected a disk budget of at least {LEAST} bytes, got {budget}", at=folder.name)
        self.folder = folder
        self.damaged = 0
        self._disk = disk or Disk()
        self._budget = budget
        self._piece = min(budget // 8, _LARGEST)
        self._guard = threading.Lock()
        self._ledger = Ledger()
        self._segments: dict[Lane, list[Segment]] = {"summary": [], "raw": []}
        self._acked = 0
        self._disk.make_folder(folder)
        self._lock = self._disk.lock(folder)
        try:
            self._recover()
        except BaseException as error:
            self._disk.close(self._lock)
            if isinstance(error, OSError):
                raise StorageError(f"expected the disk to answer, got: {error}", at=folder.name) from error
            raise

    # -- putting in ---------------------------------------------------------------------------------------------------

    def put(self, lane: Lane, *, twin: str, stream: str, until: int, topic: str, payload: Payload) -> int:
        """Keep a message durably: its number, or 0 where no room could be made.

        Raises StorageError where the disk fails otherwise.
        """
        with self._guard:
            number, seq = self._ledger.number + 1, self._ledger.seqs.get(twin, 0) + 1
            body = payload(seq, self._ledger.life)
            message = Message(number, lane, twin, seq, stream, until, topic, body)
            record = framed(message)
            if not self._written(lane, message, record):
                self._drop(lane, 1)
                return 0
            self._ledger.note(message, self._ledger.life)
            return number

    def until(self, stream: str) -> int:
        """Until when a stream has told, nanoseconds; 0 for never."""
        with self._guard:
            return self._ledger.untils.get(stream, 0)

    # -- taking out ---------------------------------------------------------------------------------------------------

    def after(self, number: int) -> Message | None:
        """The first message behind a number that is not confirmed, and stays until it is; None for none."""
        with self._guard:
            while (found := self._next(max(number, self._acked))) is not None:
                segment, place = found
                message = read_message(self._disk, segment.path, place)
                if message is not None:
                    return message
                self._give_up(segment, place)
            return None

    def confirm(self, number: int) -> None:
        """Everything up to a number is with the site: it is not sent again, and its segments may go."""
        with self._guard:
            if number <= self._acked:
                return
            self._acked = number
            self._tell()
            for lane in LANES:
                while len(self._segments[lane]) > 1 and self._segments[lane][0].last <= number:
                    self._remove(self._segments[lane].pop(0))

    # -- reading off --------------------------------------------------------------------------------------------------

    @property
    def life(self) -> str:
        """The name of the counters' life: `boot` on the wire."""
        return self._ledger.life

    @property
    def acked(self) -> int:
        """The number up to which all is confirmed."""
        return self._acked

    @property
    def waiting(self) -> int:
        """How many messages are not confirmed."""
        with self._guard:
            return sum(number > self._acked for lane in LANES for s in self._segments[lane] for number, _ in s.places)

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(segment.size for lane in LANES for segment in self._segments[lane])

    @property
    def dropped(self) -> dict[str, int]:
        """Messages that gave way before they were confirmed, by lane, in the life of the queue."""
        return dict(self._ledger.dropped)

    def close(self) -> None:
        """Give the folder back; everything is on disk already."""
        with self._guard:
            self._disk.fdatasync(self._cursor)
            self._disk.close(self._cursor)
            self._disk.close(self._lock)

    # -- writing ------------------------------------------------------------------------------------------------------

    def _written(self, lane: Lane, message: Message, record: bytes) -> bool:
        while True:
            if not self._room(lane, len(record)):
                return False
            try:
                self._append(self._active(lane), message, record)
                return True
            except OSError as error:
                if error.errno not in FULL:
                    raise StorageError(f"expected the disk to write, got: {error}", at=self.folder.name) from error
                if not self._give_way(lane):
                    return False

    def _append(self, segment: Segment, message: Message, record: bytes) -> None:
        handle = self._disk.open(segment.path)
        try:
            self._disk.pwritev(handle, [record], segment.size)
            self._disk.fdatasync(handle)
        finally:
            self._disk.close(handle)
        segment.places.append((message.number, segment.size))
        segment.size += len(record)

    def _active(self, lane: Lane) -> Segment:
        segments = self._segments[lane]
        if not segments or segments[-1].size >= self._piece:
            segments.append(self._begun(lane))
        return segments[-1]

    def _begun(self, lane: Lane) -> Segment:
        segment = Segment(path_of(self.folder, lane, self._ledger.number + 1), lane, 0, [])
        try:
            self._head(segment)
        except OSError:
            self._disk.remove(segment.path)
            raise
        self._disk.fsync_dir(self.folder)
        return segment

    def _head(self, segment: Segment) -> None:
        """Write a segment anew, with nothing in it but what must survive of all before. Should the power go meanwhile,
        a file without a head is found, and a new life begins.
        """
        head = framed(self._ledger)
        handle = self._disk.open(segment.path, create=True)
        try:
            self._disk.truncate(handle, 0)
            self._disk.pwritev(handle, [head], 0)
            self._disk.fdatasync(handle)
        finally:
            self._disk.close(handle)
        segment.size, segment.places = len(head), []

    # -- making room --------------------------------------------------------------------------------------------------

    def _room(self, lane: Lane, more: int) -> bool:
        """Whether so many bytes may be written, after older ones have given way where they must."""
        while self.size + more + len(framed(self._ledger)) > self._budget:
            if not self._give_way(lane):
                return False
        return True

    def _give_way(self, lane: Lane) -> bool:
        """Let the oldest raw segment go, else, for summaries, the oldest of them; False where there is none to go."""
        for victim in LANES if lane == "summary" else LANES[:1]:
            segments = self._segments[victim]
            if segments and (len(segments) > 1 or segments[0].places):
                self._drop(victim, sum(number > self._acked for number, _ in segments[0].places))
                if len(segments) > 1:
                    self._remove(segments.pop(0))
                else:
                    # It may hold the only word of the last numbers: it is not removed but begun anew.
                    self._head(segments[0])
                return True
        return False

    def _drop(self, lane: Lane, count: int) -> None:
        if count:
            self._ledger.dropped[lane] = self._ledger.dropped.get(lane, 0) + count
            self._tell()

    def _give_up(self, segment: Segment, place: int) -> None:
        """Bytes have changed while they waited: the rest of their segment is lost."""
        _LOG.error("%s, byte %d: what was written cannot be read; the rest of the file is lost", segment.path, place)
        self.damaged += 1
        kept = [one for one in segment.places if one[1] < place]
        self._drop(segment.lane, len(segment.places) - len(kept))
        segment.places = kept
        if segment is self._segments[segment.lane][-1]:
            self._segments[segment.lane].append(self._begun(segment.lane))

    def _remove(self, segment: Segment) -> None:
        self._disk.remove(segment.path)
        self._disk.fsync_dir(self.folder)

    def _tell(self) -> None:
        # Not synced: what is sent again after a power cut counts once, and what was dropped is told by the next head.
        with contextlib.suppress(OSError):
            self._disk.pwritev(self._cursor, [framed((self._acked, self._ledger.dropped))], 0)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _next(self, number: int) -> tuple[Segment, int] | None:
        found = [self._first_after(lane, number) for lane in LANES]
        return min((one for one in found if one), key=lambda one: one[0], default=(0, None))[1]

    def _first_after(self, lane: Lane, number: int) -> tuple[int, tuple[Segment, int]] | None:
        for segment in self._segments[lane]:
            if segment.last > number:
                own, place = segment.places[bisect(segment.places, number, key=itemgetter(0))]
                return own, (segment, place)
        return None

    # -- finding again ------------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        findings = Findings().look(self._disk, self.folder)
        self.damaged = findings.damaged
        newest = max(findings.found, key=lambda one: one.head.number, default=None)
        if newest is not None:
            self._ledger = Ledger(life=newest.head.life)
        for one in findings.found:
            self._ledger.join(one.head)
            for message in one.messages:
                self._ledger.note(message, one.head.life)
            self._segments[one.segment.lane].append(one.segment)
        self._cursor = self._disk.open(self.folder / "acked", create=True)
        self._acked, dropped = read_cursor(self._disk, self._cursor, most=self._ledger.number)
        self._ledger.join(Ledger(dropped=dropped))
        if findings.unsure:
            self._ledger.renew()
            for lane in LANES:
                self._renew(lane)

    def _renew(self, lane: Lane) -> None:
        """Begin a segment of the new life, on a full disk in the place of older ones."""
        while True:
            try:
                self._segments[lane].append(self._begun(lane))
                return
            except OSError as error:
                if error.errno not in FULL or not self._give_way("summary"):
                    raise
