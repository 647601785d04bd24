"""What a log looks like when it is opened: sealed, torn at its end, or damaged.

Groups are written one at a time, each durable before the next begins. So only the last group of an unsealed last
segment can be incomplete, and it was never acknowledged: it is cut off, and that is reported. Everything else that does
not pass the checks is damage and refused. Three things tell a torn group from a damaged one:

- *A later group.* Where any record of a later group is found behind, the earlier group was durable: damage. Records
  are found by the segment's mark, eight random bytes that no sender knows, so that no payload can imitate one.
- *A missing piece.* Space is preallocated and reads as zeros until written; disks write whole sectors (or words). What
  was not written therefore shows as a sector slice or a last word of zeros, or as a file that is too short.
- *Neither.* A group that is wholly there and fails its checks was written whole and changed later: damage.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from pollux.errors import DamagedLog
from pollux.remember.disk import AbstractDisk
from pollux.remember.format import (
    GENESIS,
    LAYOUTS,
    PRELUDE,
    SECTOR,
    SHORTEST_HEAD,
    Prelude,
    claimed_length,
)
from pollux.remember.segment import Mark, Stop, Walk, damaged, name_of, read_prelude, segments, shown

_WORD = 8
_NOTHING = Mark(0, 0, 0, GENESIS, 0, 0)


@final
@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found when the log was opened after a crash: `dropped` bytes at `byte` of `file` were cut off.

    They belonged to one group that was never acknowledged. `dropped` is 0 where the last group was complete.
    """

    file: str
    byte: int
    dropped: int


@final
@dataclass(frozen=True, slots=True)
class Tail:
    """Where a log ends, and what is to be done before it goes on.

    `prelude` is that of the last segment that holds entries (None: none does), `mark` its end. `unsealed` says that it
    must be cut at the mark and sealed. `group_start` is where the last group begins: it is written once more, because
    after a failed sync the system may show what never reached the disk. `empty` are later segments without entries.
    """

    prelude: Prelude | None
    mark: Mark
    group_start: int
    unsealed: bool
    recovery: Recovery | None
    empty: tuple[int, ...]


def survey(disk: AbstractDisk, folder: Path) -> Tail:
    """Look at the whole folder, in time that does not grow with the log beyond one read per segment.

    The preludes of all segments are checked, and every byte of the last one that holds entries.

    Raises:
        DamagedLog: bytes that were durable have changed, with file and byte.
        StorageError: the log is of a newer format.
    """
    firsts = segments(disk, folder)
    preludes = [(first, _prelude(disk, folder, first, firsts)) for first in firsts]
    filled = [(first, prelude) for first, prelude in preludes if prelude is not None]
    _linked(folder, filled)
    empty = tuple(first for first, prelude in preludes if prelude is None)
    if not filled:
        return _beginning(folder, empty)
    first, prelude = filled[-1]
    path = folder / name_of(first)
    walk = Walk(disk, path, prelude)
    for _ in walk.steps():
        pass
    recovery = ending(disk, path, walk)
    if walk.mark.seq < first and walk.seal is None:
        # The segment was begun and nothing in it was ever whole: it begins anew, after the one before it.
        return _begun(disk, folder, filled, first, recovery)
    _followed(folder, walk, empty)
    return Tail(prelude, walk.mark, walk.last_group_start, walk.seal is None, recovery, empty)


def _prelude(disk: AbstractDisk, folder: Path, first: int, firsts: Sequence[int]) -> Prelude | None:
    """The prelude of a segment; None where a crash came before it was durable, which only the last may show."""
    path = folder / name_of(first)
    try:
        prelude = read_prelude(disk, path)
    except DamagedLog:
        if first == firsts[-1] and _torn_prelude(disk.contents(path)):
            return None
        raise
    if prelude is None and (first != firsts[-1] or disk.contents(path).strip(b"\0")):
        raise damaged(path, 0, "expected the beginning of a log segment, got zeros")
    if prelude is not None and prelude.first != first:
        raise damaged(path, 0, f"expected the segment that begins with entry {first}, got {prelude.first}")
    return prelude


def _torn_prelude(body: bytes) -> bool:
    """Whether only a beginning of the prelude was written and nothing after it: it is durable before any record."""
    return len(body.rstrip(b"\0")) <= PRELUDE - _WORD


def _linked(folder: Path, filled: Sequence[tuple[int, Prelude]]) -> None:
    if filled and (filled[0][0] != 1 or filled[0][1].previous != GENESIS):
        raise damaged(folder / name_of(1), 0, "expected the log to begin with entry 1, got a later segment")
    for first, prelude in filled:
        if prelude.log_id != filled[0][1].log_id:
            raise damaged(folder / name_of(first), 0, "expected a segment of this log, got one of another")


