"""The disk, as an interface: what the log asks of storage, and the real one.

Everything in this package reaches files through an `AbstractDisk` that is handed over, so that a test can put
`pollux.testing.FaultyDisk` in its place: a disk that loses what was not synced, tears writes, flips bits, is full or
fails. A handle is a small number, as in POSIX. Errors are `OSError` with its errno.
"""

import contextlib
import errno
import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import final

from pollux.errors import SetupError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_VECTORS = 1000
# On macOS fsync leaves data in the cache of the drive; this does not.
_THROUGH_THE_CACHE: int | None = getattr(fcntl, "F_FULLFSYNC", None)
_ZEROS = bytes(1 << 20)


class AbstractDisk(ABC):
    """What the log needs of storage, with the guarantees that it builds on."""

    @abstractmethod
    def open(self, path: Path, *, create: bool = False) -> int:
        """A handle for reading and writing. A new file is 0600 and empty; its name is durable after `fsync_dir`."""

    @abstractmethod
    def close(self, handle: int) -> None:
        """Give the handle back; says nothing about durability."""

    @abstractmethod
    def pwritev(self, handle: int, pieces: Sequence[bytes], offset: int) -> None:
        """Write all pieces one after the other; durable only after `fdatasync`."""

    @abstractmethod
    def fdatasync(self, handle: int) -> None:
        """When it returns, all content and the size of the file are durable. When it raises, nothing may be assumed."""

    @abstractmethod
    def truncate(self, handle: int, size: int) -> None:
        """Cut the file; durable only after `fdatasync`."""

    @abstractmethod
    def fallocate(self, handle: int, size: int) -> None:
        """Reserve space up to `size`; what was not written reads as zeros."""

    @abstractmethod
    def size(self, handle: int) -> int:
        """Bytes in the file."""

    @abstractmethod
    def read(self, handle: int, size: int, offset: int) -> bytes:
        """Up to `size` bytes; fewer only at the end of the file."""

    @abstractmethod
    def fsync_dir(self, folder: Path) -> None:
        """When it returns, names that were created, renamed or removed in the folder are durable."""

    @abstractmethod
    def rename(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target` in one step; durable after `fsync_dir`."""

    @abstractmethod
    def remove(self, path: Path) -> None:
        """Take a name away; durable after `fsync_dir`."""

    @abstractmethod
    def list(self, folder: Path) -> tuple[str, ...]:
        """The names in a folder, sorted; none when there is no such folder."""

    @abstractmethod
    def make_folder(self, folder: Path) -> None:
        """Make a folder that only its owner may enter, durably, with those above it; fine when it is there."""

    @abstractmethod
    def lock(self, folder: Path) -> int:
        """Keep every other process out of the folder until the handle is closed or this process ends."""

    def contents(self, path: Path) -> bytes:
        """All bytes of a file."""
        handle = self.open(path)
        try:
            return self.read(handle, self.size(handle), 0)
        finally:
            self.close(handle)


@final
class Disk(AbstractDisk):
    """The disk of this machine, through POSIX calls.

    Durability is what `fdatasync` gives: a disk that answers a flush without doing it takes acknowledged data with it.
    """

    def open(self, path: Path, *, create: bool = False) -> int:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)

    def close(self, handle: int) -> None:
        os.close(handle)

    def pwritev(self, handle: int, pieces: Sequence[bytes], offset: int) -> None:
        if len(pieces) > _VECTORS:
            pieces = [b"".join(pieces)]
        written, total = os.pwritev(handle, pieces, offset), sum(map(len, pieces))
        if written < total:
            # A write may stop short at a signal or where space ends; the rest follows, or raises why it cannot.
            rest = memoryview(b"".join(pieces))
            while written < total:
                written += os.pwrite(handle, rest[written:], offset + written)

    def fdatasync(self, handle: int) -> None:
        if _THROUGH_THE_CACHE is None:
            os.fdatasync(handle)
        else:
            fcntl.fcntl(handle, _THROUGH_THE_CACHE)

    def truncate(self, handle: int, size: int) -> None:
        os.ftruncate(handle, size)

    def fallocate(self, handle: int, size: int) -> None:
        try:
            os.posix_fallocate(handle, 0, size)
        except AttributeError:
            self._fill(handle, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
            self._fill(handle, size)

    def _fill(self, handle: int, size: int) -> None:
        """Reserve by writing zeros: slower, but a sparse file would run out of space only when it is synced."""
        for offset in range(self.size(handle), size, len(_ZEROS)):
            self.pwritev(handle, [_ZEROS[: size - offset]], offset)

    def size(self, handle: int) -> int:
        return os.fstat(handle).st_size

    def read(self, handle: int, size: int, offset: int) -> bytes:
        found = os.pread(handle, size, offset)
        if len(found) == size or not found:
            return found
        return found + self.read(handle, size - len(found), offset + len(found))

    def fsync_dir(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def remove(self, path: Path) -> None:
        path.unlink()

    def list(self, folder: Path) -> tuple[str, ...]:
        with contextlib.suppress(FileNotFoundError):
            return tuple(sorted(os.listdir(folder)))
        return ()

    def make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if not folder.parent.is_dir():
            self.make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        self.fsync_dir(folder.parent)

    def lock(self, folder: Path) -> int:
        handle = self.open(folder / ".lock", create=True)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise SetupError(
                "expected a folder that no other process has open, got one in use",
                at=str(folder.name),
                hint="stop the other one, or read with LogReader, which needs no lock",
            ) from None
        return handle
