"""Reading the log from any entry on, in bounded memory, while it is being written."""

import itertools
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, final

import msgspec

from pollux.errors import DamagedLog, StorageError
from pollux.remember.disk import AbstractDisk, Disk
from pollux.remember.format import BOUNDARY, Kind, Prelude
from pollux.remember.recovery import ending, sealed
from pollux.remember.seal import Keys, Piece, Record, entry_of
from pollux.remember.segment import Mark, Walk, damaged, name_of, read_prelude, segments
from pollux.remember.writer import Durable

_RESTING = 8
_STRIDE = 1_000


class Span(NamedTuple):
    """The entries of one segment: `first` to `last`; `end` is None while it may still grow."""

    first: int
    last: int
    end: bytes | None
    """the hash of the segment's seal"""


@final
class LogReader:
    """Reads a log's folder; needs no lock, writes nothing, and may be used beside a process that writes.

    `horizon` tells how far the log is durable, where that is known (in the process that writes); elsewhere the log ends
    at its last whole entry.

    >>> import tempfile
    >>> from pollux.clock import SimulatedClock
    >>> from pollux.remember import Log, Note
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Log.open(folder, clock=SimulatedClock(0)) as log:
    ...     ticket = log.append(Note("tick", {"at": 5}))
    >>> [record.entry.body for record in LogReader(folder).read()]
    [{'at': 5}]
    """

    def __init__(
        self,
        folder: Path,
        *,
        disk: AbstractDisk | None = None,
        keys: Keys | None = None,
        horizon: Callable[[], Durable] | None = None,
    ) -> None:
        self._folder = folder / "log"
        self._disk = disk or Disk()
        self._keys = keys
        self._horizon = horizon
        self._preludes: dict[int, Prelude] = {}
        self._resting: dict[tuple[int, int], Mark] = {}
        self._marks: dict[int, dict[int, Mark]] = {}

    def read(self, after: int = 0, until: int | None = None) -> Iterator[Record]:
        """The entries behind number `after`, in order, up to `until` or to what is durable when it begins.

        Every byte that is read is checked: head, payload and chain.

        Raises:
            DamagedLog: bytes have changed; everything before was given.
            SetupError: an entry is sealed and there are no keys.
            StorageError: the disk cannot be read.
        """
        durable = self._horizon() if self._horizon else None
        firsts = self._segments(durable)
        start = max(0, bisect_right(firsts, after + 1) - 1)
        for first, following in itertools.zip_longest(firsts[start:], firsts[start + 1 :]):
            for record in self._readable(self._read_segment(first, following, durable, after)):
                if until is not None and record.seq > until:
                    return
                yield record

    def _readable(self, records: Iterator[Record]) -> Iterator[Record]:
        try:
            yield from records
        except OSError as error:
            raise StorageError(f"expected the disk to read, got: {error}", at=self._folder.name) from error

    def segments(self) -> list[Span]:
        """All segments with entries."""
        durable = self._horizon() if self._horizon else None
        firsts = self._segments(durable)
        spans = [
            Span(first, following - 1, self._prelude(following).previous)
            for first, following in itertools.pairwise(firsts)
        ]
        if durable is not None and firsts:
            spans.append(Span(firsts[-1], durable.seq, None if durable.growing else durable.digest))
        elif firsts:
            spans.append(Span(firsts[-1], 2**63 - 1, None))
        return spans

    def size(self, span: Span) -> int:
        """The bytes of a segment's file."""
        handle = self._disk.open(self._folder / name_of(span.first))
        try:
            return self._disk.size(handle)
        finally:
            self._disk.close(handle)

    def sequence_at(self, time: int) -> int:
        """The last entry that had arrived at `time`; 0 when none had."""
        durable = self._horizon() if self._horizon else None
        firsts = self._segments(durable)
        start = max(0, bisect_right(firsts, time, key=lambda first: self._prelude(first).since) - 1)
        if start == len(firsts):
            return 0
        found = firsts[start] - 1
        for seq, arrival in self._heads(firsts[start], durable):
            if arrival > time:
                break
            found = seq
        return found

    # -- inside -------------------------------------------------------------------------------------------------------

    def _segments(self, durable: Durable | None) -> list[int]:
        """The segments that hold entries, as far as is durable."""
        firsts = segments(self._disk, self._folder)
        if durable is not None:
            return [first for first in firsts if first <= durable.first]
        return [first for first in firsts if first != firsts[-1] or self._begun(first)]

    def _begun(self, first: int) -> bool:
        """Whether the last segment has a prelude; after a crash it may have another one than before."""
        prelude = read_prelude(self._disk, self._folder / name_of(first))
        if prelude is not None:
            self._preludes[first] = prelude
        return prelude is not None

    def _prelude(self, first: int) -> Prelude:
        known = self._preludes.get(first)
        if known is None:
            path = self._folder / name_of(first)
            known = read_prelude(self._disk, path)
            if known is None or known.first != first:
                raise damaged(path, 0, f"expected the segment that begins with entry {first}")
            self._preludes[first] = known
        return known

    def _read_segment(self, first: int, following: int | None, durable: Durable | None, after: int) -> Iterator[Record]:
        path = self._folder / name_of(first)
        limit = _limit(first, durable)
        # Whoever follows the log goes on where the last reading ended, instead of passing over the whole segment.
        start = self._resting.pop((first, after), None) or self._near(first, after)
        walk = Walk(self._disk, path, self._prelude(first), until=limit, start=start)
        yield from self._entries(path, walk, after)
        self._ended(path, walk, limit, following)
        if walk.mark.digest and walk.seal is None:
            self._resting[first, walk.mark.seq] = walk.mark
            for oldest in list(self._resting)[:-_RESTING]:
                self._resting.pop(oldest, None)

    def _near(self, first: int, after: int) -> Mark | None:
        """The nearest known place before an entry: whoever asks for the past passes over little to come to it."""
        known = self._marks.get(first, {})
        places = range(after - after % _STRIDE, first, -_STRIDE) if known else ()
        return next((known[seq] for seq in places if seq in known), None)

    def _passed(self, first: int, mark: Mark) -> None:
        """Remember a place. Only where it is known that it is durable, because what is not may be cut off."""
        if self._horizon is not None and mark.seq % _STRIDE == 0:
            known = self._marks.setdefault(first, {})
            if mark.digest or mark.seq not in known:
                known[mark.seq] = mark

    def _ended(self, path: Path, walk: Walk, limit: int | None, following: int | None) -> None:
        """Whether a segment may end where it ended; if not, this is the fault that is named."""
        if limit is not None:
            if walk.mark.offset != limit:
                raise damaged(path, walk.stop.offset if walk.stop else 0, walk.stop.message if walk.stop else "")
            return
        if following is None:
            ending(self._disk, path, walk)
            return
        sealed(self._disk, path, walk)
        if self._prelude(following).previous != walk.mark.digest or following != walk.mark.seq + 1:
            file = self._folder / name_of(following)
            raise damaged(file, 0, f"expected the segment that follows entry {walk.mark.seq}, got another")

    def _entries(self, path: Path, walk: Walk, after: int) -> Iterator[Record]:
        pieces: list[Piece] = []
        for step in walk.steps(after):
            if step.head.flags & BOUNDARY and step.head.kind != Kind.SEAL:
                self._passed(walk.prelude.first, walk.mark)
            if step.head.kind == Kind.SEAL or step.head.seq <= after:
                continue
            pieces.append((step.head, step.payload))
            if step.head.flags & BOUNDARY:
                try:
                    record = entry_of(pieces, self._keys)
                except (msgspec.MsgspecError, ValueError, struct.error, DamagedLog) as error:
                    raise damaged(path, step.offset, f"expected an entry that can be read, got: {error}") from error
                yield record
                pieces = []

    def _heads(self, first: int, durable: Durable | None) -> Iterator[tuple[int, int]]:
        """Sequence and arrival of the entries of a segment."""
        walk = Walk(self._disk, self._folder / name_of(first), self._prelude(first), until=_limit(first, durable))
        for step in walk.steps(after=2**63):
            if step.head.kind != Kind.SEAL and step.head.flags & BOUNDARY:
                yield step.head.seq, step.head.arrival


def _limit(first: int, durable: Durable | None) -> int | None:
    """The byte up to which a segment is durable; None where the whole segment is."""
    return durable.offset if durable is not None and durable.first == first else None
