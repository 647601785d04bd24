"""Writing groups: one write and one sync each, in segments that are sealed when they are full.

The order of steps when a segment is full makes every crash in between a legal state (see `recovery`): the next file is
made and its name durable; the full one gets its seal; the next one gets its prelude; then the first group goes there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import msgspec

from pollux.errors import StorageError, StorageFailed
from pollux.remember.chain import Anchor, digest_of, link
from pollux.remember.disk import FULL, AbstractDisk
from pollux.remember.format import BOUNDARY, PRELUDE, Draft, Kind, Place, Prelude, encode_head, fill
from pollux.remember.recovery import Tail
from pollux.remember.segment import Ending, Seal, name_of

_SEAL_ROOM = 512
_LEAST = 1 << 20


@final
class DiskFull(StorageError):
    """There is no room; nothing of the group was acknowledged, and the same group may be tried again."""


class Durable(NamedTuple):
    """How far the log is durable: entry, segment and the byte in it behind the last entry, and the chain there.

    `growing` is False where that segment is sealed; the chain then includes the seal.
    """

    seq: int
    first: int
    offset: int
    digest: bytes
    growing: bool


@dataclass(slots=True)
class _Open:
    """The segment being written."""

    handle: int
    first: int
    mark: bytes
    capacity: int
    offset: int
    records: int
    entries: int


@final
class Writer:
    """Writes groups behind the tail of a log. One thread uses it.

    A write or sync that fails for any other reason than a full disk is final: what the system still holds in memory
    may never reach the disk although a second sync says so. A full disk is not final: a group that found no room is
    written again at the same place, byte for byte.
    """

    def __init__(
        self,
        disk: AbstractDisk,
        folder: Path,
        tail: Tail,
        *,
        entropy: Callable[[int], bytes],
        segment_bytes: int,
    ) -> None:
        self._disk = disk
        self._folder = folder
        self._entropy = entropy
        self._segment_bytes = segment_bytes
        self._tail: Tail | None = tail
        self._log_id = tail.prelude.log_id if tail.prelude else entropy(16)
        self._segment: _Open | None = None
        self._next: tuple[int, int] | None = None
        self._seq = tail.mark.seq
        self._group = tail.mark.group
        self._arrival = tail.mark.arrival
        self._digest = tail.mark.digest
        self._failure: StorageFailed | None = None
        first = tail.prelude.first if tail.prelude else 0
        self.durable = Durable(self._seq, first, tail.mark.offset, self._digest, tail.unsealed)
        self.bytes_written = 0
        self.groups = 0

    @property
    def anchor(self) -> Anchor:
        """The chain at the last durable entry."""
        return Anchor(self.durable.seq, self.durable.digest.hex())

    def settle(self) -> None:
        """Cut and seal what a crash left behind. Raises DiskFull (then it is done before the next group)."""
        self._guarded(self._repair)

    def write(self, drafts: Sequence[Draft]) -> None:
        """Make a group durable.

        Raises:
            DiskFull: no room now; the next call must bring the same group.
            StorageFailed: from now on, always.
        """
        self._guarded(lambda: self._write(drafts))

    def close(self) -> None:
        """Seal the segment, so that whatever is changed afterwards is found."""
        self._guarded(self._close)

    def abandon(self) -> None:
        """Give handles back without writing anything more."""
        handles = [self._segment.handle] if self._segment else []
        handles += [self._next[0]] if self._next else []
        self._segment = self._next = None
        for handle in handles:
            self._disk.close(handle)

    # -- failing ------------------------------------------------------------------------------------------------------

    def _guarded(self, act: Callable[[], None]) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            act()
        except OSError as error:
            if error.errno in FULL:
                raise DiskFull("expected room on the disk, got none", hint="free space; it goes on by itself") from None
            self._fail(f"expected the disk to write, got: {error}")

    def _sync(self, handle: int) -> None:
        try:
            self._disk.fdatasync(handle)
        except OSError as error:
            # Also when it says that the disk is full: which pages were lost is not known.
            self._fail(f"expected the disk to make data durable, got: {error}")

    def _sync_names(self) -> None:
        try:
            self._disk.fsync_dir(self._folder)
        except OSError as error:
            self._fail(f"expected the disk to make a name durable, got: {error}")

    def _fail(self, message: str) -> None:
        self._failure = StorageFailed(
            message, at=self._folder.name, hint="nothing more is accepted; look at the disk, then start again"
        )
        raise self._failure

    # -- groups -------------------------------------------------------------------------------------------------------

    def _write(self, drafts: Sequence[Draft]) -> None:
        segment = self._room(sum(draft.span for draft in drafts), drafts[0].arrival)
        self._put(segment, drafts)
        segment.entries += drafts[-1].seq - self._seq
        self._seq, self._arrival = drafts[-1].seq, drafts[-1].arrival
        self.durable = Durable(self._seq, segment.first, segment.offset, self._digest, True)
        self.groups += 1

    def _put(self, segment: _Open, drafts: Sequence[Draft]) -> None:
        """One group: written, synced, and only then part of what this writer knows."""
        end = segment.offset + sum(draft.span for draft in drafts)
        pieces: list[bytes] = []
        digest = self._digest
        for draft in drafts:
            head = encode_head(draft, Place(segment.mark, self._group + 1, end, digest))
            digest = link(head)
            pieces += (head, draft.payload, fill(len(draft.payload)))
        self._disk.pwritev(segment.handle, pieces, segment.offset)
        self._sync(segment.handle)
        self.bytes_written += end - segment.offset
        segment.offset = end
        segment.records += len(drafts)
        self._group += 1
        self._digest = digest

    def _seal(self, segment: _Open, ending: Ending, dropped: int = 0) -> None:
        """The last group of a segment. It says the same whenever it is tried again, hence no clock."""
        seal = Seal(ending, segment.records, segment.entries, dropped)
        content = msgspec.msgpack.encode(seal)
        place = (BOUNDARY, self._seq, 0, 1, 0, self._arrival)
        self._put(segment, [Draft(Kind.SEAL, *place, b"", b"", content, digest_of(content))])

    # -- segments -----------------------------------------------------------------------------------------------------

    def _room(self, need: int, arrival: int) -> _Open:
        """The segment that takes the next group, with room for its seal behind it."""
        self._repair()
        segment = self._segment
        if segment is not None and segment.offset + need + _SEAL_ROOM <= segment.capacity:
            return segment
        if self._next is None:
            self._next = self._prepared(PRELUDE + need + _SEAL_ROOM)
        if segment is not None:
            self._seal(segment, "roll")
            self._segment = None
            self._release(segment)
        handle, capacity = self._next
        self._segment = self._begun(handle, capacity, arrival)
        self._next = None
        return self._segment

    def _prepared(self, need: int) -> tuple[int, int]:
        """The next file: there, as large as can be had, and its name durable."""
        path = self._folder / name_of(self._seq + 1)
        handle = self._disk.open(path, create=True)
        try:
            self._disk.truncate(handle, 0)
            capacity = self._allocated(handle, need)
        except OSError:
            self._disk.close(handle)
            raise
        self._sync(handle)
        self._sync_names()
        return handle, capacity

    def _allocated(self, handle: int, need: int) -> int:
        """Reserve a whole segment, or on a disk that is nearly full at least what is needed now."""
        sizes = sorted(
            {max(need, self._segment_bytes), max(need, min(_LEAST, self._segment_bytes)), need}, reverse=True
        )
        for size in sizes:
            try:
                self._disk.fallocate(handle, size)
            except OSError as error:
                self._disk.truncate(handle, 0)
                if error.errno not in FULL or size == sizes[-1]:
                    raise
            else:
                return size
        raise RuntimeError("no size was tried")

    def _begun(self, handle: int, capacity: int, arrival: int) -> _Open:
        mark = self._entropy(8)
        prelude = Prelude(self._log_id, mark, self._seq + 1, self._group + 1, arrival, self._digest)
        self._disk.pwritev(handle, [prelude.encode()], 0)
        self._sync(handle)
        return _Open(handle, self._seq + 1, mark, capacity, PRELUDE, 0, 0)

    def _release(self, segment: _Open) -> None:
        """Give the unused space of a sealed segment back; zeros after a seal are legal, so this need not be durable."""
        try:
            self._disk.truncate(segment.handle, segment.offset)
        finally:
            self._disk.close(segment.handle)

    def _close(self) -> None:
        self._repair()
        if self._segment is not None:
            self._seal(self._segment, "close")
            segment, self._segment = self._segment, None
            self.durable = Durable(self._seq, segment.first, segment.offset, self._digest, False)
            self._release(segment)
        self.abandon()

    # -- after a crash ------------------------------------------------------------------------------------------------

    def _repair(self) -> None:
        tail = self._tail
        if tail is None:
            return
        for first in tail.empty:
            self._rewritten(name_of(first), 0, 0)
        if tail.prelude is not None:
            self._rewritten(name_of(tail.prelude.first), tail.group_start, tail.mark.offset)
            self._sync_names()
            if tail.unsealed:
                self._recover(tail, tail.prelude)
        self._tail = None

    def _rewritten(self, name: str, start: int, end: int) -> None:
        """Write what lies between start and end once more, cut the file there, and make both durable.

        A process that ended at a failed sync leaves in the system's memory what reads as written and is not on the
        disk; a sync would not write it either, because it counts as done.
        """
        handle = self._disk.open(self._folder / name)
        try:
            if start < end:
                self._disk.pwritev(handle, [self._disk.read(handle, end - start, start)], start)
            self._disk.truncate(handle, end)
            self._sync(handle)
        finally:
            self._disk.close(handle)

    def _recover(self, tail: Tail, prelude: Prelude) -> None:
        """Put a seal where the log ends now; what lay behind is cut off durably."""
        end = tail.mark.offset
        handle = self._disk.open(self._folder / name_of(prelude.first))
        try:
            entries = tail.mark.seq - prelude.first + 1
            segment = _Open(handle, prelude.first, prelude.mark, end, end, tail.mark.records, entries)
            self._seal(segment, "recovered", tail.recovery.dropped if tail.recovery else 0)
            self.durable = Durable(self._seq, prelude.first, segment.offset, self._digest, False)
        finally:
            self._disk.close(handle)
