"""The log as its users see it."""

import errno
import os
import stat
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.clock import SimulatedClock, WallClock
from pollux.columns.frames import Frames
from pollux.errors import DamagedLog, DataRefused, SetupError, StorageError, StorageFailed
from pollux.remember import Entry, Log, LogReader, Note
from pollux.remember import format as layout
from tests.remember.fakes import (
    DATA,
    FakeKeys,
    Passing,
    batch,
    disk,
    entries,
    everything,
    message,
    open_log,
    plain,
    rows,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(entries, st.sampled_from(["go on", "commit", "reopen"])), max_size=12))
def test_entries_come_back_however_they_were_written(given: list[tuple[Entry, str]]) -> None:
    """Any entries come back whole and in order, in whatever groups, segments and lives of the process they came."""
    storage, keys = disk(), FakeKeys()
    log = open_log(storage, keys=keys, segment_bytes=1024)
    for entry, then in given:
        log.append(entry)
        if then != "go on":
            log.flush()
        if then == "reopen":
            log.close()
            log = open_log(storage, keys=keys, segment_bytes=1024)
            assert log.recovery is None
    log.flush()
    assert everything(log) == [plain(entry) for entry, _ in given]
    log.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(entries, max_size=10), st.data())
def test_reading_begins_and_ends_anywhere(given: list[Entry], data: st.DataObject) -> None:
    """`read(after, until)` gives exactly the entries behind `after` up to `until`."""
    storage, keys = disk(), FakeKeys()
    log = open_log(storage, keys=keys, segment_bytes=700)
    for entry in given:
        log.append(entry)
        log.flush()
    after = data.draw(st.integers(0, len(given) + 1))
    until = data.draw(st.none() | st.integers(0, len(given) + 1))
    found = [record.seq for record in log.read(after, until)]
    assert found == list(range(after + 1, min(until if until is not None else 99, len(given)) + 1))
    log.close()


def test_the_real_disk_gives_the_same(tmp_path: Path) -> None:
    """On the disk of this machine, with a thread of its own, what is appended is acknowledged and read back."""
    with Log.open(tmp_path, clock=WallClock(), segment_bytes=1 << 16) as log:
        tickets = [log.append(batch([i, i + 1], size=500)) for i in range(200)]
        assert tickets[-1].wait(20)
        assert log.durable == 200
        assert len(everything(log)) == 200
    with Log.open(tmp_path, clock=WallClock()) as log:
        assert log.recovery is None
        assert everything(log) == [rows(batch([i, i + 1], size=500)) for i in range(200)]


def test_files_are_private_and_of_their_true_size(tmp_path: Path) -> None:
    """Folder 0700, files 0600, and preallocated space is given back when a segment is sealed."""
    with Log.open(tmp_path, clock=WallClock()) as log:
        log.append(batch([1])).wait(20)
        file = tmp_path / "log" / "0000000000000001.seg"
        assert file.stat().st_size == 64 << 20
    assert file.stat().st_size < 1000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    assert os.listdir(tmp_path) == ["log"]


def test_only_one_process_writes(tmp_path: Path) -> None:
    """A second `open` of the same folder is refused; after `close` it is free again."""
    with Log.open(tmp_path, clock=WallClock()), pytest.raises(SetupError, match="in use"):
        Log.open(tmp_path, clock=WallClock())
    Log.open(tmp_path, clock=WallClock()).close()


def test_opening_and_closing_writes_nothing() -> None:
    """A log to which nothing was appended leaves no files."""
    storage = disk()
    for _ in range(3):
        open_log(storage).close()
    assert storage.paths() == ()


def test_arrivals_never_run_backwards() -> None:
    """When the system's clock is set back, arrivals stand still: "the last entry at that time" has one answer."""
    storage = disk()
    clock = SimulatedClock(100)
    with Log.open(DATA, clock=clock, disk=storage, own_thread=False) as log:
        log.append(Note("a", {}))
        clock.advance_to(200)
        log.append(Note("b", {}))
        log.flush()
    with open_log(storage, now=50) as log:
        log.append(Note("c", {}))
        log.flush()
        assert [record.arrival for record in log.read()] == [100, 200, 200]
        assert [log.reader.sequence_at(time) for time in (99, 100, 199, 200, 300)] == [0, 1, 1, 3, 3]


def test_sequence_at_finds_the_segment() -> None:
    """Over many segments, the last entry at a time is the last one that had arrived."""
    storage = disk()
    clock = SimulatedClock(0)
    with Log.open(DATA, clock=clock, disk=storage, segment_bytes=1024, own_thread=False) as log:
        for i in range(40):
            clock.advance_to(10 * i)
            log.append(batch([i], size=200))
            log.flush()
        assert len(log.reader.segments()) > 5
        assert [log.reader.sequence_at(10 * i + 5) for i in range(40)] == list(range(1, 41))


def test_a_reader_sees_only_what_is_durable() -> None:
    """What is queued is not read; what was durable when reading began is."""
    with open_log(disk()) as log:
        log.append(Note("a", {}))
        assert everything(log) == []
        log.commit()
        reading = log.read()
        first = next(reading)
        log.append(Note("b", {}))
        log.commit()
        assert [first.seq, *(record.seq for record in reading)] == [1]
        assert len(everything(log)) == 2