def _beginning(folder: Path, empty: tuple[int, ...]) -> Tail:
    if empty not in ((), (1,)):
        raise damaged(folder / name_of(1), 0, "expected the first segment, got only a later one")
    return Tail(None, _NOTHING, 0, False, None, empty)


def _begun(
    disk: AbstractDisk,
    folder: Path,
    filled: Sequence[tuple[int, Prelude]],
    first: int,
    recovery: Recovery | None,
) -> Tail:
    if len(filled) == 1:
        return Tail(None, _NOTHING, 0, False, recovery, (first,))
    before, prelude = filled[-2]
    path = folder / name_of(before)
    walk = Walk(disk, path, prelude)
    for _ in walk.steps():
        pass
    sealed(disk, path, walk)
    _followed(folder, walk, (first,))
    return Tail(prelude, walk.mark, walk.last_group_start, False, recovery, (first,))


def _followed(folder: Path, walk: Walk, empty: tuple[int, ...]) -> None:
    """A segment that was rolled has a follower, and it begins with the next entry."""
    expected = walk.mark.seq + 1
    if walk.seal is not None and walk.seal.ending == "roll" and not empty:
        raise damaged(folder / name_of(expected), 0, "expected another segment, got none", _RESTORE)
    if empty and empty != (expected,):
        raise damaged(folder / name_of(empty[-1]), 0, f"expected the next segment to begin with entry {expected}")


_RESTORE = "restore the folder from a copy; `pollux verify` names every segment that is whole"


def sealed(disk: AbstractDisk, path: Path, walk: Walk) -> None:
    """Demand that a finished walk ended at a seal and that nothing lies behind it.

    Raises:
        DamagedLog: it did not.
    """
    stop = _stop(walk)
    if stop.why != "sealed":
        raise damaged(path, stop.offset, stop.message, _RESTORE)
    rest = _from(disk, path, stop.offset)
    if rest.strip(b"\0"):
        byte = stop.offset + len(rest) - len(rest.lstrip(b"\0"))
        raise damaged(path, byte, "expected nothing after the seal, got other bytes", _RESTORE)


def ending(disk: AbstractDisk, path: Path, walk: Walk) -> Recovery | None:
    """How the last segment ends: None where it was sealed; else what a crash left behind.

    Raises:
        DamagedLog: no crash explains what is there.
    """
    try:
        return _ending(disk, path, walk)
    except DamagedLog:
        # Another process may be writing: what was half there at the first look must be whole at the second.
        again = Walk(disk, path, walk.prelude, start=walk.mark)
        for _ in again.steps():
            pass
        if again.mark.offset <= walk.mark.offset:
            raise
        return ending(disk, path, again)


def _ending(disk: AbstractDisk, path: Path, walk: Walk) -> Recovery | None:
    stop = _stop(walk)
    if stop.why == "sealed":
        sealed(disk, path, walk)
        return None
    rest = _from(disk, path, stop.offset)
    written = len(rest.rstrip(b"\0"))
    if stop.why == "order" or _later_group(rest, walk, stop) or (written and not _torn(rest, stop, walk)):
        raise damaged(path, stop.offset, stop.message, _RESTORE)
    return Recovery(shown(path), walk.mark.offset, stop.offset + written - walk.mark.offset)


def _stop(walk: Walk) -> Stop:
    if walk.stop is None:
        raise RuntimeError("the walk has not come to its end")
    return walk.stop


def _from(disk: AbstractDisk, path: Path, offset: int) -> bytes:
    handle = disk.open(path)
    try:
        return disk.read(handle, max(0, disk.size(handle) - offset), offset)
    finally:
        disk.close(handle)


def _later_group(rest: bytes, walk: Walk, stop: Stop) -> bool:
    """Whether behind the stop any record of a group is found that began only after this one was durable."""
    mark, read_head = walk.prelude.mark, LAYOUTS[walk.prelude.version].head
    group = walk.last_group if stop.group_end > stop.offset else walk.last_group + 1
    at = rest.find(mark)
    while at >= 0:
        head = read_head(memoryview(rest)[at : at + 1024], mark)
        if head is not None and head.group > group:
            return True
        at = rest.find(mark, at + 1)
    return False


def _torn(rest: bytes, stop: Stop, walk: Walk) -> bool:
    """Whether a piece of the group that begins at or before the stop was never written."""
    length = max(stop.group_end - stop.offset, claimed_length(rest, walk.prelude.mark))
    group = rest[:length]
    if len(group) < length or not any(group[-_WORD:]) or len(rest.rstrip(b"\0")) <= SHORTEST_HEAD - _WORD:
        return True
    edges = [0, *range(SECTOR - stop.offset % SECTOR, length, SECTOR), length]
    return any(not any(group[start:end]) for start, end in itertools.pairwise(edges))
