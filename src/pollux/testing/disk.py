"""FaultyDisk: a disk in memory that does all that real ones are allowed to do, repeatably from a seed.

It loses what was not synced, wholly or in pieces, the names of new and renamed files too. It can lose power before any
operation, fill up, fail a write or a sync, and flip bits. What was synced it keeps.
"""

import errno
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from pollux.errors import SetupError
from pollux.remember.disk import AbstractDisk

_SECTOR = 512
_WORD = 8


@final
class PowerCut(BaseException):
    """The power is gone: nothing after this reaches the disk. Not an Exception, so that nobody handles it."""


@dataclass(slots=True)
class _Write:
    offset: int
    data: bytes


@dataclass(slots=True)
class _Resize:
    size: int


@dataclass(slots=True)
class _File:
    """A file as programs see it (`now`), as the platter has it (`safe`), and what lies between (`pending`)."""

    now: bytearray = field(default_factory=bytearray)
    safe: bytearray = field(default_factory=bytearray)
    pending: list[_Write | _Resize] = field(default_factory=lambda: list[_Write | _Resize]())


def _joined(pending: Sequence[_Write | _Resize]) -> Iterator[_Write | _Resize]:
    """The changes as they were asked for: what a system has split on its way, page by page, is one write again.

    A drive tears between sectors, or stops somewhere in a write; it does not stop within a sector and go on
    behind it.
    """
    last: _Write | _Resize | None = None
    for change in pending:
        if isinstance(last, _Write) and isinstance(change, _Write) and change.offset == last.offset + len(last.data):
            last = _Write(last.offset, last.data + change.data)
            continue
        if last is not None:
            yield last
        last = change
    if last is not None:
        yield last


def _put(content: bytearray, change: _Write | _Resize) -> None:
    if isinstance(change, _Resize):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    if not change.data:
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data