def test_following_the_log_gives_each_entry_once() -> None:
    """Reading on from the last entry again and again, over rolls, gives every entry once."""
    with open_log(disk(), segment_bytes=1024) as log:
        seen: list[int] = []
        for i in range(50):
            log.append(batch([i], size=i * 7))
            log.commit()
            seen += [record.seq for record in log.read(seen[-1] if seen else 0)]
        assert seen == list(range(1, 51))


def test_another_process_may_read() -> None:
    """A reader without the lock reads a log that is open for writing, also while its newest segment is empty."""
    storage = disk()
    with open_log(storage) as log:
        reader = LogReader(DATA, disk=storage)
        assert list(reader.read()) == []
        log.append(Note("a", {"x": 1}))
        log.flush()
        assert [plain(record.entry) for record in reader.read()] == [Note("a", {"x": 1})]
    assert len(list(reader.read())) == 1


def test_an_entry_larger_than_a_segment_gets_one_of_its_own() -> None:
    """A batch that no segment of the usual size holds is written whole."""
    with open_log(disk(), segment_bytes=2048) as log:
        log.append(Note("small", {}))
        log.append(batch(range(50), size=500))
        log.append(Note("small", {}))
        log.flush()
        assert everything(log)[1] == rows(batch(range(50), size=500))


def test_what_cannot_be_written_uses_up_no_number() -> None:
    """A refused entry leaves no hole in the sequence."""
    with open_log(disk()) as log:
        with pytest.raises(DataRefused):
            log.append(Note("odd", {"a": object()}))
        with pytest.raises(DataRefused):
            log.append("text")  # type: ignore[arg-type]
        with pytest.raises(DataRefused):
            log.append(Note("x", {}, tenant="t" * 300))
        assert log.append(Note("a", {})).seq == 1


def test_a_closed_log_takes_nothing() -> None:
    """After `close` appending raises, and closing again does nothing."""
    log = open_log(disk())
    log.append(Note("a", {}))
    log.close()
    log.close()
    with pytest.raises(StorageFailed, match="closed"):
        log.append(Note("b", {}))
    assert not log.health.accepting


def test_a_newer_format_is_refused_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a newer format is refused with both numbers and a hint, and is not called damaged."""
    storage = disk()
    monkeypatch.setattr(layout, "VERSION", 2)
    with open_log(storage) as log:
        log.append(Note("a", {}))
        log.flush()
        monkeypatch.setattr(layout, "VERSION", 1)
    with pytest.raises(StorageError, match="format 1 or older, got format 2") as refusal:
        open_log(storage)
    assert not isinstance(refusal.value, DamagedLog)


def test_an_older_format_is_read_through_its_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version stays readable as long as its line stands in the table of layouts, beside newer ones."""
    storage = disk()
    with open_log(storage) as log:
        log.append(Note("old", {}))
        log.flush()
    monkeypatch.setattr(layout, "VERSION", 2)
    monkeypatch.setitem(layout.LAYOUTS, 2, layout.LAYOUTS[1])
    with open_log(storage) as log:
        log.append(Note("new", {}))
        log.flush()
    assert [note.kind for note in everything(open_log(storage))] == ["old", "new"]  # type: ignore[attr-defined]


def test_groups_of_many_entries_are_one_sync() -> None:
    """However many entries wait, a group costs one sync."""
    storage = disk()
    with open_log(storage, segment_bytes=1 << 20) as log:
        log.append(Note("first", {}))
        log.flush()
        before = storage.syncs
        for i in range(500):
            log.append(Frames.of([message(i)]))
        log.flush()
        assert storage.syncs == before + 1
        assert log.counts.groups == 2
        assert log.counts.entries == 501


def test_reading_needs_bounded_memory(tmp_path: Path) -> None:
    """A log is read in pieces: memory follows the size of an entry, not that of the log."""
    with Log.open(tmp_path, clock=WallClock()) as log:
        for i in range(60):
            log.append(batch([i], size=1 << 19))
        assert log.flush(60)
        tracemalloc.start()
        try:
            assert sum(1 for _ in log.read()) == 60
            assert tracemalloc.get_traced_memory()[1] < 16 << 20
        finally:
            tracemalloc.stop()


class Unreadable(Passing):
    """A disk that cannot read its data any more."""

    broken = False

    def read(self, handle: int, size: int, offset: int) -> bytes:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(handle, size, offset)


def test_a_disk_that_cannot_read_is_named() -> None:
    """An input/output error of a read is a StorageError, both when reading and at start."""
    storage = Unreadable(disk())
    with open_log(storage) as log:
        log.append(Note("a", {}))
        log.flush()
        storage.broken = True
        with pytest.raises(StorageError, match="read"):
            everything(log)
        storage.broken = False
    storage.broken = True
    with pytest.raises(StorageError, match="read"):
        open_log(storage)
    storage.broken = False
    open_log(storage).close()
