"""Ends of logs: sealed, torn, damaged."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns.frames import Frames
from pollux.errors import DamagedLog, StorageFailed
from pollux.remember import Log, Note, Recovery, verify
from pollux.remember.format import PRELUDE
from pollux.remember.segment import Step, Walk, read_prelude
from pollux.testing.disk import FaultyDisk, PowerCut
from tests.remember.fakes import DATA, FakeKeys, batch, disk, everything, message, open_log, rows

FIRST = DATA / "log" / "0000000000000001.seg"


def steps(storage: FaultyDisk, path: Path = FIRST) -> list[Step]:
    """The records of a segment."""
    prelude = read_prelude(storage, path)
    assert prelude is not None
    return list(Walk(storage, path, prelude).steps())


def begun(storage: FaultyDisk, *, entries: int = 3, segment_bytes: int = 4096) -> Log:
    """An open log with some entries, one group each."""
    log = open_log(storage, segment_bytes=segment_bytes)
    for i in range(entries):
        log.append(batch([i, i + 1], size=90 + i))
        log.flush()
    return log


def left(storage: FaultyDisk, *, entries: int = 3) -> None:
    """A log whose process was killed."""
    begun(storage, entries=entries)
    storage.kill()


def closed(storage: FaultyDisk, *, entries: int = 3, segment_bytes: int = 4096) -> None:
    """A log that was closed."""
    begun(storage, entries=entries, segment_bytes=segment_bytes).close()


def expected(entries: int) -> list[object]:
    """What those logs hold."""
    return [rows(batch([i, i + 1], size=90 + i)) for i in range(entries)]


def test_a_clean_close_needs_no_recovery() -> None:
    """A sealed log opens without a word."""
    storage = disk()
    closed(storage)
    with open_log(storage) as log:
        assert log.recovery is None
        assert everything(log) == expected(3)


def test_an_unclean_end_is_reported_although_nothing_is_lost() -> None:
    """A log that was not closed says so at the next start, with no byte dropped, and is sealed then."""
    storage = disk()
    left(storage)
    storage.crash()
    end = steps(storage)[-1]
    with open_log(storage) as log:
        assert log.recovery == Recovery("log/0000000000000001.seg", end.offset + end.head.span, 0)
        assert everything(log) == expected(3)
    with open_log(storage) as log:
        assert log.recovery is None


def test_cut_anywhere_in_the_last_record_only_that_is_dropped() -> None:
    """Cut at each byte of the last group: the groups before stay, the rest is dropped and reported, never refused."""
    whole = disk()
    left(whole)
    last = steps(whole)[-1]
    for size in range(last.offset, last.offset + last.head.span):
        storage = disk()
        left(storage)
        storage.cut(FIRST, size)
        written = len(storage.contents(FIRST)[last.offset :].rstrip(b"\0"))
        assert verify(DATA, disk=storage).ok
        with open_log(storage) as log:
            assert log.recovery == Recovery("log/0000000000000001.seg", last.offset, written)
            assert everything(log) == expected(2)
            log.append(Note("on", {}))
            log.flush()
            assert len(everything(log)) == 3
        assert verify(DATA, disk=storage).ok


def test_cut_anywhere_in_the_seal_nothing_is_lost() -> None:
    """Cut at each byte of the seal: all entries stay, and the end is reported."""
    whole = disk()
    closed(whole)
    seal = steps(whole)[-1]
    for size in range(seal.offset, seal.offset + seal.head.span):
        storage = disk()
        closed(storage)
        storage.cut(FIRST, size)
        with open_log(storage) as log:
            assert log.recovery is not None
            assert everything(log) == expected(3)


@pytest.mark.parametrize("mask", [1, 0x80, 0xFF, 0xA5])
def test_a_changed_byte_of_a_closed_log_is_found_and_named(mask: int) -> None:
    """After a clean close every byte of every segment is watched: the report names its file and the record it is in."""
    storage = disk()
    closed(storage, entries=6, segment_bytes=1024)
    files = storage.paths()
    assert len(files) >= 2
    for path in files:
        starts = [0, *(step.offset for step in steps(storage, path)), len(storage.contents(path))]
        for byte in range(len(storage.contents(path))):
            storage.flip(path, byte, mask=mask)
            fault = verify(DATA, disk=storage).fault
            assert fault is not None, (path, byte)
            assert fault.file == f"log/{path.name}"
            start = max(start for start in starts if start <= byte)
            assert start <= fault.byte <= byte
            storage.flip(path, byte, mask=mask)


def test_a_changed_byte_of_the_last_segment_is_refused_at_start() -> None:
    """A changed byte in the last segment refuses the start; one in an earlier segment refuses the reading of it."""
    storage = disk()
    closed(storage, entries=6, segment_bytes=1024)
    *earlier, last = storage.paths()
    for path in (*earlier, last):
        for byte in range(0, len(storage.contents(path)), 3):
            storage.flip(path, byte)
            with pytest.raises(DamagedLog) as refusal:
                _opened_and_read(storage)
            assert refusal.value.file == f"log/{path.name}"
            if path == last:
                with pytest.raises(DamagedLog):
                    open_log(storage)
            storage.flip(path, byte)


def _opened_and_read(storage: FaultyDisk) -> None:
    with open_log(storage) as log:
        everything(log)


@pytest.mark.parametrize("mask", [1, 0xFF])
def test_a_changed_byte_before_an_unclean_end_is_found(mask: int) -> None:
    """Without a seal too: a group that is wholly there and fails its checks is damage, even the very last one."""
    storage = disk()
    left(storage)
    end = steps(storage)[-1]
    for byte in range(end.offset + end.head.span):
        storage.flip(FIRST, byte, mask=mask)
        with pytest.raises(DamagedLog) as refusal:
            open_log(storage)
        assert refusal.value.byte <= byte
        storage.flip(FIRST, byte, mask=mask)


def test_a_changed_byte_in_a_last_group_of_many_is_found() -> None:
    """In a last group of several entries every byte is watched too, without a seal."""
    storage = disk()
    log = begun(storage, entries=1)
    for i in range(5):
        log.append(batch([10 + i]))
    log.flush()
    storage.kill()
    records = steps(storage)
    assert len({step.head.group for step in records[1:]}) == 1
    for byte in range(records[1].offset, records[-1].offset + records[-1].head.span):
        storage.flip(FIRST, byte)
        with pytest.raises(DamagedLog):
            open_log(storage)
        storage.flip(FIRST, byte)


def test_a_byte_behind_the_end_loses_nothing() -> None:
    """A changed byte in the preallocated space behind the last group is reported and no entry is lost."""
    storage = disk()
    left(storage)
    end = steps(storage)[-1]
    storage.flip(FIRST, end.offset + end.head.span + 700)
    with open_log(storage) as log:
        assert log.recovery is not None
        assert log.recovery.dropped > 0
        assert everything(log) == expected(3)


def test_a_byte_behind_the_seal_is_refused() -> None:
    """After a seal only zeros may follow."""
    storage = disk()
    closed(storage)
    handle = storage.open(FIRST)
    size = storage.size(handle)
    storage.pwritev(handle, [bytes(100) + b"x"], size)
    with pytest.raises(DamagedLog, match="nothing after the seal") as refusal:
        open_log(storage)
    assert refusal.value.byte == size + 100


def test_a_lost_write_before_a_later_group_is_damage() -> None:
    """Zeros where a group was, and a later group behind: the disk lost what it had acknowledged. It is refused."""
    storage = disk()
    left(storage, entries=4)
    second = steps(storage)[1]
    handle = storage.open(FIRST)
    storage.pwritev(handle, [bytes(second.head.span)], second.offset)
    with pytest.raises(DamagedLog) as refusal:
        open_log(storage)
    assert refusal.value.byte == second.offset


def test_a_missing_segment_is_noticed() -> None:
    """Whichever segment is removed, first, middle or last after a roll, it is noticed."""
    storage = disk()
    closed(storage, entries=8, segment_bytes=1024)
    paths = storage.paths()
    assert len(paths) >= 3
    for path in paths:
        other = disk()
        closed(other, entries=8, segment_bytes=1024)
        other.remove(path)
        assert verify(DATA, disk=other).fault is not None


def test_segments_of_another_log_are_noticed() -> None:
    """A segment that another log wrote does not pass for one of this log."""
    storage, other = disk(), disk()
    closed(storage, entries=8, segment_bytes=1024)
    closed(other, entries=8, segment_bytes=1024)
    path = storage.paths()[1]
    handle, foreign = storage.open(path), other.contents(path)
    storage.pwritev(handle, [foreign], 0)
    fault = verify(DATA, disk=storage).fault
    assert fault is not None
    assert fault.file == f"log/{path.name}"


def test_a_payload_cannot_imitate_a_later_group() -> None:
    """What a device sends never looks like a record: a torn group whose payload holds whole segments is just torn."""
    stranger = disk()
    closed(stranger)
    storage = disk()
    log = open_log(storage, segment_bytes=1 << 16)
    log.append(Note("small", {}))
    log.flush()
    log.append(Note("bait", {"bytes": stranger.contents(FIRST)}))
    log.flush()
    storage.kill()
    bait = steps(storage)[-1]
    handle = storage.open(FIRST)
    storage.pwritev(handle, [bytes(512)], -(-bait.offset // 512) * 512)
    with open_log(storage, segment_bytes=1 << 16) as log:
        assert everything(log) == [Note("small", {})]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_a_torn_group_is_never_refused(seed: int, sizes: list[int]) -> None:
    """However the last group is torn, it is dropped or complete, and what came before is there."""
    storage = disk(seed)
    log = open_log(storage)
    log.append(batch([0]))
    log.flush()
    for i, size in enumerate(sizes):
        log.append(batch([i + 1], size=size))
    # Where a new segment is needed that takes more steps; the power goes somewhere on the way, or right after it.
    storage.cut_at = storage.operations + 2 + seed % 8
    with contextlib.suppress(PowerCut):
        log.flush()
    storage.crash()
    given = [rows(batch([0])), *(rows(batch([i + 1], size=size)) for i, size in enumerate(sizes))]
    with open_log(storage) as again:
        found = everything(again)
        assert len(found) >= 1
        assert found == given[: len(found)]


def test_a_half_written_batch_is_dropped_whole() -> None:
    """A batch of several persons is several records; where one is missing, none of them is given."""

    keys, storage = FakeKeys(), disk()
    log = open_log(storage, keys=keys, segment_bytes=1 << 16)
    log.append(Note("before", {}))
    log.flush()
    log.append(Frames.of(message(i, subject=f"person {i}", size=600) for i in range(3)))
    log.flush()
    storage.kill()
    parts = steps(storage)[1:]
    assert len(parts) == 3
    storage.cut(FIRST, parts[2].offset + 10)
    with open_log(storage, keys=keys) as again:
        assert everything(again) == [Note("before", {})]
        assert again.recovery is not None
        assert again.recovery.byte == parts[0].offset
        assert again.recovery.dropped > parts[0].head.span


def test_a_segment_begun_and_never_used_is_used_again() -> None:
    """A crash right after a segment was begun leaves no gap, neither at the very first nor after a roll."""
    for entries in (0, 3):
        for cut in range(1, 12):
            storage = disk(cut)
            log = begun(storage, entries=entries, segment_bytes=1024)
            storage.cut_at = storage.operations + cut
            with contextlib.suppress(PowerCut):
                log.append(batch([9], size=600))
                log.flush()
            storage.crash()
            with open_log(storage, segment_bytes=1024) as again:
                assert everything(again)[:entries] == expected(entries)
                again.append(Note("on", {}))
                again.flush()
                assert everything(again)[-1] == Note("on", {})
            assert verify(DATA, disk=storage).ok


def test_a_change_of_the_prelude_is_damage_also_without_entries() -> None:
    """The first 128 bytes are durable before any record, so that a change in them is never taken for a torn write."""
    storage = disk()
    left(storage, entries=1)
    for byte in range(PRELUDE):
        storage.flip(FIRST, byte, mask=0xFF)
        with pytest.raises(DamagedLog):
            open_log(storage)
        storage.flip(FIRST, byte, mask=0xFF)


def test_what_a_failed_sync_left_in_memory_is_written_again() -> None:
    """After a failed sync and a restart of the process, what still reads as written is made durable before going on."""
    storage = disk()
    log = begun(storage)
    storage.fail_all_syncs = True
    log.append(Note("limbo", {}))
    with pytest.raises(StorageFailed):
        log.flush()
    storage.kill()
    storage.fail_all_syncs = False
    log = open_log(storage)
    found = everything(log)
    log.append(Note("on", {}))
    log.flush()
    storage.crash()
    with open_log(storage) as log:
        assert everything(log) == [*found, Note("on", {})]
