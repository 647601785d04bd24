"""The raw ring: the newest samples on disk, in one file of a fixed size."""

import contextlib
import mmap
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, I64
from pollux.edge.samples import Samples
from pollux.errors import StorageError

HEAD: Final = 4096
_FIXED: Final = struct.Struct("<4sI")
_COUNT: Final = 8
_VERSION: Final = b"PXR1"


@final
class Ring:
    """The newest `capacity` samples of some signals, (n, k) as float32 beside their times, in a file that is mapped.

        head, 4096 bytes: b"PXR1" | length u32 | MessagePack {signals, capacity} | at 4088 u64: how many were written
        then capacity records: time i64 | k x f32, little-endian

    The memory of the file is the system's, so that a killed process loses nothing that it has written. After a power
    cut some pages may be older than others: what is not later than the sample before it is left out when it is read. A
    file of other signals, or of another capacity, is begun anew; one of a newer version is refused.
    """

    def __init__(self, path: Path, signals: Sequence[str], capacity: int) -> None:
        self.capacity = capacity
        kind = np.dtype([("t", "<i8"), ("v", "<f4", (len(signals),))])
        head = msgspec.msgpack.encode({"signals": list(signals), "capacity": capacity})
        wanted = _FIXED.pack(_VERSION, len(head)) + head
        if len(wanted) > HEAD - _COUNT:
            raise StorageError("expected a head of at most 4088 bytes, got longer names", at=path.name)
        try:
            self._map = _mapped(path, wanted, HEAD + capacity * kind.itemsize)
        except OSError as error:
            raise StorageError(f"expected room for the raw samples, got: {error.strerror}", at=path.name) from error
        self._records: NDArray[Any] = np.frombuffer(self._map, kind, capacity, HEAD)
        self._count: NDArray[Any] = np.frombuffer(self._map, "<u8", 1, HEAD - _COUNT)

    @staticmethod
    def size(signals: int, capacity: int) -> int:
        """Bytes that a ring of so many signals takes on disk."""
        return HEAD + capacity * (8 + 4 * signals)

    @property
    def newest(self) -> int:
        """The time of the newest sample, 0 when there is none."""
        return int(self._records["t"][(self.count - 1) % self.capacity]) if self.count else 0

    @property
    def count(self) -> int:
        """How many samples were ever written."""
        return int(self._count[0])

    def write(self, times: I64, values: F64) -> None:
        """Keep samples, (n,) and (n, k); the oldest give way."""
        times, values = times[-self.capacity :], values[-self.capacity :]
        begin = self.count % self.capacity
        first = min(len(times), self.capacity - begin)
        with np.errstate(over="ignore"):
            for place, part in ((begin, slice(0, first)), (0, slice(first, None))):
                rows = self._records[place : place + len(times[part])]
                rows["t"], rows["v"] = times[part], values[part]
        # Last, so that what is counted was written before.
        self._count[0] = self.count + len(times)

    def read(self, begin: int, end: int) -> Samples:
        """The samples from `begin` up to, and not at, `end`, in ascending time."""
        held = min(self.count, self.capacity)
        start = (self.count - held) % self.capacity
        order = np.concatenate((np.arange(start, held), np.arange(0, min(start, held))))
        times = self._records["t"][order].astype(np.int64)
        rising = times > np.concatenate(([np.iinfo(np.int64).min], np.maximum.accumulate(times)[:-1]))
        chosen = order[rising & (times >= begin) & (times < end)]
        return Samples(self._records["t"][chosen].astype(np.int64), self._records["v"][chosen].astype(np.float64))

    def clear(self) -> None:
        """Forget all samples."""
        self._count[0] = 0

    def close(self) -> None:
        """Give the file back; what was written stays."""
        self._map.flush()
        del self._records, self._count
        self._map.close()


def _mapped(path: Path, wanted: bytes, size: int) -> mmap.mmap:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        found = os.pread(handle, 4, 0)
        if found[:3] == _VERSION[:3] and found != _VERSION:
            version, got = _VERSION.decode(), found.decode(errors="replace")
            raise StorageError(f"expected a ring of version {version}, got {got}", at=path.name, hint="a newer Pollux")
        if os.pread(handle, len(wanted), 0) != wanted or os.fstat(handle).st_size != size:
            os.ftruncate(handle, 0)
            # A hole in the file would run out of room only when it is written: then the process would be killed.
            with contextlib.suppress(AttributeError):
                os.posix_fallocate(handle, 0, size)
            os.ftruncate(handle, size)
            os.pwrite(handle, wanted, 0)
        return mmap.mmap(handle, size)
    finally:
        os.close(handle)
