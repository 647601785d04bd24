"""The faulty disk itself, and the real one where they must agree."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.errors import SetupError
from pollux.remember import AbstractDisk, Disk
from pollux.testing.disk import FaultyDisk, PowerCut

PATH = Path("data/a")


def written(disk: FaultyDisk, *, synced: bool, named: bool) -> None:
    """A file with three sectors."""
    handle = disk.open(PATH, create=True)
    disk.pwritev(handle, [b"a" * 512, b"b" * 1024], 0)
    if synced:
        disk.fdatasync(handle)
    if named:
        disk.fsync_dir(PATH.parent)


def test_what_was_synced_survives() -> None:
    """Content after fdatasync and a name after fsync_dir are there after every crash."""
    for seed in range(50):
        disk = FaultyDisk(seed=seed)
        written(disk, synced=True, named=True)
        disk.crash()
        assert disk.contents(PATH) == b"a" * 512 + b"b" * 1024


def test_what_was_not_synced_may_be_lost_in_pieces() -> None:
    """Content that was not synced is kept, lost or torn; a name that was not synced is kept or lost."""
    fates = set()
    names = set()
    for seed in range(200):
        disk = FaultyDisk(seed=seed)
        written(disk, synced=False, named=True)
        disk.crash()
        body = disk.contents(PATH)
        fates.add("lost" if not body.strip(b"\0") else "whole" if body == b"a" * 512 + b"b" * 1024 else "torn")
        disk = FaultyDisk(seed=seed)
        written(disk, synced=True, named=False)
        disk.crash()
        names.add(disk.paths())
    assert fates == {"lost", "whole", "torn"}
    assert names == {(), (PATH,)}


def test_after_a_failed_sync_the_data_never_come() -> None:
    """A later sync says yes and writes nothing of what was pending when one failed."""
    disk = FaultyDisk(seed=1)
    handle = disk.open(PATH, create=True)
    disk.fsync_dir(PATH.parent)
    disk.pwritev(handle, [b"x" * 8], 0)
    disk.fail_all_syncs = True
    with pytest.raises(OSError, match="Input/output"):
        disk.fdatasync(handle)
    disk.fail_all_syncs = False
    disk.fdatasync(handle)
    assert disk.contents(PATH) == b"x" * 8
    disk.crash()
    assert disk.contents(PATH) == b""


def test_a_full_disk_says_so() -> None:
    """Writes and reservations beyond the capacity answer ENOSPC; what fitted is there."""
    disk = FaultyDisk(seed=1, capacity=100)
    handle = disk.open(PATH, create=True)
    with pytest.raises(OSError) as full:
        disk.fallocate(handle, 101)
    assert full.value.errno == errno.ENOSPC
    with pytest.raises(OSError):
        disk.pwritev(handle, [b"x" * 200], 0)
    assert disk.contents(PATH) == b"x" * 100
    disk.pwritev(handle, [b"y" * 100], 0)


def test_without_power_nothing_works() -> None:
    """From the operation on before which the power is cut, everything raises PowerCut until the restart."""
    disk = FaultyDisk(seed=1, cut_at=2)
    handle = disk.open(PATH, create=True)
    for _ in range(2):
        with pytest.raises(PowerCut):
            disk.pwritev(handle, [b"x"], 0)
    disk.restart()
    disk.open(PATH, create=True)


class Both(AbstractDisk):
    """Does everything on two disks and demands the same answers."""

    def __init__(self, real: Disk, root: Path) -> None:
        self.real = real
        self.faulty = FaultyDisk(seed=0)
        self.root = root

    def _pair(self, handle: int) -> tuple[int, int]:
        return divmod(handle, 1000)

    def open(self, path: Path, *, create: bool = False) -> int:
        return 1000 * self.real.open(self.root / path, create=create) + self.faulty.open(path, create=create)

    def close(self, handle: int) -> None:
        a, b = self._pair(handle)
        self.real.close(a)
        self.faulty.close(b)

    def pwritev(self, handle: int, pieces: Sequence[bytes], offset: int) -> None:
        a, b = self._pair(handle)
        self.real.pwritev(a, pieces, offset)
        self.faulty.pwritev(b, pieces, offset)

    def fdatasync(self, handle: int) -> None:
        a, b = self._pair(handle)
        self.real.fdatasync(a)
        self.faulty.fdatasync(b)

    def truncate(self, handle: int, size: int) -> None:
        a, b = self._pair(handle)
        self.real.truncate(a, size)
        self.faulty.truncate(b, size)

    def fallocate(self, handle: int, size: int) -> None:
        a, b = self._pair(handle)
        self.real.fallocate(a, size)
        self.faulty.fallocate(b, size)

    def size(self, handle: int) -> int:
        a, b = self._pair(handle)
        assert self.real.size(a) == self.faulty.size(b)
        return self.faulty.size(b)

    def read(self, handle: int, size: int, offset: int) -> bytes:
        a, b = self._pair(handle)
        found = self.real.read(a, size, offset)
        assert found == self.faulty.read(b, size, offset)
        return found

    def fsync_dir(self, folder: Path) -> None:
        self.real.fsync_dir(self.root / folder)
        self.faulty.fsync_dir(folder)

    def rename(self, source: Path, target: Path) -> None:
        self.real.rename(self.root / source, self.root / target)
        self.faulty.rename(source, target)

    def remove(self, path: Path) -> None:
        self.real.remove(self.root / path)
        self.faulty.remove(path)

    def list(self, folder: Path) -> tuple[str, ...]:
        assert self.real.list(self.root / folder) == self.faulty.list(folder)
        return self.faulty.list(folder)

    def make_folder(self, folder: Path) -> None:
        self.real.make_folder(self.root / folder)
        self.faulty.make_folder(folder)

    def lock(self, folder: Path) -> int:
        return 1000 * self.real.lock(self.root / folder) + self.faulty.lock(folder)


operations = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.lists(st.binary(max_size=30), max_size=3), st.integers(0, 60)),
        st.tuples(st.just("truncate"), st.integers(0, 80)),
        st.tuples(st.just("fallocate"), st.integers(1, 80)),
        st.tuples(st.just("read"), st.integers(1, 90), st.integers(0, 90)),
        st.tuples(st.just("sync")),
        st.tuples(st.just("rename")),
        st.tuples(st.just("list")),
    ),
    max_size=20,
)


@given(operations)
def test_both_disks_agree(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple]) -> None:  # type: ignore[type-arg]
    """Without faults, the disk in memory behaves as the real one."""
    disk = Both(Disk(), tmp_path_factory.mktemp("disk"))
    disk.make_folder(Path("data"))
    handle = disk.open(PATH, create=True)
    name, other = PATH, Path("data/b")
    for what, *arguments in steps:
        if what == "write":
            disk.pwritev(handle, *arguments)
        elif what == "truncate":
            disk.truncate(handle, *arguments)
        elif what == "fallocate":
            disk.fallocate(handle, *arguments)
        elif what == "read":
            disk.read(handle, *arguments)
        elif what == "sync":
            disk.fdatasync(handle)
        elif what == "rename":
            disk.rename(name, other)
            name, other = other, name
        else:
            disk.list(Path("data"))
    disk.size(handle)
    assert disk.contents(name) == disk.faulty.contents(name)
    disk.close(handle)


def test_the_real_disk_reserves_without_fallocate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system cannot reserve space, zeros are written in its place; other errors are not hidden."""

    def unsupported(handle: int, offset: int, size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    def full(handle: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    disk = Disk()
    handle = disk.open(tmp_path / "a", create=True)
    disk.pwritev(handle, [b"kept"], 0)
    monkeypatch.setattr(os, "posix_fallocate", unsupported)
    disk.fallocate(handle, 3_000_000)
    assert disk.size(handle) == 3_000_000
    assert disk.read(handle, 8, 0) == b"kept\0\0\0\0"
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="space"):
        disk.fallocate(handle, 4_000_000)
    disk.close(handle)


def test_the_real_disk_finishes_short_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that stops short is carried on, and many pieces are one write."""
    whole = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda fd, pieces, at: whole(fd, [b"".join(pieces)[:7]], at))
    disk = Disk()
    handle = disk.open(tmp_path / "a", create=True)
    disk.pwritev(handle, [b"abc"] * 2000, 5)
    assert disk.contents(tmp_path / "a") == bytes(5) + b"abc" * 2000
    disk.close(handle)


def test_both_disks_lock(tmp_path: Path) -> None:
    """A folder is locked once at a time, and free again when the handle is closed."""
    for disk, folder in ((Disk(), tmp_path), (FaultyDisk(seed=0), Path("data"))):
        handle = disk.lock(folder)
        with pytest.raises(SetupError, match="in use"):
            disk.lock(folder)
        disk.close(handle)
        disk.close(disk.lock(folder))
