"""Reading one segment record by record, with every check: head, payload, order, chain.

A walk ends at a seal or where no whole record is; `Walk.stop` says which. Whether that is the end of what was written,
a torn tail or damage is decided in `recovery`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, final

import msgspec

from pollux.errors import DamagedLog
from pollux.remember.chain import digest_of, link
from pollux.remember.disk import AbstractDisk
from pollux.remember.format import BOUNDARY, LAYOUTS, PRELUDE, Head, Kind, Prelude, decode_prelude, fill

CHUNK = 4 << 20
_LONGEST_HEAD = 1024

Ending = Literal["close", "roll", "recovered"]


def name_of(first: int) -> str:
    """The file name of the segment that begins with entry `first`."""
    return f"{first:016d}.seg"


def segments(disk: AbstractDisk, folder: Path) -> tuple[int, ...]:
    """The first entries of all segments in a folder, ascending."""
    names = [name for name in disk.list(folder) if name.endswith(".seg")]
    return tuple(int(name[:-4]) for name in names if name[:-4].isdigit() and len(name) == len(name_of(0)))


def shown(path: Path) -> str:
    """A file's name inside the data folder, for messages."""
    return f"{path.parent.name}/{path.name}"


@final
@dataclass(frozen=True, slots=True)
class Seal:
    """The last record of a segment: nothing follows it there.

    `ending` is `close` (the log was closed), `roll` (another segment follows) or `recovered` (after a crash: `dropped`
    bytes of a group that was never acknowledged were cut off).
    """

    ending: Ending
    records: int
    entries: int
    dropped: int = 0


def read_prelude(disk: AbstractDisk, path: Path) -> Prelude | None:
    """The prelude; None where nothing was written yet. Raises DamagedLog, StorageError."""
    handle = disk.open(path)
    try:
        body = disk.read(handle, PRELUDE, 0)
    finally:
        disk.close(handle)
    return decode_prelude(body, shown(path)) if body.strip(b"\0") else None


@final
class Window:
    """A part of a file in memory that moves forward: large reads, views without copies, bounded memory."""

    def __init__(self, disk: AbstractDisk, handle: int, until: int | None) -> None:
        self._disk = disk
        self._handle = handle
        self._until = until
        self._start = 0
        self._chunk = memoryview(b"")

    def view(self, offset: int, size: int) -> memoryview:
        """Bytes from `offset`; fewer than `size` only at the end."""
        at = offset - self._start
        if at < 0 or at + size > len(self._chunk):
            wanted = max(CHUNK, size)
            if self._until is not None:
                wanted = max(0, min(wanted, self._until - offset))
            self._chunk = memoryview(self._disk.read(self._handle, wanted, offset))
            self._start, at = offset, 0
        return self._chunk[at : at + size]


class Step(NamedTuple):
    """One record that passed every check. `payload` is valid for as long as it is held."""

    offset: int
    head: Head
    payload: memoryview


class Mark(NamedTuple):
    """A place between two entries: everything before it belongs together."""

    offset: int
    seq: int
    group: int
    digest: bytes
    arrival: int
    records: int


class Stop(NamedTuple):
    """Where a walk ended and why.

    `sealed`: at a seal. `head`: no head is there, `payload`: a head without its payload (both may be a torn tail).
    `order`: a whole record that does not belong there, which no crash explains.
    """

    offset: int
    why: Literal["sealed", "head", "payload", "order"]
    message: str
    group_end: int


