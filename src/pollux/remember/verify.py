"""Verify: read everything on disk and say what is there, and what is the first thing wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from pollux.errors import DamagedLog
from pollux.remember.chain import Anchor
from pollux.remember.disk import AbstractDisk, Disk
from pollux.remember.format import BOUNDARY, SEALED, Kind, Prelude
from pollux.remember.recovery import Recovery, ending, sealed, survey
from pollux.remember.segment import Walk, damaged, name_of, read_prelude, segments
from pollux.remember.snapshots import checked_snapshot


@final
@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing wrong: file in the data folder, byte, and what was expected and found."""

    file: str
    byte: int
    message: str


@final
@dataclass(frozen=True, slots=True)
class Report:
    """What a data folder holds. `torn` is what a crash left at the end, which the next start repairs: no fault.

    `frames` counts frames, `sealed` those of persons, `head` is the chain's end: an anchor for the next verification.
    """

    segments: int
    entries: int
    frames: int
    sealed: int
    bytes: int
    snapshots: int
    head: Anchor
    torn: Recovery | None
    fault: Fault | None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


def verify(
    folder: Path,
    *,
    disk: AbstractDisk | None = None,
    anchors: Sequence[Anchor] = (),
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Check every byte of the log and of the snapshots of a data folder; needs no keys, changes nothing.

    `anchors` were taken from `Log.anchor` earlier and kept elsewhere; each must be part of the chain. `progress` is
    called with the share that is done.

    >>> import tempfile
    >>> report = verify(Path(tempfile.mkdtemp()))
    >>> report.ok, report.entries
    (True, 0)
    """
    check = _Check(folder, disk or Disk(), {anchor.seq: anchor.digest for anchor in anchors})
    fault = None
    try:
        check.run(progress or (lambda share: None))
    except DamagedLog as error:
        fault = Fault(error.file, error.byte, error.message)
    return check.report(fault)


class _Check:
    """One verification under way."""

    def __init__(self, folder: Path, disk: AbstractDisk, anchors: dict[int, str]) -> None:
        self._folder = folder
        self._disk = disk
        self._anchors = anchors
        self._segments = self._entries = self._frames = self._sealed = self._bytes = self._snapshots = 0
        self._head = Anchor(0, "")
        self._torn: Recovery | None = None

    def report(self, fault: Fault | None) -> Report:
        """What was found so far."""
        counts = (self._segments, self._entries, self._frames, self._sealed, self._bytes, self._snapshots)
        return Report(*counts, self._head, self._torn, fault)

    def run(self, progress: Callable[[float], None]) -> None:
        """Check everything, in the order of the log."""
        place = self._folder / "log"
        begun = self._begun(place)
        before: Walk | None = None
        for number, (first, prelude) in enumerate(begun, start=1):
            before = self._segment(place / name_of(first), prelude, before, last=number == len(begun))
            progress(number / len(begun))
        # What no segment can say of itself: one that is missing, one of another log.
        survey(self._disk, place)
        for seq in sorted(self._anchors):
            path = place / name_of(begun[-1][0] if begun else 1)
            raise damaged(path, 0, f"expected the chain that was anchored at entry {seq}, got another")
        for name in self._disk.list(self._folder / "snapshots"):
            if name.endswith(".snap"):
                checked_snapshot(self._disk, self._folder / "snapshots" / name)
                self._snapshots += 1

    def _begun(self, place: Path) -> list[tuple[int, Prelude]]:
        """The segments with a prelude. Whether the last one's is torn or damaged is for `survey` to say."""
        firsts = segments(self._disk, place)
        found: list[tuple[int, Prelude]] = []
        for first in firsts:
            try:
                prelude = read_prelude(self._disk, place / name_of(first))
            except DamagedLog:
                if first != firsts[-1]:
                    raise
                prelude = None
            if prelude is not None:
                found.append((first, prelude))
        return found

    def _segment(self, path: Path, prelude: Prelude, before: Walk | None, *, last: bool) -> Walk:
        if before is not None and (prelude.previous, prelude.first) != (before.mark.digest, before.mark.seq + 1):
            raise damaged(path, 0, f"expected the segment that follows entry {before.mark.seq}, got another")
        walk = Walk(self._disk, path, prelude)
        self._walked(walk)
        self._segments += 1
        self._bytes += walk.mark.offset
        if last:
            self._torn = ending(self._disk, path, walk)
        else:
            sealed(self._disk, path, walk)
        return walk

    def _walked(self, walk: Walk) -> None:
        for step in walk.steps():
            head = step.head
            if head.kind == Kind.FRAMES:
                self._frames += head.items
                self._sealed += head.items if head.flags & SEALED else 0
            if head.kind != Kind.SEAL and head.flags & BOUNDARY:
                self._entries += 1
            if head.flags & BOUNDARY:
                self._head = Anchor(walk.mark.seq, walk.mark.digest.hex())
                if self._anchors.get(head.seq) == self._head.digest:
                    del self._anchors[head.seq]
