"""Snapshots: there whole or not at all."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.clock import DAY, HOUR
from pollux.errors import SetupError, StorageError
from pollux.remember import Snapshots
from pollux.remember import snapshots as layout
from pollux.testing.disk import PowerCut
from tests.remember.fakes import DATA, FakeKeys, disk

PATH = DATA / "snapshots" / "0000000000000003.snap"


@given(st.dictionaries(st.text(max_size=8), st.binary(max_size=200), max_size=5), st.integers(0, 2**62))
def test_parts_come_back(parts: dict[str, bytes], time: int) -> None:
    """Whatever parts are written, the same come back with sequence and time."""
    snapshots = Snapshots(DATA, disk=disk())
    snapshots.write(7, time, parts)
    latest = snapshots.latest()
    assert latest is not None
    assert (latest.seq, latest.time, latest.parts) == (7, time, parts)


def test_the_newest_that_fits_is_taken() -> None:
    """`latest` respects a bound in time and one in sequence, both included."""
    snapshots = Snapshots(DATA, disk=disk())
    assert snapshots.latest() is None
    for seq, time in ((10, 100), (20, 200), (30, 300)):
        snapshots.write(seq, time, {})
    newest = [snapshots.latest(200), snapshots.latest(199), snapshots.latest(99), snapshots.latest(before_seq=29)]
    assert [found and found.seq for found in newest] == [20, 10, None, 20]


def test_a_damaged_one_is_passed_over_and_reported() -> None:
    """Where the newest is damaged, the one before is given, and the fault is kept to be shown."""
    storage = disk()
    snapshots = Snapshots(DATA, disk=storage)
    snapshots.write(2, 1, {"a": b"old"})
    snapshots.write(3, 2, {"a": b"new"})
    for byte in range(len(storage.contents(PATH))):
        storage.flip(PATH, byte)
        snapshots.faults.clear()
        latest = snapshots.latest()
        assert latest is not None
        assert latest.parts == {"a": b"old"}
        assert [fault.file for fault in snapshots.faults] == ["snapshots/0000000000000003.snap"]
        storage.flip(PATH, byte)


def test_power_may_fail_at_any_moment() -> None:
    """Whenever the power is cut while one is written, the new one is there whole or the old one is."""
    seen = set()
    for seed in range(8):
        for cut in range(1, 9):
            storage = disk(seed)
            snapshots = Snapshots(DATA, disk=storage)
            snapshots.write(2, 1, {"a": b"old" * 400})
            storage.cut_at = storage.operations + cut
            with contextlib.suppress(PowerCut):
                snapshots.write(3, 2, {"a": b"new" * 400})
            storage.crash()
            again = Snapshots(DATA, disk=storage)
            latest = again.latest()
            assert latest is not None
            assert latest.parts == {"a": {2: b"old", 3: b"new"}[latest.seq] * 400}
            assert again.faults == []
            seen.add(latest.seq)
    assert seen == {2, 3}


def test_a_full_disk_leaves_the_old_one() -> None:
    """Where there is no room, writing raises and what was there before still is, with no half file beside it."""
    storage = disk()
    snapshots = Snapshots(DATA, disk=storage)
    snapshots.write(2, 1, {"a": b"old"})
    storage.capacity = storage.used() + 100
    with pytest.raises(StorageError, match="room"):
        snapshots.write(3, 2, {"a": bytes(1000)})
    latest = snapshots.latest()
    assert latest is not None
    assert latest.seq == 2
    assert len(storage.paths()) == 1


def test_old_ones_are_thinned() -> None:
    """Kept are the last few and the last of each day, for the days that the policy says."""
    snapshots = Snapshots(DATA, disk=disk(), keep=3, days=5, room=0)
    for i in range(80):
        snapshots.write(i + 1, i * 3 * HOUR, {})
    kept = snapshots.stamps()
    assert [(stamp.seq, stamp.time) for stamp in kept[-3:]] == [(i + 1, i * 3 * HOUR) for i in (77, 78, 79)]
    last = kept[-1].time // DAY
    assert sorted({stamp.time // DAY for stamp in kept}) == list(range(last - 4, last + 1))
    assert len(kept) == 4 + 3


def test_where_there_is_room_none_is_thinned_within_its_days() -> None:
    """With room for all, every snapshot of the last days stays; with less, the oldest hours lose theirs first."""
    roomy, tight = Snapshots(DATA, disk=disk(), keep=3, days=5), Snapshots(DATA, disk=disk(), keep=3, days=5, room=1200)
    for i in range(100):
        for snapshots in (roomy, tight):
            snapshots.write(i + 1, i * 2 * HOUR, {"a": b"x" * 8})
    last = roomy.stamps()[-1].time // DAY
    assert len(roomy.stamps()) == sum(1 for i in range(100) if i * 2 * HOUR // DAY > last - 5)
    kept = tight.stamps()
    assert sum(stamp.size for stamp in kept) <= 1200
    assert len(kept) > 7
    assert {stamp.time // DAY for stamp in kept} == set(range(last - 4, last + 1))


def test_a_newer_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot of a newer format is refused with a hint, not passed over as damaged."""
    snapshots = Snapshots(DATA, disk=disk())
    monkeypatch.setattr(layout, "VERSION", 2)
    snapshots.write(3, 1, {})
    monkeypatch.setattr(layout, "VERSION", 1)
    with pytest.raises(StorageError, match="newer Pollux"):
        snapshots.latest()


def test_personal_parts_need_keys() -> None:
    """Without keys a person's part is neither written nor read."""
    storage = disk()
    with pytest.raises(SetupError):
        Snapshots(DATA, disk=storage).write(1, 1, {}, personal={"ann": {"a": b"x"}})
    Snapshots(DATA, disk=storage, keys=FakeKeys()).write(1, 1, {}, personal={"ann": {"a": b"x"}})
    with pytest.raises(SetupError):
        Snapshots(DATA, disk=storage).latest()
