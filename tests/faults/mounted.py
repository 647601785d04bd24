"""A real mount with the faulty disk behind it: what a program does not sync, a power cut may take away.

Started once; commands come as lines. `mount` mounts and answers `mounted`; when the folder is unmounted, the power is
cut and comes back: the disk keeps what was synced and any part of the rest. The number of operations until the power
fails by itself is set from outside as an attribute of the folder: `os.setxattr(folder, CUT, b"120")`. From then on
everything fails until the next `mount`.
"""

import errno
import functools
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mfusepy

from pollux.testing.disk import FaultyDisk, PowerCut

CUT = "user.cut"


def powered(call: Callable[..., Any]) -> Callable[..., Any]:
    """An operation; without power it fails as it does when a drive is gone."""

    @functools.wraps(call)
    def tried(*given: Any) -> Any:
        try:
            return call(*given)
        except PowerCut:
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from None
        except KeyError:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT)) from None

    return tried


class Mounted(mfusepy.Operations):  # type: ignore[misc]
    """The faulty disk in the words of FUSE."""

    use_ns = True

    def __init__(self, disk: FaultyDisk) -> None:
        self._disk = disk
        self._folders = {Path("/")}

    @powered
    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        if Path(path) in self._folders:
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        handle = self._disk.open(Path(path))
        size = self._disk.size(handle)
        self._disk.close(handle)
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": size}

    @powered
    def readdir(self, path: str, fh: int) -> list[str]:
        folders = [one.name for one in self._folders if one.parent == Path(path) and one != Path(path)]
        return [".", "..", *folders, *self._disk.list(Path(path))]

    @powered
    def mkdir(self, path: str, mode: int) -> int:
        # Names of folders are kept: what the log makes before its first entry is not what is tried here.
        self._folders.add(Path(path))
        return 0

    @powered
    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return self._disk.open(Path(path), create=True)

    @powered
    def open(self, path: str, flags: int) -> int:
        return self._disk.open(Path(path))

    @powered
    def release(self, path: str, fh: int) -> int:
        self._disk.close(fh)
        return 0

    @powered
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return self._disk.read(fh, size, offset)

    @powered
    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._disk.pwritev(fh, [data], offset)
        return len(data)

    @powered
    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        handle = self._disk.open(Path(path))
        self._disk.truncate(handle, length)
        self._disk.close(handle)
        return 0

    @powered
    def fallocate(self, path: str, mode: int, offset: int, size: int, fh: int) -> int:
        self._disk.fallocate(fh, offset + size)
        return 0

    @powered
    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._disk.fdatasync(fh)
        return 0

    @powered
    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self._disk.fsync_dir(Path(path))
        return 0

    @powered
    def rename(self, old: str, new: str) -> int:
        self._disk.rename(Path(old), Path(new))
        return 0

    @powered
    def unlink(self, path: str) -> int:
        self._disk.remove(Path(path))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        return 0

    def setxattr(self, path: str, name: str, value: bytes, options: int, position: int = 0) -> int:
        if name != CUT:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        self._disk.cut_at = self._disk.operations + int(value)
        return 0

    def init(self, path: str) -> None:
        os.write(1, b"mounted\n")


def main(folder: str, seed: int) -> None:
    """Mount as often as is asked, with the same disk; unmounted, it has lost its power once."""
    disk = FaultyDisk(seed=seed)
    operations = Mounted(disk)
    for _ in sys.stdin:
        mfusepy.FUSE(operations, folder, foreground=True, nothreads=True)
        disk.crash()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
