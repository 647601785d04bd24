"""Verification of a data folder."""

from pathlib import Path

import pytest

from pollux.clock import WallClock
from pollux.columns.frames import Frames
from pollux.remember import AbstractDisk, Anchor, Log, LogReader, Note, Snapshots, verify
from pollux.remember import format as layout
from pollux.remember.chain import digest_of
from pollux.remember.format import BOUNDARY, Draft, Kind, Place, encode_head, fill
from pollux.remember.segment import Step, Walk, read_prelude
from pollux.testing.disk import FaultyDisk
from tests.remember.fakes import DATA, FakeKeys, Passing, batch, disk, message, open_log

FIRST = DATA / "log" / "0000000000000001.seg"


def records(storage: AbstractDisk) -> list[Step]:
    """The records of the first segment."""
    return list(Walk(storage, FIRST, prelude_of(storage)).steps())


def prelude_of(storage: AbstractDisk) -> layout.Prelude:
    """The prelude of the first segment."""
    prelude = read_prelude(storage, FIRST)
    assert prelude is not None
    return prelude


def test_the_report_counts_what_is_there() -> None:
    """Entries, frames, sealed frames, segments, snapshots and the chain's head are reported."""
    storage, keys = disk(), FakeKeys()
    with open_log(storage, keys=keys, segment_bytes=1024) as log:
        log.append(Frames.of([message(0), message(1, subject="ann"), message(2, subject="ann")]))
        log.append(Note("n", {}))
        log.append(batch(range(9), size=100))
        log.flush()
        anchor = log.anchor
    Snapshots(DATA, disk=storage).write(2, 5, {"a": b"x"})
    shares: list[float] = []
    report = verify(DATA, disk=storage, anchors=[anchor], progress=shares.append)
    assert report.ok
    assert (report.entries, report.frames, report.sealed, report.snapshots) == (3, 12, 2, 1)
    assert report.segments == len(storage.paths()) - 1
    assert report.torn is None
    assert report.head.seq == 3
    assert shares[-1] == 1.0


def test_a_log_in_use_verifies(tmp_path: Path) -> None:
    """While a process writes, another may verify: the unsealed end is reported and no fault."""
    with Log.open(tmp_path, clock=WallClock()) as log:
        log.append(batch([1])).wait(20)
        report = verify(tmp_path)
        assert report.ok
        assert report.torn is not None
        assert report.torn.dropped == 0


def test_what_is_being_written_is_no_damage() -> None:
    """A group that was half there at the first look and whole at the second is no fault."""
    storage = disk()
    log = open_log(storage, segment_bytes=1 << 16)
    for i in range(3):
        log.append(batch([i], size=700))
        log.flush()
    assert [record.seq for record in LogReader(DATA, disk=HalfWritten(storage)).read()] == [1]
    assert verify(DATA, disk=HalfWritten(storage)).ok


class HalfWritten(Passing):
    """Shows only half of the second group, and nothing after it, the first time that records are read."""

    looked = False

    def read(self, handle: int, size: int, offset: int) -> bytes:
        found = super().read(handle, size, offset)
        if size <= layout.PRELUDE or self.looked:
            return found
        self.looked = True
        shown = records(self._disk)[1].offset + 300 - offset
        return found[:shown] + bytes(len(found) - shown)


def forged(storage: FaultyDisk, number: int, payload: bytes) -> None:
    """Replace a record with another one whose own checksums all hold."""
    step = records(storage)[number]
    old = step.head
    assert len(payload) == old.size
    draft = Draft(
        old.kind,
        old.flags,
        old.seq,
        old.part,
        old.parts,
        old.items,
        old.arrival,
        old.tenant,
        old.subject,
        payload,
        digest_of(payload),
    )
    head = encode_head(draft, Place(prelude_of(storage).mark, old.group, old.group_end, old.previous))
    handle = storage.open(FIRST)
    storage.pwritev(handle, [head, payload, fill(len(payload))], step.offset)


def test_a_forged_record_is_found_by_its_follower() -> None:
    """A record that was replaced, with checksums that hold, is named: the next one vouches for another."""
    storage = disk()
    with open_log(storage) as log:
        for i in range(4):
            log.append(Note("dose", {"mg": i}))
        log.flush()
    second = records(storage)[1]
    forged(storage, 1, bytes(second.payload).replace(b"\x01", b"\x09"))
    fault = verify(DATA, disk=storage).fault
    assert fault is not None
    assert (fault.file, fault.byte) == ("log/0000000000000001.seg", second.offset)