@final
class FaultyDisk(AbstractDisk):
    """A disk in memory with faults on demand.

    `capacity` bytes may be taken by files (None: no limit). `cut_at` is the number of the operation before which the
    power is cut; operations that change something are counted in `operations`. `fail_sync_at` and `fail_write_at` are
    numbers of operations that answer EIO; with `fail_all_syncs` every sync does. After a failed sync what was pending
    is never written, although later syncs say so: that is how systems behave. `crash` cuts the power now, `restart`
    brings the disk back after a cut.

    >>> disk = FaultyDisk(seed=1)
    >>> disk.make_folder(Path("data"))
    >>> handle = disk.open(Path("data/a"), create=True)
    >>> disk.pwritev(handle, [b"one"], 0)
    >>> disk.fdatasync(handle)
    >>> disk.fsync_dir(Path("data"))
    >>> disk.pwritev(handle, [b"two"], 3)
    >>> disk.crash()
    >>> disk.contents(Path("data/a"))[:3]
    b'one'
    """

    def __init__(
        self,
        *,
        seed: int,
        capacity: int | None = None,
        cut_at: int | None = None,
        fail_sync_at: int | None = None,
        fail_write_at: int | None = None,
    ) -> None:
        self._random = np.random.default_rng(seed)
        self.capacity = capacity
        self.cut_at = cut_at
        self.fail_sync_at = fail_sync_at
        self.fail_write_at = fail_write_at
        self.fail_all_syncs = False
        self.operations = 0
        self.syncs = 0
        self._names: dict[Path, _File] = {}
        self._safe_names: dict[Path, _File] = {}
        self._pending_names: list[dict[Path, _File | None]] = []
        self._folders: set[Path] = set()
        self._handles: dict[int, _File] = {}
        self._locks: dict[int, Path] = {}
        self._last_handle = 2
        self._off = False

    # -- faults -------------------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Cut the power and start again: of what was not synced any part may be there, or none."""
        self._off = True
        self.restart()

    def kill(self) -> None:
        """End the process, not the power: handles and locks are gone, what was written stays, synced or not."""
        self._handles.clear()
        self._locks.clear()

    def restart(self) -> None:
        """Power is back: the disk holds what survived the cut; all handles and locks are gone."""
        for changes in self._pending_names:
            if self._random.random() < 0.5:
                _rename(self._safe_names, changes)
        self._names = dict(self._safe_names)
        self._pending_names.clear()
        for file in {id(file): file for file in self._names.values()}.values():
            for change in _joined(file.pending):
                self._survive(file.safe, change)
            file.pending.clear()
            file.now = bytearray(file.safe)
        self._handles.clear()
        self._locks.clear()
        self._off = False
        self.cut_at = None

    def _survive(self, content: bytearray, change: _Write | _Resize) -> None:
        """Any part of a change that was not synced may have reached the platter."""
        fate = self._random.integers(4)
        if fate == 0:
            return
        if fate == 1 or isinstance(change, _Resize):
            _put(content, change)
            return
        if fate == 2:
            length = int(self._random.integers(len(change.data) + 1)) // _WORD * _WORD
            _put(content, _Write(change.offset, change.data[:length]))
            return
        end = change.offset + len(change.data)
        edges = [change.offset, *range((change.offset // _SECTOR + 1) * _SECTOR, end, _SECTOR), end]
        for start, stop in itertools.pairwise(edges):
            if self._random.random() < 0.5:
                piece = change.data[start - change.offset : stop - change.offset]
                _put(content, _Write(start, piece))

    def flip(self, path: Path, byte: int, *, mask: int = 1) -> None:
        """Change bits of a byte behind everybody's back."""
        file = self._names[path]
        file.now[byte] ^= mask
        if byte < len(file.safe):
            file.safe[byte] ^= mask

    def cut(self, path: Path, size: int) -> None:
        """Shorten a file behind everybody's back."""
        file = self._names[path]
        del file.now[size:]
        del file.safe[size:]

    def used(self) -> int:
        """Bytes taken by all files."""
        return sum(len(file.now) for file in self._names.values())

    def paths(self) -> tuple[Path, ...]:
        """All files that can be seen now."""
        return tuple(sorted(self._names))

    def _operation(self) -> None:
        if self._off:
            raise PowerCut
        self.operations += 1
        if self.cut_at is not None and self.operations >= self.cut_at:
            self._off = True
            raise PowerCut

    def _sync_fails(self) -> bool:
        return self.fail_all_syncs or self.operations == self.fail_sync_at

    # -- AbstractDisk -------------------------------------------------------------------------------------------------

    def open(self, path: Path, *, create: bool = False) -> int:
        if path not in self._names:
            if not create:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            self._operation()
            self._name({path: _File()})
        self._last_handle += 1
        self._handles[self._last_handle] = self._names[path]
        return self._last_handle

    def _file(self, handle: int) -> _File:
        if handle not in self._handles:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._handles[handle]

    def close(self, handle: int) -> None:
        self._handles.pop(handle, None)
        self._locks.pop(handle, None)

    def pwritev(self, handle: int, pieces: Sequence[bytes], offset: int) -> None:
        self._operation()
        file, data = self._file(handle), b"".join(pieces)
        if self.operations == self.fail_write_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        growth = max(0, offset + len(data) - len(file.now))
        room = growth if self.capacity is None else max(0, self.capacity - self.used())
        written = data if growth <= room else data[: max(0, len(data) - growth + room)]
        change = _Write(offset, bytes(written))
        _put(file.now, change)
        file.pending.append(change)
        if len(written) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fdatasync(self, handle: int) -> None:
        self._operation()
        self.syncs += 1
        file = self._file(handle)
        if self._sync_fails():
            file.pending.clear()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        for change in file.pending:
            _put(file.safe, change)
        file.pending.clear()

    def truncate(self, handle: int, size: int) -> None:
        self._operation()
        self._resize(self._file(handle), size)

    def fallocate(self, handle: int, size: int) -> None:
        self._operation()
        file = self._file(handle)
        if self.capacity is not None and self.used() + max(0, size - len(file.now)) > self.capacity:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._resize(file, max(size, len(file.now)))

    def _resize(self, file: _File, size: int) -> None:
        change = _Resize(size)
        _put(file.now, change)
        file.pending.append(change)

    def size(self, handle: int) -> int:
        return len(self._file(handle).now)

    def read(self, handle: int, size: int, offset: int) -> bytes:
        if self._off:
            raise PowerCut
        return bytes(self._file(handle).now[offset : offset + size])

    def fsync_dir(self, folder: Path) -> None:
        self._operation()
        if self._sync_fails():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        for changes in self._pending_names:
            _rename(self._safe_names, {path: file for path, file in changes.items() if path.parent == folder})
        kept = [{p: f for p, f in changes.items() if p.parent != folder} for changes in self._pending_names]
        self._pending_names = [changes for changes in kept if changes]

    def rename(self, source: Path, target: Path) -> None:
        self._operation()
        self._name({source: None, target: self._names[source]})

    def remove(self, path: Path) -> None:
        self._operation()
        self._name({path: None})

    def _name(self, changes: dict[Path, _File | None]) -> None:
        _rename(self._names, changes)
        self._pending_names.append(changes)

    def list(self, folder: Path) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in self._names if path.parent == folder))

    def make_folder(self, folder: Path) -> None:
        self._folders.add(folder)

    def lock(self, folder: Path) -> int:
        if folder in self._locks.values():
            raise SetupError("expected a folder that no other process has open, got one in use", at=folder.name)
        self._last_handle += 1
        self._locks[self._last_handle] = folder
        return self._last_handle


def _rename(names: dict[Path, _File], changes: dict[Path, _File | None]) -> None:
    for path, file in changes.items():
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file
