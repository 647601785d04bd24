"""A register: the last value of each key, durable before whoever asked is told; small, and written aside the log.

The file `register` is a row of frames `magic | length (u32) | CRC-32 of the body | CRC-32 of these 12 bytes | body`;
a body is a MessagePack array of [key, value or nil]. What changes meanwhile goes into one frame, written and synced at
once by a thread of its own. The file is written anew, beside the old one and put in its place in one step: at the first
change after a start, when most of it is outdated, and after every failure, since what a failed write has left behind is
not known. So whatever fails is tried again.
"""

import contextlib
import itertools
import logging
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, final

import msgspec

from pollux.remember.disk import AbstractDisk, Disk

_REPORT = logging.getLogger("pollux.remember")
_HEAD: Final = struct.Struct("<4sII")
_CHECK: Final = struct.Struct("<I")
_BEFORE: Final = _HEAD.size + _CHECK.size
_MAGIC: Final = b"PXR1"
_SECTOR: Final = 512
_FRAME: Final = 1 << 20
_SMALL: Final = 64 << 10
_PAUSE: Final = 0.25
_CLOSED: Final = (b"", b"closed")
_decoder = msgspec.msgpack.Decoder(list[tuple[bytes, bytes | None]])

_Call = Callable[[], object]


@final
class Register:
    """The register of a folder, which one process has open at a time.

    `items` is what was found at the opening; `closed` whether it was closed then, so that nothing of it is older than
    it was; `damaged` that bytes which were durable have changed: then nothing is found. A torn last frame, which a
    crash leaves, was told to nobody and is passed over.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> register = Register.open(folder)
    >>> register.put(b"ann", b"1"); register.put(b"bob", b"2"); register.put(b"ann", None); register.close()
    >>> again = Register.open(folder)
    >>> again.items, again.closed
    ({b'bob': b'2'}, True)
    >>> again.close()
    """

    def __init__(self, disk: AbstractDisk, folder: Path, *, own_thread: bool) -> None:
        self._disk, self._folder, self._path = disk, folder, folder / "register"
        found, self.closed, self.damaged = _read(disk, self._path)
        self.items: Mapping[bytes, bytes] = found
        self.failures = 0
        self._written = dict(found)
        self._live = sum(map(_size, found.items()))
        self._handle: int | None = None
        self._end = 0
        self._changes: dict[bytes, bytes | None] = {}
        self._calls: list[_Call] = []
        self._work = threading.Condition()
        self._anew = self._closing = False
        self._thread = threading.Thread(target=self._run, name="pollux-register", daemon=True) if own_thread else None
        if self._thread:
            self._thread.start()

    @staticmethod
    def open(folder: Path, *, disk: AbstractDisk | None = None, own_thread: bool = True) -> "Register":
        """Open or begin a register; without a thread of its own nothing is written until `write` is called.

        Raises OSError where the disk cannot be read.
        """
        disk = disk or Disk()
        disk.make_folder(folder)
        return Register(disk, folder, own_thread=own_thread)

    def put(self, key: bytes, value: bytes | None, then: _Call | None = None) -> None:
        """Give a key another value, or none; `then` is called, by the register's thread, once that is durable.

        Never waits for the disk. While the disk does not write, changes wait, the last one of each key.
        """
        with self._work:
            self._changes[key] = value
            if then is not None:
                self._calls.append(then)
            self._work.notify()

    def forget(self) -> None:
        """Leave nothing outdated in the file: what was removed is to be gone."""
        with self._work:
            self._anew = True
            self._work.notify()

    def write(self) -> bool:
        """Make durable what waits, in this thread; False where the disk does not take it now."""
        with self._work:
            changes, self._changes = self._changes, {}
            calls, self._calls = self._calls, []
            anew, self._anew = self._anew, False
        try:
            if changes or anew:
                self._make_durable(changes, anew=anew)
        except OSError as error:
            self._failed(changes, calls, anew, error)
            return False
        for call in calls:
            call()
        return True

    def close(self, *, whole: bool = True) -> None:
        """Write what waits, if the disk takes it; say so, if it is the `whole`. Nothing happens the second time."""
        with self._work:
            if self._closing:
                return
            self._closing = True
            self._work.notify()
        if self._thread:
            self._thread.join()
        if self.write() and whole and self._handle is not None:
            self.put(*_CLOSED)
            self.write()
        self._leave()

    # -- the disk's side ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._work:
                self._work.wait_for(lambda: self._changes or self._anew or self._closing)
                if self._closing:
                    return
            if not self.write():
                with self._work:
                    self._work.wait_for(lambda: self._closing, _PAUSE)

    def _make_durable(self, changes: Mapping[bytes, bytes | None], *, anew: bool) -> None:
        for key, value in changes.items():
            self._live -= _size((key, self._written.pop(key, b"")))
            if value is not None and key:
                self._written[key] = value
                self._live += _size((key, value))
        if self._handle is None or anew or self._end > max(_SMALL, 4 * self._live):
            self._write_anew([(key, value) for key, value in changes.items() if not key])
        else:
            self._append(self._handle, list(changes.items()))

    def _append(self, handle: int, rows: list[tuple[bytes, bytes | None]]) -> None:
        frame = _framed(rows)
        self._disk.pwritev(handle, [frame], self._end)
        self._disk.fdatasync(handle)
        self._end += len(frame)

    def _write_anew(self, last: list[tuple[bytes, bytes | None]]) -> None:
        self._leave()
        draft = self._folder / "register.new"
        self._handle = handle = self._disk.open(draft, create=True)
        self._disk.truncate(handle, 0)
        self._end = 0
        for frame in _frames([*self._written.items(), *last]):
            self._disk.pwritev(handle, [frame], self._end)
            self._end += len(frame)
        self._disk.fdatasync(handle)
        self._disk.rename(draft, self._path)
        self._disk.fsync_dir(self._folder)

    def _failed(self, changes: dict[bytes, bytes | None], calls: list[_Call], anew: bool, error: OSError) -> None:
        if not self.failures:
            _REPORT.error("what is registered cannot be written, it is tried again: %s", error)
        self.failures += 1
        self._leave()
        with self._work:
            self._changes = changes | self._changes
            self._calls = calls + self._calls
            self._anew |= anew

    def _leave(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                self._disk.close(handle)


def _size(item: tuple[bytes, bytes]) -> int:
    return len(item[0]) + len(item[1])


def _framed(rows: list[tuple[bytes, bytes | None]]) -> bytes:
    body = msgspec.msgpack.encode(rows)
    head = _HEAD.pack(_MAGIC, len(body), zlib.crc32(body))
    return head + _CHECK.pack(zlib.crc32(head)) + body


def _frames(rows: list[tuple[bytes, bytes | None]]) -> Iterator[bytes]:
    """All rows, in frames of bounded size."""
    some: list[tuple[bytes, bytes | None]] = []
    size = 0
    for key, value in rows:
        some.append((key, value))
        size += len(key) + len(value or b"")
        if size > _FRAME:
            yield _framed(some)
            some, size = [], 0
    if some or not rows:
        yield _framed(some)


def _read(disk: AbstractDisk, path: Path) -> tuple[dict[bytes, bytes], bool, bool]:
    """What a file holds, whether it was closed, and whether it is damaged."""
    if path.name not in disk.list(path.parent):
        return {}, False, False
    data = disk.contents(path)
    found: dict[bytes, bytes] = {}
    at, closed = 0, False
    while (frame := _frame(data, at)) is not None:
        rows, at = frame
        closed = rows[-1:] == [_CLOSED]
        for key, value in rows:
            found.pop(key, None)
            if value is not None and key:
                found[key] = value
    if at < len(data) and not _torn(data, at):
        _REPORT.error("bytes of %s have changed at %d: nothing in it is used", path, at)
        return {}, False, True
    return found, closed and at == len(data), False


def _frame(data: bytes, at: int) -> tuple[list[tuple[bytes, bytes | None]], int] | None:
    """The rows of the frame at a place and where it ends; None where there is no whole frame."""
    length = _length(data, at)
    body = data[at + _BEFORE : at + _BEFORE + length]
    if length < 0 or len(body) < length or zlib.crc32(body) != _HEAD.unpack_from(data, at)[2]:
        return None
    try:
        return _decoder.decode(body), at + _BEFORE + length
    except msgspec.MsgspecError:
        return None


def _length(data: bytes, at: int) -> int:
    """How long the body of the frame at a place is to be; -1 where no frame begins."""
    head = data[at : at + _HEAD.size]
    if len(data) < at + _BEFORE or _CHECK.unpack_from(data, at + _HEAD.size)[0] != zlib.crc32(head):
        return -1
    magic, length, _ = _HEAD.unpack(head)
    return length if magic == _MAGIC else -1


def _torn(data: bytes, at: int) -> bool:
    """Whether what lies behind the last whole frame is one that was never wholly written."""
    later = data.find(_MAGIC, at + 1)
    while later >= 0:
        if _frame(data, later) is not None:
            return False
        later = data.find(_MAGIC, later + 1)
    rest = len(data) - at
    if rest < _BEFORE or _length(data, at) + _BEFORE > rest:
        return True
    edges = [at, *range(at + _SECTOR - at % _SECTOR, len(data), _SECTOR), len(data)]
    return any(not any(data[start:end]) for start, end in itertools.pairwise(edges))