@pytest.mark.parametrize("how", ["swap", "delete", "repeat"])
def test_records_cannot_change_places(how: str) -> None:
    """A record that was swapped with another, left out, or put in twice is found."""
    storage = disk()
    with open_log(storage) as log:
        for i in range(4):
            log.append(Note("dose", {"mg": i}))
        log.flush()
    body = storage.contents(FIRST)
    steps = records(storage)
    pieces = [body[step.offset : step.offset + step.head.span] for step in steps]
    order = {"swap": [0, 2, 1, 3, 4], "delete": [0, 2, 3, 4], "repeat": [0, 1, 1, 2, 3, 4]}[how]
    handle = storage.open(FIRST)
    storage.truncate(handle, 0)
    storage.pwritev(handle, [body[: layout.PRELUDE], *(pieces[i] for i in order)], 0)
    assert verify(DATA, disk=storage).fault is not None


def test_an_anchor_finds_a_chain_that_was_rewritten() -> None:
    """A whole new log with valid hashes passes all checks but the anchor that was kept elsewhere."""
    storage = disk()
    with open_log(storage) as log:
        log.append(Note("dose", {"mg": 5}))
        log.flush()
        anchor = log.anchor
        log.append(Note("dose", {"mg": 6}))
        log.flush()
    assert verify(DATA, disk=storage, anchors=[anchor]).ok
    rewritten = disk()
    with open_log(rewritten) as log:
        log.append(Note("dose", {"mg": 50}))
        log.append(Note("dose", {"mg": 6}))
        log.flush()
    assert verify(DATA, disk=rewritten).ok
    assert not verify(DATA, disk=rewritten, anchors=[anchor]).ok


def test_an_anchor_finds_a_cut_tail() -> None:
    """Entries cut off behind an earlier state pass for a crash; the anchor says that they were there."""
    storage = disk()
    with open_log(storage) as log:
        log.append(Note("a", {}))
        log.flush()
        log.append(Note("b", {}))
        log.flush()
        anchor = log.anchor
    second = records(storage)[1]
    storage.cut(FIRST, second.offset)
    assert verify(DATA, disk=storage).ok
    fault = verify(DATA, disk=storage, anchors=[anchor]).fault
    assert fault is not None
    assert "anchored at entry 2" in fault.message


def test_an_anchor_taken_after_a_seal_holds() -> None:
    """An anchor taken from a log just opened, whose chain ends in a seal, holds later on too."""
    storage = disk()
    with open_log(storage) as log:
        log.append(Note("a", {}))
    with open_log(storage) as log:
        anchor = log.anchor
        log.append(Note("b", {}))
        log.flush()
        assert verify(DATA, disk=storage, anchors=[anchor, log.anchor]).ok
    assert not verify(DATA, disk=storage, anchors=[Anchor(1, "00" * 32)]).ok


def test_a_damaged_snapshot_is_a_fault() -> None:
    """Every byte of a snapshot is watched, and its file is named."""
    storage = disk()
    snapshots = Snapshots(DATA, disk=storage)
    snapshots.write(3, 5, {"a": b"columns", "b": b"more"})
    path = DATA / "snapshots" / "0000000000000003.snap"
    for byte in range(len(storage.contents(path))):
        storage.flip(path, byte)
        fault = verify(DATA, disk=storage).fault
        assert fault is not None
        assert fault.file == "snapshots/0000000000000003.snap"
        storage.flip(path, byte)
    assert verify(DATA, disk=storage).ok


def test_a_seal_in_the_middle_ends_the_segment() -> None:
    """A record kind that ends a segment cannot hide what follows it."""
    storage = disk()
    with open_log(storage) as log:
        log.append(Note("a", {}))
        log.flush()
    seal = records(storage)[-1]
    draft = Draft(Kind.SEAL, BOUNDARY, 1, 0, 1, 0, 0, b"", b"", b"odd", digest_of(b"odd"))
    head = encode_head(draft, Place(prelude_of(storage).mark, seal.head.group, seal.head.group_end, seal.head.previous))
    handle = storage.open(FIRST)
    storage.truncate(handle, seal.offset)
    storage.pwritev(handle, [head, b"odd", fill(3)], seal.offset)
    assert verify(DATA, disk=storage).fault is not None