@final
class Walk:
    """One way through one segment.

    `until` bounds it to what is durable. Entries up to `after` are passed over: their heads are checked, their
    payloads are not. `mark` is the end of the last whole entry; a walk may begin at the mark of an earlier one.
    """

    def __init__(
        self,
        disk: AbstractDisk,
        path: Path,
        prelude: Prelude,
        *,
        until: int | None = None,
        start: Mark | None = None,
    ) -> None:
        self._disk = disk
        self._path = path
        self._read_head = LAYOUTS[prelude.version].head
        self._until = until
        self.prelude = prelude
        self.mark = start or Mark(PRELUDE, prelude.first - 1, prelude.group - 1, prelude.previous, 0, 0)
        self.last_group: int = self.mark.group
        self.last_group_end: int = self.mark.offset
        self.last_group_start: int = self.mark.offset
        self.seal: Seal | None = None
        self.stop: Stop | None = None

    def steps(self, after: int = 0) -> Iterator[Step]:
        """The records, seals included, until the walk stops."""
        handle = self._disk.open(self._path)
        try:
            window = Window(self._disk, handle, self._until)
            before: Step | None = None
            digest: bytes | None = self.mark.digest or None
            while self.stop is None:
                step, digest = self._step(window, before, digest, after)
                if step is not None:
                    before = step
                    yield step
        finally:
            self._disk.close(handle)

    def _step(
        self, window: Window, before: Step | None, digest: bytes | None, after: int
    ) -> tuple[Step | None, bytes | None]:
        offset = before.offset + before.head.span if before else self.mark.offset
        raw = window.view(offset, _LONGEST_HEAD)
        head = self._read_head(raw, self.prelude.mark)
        if head is None:
            return self._stopped(offset, "head", "expected a record, got other bytes")
        payload = window.view(offset + head.length, head.span - head.length)
        content, after_fill = payload[: head.size], payload[head.size :]
        skipped = head.seq <= after and head.kind != Kind.SEAL
        if not skipped and not _whole(head, content, after_fill):
            self.last_group, self.last_group_end = head.group, head.group_end
            return self._stopped(offset, "payload", "expected the checksum of the payload to hold, got another")
        wrong = self._misplaced(head, before)
        if wrong:
            return self._stopped(offset, "order", wrong)
        if digest is not None and head.previous != digest:
            changed = before.offset if before else offset
            return self._stopped(changed, "order", "expected the record that its follower vouches for, got another")
        digest = None if skipped else link(raw[: head.length])
        if head.kind == Kind.SEAL:
            self.seal = _seal(content)
            if self.seal is None:
                return self._stopped(offset, "order", "expected a seal, got another payload")
        step = Step(offset, head, content)
        self._passed(step, digest)
        return step, digest

    def _passed(self, step: Step, digest: bytes | None) -> None:
        head = step.head
        if head.group != self.last_group:
            self.last_group_start = step.offset
        self.last_group, self.last_group_end = head.group, head.group_end
        if head.flags & BOUNDARY:
            end, records = step.offset + head.span, self.mark.records + head.parts
            self.mark = Mark(end, head.seq, head.group, digest or b"", head.arrival, records)
        if head.kind == Kind.SEAL:
            self.stop = Stop(self.mark.offset, "sealed", "", self.mark.offset)

    def _stopped(self, offset: int, why: Literal["head", "payload", "order"], message: str) -> tuple[None, None]:
        self.stop = Stop(offset, why, message, self.last_group_end)
        return None, None

    def _misplaced(self, head: Head, before: Step | None) -> str:
        """What is wrong with the place of a record that is whole in itself; empty where nothing is."""
        inside = before is not None and not before.head.flags & BOUNDARY
        seq = self.mark.seq + (head.kind != Kind.SEAL)
        part = before.head.part + 1 if inside and before is not None else 0
        if (head.seq, head.part) != (seq, part):
            return f"expected part {part} of entry {seq}, got part {head.part} of entry {head.seq}"
        if bool(head.flags & BOUNDARY) != (head.part == head.parts - 1):
            return f"expected the boundary at part {head.parts - 1}, got it at part {head.part}"
        if before is not None and head.arrival < before.head.arrival:
            return "expected arrivals that never run backwards, got an earlier one"
        return ""


def _whole(head: Head, content: memoryview, after: memoryview) -> bool:
    return len(content) == head.size and bytes(after) == fill(head.size) and digest_of(content) == head.digest


def _seal(content: memoryview) -> Seal | None:
    try:
        return msgspec.msgpack.decode(content, type=Seal)
    except msgspec.MsgspecError:
        return None


def damaged(path: Path, byte: int, message: str, hint: str | None = None) -> DamagedLog:
    """The error for a fault in a file of the log."""
    return DamagedLog(message, file=shown(path), byte=byte, hint=hint)
